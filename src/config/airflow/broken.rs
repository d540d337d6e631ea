//! A connection that cannot be read: the place in its text, why, and how it would be right.
//!
//! Airflow logs a warning and goes on with whatever credentials lie around; fedcred stops here. The text that is shown is a
//! sketch of the connection's: what could be a secret in it is `…`.

use super::quote;
use crate::error::{Code, Error, printable};

/// Why a text is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub why: String,
    /// The next step, with the text mended.
    pub mended: String,
}

impl Broken {
    pub fn new(why: impl Into<String>, mended: impl Into<String>) -> Self {
        Broken { why: why.into(), mended: mended.into() }
    }

    /// The error, of the connection `conn_id` that stands at `place`.
    pub fn at(self, conn_id: &str, place: &str) -> Error {
        let what = format!("the Airflow connection {:?} in {place} cannot be read", printable(conn_id, 100));
        Error::new(Code::AirflowConnection, what).because(self.why).hint(self.mended)
    }
}

/// What may be shown of a user name: an access key id, and nothing that only stands in its place.
pub fn shown_login(login: &str) -> &str {
    let is_key_id = (16..=128).contains(&login.len())
        && login.starts_with('A')
        && login.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_key_id { login } else { "…" }
}

/// A query with the values of keys that hold no secret, each quoted as it has to be.
pub fn shown_query(query: &str) -> String {
    let shown = |(name, value): (String, String)| {
        let value = if OPEN_KEYS.contains(&name.as_str()) && !value.contains('@') {
            quote::quote(&value)
        } else {
            "…".into()
        };
        let name = if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            printable(&name, 60)
        } else {
            "…".into()
        };
        format!("{name}={value}")
    };
    quote::parse_query(query).into_iter().map(shown).collect::<Vec<_>>().join("&")
}

/// Keys whose values are never secret.
const OPEN_KEYS: [&str; 9] = [
    "region_name",
    "region",
    "role_arn",
    "assume_role_method",
    "endpoint_url",
    "host",
    "profile_name",
    "aws_account_id",
    "aws_iam_role",
];
