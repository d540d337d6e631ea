//! A user name and a password: `auth = "form"` in SimpleSAMLphp's login form, `auth = "basic"` at mod_auth_gssapi.

use crate::support::profile::{AWS, sso_url};
use crate::support::{Home, Profile, lab};

#[test]
fn a_password_from_a_file_logs_in() {
    let home = with_password_file(Profile::form("alice"), lab().password("alice"));
    assert_eq!(home.get().succeeds()["AccountId"], "111122223333");
}

#[test]
fn a_password_from_a_command_logs_in() {
    let mut home = Home::with(&Profile::form("bob"));
    let file = home.secret_file(lab().password("bob"));
    let command = format!(r#"password = {{ command = ["/bin/cat", "{}"] }}"#, file.display());
    home.configure(&Profile::form("bob").saml(&command));
    home.get().succeeds();
}

#[test]
fn a_password_from_the_environment_logs_in() {
    let home = Home::with(&Profile::form("alice").saml(r#"password = { env = "CORP_PASSWORD" }"#));
    let outcome = home.run(home.fedcred().args(["get", "lab"]).env("CORP_PASSWORD", lab().password("alice")));
    outcome.succeeds();
}

#[test]
fn the_most_talkative_log_tells_no_secret() {
    let home = with_password_file(Profile::form("alice"), lab().password("alice"));
    let log = home.path("fedcred.log");
    let outcome = home.run(home.fedcred().args(["-vv", "--log-file"]).arg(&log).args(["get", "lab"]));
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    // There is something to look through; the leak check at the end of every test does.
    assert!(!outcome.stderr.is_empty());
    assert!(!std::fs::read(log).expect("the log").is_empty());
}

#[test]
fn a_wrong_password_is_a_refusal_and_is_sent_once() {
    let home = with_password_file(Profile::form("alice"), "wrong-Pa55-word-lab");
    home.get().fails_as("idp-rejected");
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), [""; 0]);
}

#[test]
fn the_login_page_at_another_origin_gets_the_password_only_if_it_is_listed() {
    let elsewhere = Profile::form("alice")
        .idp_url(&sso_url(&format!("{}/to-address", lab().idp_origin()), "form", AWS))
        .saml(r#"user_agent = "sent-elsewhere""#);
    let posted = || lab().idp_requests_of("sent-elsewhere").iter().any(|request| request.contains("\"POST "));
    let mut home = Home::with(&elsewhere);
    let password = password_in(&home.secret_file(lab().password("alice")));
    home.configure(&elsewhere.clone().saml(&password));
    // Cookies do not go there either, so that what comes is SimpleSAMLphp's page about a missing one.
    home.get().fails_as("xpath-no-match");
    assert!(!posted());

    let listed = format!(r#"idp_origins = ["{}"]"#, lab().variable("LAB_IDP_ORIGIN_BY_ADDRESS"));
    home.configure(&elsewhere.saml(&password).saml(&listed));
    home.get().succeeds();
    // Apache writes a request down after it has been answered.
    let started = std::time::Instant::now();
    while !posted() {
        assert!(started.elapsed() < std::time::Duration::from_secs(20), "no POST to the other origin");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn a_login_page_that_nobody_asked_for_is_told_as_one() {
    let home = Home::with(&Profile::spnego().idp_url(&sso_url(lab().idp_origin(), "form", AWS)));
    home.kinit("alice");
    home.get().fails_as("login-page");
}

#[test]
fn basic_authentication_logs_in() {
    let home = with_password_file(Profile::basic("alice"), lab().password("alice"));
    home.get().succeeds();
}

#[test]
fn a_wrong_password_by_basic_authentication_is_a_refusal() {
    let home = with_password_file(Profile::basic("alice"), "wrong-Pa55-word-lab");
    home.get().fails_as("idp-rejected");
}

fn with_password_file(profile: Profile, password: &str) -> Home {
    let mut home = Home::with(&profile);
    let line = password_in(&home.secret_file(password));
    home.configure(&profile.saml(&line));
    home
}

fn password_in(file: &std::path::Path) -> String {
    format!(r#"password = {{ file = "{}" }}"#, file.display())
}
