//! What a SAML response says: status, issuer, audience, times and the roles on offer.
//!
//! We are a carrier: the document goes to STS as it came, and STS alone verifies the signature. What is read here serves
//! messages, the choice of a role, and refusing early what STS would surely refuse.
//! Names as in SAML 2.0 Core (OASIS saml-core-2.0-os) and the IAM User Guide, "Configure SAML assertions".

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

use crate::arn::{ProviderArn, RoleArn};
use crate::error::{Code, Error, Result, printable};
use crate::secret::Secret;
use crate::time::Timestamp;

/// A decoded SAML response.
#[derive(Debug, Default)]
pub struct Response {
    /// Status codes from the outer to the inner one, without their common prefix: `["Success"]`, `["Responder", "AuthnFailed"]`.
    pub status: Vec<String>,
    pub status_message: Option<String>,
    pub issuer: Option<String>,
    pub destination: Option<String>,
    pub subject: Option<String>,
    /// `Audience` elements of the assertion's conditions.
    pub audiences: Vec<String>,
    /// `Recipient` of each subject confirmation.
    pub recipients: Vec<String>,
    pub not_before: Option<Timestamp>,
    /// The earlier of the conditions' and the latest subject confirmation's.
    pub not_on_or_after: Option<Timestamp>,
    /// STS ends the session then.
    pub session_not_on_or_after: Option<Timestamp>,
    /// `SessionDuration` in seconds: the AWS console's, not ours to send.
    pub session_duration: Option<u64>,
    pub role_session_name: Option<String>,
    pub roles: Vec<Offer>,
    /// The assertion is encrypted for AWS: everything in it is unknown to us.
    pub is_encrypted: bool,
    pub has_assertion: bool,
}

/// A role and the SAML provider through which it is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub role_arn: RoleArn,
    pub principal_arn: ProviderArn,
}

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const STATUS_PREFIX: &str = "urn:oasis:names:tc:SAML:2.0:status:";
const AWS_ATTRIBUTE: &str = "https://aws.amazon.com/SAML/Attributes/";
/// No SAML response nests deeper than a dozen elements.
const MAX_DEPTH: usize = 64;

/// Browsers' and STS's leniency: padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl Response {
    /// Decodes what a form field `SAMLResponse` holds. Errors: [`Code::NotASamlResponse`].
    pub fn decode(encoded: &Secret) -> Result<Self> {
        let compact: zeroize::Zeroizing<Vec<u8>> =
            encoded.expose().bytes().filter(|b| !b.is_ascii_whitespace()).collect::<Vec<u8>>().into();
        let xml = BASE64.decode(compact.as_slice()).map_err(|_| not_saml("it is not base64"))?;
        let xml = zeroize::Zeroizing::new(xml);
        let xml = std::str::from_utf8(&xml).map_err(|_| not_saml("it is not UTF-8 text"))?;
        let mut reading = Reading::default();
        reading.read(xml)?;
        Ok(reading.response)
    }

    /// The IdP authenticated the user and agreed.
    pub fn is_success(&self) -> bool {
        self.status.first().is_some_and(|s| s == "Success")
    }

    /// Whether this is meant for AWS's sign-in, in any partition, rather than for a hub on the way to it.
    pub fn is_for_aws(&self) -> bool {
        self.destination.iter().chain(&self.recipients).any(|url| is_aws_sign_in(url))
            || self.audiences.iter().any(|a| a.starts_with("urn:amazon:webservices") || is_aws_sign_in(a))
            || !self.roles.is_empty()
    }

    /// Refuses what STS would surely refuse. `now` is the IdP's own idea of the time where it is known, so that a wrong
    /// clock on this machine refuses nothing.
    pub fn preflight(&self, now: Timestamp) -> Result<()> {
        if !self.is_success() {
            return Err(self.denied());
        }
        if !self.has_assertion && !self.is_encrypted {
            return Err(not_saml("it holds no assertion"));
        }
        if let Some(end) = self.not_on_or_after
            && now.as_second() - end.as_second() > CLOCK_TOLERANCE
        {
            return Err(Error::new(Code::AssertionExpired, format!("the assertion ended at {end}"))
                .because(format!("by the IdP's clock it is {}", crate::time::whole_seconds(now))));
        }
        Ok(())
    }

    fn denied(&self) -> Error {
        let status = if self.status.is_empty() { "no status".to_owned() } else { self.status.join(", ") };
        let error = Error::new(
            Code::IdpDeniedClaim,
            format!("the IdP recognised the login and answered {}", printable(&status, 200)),
        );
        match &self.status_message {
            Some(message) => error.because(format!("it says: {}", printable(message, 300))),
            None => error,
        }
    }
}

