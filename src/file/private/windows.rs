//! The same calls on Windows, which opens files by their paths.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::file::standing::Standing;
use crate::file::windows::files;
use crate::time;

pub use crate::file::windows::files::{create_dir, create_new, open_or_create, try_lock, unlock};

#[derive(Clone, Copy)]
pub enum Links {
    Follow,
    Refuse,
}

pub fn open_dir(path: &Path, links: Links) -> io::Result<File> {
    let dir = files::look_at(path, matches!(links, Links::Refuse))?;
    if dir.metadata()?.is_dir() { Ok(dir) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

pub fn create_dirs(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|dir| !dir.is_dir()).collect();
    for dir in missing.into_iter().rev() {
        match create_dir(dir) {
            // Another process was faster.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
            made => made?,
        }
    }
    Ok(())
}

pub fn create_in(_: &File, dir: &Path, name: &str) -> io::Result<File> {
    create_new(&dir.join(name))
}

/// Renames the file, with retries: readers and virus scanners may have the replaced file open for a moment.
pub fn rename(_: &File, dir: &Path, from: &str, to: &str) -> io::Result<()> {
    let mut more = 0..20;
    loop {
        match fs::rename(dir.join(from), dir.join(to)) {
            Err(why) if why.kind() == io::ErrorKind::PermissionDenied && more.next().is_some() => {
                time::pause(Duration::from_millis(10));
            }
            outcome => return outcome,
        }
    }
}

pub fn link(_: &File, dir: &Path, from: &str, to: &str) -> io::Result<()> {
    fs::hard_link(dir.join(from), dir.join(to))
}

pub fn remove(_: &File, dir: &Path, name: &str) -> io::Result<()> {
    fs::remove_file(dir.join(name))
}

pub fn has_a_name(file: &File) -> bool {
    files::has_a_name(file).unwrap_or(false)
}

/// On Windows, files that an administrator creates in a home stay accessible to its user.
pub fn another_owner(_: &Path) -> Option<Standing> {
    None
}
