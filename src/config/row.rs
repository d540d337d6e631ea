//! What a row of the tables in [`settings`](super::settings) says of a setting: its key, the kind of its value, default, and what
//! it goes with.

pub use self::kind::{Kind, Literal, list};

mod kind;

/// A table of the file.
#[derive(Debug)]
pub struct Table {
    /// The name below the profile, or in the file: `saml.retry`. Empty for the profile itself and for the file.
    pub name: &'static str,
    /// Empty if the keys are the user's own.
    pub rows: &'static [Row],
}

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub key: &'static str,
    pub kind: Kind,
    /// The value if no file has the key.
    pub default: Option<Literal>,
    /// The default in words, if it cannot be written as a value. Empty: there is none.
    pub unset: &'static str,
    /// The values of `auth` or `source`, or the sources of identity, with which the key has a meaning. Empty: with all.
    pub with: &'static [&'static str],
    /// The names of other tools for it.
    pub also: &'static [&'static str],
    /// Whether the key leads to a secret or proves an identity: an included profile never gives it to another origin.
    pub is_private: bool,
    /// An example for a key that must be written.
    pub example: &'static str,
}

impl Table {
    /// Creates a table whose keys are the user's own.
    pub const fn of_names(name: &'static str) -> Table {
        Table { name, rows: &[] }
    }

    /// Returns the tables of a profile, its own first: this one and those below it, or those below a file's table of profiles.
    pub fn of_profile(&'static self) -> Vec<&'static Table> {
        let below =
            |wanted: fn(Kind) -> Option<&'static Table>| self.rows.iter().filter_map(move |row| wanted(row.kind));
        let profiles = |kind| if let Kind::Tables(table) = kind { Some(table) } else { None };
        if let Some(profile) = below(profiles).next() {
            return profile.of_profile();
        }
        let tables = |kind| if let Kind::Table(table) = kind { Some(table) } else { None };
        std::iter::once(self).chain(below(tables).flat_map(Table::of_profile)).collect()
    }

    pub fn row(&self, key: &str) -> Option<&'static Row> {
        self.rows.iter().find(|row| row.key == key)
    }

    /// Returns the keys that a file may have.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.settings().map(|row| row.key)
    }

    /// Returns the rows of [`Table::keys`].
    pub fn settings(&self) -> impl Iterator<Item = &'static Row> {
        self.rows.iter().filter(|row| !matches!(row.kind, Kind::Refused { .. } | Kind::Variable))
    }
}

impl Row {
    /// The row of an entry in a table whose keys are the user's own.
    pub const ENTRY: Row = Row::new("", Kind::Text);

    pub const fn new(key: &'static str, kind: Kind) -> Row {
        Row { key, kind, default: None, unset: "", with: &[], also: &[], is_private: false, example: "" }
    }

    pub const fn default(self, value: Literal) -> Row {
        Row { default: Some(value), ..self }
    }

    pub const fn unset(self, words: &'static str) -> Row {
        Row { unset: words, ..self }
    }

    pub const fn with(self, values: &'static [&'static str]) -> Row {
        Row { with: values, ..self }
    }

    pub const fn also(self, names: &'static [&'static str]) -> Row {
        Row { also: names, ..self }
    }

    pub const fn private(self) -> Row {
        Row { is_private: true, ..self }
    }

    pub const fn example(self, line: &'static str) -> Row {
        Row { example: line, ..self }
    }
}

/// Declares the rows of a table, and their meanings in a separate text: the readers do not need it, and the small
/// program does not contain it.
macro_rules! table {
    ($(#[doc = $about:literal])* $name:ident, $text:ident = $path:literal;
     $($(#[doc = $doc:literal])* $key:ident: $kind:expr $(, $attribute:ident($($argument:tt)*))*;)*) => {
        pub static $name: $crate::config::row::Table = $crate::config::row::Table {
            name: $path,
            rows: &[$($crate::config::row::Row::new(stringify!($key), $kind)$(.$attribute($($argument)*))*,)*],
        };
        /// A sentence about the table; then a line for each key, with a tab before its meaning.
        pub const $text: &str = concat!($($about,)* "\n", $(stringify!($key), "\t", $($doc,)* "\n",)*);
    };
}
pub(super) use table;
