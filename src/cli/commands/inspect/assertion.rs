//! A SAML response as lines and as JSON, with what AWS would object to.

use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::cli::facts::{Facts, listed, until};
use crate::cli::output::Text;
use crate::config::written_duration;
use crate::error::printable;
use crate::identity::saml::response::{AWS_ATTRIBUTE, Attribute, Response, Signature, is_aws_sign_in};
use crate::time::{Timestamp, whole_seconds};
use crate::x509::Certificate;

pub fn text(response: &Response, now: Timestamp) -> Text {
    let shown = |text: &Option<String>| text.as_deref().map(|text| printable(text, 300));
    let all = |texts: &[String]| Some(printable(&texts.join(", "), 600));
    let mut facts = Facts::default();
    facts.add("status", Some(status(response)));
    facts.add("says", shown(&response.status_message));
    facts.add("issuer", shown(&response.issuer));
    let format = response.subject_format.as_deref().map(|f| format!(" ({})", printable(f, 100))).unwrap_or_default();
    facts.add("subject", response.subject.as_deref().map(|subject| format!("{}{format}", printable(subject, 300))));
    facts.add("audience", all(&response.audiences));
    facts.add("recipient", all(&response.recipients));
    facts.add("destination", shown(&response.destination));
    facts.add("authentication", shown(&response.authentication));
    facts.add("issued", response.issued.map(whole_seconds));
    facts.add("valid from", response.not_before.map(whole_seconds));
    facts.add("valid until", response.not_on_or_after.map(|at| until(at, now)));
    facts.add("session until", response.session_not_on_or_after.map(|at| until(at, now)));
    let console = response.session_duration.map(Duration::from_secs).map(written_duration);
    facts.add("console session", console);
    facts.add("session name", shown(&response.role_session_name));
    facts.add("source identity", response.aws_attribute("SourceIdentity").map(|text| printable(text, 100)));
    for signature in &response.signatures {
        facts.add("signature", Some(signature_text(signature, now)));
    }
    facts
        .add("assertion", response.is_encrypted.then(|| "encrypted for AWS, so its contents are not known".to_owned()));
    let roles = response.roles.iter().map(|offer| format!("{} through {}", offer.role_arn, offer.principal_arn));
    let tags =
        response.session_tags().map(|(key, value)| format!("{} = {}", printable(key, 128), printable(value, 256)));
    let attributes = others(response).map(|attribute| {
        format!("{}: {}", printable(&attribute.name, 200), printable(&attribute.values.join(", "), 400))
    });
    facts.text()
        + listed("roles", roles)
        + listed("session tags", tags)
        + listed("other attributes", attributes)
        + listed("AWS would object", objections(response, now))
}

pub fn json(response: &Response, now: Timestamp) -> Value {
    let roles: Vec<Value> = response
        .roles
        .iter()
        .map(|offer| {
            json!({
                "role_arn": offer.role_arn.as_str(),
                "account_id": &*offer.role_arn.owner,
                "principal_arn": offer.principal_arn.as_str(),
            })
        })
        .collect();
    let attributes: Map<String, Value> =
        response.attributes.iter().map(|a| (a.name.clone(), json!(a.values))).collect();
    let tags: Map<String, Value> = response.session_tags().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    json!({
        "kind": "saml",
        "status": response.status,
        "status_message": response.status_message,
        "issuer": response.issuer,
        "subject": response.subject,
        "subject_format": response.subject_format,
        "audiences": response.audiences,
        "recipients": response.recipients,
        "destination": response.destination,
        "authentication": response.authentication,
        "issued": response.issued.map(whole_seconds),
        "not_before": response.not_before.map(whole_seconds),
        "not_on_or_after": response.not_on_or_after.map(whole_seconds),
        "seconds_left": response.not_on_or_after.map(|at| at.duration_since(now).as_secs()),
        "session_not_on_or_after": response.session_not_on_or_after.map(whole_seconds),
        "session_duration": response.session_duration,
        "role_session_name": response.role_session_name,
        "source_identity": response.aws_attribute("SourceIdentity"),
        "session_tags": tags,
        "roles": roles,
        "attributes": attributes,
        "signatures": response.signatures.iter().map(signature_json).collect::<Vec<_>>(),
        "is_encrypted": response.is_encrypted,
        "objections": objections(response, now),
    })
}

fn status(response: &Response) -> String {
    match response.status.is_empty() {
        true => "none: only an assertion".to_owned(),
        false => printable(&response.status.join(", "), 200),
    }
}

/// The attributes that no other line shows.
fn others(response: &Response) -> impl Iterator<Item = &Attribute> {
    let told = |name: &str| {
        let told = ["Role", "RoleSessionName", "SessionDuration", "SourceIdentity"];
        let ours = name.strip_prefix(AWS_ATTRIBUTE);
        ours.is_some_and(|name| told.contains(&name) || name.starts_with("PrincipalTag:"))
    };
    response.attributes.iter().filter(move |attribute| !told(&attribute.name))
}

fn signature_text(signature: &Signature, now: Timestamp) -> String {
    let of = if signature.is_of_assertion { "assertion" } else { "response" };
    let certificate = match signature.certificate.as_deref().map(Certificate::parse) {
        Some(Some(known)) => format!(", by {} until {}", known.subject, until(known.not_after, now)),
        Some(None) => ", with a certificate that cannot be read".to_owned(),
        None => String::new(),
    };
    format!("of the {of}, {}{certificate}", algorithm(&signature.algorithm))
}

