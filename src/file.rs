//! Reads the files that a setting, a variable, an argument or a text names: the only reader of such files.
//!
//! A path from elsewhere may lead to a device, a pipe or another user's file (CWE-67, CWE-400, CWE-732). So each file is opened
//! without waiting, checked on the descriptor that is then read (CWE-367), read at most to the limit of its [`Kind`], and
//! refused if it is not a regular file or if its owner or mode do not suit what it is for. Symbolic links are followed: dotfile
//! managers, Nix and Kubernetes place files through them, and the check is made on what they lead to.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

pub use self::fault::Fault;
use self::fault::Why;
use self::standing::Standing;
use crate::text::redact::looks_like_a_secret;

pub mod directory;
pub mod fault;
pub mod kind;
pub mod private;
pub mod shared;
pub mod standing;
#[cfg(windows)]
pub mod windows;

/// What sort of file is read.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// As an error calls it: "the token file".
    pub noun: &'static str,
    /// No such file has more bytes.
    pub max: u64,
    pub access: Access,
}

/// Who may own a file, and who else may get at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody may have written it: it is checked by what it says.
    Any,
    /// It decides where logins go: this user's own or root's, and writable by nobody else.
    Trusted,
    /// A secret: this user's own or root's. The user's own must not be open to everybody, as ssh has it for its keys; root's
    /// has the mode that whoever mounts it chose (a Kubernetes secret, a systemd credential). A group may read it: that is how
    /// Kubernetes' `fsGroup` hands it over.
    Secret,
    /// A secret that guards something here: as [`Access::Secret`], and root's must not be open to everybody either.
    Guard,
    /// This user's own and for nobody else, and no link: what fedcred itself keeps.
    OursAlone,
}

/// A file that was opened and checked.
pub struct Opened {
    file: File,
    len: u64,
    path: PathBuf,
    kind: Kind,
}

/// The whole file.
pub fn read(path: &Path, kind: &Kind) -> Result<Zeroizing<Vec<u8>>, Fault> {
    open(path, kind)?.read()
}

/// The whole file as text.
pub fn text(path: &Path, kind: &Kind) -> Result<String, Fault> {
    open(path, kind)?.text()
}

/// The first [`Kind::max`] bytes of a file of any length.
pub fn head(path: &Path, kind: &Kind) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let opened = open_of_any_length(path, kind)?;
    opened.first(opened.len.min(kind.max))
}

impl Opened {
    /// The whole file.
    pub fn read(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        self.first(self.len)
    }

    /// The whole file as text.
    pub fn text(&self) -> Result<String, Fault> {
        let mut bytes = self.read()?;
        String::from_utf8(std::mem::take(&mut *bytes)).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            self.fault(Why::NotText)
        })
    }

    /// How many bytes the file has by its metadata.
    pub fn size(&self) -> u64 {
        self.len
    }

    /// Reads from an offset of the file until `into` is full or the file at its end, and returns how many bytes it read.
    ///
    /// Never more than the file has by its metadata. A file of the kernel's that has none by it (`/proc/kmsg`, `trace_pipe`)
    /// may wait, or never end.
    pub fn fill(&self, into: &mut [u8], from: u64) -> Result<usize, Fault> {
        let rest = usize::try_from(self.len.saturating_sub(from)).unwrap_or(usize::MAX);
        let wanted = rest.min(into.len());
        let mut filled = 0;
        while filled < wanted {
            match read_at(&self.file, &mut into[filled..wanted], from + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fault(Why::System(error))),
            }
        }
        Ok(filled)
    }

    fn first(&self, len: u64) -> Result<Zeroizing<Vec<u8>>, Fault> {
        // Room for all of it: a buffer that grows leaves copies behind that nobody wipes.
        let mut bytes = Zeroizing::new(vec![0; usize::try_from(len).unwrap_or(0)]);
        let filled = self.fill(&mut bytes, 0)?;
        bytes.truncate(filled);
        Ok(bytes)
    }

    fn fault(&self, why: Why) -> Fault {
        Fault::new(&self.kind, &self.path, why)
    }
}

#[cfg(unix)]
fn read_at(file: &File, into: &mut [u8], from: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, from)
}

#[cfg(windows)]
fn read_at(file: &File, into: &mut [u8], from: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, into, from)
}

/// Checks that a file is there and may be used, and reads nothing: another library opens it by its path.
pub fn check(path: &Path, kind: &Kind) -> Result<(), Fault> {
    open_of_any_length(path, kind).map(|_| ())
}