/// Seconds by which two well-kept clocks may differ.
const CLOCK_TOLERANCE: i64 = 60;

/// The same base64 without white space and with its padding: STS decodes strictly, browsers' form fields are not written so.
pub fn canonical(encoded: Secret) -> Secret {
    let text = encoded.expose();
    let is_canonical = text.len().is_multiple_of(4) && !text.bytes().any(|b| b.is_ascii_whitespace());
    if is_canonical {
        return encoded;
    }
    let mut compact = String::with_capacity(text.len() + 3);
    compact.extend(text.chars().filter(|c| !c.is_ascii_whitespace()));
    while !compact.len().is_multiple_of(4) {
        compact.push('=');
    }
    Secret::new(compact)
}

/// The hosts of AWS's sign-in, one a partition; a region's is below one of them.
pub const AWS_SIGN_IN: [&str; 8] = [
    "signin.aws.amazon.com",
    "signin.amazonaws.cn",
    "signin.amazonaws-us-gov.com",
    "signin.c2shome.ic.gov",
    "signin.sc2shome.sgov.gov",
    "signin.csphome.adc-e.uk",
    "signin.csphome.hci.ic.gov",
    "signin.amazonaws-eusc.eu",
];

/// AWS's SAML sign-in addresses: `https://signin.aws.amazon.com/saml`, regional ones, and those of the other partitions
/// (AWS General Reference, "AWS Sign-In endpoints").
pub fn is_aws_sign_in(address: &str) -> bool {
    let Ok(url) = url::Url::parse(address) else { return false };
    let Some(host) = url.host_str() else { return false };
    url.scheme() == "https"
        && AWS_SIGN_IN.iter().any(|domain| {
            // `REGION.signin.…`, and never `evil-signin.…`
            host == *domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
        })
}

/// The roles in one `Role` attribute value: `ROLE,PROVIDER` in either order, white space anywhere, several pairs allowed.
/// What is no pair of ARNs is passed over, as STS does.
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

/// The state of one pass over the XML.
#[derive(Default)]
struct Reading {
    response: Response,
    /// Local names of the open elements; those of other namespaces are kept as empty text, so that they match nothing.
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
                ResolveResult::Bound(ns) => [PROTOCOL, ASSERTION].contains(&ns.into_inner()),
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
                Event::GeneralRef(entity) => match entity.resolve_char_ref() {
                    Ok(Some(c)) => self.text.push(c),
                    _ => match quick_xml::escape::resolve_predefined_entity(&entity.xml10_content()) {
                        Some(text) => self.text.push_str(text),
                        None => return Err(not_saml("it uses an entity that XML does not define")),
                    },
                },
                // STS refuses one too; entities could be declared in it.
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
            "Response" => response.destination = attribute(element, "Destination"),
            "StatusCode" => {
                let code = attribute(element, "Value").unwrap_or_default();
                response.status.push(code.strip_prefix(STATUS_PREFIX).unwrap_or(&code).to_owned());
            }
            "Assertion" => response.has_assertion = true,
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
            "Attribute" => self.attribute = attribute(element, "Name").unwrap_or_default(),
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
            // The assertion's issuer is what STS compares; the response's stands in when there is none.
            ("Assertion", "Issuer") => response.issuer = Some(text.to_owned()),
            ("Response", "Issuer") if response.issuer.is_none() => response.issuer = Some(text.to_owned()),
            ("Subject", "NameID") => response.subject = Some(text.to_owned()),
            (_, "Audience") => response.audiences.push(text.to_owned()),
            ("Attribute", "AttributeValue") => match self.attribute.strip_prefix(AWS_ATTRIBUTE) {
                Some("Role") => response.roles.extend(offers(text)),
                Some("RoleSessionName") => response.role_session_name = Some(text.to_owned()),
                Some("SessionDuration") => response.session_duration = text.parse().ok(),
                _ => {}
            },
            _ => {}
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.try_get_attribute(name).ok()??;
    Some(found.normalized_value(quick_xml::XmlVersion::Explicit1_0).ok()?.into_owned())
}

