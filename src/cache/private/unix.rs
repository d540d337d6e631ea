//! The system calls of [`super`], relative to an opened directory where there is one.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::retry_on_intr;

use crate::error::{Code, Error, Result};
use crate::file::fault::of_another;
use crate::quote::shell::on_path;

pub type DirHandle = OwnedFd;

#[derive(Clone, Copy)]
pub enum Links {
    Follow,
    Refuse,
}

const OURS_ALONE: Mode = Mode::RUSR.union(Mode::WUSR);

/// Never a link, never a terminal, and no waiting for the other end of a pipe that lies in the file's place.
const PLAIN: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

pub fn open_or_create(path: &Path) -> io::Result<File> {
    Ok(retry_on_intr(|| rustix::fs::open(path, PLAIN | OFlags::RDWR | OFlags::CREATE, OURS_ALONE))?.into())
}

pub fn open_dir(path: &Path, links: Links) -> io::Result<DirHandle> {
    let links = match links {
        Links::Follow => OFlags::empty(),
        Links::Refuse => OFlags::NOFOLLOW,
    };
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY | links;
    Ok(retry_on_intr(|| rustix::fs::open(path, flags, Mode::empty()))?)
}

pub fn create_dirs(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

pub fn create_new(dir: &DirHandle, _: &Path, name: &str) -> io::Result<File> {
    let flags = PLAIN | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    Ok(retry_on_intr(|| rustix::fs::openat(dir, name, flags, OURS_ALONE))?.into())
}

pub fn rename(dir: &DirHandle, _: &Path, from: &str, to: &str) -> io::Result<()> {
    Ok(rustix::fs::renameat(dir, from, dir, to)?)
}

pub fn link(dir: &DirHandle, _: &Path, from: &str, to: &str) -> io::Result<()> {
    Ok(rustix::fs::linkat(dir, from, dir, to, AtFlags::empty())?)
}

pub fn remove(dir: &DirHandle, _: &Path, name: &str) -> io::Result<()> {
    Ok(rustix::fs::unlinkat(dir, name, AtFlags::empty())?)
}

pub fn has_a_name(file: &File) -> bool {
    rustix::fs::fstat(file).is_ok_and(|stat| stat.st_nlink > 0)
}

/// Whose the directory is, if this process is root and it is not root's.
pub fn another_owner(dir: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let owner = rustix::process::geteuid().is_root().then(|| dir.metadata().ok()).flatten()?.uid();
    (owner != 0).then_some(owner)
}

pub fn check_dir(dir: &DirHandle, path: &Path) -> Result<()> {
    let stat = rustix::fs::fstat(dir).map_err(|e| {
        Error::new(Code::FileUnreadable, format!("cannot read {}", path.display()))
            .because(io::Error::from(e).to_string())
    })?;
    let us = rustix::process::geteuid().as_raw();
    if stat.st_uid != us {
        let otherwise =
            format!("name a directory of your own with FEDCRED_CACHE_DIR; {}", on_path(&["ls", "-ld"], path));
        return Err(Error::new(Code::CacheWrite, format!("{} belongs to another user", path.display()))
            .because(format!("its owner is user id {}, and this process runs as {us}", stat.st_uid))
            .hint(of_another(stat.st_uid, us, &otherwise)));
    }
    let mode = stat.st_mode & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::new(Code::InsecurePermissions, format!("{} is open to other users", path.display()))
            .because(format!("its mode is {mode:o}, and must be 700"))
            .hint(on_path(&["chmod", "700"], path)));
    }
    Ok(())
}
