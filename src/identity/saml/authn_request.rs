//! A request for an assertion on behalf of AWS's sign-in (SAML 2.0 Core §3.4), for an IdP that sends no unsolicited response.
//! Unsigned, since AWS publishes no key for it. Serves `authn_request`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::arn::Partition;
use crate::config::profile::Saml;
use crate::error::{Code, Error, Result};
use crate::hex;
use crate::random;
use crate::secret::Secret;
use crate::time;

#[derive(Clone, Copy)]
pub enum Answer {
    /// A form that the browser posts.
    Post,
    /// A SOAP envelope.
    Paos,
}

/// The element, without an XML declaration.
pub fn xml(saml: &Saml, answer: Answer) -> Result<String> {
    let partition = saml.principal_arn.as_ref().map_or(Partition::Aws, |provider| provider.partition);
    let (issuer, consumer) = (issuer(partition), format!("https://{}/saml", partition.sign_in_domain()));
    let binding = match answer {
        Answer::Post => "HTTP-POST",
        Answer::Paos => "PAOS",
    };
    let mut destination = saml.idp_url.to_url();
    destination.set_query(None);
    // An ID is an NCName, which must not begin with a digit.
    let id = random::bytes::<16>()
        .map_err(|e| Error::new(Code::Bug, "the system has no randomness for a request").because(e.to_string()))?;
    let (id, now) = (hex::encode(&id), time::whole_seconds(time::now()));
    let destination = escape(destination.as_str());
    Ok(format!(
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_{id}\" Version=\"2.0\" IssueInstant=\"{now}\" \
         Destination=\"{destination}\" AssertionConsumerServiceURL=\"{consumer}\" \
         ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\"><saml:Issuer>{issuer}</saml:Issuer></samlp:AuthnRequest>"
    ))
}

/// `idp_url` with the request (SAML 2.0 Bindings §3.4). A `RelayState` in it stays.
pub fn redirect(saml: &Saml) -> Result<Url> {
    let mut url = saml.idp_url.to_url();
    let request = STANDARD.encode(deflate(xml(saml, Answer::Post)?.as_bytes()));
    url.query_pairs_mut().append_pair("SAMLRequest", &request);
    Ok(url)
}

/// The address, and the form to post there (SAML 2.0 Bindings §3.5). A `RelayState` in `idp_url` becomes a field.
pub fn post(saml: &Saml) -> Result<(Url, Secret)> {
    let mut url = saml.idp_url.to_url();
    let (relay, others): (Vec<_>, Vec<_>) =
        saml.idp_url.query_pairs().into_owned().partition(|(name, _)| name == "RelayState");
    if others.is_empty() {
        url.set_query(None);
    } else {
        url.query_pairs_mut().clear().extend_pairs(others);
    }
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("SAMLRequest", &STANDARD.encode(xml(saml, Answer::Post)?)).extend_pairs(relay);
    Ok((url, Secret::new(form.finish())))
}

/// The entity id in the metadata that AWS publishes for each partition.
fn issuer(partition: Partition) -> String {
    match partition {
        Partition::Aws => "urn:amazon:webservices".to_owned(),
        Partition::AwsCn => "urn:amazon:webservices:cn-north-1".to_owned(),
        Partition::AwsUsGov => "urn:amazon:webservices:govcloud".to_owned(),
        Partition::AwsIso | Partition::AwsIsoB | Partition::AwsIsoE | Partition::AwsIsoF | Partition::AwsEusc => {
            format!("https://{}/saml", partition.sign_in_domain())
        }
    }
}

/// DEFLATE with a stored block (RFC 1951 §3.2.4).
fn deflate(bytes: &[u8]) -> Vec<u8> {
    // A request has some 600 bytes, and a block up to 65535. A longer one is cut, and the IdP refuses it.
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut block = vec![1];
    block.extend(length.to_le_bytes());
    block.extend((!length).to_le_bytes());
    block.extend(&bytes[..usize::from(length)]);
    block
}

/// Escapes an attribute value in double quotes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_deflated_inflates() {
        for text in ["", "<samlp:AuthnRequest/>"] {
            let mut back = String::new();
            flate2::read::DeflateDecoder::new(deflate(text.as_bytes()).as_slice()).read_to_string(&mut back).unwrap();
            assert_eq!(back, text);
        }
    }
}
