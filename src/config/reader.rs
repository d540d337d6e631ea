//! A typed reader over layered tables: the first layer that holds a key decides it, and every key has a row in [`settings`](super::settings).
//!
//! The layers of a profile (the user's file, the machine's, then the same of each included profile) are not merged, so
//! that every value knows its file, line and profile.

use super::found::{Found, heading};
use super::origin::{Log, Origin, Place, SourceFile};
use super::row::{self, Kind, Row};
use super::setting::{Setting, Written};
use super::tree::{Node, Table, Value};
use crate::error::{Code, Error, Result};

/// One of several tables that are read as one.
#[derive(Clone, Copy)]
pub struct Layer<'c> {
    pub table: &'c Table,
    /// The line of the heading.
    pub line: u32,
    pub file: &'c SourceFile,
    /// The profile of the table.
    pub profile: Option<&'c str>,
    /// Whether the table comes from an included profile.
    pub included: bool,
    /// The position in the profile's layers, 0 for the topmost.
    pub rank: usize,
}

/// A table with all its layers.
pub struct Section<'l, 'c> {
    log: &'l Log<'c>,
    pub rows: &'static row::Table,
    /// The table that this is part of: of a profile or of a file.
    root: &'static row::Table,
    layers: Vec<Layer<'c>>,
}

impl<'l, 'c> Section<'l, 'c> {
    pub fn new(log: &'l Log<'c>, rows: &'static row::Table, layers: Vec<Layer<'c>>) -> Self {
        Section { log, rows, root: rows, layers }
    }

    pub fn log(&self) -> &'l Log<'c> {
        self.log
    }

