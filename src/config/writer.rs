//! Lines of TOML for a profile: each key of a row, and none that says what holds without it.

use super::setting::Written;
use super::settings::Table;
use crate::quote::config::toml_key;

/// The tables of one profile, as far as they are written.
pub struct Writer {
    text: String,
    /// `profile.NAME`
    heading: String,
    table: &'static Table,
}

impl Writer {
    /// Begins with `table`, the profile's own or one below it.
    pub fn new(profile: &str, table: &'static Table) -> Writer {
        let mut writer = Writer { text: String::new(), heading: format!("profile.{}", toml_key(profile)), table };
        writer.begin(table);
        writer
    }

    /// Goes on with this table.
    pub fn begin(&mut self, table: &'static Table) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        let dot = if table.name.is_empty() { "" } else { "." };
        self.text.push_str(&format!("{gap}[{}{dot}{}]\n", self.heading, table.name));
        self.table = table;
    }

    /// `key = value`, unless that is the default.
    pub fn set<T: Written + ?Sized>(&mut self, key: &'static str, value: &T) {
        let row = self.table.row(key);
        debug_assert!(row.is_some(), "{key} has no row in {:?}", self.table.name);
        let value = value.toml();
        if row.and_then(|row| row.default).is_none_or(|default| default.toml() != value) {
            self.text.push_str(&format!("{key} = {value}\n"));
        }
    }

    /// The same, of a value that may be absent.
    pub fn maybe<T: Written + ?Sized>(&mut self, key: &'static str, value: Option<&T>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    /// The table `names`, whose keys are the user's own, unless it is empty.
    pub fn map(&mut self, names: &'static Table, entries: &[(String, String)]) {
        if !entries.is_empty() {
            self.begin(names);
            let line = |(name, value): &(String, String)| format!("{} = {}\n", toml_key(name), value.toml());
            self.text.extend(entries.iter().map(line));
        }
    }

    pub fn into_text(self) -> String {
        self.text
    }
}
