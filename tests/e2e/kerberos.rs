//! `auth = "spnego"`: MIT's KDC gives the tickets, mod_auth_gssapi takes them.

use crate::support::profile::{AWS, sso_url};
use crate::support::{Home, Profile, lab};

#[test]
fn a_ticket_is_all_it_takes() {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    let credentials = home.get().succeeds();
    assert_eq!(credentials["AccountId"], "111122223333");
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), ["ok"]);
}

#[test]
fn a_second_get_comes_from_the_cache() {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    let first = home.get().succeeds();
    assert_eq!(home.get().succeeds(), first);
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), ["ok"]);
}

#[test]
fn the_cache_is_not_handed_to_another_principal() {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    let alice = home.get().succeeds();
    home.kinit("bob");
    assert_ne!(home.get().succeeds(), alice);
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), ["ok", "ok"]);
}

#[test]
fn a_keytab_logs_in_without_a_ticket_and_leaves_none() {
    let home = Home::with(&with_keytab("alice.keytab", "alice"));
    home.get().succeeds();
    assert!(!home.ticket_cache().exists());
}

#[test]
fn a_keytab_leaves_the_users_own_tickets_untouched() {
    let home = Home::with(&with_keytab("alice.keytab", "alice"));
    home.kinit("bob");
    let before = std::fs::read(home.ticket_cache()).expect("bob's tickets");
    let identity = home.run(home.aws().args(["sts", "get-caller-identity"])).json();
    assert_eq!(identity["Arn"], "arn:aws:sts::111122223333:assumed-role/Dev/alice@example.test");
    assert!(before == std::fs::read(home.ticket_cache()).expect("bob's tickets"), "bob's ticket cache has changed");
}

#[test]
fn without_a_ticket_the_user_is_told_to_get_one() {
    let home = Home::with(&Profile::spnego());
    home.get().fails_as("no-kerberos-ticket");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "only time lets a real ticket expire")]
