//! Reads a certificate for display: subject, issuer and validity (RFC 5280 §4.1). Verifies nothing.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use crate::der;
use crate::error::printable;
use crate::time::Timestamp;

/// The fields of a certificate that are displayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// `CN=idp.example.com, O=Example`; fit for a terminal.
    pub subject: String,
    pub issuer: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// SHA-1 over the DER in hexadecimal: IAM's thumbprint, which is not used for security here.
    pub thumbprint: String,
    /// SHA-256 over the DER, as openssl and browsers show it: `AB:CD:…`.
    pub fingerprint: String,
}

impl Certificate {
    /// Parses the DER of a certificate. `None` if it is not one.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let to_be_signed = der::content_of(der::SEQUENCE, der::content_of(der::SEQUENCE, der)?)?;
        // The version, which is absent in version 1; then serial number and signature algorithm.
        let mut fields = der::elements(to_be_signed).skip_while(|field| field.tag == VERSION).skip(2);
        let issuer = name(fields.next()?.content);
        let mut validity = der::elements(fields.next()?.content);
        let (not_before, not_after) = (instant(validity.next()?)?, instant(validity.next()?)?);
        let subject = name(fields.next()?.content);
        let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, der);
        let thumbprint = sha1.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let sha256: Vec<String> = digest(&SHA256, der).as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        Some(Certificate { subject, issuer, not_before, not_after, thumbprint, fingerprint: sha256.join(":") })
    }

    /// Whether it names itself as its issuer: an authority's own certificate, or a self-signed one.
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP_STRING: u8 = 0x1e;

/// The parts of a name that are displayed, in this order: X.520's common name, organization and its unit.
const ATTRIBUTES: [(u8, &str); 3] = [(3, "CN"), (10, "O"), (11, "OU")];

fn name(distinguished_name: &[u8]) -> String {
    let attributes: Vec<(&[u8], String)> = der::elements(distinguished_name)
        .flat_map(|set| der::elements(set.content))
        .filter_map(|attribute| {
            let mut pair = der::elements(attribute.content);
            Some((pair.next()?.content, text(pair.next()?)))
        })
        .collect();
    let parts = ATTRIBUTES.iter().flat_map(|(arc, label)| {
        // id-at is 2.5.4.
        let values = attributes.iter().filter(move |(oid, _)| *oid == [0x55, 0x04, *arc]);
        values.map(move |(_, value)| format!("{label}={}", printable(value, 100)))
    });
    let name = parts.collect::<Vec<_>>().join(", ");
    if name.is_empty() { "without a name".to_owned() } else { name }
}

fn text(value: der::Element<'_>) -> String {
    if value.tag == BMP_STRING {
        let units: Vec<u16> =
            value.content.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        return String::from_utf16_lossy(&units);
    }
    String::from_utf8_lossy(value.content).into_owned()
}

/// Parses a time (RFC 5280 §4.1.2.5): in UTC and with seconds; a year of two digits is one of 1950 to 2049.
fn instant(time: der::Element<'_>) -> Option<Timestamp> {
    let digits = std::str::from_utf8(time.content).ok()?.strip_suffix('Z')?;
    let digits = match time.tag {
        UTC_TIME => format!("{}{digits}", if digits.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => digits.to_owned(),
        _ => return None,
    };
    if digits.len() != 14 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |range| &digits[range];
    let text =
        format!("{}-{}-{}T{}:{}:{}Z", part(0..4), part(4..6), part(6..8), part(8..10), part(10..12), part(12..14));
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, DnValue, KeyPair, date_time_ymd};

    fn params() -> CertificateParams {
        let mut params = CertificateParams::new(vec!["idp.example.com".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
    }

    fn parsed(params: CertificateParams) -> Certificate {
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Certificate::parse(certificate.der()).unwrap()
    }

    #[test]
    fn names_and_dates_are_read_in_both_their_forms() {
        let mut params = params();
        params.distinguished_name.push(DnType::OrganizationName, "Example");
        params.distinguished_name.push(DnType::CommonName, "idp.example.com");
        params
            .distinguished_name
            .push(DnType::OrganizationalUnitName, DnValue::BmpString("Zürich".try_into().unwrap()));
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 2), date_time_ymd(2055, 3, 4));
        let certificate = parsed(params);
        assert_eq!(certificate.subject, "CN=idp.example.com, O=Example, OU=Zürich");
        assert_eq!(certificate.not_before.to_string(), "2020-01-02T00:00:00Z");
        assert_eq!(certificate.not_after.to_string(), "2055-03-04T00:00:00Z");
        assert!(certificate.is_self_issued());
    }

    #[test]
    fn a_name_cannot_drive_a_terminal_and_may_be_missing() {
        let mut hostile = params();
        hostile.distinguished_name.push(DnType::CommonName, "a\u{1b}[31m\nb");
        assert_eq!(parsed(hostile).subject, "CN=a [31m b");
        assert_eq!(parsed(params()).subject, "without a name");
    }

    #[test]
    fn what_is_cut_short_is_no_certificate() {
        let certificate = params().self_signed(&KeyPair::generate().unwrap()).unwrap();
        let der = certificate.der();
        for length in 0..der.len() {
            assert_eq!(Certificate::parse(&der[..length]), None, "{length}");
        }
        assert_eq!(Certificate::parse(&[0x30, 0x02, 0x30, 0x00]), None);
    }
}
