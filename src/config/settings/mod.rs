//! Every setting, one row each: its key, the kind of its value, default, meaning, and what it goes with.
//!
//! Whatever lists settings walks these rows: the reader (ranges, words, defaults, unknown keys), `config show`, the JSON Schema
//! and the reference page. A new setting is a row, a field, and the line that reads it.

pub use self::kind::{Kind, Literal};

mod kind;
mod machine;
mod profile;
mod saml;

pub use self::machine::{AIRFLOW, AIRFLOW_TEXT, CACHE, CACHE_TEXT, FILE, FILE_TEXT, SECRET, SECRET_TEXT};
pub use self::profile::{
    ASSUME_ROLE, ASSUME_ROLE_TEXT, AUTH_PARAMS, PROFILE, PROFILE_TEXT, TAGS, WEB_IDENTITY, WEB_IDENTITY_TEXT,
};
pub use self::saml::{FORM_FIELDS, HEADERS, RETRY, RETRY_TEXT, SAML, SAML_TEXT};

/// A table of the file.
#[derive(Debug)]
pub struct Table {
    /// Its name below the profile, or in the file: `saml.retry`; empty for the profile itself and for the file.
    pub name: &'static str,
    /// Empty where the keys are the user's own.
    pub rows: &'static [Row],
}

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub key: &'static str,
    pub kind: Kind,
    /// What holds where no file has the key.
    pub default: Option<Literal>,
    /// The same in words, where it is not a value that could be written. Empty: there is nothing to say.
    pub unset: &'static str,
    /// The value of `auth` or `source`, or the source of identity, without which the key means nothing. Empty: it always does.
    pub with: &'static [&'static str],
    /// The names that other tools have for it.
    pub also: &'static [&'static str],
    /// Leads to a secret, or proves who we are: an included profile never carries it to another origin.
    pub is_private: bool,
    /// A line to write, for a key that must be there.
    pub example: &'static str,
}

impl Table {
    /// A table whose keys are the user's own.
    pub const fn of_names(name: &'static str) -> Table {
        Table { name, rows: &[] }
    }

    pub fn row(&self, key: &str) -> Option<&'static Row> {
        self.rows.iter().find(|row| row.key == key)
    }

    /// The keys that a file may have there.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.settings().map(|row| row.key)
    }

    /// The rows of [`Table::keys`].
    pub fn settings(&self) -> impl Iterator<Item = &'static Row> {
        self.rows.iter().filter(|row| !matches!(row.kind, Kind::Refused { .. } | Kind::Variable))
    }
}

impl Row {
    /// What an element of a table with keys of the user's own is.
    pub const ENTRY: Row = Row::new("", Kind::Text);

    pub const fn new(key: &'static str, kind: Kind) -> Row {
        Row { key, kind, default: None, unset: "", with: &[], also: &[], is_private: false, example: "" }
    }

    const fn default(self, value: Literal) -> Row {
        Row { default: Some(value), ..self }
    }

    const fn unset(self, words: &'static str) -> Row {
        Row { unset: words, ..self }
    }

    const fn with(self, values: &'static [&'static str]) -> Row {
        Row { with: values, ..self }
    }

    const fn also(self, names: &'static [&'static str]) -> Row {
        Row { also: names, ..self }
    }

    const fn private(self) -> Row {
        Row { is_private: true, ..self }
    }

    const fn example(self, line: &'static str) -> Row {
        Row { example: line, ..self }
    }
}

/// Rows of a table, and the meaning of each in a text of its own: the readers need none, and the small program holds none.
macro_rules! table {
    ($(#[doc = $about:literal])* $name:ident, $text:ident = $path:literal;
     $($(#[doc = $doc:literal])* $key:ident: $kind:expr $(, $attribute:ident($($argument:tt)*))*;)*) => {
        pub static $name: Table =
            Table { name: $path, rows: &[$(Row::new(stringify!($key), $kind)$(.$attribute($($argument)*))*,)*] };
        /// What the table is; then a line for each key, with a tab before its meaning.
        pub const $text: &str = concat!($($about,)* "\n", $(stringify!($key), "\t", $($doc,)* "\n",)*);
    };
}
use table;

/// The tables below a profile, the profile's own first.
pub const OF_PROFILE: [&Table; 5] = [&PROFILE, &SAML, &RETRY, &WEB_IDENTITY, &ASSUME_ROLE];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_key_stands_in_one_row_and_says_what_it_means() {
        for (table, text) in [
            (&PROFILE, PROFILE_TEXT),
            (&SAML, SAML_TEXT),
            (&RETRY, RETRY_TEXT),
            (&WEB_IDENTITY, WEB_IDENTITY_TEXT),
            (&ASSUME_ROLE, ASSUME_ROLE_TEXT),
            (&SECRET, SECRET_TEXT),
            (&CACHE, CACHE_TEXT),
            (&AIRFLOW, AIRFLOW_TEXT),
            (&FILE, FILE_TEXT),
        ] {
            let mut keys = HashSet::new();
            for row in table.rows {
                assert!(keys.insert(row.key), "{} {}", table.name, row.key);
            }
            for row in table.settings() {
                let line = text.lines().find_map(|line| line.strip_prefix(row.key)?.strip_prefix('\t'));
                assert!(line.is_some_and(|doc| doc.trim().ends_with('.')), "{} {} says nothing", table.name, row.key);
            }
        }
    }
}
