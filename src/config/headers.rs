//! `[profile.NAME.saml.headers]`: additional headers for the IdP, except those that fedcred sets itself.

use super::found::Found;
use super::names::Names;
use super::values;
use crate::error::{Code, Result};

/// Headers that a user cannot set, and what to use instead.
const RESERVED: [(&str, Names); 6] = [
    ("auth = \"bearer\" with `token`, or auth = \"basic\"", Names("authorization")),
    ("nothing: cookies are stored as the IdP sets them", Names("cookie")),
    ("nothing: it follows from idp_url", Names("host")),
    (
        "nothing: it follows from the request",
        Names("content-length content-type transfer-encoding accept-encoding connection te trailer upgrade expect"),
    ),
    ("HTTPS_PROXY in the environment, with the login in it", Names("proxy-authorization")),
    ("user_agent = \"…\"", Names("user-agent")),
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
    let name = found.key.to_ascii_lowercase();
    match RESERVED.iter().find(|(_, names)| names.has(&name)) {
        Some((instead, _)) => {
            Err(found.error(Code::InvalidValue, "is written by fedcred itself").hint(format!("use {instead}")))
        }
        None => Ok(found.key.to_owned()),
    }
}
