//! Parses the XML of a SAML response into a [`Response`], in one pass.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quick_xml::NsReader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;

use super::{AWS_ATTRIBUTE, Attribute, Offer, Response, Signature, not_saml};
use crate::arn::{ProviderArn, RoleArn};
use crate::error::{Result, printable};
use crate::time::Timestamp;

pub(super) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const XML_SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
pub(super) const STATUS_PREFIX: &str = "urn:oasis:names:tc:SAML:2.0:status:";
const FORMAT_PREFIXES: [&str; 2] =
    ["urn:oasis:names:tc:SAML:2.0:nameid-format:", "urn:oasis:names:tc:SAML:1.1:nameid-format:"];
/// No SAML response nests deeper than a dozen elements.
const MAX_DEPTH: usize = 64;

/// Parses a response. Errors: [`Code::NotASamlResponse`](crate::error::Code::NotASamlResponse).
pub(super) fn read(xml: &str) -> Result<Response> {
    let mut reading = Reading::default();
    reading.read(xml)?;
    Ok(reading.response)
}

/// The state of one pass over the XML.
#[derive(Default)]
struct Reading {
    response: Response,
    /// Local names of the open elements; empty for those of other namespaces, so that they match nothing.
    path: Vec<String>,
    /// Text of the innermost open element.
    text: String,
    /// `Name` of the open `Attribute`.
    attribute: String,
    conditions_end: Option<Timestamp>,
    confirmation_end: Option<Timestamp>,
}

impl Reading {
    fn read(&mut self, xml: &str) -> Result<()> {
        let mut reader = NsReader::from_str(xml);
        loop {
            let (namespace, event) = reader.read_resolved_event().map_err(|_| not_saml("it is not well-formed XML"))?;
            let known = match namespace {
                ResolveResult::Bound(ns) => [PROTOCOL, ASSERTION, XML_SIGNATURE].contains(&ns.into_inner()),
                _ => false,
            };
            match event {
                Event::Start(element) => self.open(&element, known)?,
                Event::Empty(element) => {
                    self.open(&element, known)?;
                    self.close();
                }
                Event::End(_) => self.close(),
                Event::Text(text) => self.text.push_str(&text.xml10_content()),
                Event::CData(text) => self.text.push_str(&text.xml10_content()),
                Event::GeneralRef(entity) => match resolved(&entity) {
                    Some(text) => self.text.push_str(&text),
                    None => return Err(not_saml("it uses an entity that XML does not define")),
                },
                // It could declare entities. STS refuses it as well.
                Event::DocType(_) => return Err(not_saml("it has a document type declaration")),
                Event::Eof if self.path.is_empty() && !self.response.status.is_empty() => break,
                Event::Eof => return Err(not_saml("it ends early or has no status")),
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            }
        }
        self.response.not_on_or_after = [self.conditions_end, self.confirmation_end].into_iter().flatten().min();
        Ok(())
    }

    fn open(&mut self, element: &BytesStart<'_>, known: bool) -> Result<()> {
        let local = element.local_name();
        let local = if known { local.into_inner() } else { "" };
        if self.path.is_empty() && local != "Response" {
            let name = printable(element.local_name().into_inner(), 60);
            return Err(not_saml(&format!("its root element is {name}, not a SAML 2.0 Response")));
        }
        if self.path.len() == MAX_DEPTH {
            return Err(not_saml("it is nested too deeply"));
        }
        let response = &mut self.response;
        match local {
            "Response" => {
                response.destination = attribute(element, "Destination");
                response.issued = instant(element, "IssueInstant");
            }
            "StatusCode" => {
                let code = attribute(element, "Value").unwrap_or_default();
                response.status.push(code.strip_prefix(STATUS_PREFIX).unwrap_or(&code).to_owned());
            }
            "Assertion" => {
                response.has_assertion = true;
                response.issued = instant(element, "IssueInstant").or(response.issued);
            }
            "NameID" => {
                let format = attribute(element, "Format").unwrap_or_default();
                let short = FORMAT_PREFIXES.iter().find_map(|prefix| format.strip_prefix(prefix));
                response.subject_format = Some(short.unwrap_or(&format).to_owned()).filter(|f| !f.is_empty());
            }
            "Signature" => {
                let is_of_assertion = self.path.last().is_some_and(|parent| parent == "Assertion");
                response.signatures.push(Signature { is_of_assertion, ..Signature::default() });
            }
            "SignatureMethod" | "DigestMethod" => {
                let algorithm = attribute(element, "Algorithm").unwrap_or_default();
                match response.signatures.last_mut() {
                    Some(signature) if local == "SignatureMethod" => signature.algorithm = algorithm,
                    Some(signature) => signature.digest = algorithm,
                    None => {}
                }
            }
            "EncryptedAssertion" => response.is_encrypted = true,
            "Conditions" => {
                response.not_before = instant(element, "NotBefore");
                self.conditions_end = instant(element, "NotOnOrAfter");
            }
            "SubjectConfirmationData" => {
                response.recipients.extend(attribute(element, "Recipient"));
                self.confirmation_end = self.confirmation_end.max(instant(element, "NotOnOrAfter"));
            }
            "AuthnStatement" => response.session_not_on_or_after = instant(element, "SessionNotOnOrAfter"),
            "Attribute" => {
                self.attribute = attribute(element, "Name").unwrap_or_default();
                response.attributes.push(Attribute { name: self.attribute.clone(), values: Vec::new() });
            }
            _ => {}
        }
        self.path.push(local.to_owned());
        self.text.clear();
        Ok(())
    }

