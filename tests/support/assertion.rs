//! A SAML response for AWS, as AD FS and SimpleSAMLphp write them.
//!
//! Its signature is a dummy: the STS of these tests verifies none (the end-to-end tests have one that does).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fedcred::time;
use jiff::SignedDuration;

/// Where AWS takes assertions of its commercial partition.
pub const AWS_ACS: &str = "https://signin.aws.amazon.com/saml";
pub const AWS_AUDIENCE: &str = "urn:amazon:webservices";

pub const ACCOUNT: &str = "111122223333";
pub const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/corp";
pub const DEV: &str = "arn:aws:iam::111122223333:role/Dev";
pub const ADMIN: &str = "arn:aws:iam::111122223333:role/path/Admin";

/// Every response begins so, before and after base64; a leak of any part of one most likely shows it.
pub const OPENING: &str = "<samlp:Response ";
pub const OPENING_BASE64: &str = "PHNhbWxwOlJlc3BvbnNl";

/// What a response says. Start from [`Assertion::default`] and change what the test is about.
#[derive(Clone, Debug)]
pub struct Assertion {
    pub issuer: String,
    pub destination: String,
    pub audience: String,
    /// Values of the Role attribute: `role,provider` or the other way round.
    pub roles: Vec<String>,
    pub session_name: String,
    pub session_duration: Option<u32>,
    /// How long ago it was issued; it may be used for five minutes from then.
    pub age: Duration,
    /// `None`: success. Otherwise the second-level status of a Responder error, which has no assertion in it.
    pub denied: Option<String>,
    pub encrypted: bool,
}

impl Default for Assertion {
    fn default() -> Self {
        Assertion {
            issuer: "https://idp.example.test/metadata".into(),
            destination: AWS_ACS.into(),
            audience: AWS_AUDIENCE.into(),
            roles: vec![format!("{DEV},{PROVIDER}"), format!(" {PROVIDER}, {ADMIN} ")],
            session_name: "alice@example.test".into(),
            session_duration: Some(7200),
            age: Duration::ZERO,
            denied: None,
            encrypted: false,
        }
    }
}

impl Assertion {
    pub fn offering(roles: &[&str]) -> Assertion {
        Assertion { roles: roles.iter().map(|role| role.to_string()).collect(), ..Assertion::default() }
    }

    /// One whose time ran out ten minutes ago.
    pub fn expired() -> Assertion {
        Assertion { age: Duration::from_secs(900), ..Assertion::default() }
    }

    /// The IdP knows the user, and refuses: a Responder status and no assertion.
    pub fn denied(reason: &str) -> Assertion {
        Assertion { denied: Some(reason.into()), ..Assertion::default() }
    }

    /// One for a service provider that is not AWS, as a hub gets it.
    pub fn for_hub(destination: &str) -> Assertion {
        let audience = "https://hub.example.test/sp".to_string();
        Assertion { destination: destination.into(), audience, roles: Vec::new(), ..Assertion::default() }
    }

    /// The value of `SAMLResponse`.
    pub fn base64(&self) -> String {
        STANDARD.encode(self.xml())
    }

    pub fn xml(&self) -> String {
        let Assertion { issuer, destination, .. } = self;
        let (status, body) = match &self.denied {
            Some(reason) => (responder_status(reason), String::new()),
            None if self.encrypted => (SUCCESS.to_string(), ENCRYPTED.to_string()),
            None => (SUCCESS.to_string(), self.assertion()),
        };
        let issued = self.at(0);
        format!(
            r#"{OPENING}xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_0d3a7f5b" Version="2.0" IssueInstant="{issued}" Destination="{destination}"><saml:Issuer>{issuer}</saml:Issuer><samlp:Status>{status}</samlp:Status>{body}</samlp:Response>"#
        )
    }

    /// So many seconds after it was issued.
    fn at(&self, seconds: i64) -> String {
        time::whole_seconds(time::now() - self.age + SignedDuration::from_secs(seconds))
    }

    fn assertion(&self) -> String {
        let Assertion { issuer, destination, audience, session_name, .. } = self;
        let issued = self.at(0);
        let from = self.at(-30);
        let until = self.at(300);
        let session_ends = self.at(8 * 3600);
        let roles: String =
            self.roles.iter().map(|role| format!("<saml:AttributeValue>{role}</saml:AttributeValue>")).collect();
        let duration = self.session_duration.map_or(String::new(), |seconds| {
            attribute("SessionDuration", &format!("<saml:AttributeValue>{seconds}</saml:AttributeValue>"))
        });
        let name = attribute("RoleSessionName", &format!("<saml:AttributeValue>{session_name}</saml:AttributeValue>"));
        let roles = attribute("Role", &roles);
        format!(
            r#"<saml:Assertion ID="_9c41" Version="2.0" IssueInstant="{issued}"><saml:Issuer>{issuer}</saml:Issuer>{DUMMY_SIGNATURE}<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">alice</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="{until}" Recipient="{destination}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{from}" NotOnOrAfter="{until}"><saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{issued}" SessionNotOnOrAfter="{session_ends}" SessionIndex="_5e1f"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>{roles}{name}{duration}</saml:AttributeStatement></saml:Assertion>"#
        )
    }
}

fn attribute(name: &str, values: &str) -> String {
    format!(r#"<saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/{name}">{values}</saml:Attribute>"#)
}

const SUCCESS: &str = r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>"#;

fn responder_status(reason: &str) -> String {
    format!(
        r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{reason}"/></samlp:StatusCode><samlp:StatusMessage>not today</samlp:StatusMessage>"#
    )
}

const DUMMY_SIGNATURE: &str = r##"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI="#_9c41"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature>"##;

const ENCRYPTED: &str = r#"<saml:EncryptedAssertion><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/><xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>"#;
