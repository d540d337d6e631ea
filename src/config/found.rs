//! A key of a table with its value, its place in the files and its row, and the errors that name it.

use std::fmt;

use super::mistakes::{self, nearest};
use super::origin::Place;
use super::row::{Row, Table};
use super::tree::{Node, Value};
use crate::error::{Code, Error, printable};

/// A key that is written.
#[derive(Clone, Copy)]
pub struct Found<'c> {
    pub key: &'c str,
    pub value: &'c Value,
    pub place: Place<'c>,
    pub rank: usize,
    pub row: &'static Row,
    pub profile: Option<&'c str>,
    /// The name of its table below the profile.
    pub table: &'static str,
    /// The table of a profile or of a file in which it stands, at whatever depth.
    pub root: &'static Table,
}

impl<'c> Found<'c> {
    /// Returns an element of this array.
    pub fn element(&self, node: &'c Node) -> Found<'c> {
        Found { value: &node.value, place: Place { line: node.line, ..self.place }, ..*self }
    }

    /// A key of the table that this is, whose rows are `rows`.
    pub fn inner(&self, rows: &'static Table, key: &'c str, node: &'c Node) -> Found<'c> {
        Found { key, row: rows.row(key).unwrap_or(&Row::ENTRY), ..self.element(node) }
    }

    /// Returns an error: `FILE:LINE: `, the key, its table, and `said`.
    pub fn error(&self, code: Code, said: impl fmt::Display) -> Error {
        let heading = heading(self.profile, self.table);
        Error::new(code, format!("{}: `{}` in {heading} {said}", self.place, printable(self.key, 80)))
    }

    /// Returns the error of a reader that does not fit the kind of the row.
    pub fn misfit(&self) -> Error {
        self.error(Code::Bug, format!("is read as another kind of value than {:?}", self.row.kind))
    }

    /// Returns the error of a value of the wrong type. It names the type, never the value, which may be a misplaced
    /// secret.
    pub fn wrong(&self, expected: &str) -> Error {
        self.error(Code::InvalidValue, format!("must be {expected}, not {}", self.value.type_name()))
    }

    /// Returns the error of a text that is not allowed. It shows the text, so it is for keys that never hold a secret.
    pub fn wrong_text(&self, expected: &str, text: &str) -> Error {
        self.error(Code::InvalidValue, format!("must be {expected}, not {:?}", printable(text, 60)))
    }

    pub fn unknown(&self, known: &[&str]) -> Error {
        let table = heading(self.profile, self.table);
        let what = format!("{}: unknown key `{}` in {table}", self.place, printable(self.key, 80));
        let error = Error::new(Code::UnknownKey, what);
        let is_table = matches!(self.value, Value::Table(_)) && nearest(self.key, known.iter().copied()).is_none();
        if let Some(hint) = mistakes::misplaced(self.key, self.profile, self.table, is_table, &self.root.of_profile()) {
            return error.hint(hint);
        }
        match nearest(self.key, known.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => {
                let mut known = known.to_vec();
                known.sort_unstable();
                error.hint(format!("keys that are allowed there: {}", known.join(", ")))
            }
        }
    }
}

/// The heading of a table, for an error.
pub fn heading(profile: Option<&str>, prefix: &str) -> String {
    match (profile, prefix) {
        (None, "") => "the file's top level".into(),
        (None, prefix) => format!("[{prefix}]"),
        (Some(name), "") => format!("[profile.{}]", bare_or_quoted(name)),
        (Some(name), prefix) => format!("[profile.{}.{prefix}]", bare_or_quoted(name)),
    }
}

fn bare_or_quoted(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { format!("{:?}", printable(name, 80)) }
}
