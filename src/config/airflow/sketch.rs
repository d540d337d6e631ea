//! The corrected text of a connection for an error, with `…` for all that could be a secret.

use super::quote;
use super::redact::{self, shown_login};
use crate::config::names::Names;

/// Returns the URI without all that may be a secret.
pub fn sketch(text: &str) -> String {
    match Login::meant_in(text) {
        Some(login) => login.sketch(text),
        None => {
            let (scheme, rest) = text.split_once("://").unwrap_or(("aws", text));
            let query = rest.split_once('?').map(|(_, query)| format!("/?{}", shown_query(query))).unwrap_or_default();
            format!("{}://{query}", shown_scheme(scheme))
        }
    }
}

pub fn shown_scheme(scheme: &str) -> &str {
    let known = ["aws", "mysql", "generic", "s3", "http", "https"];
    known.into_iter().find(|known| *known == scheme).unwrap_or("aws")
}

/// The user name and password that were meant in a URI.
pub struct Login<'a> {
    /// The byte at which the user name starts.
    start: usize,
    userinfo: &'a str,
    /// What follows the `@`.
    pub rest: &'a str,
}

impl<'a> Login<'a> {
    /// Finds the login: up to the last `@` before the query, which begins with `?name=`.
    pub fn meant_in(text: &'a str) -> Option<Self> {
        let start = text.find("://")? + 3;
        let is_query = |at: usize| {
            let name = text[at + 1..].split('=').next().unwrap_or_default();
            !name.is_empty()
                && name.len() < text.len() - at - 1
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let end =
            text.match_indices('?').map(|(at, _)| at).find(|at| *at >= start && is_query(*at)).unwrap_or(text.len());
        let at = start + text.get(start..end)?.rfind('@')?;
        Some(Login { start, userinfo: &text[start..at], rest: &text[at + 1..] })
    }

    /// Returns the first character of the password that ends the authority, and its place in the text, from 1.
    pub fn breaking_character(&self) -> Option<(usize, char)> {
        let (before, c) = self.userinfo.char_indices().find(|(_, c)| "/?#".contains(*c))?;
        Some((self.start + self.userinfo[..before].chars().count() + 1, c))
    }

    pub fn sketch(&self, text: &str) -> String {
        let scheme = text.split("://").next().unwrap_or_default();
        let login = self.userinfo.split(':').next().unwrap_or_default();
        let (address, query) = self.rest.split_once('?').map_or((self.rest, None), |(a, q)| (a, Some(q)));
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~%:/".contains(c);
        let address = if address.chars().all(plain) { address } else { "…" };
        let query = query.map(|query| format!("?{}", shown_query(query))).unwrap_or_default();
        format!("{}://{}:…@{address}{query}", shown_scheme(scheme), shown_login(login))
    }
}

/// Returns a query with the values of keys that hold no secret, quoted as necessary.
pub fn shown_query(query: &str) -> String {
    let shown = |(name, value): (String, String)| {
        let value = if OPEN_KEYS.has(&name) && !value.contains('@') { quote::quote(&value) } else { "…".into() };
        let name = if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            redact::name(&name)
        } else {
            "…".into()
        };
        format!("{name}={value}")
    };
    quote::parse_query(query).into_iter().map(shown).collect::<Vec<_>>().join("&")
}

/// Keys whose values are never secret.
const OPEN_KEYS: Names =
    Names("region_name region role_arn assume_role_method endpoint_url host profile_name aws_account_id aws_iam_role");