/// `xs:dateTime`; one without a zone is UTC (SAML Core §1.3.3).
fn instant(element: &BytesStart<'_>, name: &str) -> Option<Timestamp> {
    let text = attribute(element, name)?;
    let text = text.trim();
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

fn not_saml(why: &str) -> Error {
    Error::new(Code::NotASamlResponse, "what came is no SAML 2.0 response").because(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(xml: &str) -> Secret {
        Secret::new(base64::engine::general_purpose::STANDARD.encode(xml))
    }

    /// A response as AD FS writes it, with the given status, conditions and attribute values.
    fn sample(status: &str, roles: &[&str]) -> String {
        let values: String = roles.iter().map(|r| format!("<AttributeValue>{r}</AttributeValue>")).collect();
        format!(
            r#"<?xml version="1.0"?>
<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Destination="https://signin.aws.amazon.com/saml">
 <Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">http://outer/</Issuer>
 <samlp:Status><samlp:StatusCode Value="{STATUS_PREFIX}{status}"/></samlp:Status>
 <Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"><Issuer>http://idp/</Issuer>
  <Subject><NameID>CORP\alice</NameID><SubjectConfirmation><SubjectConfirmationData Recipient="https://signin.aws.amazon.com/saml" NotOnOrAfter="2026-11-21T10:05:00.000Z"/></SubjectConfirmation></Subject>
  <Conditions NotBefore="2026-11-21T10:00:00Z" NotOnOrAfter="2026-11-21T11:00:00"><AudienceRestriction><Audience>urn:amazon:webservices</Audience></AudienceRestriction></Conditions>
  <AuthnStatement SessionNotOnOrAfter="2026-11-21T18:00:00Z"/>
  <AttributeStatement>
   <Attribute Name="https://aws.amazon.com/SAML/Attributes/Role">{values}</Attribute>
   <Attribute Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName"><AttributeValue>alice@ex<!-- a comment joins -->ample.com</AttributeValue></Attribute>
   <Attribute Name="https://aws.amazon.com/SAML/Attributes/SessionDuration"><AttributeValue>7200</AttributeValue></Attribute>
   <Attribute Name="mail"><AttributeValue>a&amp;b&#33;</AttributeValue></Attribute>
  </AttributeStatement></Assertion></samlp:Response>"#
        )
    }

    const DEV: &str = "arn:aws:iam::112233334444:role/Dev";
    const CORP: &str = "arn:aws:iam::112233334444:saml-provider/corp";

    #[test]
    fn everything_a_message_needs_is_read() {
        let response = Response::decode(&encode(&sample("Success", &[&format!("{DEV},{CORP}")]))).unwrap();
        assert!(response.is_success() && response.is_for_aws() && response.has_assertion && !response.is_encrypted);
        assert_eq!(response.issuer.as_deref(), Some("http://idp/"));
        assert_eq!(response.subject.as_deref(), Some("CORP\\alice"));
        assert_eq!(response.audiences, ["urn:amazon:webservices"]);
        assert_eq!(response.role_session_name.as_deref(), Some("alice@example.com"));
        assert_eq!(response.session_duration, Some(7200));
        assert_eq!(response.not_on_or_after.unwrap().to_string(), "2026-11-21T10:05:00Z");
        assert_eq!(response.session_not_on_or_after.unwrap().to_string(), "2026-11-21T18:00:00Z");
    }

    #[test]
    fn padding_and_line_breaks_do_not_matter() {
        let encoded = encode(&sample("Success", &[]));
        let unpadded = encoded.expose().trim_end_matches('=').to_owned();
        let wrapped: String =
            unpadded.as_bytes().chunks(76).map(|c| format!("{}\r\n", std::str::from_utf8(c).unwrap())).collect();
        for text in [unpadded, wrapped] {
            assert!(Response::decode(&Secret::new(text.clone())).is_ok());
            assert_eq!(canonical(Secret::new(text)).expose(), encoded.expose());
        }
    }

    #[test]
    fn roles_are_read_in_either_order_with_white_space_and_several_in_a_value() {
        let admin = "arn:aws:iam::112233334444:role/path/Admin";
        let table: [(String, usize); 7] = [
            (format!("{DEV},{CORP}"), 1),
            (format!("{CORP},{DEV}"), 1),
            (format!("\n  {DEV} ,\n  {CORP}\n"), 1),
            (format!("{DEV},{CORP},{CORP},{admin}"), 2),
            (DEV.into(), 0),
            (format!("{DEV},{admin}"), 0),
            ("not,arns".into(), 0),
        ];
        for (value, count) in table {
            let response = Response::decode(&encode(&sample("Success", &[&value]))).unwrap();
            assert_eq!(response.roles.len(), count, "{value}");
            assert!(response.roles.iter().all(|o| o.principal_arn.as_str() == CORP));
        }
    }

    #[test]
    fn what_is_no_response_is_told_apart() {
        let table = [
            ("%%%".to_owned(), "not base64"),
            (encode("hello").expose().to_owned(), "ends early"),
            (encode("<a><b></a>").expose().to_owned(), "root element is a"),
            (
                encode("<Assertion xmlns='urn:oasis:names:tc:SAML:2.0:assertion'/>").expose().to_owned(),
                "root element is Assertion",
            ),
            (
                encode("<Response xmlns='urn:oasis:names:tc:SAML:1.0:protocol'/>").expose().to_owned(),
                "not a SAML 2.0 Response",
            ),
            (encode("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>").expose().to_owned(), "document type"),
            (
                encode(&format!("<p:Response xmlns:p='{PROTOCOL}'>{}", "<p:x>".repeat(100))).expose().to_owned(),
                "too deeply",
            ),
        ];
        for (text, why) in table {
            let error = Response::decode(&Secret::new(text)).unwrap_err();
            assert_eq!(error.code, Code::NotASamlResponse);
            assert!(error.causes[0].contains(why), "{why}: {:?}", error.causes);
        }
    }

    #[test]
    fn preflight_refuses_a_denial_and_a_passed_time_and_nothing_else() {
        let ok = Response::decode(&encode(&sample("Success", &[]))).unwrap();
        assert!(ok.preflight("2026-11-21T10:01:00Z".parse().unwrap()).is_ok());
        assert!(
            ok.preflight("2026-11-21T09:00:00Z".parse().unwrap()).is_ok(),
            "a clock that is behind is told, not refused"
        );
        assert!(ok.preflight("2026-11-21T10:05:30Z".parse().unwrap()).is_ok(), "seconds of skew are nobody's fault");
        assert_eq!(ok.preflight("2026-11-21T10:30:00Z".parse().unwrap()).unwrap_err().code, Code::AssertionExpired);

        let denied = Response::decode(&encode(&sample("Responder", &[]))).unwrap();
        assert_eq!(denied.preflight("2026-11-21T10:01:00Z".parse().unwrap()).unwrap_err().code, Code::IdpDeniedClaim);
    }

    #[test]
    fn a_hub_is_not_aws_and_a_look_alike_host_is_not_aws() {
        let table = [
            ("https://signin.aws.amazon.com/saml", true),
            ("https://eu-west-1.signin.aws.amazon.com/saml", true),
            ("https://signin.amazonaws-us-gov.com/saml", true),
            ("https://evil-signin.aws.amazon.com/saml", false),
            ("https://signin.aws.amazon.com.evil.example/saml", false),
            ("http://signin.aws.amazon.com/saml", false),
            ("https://hub.example.com/acs", false),
        ];
        for (address, expected) in table {
            assert_eq!(is_aws_sign_in(address), expected, "{address}");
        }
    }
}
