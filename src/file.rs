//! Reads the files that a setting, a variable, an argument or a text names: the only reader of such files.
//!
//! Such a path may lead to a device, a pipe or another user's file (CWE-67, CWE-400, CWE-732). So each file is opened without
//! waiting, checked on the descriptor that is then read (CWE-367), read at most to the limit of its [`Kind`], and refused if it
//! is not a regular file or if its owner or mode does not suit its purpose. Symbolic links are followed, since dotfile managers,
//! Nix and Kubernetes use them; their target is checked.

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

/// The purpose of a file, with its limits.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The name in errors: "the token file".
    pub noun: &'static str,
    /// Most bytes of such a file.
    pub max: u64,
    pub access: Access,
}

/// Who may own a file, and which access others may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody may have written it: its contents are checked.
    Any,
    /// It decides where logins go: owned by this user or root, and not writable by others.
    Trusted,
    /// A secret: owned by this user or root. The user's own must not be open to everybody, as ssh requires for its keys; root's
    /// may have any mode, as mounted (a Kubernetes secret, a systemd credential). A group may read it, as with Kubernetes'
    /// `fsGroup`.
    Secret,
    /// A secret that guards access to this process: as [`Access::Secret`], and root's must not be open to everybody either.
    Guard,
    /// A file that fedcred itself keeps: owned by this user, closed to all others, and not a link.
    OursAlone,
}

/// A file that was opened and checked.
pub struct Opened {
    file: File,
    len: u64,
    path: PathBuf,
    kind: Kind,
}

/// Reads the whole file.
pub fn read(path: &Path, kind: &Kind) -> Result<Zeroizing<Vec<u8>>, Fault> {
    open(path, kind)?.read()
}

/// Reads the whole file as text.
pub fn text(path: &Path, kind: &Kind) -> Result<String, Fault> {
    open(path, kind)?.text()
}

/// Reads the first [`Kind::max`] bytes of a file of any length.
pub fn head(path: &Path, kind: &Kind) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let opened = open_of_any_length(path, kind)?;
    opened.first(opened.len.min(kind.max))
}

impl Opened {
    /// Reads the whole file.
    pub fn read(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        self.first(self.len)
    }

    /// Reads the whole file as text.
    pub fn text(&self) -> Result<String, Fault> {
        let mut bytes = self.read()?;
        String::from_utf8(std::mem::take(&mut *bytes)).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            self.fault(Why::NotText)
        })
    }

    /// Returns the file's size in bytes, from its metadata.
    pub fn size(&self) -> u64 {
        self.len
    }

    /// Reads from an offset until `into` is full or the file ends, and returns the number of bytes.
    ///
    /// Reads at most the size in the metadata: a file of the kernel whose size there is 0 (`/proc/kmsg`, `trace_pipe`) may block
    /// or never end.
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
        // Allocated at once: a buffer that grows leaves copies behind that are not wiped.
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

/// Checks a file without reading it, for a library that opens it by its path.
pub fn check(path: &Path, kind: &Kind) -> Result<(), Fault> {
    open_of_any_length(path, kind).map(|_| ())
}

/// Checks the name of a file that may have to be created: a secret in its place would become the name.
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

/// Does not wait for the other end of a pipe, takes no controlling terminal, and for [`Access::OursAlone`] follows no link.
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

/// Opens a directory like a file, so that the error names it, and for [`Access::OursAlone`] a link itself.
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

/// Whether there is no file of that name, also because its parent is a file.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(all(test, unix))]
mod tests;
