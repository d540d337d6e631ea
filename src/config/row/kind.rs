//! The kinds of values that a setting can have.

use std::time::Duration;

use super::Table;
use crate::config::duration::written_duration;
use crate::config::tree::{Node, Value};
use crate::quote::config::toml;

/// The kind of a setting's value.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Text,
    /// A string of this form, a regular expression of JSON Schema.
    Pattern(&'static str),
    Path,
    /// A path, or an array with this maximum of paths.
    Paths(usize),
    Url,
    /// A string, or `{ env = "NAME" }`.
    TextOrVariable,
    Boolean,
    /// Within this range.
    Integer(i64, i64),
    Number(f64, f64),
    /// In seconds, within this range.
    Duration(u64, u64),
    /// Reads one of these words.
    Words(fn() -> Vec<&'static str>),
    /// One of these words, or a URL.
    WordsOrUrl(fn() -> Vec<&'static str>),
    /// One of these words, true or false.
    BooleanOrWords(fn() -> Vec<&'static str>),
    /// An array with this maximum of strings.
    Texts(usize),
    /// An array of integers within this range.
    Integers(i64, i64),
    /// A program and its arguments.
    Command,
    /// One of the keys of [`SECRET`](crate::config::settings::SECRET).
    Secret,
    /// Only `true`.
    True,
    Table(&'static Table),
    /// A table of strings whose keys are the user's own.
    Map(&'static Table),
    /// A table of tables whose names are the user's own.
    Tables(&'static Table),
    /// A known key that is an error: what is said of it, and what to do instead.
    Refused {
        said: &'static str,
        instead: &'static str,
    },
    /// Set by a variable only, and shown with the others.
    Variable,
}

/// A default.
#[derive(Clone, Copy, Debug)]
pub enum Literal {
    Text(&'static str),
    Duration(Duration),
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Integers(&'static [i64]),
    /// An array with nothing in it.
    Nothing,
}

impl Literal {
    /// Returns the value in TOML.
    pub fn toml(self) -> String {
        match self {
            Literal::Text(text) => toml(text),
            Literal::Duration(duration) => toml(&written_duration(duration)),
            Literal::Integer(number) => number.to_string(),
            Literal::Number(number) => format!("{number:?}"),
            Literal::Boolean(truth) => truth.to_string(),
            Literal::Integers(numbers) => list(numbers.iter().map(i64::to_string)),
            Literal::Nothing => "[]".to_owned(),
        }
    }

    /// Returns the value as read from a file.
    pub fn value(self) -> Value {
        let integer = |number| Value::Integer(Some(number));
        match self {
            Literal::Text(text) => Value::Text(text.to_owned()),
            Literal::Duration(duration) => Value::Text(written_duration(duration)),
            Literal::Integer(number) => integer(number),
            Literal::Number(number) => Value::Float(number),
            Literal::Boolean(truth) => Value::Boolean(truth),
            Literal::Integers(numbers) => {
                Value::Array(numbers.iter().map(|number| Node { line: 0, value: integer(*number) }).collect())
            }
            Literal::Nothing => Value::Array(Vec::new()),
        }
    }
}

/// Returns an array in TOML.
pub fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}
