//! The origins of values, and the log of a reading: origins and faults.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

use super::file::Found;
use super::locations::Locations;
use super::tree::Table;
use crate::error::{Code, Error, Result, printable};

/// A configuration file with its content. The default stands for built-in values.
#[derive(Default)]
pub struct SourceFile {
    pub path: PathBuf,
    /// The path for people, `~/.config/fedcred/config.toml`.
    pub shown: String,
    /// The file's directory: relative paths in it start there.
    pub dir: PathBuf,
    /// The user's home, for `~/`.
    pub home: Option<PathBuf>,
    /// The machine's file, which cannot name commands.
    pub is_machine: bool,
    pub root: Table,
}

impl SourceFile {
    /// Errors: the path is relative, and the working directory is gone.
    pub fn new(found: Found, root: Table, locations: &Locations) -> Result<SourceFile> {
        // A later change of the working directory must not change relative paths of the file.
        let absolute = std::path::absolute(&found.path).map_err(|why| {
            Error::new(Code::ConfigUnreadable, "the working directory is gone").because(why.to_string())
        })?;
        let dir = absolute.parent().unwrap_or(Path::new("/")).to_owned();
        let Found { path, shown, is_machine } = found;
        Ok(SourceFile { path, shown, dir, home: locations.home.clone(), is_machine, root })
    }
}

/// The origin of a value.
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
    /// The profile that was included and has the value.
    pub included_from: Option<&'c str>,
}

/// The results of a reading besides its values.
#[derive(Default)]
pub struct Log<'c> {
    errors: RefCell<Vec<Error>>,
    values: RefCell<Vec<Recorded<'c>>>,
    /// Whether values are recorded, for `config show`.
    is_shown: bool,
}

/// The latest value of a key.
#[derive(Clone)]
pub struct Recorded<'c> {
    table: &'static str,
    pub key: &'c str,
    pub origin: Origin<'c>,
    /// The value for people. Absent: the default of the row.
    pub shown: Option<String>,
}

impl<'c> Log<'c> {
    /// Creates a log that records each value for people.
    pub fn to_show() -> Self {
        Log { is_shown: true, ..Log::default() }
    }

    pub fn error(&self, error: Error) {
        let mut errors = self.errors.borrow_mut();
        // A table may be read twice; its fault is reported once.
        if !errors.contains(&error) {
            errors.push(error);
        }
    }

    /// Returns the value, or logs the error: one reading reports all faults.
    pub fn keep<T>(&self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.error(error)).ok()
    }

    /// Records the value of a key. A variable is recorded after the file that it overrides.
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

    /// Records that the key was read and is in no file.
    pub fn ask(&self, table: &'static str, key: &'static str) {
        if self.is_shown && self.of(table, key).is_none() {
            self.record(table, key, Origin::BuiltIn, || None);
        }
    }

    /// Records a value that is used because none is written.
    pub fn otherwise(&self, table: &'static str, key: &'static str, value: impl FnOnce() -> String) {
        self.record(table, key, Origin::BuiltIn, || Some(format!("({})", value())));
    }

    /// Returns the latest value of a key that was read.
    pub fn of(&self, table: &str, key: &str) -> Option<Recorded<'c>> {
        self.values.borrow().iter().rev().find(|recorded| recorded.table == table && recorded.key == key).cloned()
    }

    /// Returns the values of a table whose keys are the user's own.
    pub fn of_table(&self, table: &str) -> Vec<Recorded<'c>> {
        self.values.borrow().iter().filter(|recorded| recorded.table == table).cloned().collect()
    }

    /// Returns the value of a reading without errors, else the first error; `otherwise` is for neither.
    pub fn outcome<T>(&self, value: Option<T>, otherwise: impl FnOnce() -> Error) -> Result<T> {
        match (self.take_errors().into_iter().next(), value) {
            (None, Some(value)) => Ok(value),
            (error, _) => Err(error.unwrap_or_else(otherwise)),
        }
    }

    /// Returns the errors, misspelt keys first: they are often why another key is missing.
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
