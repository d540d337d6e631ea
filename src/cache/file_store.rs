//! Sealed files in a directory (`cache.dir`).
//!
//! A file is replaced by renaming a complete one over it, and what was cut by a crash of the machine does not open
//! ([`super::seal`]): nobody reads half a result. Where nothing can be written, the caller goes on with what it has.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::key::{self, FileName, LoginKey};
use super::seal::{HEADER_LEN, Header, MAX_FILE};
use crate::error::{Code, Error, Result};
use crate::file::private::{self, Dir};
use crate::time::Timestamp;

/// A file still being written after this long was left by a process that was killed.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// Files of the cache in one directory.
#[derive(Clone, Debug)]
pub struct FileStore {
    dir: PathBuf,
}

impl FileStore {
    /// A store in `dir`, which is made at the first write.
    pub fn new(dir: PathBuf) -> Self {
        FileStore { dir }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn path(&self, name: &FileName) -> PathBuf {
        self.dir.join(name.to_string())
    }

    /// The file's bytes; `None` when there is no such file.
    ///
    /// Errors: [`Code::InsecurePermissions`] with the command that mends it, [`Code::FileUnreadable`].
    pub fn read(&self, name: &FileName) -> Result<Option<Vec<u8>>> {
        // One byte more than fits, so that a longer file is seen to be one.
        private::read(&self.path(name), MAX_FILE + 1)
    }

    /// Replaces the file by one with these bytes.
    ///
    /// Errors: [`Code::CacheWrite`] (a full disk, a read-only home), after which a run goes on without keeping its result;
    /// [`Code::InsecurePermissions`] with the command that mends it.
    pub fn write(&self, name: &FileName, bytes: &[u8]) -> Result<()> {
        self.open_dir()?.replace(&name.to_string(), bytes)
    }

    /// Removes the file. False: there was none.
    pub fn remove(&self, name: &FileName) -> Result<bool> {
        remove(&self.path(name))
    }

    /// The directory, made when it is not there, and refused when it is not ours alone.
    pub fn open_dir(&self) -> Result<Dir> {
        Dir::ours_alone(&self.dir)
    }

    /// Everything that is kept here: of the person whose directory it is.
    pub fn all(&self) -> Result<Vec<FileName>> {
        let names = self.names()?;
        let ours = names.iter().filter_map(|(name, _)| FileName::parse(name));
        Ok(ours.filter(|name| matches!(name, FileName::Sealed(..))).collect())
    }

    /// Everything that is kept of this login identity, as the headers say. What cannot be read is of nobody: no result comes of it.
    pub fn of_login(&self, login: &LoginKey) -> Result<Vec<FileName>> {
        let mut found = self.all()?;
        found.retain(|name| matches!(self.header(name), Ok(Some(header)) if header.login == *login));
        Ok(found)
    }

    /// The identities whose logins have been locked.
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

    /// What the beginning of a file says: enough to throw it away, never to use it. `None`: there is no such file, or it is none
    /// of this version's.
    pub fn header(&self, name: &FileName) -> Result<Option<Header>> {
        let FileName::Sealed(kind, _) = name else { return Ok(None) };
        let beginning = private::read_head(&self.path(name), HEADER_LEN)?;
        Ok(beginning.and_then(|bytes| Header::read(*kind, &bytes)))
    }

    /// Removes what is of no more use by its own header, files of earlier formats, and what killed processes left. How many files
    /// went.
    pub fn prune(&self, now: Timestamp) -> Result<usize> {
        let mut removed = 0;
        for (name, written) in self.names()? {
            let age = Duration::try_from(now.duration_since(written)).unwrap_or_default();
            let useless = match (FileName::parse(&name), name.strip_suffix(private::TEMPORARY)) {
                (Some(sealed @ FileName::Sealed(..)), _) => {
                    self.header(&sealed).is_ok_and(|header| header.is_none_or(|header| header.until <= now))
                }
                // Never: whoever waits for a removed lock and whoever makes it anew would both go on.
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
            // Files come and go meanwhile: one that is gone again is not an error.
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
