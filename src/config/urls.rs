//! The keys whose values are URLs, each an [`Address`] of its kind.
//!
//! No error shows a URL, which may contain a password.

use url::{Origin, Url};

use super::found::Found;
use super::mistakes;
use super::values;
use crate::address::{Address, IdpUrl, IssuerUrl, Kind, NotAnAddress, ProxyUrl, StsEndpoint};
use crate::error::{Code, Error, Result};
use crate::host_name::HostName;
use crate::quote::shell::command;

/// Reads `idp_url`.
pub fn idp(found: &Found<'_>, allow_http: bool) -> Result<IdpUrl> {
    let parse = if allow_http { IdpUrl::with_plain_http } else { IdpUrl::parse };
    let url = read(found, parse).map_err(|(why, error)| match why {
        NotAnAddress::PlainHttp { .. } => {
            error.hint("write https://…; if that is impossible, allow it with allow_http = true")
        }
        NotAnAddress::Login => error.hint("write `username` and `password` on lines of their own"),
        NotAnAddress::NotAUrl(_) => error.hint("write the whole address, as in a browser: https://idp.example.com/…"),
        _ => error,
    })?;
    if let Some((what, hint)) = HostName::of(&url).and_then(|host| mistakes::not_a_page(&host, url.path())) {
        return Err(found.error(Code::UrlNotAllowed, what).hint(hint));
    }
    Ok(url)
}

/// Reads `web_identity.issuer`.
pub fn issuer(found: &Found<'_>) -> Result<IssuerUrl> {
    read(found, IssuerUrl::parse).map_err(|(_, error)| error)
}

/// Reads `web_identity.redirect_uri`.
pub fn redirect(found: &Found<'_>) -> Result<Url> {
    let url = read(found, IssuerUrl::parse).map_err(|(_, error)| error)?;
    if url.scheme() == "http" {
        return Ok(url.to_url());
    }
    Err(found
        .error(Code::InvalidValue, "must be plain http on this machine: fedcred itself waits there for the browser")
        .hint("redirect_uri = \"http://127.0.0.1/callback\""))
}

/// Reads an element of `idp_origins`: scheme, host and port only.
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

/// Reads `proxy`. It cannot have a password, which would be a secret in the file; the usual variables can.
pub fn proxy(found: &Found<'_>) -> Result<ProxyUrl> {
    let url = read(found, ProxyUrl::parse).map_err(|(_, error)| error)?;
    if url.username().is_empty() && url.password().is_none() {
        return Ok(url);
    }
    Err(found.error(Code::InvalidValue, NotAnAddress::Login).hint("set HTTPS_PROXY in the environment instead"))
}

/// Reads `sts_endpoint_url`.
pub fn sts_endpoint(found: &Found<'_>) -> Result<StsEndpoint> {
    read(found, StsEndpoint::parse).map_err(|(_, error)| error)
}

/// Parses the endpoint of STS in a variable.
pub fn sts_endpoint_of_env(name: &str, text: &str) -> Result<StsEndpoint> {
    StsEndpoint::parse(text)
        .map_err(|why| Error::new(code(why), format!("${name} {why}")).hint(command(["unset", name])))
}

fn read<K: Kind>(
    found: &Found<'_>,
    parse: impl FnOnce(&str) -> std::result::Result<Address<K>, NotAnAddress>,
) -> std::result::Result<Address<K>, (NotAnAddress, Error)> {
    let text = values::text(found).map_err(|error| (NotAnAddress::NoHost, error))?;
    parse(&text).map_err(|why| {
        let error = found.error(code(why), why);
        let error = if let NotAnAddress::NotAUrl(cause) = why { error.because(cause.to_string()) } else { error };
        (why, error)
    })
}

fn code(why: NotAnAddress) -> Code {
    match why {
        NotAnAddress::PlainHttp { .. } => Code::UrlNotAllowed,
        NotAnAddress::NotAUrl(_)
        | NotAnAddress::Scheme(_)
        | NotAnAddress::NoHost
        | NotAnAddress::Login
        | NotAnAddress::Parts(_) => Code::InvalidValue,
    }
}
