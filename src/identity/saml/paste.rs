//! Recognises saved or copied text, for `inspect --from`: a page (as HTML or MHTML), a SAML response or assertion as shown by a
//! browser's developer tools and by logs (form data, the address of a redirect, HAR, the export of SAML-tracer, a SOAP
//! envelope of ECP), or a token.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use super::ecp;
use super::extract::{self, Page, XPath};
use super::response::{self, Response};
use crate::config::profile::{DEFAULT_XPATH, Parser};
use crate::error::{Code, Error, Result};
use crate::secret::Secret;

/// Limit in bytes: a HAR file contains everything that the browser loaded.
pub const MAX: usize = 64 << 20;

/// What the text is.
#[derive(Debug)]
pub enum Pasted {
    Response {
        encoded: Secret,
        response: Box<Response>,
    },
    /// A JWT, by its shape.
    Token(Secret),
    /// A page, with or without a SAML response on it.
    Page {
        page: Box<Page>,
        body: Zeroizing<Vec<u8>>,
    },
}

/// Tries everything that the text may be.
///
/// Errors: [`Code::NotASamlResponse`], and those of reading a page.
pub fn read(bytes: Zeroizing<Vec<u8>>) -> Result<Pasted> {
    let text = decode(&bytes);
    let text = text.trim();
    match root(text) {
        Some("Response") => return of_xml(text, false),
        Some("Assertion") => return of_xml(text, true),
        Some("Envelope") => return of_envelope(text),
        Some(_) => return page(bytes),
        None => {}
    }
    if let Some(html) = mhtml_page(text) {
        return page(html);
    }
    if text.starts_with(['{', '['])
        && let Ok(recorded) = serde_json::from_str::<Value>(text)
        && let Some(found) = in_json(&recorded, 0)
    {
        return of_recorded(&found);
    }
    if let Some(encoded) = field(text, "SAMLResponse") {
        return of_base64(encoded);
    }
    if field(text, "SAMLRequest").is_some() {
        return Err(Error::new(Code::NotASamlResponse, "this is a SAML request, not a response")
            .hint("give the IdP's answer to it: the form data with SAMLResponse"));
    }
    let token = ["id_token", "WebIdentityToken", "web_identity_token", "token", "value", "access_token"];
    let token = token.iter().find_map(|name| field(text, name).filter(|found| is_jwt(found)));
    let bare = || {
        let last = text.rsplit(char::is_whitespace).next().unwrap_or_default();
        // `Bearer eyJ…`, or a token that a terminal wrapped.
        let joined: String = text.split_whitespace().collect();
        [last.to_owned(), joined].into_iter().find(|token| is_jwt(token))
    };
    if let Some(token) = token.or_else(bare) {
        return Ok(Pasted::Token(Secret::new(token)));
    }
    if text.contains("<html") || text.contains("<HTML") || text.contains("<form") || text.contains("<input") {
        return page(bytes);
    }
    of_base64(percent_decoded(text))
}

/// Decodes UTF-8, or the encoding of the byte order mark: PowerShell redirects as UTF-16.
fn decode(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(encoding_rs::UTF_8.decode(bytes).0.into_owned())
}

/// The local name of the first element, if the text is markup.
fn root(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(prolog) = rest.strip_prefix('<').filter(|r| r.starts_with(['?', '!'])) {
        let end = if prolog.starts_with("!--") { prolog.find("-->")? + 2 } else { prolog.find('>')? };
        rest = prolog[end + 1..].trim_start();
    }
    let name = rest.strip_prefix('<')?;
    let end = name.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))?;
    name[..end].rsplit(':').next()
}

fn of_xml(xml: &str, is_bare: bool) -> Result<Pasted> {
    if !is_bare {
        return of_base64(STANDARD.encode(xml));
    }
    let start = xml.find("?>").map_or(0, |end| end + 2);
    // An assertion alone, as in an IdP's log: put into a response, it is parsed like any other.
    let enveloped = format!(
        "<p:Response xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\"><p:Status><p:StatusCode Value=\"\"/></p:Status>{}</p:Response>",
        &xml[start..]
    );
    let mut response = Response::decode(&Secret::new(STANDARD.encode(enveloped)))?;
    response.status.clear();
    Ok(Pasted::Response { encoded: Secret::new(STANDARD.encode(xml)), response: Box::new(response) })
}

fn of_envelope(text: &str) -> Result<Pasted> {
    let xml = ecp::enclosed_response(text)
        .map_err(|why| Error::new(Code::NotASamlResponse, "this SOAP envelope holds no SAML response").because(why))?;
    of_xml(&xml, false)
}

/// Reads what was found in JSON: a form field, or XML as in SAML-tracer.
fn of_recorded(found: &str) -> Result<Pasted> {
    match root(found.trim()) {
        Some("Assertion") => of_xml(found.trim(), true),
        Some("Envelope") => of_envelope(found.trim()),
        Some(_) => of_xml(found.trim(), false),
        None => of_base64(percent_decoded(found)),
    }
}

