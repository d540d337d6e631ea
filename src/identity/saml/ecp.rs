//! `auth = "ecp"`: SAML's Enhanced Client or Proxy profile (Profiles §4.2), as offered by Shibboleth and Keycloak: one request
//! in a SOAP envelope, with Basic or Kerberos, and one response in another. `idp_url` is the IdP's address for ECP.
//!
//! AWS does not take part, so the request that a service provider would make is made here.

use quick_xml::NsReader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use zeroize::Zeroizing;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::authn_request::{self, Answer};
use super::conversation::status_error;
use super::exchange::{Assertion, Exchange, Step};
use super::response::{Response as SamlResponse, is_aws_sign_in};
use crate::attempt::take_secrets_out_of;
use crate::config::profile::Saml;
use crate::error::{Code, Error, Result, printable};
use crate::http::client::{Request, Response};
use crate::http::shown;
use crate::identity::Run;
use crate::identity::verdict::Sign;
use crate::secret::Secret;

const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// SOAP 1.2, in which some servers report a fault whatever they were asked in.
const ENVELOPE_12: &str = "http://www.w3.org/2003/05/soap-envelope";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ECP: &str = "urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp";

/// Asks for an assertion, and returns it.
pub async fn log_in(saml: &Saml, run: Run<'_>) -> Result<Assertion> {
    let mut exchange = Exchange::new(saml, run)?;
    let envelope = format!(
        "<S:Envelope xmlns:S=\"{ENVELOPE}\"><S:Body>{}</S:Body></S:Envelope>",
        authn_request::xml(saml, Answer::Paos)?
    );
    let first = Request { soap: Some(envelope), ..exchange.get(saml.idp_url.to_url()) };
    exchange.until_done(first, next).await
}

fn next(exchange: &mut Exchange<'_>, sent: Request, answer: Response) -> Result<Step> {
    if answer.status == 401 {
        let authorization = exchange.method.answer_challenge(&answer, exchange.run)?;
        return Ok(Step::send(Request { authorization, ..sent }));
    }
    exchange.method.check_answer(&answer, exchange.run.deadline)?;
    match enclosed(&answer)? {
        Enclosed::Fault { says, is_about_authentication } => {
            let sign = if is_about_authentication { Sign::AuthenticationFault } else { Sign::Anything };
            exchange.settle(sign);
            let mut says = printable(&says, 300);
            take_secrets_out_of(&mut says);
            Err(refused(&answer, &says, is_about_authentication))
        }
        Enclosed::Response { xml, consumer } => {
            Ok(Step::Done(Box::new(assertion(&xml, consumer.as_deref(), &answer)?)))
        }
    }
}

fn refused(answer: &Response, says: &str, is_about_authentication: bool) -> Error {
    let at = shown(&answer.url);
    let error = if is_about_authentication {
        Error::new(Code::IdpRejected, format!("the IdP at {at} refused the user name or password"))
    } else {
        Error::new(Code::IdpDeniedClaim, format!("the IdP at {at} refuses the request"))
            .hint("ask the IdP's administrators whether ECP is enabled for AWS (urn:amazon:webservices)")
    };
    error.because(format!("it says: {says}"))
}

fn assertion(xml: &str, consumer: Option<&str>, answer: &Response) -> Result<Assertion> {
    if let Some(consumer) = consumer.filter(|consumer| !is_aws_sign_in(consumer)) {
        // Profiles §4.2.4.4: a response that is meant for another consumer must not be passed on.
        return Err(Error::new(Code::NotASamlResponse, "the IdP's response is not for AWS's sign-in")
            .because(format!("it is for {}", printable(consumer, 100))));
    }
    let encoded = Secret::new(STANDARD.encode(xml.as_bytes()));
    let response = SamlResponse::decode(&encoded)?;
    Ok(Assertion { encoded, response, idp_time: answer.date })
}

fn enclosed(answer: &Response) -> Result<Enclosed> {
    let at = shown(&answer.url);
    if matches!(answer.status, 301..=308) {
        return Err(Error::new(Code::HttpUnexpected, format!("the IdP at {at} redirects, which ECP does not allow"))
            .hint("set `saml.idp_url` to the IdP's address for ECP, as its metadata names it for the SOAP binding"));
    }
    let text = std::str::from_utf8(&answer.body).unwrap_or_default();
    match open_envelope(text) {
        Ok(enclosed) => Ok(enclosed),
        // A fault comes with 500 (SOAP 1.1 §6.2), another page with any status.
        Err(_) if answer.status >= 400 => Err(status_error(answer)),
        Err(why) => {
            let error =
                Error::new(Code::NotASamlResponse, format!("the IdP at {at} sent no SOAP envelope")).because(why);
            Err(error.hint(
                "set `saml.idp_url` to the IdP's address for ECP (Shibboleth: …/idp/profile/SAML2/SOAP/ECP, Keycloak: \
                 …/protocol/saml); does the IdP offer ECP for AWS?",
            ))
        }
    }
}