fn signature_json(signature: &Signature) -> Value {
    let certificate = signature.certificate.as_deref().and_then(|der| {
        let known = Certificate::parse(der)?;
        let fingerprint: Vec<String> = Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect();
        Some(json!({
            "subject": known.subject,
            "issuer": known.issuer,
            "not_before": whole_seconds(known.not_before),
            "not_after": whole_seconds(known.not_after),
            "sha256": fingerprint.concat(),
        }))
    });
    json!({
        "of": if signature.is_of_assertion { "assertion" } else { "response" },
        "algorithm": algorithm(&signature.algorithm),
        "digest": algorithm(&signature.digest),
        "certificate": certificate,
    })
}

/// Returns `rsa-sha256` of `http://www.w3.org/2001/04/xmldsig-more#rsa-sha256`.
fn algorithm(uri: &str) -> String {
    printable(uri.rsplit('#').next().unwrap_or_default(), 60)
}

/// Returns what AWS refuses, or will soon (IAM User Guide, "Configure SAML assertions for the authentication response").
fn objections(response: &Response, now: Timestamp) -> Vec<String> {
    let mut objections = Vec::new();
    let mut object = |is_wrong: bool, what: String| {
        if is_wrong {
            objections.push(what);
        }
    };
    let knows_contents = response.has_assertion;
    object(
        !response.status.is_empty() && !response.is_success(),
        "the IdP refused the login: there is no assertion in it".to_owned(),
    );
    object(response.not_on_or_after.is_some_and(|at| at <= now), "it has expired".to_owned());
    object(response.not_before.is_some_and(|at| at > now), "it is not valid yet, by this machine's clock".to_owned());
    object(
        knows_contents && response.roles.is_empty(),
        format!("it offers no role: no attribute {AWS_ATTRIBUTE}Role with a role and a provider"),
    );
    object(
        knows_contents && response.role_session_name.is_none(),
        format!("it has no attribute {AWS_ATTRIBUTE}RoleSessionName"),
    );
    let is_for_aws = |audience: &String| audience.starts_with("urn:amazon:webservices") || is_aws_sign_in(audience);
    object(
        knows_contents && !response.audiences.iter().any(is_for_aws),
        "its audience is not AWS: neither urn:amazon:webservices nor a sign-in address".to_owned(),
    );
    object(
        knows_contents && !response.recipients.iter().any(|recipient| is_aws_sign_in(recipient)),
        "its recipient is not AWS's sign-in address".to_owned(),
    );
    object(knows_contents && response.signatures.is_empty(), "neither it nor the response is signed".to_owned());
    object(
        response.session_duration.is_some_and(|seconds| !(900..=43200).contains(&seconds)),
        "its SessionDuration is not between 900 and 43200 seconds".to_owned(),
    );
    for signature in &response.signatures {
        let known = signature.certificate.as_deref().and_then(Certificate::parse);
        object(
            known.is_some_and(|known| known.not_after <= now),
            "the certificate in its signature has expired; AWS goes by that in the provider's metadata".to_owned(),
        );
    }
    objections
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::saml::paste::{self, Pasted};

    const AT: &str = "2026-11-21T10:00:00Z";

    fn response(xml: &str) -> Response {
        match paste::read(zeroize::Zeroizing::new(xml.into())).unwrap() {
            Pasted::Response { response, .. } => *response,
            other => panic!("{other:?}"),
        }
    }

    fn objected(inner: &str) -> Vec<String> {
        let xml = format!(
            "<p:Response xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol' xmlns='urn:oasis:names:tc:SAML:2.0:assertion' xmlns:d='http://www.w3.org/2000/09/xmldsig#'><p:Status><p:StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:Success'/></p:Status><Assertion>{inner}</Assertion></p:Response>"
        );
        objections(&response(&xml), AT.parse().unwrap())
    }

    const SIGNED: &str = "<d:Signature/>";
    const FOR_AWS: &str = "<Subject><SubjectConfirmation><SubjectConfirmationData Recipient='https://signin.aws.amazon.com/saml' NotOnOrAfter='2026-11-21T10:05:00Z'/></SubjectConfirmation></Subject><Conditions><AudienceRestriction><Audience>urn:amazon:webservices</Audience></AudienceRestriction></Conditions>";

    fn attribute(name: &str, value: &str) -> String {
        format!(
            "<AttributeStatement><Attribute Name='{AWS_ATTRIBUTE}{name}'><AttributeValue>{value}</AttributeValue></Attribute></AttributeStatement>"
        )
    }

    #[test]
    fn each_thing_that_aws_refuses_is_told_and_nothing_else() {
        let role = attribute("Role", "arn:aws:iam::112233334444:role/Dev,arn:aws:iam::112233334444:saml-provider/corp");
        let name = attribute("RoleSessionName", "alice");
        let long = attribute("SessionDuration", "90000");
        let over = FOR_AWS.replace("10:05:00", "09:05:00");
        let table = [
            (format!("{SIGNED}{FOR_AWS}{role}{name}"), vec![]),
            (format!("{FOR_AWS}{role}{name}"), vec!["neither it nor the response is signed"]),
            (format!("{SIGNED}{FOR_AWS}{name}"), vec!["it offers no role"]),
            (format!("{SIGNED}{FOR_AWS}{role}"), vec!["RoleSessionName"]),
            (format!("{SIGNED}{over}{role}{name}"), vec!["it has expired"]),
            (format!("{SIGNED}{FOR_AWS}{role}{name}{long}"), vec!["between 900 and 43200"]),
            (format!("{SIGNED}{role}{name}"), vec!["its audience is not AWS", "its recipient is not"]),
        ];
        for (inner, expected) in table {
            let came = objected(&inner);
            assert_eq!(came.len(), expected.len(), "{came:?}");
            assert!(came.iter().zip(&expected).all(|(came, word)| came.contains(word)), "{came:?}");
        }
    }
}
