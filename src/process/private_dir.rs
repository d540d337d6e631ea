//! A directory for files that are needed for one run: of this user's alone, in memory where there is such a place, removed at
//! the run's end.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cache::key::hex;
use crate::cache::seal;
use crate::config::env::Env;

/// Removed when dropped, with what is in it.
pub struct PrivateDir(PathBuf);

impl PrivateDir {
    pub fn make(env: &Env) -> io::Result<Self> {
        let places = ["XDG_RUNTIME_DIR", "TMPDIR", "TEMP"].into_iter().filter_map(|name| env.path(name));
        let mut failure = io::Error::from(io::ErrorKind::NotFound);
        for place in places.filter(|place| place.is_absolute()).chain([PathBuf::from("/tmp")]) {
            let random: [u8; 16] = seal::random()?;
            let dir = place.join(format!("fedcred-exec-{}", hex(&random)));
            let mut builder = fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            match builder.create(&dir) {
                Ok(()) => return Ok(PrivateDir(dir)),
                Err(why) => failure = why,
            }
        }
        Err(failure)
    }

    /// A new file, for its owner alone from its first byte.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path)?.write_all(bytes)?;
        Ok(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        if let Err(why) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%why, "{} is left behind", self.0.display());
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_for_this_user_alone_and_gone_at_the_end() {
        let home = tempfile::tempdir().unwrap();
        let dir =
            PrivateDir::make(&Env::fixed([("XDG_RUNTIME_DIR", "relative".as_ref()), ("TMPDIR", home.path())])).unwrap();
        let file = dir.write("token", b"secret").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(&file), mode(dir.path()), fs::read(&file).unwrap().as_slice()),
            (0o600, 0o700, &b"secret"[..])
        );
        assert!(dir.path().starts_with(home.path()) && dir.write("token", b"again").is_err());
        drop(dir);
        assert!(!file.exists() && fs::read_dir(home.path()).unwrap().next().is_none());
    }
}