/// Returns the SAML response in a saved envelope as a document of its own, or why there is none.
pub(super) fn enclosed_response(text: &str) -> std::result::Result<Zeroizing<String>, String> {
    match open_envelope(text)? {
        Enclosed::Response { xml, .. } => Ok(xml),
        Enclosed::Fault { says, .. } => Err(format!("it is a fault: {}", printable(&says, 300))),
    }
}

#[derive(Debug)]
enum Enclosed {
    Response {
        /// A document of its own, with the namespaces that the envelope declares.
        xml: Zeroizing<String>,
        /// The consumer that the IdP made it for.
        consumer: Option<String>,
    },
    Fault {
        says: String,
        is_about_authentication: bool,
    },
}

/// Whether the code or words of a fault are about authentication. Codes: `FailedAuthentication` (WS-Security), `AuthnFailed` (SAML),
/// Shibboleth's `InvalidPassword`, `UnknownUsername`; words: "authentication failed", "invalid credentials".
fn is_about_authentication(code: &str, says: &str) -> bool {
    let text = format!("{code} {says}").to_ascii_lowercase();
    ["authn", "authenticat", "password", "credential", "unauthorized", "username", "account"]
        .iter()
        .any(|word| text.contains(word))
}

/// Reads an envelope by its namespaces, whatever their prefixes. The response is signed, so it is not changed; only the
/// declarations that it inherits from the envelope are added to its first tag.
fn open_envelope(text: &str) -> std::result::Result<Enclosed, String> {
    let mut reader = NsReader::from_str(text);
    let mut path: Vec<(String, Declarations)> = Vec::new();
    let (mut consumer, mut fault, mut code) = (None, String::new(), String::new());
    let mut start = None;
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or_default();
        let (namespace, event) = reader.read_resolved_event().map_err(|_| "it is not well-formed XML")?;
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => namespace.into_inner().to_owned(),
            ResolveResult::Unbound | ResolveResult::Unknown(_) => String::new(),
        };
        let after = usize::try_from(reader.buffer_position()).unwrap_or_default();
        match event {
            Event::Start(element) | Event::Empty(element) => {
                let is_empty = text[..after].ends_with("/>");
                let name = element.local_name().into_inner().to_owned();
                match (path.len(), namespace.as_str(), name.as_str()) {
                    (0, ENVELOPE | ENVELOPE_12, "Envelope") => {}
                    (0, _, _) => return Err(format!("its root element is {}", printable(&name, 60))),
                    (2, ECP, "Response") => consumer = attribute(&element, "AssertionConsumerServiceURL"),
                    (2, PROTOCOL, "Response") if path[1].0 == "Body" && !is_empty => start = Some(before),
                    _ => {}
                }
                if !is_empty {
                    path.push((name, Declarations::of(&element)));
                }
            }
            Event::End(_) => {
                path.pop();
                if let (2, Some(start)) = (path.len(), start) {
                    let xml = standing_alone(&text[start..after], &path);
                    return Ok(Enclosed::Response { xml, consumer });
                }
            }
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => match path.last() {
                Some((name, _)) if is_one_of(name, ["faultstring", "Text"]) => fault.push_str(&words(&event)),
                Some((name, _)) if is_one_of(name, ["faultcode", "Value"]) => code.push_str(&words(&event)),
                Some(_) | None => {}
            },
            Event::DocType(_) => return Err("it has a document type declaration".to_owned()),
            Event::Eof if !fault.is_empty() || !code.is_empty() => {
                let is_about_authentication = is_about_authentication(&code, &fault);
                let says = if fault.is_empty() { code } else { fault };
                return Ok(Enclosed::Fault { says, is_about_authentication });
            }
            Event::Eof => return Err("its body holds no SAML response".to_owned()),
            _ => {}
        }
    }
}

/// Whether an element has the name of SOAP 1.1 or that of 1.2.
fn is_one_of(name: &str, names: [&str; 2]) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn words(event: &Event<'_>) -> String {
    match event {
        Event::Text(text) => text.xml10_content().into_owned(),
        Event::CData(text) => text.xml10_content().into_owned(),
        Event::GeneralRef(entity) => resolved(entity).unwrap_or_default(),
        _ => String::new(),
    }
}

/// The `xmlns` attributes of one element: names and values, as written.
struct Declarations(Vec<(String, String)>);

impl Declarations {
    fn of(element: &BytesStart<'_>) -> Self {
        let all = element.attributes().flatten().filter_map(|attribute| {
            let name = attribute.key.into_inner().to_owned();
            let value = attribute.value.to_string();
            (name == "xmlns" || name.starts_with("xmlns:")).then_some((name, value))
        });
        Declarations(all.collect())
    }
}

