//! Identity providers that others wrote, each logging in to AWS's service provider: LemonLDAP::NG by its form and by Kerberos, and
//! Django's djangosaml2idp (pysaml2).

use crate::support::{Home, Profile, lab};

fn lemonldap(portal: &str) -> String {
    let origin = lab().variable(&format!("LAB_LEMONLDAP_{}", portal.to_uppercase()));
    format!("{origin}/saml/singleSignOn?IDPInitiated=1&spConfKey=aws")
}

fn django() -> String {
    format!("{}/idp/sso/init/?sp=urn:amazon:webservices", lab().variable("LAB_DJANGO_ORIGIN"))
}

/// A home whose alice logs in by form at `idp_url`, with this password.
fn form(idp_url: &str, password: &str) -> Home {
    let profile = Profile::form("alice").idp_url(idp_url);
    let mut home = Home::with(&profile);
    let file = home.secret_file(password);
    home.configure(&profile.saml(&format!(r#"password = {{ file = "{}" }}"#, file.display())));
    home
}

#[test]
fn lemonldap_lets_alice_in_by_its_form() {
    let home = form(&lemonldap("form"), lab().password("alice"));
    assert_eq!(home.get().succeeds()["AccountId"], "111122223333");
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), ["ok"]);
}

#[test]
fn lemonldap_lets_alice_in_by_kerberos() {
    let home = Home::with(&Profile::spnego().idp_url(&lemonldap("kerberos")));
    home.kinit("alice");
    home.get().succeeds();
}

#[test]
fn djangos_idp_lets_alice_in_by_the_login_page_of_its_admin() {
    let home = form(&django(), lab().password("alice"));
    home.get().succeeds();
}

#[test]
fn a_wrong_password_is_told_as_refused_by_each() {
    for idp_url in [lemonldap("form"), django()] {
        form(&idp_url, "wrong-Pa55-word-lab").get().fails_as("idp-rejected");
    }
}

#[test]
fn a_ticket_of_somebody_whom_lemonldap_does_not_know_is_not_told_as_no_kerberos() {
    let home = Home::with(&Profile::spnego().idp_url(&lemonldap("kerberos")));
    home.kinit("carol");
    let outcome = home.get();
    outcome.fails_as("xpath-no-match");
    assert!(!outcome.stderr.contains("did not ask for Kerberos"), "{}", outcome.stderr);
}
