//! Files and directories that only this user can access: opened without following a link, checked on the opened
//! descriptor.
//!
//! Checking the descriptor and not the path leaves no moment in which the file can be exchanged (CWE-367).

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[cfg(unix)]
use self::unix as os;
#[cfg(windows)]
use self::windows as os;
use crate::error::{Code, Error, Result};
use crate::file::standing::Standing;
use crate::file::{self, Kind, kind};
use crate::hex;
use crate::quote::shell::{look, remove};
use crate::random;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

/// Locks a file, creates a file for writing, or creates a directory, each for this user alone.
pub use self::os::{create_dir, create_new, try_lock, unlock};

/// Reads the whole file at `path`, which must belong to this user alone. Returns `None` if there is no such file.
///
/// Reads at most `max` bytes. A longer file is cut; no reader of a sealed file accepts that.
/// Errors: [`Code::InsecurePermissions`] with the command that mends it, [`Code::FileUnreadable`].
pub fn read(path: &Path, max: usize) -> Result<Option<Vec<u8>>> {
    // Files here are replaced, never changed in place, so the size is that of the whole file.
    beginning(path, &Kind { max: max as u64, ..kind::OURS })
}

/// Reads that many bytes of the file at `path`, even if others can read it: to identify a file that is to be removed.
pub fn read_head(path: &Path, len: usize) -> Result<Option<Vec<u8>>> {
    beginning(path, &Kind { max: len as u64, ..kind::OURS_HEAD })
}

fn beginning(path: &Path, kind: &Kind) -> Result<Option<Vec<u8>>> {
    match file::head(path, kind) {
        Ok(mut bytes) => Ok(Some(std::mem::take(&mut *bytes))),
        Err(fault) if fault.is_absent() => Ok(None),
        Err(fault) => Err(fault.error(Code::FileUnreadable)),
    }
}

/// Opens the file at `path` for reading and writing, and creates it (0600) if it does not exist.
pub fn open_or_create(path: &Path) -> Result<File> {
    let file = os::open_or_create(path).map_err(|e| match path.is_symlink() {
        true => not_a_plain_file(path),
        false => unwritable(path, &e),
    })?;
    file::check_opened(&file, path, &kind::OURS).map_err(|fault| fault.error(Code::FileUnreadable))?;
    Ok(file)
}

/// Whether the file still has its name. A lock on a file that was removed or replaced excludes nobody.
pub fn is_in_place(file: &File) -> bool {
    os::has_a_name(file)
}

/// A directory that is open, so that all operations are in the same directory, even if it is renamed.
pub struct Dir {
    handle: File,
    path: PathBuf,
}

impl Dir {
    /// Opens the directory `path`, and creates it (0700), with its missing parents, if it does not exist.
    ///
    /// It may be open to others and a link to elsewhere, as a configuration directory may. Errors: [`Code::CacheWrite`].
    pub fn shared(path: &Path) -> Result<Dir> {
        Dir::open_or_create(path, os::Links::Follow)
    }

    /// Opens or creates a directory that must belong to this user alone and must not be a link.
    ///
    /// Errors: [`Code::InsecurePermissions`] with the command that mends it, [`Code::CacheWrite`].
    pub fn ours_alone(path: &Path) -> Result<Dir> {
        let dir = Dir::open_or_create(path, os::Links::Refuse)?;
        check_dir(&dir.handle, path)?;
        Ok(dir)
    }

    /// Checks the directory `path` as [`Dir::ours_alone`] does, and creates none. A missing directory is not an error.
    pub fn check(path: &Path) -> Result<()> {
        match os::open_dir(path, os::Links::Refuse) {
            Ok(handle) => check_dir(&handle, path),
            Err(e) if is_absent(&e) && path.symlink_metadata().is_err() => Ok(()),
            Err(e) => Err(Dir::not_opened(path, &e)),
        }
    }