/// The last SAML response in a recording: HAR has `{"name": "SAMLResponse", "value": …}` or the text of a form, SAML-tracer
/// `["SAMLResponse", …]` or the XML; others have it as a key.
fn in_json(value: &Value, depth: usize) -> Option<Zeroizing<String>> {
    if depth > 64 {
        return None;
    }
    match value {
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            let own = match (text("name"), text("value"), text("SAMLResponse")) {
                (_, _, Some(encoded)) => Some(Zeroizing::new(encoded.to_owned())),
                (Some("SAMLResponse"), Some(encoded), _) => Some(Zeroizing::new(encoded.to_owned())),
                _ => None,
            };
            // In reverse: later requests come first, and parameters before the text that they were taken from.
            own.or_else(|| fields.values().rev().find_map(|value| in_json(value, depth + 1)))
        }
        Value::Array(items) => match items.as_slice() {
            [Value::String(name), Value::String(encoded)] if name == "SAMLResponse" => {
                Some(Zeroizing::new(encoded.clone()))
            }
            items => items.iter().rev().find_map(|value| in_json(value, depth + 1)),
        },
        Value::String(text) if text.contains("SAMLResponse=") => field(text, "SAMLResponse").map(Zeroizing::new),
        Value::String(text) => {
            let is_saml = matches!(root(text.trim()), Some("Response" | "Assertion" | "Envelope"));
            (is_saml && text.contains("SAML:2.0")).then(|| Zeroizing::new(text.clone()))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The first HTML part of a page that a browser saved as MHTML (RFC 2557).
fn mhtml_page(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (head, _) = text.split_once("\n\n").or_else(|| text.split_once("\r\n\r\n"))?;
    if !head.to_ascii_lowercase().contains("multipart/related") {
        return None;
    }
    let after = head.split_once("boundary=")?.1;
    let boundary = after.trim_start_matches('"').split(['"', ';', '\r', '\n']).next()?;
    text.split(&format!("--{boundary}")).skip(1).find_map(|part| {
        let part = part.trim_start_matches(['\r', '\n']);
        let (head, body) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"))?;
        let head = head.to_ascii_lowercase();
        if !head.contains("content-type: text/html") {
            return None;
        }
        let body = Zeroizing::new(body.to_owned());
        Some(Zeroizing::new(match () {
            () if head.contains("quoted-printable") => from_quoted_printable(&body),
            () if head.contains("base64") => {
                let compact: String = body.split_whitespace().collect();
                STANDARD.decode(compact).ok()?
            }
            () => body.as_bytes().to_vec(),
        }))
    })
}

/// RFC 2045 §6.7.
fn from_quoted_printable(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = || u8::from_str_radix(std::str::from_utf8(after.get(..2)?).ok()?, 16).ok();
        rest = match (first, after) {
            (b'=', [b'\r', b'\n', after @ ..] | [b'\n', after @ ..]) => after,
            (b'=', _) if escaped().is_some() => {
                out.extend(escaped());
                &after[2..]
            }
            (byte, after) => {
                out.push(*byte);
                after
            }
        };
    }
    out
}

fn of_base64(text: String) -> Result<Pasted> {
    if let Ok((encoded, response)) = Response::decode_redirected(&text) {
        return Ok(Pasted::Response { encoded, response: Box::new(response) });
    }
    let encoded = response::canonical(Secret::new(text));
    let response = Response::decode(&encoded).map_err(|error| match error.causes.first().map(String::as_str) {
        Some("it is not base64" | "it is not UTF-8 text") => Error::new(
            Code::NotASamlResponse,
            "this is neither a page nor a SAML response nor a token",
        )
        .hint(
            "give the page's HTML, the value of SAMLResponse, the XML, or a token of the form HEADER.CLAIMS.SIGNATURE",
        ),
        _ => error,
    })?;
    Ok(Pasted::Response { encoded, response: Box::new(response) })
}

fn page(body: Zeroizing<Vec<u8>>) -> Result<Pasted> {
    let xpath = XPath::parse(DEFAULT_XPATH, Parser::Html)?;
    let page = extract::read(body.to_vec(), None, &xpath, Duration::from_secs(10))?;
    Ok(Pasted::Page { page: Box::new(page), body })
}

/// The value of `name` in form data, a list of parameters, a header or JSON.
fn field(text: &str, name: &str) -> Option<String> {
    text.match_indices(name).find_map(|(at, _)| {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        if text[..at].ends_with(is_word) {
            return None;
        }
        let rest = text[at + name.len()..].trim_start_matches(['"', '\'']).trim_start();
        let rest = rest.strip_prefix(['=', ':'])?.trim_start().trim_start_matches(['"', '\'']);
        let end = rest.find(|c: char| matches!(c, '&' | '"' | '\'' | ',' | '<') || c.is_whitespace());
        let value = &rest[..end.unwrap_or(rest.len())];
        (!value.is_empty()).then(|| percent_decoded(value))
    })
}

/// Decodes a value of a form or a URL. Base64 has no percent sign.
fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let pair = format!("v={text}");
    let decoded = url::form_urlencoded::parse(pair.as_bytes()).next();
    decoded.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn is_jwt(text: &str) -> bool {
    let is_part = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'='));
    // A header is a JSON object, which begins with `{"` or `{` and white space.
    text.starts_with("ey") && text.split('.').count() == 3 && text.split('.').all(is_part)
}

#[cfg(test)]
mod tests;
