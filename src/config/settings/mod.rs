//! Every setting in one row: its key, the kind of its value, default, meaning, and the values it goes with.
//!
//! The reader (ranges, words, defaults, unknown keys), `config show`, the writer, the JSON Schema and the reference
//! page use these rows. A new setting needs a row, a field, and the line that reads it.

use super::row::table;
pub use super::row::{Kind, Literal, Row, Table};
pub use super::secrets::{SECRET, SECRET_TEXT};

mod machine;
mod profile;
mod saml;

pub use self::machine::{AIRFLOW, AIRFLOW_TEXT, CACHE, CACHE_TEXT, FILE, FILE_TEXT};
pub use self::profile::{
    ASSUME_ROLE, ASSUME_ROLE_TEXT, AUTH_PARAMS, PROFILE, PROFILE_TEXT, TAGS, WEB_IDENTITY, WEB_IDENTITY_TEXT,
};
pub use self::saml::{FORM_FIELDS, HEADERS, RETRY, RETRY_TEXT, SAML, SAML_TEXT};

/// What to do with a key of AssumeRole alone.
const ON_TOP: &str = "remove it, or use it in an `assume_role` table on top of this profile";

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
