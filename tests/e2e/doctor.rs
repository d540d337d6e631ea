//! `doctor` in front of real parts: for every fault that the lab can play it names that one first, at its step, and no other.

use serde_json::{Value, json};

use crate::support::profile::{ADMIN, AWS, EXPIRED, OTHER_ACCOUNT, RETIRED, sso_url};
use crate::support::{Home, Profile, lab};

/// What doctor says, of which nothing is secret.
fn report(home: &Home) -> Value {
    report_of(home, &mut home.fedcred())
}

fn report_of(home: &Home, fedcred: &mut std::process::Command) -> Value {
    let outcome = home.run(fedcred.args(["doctor", "lab", "--json"]));
    assert_eq!(outcome.stderr, "");
    for issued in home.sts.issued() {
        assert!(!outcome.stdout.contains(&issued), "{}", outcome.stdout);
    }
    let report: Value = serde_json::from_str(&outcome.stdout).expect("stdout is JSON");
    let checks = report["checks"].as_array().expect("the checks");
    assert!(checks.iter().filter(|check| check["state"] == "fault").count() <= 1, "{report:#}");
    report
}

#[track_caller]
fn finds(home: &Home, check: &str, code: &str) -> Value {
    let report = report(home);
    assert_eq!((&report["fault"]["check"], &report["fault"]["code"]), (&json!(check), &json!(code)), "{report:#}");
    report
}

fn facts<'r>(report: &'r Value, check: &str) -> &'r Value {
    let mut checks = report["checks"].as_array().expect("the checks").iter();
    &checks.find(|one| one["check"] == check).expect("a check")["facts"]
}

fn logged_in(profile: &Profile) -> Home {
    let home = Home::with(profile);
    home.kinit("alice");
    home
}