    fn open_or_create(path: &Path, links: os::Links) -> Result<Dir> {
        let handle = match os::open_dir(path, links) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                check_writer(path)?;
                os::create_dirs(path).map_err(|e| unwritable(path, &e))?;
                os::open_dir(path, links)
            }
            opened => opened,
        };
        let handle = handle.map_err(|e| Dir::not_opened(path, &e))?;
        check_writer(path)?;
        Ok(Dir { handle, path: path.to_owned() })
    }

    fn not_opened(path: &Path, e: &io::Error) -> Error {
        match path.symlink_metadata() {
            Ok(other) if !other.is_dir() => not_a_directory(path),
            _ => unwritable(path, e),
        }
    }

    /// Replaces the content of the file `name` by `bytes`. Readers see the whole old file or the whole new one.
    ///
    /// Does not wait for the disk: after a crash of the machine, the reader of a sealed file rejects a partly written
    /// one.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.put(name, bytes, |temporary| temporary.rename_to(name)).map_err(|e| unwritable(&self.path.join(name), &e))
    }

    /// Creates the file `name` with the content `bytes`, and waits for the disk, unless there is such a file. Returns
    /// whether it was created.
    pub fn create(&self, name: &str, bytes: &[u8]) -> Result<bool> {
        let linked = self.put(name, bytes, |temporary| temporary.link_to(name));
        match linked {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(e) => Err(unwritable(&self.path.join(name), &e)),
        }
    }

    fn put(&self, name: &str, bytes: &[u8], give_name: impl FnOnce(Temporary) -> io::Result<()>) -> io::Result<()> {
        let mut temporary = Temporary::new(self, name)?;
        temporary.file.write_all(bytes)?;
        give_name(temporary)
    }
}

/// The directory must be ours alone.
fn check_dir(dir: &File, path: &Path) -> Result<()> {
    let standing = dir.metadata().and_then(|metadata| Standing::of(dir, &metadata));
    let standing = standing.map_err(|e| {
        Error::new(Code::FileUnreadable, format!("cannot read {}", path.display())).because(e.to_string())
    })?;
    if !standing.is_as_we_make_it() {
        let otherwise = format!("name a directory of your own with FEDCRED_CACHE_DIR; {}", look(path));
        return Err(Error::new(Code::CacheWrite, format!("{} belongs to another user", path.display()))
            .because(standing.owner_told())
            .hint(standing.of_another(&otherwise)));
    }
    if standing.mode & 0o077 != 0 {
        return Err(Error::new(Code::InsecurePermissions, format!("{} is open to other users", path.display()))
            .because(standing.mode_told())
            .hint(Standing::closing(0o077, path)));
    }
    Ok(())
}

/// Checks that the owner of the directory `path`, or of its nearest existing parent, can use files that this process
/// creates there. Root in the home of another user, as with sudo, would lock that user out.
pub fn check_writer(path: &Path) -> Result<()> {
    let existing = path.ancestors().find(|path| path.symlink_metadata().is_ok()).unwrap_or(path);
    match os::another_owner(existing) {
        Some(standing) => Err(Error::new(Code::CacheWrite, format!("cannot write in {}", path.display()))
            .because(format!("{}: {}", existing.display(), standing.owner_told()))
            .hint(standing.of_another(""))),
        None => Ok(()),
    }
}

/// The end of the name of a file that is being written. `FileStore::prune` removes those that a killed process left.
pub const TEMPORARY: &str = ".tmp";

/// A new file (0600 from the first byte) beside the one that it will replace. It is removed if it does not replace it.
struct Temporary<'a> {
    dir: &'a Dir,
    name: String,
    file: File,
    moved: bool,
}

impl<'a> Temporary<'a> {
    fn new(dir: &'a Dir, name: &str) -> io::Result<Self> {
        let random: [u8; 8] = random::bytes()?;
        let name = format!("{name}.{}{TEMPORARY}", hex::encode(&random));
        let file = os::create_in(&dir.handle, &dir.path, &name)?;
        Ok(Temporary { dir, name, file, moved: false })
    }

    fn rename_to(mut self, name: &str) -> io::Result<()> {
        os::rename(&self.dir.handle, &self.dir.path, &self.name, name)?;
        self.moved = true;
        Ok(())
    }

    /// On every file system that has hard links, only they give a complete file a name that must be free.
    fn link_to(self, name: &str) -> io::Result<()> {
        self.file.sync_all()?;
        os::link(&self.dir.handle, &self.dir.path, &self.name, name)
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.moved {
            let _ = os::remove(&self.dir.handle, &self.dir.path, &self.name);
        }
    }
}

