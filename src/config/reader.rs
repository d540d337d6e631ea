//! A typed reader over layered tables: the first layer that holds a key decides it, and every key must be read by somebody.
//!
//! Merging is looking: the layers of a profile (the user's file, the machine's, then the same of each included profile) stay
//! apart, so that every value knows the file, line and profile it came from.

use std::cell::RefCell;
use std::fmt;

use super::mistakes;
use super::origin::{Log, Origin, Place, SourceFile};
use super::tree::{Node, Table, Value};
use crate::error::{Code, Error, Result, printable};

/// One table of several that are read as one.
#[derive(Clone, Copy)]
pub struct Layer<'c> {
    pub table: &'c Table,
    /// Of its heading.
    pub line: u32,
    pub file: &'c SourceFile,
    /// The profile that the table is part of.
    pub profile: Option<&'c str>,
    /// It came by `include`.
    pub included: bool,
    /// Its place in the profile's stack, 0 on top.
    pub rank: usize,
}

/// A table as the reader of its keys sees it.
pub struct Section<'l, 'c> {
    log: &'l Log<'c>,
    /// Its name below the profile: ``, `saml`, `saml.retry`.
    prefix: &'static str,
    layers: Vec<Layer<'c>>,
    known: RefCell<Vec<&'static str>>,
}

/// A key that is there.
#[derive(Clone, Copy)]
pub struct Found<'c> {
    pub key: &'c str,
    pub value: &'c Value,
    pub place: Place<'c>,
    pub rank: usize,
    profile: Option<&'c str>,
    prefix: &'static str,
}

impl<'l, 'c> Section<'l, 'c> {
    pub fn new(log: &'l Log<'c>, prefix: &'static str, layers: Vec<Layer<'c>>) -> Self {
        Section { log, prefix, layers, known: RefCell::default() }
    }

    pub fn log(&self) -> &'l Log<'c> {
        self.log
    }

    /// No file has it.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// The key in the topmost layer that has it. Looking makes the key a known one.
    pub fn find(&self, key: &'static str) -> Option<Found<'c>> {
        self.all(key).next()
    }

    /// The key in each layer that has it, topmost first.
    pub fn all(&self, key: &'static str) -> impl Iterator<Item = Found<'c>> {
        self.known.borrow_mut().push(key);
        let prefix = self.prefix;
        self.layers.iter().filter_map(move |layer| Some(Found::new(layer, prefix, key, layer.table.get(key)?)))
    }

    /// The key's value as `parse` takes it. An error is kept in the log; the caller goes on with a default.
    pub fn read<T>(&self, key: &'static str, parse: impl FnOnce(&Found<'c>) -> Result<T>) -> Option<T> {
        let found = self.find(key)?;
        self.log.record(self.prefix, key, Origin::File(found.place));
        self.log.keep(parse(&found))
    }

    /// As [`Section::read`], for a key that must be there; `hint` is a line to write.
    pub fn required<T>(&self, key: &'static str, hint: &str, parse: impl FnOnce(&Found<'c>) -> Result<T>) -> Option<T> {
        let value = self.read(key, parse);
        if self.find(key).is_none() {
            self.log.error(self.missing(key, hint));
        }
        value
    }

    /// The table under the key, of every layer that has it.
    pub fn table(&self, key: &'static str, prefix: &'static str) -> Option<Section<'l, 'c>> {
        self.known.borrow_mut().push(key);
        let mut layers = Vec::new();
        for layer in &self.layers {
            let Some(node) = layer.table.get(key) else { continue };
            match &node.value {
                Value::Table(table) => layers.push(Layer { table, line: node.line, ..*layer }),
                _ => self.log.error(Found::new(layer, self.prefix, key, node).wrong("a table")),
            }
        }
        (!layers.is_empty()).then(|| Section::new(self.log, prefix, layers))
    }

