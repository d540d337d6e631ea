//! `auth = "ecp"` at SimpleSAMLphp, which takes Basic itself, and at mod_auth_gssapi, which takes Kerberos before it; and
//! `authn_request` at its login form.

use crate::support::profile::Profile;
use crate::support::{Home, lab};

fn password(home: &mut Home, password: &str) -> String {
    format!(r#"password = {{ file = "{}" }}"#, home.secret_file(password).display())
}

fn by_basic(secret: &str) -> Home {
    let profile = Profile::ecp("form").saml(r#"username = "alice""#);
    let mut home = Home::with(&profile);
    let line = password(&mut home, secret);
    home.configure(&profile.saml(&line));
    home
}

#[test]
fn a_password_gets_a_response_in_an_envelope_that_sts_takes() {
    assert_eq!(by_basic(lab().password("alice")).get().succeeds()["AccountId"], "111122223333");
}

#[test]
fn a_ticket_does_as_well() {
    let home = Home::with(&Profile::ecp("negotiate"));
    home.kinit("alice");
    home.get().succeeds();
}

#[test]
fn a_request_of_a_service_providers_kind_is_answered_by_redirect_and_by_post() {
    for binding in ["\"redirect\"", "\"post\""] {
        let url = format!("{}/form/saml2/idp/SSOService.php", lab().idp_origin());
        let profile = Profile::form("alice").idp_url(&url).saml(&format!("authn_request = {binding}"));
        let mut home = Home::with(&profile);
        let line = password(&mut home, lab().password("alice"));
        home.configure(&profile.saml(&line));
        home.get().succeeds();
    }
}