    /// Whether no file has the table.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Returns the key of the topmost layer that has it.
    pub fn find(&self, key: &str) -> Option<Found<'c>> {
        self.all(key).next()
    }

    /// Returns the key of each layer that has it, topmost first. A key without a row is never found.
    pub fn all(&self, key: &str) -> impl Iterator<Item = Found<'c>> {
        debug_assert!(self.rows.row(key).is_some(), "{key} has no row in {:?}", self.rows.name);
        // Most keys are in no layer, and their rows are not searched for.
        let nodes = self.layers.iter().filter_map(move |layer| Some((layer, layer.table.get(key)?)));
        nodes.filter_map(|(layer, node)| self.rows.row(key).map(|row| self.found(layer, row, row.key, node)))
    }

    /// Reads the key with `parse`. An error is logged, and the caller continues with a default.
    pub fn read<T: Written>(&self, key: &'static str, parse: impl FnOnce(&Found<'c>) -> Result<T>) -> Option<T> {
        let Some(found) = self.find(key) else {
            self.log.ask(self.rows.name, key);
            return None;
        };
        let value = self.log.keep(parse(&found));
        self.log.record(self.rows.name, key, Origin::File(found.place), || value.as_ref().map(Written::shown));
        value
    }

    /// Reads the key by the type of its value.
    pub fn get<T: Setting>(&self, key: &'static str) -> Option<T> {
        self.read(key, T::parse)
    }

    /// Reads the key, or returns the default of its row. `None` if the row has none.
    pub fn value<T: Setting>(&self, key: &'static str) -> Option<T> {
        self.value_by(key, T::parse)
    }

    /// Reads the key with `parse`, or returns the default of its row.
    pub fn value_by<T: Written>(&self, key: &'static str, parse: impl Fn(&Found<'_>) -> Result<T>) -> Option<T> {
        self.read(key, |found| parse(found)).or_else(|| {
            let row = self.rows.row(key)?;
            let (file, value) = (SourceFile::default(), row.default?.value());
            let place = Place { file: &file, line: 0, included_from: None };
            parse(&Found {
                key,
                value: &value,
                place,
                rank: 0,
                row,
                profile: None,
                table: self.rows.name,
                root: self.root,
            })
            .ok()
        })
    }

    /// Returns `value`, and records it as that of a key that is not written.
    pub fn instead<T: Written>(&self, key: &'static str, value: T) -> T {
        self.log.record(self.rows.name, key, Origin::BuiltIn, || Some(value.shown()));
        value
    }

    /// Reads a key that must be written, by the type of its value.
    pub fn needed<T: Setting>(&self, key: &'static str) -> Option<T> {
        self.required(key, T::parse)
    }

    /// Reads a key that must be written, with `parse`.
    pub fn required<T: Written>(&self, key: &'static str, parse: impl FnOnce(&Found<'c>) -> Result<T>) -> Option<T> {
        let value = self.read(key, parse);
        if self.find(key).is_none() {
            self.log.error(self.missing(key));
        }
        value
    }

    /// Returns the table under the key, with each layer that has it; without layers if none has it.
    pub fn table(&self, key: &str) -> Section<'l, 'c> {
        let rows = match self.rows.row(key).map(|row| row.kind) {
            Some(Kind::Table(rows) | Kind::Map(rows) | Kind::Tables(rows)) => rows,
            _ => self.rows,
        };
        let mut layers = Vec::new();
        for (layer, found) in self.layers.iter().filter_map(move |layer| Some((layer, self.found_in(layer, key)?))) {
            match found.value {
                Value::Table(table) => layers.push(Layer { table, line: found.place.line, ..*layer }),
                _ => self.log.error(found.wrong("a table")),
            }
        }
        Section { rows, layers, ..*self }
    }

    /// Reads names and values of the table under the key, whose names are the user's own.
    pub fn map(
        &self,
        key: &'static str,
        parse: impl Fn(&Found<'c>) -> Result<(String, String)>,
    ) -> Vec<(String, String)> {
        let (table, is_private) = (self.table(key), self.rows.row(key).is_some_and(|row| row.is_private));
        let entry = |found: Found<'c>| {
            let entry = self.log.keep(parse(&found));
            let shown = || {
                let (name, value) = entry.as_ref()?;
                Some(if is_private && is_secret(name) { "[redacted]".to_owned() } else { value.toml() })
            };
            self.log.record(table.rows.name, found.key, Origin::File(found.place), shown);
            entry
        };
        table.entries().into_iter().filter_map(entry).collect()
    }

    /// Returns every key of a table whose keys are the user's own, from the topmost layer that has it. Names are equal
    /// in any case.
    pub fn entries(&self) -> Vec<Found<'c>> {
        let mut entries: Vec<Found<'c>> = Vec::new();
        for layer in &self.layers {
            for (key, node) in layer.table.iter() {
                let above = entries.iter().any(|entry| entry.rank != layer.rank && entry.key.eq_ignore_ascii_case(key));
                if !above {
                    entries.push(self.found(layer, &Row::ENTRY, key, node));
                }
            }
        }
        entries
    }

    /// Reports every key that has no meaning with `value` of the setting that its row goes with. `named` writes such a
    /// value; `otherwise` says what is written instead.
    pub fn check_with(&self, value: &str, named: impl Fn(&str) -> String, code: Code, otherwise: &str) {
        let is_out = |row: &&Row| !row.with.is_empty() && !row.with.contains(&value);
        for found in self.rows.rows.iter().filter(is_out).filter_map(|row| self.find(row.key)) {
            let needed: Vec<String> = found.row.with.iter().map(|value| named(value)).collect();
            let error = found.error(code, format!("goes with {}, but {otherwise}", needed.join(" or ")));
            self.log.error(error.hint(format!("write {}, or remove `{}`", needed[0], found.key)));
        }
    }

    /// Reports every key that is refused or has no row.
    pub fn finish(&self) {
        for layer in &self.layers {
            for (key, node) in layer.table.iter() {
                match self.rows.row(key).map(|row| (row, row.kind)) {
                    Some((row, Kind::Refused { said, instead })) => {
                        let found = self.found(layer, row, key, node);
                        self.log.error(found.error(Code::InvalidValue, said).hint(instead));
                    }
                    None | Some((_, Kind::Variable)) => {
                        let known: Vec<&str> = self.rows.keys().collect();
                        self.log.error(self.found(layer, &Row::ENTRY, key, node).unknown(&known));
                    }
                    Some(_) => {}
                }
            }
        }
    }

    /// Returns the error of a missing key, at the line of its table.
    pub fn missing(&self, key: &str) -> Error {
        let table = self
            .layers
            .first()
            .map(|layer| format!("{}:{}: {}", layer.file.shown, layer.line, heading(layer.profile, self.rows.name)));
        let example = self.rows.row(key).map_or("", |row| row.example);
        Error::new(Code::MissingKey, format!("{} has no `{key}`", table.unwrap_or_default())).hint(example)
    }

    fn found_in(&self, layer: &Layer<'c>, key: &str) -> Option<Found<'c>> {
        let row = self.rows.row(key)?;
        Some(self.found(layer, row, row.key, layer.table.get(key)?))
    }

    fn found(&self, layer: &Layer<'c>, row: &'static Row, key: &'c str, node: &'c Node) -> Found<'c> {
        let included_from = layer.profile.filter(|_| layer.included);
        let place = Place { file: layer.file, line: node.line, included_from };
        let (profile, table) = (layer.profile, self.rows.name);
        Found { key, value: &node.value, place, rank: layer.rank, row, profile, table, root: self.root }
    }
}

/// Whether a header of this name probably holds a secret.
fn is_secret(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    ["auth", "token", "key", "secret", "passw", "session", "cred", "sign", "csrf"]
        .iter()
        .any(|word| header.contains(word))
}
