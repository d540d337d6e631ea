//! Where values come from, and what a reading of them leaves behind: their origins and everything that was wrong.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

use super::file::Found;
use super::locations::Locations;
use super::tree::Table;
use crate::error::{Code, Error, Result, printable};

/// A configuration file, read. The default is not a file: what is built in.
#[derive(Default)]
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

impl SourceFile {
    /// Errors: the path is relative, and the working directory is gone.
    pub fn new(found: Found, root: Table, locations: &Locations) -> Result<SourceFile> {
        // Absolute: what is relative to the file must not follow a later change of the working directory.
        let absolute = std::path::absolute(&found.path).map_err(|why| {
            Error::new(Code::ConfigUnreadable, "the working directory is gone").because(why.to_string())
        })?;
        let dir = absolute.parent().unwrap_or(Path::new("/")).to_owned();
        let Found { path, shown, is_machine } = found;
        Ok(SourceFile { path, shown, dir, home: locations.home.clone(), is_machine, root })
    }
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
    values: RefCell<Vec<Recorded<'c>>>,
    /// `config show` wants to know what each value is.
    is_shown: bool,
}

/// The last word on a key.
#[derive(Clone)]
pub struct Recorded<'c> {
    table: &'static str,
    pub key: &'c str,
    pub origin: Origin<'c>,
    /// As people read it; absent: the default of its row holds.
    pub shown: Option<String>,
}

impl<'c> Log<'c> {
    /// A log that keeps each value for people to read.
    pub fn to_show() -> Self {
        Log { is_shown: true, ..Log::default() }
    }

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

    /// The last word on a key: a variable is recorded after the file that it overrides.
    pub fn record(
        &self,
        table: &'static str,
        key: &'c str,
        origin: Origin<'c>,
        shown: impl FnOnce() -> Option<String>,
    ) {
        if self.is_shown {
            self.values.borrow_mut().push(Recorded { table, key, origin, shown: shown() });
        }
    }

    /// Somebody wants the key's value, and no file has it.
    pub fn ask(&self, table: &'static str, key: &'static str) {
        if self.is_shown && self.of(table, key).is_none() {
            self.record(table, key, Origin::BuiltIn, || None);
        }
    }

    /// What holds in place of a value that nobody wrote.
    pub fn otherwise(&self, table: &'static str, key: &'static str, value: impl FnOnce() -> String) {
        self.record(table, key, Origin::BuiltIn, || Some(format!("({})", value())));
    }

    /// The last word on a key that somebody wanted.
    pub fn of(&self, table: &str, key: &str) -> Option<Recorded<'c>> {
        self.values.borrow().iter().rev().find(|recorded| recorded.table == table && recorded.key == key).cloned()
    }

    /// The same for each key of a table whose keys are the user's own.
    pub fn of_table(&self, table: &str) -> Vec<Recorded<'c>> {
        self.values.borrow().iter().filter(|recorded| recorded.table == table).cloned().collect()
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
