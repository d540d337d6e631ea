//! The system calls of [`super`], relative to an opened directory where there is one.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::retry_on_intr;

use crate::file::standing::Standing;

#[derive(Clone, Copy)]
pub enum Links {
    Follow,
    Refuse,
}

const OURS_ALONE: Mode = Mode::RUSR.union(Mode::WUSR);

/// Does not follow a link, takes no controlling terminal, and does not wait for the other end of a pipe.
const PLAIN: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

pub fn open_or_create(path: &Path) -> io::Result<File> {
    Ok(retry_on_intr(|| rustix::fs::open(path, PLAIN | OFlags::RDWR | OFlags::CREATE, OURS_ALONE))?.into())
}

pub fn open_dir(path: &Path, links: Links) -> io::Result<File> {
    let links = match links {
        Links::Follow => OFlags::empty(),
        Links::Refuse => OFlags::NOFOLLOW,
    };
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY | links;
    Ok(retry_on_intr(|| rustix::fs::open(path, flags, Mode::empty()))?.into())
}

pub fn create_dirs(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

pub fn create_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

pub fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

pub fn create_in(dir: &File, _: &Path, name: &str) -> io::Result<File> {
    let flags = PLAIN | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    Ok(retry_on_intr(|| rustix::fs::openat(dir, name, flags, OURS_ALONE))?.into())
}

pub fn rename(dir: &File, _: &Path, from: &str, to: &str) -> io::Result<()> {
    Ok(rustix::fs::renameat(dir, from, dir, to)?)
}

pub fn link(dir: &File, _: &Path, from: &str, to: &str) -> io::Result<()> {
    Ok(rustix::fs::linkat(dir, from, dir, to, AtFlags::empty())?)
}

pub fn remove(dir: &File, _: &Path, name: &str) -> io::Result<()> {
    Ok(rustix::fs::unlinkat(dir, name, AtFlags::empty())?)
}

pub fn has_a_name(file: &File) -> bool {
    rustix::fs::fstat(file).is_ok_and(|stat| stat.st_nlink > 0)
}

pub fn try_lock(file: &File) -> Result<(), TryLockError> {
    file.try_lock()
}

pub fn unlock(file: &File) -> io::Result<()> {
    file.unlock()
}

/// Returns the owner of the directory, if this process is root and the owner is not.
pub fn another_owner(dir: &Path) -> Option<Standing> {
    let standing = rustix::process::geteuid().is_root().then(|| Standing::at(dir).ok()).flatten()?;
    (!standing.is_ours()).then_some(standing)
}