fn with_keytab(keytab: &str, principal: &str) -> Profile {
    Profile::spnego()
        .saml(&format!(r#"keytab = "{}""#, lab().keytab(keytab).display()))
        .saml(&format!(r#"principal = "{principal}""#))
}

fn at_path(path: &str) -> Profile {
    Profile::spnego().idp_url(&sso_url(lab().idp_origin(), path, AWS))
}

#[test]
fn a_ticket_that_works_is_described() {
    let report = report(&logged_in(&Profile::spnego()));
    assert_eq!(report["ok"], true, "{report:#}");
    let kerberos = facts(&report, "kerberos");
    assert_eq!(kerberos["principal"], "alice@EXAMPLE.TEST", "{report:#}");
    assert!(kerberos["ticket"].as_str().unwrap().contains("aes256"), "{report:#}");
    assert!(kerberos["service"].as_str().unwrap().starts_with("HTTP/localhost: the KDC issues a ticket"), "{report:#}");
    assert!(facts(&report, "network")["idp_certificate"].as_str().unwrap().contains("issued by"), "{report:#}");
    assert_eq!(facts(&report, "roles")["offered"].as_array().map(Vec::len), Some(4), "{report:#}");
}

#[test]
fn a_form_and_a_keytab_that_work_are_described() {
    let home = Home::with(&Profile::form("alice").saml(r#"password = { env = "CORP_PASSWORD" }"#));
    let report = report_of(&home, home.fedcred().env("CORP_PASSWORD", lab().password("alice")));
    assert_eq!(report["ok"], true, "{report:#}");
    let report = self::report(&Home::with(&with_keytab("alice.keytab", "alice")));
    assert_eq!(report["ok"], true, "{report:#}");
    assert!(facts(&report, "kerberos")["keys"].to_string().contains("alice@EXAMPLE.TEST"), "{report:#}");
}

#[test]
fn what_kerberos_lacks_is_found_before_the_login() {
    finds(&Home::with(&Profile::spnego()), "kerberos", "no-kerberos-ticket");
    let mut without_kdc = logged_in(&Profile::spnego());
    without_kdc.lose_the_kdc();
    finds(&without_kdc, "kerberos", "kdc-unreachable");
    let mut keytab_without_kdc = Home::with(&with_keytab("alice.keytab", "alice"));
    keytab_without_kdc.lose_the_kdc();
    finds(&keytab_without_kdc, "kerberos", "kdc-unreachable");
    finds(&Home::with(&with_keytab("locked.keytab", "locked")), "kerberos", "kdc-refused");
    finds(&Home::with(&with_keytab("alice-outdated.keytab", "alice")), "kerberos", "keytab-refused");
    let report = finds(&Home::with(&with_keytab("alice.keytab", "bob")), "kerberos", "keytab-unusable");
    assert!(facts(&report, "kerberos")["keys"].to_string().contains("alice@EXAMPLE.TEST"), "{report:#}");
    finds(&logged_in(&at_path("stale")), "kerberos", "kerberos-rejected");
}

#[test]
fn a_machine_without_kerberos_is_told_what_to_install() {
    let home = logged_in(&Profile::spnego());
    // What the loader finds first by MIT's name and by Heimdal's is another library.
    let other =
        "for name in libgssapi_krb5.so.2 libgssapi.so.3; do cp /lib/$(uname -m)-linux-gnu/libm.so.6 $name; done";
    assert_eq!(home.run(home.program("sh").args(["-c", other])).status, Some(0));
    let report = report_of(&home, home.fedcred().env("LD_LIBRARY_PATH", home.path(".")));
    assert_eq!(report["fault"]["code"], "gssapi-missing", "{report:#}");
    assert!(report["fault"]["hint"].as_str().unwrap().contains("apt install"), "{report:#}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "only time lets a real ticket expire")]
fn an_expired_ticket_is_told_with_its_end() {
    let home = Home::with(&Profile::spnego());
    home.kinit_for("alice", "2s");
    while home.has_ticket() {
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    std::thread::sleep(std::time::Duration::from_secs(2));
    let report = finds(&home, "kerberos", "kerberos-ticket-expired");
    assert!(facts(&report, "kerberos")["ticket"].as_str().unwrap().contains(" until "), "{report:#}");
}

#[test]
fn a_host_without_a_service_is_told_by_the_name_that_was_asked_for() {
    let by_address = lab().variable("LAB_IDP_ORIGIN_BY_ADDRESS");
    let home = logged_in(&Profile::spnego().idp_url(&sso_url(by_address, "negotiate", AWS)));
    let report = finds(&home, "kerberos", "kdc-refused");
    assert!(facts(&report, "kerberos")["service"].as_str().unwrap().starts_with("HTTP/127.0.0.1"), "{report:#}");

    let redirected = Profile::spnego().idp_url(&sso_url(&format!("{by_address}/to-name"), "negotiate", AWS));
    let home = logged_in(&redirected);
    finds(&home, "login", "origin-not-allowed");
    home.configure(&redirected.saml(&format!(r#"idp_origins = ["{}"]"#, lab().idp_origin())));
    assert_eq!(report_ok(&home), json!(true), "the host that asks for a ticket is another one");
}

fn report_ok(home: &Home) -> Value {
    report(home)["ok"].clone()
}

#[test]
fn what_the_idp_answers_is_placed_and_described() {
    let for_sp = |name: &str| logged_in(&Profile::spnego().idp_url(&sso_url(lab().idp_origin(), "negotiate", name)));
    let report = finds(&for_sp("urn:lab:nobody"), "page", "xpath-no-match");
    assert!(facts(&report, "page")["kind"].as_str().unwrap().contains("SimpleSAMLphp"), "{report:#}");
    finds(&for_sp(EXPIRED), "identity", "assertion-expired");
    let unknown = Home::with(&Profile::spnego());
    unknown.kinit("carol");
    finds(&unknown, "identity", "idp-denied-claim");

    let ws_federation = format!(
        "{}/negotiate/module.php/adfs/idp/prp.php?wa=wsignin1.0&wtrealm=urn:lab:ws-federation",
        lab().idp_origin()
    );
    finds(&logged_in(&Profile::spnego().idp_url(&ws_federation)), "page", "not-a-saml-response");
    let form = Profile::spnego().idp_url(&sso_url(lab().idp_origin(), "form", AWS));
    let report = finds(&logged_in(&form), "page", "login-page");
    let kind = facts(&report, "page")["kind"].as_str().unwrap();
    assert!(kind.contains("a login page of SimpleSAMLphp"), "{report:#}");

    let home = Home::with(&Profile::form("alice").saml(r#"password = { env = "CORP_PASSWORD" }"#));
    let report = report_of(&home, home.fedcred().env("CORP_PASSWORD", "wrong-Pa55-word-lab"));
    assert_eq!(report["fault"]["code"], "idp-rejected", "{report:#}");
    finds(&logged_in(&Profile::spnego().without_ca()), "network", "tls-untrusted");
    finds(&logged_in(&Profile::spnego().idp_url("https://localhost:1/")), "network", "connect");
}

#[test]
fn roles_and_providers_that_do_not_fit_are_named() {
    let bob = Home::with(&Profile::spnego().role(ADMIN));
    bob.kinit("bob");
    finds(&bob, "roles", "role-not-offered");
    finds(&logged_in(&Profile::spnego().without_role()), "roles", "role-not-chosen");
    let other = Profile::spnego().saml(r#"principal_arn = "arn:aws:iam::111122223333:saml-provider/form""#);
    finds(&logged_in(&other), "roles", "provider-mismatch");
}

#[test]
fn what_sts_refuses_is_told_apart() {
    finds(&logged_in(&Profile::spnego().line(r#"duration = "2h""#)), "duration", "sts-duration");
    finds(&logged_in(&Profile::spnego().role(OTHER_ACCOUNT)), "sts", "sts-provider-unknown");
    finds(&logged_in(&Profile::spnego().role(RETIRED)), "sts", "sts-access-denied");
    let policy = r#"policy = '{"Version": "2012-10-17", "Statement": "none"}'"#;
    finds(&logged_in(&Profile::spnego().line(policy)), "sts", "sts-policy");
    let table = [
        ("code=Throttling&times=100", "sts-throttled"),
        ("hang=600&times=100", "timeout"),
        ("drop&times=100", "connect"),
        ("code=InternalFailure&status=500&times=100", "sts-unavailable"),
    ];
    for (fault, code) in table {
        let home = logged_in(&Profile::spnego().line(r#"deadline = "4s""#));
        home.sts.fail(fault);
        finds(&home, "sts", code);
    }
}

#[test]
fn channel_bindings_and_mutual_authentication_are_kerberos_own() {
    let acceptor = |path: &str| Profile::spnego().idp_url(&sso_url(lab().variable("LAB_ACCEPTOR_ORIGIN"), path, AWS));
    assert_eq!(report_ok(&logged_in(&acceptor("require"))), json!(true));
    finds(&logged_in(&acceptor("require").saml(r#"channel_bindings = "none""#)), "kerberos", "kerberos-rejected");
    finds(
        &logged_in(&acceptor("silent").saml(r#"mutual_authentication = "required""#)),
        "kerberos",
        "mutual-auth-failed",
    );
}

#[test]
fn an_sdk_profile_that_calls_us_is_known_by_its_command() {
    let home = logged_in(&Profile::spnego());
    let line = format!("credential_process = {} get lab\n", env!("CARGO_BIN_EXE_fedcred"));
    home.write(".aws/config", &format!("[profile corp]\n{line}"));
    let report = report(&home);
    assert_eq!(report["ok"], true, "{report:#}");
    assert!(facts(&report, "aws-files")["called_by"].to_string().contains("[profile corp]"), "{report:#}");
}
