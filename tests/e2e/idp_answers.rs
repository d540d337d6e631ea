//! What the IdP answers once it knows who asks, other than with what was hoped for.

use crate::support::profile::{ADMIN, DEV, EXPIRED, sso_url};
use crate::support::{Home, Profile, lab};

#[test]
fn a_user_whom_the_idp_does_not_know_is_denied() {
    let home = Home::with(&Profile::spnego());
    home.kinit("carol");
    home.get().fails_as("idp-denied-claim");
}

#[test]
fn the_error_page_for_an_unknown_service_provider_holds_no_response() {
    let home = Home::with(&for_service_provider("urn:lab:nobody"));
    home.kinit("alice");
    home.get().fails_as("xpath-no-match");
}

#[test]
fn an_assertion_that_has_expired_is_not_sent() {
    let home = Home::with(&for_service_provider(EXPIRED));
    home.kinit("alice");
    home.get().fails_as("assertion-expired");
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), [""; 0]);
}

#[test]
fn a_ws_federation_page_is_no_saml_response() {
    let url = format!(
        "{}/negotiate/module.php/adfs/idp/prp.php?wa=wsignin1.0&wtrealm=urn:lab:ws-federation",
        lab().idp_origin()
    );
    let home = Home::with(&Profile::spnego().idp_url(&url));
    home.kinit("alice");
    home.get().fails_as("not-a-saml-response");
}

#[test]
fn a_role_that_is_not_offered_is_named_beside_those_that_are() {
    let home = Home::with(&Profile::spnego().role(ADMIN));
    home.kinit("bob");
    let outcome = home.get();
    outcome.fails_as("role-not-offered");
    assert!(outcome.stderr.contains(DEV), "{}", outcome.stderr);
}

#[test]
fn the_only_role_on_offer_needs_no_name() {
    let home = Home::with(&Profile::spnego().without_role());
    home.kinit("bob");
    home.get().succeeds();
}

#[test]
fn several_roles_on_offer_are_listed_when_none_was_named() {
    let home = Home::with(&Profile::spnego().without_role());
    home.kinit("alice");
    let outcome = home.get();
    outcome.fails_as("role-not-chosen");
    assert!(outcome.stderr.contains(DEV) && outcome.stderr.contains(ADMIN), "{}", outcome.stderr);
}

#[test]
fn a_provider_that_is_not_the_assertions_is_named() {
    let profile = Profile::spnego().saml(r#"principal_arn = "arn:aws:iam::111122223333:saml-provider/form""#);
    let home = Home::with(&profile);
    home.kinit("alice");
    home.get().fails_as("provider-mismatch");
}

#[test]
fn a_certificate_of_an_unknown_authority_is_not_trusted() {
    let home = Home::with(&Profile::spnego().without_ca());
    home.kinit("alice");
    home.get().fails_as("tls-untrusted");
}

#[test]
fn an_idp_that_is_down_is_no_connection() {
    let home = Home::with(&Profile::spnego().idp_url("https://localhost:1/").saml("retry = { total = 0 }"));
    home.kinit("alice");
    home.get().fails_as("connect");
}

fn for_service_provider(name: &str) -> Profile {
    Profile::spnego().idp_url(&sso_url(lab().idp_origin(), "negotiate", name))
}
