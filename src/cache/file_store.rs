//! Sealed files in a directory (`cache.dir`).
//!
//! A file is replaced by renaming a complete one over it, and a file that a crash of the machine cut does not open
//! ([`super::seal`]), so half a result is never read. If nothing can be written, the caller goes on with what it has.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::key::{self, FileName, LoginKey};
use super::seal::{HEADER_LEN, Header, MAX_FILE};
use crate::error::{Code, Error, Result};
use crate::file::private::{self, Dir};
use crate::time::Timestamp;

/// A temporary file older than this was left by a process that was killed.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// Files of the cache in one directory.
#[derive(Clone, Debug)]
pub struct FileStore {
    dir: PathBuf,
}

impl FileStore {
    /// Returns a store in `dir`, which is made at the first write.
    pub fn new(dir: PathBuf) -> Self {
        FileStore { dir }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn path(&self, name: &FileName) -> PathBuf {
        self.dir.join(name.to_string())
    }

    /// Reads a file; `None` if there is no such file.
    ///
    /// Errors: [`Code::InsecurePermissions`] with the command that repairs it, [`Code::FileUnreadable`].
    pub fn read(&self, name: &FileName) -> Result<Option<Vec<u8>>> {
        // One byte more than the limit, so that a longer file is recognised.
        private::read(&self.path(name), MAX_FILE + 1)
    }

    /// Replaces the file by one with these bytes.
    ///
    /// Errors: [`Code::CacheWrite`] (a full disk, a read-only home), after which a run goes on without keeping its result;
    /// [`Code::InsecurePermissions`] with the command that repairs it.
    pub fn write(&self, name: &FileName, bytes: &[u8]) -> Result<()> {
        self.open_dir()?.replace(&name.to_string(), bytes)
    }

    /// Removes the file. Returns whether there was one.
    pub fn remove(&self, name: &FileName) -> Result<bool> {
        remove(&self.path(name))
    }

    /// Opens the directory, making it if it is missing. Fails if it is not this user's alone.
    pub fn open_dir(&self) -> Result<Dir> {
        Dir::ours_alone(&self.dir)
    }

    /// Returns all sealed files.
    pub fn all(&self) -> Result<Vec<FileName>> {
        let names = self.names()?;
        let ours = names.iter().filter_map(|(name, _)| FileName::parse(name));
        Ok(ours.filter(|name| matches!(name, FileName::Sealed(..))).collect())
    }

    /// Returns the sealed files of this login identity, by their headers. Files that cannot be read are left out.
    pub fn of_login(&self, login: &LoginKey) -> Result<Vec<FileName>> {
        let mut found = self.all()?;
        found.retain(|name| matches!(self.header(name), Ok(Some(header)) if header.login == *login));
        Ok(found)
    }

    /// Returns the identities whose logins have been locked.
    pub fn logins(&self) -> Result<Vec<LoginKey>> {
        let names = self.names()?;
        Ok(names
            .iter()
            .filter_map(|(name, _)| match FileName::parse(name)? {
                FileName::Lock(login) => Some(login),
                FileName::Sealed(..) => None,
            })
            .collect())
    }

    /// Reads the header of a file: enough to remove the file, never to use it. `None` if there is no such file, or if it is not
    /// of this version.
    pub fn header(&self, name: &FileName) -> Result<Option<Header>> {
        let FileName::Sealed(kind, _) = name else { return Ok(None) };
        let beginning = private::read_head(&self.path(name), HEADER_LEN)?;
        Ok(beginning.and_then(|bytes| Header::read(*kind, &bytes)))
    }

    /// Removes files that are not of use any more by their own headers, files of earlier formats, and what killed processes
    /// left. Returns how many files were removed.
    pub fn prune(&self, now: Timestamp) -> Result<usize> {
        let mut removed = 0;
        for (name, written) in self.names()? {
            let age = Duration::try_from(now.duration_since(written)).unwrap_or_default();
            let useless = match (FileName::parse(&name), name.strip_suffix(private::TEMPORARY)) {
                (Some(sealed @ FileName::Sealed(..)), _) => {
                    self.header(&sealed).is_ok_and(|header| header.is_none_or(|header| header.until <= now))
                }
                // Never a lock: a process that waits for the removed file and one that makes a new file would both get it.
                (Some(FileName::Lock(_)), _) => false,
                (None, Some(of)) => is_ours(of) && age > ABANDONED_AFTER,
                (None, None) => key::is_outdated(&name),
            };
            if useless && remove(&self.dir.join(name))? {
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn names(&self) -> Result<Vec<(String, Timestamp)>> {
        let unreadable = |e: io::Error| {
            Error::new(Code::FileUnreadable, format!("cannot list {}", self.dir.display())).because(e.to_string())
        };
        let listing = match fs::read_dir(&self.dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listing => listing.map_err(unreadable)?,
        };
        let mut names = Vec::new();
        for file in listing {
            let file = file.map_err(unreadable)?;
            // Other processes make and remove files meanwhile: a missing one is not an error.
            let written = file.metadata().and_then(|m| m.modified()).ok().and_then(|t| Timestamp::try_from(t).ok());
            if let (Ok(name), Some(written)) = (file.file_name().into_string(), written) {
                names.push((name, written));
            }
        }
        Ok(names)
    }
}

/// `NAME.RANDOM`, as [`Dir`] names what it is writing.
fn is_ours(of: &str) -> bool {
    of.rsplit_once('.').is_some_and(|(name, _)| FileName::parse(name).is_some())
}

fn remove(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(Error::new(Code::CacheWrite, format!("cannot remove {}", path.display())).because(e.to_string())),
    }
}

#[cfg(test)]
mod tests;
