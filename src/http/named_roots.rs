//! The roots that `SSL_CERT_FILE` and `SSL_CERT_DIR` name in place of the system's (OpenSSL's variables, SSL_CTX_load_verify_locations(3)).
//!
//! rustls-native-certs supports them as well, but opens whatever they name: a pipe would block a login, a device would fill the
//! memory. Here `file` reads each of them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::file::{self, kind};

/// Most files of a directory that are read, and the limit of each: a certificate, perhaps with a description.
const MAX_FILES: usize = 4096;
const IN_DIRECTORY: file::Kind = file::Kind { max: 256 << 10, ..kind::CERTIFICATES };

/// The paths in the two variables.
pub(super) struct Named {
    file: Option<PathBuf>,
    directories: Vec<PathBuf>,
}

impl Named {
    #[allow(clippy::disallowed_methods, reason = "the variables of the TLS library, which reads them in this place")]
    pub fn by_environment() -> Option<Named> {
        Named::of(std::env::var_os("SSL_CERT_FILE"), std::env::var_os("SSL_CERT_DIR"))
    }

    fn of(file: Option<OsString>, directories: Option<OsString>) -> Option<Named> {
        let directories =
            directories.iter().flat_map(std::env::split_paths).filter(|path| !path.as_os_str().is_empty());
        let named =
            Named { file: file.filter(|file| !file.is_empty()).map(PathBuf::from), directories: directories.collect() };
        (named.file.is_some() || !named.directories.is_empty()).then_some(named)
    }

    /// Reads the certificates. Error: why there is none.
    pub fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let (mut found, mut faults) = (Vec::new(), Vec::new());
        let in_directories =
            self.directories.iter().flat_map(|directory| files(directory)).map(|path| (path, &IN_DIRECTORY));
        for (path, kind) in self.file.iter().map(|file| (file.clone(), &kind::CERTIFICATES)).chain(in_directories) {
            match file::read(&path, kind) {
                // Like OpenSSL, takes those that can be parsed.
                Ok(pem) => found.extend(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok)),
                Err(fault) => faults.push(fault.in_a_sentence()),
            }
        }
        match found.is_empty() {
            true => Err(faults.into_iter().next().unwrap_or_else(|| "there is no certificate".to_owned())),
            false => Ok(found),
        }
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().take(MAX_FILES);
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort_unstable();
    files
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn named(file: Option<&Path>, directories: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, String> {
        Named::of(file.map(Into::into), directories.map(Into::into)).unwrap().certificates()
    }

    #[test]
    fn a_pipe_or_a_device_in_place_of_certificates_is_not_opened() {
        let home = tempfile::tempdir().unwrap();
        let pem = rcgen::generate_simple_self_signed(["authority.test".to_owned()]).unwrap().cert.pem();
        let pipe = home.path().join("a-pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        let vast = home.path().join("b-vast");
        std::fs::File::create(&vast).unwrap().set_len(3 << 30).unwrap();
        for (path, why) in
            [(pipe.as_path(), "a named pipe"), (Path::new("/dev/zero"), "a device"), (&vast, "larger than")]
        {
            let error = named(Some(path), None).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        assert!(named(None, Some(home.path())).is_err());
        std::fs::write(home.path().join("c.pem"), &pem).unwrap();
        std::os::unix::fs::symlink("/dev/zero", home.path().join("d.pem")).unwrap();
        assert_eq!(named(None, Some(home.path())).unwrap().len(), 1);
        assert_eq!(named(Some(&home.path().join("c.pem")), None).unwrap().len(), 1);
    }

    #[test]
    fn an_empty_variable_names_nothing() {
        assert!(Named::of(None, None).is_none() && Named::of(Some("".into()), Some(":".into())).is_none());
    }
}
