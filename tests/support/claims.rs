//! What an STS reads in a SAML response. Signatures are not verified here.

use fedcred::time::Timestamp;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

#[derive(Debug, Default)]
pub struct Claims {
    /// The outermost status code, `urn:…:Success`.
    pub status: String,
    pub audience: String,
    pub subject: String,
    pub issuer: String,
    pub recipient: String,
    pub session_name: String,
    /// Each value of the Role attribute, split at its comma and trimmed.
    pub roles: Vec<Vec<String>>,
    /// The earliest `NotOnOrAfter`.
    pub not_on_or_after: Option<Timestamp>,
    pub encrypted: bool,
}

impl Claims {
    /// `None` when it is not a SAML response.
    pub fn read(xml: &str) -> Option<Claims> {
        let mut claims = Claims::default();
        let mut reader = Reader::from_str(xml);
        let (mut root, mut element, mut attribute) = (None, String::new(), String::new());
        loop {
            match reader.read_event().ok()? {
                Event::Start(tag) | Event::Empty(tag) => {
                    element = tag.local_name().as_ref().to_string();
                    root.get_or_insert_with(|| element.clone());
                    if element == "Attribute" {
                        attribute = value(&tag, "Name");
                    }
                    claims.take_attributes(&element, &tag);
                }
                Event::Text(text) => claims.take_text(&element, &attribute, text.xml10_content().trim()),
                Event::End(_) => element.clear(),
                Event::DocType(_) => return None,
                Event::Eof => return (root.as_deref() == Some("Response")).then_some(claims),
                _ => {}
            }
        }
    }

    pub fn succeeded(&self) -> bool {
        self.status.ends_with(":Success")
    }

    pub fn offers(&self, role: &str, provider: &str) -> bool {
        self.roles
            .iter()
            .any(|pair| pair.len() == 2 && pair.iter().any(|p| p == role) && pair.iter().any(|p| p == provider))
    }

    fn take_attributes(&mut self, element: &str, tag: &BytesStart<'_>) {
        match element {
            "StatusCode" if self.status.is_empty() => self.status = value(tag, "Value"),
            "EncryptedAssertion" => self.encrypted = true,
            "SubjectConfirmationData" => self.recipient = value(tag, "Recipient"),
            _ => {}
        }
        if matches!(element, "SubjectConfirmationData" | "Conditions")
            && let Ok(end) = value(tag, "NotOnOrAfter").parse::<Timestamp>()
        {
            self.not_on_or_after = Some(self.not_on_or_after.map_or(end, |earlier| earlier.min(end)));
        }
    }

    fn take_text(&mut self, element: &str, attribute: &str, text: &str) {
        match (element, attribute.rsplit('/').next().unwrap_or_default()) {
            ("Audience", _) => self.audience = text.to_string(),
            ("NameID", _) => self.subject = text.to_string(),
            ("Issuer", _) => self.issuer = text.to_string(),
            ("AttributeValue", "RoleSessionName") => self.session_name = text.to_string(),
            ("AttributeValue", "Role") => {
                self.roles.push(text.split(',').map(|part| part.trim().to_string()).collect())
            }
            _ => {}
        }
    }
}

fn value(tag: &BytesStart<'_>, name: &str) -> String {
    match tag.try_get_attribute(name) {
        Ok(Some(attribute)) => attribute.value.to_string(),
        _ => String::new(),
    }
}
