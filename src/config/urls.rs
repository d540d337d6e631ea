//! Which URLs may be used for what: https, or plain http where nobody can listen in or the user says so by name.
//!
//! No error here shows a URL: a password may have been written into one.

use url::{Origin, Url};

use super::reader::Found;
use super::values;
use crate::error::{Code, Error, Result};
use crate::http::loopback::is_loopback;
use crate::quote::shell::command;

/// `idp_url`
pub fn idp(found: &Found<'_>, allow_http: bool) -> Result<Url> {
    let url = web(found, &values::text(found)?)?;
    if allow_http || is_https_or_loopback(&url) {
        return Ok(url);
    }
    Err(found
        .error(Code::UrlNotAllowed, "is plain http: whoever is on the way could read the login")
        .hint("write https://…; where that cannot be, say so by name with allow_http = true"))
}

/// An element of `idp_origins`: scheme, host and port alone.
pub fn origin(found: &Found<'_>, allow_http: bool) -> Result<Origin> {
    let url = idp(found, allow_http)?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(found
            .error(Code::InvalidValue, "must be an origin, without a path")
            .hint(format!("write {:?}", url.origin().ascii_serialization())));
    }
    if url.host_str().is_some_and(|host| host.contains('*')) {
        return Err(found.error(Code::InvalidValue, "has a `*`: every origin that may see a login is named in full"));
    }
    Ok(url.origin())
}

/// `proxy`. A password in it would be a secret in the file; the usual variables may hold one.
pub fn proxy(found: &Found<'_>) -> Result<Url> {
    let url = parse(found, &values::text(found)?, &["http", "https", "socks5", "socks5h"])?;
    if url.path().len() > 1 || url.query().is_some() || url.fragment().is_some() {
        return Err(found.error(Code::InvalidValue, "must be scheme, host and port alone"));
    }
    if url.username().is_empty() && url.password().is_none() {
        return Ok(url);
    }
    Err(found
        .error(Code::InvalidValue, "holds a user name or password")
        .hint("set HTTPS_PROXY in the environment instead"))
}

/// `sts_endpoint_url`
pub fn sts_endpoint(found: &Found<'_>) -> Result<Url> {
    let text = values::text(found)?;
    check_sts_endpoint(&text).map_err(|(code, why)| found.error(code, why))
}

/// The same, from a variable.
pub fn sts_endpoint_of_env(name: &str, text: &str) -> Result<Url> {
    check_sts_endpoint(text)
        .map_err(|(code, why)| Error::new(code, format!("${name} {why}")).hint(command(["unset", name])))
}

fn is_https_or_loopback(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

fn check_sts_endpoint(text: &str) -> std::result::Result<Url, (Code, &'static str)> {
    let url = Url::parse(text).map_err(|_| (Code::InvalidValue, "is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err((Code::InvalidValue, "must be an https URL"));
    }
    if has_userinfo(&url) || url.query().is_some() || url.fragment().is_some() {
        return Err((Code::InvalidValue, "must be scheme, host, port and path alone"));
    }
    if !is_https_or_loopback(&url) {
        return Err((Code::UrlNotAllowed, "is plain http: the assertion would be readable on the way"));
    }
    Ok(url)
}

/// An http or https URL without a login in it.
fn web(found: &Found<'_>, text: &str) -> Result<Url> {
    let url = parse(found, text, &["http", "https"])?;
    if has_userinfo(&url) {
        return Err(found
            .error(Code::InvalidValue, "holds a user name or password")
            .hint("write `username` and `password` on lines of their own"));
    }
    Ok(url)
}

fn parse(found: &Found<'_>, text: &str, schemes: &[&str]) -> Result<Url> {
    let url =
        Url::parse(text).map_err(|why| found.error(Code::InvalidValue, "is not a URL").because(why.to_string()))?;
    if !schemes.contains(&url.scheme()) {
        return Err(found.error(Code::InvalidValue, format!("must start with {}://", schemes.join(":// or "))));
    }
    if url.host().is_none() {
        return Err(found.error(Code::InvalidValue, "names no host"));
    }
    Ok(url)
}

fn has_userinfo(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sts_is_reached_over_https_or_on_this_machine() {
        let table = [
            ("https://sts.eu-west-1.amazonaws.com", None),
            ("http://127.0.0.1:4566", None),
            ("http://127.9.9.9/", None),
            ("http://[::1]:4566", None),
            ("http://localhost:4566", None),
            ("http://sts.example.com", Some(Code::UrlNotAllowed)),
            ("http://127.0.0.1.example.com", Some(Code::UrlNotAllowed)),
            ("http://localhost.example.com", Some(Code::UrlNotAllowed)),
            ("https://user@sts.example.com", Some(Code::InvalidValue)),
            ("https://sts.example.com/?a=b", Some(Code::InvalidValue)),
            ("ftp://sts.example.com", Some(Code::InvalidValue)),
            ("sts.example.com", Some(Code::InvalidValue)),
        ];
        for (text, expected) in table {
            assert_eq!(sts_endpoint_of_env("AWS_ENDPOINT_URL_STS", text).err().map(|e| e.code), expected, "{text}");
        }
    }
}