/// Checks the name of a file that may have to be made: a secret in its place would become one.
pub fn check_name(path: &Path, kind: &Kind) -> Result<(), Fault> {
    if looks_like_a_secret(&path.to_string_lossy()) {
        return Err(Fault::new(kind, path, Why::Absent(ErrorKind::InvalidInput.into())));
    }
    Ok(())
}

/// Checks a file that is open already.
pub fn check_opened(file: &File, path: &Path, kind: &Kind) -> Result<Metadata, Fault> {
    let fault = |why| Fault::new(kind, path, why);
    let metadata = file.metadata().map_err(|error| fault(Why::System(error)))?;
    if !metadata.is_file() {
        return Err(fault(Why::Other(name_of(&metadata))));
    }
    check_access(file, &metadata, path, kind)?;
    Ok(metadata)
}

/// Opens a file of at most [`Kind::max`] bytes.
pub fn open(path: &Path, kind: &Kind) -> Result<Opened, Fault> {
    match open_of_any_length(path, kind)? {
        opened if opened.len > kind.max => Err(opened.fault(Why::TooLarge)),
        opened => Ok(opened),
    }
}

fn open_of_any_length(path: &Path, kind: &Kind) -> Result<Opened, Fault> {
    let mut options = OpenOptions::new();
    options.read(true);
    open_flags(&mut options, kind.access);
    let file = options.open(path).map_err(|error| Fault::of_open(kind, path, error))?;
    let len = check_opened(&file, path, kind)?.len();
    Ok(Opened { file, len, path: path.to_owned(), kind: *kind })
}

/// No waiting for the other end of a pipe, no terminal that becomes ours, and for what is ours alone no link.
#[cfg(unix)]
fn open_flags(options: &mut OpenOptions, access: Access) {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = match access {
        Access::Any | Access::Trusted | Access::Secret | Access::Guard => flags,
        Access::OursAlone => flags | OFlags::NOFOLLOW,
    };
    options.custom_flags(flags.bits().cast_signed());
}

/// A directory opens as a file does, so that it can be told; and for what is ours alone a link itself.
#[cfg(windows)]
fn open_flags(options: &mut OpenOptions, access: Access) {
    use std::os::windows::fs::OpenOptionsExt;

    use windows_sys::Win32::Storage::FileSystem::{FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT};
    options.custom_flags(match access {
        Access::Any | Access::Trusted | Access::Secret | Access::Guard => FILE_FLAG_BACKUP_SEMANTICS,
        Access::OursAlone => FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT,
    });
}

fn check_access(file: &File, metadata: &Metadata, path: &Path, kind: &Kind) -> Result<(), Fault> {
    if kind.access == Access::Any {
        return Ok(());
    }
    let fault = |why| Fault::new(kind, path, why);
    let standing = Standing::of(file, metadata).map_err(|error| fault(Why::System(error)))?;
    let is_known = standing.is_ours() || standing.is_of_the_system();
    let (is_owner_right, forbidden) = match kind.access {
        Access::Any => (true, 0),
        Access::Trusted => (is_known, 0o022),
        Access::Secret if !standing.is_ours() => (is_known, 0),
        Access::Secret | Access::Guard => (is_known, 0o007),
        Access::OursAlone => (standing.is_as_we_make_it(), 0o077),
    };
    if !is_owner_right {
        return Err(fault(Why::Owner(standing)));
    }
    if standing.mode & forbidden != 0 {
        return Err(fault(Why::Open { standing, forbidden }));
    }
    if matches!(kind.access, Access::Secret | Access::Guard) && shared::is_shared(&standing) {
        let told = standing.mode_told();
        tracing::info!("{} {} can be read by others than its owner: {told}", kind.noun, path.display());
    }
    Ok(())
}

#[cfg(unix)]
fn name_of(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    match () {
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_char_device() || kind.is_block_device() => "a device",
        () => "something else",
    }
}

#[cfg(not(unix))]
fn name_of(metadata: &Metadata) -> &'static str {
    match () {
        () if metadata.is_dir() => "a directory",
        () if metadata.is_symlink() => "a symbolic link",
        () => "a device",
    }
}