    fn close(&mut self) {
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        let closed = self.path.pop().unwrap_or_default();
        let parent = self.path.last().map(String::as_str).unwrap_or_default();
        let response = &mut self.response;
        if text.is_empty() {
            return;
        }
        match (parent, closed.as_str()) {
            ("Status", "StatusMessage") => response.status_message = Some(text.to_owned()),
            // STS compares the assertion's issuer; the response's is used if there is none.
            ("Assertion", "Issuer") => response.issuer = Some(text.to_owned()),
            ("Response", "Issuer") if response.issuer.is_none() => response.issuer = Some(text.to_owned()),
            ("Subject", "NameID") => response.subject = Some(text.to_owned()),
            (_, "Audience") => response.audiences.push(text.to_owned()),
            (_, "AuthnContextClassRef") => response.authentication = Some(text.to_owned()),
            (_, "X509Certificate") if self.path.iter().any(|open| open == "Signature") => {
                let compact: String = text.split_whitespace().collect();
                if let (Some(signature), Ok(der)) = (response.signatures.last_mut(), STANDARD.decode(compact)) {
                    signature.certificate.get_or_insert(der);
                }
            }
            ("Attribute", "AttributeValue") => {
                if let Some(open) = response.attributes.last_mut() {
                    open.values.push(text.to_owned());
                }
                match self.attribute.strip_prefix(AWS_ATTRIBUTE) {
                    Some("Role") => response.roles.extend(offers(text)),
                    Some("RoleSessionName") => response.role_session_name = Some(text.to_owned()),
                    Some("SessionDuration") => response.session_duration = text.parse().ok(),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// The value of an attribute, with references decoded.
pub(in crate::identity::saml) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.try_get_attribute(name).ok()??;
    Some(found.normalized_value(quick_xml::XmlVersion::Explicit1_0).ok()?.into_owned())
}

/// An `xs:dateTime`; without a zone it is UTC (SAML Core §1.3.3).
fn instant(element: &BytesStart<'_>, name: &str) -> Option<Timestamp> {
    let text = attribute(element, name)?;
    let text = text.trim();
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

/// The roles in one value of the `Role` attribute: `ROLE,PROVIDER` in either order, with white space anywhere, also several pairs.
/// Anything but a pair of ARNs is skipped, as by STS.
fn offers(value: &str) -> Vec<Offer> {
    let parts: Vec<&str> =
        value.split(|c: char| c == ',' || c == ';' || c.is_whitespace()).filter(|p| !p.is_empty()).collect();
    parts
        .chunks(2)
        .filter_map(|pair| {
            let [a, b] = pair else { return None };
            let either = |role: &str, provider: &str| {
                Some(Offer { role_arn: RoleArn::parse(role).ok()?, principal_arn: ProviderArn::parse(provider).ok()? })
            };
            either(a, b).or_else(|| either(b, a))
        })
        .collect()
}

/// Resolves a reference to a character or to an entity that XML defines.
pub(in crate::identity::saml) fn resolved(entity: &BytesRef<'_>) -> Option<String> {
    match entity.resolve_char_ref() {
        Ok(Some(c)) => Some(c.to_string()),
        _ => quick_xml::escape::resolve_predefined_entity(&entity.xml10_content()).map(str::to_owned),
    }
}
