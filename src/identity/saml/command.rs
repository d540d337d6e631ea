//! `auth = "command"`: a program of the user logs in and prints an assertion, or a page with one.
//!
//! It is run like every command that prints a secret ([`command`]), within the deadline of the login. A page or a SAML response
//! in XML begins with `<`; everything else is base64, as in the form field `SAMLResponse`. Serves `command`, and `xpath` and
//! `parser` for a page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::auth::form;
use super::exchange::Assertion;
use super::extract::kind::title;
use super::extract::{self, XPath};
use super::response::{self, Response};
use crate::config::profile::{CommandLogin, Saml};
use crate::error::{Code, Error, Result};
use crate::identity::Run;
use crate::process::command;
use crate::secret::Secret;
use crate::time::Deadline;

/// Limit of the output in bytes, equal to that of a page.
const MAX_OUTPUT: u64 = 4 << 20;

/// The assertion that the program prints.
pub fn log_in(login: &CommandLogin, saml: &Saml, run: Run<'_>) -> Result<Assertion> {
    let output = command::secret_output_with(&login.argv, &[], MAX_OUTPUT, "saml.command", run.deadline)?;
    let xpath = XPath::parse(&saml.xpath, saml.parser)?;
    let (encoded, response) = find(&output, &xpath, run.deadline)?;
    Ok(Assertion { encoded: response::canonical(encoded), response, idp_time: None })
}

const WHERE: &str = "it is the output of `saml.command`";
const HINT: &str =
    "the command must print the page, the XML or the base64 of a SAML response, and nothing else on stdout";

/// The response, in base64 and decoded.
fn find(output: &[u8], xpath: &XPath, deadline: &Deadline) -> Result<(Secret, Response)> {
    let text = output.strip_prefix(b"\xef\xbb\xbf").unwrap_or(output).trim_ascii();
    if text.is_empty() {
        return Err(Error::new(Code::NotASamlResponse, "the command of `saml.command` printed nothing").hint(HINT));
    }
    if text.starts_with(b"<") {
        let xml = Secret::new(STANDARD.encode(text));
        if let Ok(response) = Response::decode(&xml) {
            return Ok((xml, response));
        }
        return decoded(on_page(text, xpath, deadline)?);
    }
    let text = std::str::from_utf8(text)
        .map_err(|_| Error::new(Code::NotASamlResponse, "the output of `saml.command` is not text").hint(HINT))?;
    decoded(Secret::new(text.to_owned()))
}

fn decoded(encoded: Secret) -> Result<(Secret, Response)> {
    let response = Response::decode(&encoded).map_err(|error| error.because(WHERE).hint(HINT))?;
    Ok((encoded, response))
}

fn on_page(page: &[u8], xpath: &XPath, deadline: &Deadline) -> Result<Secret> {
    let mut page = extract::read(page.to_vec(), None, xpath, deadline.remaining())?;
    page.saml_response.take().ok_or_else(|| {
        let what = "there is no SAML response on the page that the command of `saml.command` printed";
        let error = Error::new(Code::XpathNoMatch, what);
        let error = match title(&page) {
            Some(title) => error.because(format!("its title is {title:?}")),
            None => error,
        };
        match form::is_login_form(&page) {
            true => error.because("it is a login page: the command did not log in").hint("run the command by hand"),
            false => error.hint("run the command by hand; `saml.xpath` says where on the page the response is"),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::profile::{DEFAULT_XPATH, Parser};

    const XML: &str = r#"<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol"><p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status></p:Response>"#;

    /// The response in this text, as base64 for STS.
    fn printed(text: &str) -> std::result::Result<String, Code> {
        let xpath = XPath::parse(DEFAULT_XPATH, Parser::Html).unwrap();
        let found = find(text.as_bytes(), &xpath, &Deadline::after(Duration::from_secs(20)));
        found.map(|(encoded, _)| response::canonical(encoded).expose().to_owned()).map_err(|e| e.code)
    }

    #[test]
    fn a_response_is_known_as_base64_as_xml_and_on_a_page() {
        let encoded = STANDARD.encode(XML);
        let page = format!("<!DOCTYPE html><form><input name=SAMLResponse value='{encoded}'></form>");
        let (first, rest) = encoded.split_at(76);
        for text in [&encoded, &format!("\u{feff}\n{encoded}\n"), &format!("{first}\r\n{rest}"), XML, &page] {
            assert_eq!(printed(text).as_deref(), Ok(encoded.as_str()), "{text}");
        }
    }

    #[test]
    fn what_is_no_response_is_told_apart() {
        let table = [
            ("", Code::NotASamlResponse),
            (" \n", Code::NotASamlResponse),
            ("Password:", Code::NotASamlResponse),
            ("PGh0bWw+PC9odG1sPg==", Code::NotASamlResponse),
            ("<html><title>Sign in</title><input type=password></html>", Code::XpathNoMatch),
        ];
        for (text, code) in table {
            assert_eq!(printed(text), Err(code), "{text}");
        }
    }
}