fn an_expired_ticket_is_told_from_a_missing_one() {
    let home = Home::with(&Profile::spnego());
    home.kinit_for("alice", "2s");
    while home.has_ticket() {
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    // klist calls a ticket expired in the second of its end, GSSAPI in the one after.
    std::thread::sleep(std::time::Duration::from_secs(2));
    home.get().fails_as("kerberos-ticket-expired");
}

#[test]
fn a_service_key_that_was_rotated_is_a_refusal_by_the_service() {
    let home = Home::with(&Profile::spnego().idp_url(&sso_url(lab().idp_origin(), "stale", AWS)));
    home.kinit("alice");
    home.get().fails_as("kerberos-rejected");
}

#[test]
fn a_kdc_that_is_down_is_unreachable() {
    let mut home = Home::with(&Profile::spnego());
    home.kinit("alice");
    home.lose_the_kdc();
    home.get().fails_as("kdc-unreachable");
}

#[test]
fn a_kdc_that_is_down_is_unreachable_for_a_keytab_too() {
    let mut home = Home::with(&with_keytab("alice.keytab", "alice"));
    home.lose_the_kdc();
    home.get().fails_as("kdc-unreachable");
}

#[test]
fn a_locked_principal_is_refused_by_the_kdc() {
    let home = Home::with(&with_keytab("locked.keytab", "locked"));
    home.get().fails_as("kdc-refused");
}

#[test]
fn a_keytab_from_before_the_password_changed_is_refused_by_the_kdc() {
    let home = Home::with(&with_keytab("alice-outdated.keytab", "alice"));
    home.get().fails_as("keytab-refused");
}

#[test]
fn a_keytab_without_the_principal_is_unusable() {
    let home = Home::with(&with_keytab("alice.keytab", "bob"));
    home.get().fails_as("keytab-unusable");
}

#[test]
fn a_service_that_the_kdc_does_not_know_is_refused_by_the_kdc() {
    let home = Home::with(&Profile::spnego().idp_url(&sso_url(by_address(), "negotiate", AWS)));
    home.kinit("alice");
    home.get().fails_as("kdc-refused");
}

#[test]
fn a_token_goes_to_another_origin_only_if_it_is_listed() {
    let elsewhere = Profile::spnego().idp_url(&sso_url(&format!("{}/to-name", by_address()), "negotiate", AWS));
    let home = Home::with(&elsewhere);
    home.kinit("alice");
    home.get().fails_as("origin-not-allowed");

    home.configure(&elsewhere.saml(&format!(r#"idp_origins = ["{}"]"#, lab().idp_origin())));
    home.get().succeeds();
}

#[test]
fn negotiate_is_chosen_where_basic_is_offered_beside_it() {
    let profile = Profile::spnego().idp_url(&sso_url(lab().idp_origin(), "basic", AWS));
    let home = Home::with(&profile);
    home.kinit("alice");
    home.get().succeeds();
}

#[test]
fn a_service_that_requires_channel_bindings_gets_them() {
    let home = Home::with(&at_acceptor("require"));
    home.kinit("alice");
    home.get().succeeds();
}

#[test]
fn a_service_that_requires_channel_bindings_refuses_a_token_without() {
    let home = Home::with(&at_acceptor("require").saml(r#"channel_bindings = "none""#));
    home.kinit("alice");
    home.get().fails_as("kerberos-rejected");
}

#[test]
fn mutual_authentication_is_as_strict_as_it_is_configured() {
    let table = [
        ("require", "required", None),
        ("silent", "required", Some("mutual-auth-failed")),
        ("silent", "optional", None),
        ("forged", "required", Some("mutual-auth-failed")),
        ("forged", "optional", Some("mutual-auth-failed")),
        ("forged", "disabled", None),
    ];
    for (server, setting, refusal) in table {
        let home = Home::with(&at_acceptor(server).saml(&format!(r#"mutual_authentication = "{setting}""#)));
        home.kinit("alice");
        let outcome = home.get();
        match refusal {
            Some(code) => _ = outcome.fails_as(code),
            None => assert_eq!(outcome.status, Some(0), "{server}, {setting}: {}", outcome.stderr),
        }
    }
}

fn with_keytab(keytab: &str, principal: &str) -> Profile {
    Profile::spnego()
        .saml(&format!(r#"keytab = "{}""#, lab().keytab(keytab).display()))
        .saml(&format!(r#"principal = "{principal}""#))
}

#[test]
fn a_ticket_that_was_taken_for_no_account_is_told_so_with_whose_it_is() {
    let home = Home::with(&at_acceptor("unknown"));
    home.kinit("carol");
    let outcome = home.get();
    outcome.fails_as("login-page");
    assert!(outcome.stderr.contains("the IdP took the Kerberos ticket of carol@EXAMPLE.TEST"), "{}", outcome.stderr);
}

#[test]
fn a_ticket_that_is_too_large_for_the_server_is_told_with_its_size() {
    let home = Home::with(&at_acceptor("narrow"));
    home.kinit("alice");
    let outcome = home.get();
    outcome.fails_as("kerberos-ticket-too-large");
    assert!(outcome.stderr.contains("bytes") && outcome.stderr.contains("groups"), "{}", outcome.stderr);
}

#[test]
fn ntlm_under_the_name_of_negotiate_is_named() {
    let home = Home::with(&at_acceptor("ntlm"));
    home.kinit("alice");
    let outcome = home.get();
    outcome.fails_as("negotiate-not-offered");
    assert!(outcome.stderr.contains("NTLM"), "{}", outcome.stderr);
}

/// The acceptor in front of the IdP, behaving so.
fn at_acceptor(behaviour: &str) -> Profile {
    Profile::spnego().idp_url(&sso_url(lab().variable("LAB_ACCEPTOR_ORIGIN"), behaviour, AWS))
}

/// The IdP under the address of its host, for which there is no service principal.
fn by_address() -> &'static str {
    lab().variable("LAB_IDP_ORIGIN_BY_ADDRESS")
}
