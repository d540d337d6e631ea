//! Where values come from, and what a reading of them leaves behind: their origins and everything that was wrong.

use std::cell::RefCell;
use std::fmt;
use std::path::PathBuf;

use super::tree::Table;
use crate::error::{Code, Error, Result, printable};

/// A configuration file, read.
pub struct SourceFile {
    pub path: PathBuf,
    /// As people read it, `~/.config/fedcred/config.toml`.
    pub shown: String,
    /// Its directory: what relative paths in it are relative to.
    pub dir: PathBuf,
    /// The user's home, for `~/`.
    pub home: Option<PathBuf>,
    /// The machine's file, which may name no command to run.
    pub is_machine: bool,
    pub root: Table,
}

/// Where a value came from.
#[derive(Clone, Copy)]
pub enum Origin<'c> {
    File(Place<'c>),
    Env(&'static str),
    BuiltIn,
}

/// A line of a file.
#[derive(Clone, Copy)]
pub struct Place<'c> {
    pub file: &'c SourceFile,
    pub line: u32,
    /// The profile whose `include` brought the value in.
    pub included_from: Option<&'c str>,
}

/// What a reading leaves behind besides its values.
#[derive(Default)]
pub struct Log<'c> {
    errors: RefCell<Vec<Error>>,
    origins: RefCell<Vec<Recorded<'c>>>,
}

struct Recorded<'c> {
    prefix: &'static str,
    key: &'c str,
    origin: Origin<'c>,
}

impl<'c> Log<'c> {
    pub fn error(&self, error: Error) {
        let mut errors = self.errors.borrow_mut();
        // A table that is looked at twice is wrong once.
        if !errors.contains(&error) {
            errors.push(error);
        }
    }

    /// Keeps the value, or the error for later: one reading tells everything that is wrong.
    pub fn keep<T>(&self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.error(error)).ok()
    }

    /// The last word on a key's origin: a variable is recorded after the file it overrides.
    pub fn record(&self, prefix: &'static str, key: &'c str, origin: Origin<'c>) {
        self.origins.borrow_mut().push(Recorded { prefix, key, origin });
    }

    /// Where the key's value came from; what nobody set is built in.
    pub fn origin(&self, prefix: &str, key: &str) -> Origin<'c> {
        let origins = self.origins.borrow();
        let last = origins.iter().rev().find(|recorded| recorded.prefix == prefix && recorded.key == key);
        last.map_or(Origin::BuiltIn, |recorded| recorded.origin)
    }

    /// The errors, misspelt keys first: they are often why another key is missing.
    pub fn take_errors(&self) -> Vec<Error> {
        let mut errors = self.errors.take();
        errors.sort_by_key(|error| error.code != Code::UnknownKey);
        errors
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.shown, self.line)
    }
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File(place) => match place.included_from {
                Some(profile) => write!(f, "included from profile {}, {place}", printable(profile, 80)),
                None => place.fmt(f),
            },
            Origin::Env(name) => write!(f, "${name}"),
            Origin::BuiltIn => f.write_str("built-in"),
        }
    }
}
