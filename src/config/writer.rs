//! Writes lines of TOML for a profile, by the rows of its settings; a value that equals the default is left out.

use super::setting::Written;
use super::settings::{PROFILE, Table};
use crate::quote::config::toml_key;

/// The tables of one profile, as far as they are known.
#[derive(Clone, Debug)]
pub struct Writer {
    /// `profile.NAME`
    heading: String,
    /// Each table with its keys and their values in TOML, in the order in which they were set.
    tables: Vec<(&'static Table, Vec<(String, String)>)>,
}

impl Writer {
    /// Creates a profile without tables.
    pub fn new(profile: &str) -> Writer {
        Writer { heading: format!("profile.{}", toml_key(profile)), tables: Vec::new() }
    }

    /// Creates a profile with its own table.
    pub fn of_profile(profile: &str) -> Writer {
        let mut writer = Writer::new(profile);
        writer.table(&PROFILE);
        writer
    }

    /// Returns the keys of this table, which is written even if it stays empty.
    pub fn table(&mut self, table: &'static Table) -> Lines<'_> {
        let at = self.tables.iter().position(|(known, _)| std::ptr::eq(*known, table)).unwrap_or_else(|| {
            self.tables.push((table, Vec::new()));
            self.tables.len() - 1
        });
        Lines { table, lines: &mut self.tables[at].1 }
    }

    /// Sets the entries of a table whose keys are the user's own. Without entries it is not written.
    pub fn map(&mut self, names: &'static Table, entries: &[(String, String)]) {
        if !entries.is_empty() {
            let lines = self.table(names).lines;
            lines.extend(entries.iter().map(|(name, value)| (toml_key(name), value.toml())));
        }
    }

    pub fn to_toml(&self) -> String {
        let table = |(table, lines): &(&'static Table, Vec<(String, String)>)| {
            let dot = if table.name.is_empty() { "" } else { "." };
            let lines: String = lines.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
            format!("[{}{dot}{}]\n{lines}", self.heading, table.name)
        };
        self.tables.iter().map(table).collect()
    }
}

/// The keys of one table.
pub struct Lines<'a> {
    table: &'static Table,
    lines: &'a mut Vec<(String, String)>,
}

impl Lines<'_> {
    /// Sets `key` to the value, unless that is the key's default.
    pub fn set<T: Written + ?Sized>(&mut self, key: &'static str, value: &T) {
        self.set_toml(key, value.toml());
    }

    /// Sets a value that may be absent.
    pub fn maybe<T: Written + ?Sized>(&mut self, key: &'static str, value: Option<&T>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    /// Sets a value that is TOML already.
    pub fn set_toml(&mut self, key: &'static str, value: String) {
        let row = self.table.row(key);
        debug_assert!(row.is_some(), "{key} has no row in {:?}", self.table.name);
        self.lines.retain(|(known, _)| known != key);
        if row.and_then(|row| row.default).is_none_or(|default| default.toml() != value) {
            self.lines.push((key.to_owned(), value));
        }
    }
}
