//! Finds out why nothing can be kept in a directory, without making or writing anything: for `status`.
//!
//! It does not prove that a write will succeed, but it names the most common causes: a directory that is open to others, a
//! read-only home, a full disk.

use std::io;
use std::path::Path;

use crate::error::{Code, Error, Result};
use crate::file::private::{Dir, check_writer};

/// Checks that a cache can be kept in `dir`, which must be this user's alone.
///
/// Errors: [`Code::InsecurePermissions`] with the command that repairs it, [`Code::CacheWrite`].
pub fn check_private(dir: &Path) -> Result<()> {
    if !dir.is_absolute() {
        return Err(Error::new(Code::CacheWrite, format!("nothing can be stored in {}", dir.display()))
            .because("it is not an absolute path, so it would depend on the working directory")
            .hint("name an absolute path, without ~ or variables: FEDCRED_CACHE_DIR"));
    }
    Dir::check(dir)?;
    check_writable(dir)
}

/// Checks that a file can be written in `dir`, which would be made if it is missing.
///
/// Errors: [`Code::CacheWrite`].
pub fn check_writable(dir: &Path) -> Result<()> {
    check_writer(dir)?;
    let existing = dir.ancestors().find(|path| path.symlink_metadata().is_ok()).unwrap_or(dir);
    writable(existing).map_err(|why| {
        Error::new(Code::CacheWrite, format!("cannot write in {}", dir.display()))
            .because(format!("{}: {why}", existing.display()))
    })
}

#[cfg(unix)]
fn writable(dir: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access, statvfs};
    if !dir.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    access(dir, Access::WRITE_OK | Access::EXEC_OK)?;
    match statvfs(dir) {
        Ok(disk) if is_full(disk.f_blocks, disk.f_bavail) => Err(io::ErrorKind::StorageFull.into()),
        // A tmpfs or a disk may have room but no free inode.
        Ok(disk) if is_full(disk.f_files, disk.f_favail) => Err(io::ErrorKind::StorageFull.into()),
        _ => Ok(()),
    }
}

/// Whether nothing is available. A file system that reports no sizes (FUSE, overlays of containers) may have room.
#[cfg(unix)]
fn is_full(all: u64, available: u64) -> bool {
    all > 0 && available == 0
}

#[cfg(not(unix))]
fn writable(dir: &Path) -> io::Result<()> {
    if dir.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_system_is_full_if_it_tells_a_size_and_no_room() {
        let table = [(10, 0, true), (1, 0, true), (10, 1, false), (0, 0, false)];
        for (all, available, expected) in table {
            assert_eq!(is_full(all, available), expected, "{all} {available}");
        }
    }

    #[test]
    fn what_is_in_the_way_is_named_and_nothing_is_made() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for dir in ["ours", "open"] {
            fs::create_dir(at(dir)).unwrap();
        }
        fs::set_permissions(at("ours"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(at("open"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(at("file"), "").unwrap();
        symlink(at("ours"), at("link")).unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        let code = |name: &str| check_private(&at(name)).err().map(|e| e.code);
        for (dir, expected) in [
            ("ours", None),
            ("ours/to/be/made", None),
            ("open", Some(Code::InsecurePermissions)),
            ("link", Some(Code::InsecurePermissions)),
            ("dangling", Some(Code::InsecurePermissions)),
            ("file", Some(Code::InsecurePermissions)),
            ("file/below", Some(Code::CacheWrite)),
        ] {
            assert_eq!(code(dir), expected, "{dir}");
        }
        assert_eq!(check_writable(&at("open")), Ok(()), "a configuration directory may be open to readers");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 5);
        assert_eq!(fs::read_dir(at("ours")).unwrap().count(), 0);
    }

    #[test]
    fn a_relative_path_is_no_place() {
        for dir in ["cache", "./cache", "~/.cache/fedcred", ""] {
            let error = check_private(Path::new(dir)).unwrap_err();
            assert!(error.code == Code::CacheWrite && error.hint.unwrap().contains("absolute"), "{dir}");
        }
    }

    #[test]
    fn a_directory_without_the_right_to_write_is_named() {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o500)).unwrap();
        let is_root = rustix::process::geteuid().is_root(); // who may write everywhere
        assert_eq!(check_writable(&home.path().join("fedcred")).is_err(), !is_root);
    }
}