/// Whether there is no file of that name. A parent that is a file cannot hold it either.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;

    use super::*;
    use crate::error::Code;

    const ANY: Kind = Kind { noun: "the test's file", max: 100, access: Access::Any };

    fn of(access: Access) -> Kind {
        Kind { access, ..ANY }
    }

    fn written(dir: &Path, mode: u32) -> PathBuf {
        let path = dir.join(format!("{mode:o}"));
        fs::write(&path, "text").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn why(path: &Path, kind: &Kind) -> String {
        let error = read(path, kind).unwrap_err().error(Code::FileUnreadable);
        format!("{}: {} {:?}", error.code.as_str(), error.what, error.causes)
    }

    #[test]
    fn whatever_is_no_regular_file_is_refused_at_once() {
        let home = tempfile::tempdir().unwrap();
        let pipe = home.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let socket = home.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let link = home.path().join("link");
        symlink(&pipe, &link).unwrap();
        let table = [
            (pipe.as_path(), "a named pipe"),
            (&link, "a named pipe"),
            (&socket, "a socket"),
            (home.path(), "a directory"),
            (Path::new("/dev/zero"), "a device"),
            (Path::new("/dev/null"), "a device"),
        ];
        for (path, expected) in table {
            for access in [Access::Any, Access::Trusted, Access::Secret, Access::Guard] {
                let told = why(path, &of(access));
                assert!(told.contains(expected) && told.starts_with("file-unreadable"), "{told}");
                assert!(head(path, &of(access)).is_err() && check(path, &of(access)).is_err(), "{}", path.display());
            }
        }
    }

    #[test]
    fn a_file_without_a_size_is_not_read() {
        // One that never ends, or waits, looks like this one to the system.
        assert_eq!(read(Path::new("/proc/self/status"), &ANY).unwrap().len(), 0);
    }

    #[test]
    fn a_file_is_read_to_its_limit_and_not_beyond() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        for (len, is_read) in [(0, true), (100, true), (101, false), (1 << 20, false)] {
            fs::write(&path, vec![b'a'; len]).unwrap();
            assert_eq!(read(&path, &ANY).is_ok_and(|bytes| bytes.len() == len), is_read, "{len}");
            assert_eq!(head(&path, &ANY).unwrap().len(), len.min(100));
        }
        assert!(why(&path, &ANY).contains("larger than 100 bytes"), "{}", why(&path, &ANY));
        fs::write(&path, b"\xff").unwrap();
        assert!(text(&path, &ANY).unwrap_err().error(Code::FileUnreadable).causes[0].contains("UTF-8"));
    }

    #[test]
    fn the_mode_has_to_suit_what_the_file_is_for() {
        let home = tempfile::tempdir().unwrap();
        // what Any, Trusted, Secret, Guard and OursAlone say of a file of this user's
        let table = [
            (0o600, [true, true, true, true, true]),
            (0o400, [true, true, true, true, true]),
            (0o640, [true, true, true, true, false]),
            (0o644, [true, true, false, false, false]),
            (0o660, [true, false, true, true, false]),
            (0o604, [true, true, false, false, false]),
            (0o602, [true, false, false, false, false]),
            (0o666, [true, false, false, false, false]),
        ];
        for (mode, expected) in table {
            let path = written(home.path(), mode);
            let all = [Access::Any, Access::Trusted, Access::Secret, Access::Guard, Access::OursAlone];
            assert_eq!(all.map(|access| read(&path, &of(access)).is_ok()), expected, "{mode:o}");
        }
        let open = why(&written(home.path(), 0o644), &of(Access::Secret));
        assert!(open.starts_with("insecure-permissions: ") && open.contains("0644"), "{open}");
    }

    #[test]
    fn links_are_followed_as_kubernetes_makes_them_but_not_to_what_is_ours_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("..2026_11_26")).unwrap();
        fs::rename(written(home.path(), 0o640), home.path().join("..2026_11_26/token")).unwrap();
        symlink("..2026_11_26", home.path().join("..data")).unwrap();
        let token = home.path().join("token");
        symlink("..data/token", &token).unwrap();
        assert_eq!(text(&token, &of(Access::Guard)).unwrap(), "text");
        assert!(why(&token, &of(Access::OursAlone)).contains("a symbolic link"));
        fs::remove_file(home.path().join("..data")).unwrap();
        assert!(read(&token, &ANY).unwrap_err().is_absent());
    }

    #[test]
    fn a_secret_in_place_of_a_path_is_not_repeated() {
        for secret in
            ["eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln", "{\"private_key\": \"x\"}", "a\nb", &"x".repeat(5000)]
        {
            for error in [why(Path::new(secret), &ANY), why(&Path::new("/etc/fedcred").join(secret), &ANY)] {
                assert!(error.starts_with("invalid-value: ") && !error.contains(secret), "{error}");
            }
        }
    }
}
