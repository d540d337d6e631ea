//! Files for this user alone: creates and opens them, checks whether an open one still has a name, and locks them
//! without blocking readers.
#![allow(
    unsafe_code,
    reason = "the standard library makes no files with an access control list, and locks whole files"
)]

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::Path;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, ERROR_LOCK_VIOLATION, GENERIC_READ, GENERIC_WRITE, HANDLE_FLAG_INHERIT, INVALID_HANDLE_VALUE,
    SetHandleInformation,
};
use windows_sys::Win32::Storage::FileSystem::{
    CREATE_NEW, CreateDirectoryW, CreateFileW, FILE_ATTRIBUTE_NORMAL, FILE_FLAG_BACKUP_SEMANTICS,
    FILE_FLAG_OPEN_REPARSE_POINT, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_STANDARD_INFO,
    FileStandardInfo, GetFileInformationByHandleEx, LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx,
    OPEN_ALWAYS, READ_CONTROL, UnlockFileEx,
};
use windows_sys::Win32::System::IO::OVERLAPPED;

use super::acl::ForUserAlone;

/// Creates a file for writing. Fails if it exists.
pub fn create_new(path: &Path) -> io::Result<File> {
    create(path, GENERIC_WRITE | READ_CONTROL, CREATE_NEW)
}

/// Opens a file for reading and writing, or creates it. Opens a link itself, not its target.
pub fn open_or_create(path: &Path) -> io::Result<File> {
    create(path, GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS)
}

fn create(path: &Path, access: u32, disposition: u32) -> io::Result<File> {
    let (name, alone) = (wide(path)?, ForUserAlone::file()?);
    let sharing = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    let flags = FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT;
    // SAFETY: the name ends in a zero, and the descriptor that the attributes point to is dropped after the call.
    let handle =
        unsafe { CreateFileW(name.as_ptr(), access, sharing, &alone.attributes(), disposition, flags, null_mut()) };
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just opened it, for us alone.
    Ok(unsafe { File::from_raw_handle(handle) })
}

/// Makes programs that this process starts later inherit it.
pub fn let_inherit(handle: &OwnedHandle) -> io::Result<()> {
    // SAFETY: the handle is open.
    match unsafe { SetHandleInformation(handle.as_raw_handle(), HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Creates a directory whose files are for this user alone, too. Its parent must exist.
pub fn create_dir(path: &Path) -> io::Result<()> {
    let (name, alone) = (wide(path)?, ForUserAlone::directory()?);
    // SAFETY: as above.
    match unsafe { CreateDirectoryW(name.as_ptr(), &alone.attributes()) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Opens a file or directory, a link itself if `is_link_kept`, to look at its access control list.
pub fn look_at(path: &Path, is_link_kept: bool) -> io::Result<File> {
    let links = if is_link_kept { FILE_FLAG_OPEN_REPARSE_POINT } else { 0 };
    OpenOptions::new().access_mode(READ_CONTROL).custom_flags(FILE_FLAG_BACKUP_SEMANTICS | links).open(path)
}

/// Whether an open file still has a name. It has none after it was removed or replaced.
pub fn has_a_name(file: &File) -> io::Result<bool> {
    let mut about = FILE_STANDARD_INFO::default();
    let size = size_of_val(&about) as u32;
    // SAFETY: the handle is open, and the pointer is to what the class says, of that size.
    let told =
        unsafe { GetFileInformationByHandleEx(file.as_raw_handle(), FileStandardInfo, (&raw mut about).cast(), size) };
    if told == 0 { Err(io::Error::last_os_error()) } else { Ok(about.NumberOfLinks > 0 && !about.DeletePending) }
}

/// Locks a byte far after the end of the file, without waiting. Locks are mandatory on Windows: with a lock on the
/// whole file, as [`File::try_lock`] takes it, nobody could read which process holds it.
pub fn try_lock(file: &File) -> Result<(), TryLockError> {
    let flags = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: the handle is open and does not overlap calls, so that the call has ended when it comes back.
    if unsafe { LockFileEx(file.as_raw_handle(), flags, 0, 1, 0, &mut lock_byte()) } != 0 {
        return Ok(());
    }
    let why = io::Error::last_os_error();
    match why.raw_os_error().map(i32::cast_unsigned) {
        Some(ERROR_LOCK_VIOLATION | ERROR_IO_PENDING) => Err(TryLockError::WouldBlock),
        _ => Err(TryLockError::Error(why)),
    }
}

pub fn unlock(file: &File) -> io::Result<()> {
    // SAFETY: as above.
    match unsafe { UnlockFileEx(file.as_raw_handle(), 0, 1, 0, &mut lock_byte()) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// The offset of the locked byte: no file is that long.
fn lock_byte() -> OVERLAPPED {
    let mut place = OVERLAPPED::default();
    place.Anonymous.Anonymous.OffsetHigh = 0x4000_0000;
    place
}

fn wide(path: &Path) -> io::Result<Vec<u16>> {
    let mut name: Vec<u16> = path.as_os_str().encode_wide().collect();
    if name.contains(&0) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    name.push(0);
    Ok(name)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read, Write};

    use super::super::acl::{AccessList, EVERYONE, user};
    use super::*;

    #[test]
    fn what_is_made_is_for_its_user_alone_and_only_once() {
        let home = tempfile::tempdir().unwrap();
        let (dir, path) = (home.path().join("dir"), home.path().join("dir/file"));
        create_dir(&dir).unwrap();
        create_new(&path).unwrap().write_all(b"text").unwrap();
        assert_eq!(create_new(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        for path in [&dir, &path] {
            let list = AccessList::of(&look_at(path, true).unwrap()).unwrap();
            let others: Vec<_> = list.admitted.iter().filter(|(whom, _)| whom == EVERYONE).collect();
            assert!(others.is_empty() && list.admitted.iter().any(|(whom, _)| whom == user().unwrap()), "{others:?}");
        }
        assert_eq!(fs::read(&path).unwrap(), b"text");
    }

    #[test]
    fn a_locked_file_can_be_read_and_not_locked_again_until_it_is_unlocked() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        let mut first = open_or_create(&path).unwrap();
        try_lock(&first).unwrap();
        first.write_all(b"holder").unwrap();
        let mut second = open_or_create(&path).unwrap();
        let mut text = String::new();
        second.read_to_string(&mut text).unwrap();
        assert_eq!(text, "holder");
        assert!(matches!(try_lock(&second), Err(TryLockError::WouldBlock)));
        unlock(&first).unwrap();
        try_lock(&second).unwrap();
    }

    #[test]
    #[ignore = "wine removes a file once nobody has it open"]
    fn a_file_that_was_removed_has_no_name() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        let file = open_or_create(&path).unwrap();
        assert!(has_a_name(&file).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!has_a_name(&file).unwrap_or(false));
    }
}
