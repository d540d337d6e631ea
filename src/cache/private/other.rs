//! The same where there is no Unix: the user's profile directory is kept from others by its access control list.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use crate::error::Result;

pub type DirHandle = ();

#[derive(Clone, Copy)]
pub enum Links {
    Follow,
    Refuse,
}

pub fn open_or_create(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

pub fn open_dir(path: &Path, _: Links) -> io::Result<DirHandle> {
    if fs::metadata(path)?.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

pub fn create_dirs(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

pub fn create_new(_: &DirHandle, dir: &Path, name: &str) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(dir.join(name))
}

pub fn rename(_: &DirHandle, dir: &Path, from: &str, to: &str) -> io::Result<()> {
    fs::rename(dir.join(from), dir.join(to))
}

pub fn link(_: &DirHandle, dir: &Path, from: &str, to: &str) -> io::Result<()> {
    fs::hard_link(dir.join(from), dir.join(to))
}

pub fn remove(_: &DirHandle, dir: &Path, name: &str) -> io::Result<()> {
    fs::remove_file(dir.join(name))
}

/// A file that is open here cannot be removed.
pub fn has_a_name(_: &File) -> bool {
    true
}

pub fn another_owner(_: &Path) -> Option<u32> {
    None
}

pub fn check_dir(_: &DirHandle, _: &Path) -> Result<()> {
    Ok(())
}
