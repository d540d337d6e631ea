//! A SAML response: status, issuer, audience, times and the roles on offer.
//!
//! The document goes to STS unchanged, and only STS verifies the signature. What is read here serves messages, the choice of a
//! role, and refusing early what STS would certainly refuse. Names as in SAML 2.0 Core (OASIS saml-core-2.0-os) and the IAM User Guide, "Configure SAML assertions".

use std::io::Read;

mod parser;

use crate::arn::{Partition, ProviderArn, RoleArn};
use crate::error::{Code, Error, Result, printable};
use crate::host_name::HostName;
use crate::secret::Secret;
use crate::time::Timestamp;
use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

#[derive(Debug, Default)]
pub struct Response {
    /// Status codes from the outer to the inner one, without their common prefix: `["Success"]`, `["Responder", "AuthnFailed"]`.
    pub status: Vec<String>,
    pub status_message: Option<String>,
    pub issuer: Option<String>,
    pub destination: Option<String>,
    pub subject: Option<String>,
    /// The `Audience` elements of the assertion's conditions.
    pub audiences: Vec<String>,
    /// `Recipient` of each subject confirmation.
    pub recipients: Vec<String>,
    pub not_before: Option<Timestamp>,
    /// The earlier of the end of the conditions and the latest end of a subject confirmation.
    pub not_on_or_after: Option<Timestamp>,
    /// When STS ends the session.
    pub session_not_on_or_after: Option<Timestamp>,
    /// `SessionDuration` in seconds: for the AWS console, and not sent to STS.
    pub session_duration: Option<u64>,
    pub role_session_name: Option<String>,
    pub roles: Vec<Offer>,
    /// The assertion is encrypted for AWS and cannot be read here.
    pub is_encrypted: bool,
    pub has_assertion: bool,
    /// `Format` of the subject, without the common prefix: `persistent`, `emailAddress`.
    pub subject_format: Option<String>,
    /// `AuthnContextClassRef`, as written.
    pub authentication: Option<String>,
    /// `IssueInstant` of the assertion, else of the response.
    pub issued: Option<Timestamp>,
    /// All attributes, with those of AWS, in order.
    pub attributes: Vec<Attribute>,
    pub signatures: Vec<Signature>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub values: Vec<String>,
}

/// An XML signature in the response, as it describes itself. It is not verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// It covers the assertion, not the response around it.
    pub is_of_assertion: bool,
    /// The URI of its algorithm.
    pub algorithm: String,
    pub digest: String,
    /// DER of the certificate in it.
    pub certificate: Option<Vec<u8>>,
}

/// A role and the SAML provider through which it is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub role_arn: RoleArn,
    pub principal_arn: ProviderArn,
}

/// The prefix of AWS's attributes (IAM User Guide, "Configure SAML assertions").
pub const AWS_ATTRIBUTE: &str = "https://aws.amazon.com/SAML/Attributes/";

/// Limit of an inflated response, in bytes; equal to that of a page.
const MAX_INFLATED: u64 = 4 << 20;

/// As lenient as browsers and STS: padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl Response {
    /// Decodes the form field `SAMLResponse`. Errors: [`Code::NotASamlResponse`].
    pub fn decode(encoded: &Secret) -> Result<Self> {
        let mut compact = zeroize::Zeroizing::new(Vec::with_capacity(encoded.expose().len()));
        compact.extend(encoded.expose().bytes().filter(|byte| !byte.is_ascii_whitespace()));
        let xml = BASE64.decode(compact.as_slice()).map_err(|_| not_saml("it is not base64"))?;
        let xml = zeroize::Zeroizing::new(xml);
        let xml = std::str::from_utf8(&xml).map_err(|_| not_saml("it is not UTF-8 text"))?;
        parser::read(xml)
    }

    /// Decodes the query parameter `SAMLResponse`, which may be deflated (SAML Bindings §3.4.4.1). Returns the base64 for STS, and
    /// the response.
    pub fn decode_redirected(encoded: &str) -> Result<(Secret, Self)> {
        let plain = canonical(Secret::new(encoded.replace([' ', '-'], "+").replace('_', "/")));
        let bytes = BASE64.decode(plain.expose()).map(zeroize::Zeroizing::new).unwrap_or_default();
        if bytes.trim_ascii_start().starts_with(b"<") {
            return Ok((plain.duplicate(), Response::decode(&plain)?));
        }
        let mut xml = zeroize::Zeroizing::new(Vec::new());
        let mut inflated = flate2::read::DeflateDecoder::new(bytes.as_slice()).take(MAX_INFLATED);
        inflated.read_to_end(&mut xml).map_err(|_| not_saml("it is neither XML nor deflated XML in base64"))?;
        let plain = Secret::new(base64::engine::general_purpose::STANDARD.encode(xml.as_slice()));
        let response = Response::decode(&plain)?;
        Ok((plain, response))
    }

    /// The first value of AWS's attribute of this name: `SourceIdentity`, `RoleSessionName`.
    pub fn aws_attribute(&self, name: &str) -> Option<&str> {
        self.aws_attributes(name).first().map(String::as_str)
    }

    /// All values of AWS's attribute of this name.
    pub fn aws_attributes(&self, name: &str) -> &[String] {
        let is_it = |a: &&Attribute| a.name.strip_prefix(AWS_ATTRIBUTE) == Some(name);
        self.attributes.iter().find(is_it).map(|attribute| attribute.values.as_slice()).unwrap_or_default()
    }

    /// Key and value of each session tag in the assertion.
    pub fn session_tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().filter_map(|attribute| {
            let key = attribute.name.strip_prefix(AWS_ATTRIBUTE)?.strip_prefix("PrincipalTag:")?;
            Some((key, attribute.values.first().map_or("", String::as_str)))
        })
    }

    /// Whether the IdP authenticated the user and agreed.
    pub fn is_success(&self) -> bool {
        self.status.first().is_some_and(|s| s == "Success")
    }

    /// Whether it is for AWS's sign-in, in any partition, and not for a hub that leads to it.
    pub fn is_for_aws(&self) -> bool {
        self.destination.iter().chain(&self.recipients).any(|url| is_aws_sign_in(url))
            || self.audiences.iter().any(|a| a.starts_with("urn:amazon:webservices") || is_aws_sign_in(a))
            || !self.roles.is_empty()
    }

    /// Refuses what STS would certainly refuse. `now` is the IdP's time if known, so that a wrong clock of this machine refuses
    /// nothing.
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

/// The same base64 without white space and with padding, since STS decodes strictly.
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

/// AWS's SAML sign-in addresses: `https://signin.aws.amazon.com/saml`, regional ones, and those of the other partitions
/// (AWS General Reference, "AWS Sign-In endpoints").
pub fn is_aws_sign_in(address: &str) -> bool {
    let Ok(url) = url::Url::parse(address) else { return false };
    let domains = Partition::ALL.map(Partition::sign_in_domain);
    url.scheme() == "https" && HostName::of(&url).is_some_and(|name| name.is_within_any(&domains))
}

fn not_saml(why: &str) -> Error {
    Error::new(Code::NotASamlResponse, "this is not a SAML 2.0 response").because(why)
}

#[cfg(test)]
mod tests;
