//! Parses the XML of a SAML response into a [`Response`].

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{AWS_ATTRIBUTE, Attribute, Offer, Response, Signature, not_saml};
use crate::arn::{ProviderArn, RoleArn};
use crate::error::{Result, printable};
use crate::identity::saml::extract::tree::{Element, NodeId, ROOT, Tree};
use crate::identity::saml::extract::xml;
use crate::time::{Deadline, Timestamp};

pub(super) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const XML_SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
pub(super) const STATUS_PREFIX: &str = "urn:oasis:names:tc:SAML:2.0:status:";
const FORMAT_PREFIXES: [&str; 2] =
    ["urn:oasis:names:tc:SAML:2.0:nameid-format:", "urn:oasis:names:tc:SAML:1.1:nameid-format:"];
/// The elements whose text is read.
const TEXTS: [&str; 7] =
    ["StatusMessage", "Issuer", "NameID", "Audience", "AuthnContextClassRef", "X509Certificate", "AttributeValue"];
/// Limit for parsing a response; it takes milliseconds.
const LIMIT: Duration = Duration::from_secs(10);

/// Parses a response. Errors: [`Code::NotASamlResponse`](crate::error::Code::NotASamlResponse).
pub(super) fn read(xml: &str) -> Result<Response> {
    // It could declare entities. STS refuses it as well.
    if xml.contains("<!DOCTYPE") {
        return Err(not_saml("it has a document type declaration"));
    }
    let tree = xml::read(xml, Deadline::after(LIMIT)).map_err(|_| not_saml("it is not well-formed XML"))?;
    let mut reading =
        Reading { tree: &tree, response: Response::default(), conditions_end: None, confirmation_end: None };
    for (id, element) in tree.elements(ROOT) {
        if tree.parent(id) == Some(ROOT) && reading.name(Some(id)) != "Response" {
            let name = printable(&element.name, 60);
            return Err(not_saml(&format!("its root element is {name}, not a SAML 2.0 Response")));
        }
        reading.attributes(id, element);
        reading.text(id);
    }
    let Reading { mut response, conditions_end, confirmation_end, .. } = reading;
    if response.status.is_empty() {
        return Err(not_saml("it has no status"));
    }
    response.not_on_or_after = [conditions_end, confirmation_end].into_iter().flatten().min();
    Ok(response)
}

struct Reading<'t> {
    tree: &'t Tree,
    response: Response,
    conditions_end: Option<Timestamp>,
    confirmation_end: Option<Timestamp>,
}