fn standing_alone(xml: &str, around: &[(String, Declarations)]) -> Zeroizing<String> {
    let tag_end = xml.find('>').unwrap_or_default();
    let name_end = xml.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or_default();
    let mut out = Zeroizing::new(xml[..name_end].to_owned());
    let mut seen: Vec<&str> = Vec::new();
    // The innermost declaration wins.
    for (name, value) in around.iter().rev().flat_map(|(_, declarations)| &declarations.0) {
        let own = [format!(" {name}="), format!("\n{name}="), format!("\t{name}=")];
        if !own.iter().any(|own| xml[..tag_end].contains(own)) && !seen.contains(&name.as_str()) {
            seen.push(name);
            let quote = if value.contains('"') { '\'' } else { '"' };
            out.push_str(&format!(" {name}={quote}{value}{quote}"));
        }
    }
    out.push_str(&xml[name_end..]);
    out
}

/// The value of an attribute, with references decoded.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.try_get_attribute(name).ok()??;
    Some(found.normalized_value(quick_xml::XmlVersion::Explicit1_0).ok()?.into_owned())
}

/// Resolves a reference to a character or to an entity that XML defines.
fn resolved(entity: &BytesRef<'_>) -> Option<String> {
    match entity.resolve_char_ref() {
        Ok(Some(c)) => Some(c.to_string()),
        _ => quick_xml::escape::resolve_predefined_entity(&entity.xml10_content()).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(envelope: &str) -> std::result::Result<String, String> {
        match open_envelope(envelope)? {
            Enclosed::Response { xml, consumer } => Ok(format!("{} for {consumer:?}", *xml)),
            Enclosed::Fault { says, is_about_authentication } => {
                Err(format!("fault: {says}{}", if is_about_authentication { " (authentication)" } else { "" }))
            }
        }
    }

    #[test]
    fn a_response_is_taken_out_with_the_namespaces_of_its_envelope() {
        let table = [
            (
                "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Header><x:Response \
                 xmlns:x='urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp' AssertionConsumerServiceURL='https://a/?b&amp;c'/></e:Header>\
                 <e:Body><p:Response xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol' ID='_1'><p:Status/></p:Response></e:Body></e:Envelope>",
                "<p:Response xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" \
                 xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol' ID='_1'><p:Status/></p:Response> for Some(\"https://a/?b&c\")",
            ),
            (
                "<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/' xmlns:p='urn:outer'><Body xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol'>\
                 \n<p:Response xmlns=''><a>&lt;</a></p:Response>\n</Body></Envelope>",
                "<p:Response xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns=''><a>&lt;</a></p:Response> for None",
            ),
        ];
        for (envelope, expected) in table {
            assert_eq!(opened(envelope).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn what_holds_no_response_is_told_apart() {
        let soap = "xmlns:S='http://schemas.xmlsoap.org/soap/envelope/'";
        let response = "<p:Response xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol'><a/></p:Response>";
        let table = [
            ("<html><body>hello</body></html>".to_owned(), "its root element is html"),
            (String::new(), "its body holds no SAML response"),
            (format!("<S:Envelope {soap}><S:Body/></S:Envelope>"), "its body holds no SAML response"),
            (
                format!("<S:Envelope {soap}><S:Header>{response}</S:Header></S:Envelope>"),
                "its body holds no SAML response",
            ),
            (format!("<!DOCTYPE x><S:Envelope {soap}/>"), "it has a document type declaration"),
            (format!("<S:Envelope {soap}><S:Body>"), "its body holds no SAML response"),
            (
                format!(
                    "<S:Envelope {soap}><S:Body><S:Fault><faultstring>no &quot;ECP&#34; <![CDATA[& ]]>here</faultstring></S:Fault></S:Body></S:Envelope>"
                ),
                "fault: no \"ECP\" & here",
            ),
            (
                format!(
                    "<S:Envelope {soap}><S:Body><S:Fault><faultcode>wsse:FailedAuthentication</faultcode></S:Fault></S:Body></S:Envelope>"
                ),
                "fault: wsse:FailedAuthentication (authentication)",
            ),
            (
                format!(
                    "<S:Envelope {soap}><S:Body><S:Fault><faultcode>S:Client</faultcode><faultstring>An error occurred: \
                     authentication failed.</faultstring></S:Fault></S:Body></S:Envelope>"
                ),
                "fault: An error occurred: authentication failed. (authentication)",
            ),
            (
                "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value></e:Code>\
                 <e:Reason><e:Text xml:lang='en'>Account locked</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>"
                    .to_owned(),
                "fault: Account locked (authentication)",
            ),
        ];
        for (envelope, expected) in table {
            assert_eq!(opened(&envelope).unwrap_err(), expected, "{envelope}");
        }
    }
}