    /// Every key, for a table whose keys are the user's own; of a key in several layers, the topmost. Names match without regard to case.
    pub fn entries(&self) -> Vec<Found<'c>> {
        let mut entries: Vec<Found<'c>> = Vec::new();
        for layer in &self.layers {
            for (key, node) in layer.table.iter() {
                let above = entries.iter().any(|entry| entry.rank != layer.rank && entry.key.eq_ignore_ascii_case(key));
                if !above {
                    entries.push(Found::new(layer, self.prefix, key, node));
                }
            }
        }
        entries
    }

    /// Ends the reading: a key that nobody looked for is an error.
    pub fn finish(&self) {
        let known = self.known.borrow();
        for layer in &self.layers {
            for (key, node) in layer.table.iter().filter(|(key, _)| !known.contains(key)) {
                self.log.error(Found::new(layer, self.prefix, key, node).unknown(&known));
            }
        }
    }

    /// The error of a key that must be there and is not, at the line of its table.
    pub fn missing(&self, key: &str, hint: &str) -> Error {
        let table = self
            .layers
            .first()
            .map(|layer| format!("{}:{}: {}", layer.file.shown, layer.line, heading(layer.profile, self.prefix)));
        Error::new(Code::MissingKey, format!("{} has no `{key}`", table.unwrap_or_default())).hint(hint)
    }
}

impl<'c> Found<'c> {
    fn new(layer: &Layer<'c>, prefix: &'static str, key: &'c str, node: &'c Node) -> Self {
        let included_from = layer.profile.filter(|_| layer.included);
        let place = Place { file: layer.file, line: node.line, included_from };
        Found { key, value: &node.value, place, rank: layer.rank, profile: layer.profile, prefix }
    }

    /// An element of the array that this is.
    pub fn element(&self, node: &'c Node) -> Found<'c> {
        Found { value: &node.value, place: Place { line: node.line, ..self.place }, ..*self }
    }

    /// A key of the table that this is.
    pub fn inner(&self, key: &'c str, node: &'c Node) -> Found<'c> {
        Found { key, ..self.element(node) }
    }

    /// `FILE:LINE: ` then the key and its table, then what is said of it.
    pub fn error(&self, code: Code, said: impl fmt::Display) -> Error {
        let heading = heading(self.profile, self.prefix);
        Error::new(code, format!("{}: `{}` in {heading} {said}", self.place, printable(self.key, 80)))
    }

    /// The value has the wrong type. Tells the type that was found, never the value: it may be a secret in the wrong place.
    pub fn wrong(&self, expected: &str) -> Error {
        self.error(Code::InvalidValue, format!("must be {expected}, not {}", self.value.type_name()))
    }

    /// The text is not one of those that can be. Only for keys that never hold a secret: the text is told.
    pub fn wrong_text(&self, expected: &str, text: &str) -> Error {
        self.error(Code::InvalidValue, format!("must be {expected}, not {:?}", printable(text, 60)))
    }

    pub fn unknown(&self, known: &[&str]) -> Error {
        let table = heading(self.profile, self.prefix);
        let what = format!("{}: unknown key `{}` in {table}", self.place, printable(self.key, 80));
        let error = Error::new(Code::UnknownKey, what);
        let is_table = matches!(self.value, Value::Table(_)) && nearest(self.key, known.iter().copied()).is_none();
        if let Some(hint) = mistakes::misplaced(self.key, self.profile, self.prefix, is_table) {
            return error.hint(hint);
        }
        match nearest(self.key, known.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => {
                let mut known = known.to_vec();
                known.sort_unstable();
                known.dedup();
                error.hint(format!("keys that can stand there: {}", known.join(", ")))
            }
        }
    }
}

/// The name closest to `text`, if one is close enough to be a slip of the finger.
pub fn nearest<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let score = |name: &str| strsim::damerau_levenshtein(&text.to_lowercase(), &name.to_lowercase());
    let far = (text.chars().count() / 3).max(1);
    // A pasted novel is no misspelling, and the distance costs the product of the lengths.
    let near = names.filter(|_| text.len() <= 80).map(|name| (score(name), name)).filter(|(d, _)| *d <= far);
    near.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

fn heading(profile: Option<&str>, prefix: &str) -> String {
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