impl<'t> Reading<'t> {
    /// The local name of an element; empty in another namespace, so that it matches nothing.
    fn name(&self, id: Option<NodeId>) -> &'t str {
        let element = id.and_then(|id| self.tree.element(id));
        let known = element.filter(|element| {
            [PROTOCOL, ASSERTION, XML_SIGNATURE].iter().any(|known| element.namespace.as_deref() == Some(known))
        });
        known.map_or("", |element| element.name.as_str())
    }

    fn attributes(&mut self, id: NodeId, element: &Element) {
        let attribute = |name| element.attribute(name).map(str::to_owned);
        let parent = self.name(self.tree.parent(id));
        let name = self.name(Some(id));
        let response = &mut self.response;
        match name {
            "Response" => {
                response.destination = attribute("Destination");
                response.issued = instant(element, "IssueInstant");
            }
            "StatusCode" => {
                let code = element.value("Value");
                response.status.push(code.strip_prefix(STATUS_PREFIX).unwrap_or(code).to_owned());
            }
            "Assertion" => {
                response.has_assertion = true;
                response.issued = instant(element, "IssueInstant").or(response.issued);
            }
            "NameID" => {
                let format = element.value("Format");
                let short = FORMAT_PREFIXES.iter().find_map(|prefix| format.strip_prefix(prefix)).unwrap_or(format);
                response.subject_format = Some(short.to_owned()).filter(|format| !format.is_empty());
            }
            "Signature" => {
                let is_of_assertion = parent == "Assertion";
                response.signatures.push(Signature { is_of_assertion, ..Signature::default() });
            }
            "SignatureMethod" | "DigestMethod" => {
                let algorithm = element.value("Algorithm").to_owned();
                match response.signatures.last_mut() {
                    Some(signature) if name == "SignatureMethod" => signature.algorithm = algorithm,
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
                response.recipients.extend(attribute("Recipient"));
                self.confirmation_end = self.confirmation_end.max(instant(element, "NotOnOrAfter"));
            }
            "AuthnStatement" => response.session_not_on_or_after = instant(element, "SessionNotOnOrAfter"),
            "Attribute" => {
                response.attributes.push(Attribute { name: element.value("Name").to_owned(), values: Vec::new() });
            }
            _ => {}
        }
    }

    fn text(&mut self, id: NodeId) {
        let (parent, name) = (self.name(self.tree.parent(id)), self.name(Some(id)));
        if !TEXTS.contains(&name) {
            return;
        }
        let content = self.tree.text_content(id);
        let text = content.trim();
        if text.is_empty() {
            return;
        }
        let is_in_signature =
            || std::iter::successors(Some(id), |id| self.tree.parent(*id)).any(|id| self.name(Some(id)) == "Signature");
        match (parent, name) {
            ("Status", "StatusMessage") => self.response.status_message = Some(text.to_owned()),
            // STS compares the assertion's issuer; the response's is used if there is none.
            ("Assertion", "Issuer") => self.response.issuer = Some(text.to_owned()),
            ("Response", "Issuer") if self.response.issuer.is_none() => self.response.issuer = Some(text.to_owned()),
            ("Subject", "NameID") => self.response.subject = Some(text.to_owned()),
            (_, "Audience") => self.response.audiences.push(text.to_owned()),
            (_, "AuthnContextClassRef") => self.response.authentication = Some(text.to_owned()),
            (_, "X509Certificate") if is_in_signature() => {
                let compact: String = text.split_whitespace().collect();
                if let (Some(signature), Ok(der)) = (self.response.signatures.last_mut(), STANDARD.decode(compact)) {
                    signature.certificate.get_or_insert(der);
                }
            }
            ("Attribute", "AttributeValue") => self.attribute_value(text),
            _ => {}
        }
    }

    fn attribute_value(&mut self, text: &str) {
        let response = &mut self.response;
        let Some(attribute) = response.attributes.last_mut() else { return };
        attribute.values.push(text.to_owned());
        match attribute.name.strip_prefix(AWS_ATTRIBUTE) {
            Some("Role") => response.roles.extend(offers(text)),
            Some("RoleSessionName") => response.role_session_name = Some(text.to_owned()),
            Some("SessionDuration") => response.session_duration = text.parse().ok(),
            _ => {}
        }
    }
}

/// An `xs:dateTime`; without a zone it is UTC (SAML Core §1.3.3).
fn instant(element: &Element, name: &str) -> Option<Timestamp> {
    let text = element.value(name);
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

/// The roles in one value of the `Role` attribute: `ROLE,PROVIDER` in either order, with white space anywhere, also several pairs.
/// Anything but a pair of ARNs is skipped, as by STS.
fn offers(value: &str) -> Vec<Offer> {
    let parts: Vec<&str> =
        value.split(|c: char| c == ',' || c == ';' || c.is_whitespace()).filter(|p| !p.is_empty()).collect();
    let either = |role: &str, provider: &str| {
        Some(Offer { role_arn: RoleArn::parse(role).ok()?, principal_arn: ProviderArn::parse(provider).ok()? })
    };
    let pair = |pair: &[&str]| either(pair[0], pair[1]).or_else(|| either(pair[1], pair[0]));
    parts.chunks_exact(2).filter_map(pair).collect()
}
