//! Files that a scheduler reads. They are replaced or removed only if fedcred wrote them.

use std::fs;
use std::path::Path;

use crate::error::{Code, Error, Result};
use crate::file::private::Dir;
use crate::file::{self, kind};
use crate::process::env::HOME;
use crate::quote::shell::remove as remove_by_hand;

/// Marks everything that is written for a scheduler. Only what has it is replaced or removed.
pub const MARK: &str = "Written by `fedcred schedule install`; `fedcred schedule remove` removes it.";

/// Who wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    Us,
    Others,
    /// There is no such file.
    Nobody,
}

pub fn look(path: &Path) -> Author {
    match file::text(path, &kind::JOB) {
        Ok(text) if text.contains(MARK) => Author::Us,
        Err(fault) if fault.is_absent() => Author::Nobody,
        Ok(_) | Err(_) => Author::Others,
    }
}

/// Fails if there is a file that fedcred did not write.
pub fn check(path: &Path) -> Result<()> {
    if look(path) == Author::Others {
        return Err(Error::new(Code::SchedulerFailed, format!("{} is not fedcred's", path.display()))
            .because("`fedcred schedule install` did not write it, so it does not replace it")
            .hint(format!("look at it, and move it away if it is not needed: {}", path.display())));
    }
    Ok(())
}

/// Writes the file. Errors: those of [`check`], and a directory that cannot be written.
pub fn write(path: &Path, text: &str) -> Result<()> {
    check(path)?;
    let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Err(Error::new(Code::Bug, format!("{} is not a file's name", path.display())));
    };
    let hint = format!("make {} writable; fedcred schedule install --print shows it", dir.display());
    Dir::shared(dir).and_then(|dir| dir.replace(name, text.as_bytes())).map_err(|error| error.hint(hint))
}

pub fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|why| {
        Error::new(Code::SchedulerFailed, format!("cannot remove {}", path.display()))
            .because(why.to_string())
            .hint(remove_by_hand(path))
    })
}

pub fn no_home() -> Error {
    Error::new(Code::SchedulerFailed, "there is no home directory").hint(format!("set {HOME}"))
}