fn is_absent(e: &io::Error) -> bool {
    // A parent that is a file cannot contain our file either.
    matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn unwritable(path: &Path, e: &io::Error) -> Error {
    Error::new(Code::CacheWrite, format!("cannot write {}", path.display())).because(e.to_string())
}

fn not_a_plain_file(path: &Path) -> Error {
    Error::new(Code::InsecurePermissions, format!("{} is not a plain file", path.display()))
        .because("links and devices are refused there")
        .hint(remove(path))
}

fn not_a_directory(path: &Path) -> Error {
    Error::new(Code::InsecurePermissions, format!("{} is not a directory", path.display()))
        .because("files and links are refused there")
        .hint(format!("remove it or name another: {}", look(path)))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_made_is_closed_to_others_with_its_parents() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b");
        let dir = Dir::ours_alone(&path).unwrap();
        dir.replace("file", b"one").unwrap();
        dir.replace("file", b"two").unwrap();
        assert_eq!(read(&path.join("file"), 100).unwrap().unwrap(), b"two");
        assert_eq!((mode(&home.path().join("a")), mode(&path), mode(&path.join("file"))), (0o700, 0o700, 0o600));
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_file_that_is_there_is_not_made_again() {
        let home = tempfile::tempdir().unwrap();
        let dir = Dir::shared(home.path()).unwrap();
        assert!(dir.create("file", b"first").unwrap());
        assert!(!dir.create("file", b"second").unwrap());
        assert_eq!(read(&home.path().join("file"), 100).unwrap().unwrap(), b"first");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn what_is_open_to_others_is_refused_with_the_command_that_mends_it() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("it's here");
        let file = dir.join("file");
        Dir::ours_alone(&dir).unwrap().replace("file", b"x").unwrap();
        for bits in [0o640, 0o604, 0o620, 0o601] {
            set_mode(&file, bits);
            let error = read(&file, 100).unwrap_err();
            assert_eq!(error.code, Code::InsecurePermissions, "{bits:o}");
            let words = shlex::split(&error.hint.unwrap()).unwrap();
            assert_eq!(words, ["chmod", "600", file.to_str().unwrap()]);
        }
        set_mode(&dir, 0o750);
        let error = Dir::ours_alone(&dir).err().unwrap();
        assert_eq!((error.code, error.hint.unwrap().starts_with("chmod 700 ")), (Code::InsecurePermissions, true));
    }

    #[test]
    fn what_belongs_to_another_user_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "x").unwrap();
        set_mode(&file, 0o600);
        let somebody_else = rustix::process::geteuid().as_raw() + 1;
        if std::os::unix::fs::chown(&file, Some(somebody_else), None).is_err() {
            return; // Only root can give a file away.
        }
        // The user cannot correct that: it is ignored, as an unreadable file is.
        let error = read(&file, 100).unwrap_err();
        assert!(error.code == Code::FileUnreadable && !format!("{error:?}").contains("chown"), "{error:?}");
        // Root does not create files or directories in another user's directory either.
        let theirs = home.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        std::os::unix::fs::chown(&theirs, Some(somebody_else), None).unwrap();
        for dir in [Dir::shared(&theirs), Dir::shared(&theirs.join("a/b")), Dir::ours_alone(&theirs.join("a"))] {
            let error = dir.err().unwrap();
            assert!(error.code == Code::CacheWrite && error.hint.unwrap().contains("sudo -u"));
        }
        assert_eq!(fs::read_dir(&theirs).unwrap().count(), 0);
    }

    #[test]
    fn no_link_pipe_or_directory_stands_in_for_a_file() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::write(at("real"), "x").unwrap();
        set_mode(&at("real"), 0o600);
        symlink(at("real"), at("link")).unwrap();
        fs::create_dir(at("dir")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        for name in ["link", "dir", "pipe"] {
            assert_eq!(read(&at(name), 100).unwrap_err().code, Code::InsecurePermissions, "{name}");
        }
        assert_eq!(open_or_create(&at("link")).unwrap_err().code, Code::InsecurePermissions);
        symlink(at("dir"), at("dirlink")).unwrap();
        set_mode(&at("dir"), 0o700);
        assert_eq!(Dir::ours_alone(&at("dirlink")).err().unwrap().code, Code::InsecurePermissions);
        assert!(Dir::shared(&at("dirlink")).is_ok());
        for name in ["real", "link"] {
            assert!(Dir::shared(&at(name)).is_err() && Dir::ours_alone(&at(name)).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_not_there_is_no_error() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("file"), "x").unwrap();
        for path in ["absent", "absent/file", "file/below-a-file"] {
            assert_eq!(read(&home.path().join(path), 100).unwrap(), None, "{path}");
        }
    }
}
