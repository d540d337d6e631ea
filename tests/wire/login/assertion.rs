//! What is on the page: assertions that are refused before STS is asked, and the choice of the role.

use crate::support::assertion::{ADMIN, AWS_ACS, Assertion, DEV, OPENING_BASE64, PROVIDER};
use crate::support::idp::{Site, saml_page};
use crate::support::pages;
use crate::support::reply::Reply;
use crate::world::World;

/// An IdP whose page has this SAMLResponse.
fn sends(saml_response: &str) -> World {
    World::open(Site::new().get("/sso", saml_page(AWS_ACS, saml_response)))
}

#[test]
fn what_is_no_saml_response_is_not_sent_to_sts() {
    let base64 = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let table = [
        ("%%% not base64 %%%".to_string(), "not-a-saml-response"),
        (base64("not XML"), "not-a-saml-response"),
        (base64("<html/>"), "not-a-saml-response"),
        (Assertion::default().base64()[..200].to_string(), "not-a-saml-response"),
        ("  ".to_string(), "not-a-saml-response"),
    ];
    for (saml_response, code) in table {
        let world = sends(&saml_response);
        world.get().fails_as(code);
        assert_eq!(world.sts.server().connections(), 0, "{code}");
    }
}

#[test]
fn a_ws_federation_answer_is_named() {
    let page = pages::auto_submit(AWS_ACS, &[("wa", "wsignin1.0"), ("wresult", "<t:RequestSecurityTokenResponse/>")]);
    let world = World::open(Site::new().get("/sso", Reply::html(page)));
    world.get().fails_as("not-a-saml-response").saying("WS-Federation");
    assert_eq!(world.idp.journal().len(), 1, "it is not posted on");
}

#[test]
fn a_denial_of_the_idp_is_told_in_its_own_words() {
    let world = sends(&Assertion::denied("RequestDenied").base64());
    world.get().fails_as("idp-denied-claim").saying("RequestDenied").saying("not today");
    assert!(world.sts.calls().is_empty());
}

#[test]
fn an_assertion_whose_time_has_passed_is_not_sent() {
    let world = sends(&Assertion::expired().base64());
    world.get().fails_as("assertion-expired");
    assert!(world.sts.calls().is_empty());
}

#[test]
fn a_role_that_is_not_on_offer_is_answered_with_those_that_are() {
    let world = sends(&Assertion::default().base64()).set("role_arn", "arn:aws:iam::111122223333:role/Other");
    world.get().fails_as("role-not-offered").saying(DEV).saying(ADMIN);
    assert!(world.sts.calls().is_empty());
}

#[test]
fn another_provider_than_the_assertions_is_named() {
    let world = sends(&Assertion::default().base64())
        .set("saml.principal_arn", "arn:aws:iam::111122223333:saml-provider/other");
    world.get().fails_as("provider-mismatch").saying(PROVIDER);
    assert!(world.sts.calls().is_empty());
}

#[test]
fn several_roles_and_none_named_are_listed() {
    let world = sends(&Assertion::default().base64()).unset("role_arn");
    world.get().fails_as("role-not-chosen").saying(DEV).saying(ADMIN);
}

#[test]
fn the_only_role_on_offer_needs_no_name() {
    let one = Assertion::offering(&[&format!("{PROVIDER},{DEV}")]);
    let world = sends(&one.base64()).unset("role_arn").unset("saml.principal_arn");
    world.get().succeeds();
    assert_eq!((&*world.sts.calls()[0]["RoleArn"], &*world.sts.calls()[0]["PrincipalArn"]), (DEV, PROVIDER));
}

#[test]
fn white_space_and_order_in_a_role_value_do_not_matter() {
    let world = sends(&Assertion::default().base64()).set("role_arn", ADMIN);
    let printed = world.get().succeeds();
    assert_eq!(printed["AccountId"], "111122223333");
    assert!(world.sts.issued()[0].arn.contains(":assumed-role/Admin/"));
}

#[test]
fn an_encrypted_assertion_is_left_to_sts() {
    let encrypted = Assertion { encrypted: true, ..Assertion::default() };
    let world = sends(&encrypted.base64());
    world.get().fails_as("sts-invalid-identity");
    assert_eq!(world.sts.calls().len(), 1);
}

#[test]
fn an_unusual_audience_is_left_to_sts() {
    let unusual = Assertion { audience: "https://signin.example.test".into(), ..Assertion::default() };
    let world = sends(&unusual.base64());
    world.get().fails_as("sts-invalid-identity");
    assert_eq!(world.sts.calls().len(), 1);
}

#[test]
fn the_bytes_go_to_sts_unchanged() {
    let sent = Assertion::default().base64();
    let world = sends(&sent);
    world.get().succeeds();
    let arrived = &world.sts.calls()[0]["SAMLAssertion"];
    assert!(arrived.starts_with(OPENING_BASE64) && *arrived == sent);
}

#[test]
fn white_space_around_and_missing_padding_are_forgiven() {
    // One byte over a multiple of three, so that the encoding ends in padding.
    let mut assertion = Assertion::default();
    while !assertion.base64().ends_with("==") {
        assertion.session_name.push('x');
    }
    let sent = assertion.base64();
    let world = sends(&format!("\n  {}\n", sent.trim_end_matches('=')));
    world.get().succeeds();
    assert_eq!(world.sts.calls()[0]["SAMLAssertion"], sent);
}
