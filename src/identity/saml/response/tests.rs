use super::parser::{PROTOCOL, STATUS_PREFIX};
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
        (encode("hello").expose().to_owned(), "not well-formed"),
        (encode("<a><b></b></a>").expose().to_owned(), "root element is a"),
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
            "not well-formed",
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
