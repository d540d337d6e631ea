//! What a row of the tables in [`settings`](super::settings) says of a setting: its key, the kind of its value, default, and what
//! it goes with.

pub use self::kind::{Kind, Literal, list};

mod kind;

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

/// Rows of a table, and the meaning of each in a text of its own: the readers need none, and the small program holds none.
macro_rules! table {
    ($(#[doc = $about:literal])* $name:ident, $text:ident = $path:literal;
     $($(#[doc = $doc:literal])* $key:ident: $kind:expr $(, $attribute:ident($($argument:tt)*))*;)*) => {
        pub static $name: $crate::config::row::Table = $crate::config::row::Table {
            name: $path,
            rows: &[$($crate::config::row::Row::new(stringify!($key), $kind)$(.$attribute($($argument)*))*,)*],
        };
        /// What the table is; then a line for each key, with a tab before its meaning.
        pub const $text: &str = concat!($($about,)* "\n", $(stringify!($key), "\t", $($doc,)* "\n",)*);
    };
}
pub(super) use table;
