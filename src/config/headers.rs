//! `[profile.NAME.saml.headers]`: additional headers for the IdP, except those that fedcred sets itself.

use super::found::Found;
use super::values;
use crate::error::{Code, Result};

/// Headers that a user cannot set, and what to use instead.
const RESERVED: [(&str, &str); 14] = [
    ("authorization", "auth = \"bearer\" with `token`, or auth = \"basic\""),
    ("cookie", "nothing: cookies are stored as the IdP sets them"),
    ("host", "nothing: it follows from idp_url"),
    ("content-length", "nothing: it follows from the request"),
    ("content-type", "nothing: it follows from the request"),
    ("transfer-encoding", "nothing: it follows from the request"),
    ("accept-encoding", "nothing: it follows from what can be decoded"),
    ("connection", "nothing: it follows from the request"),
    ("te", "nothing: it follows from the request"),
    ("trailer", "nothing: it follows from the request"),
    ("upgrade", "nothing: it follows from the request"),
    ("expect", "nothing: it follows from the request"),
    ("proxy-authorization", "HTTPS_PROXY in the environment, with the login in it"),
    ("user-agent", "user_agent = \"…\""),
];

/// Reads name and value of a header.
pub fn header(found: &Found<'_>) -> Result<(String, String)> {
    Ok((name(found)?, value(found)?))
}

/// Reads a field value (RFC 9110, section 5.5) in ASCII: visible characters, with spaces and tabs between them.
pub fn value(found: &Found<'_>) -> Result<String> {
    let text = values::written(found, "a string")?;
    if text.is_empty() || text.trim() != text || !text.chars().all(|c| c == '\t' || (' '..='~').contains(&c)) {
        return Err(found.error(Code::InvalidValue, "is not the value of an HTTP header"));
    }
    Ok(text.to_owned())
}

/// Reads a token (RFC 9110, section 5.6.2).
fn name(found: &Found<'_>) -> Result<String> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if found.key.is_empty() || !found.key.chars().all(token) {
        return Err(found.error(Code::InvalidValue, "is not the name of an HTTP header"));
    }
    match RESERVED.iter().find(|(name, _)| found.key.eq_ignore_ascii_case(name)) {
        Some((_, instead)) => {
            Err(found.error(Code::InvalidValue, "is written by fedcred itself").hint(format!("use {instead}")))
        }
        None => Ok(found.key.to_owned()),
    }
}
