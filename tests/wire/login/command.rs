//! `auth = "command"`: a program of the user's own logs in, and prints an assertion or a page.

use serde_json::json;

use crate::support::assertion::{AWS_ACS, Assertion};
use crate::support::idp::Site;
use crate::support::pages;
use crate::world::World;

/// A world whose command is this script; it is told the profile and the IdP's address.
fn running(script: &str) -> World {
    let idp = Site::new().start().expect("an IdP");
    World::at(idp, "command").set("saml.command", json!(["sh", "-c", script, "login", "{profile}", "{idp_url}"]))
}

/// A world whose command prints this text.
fn printing(text: &str) -> World {
    let world = running("");
    let file = world.given("printed", text);
    world.set("saml.command", json!(["cat", file.to_str().expect("a UTF-8 path")]))
}

#[test]
fn what_the_command_prints_goes_to_sts_whether_it_is_base64_xml_or_a_page() {
    let assertion = Assertion::default();
    let page = pages::auto_submit(AWS_ACS, &[("SAMLResponse", &assertion.base64())]);
    for text in [assertion.base64(), assertion.xml(), page] {
        let world = printing(&text);
        world.get().succeeds();
        let calls = world.sts.calls();
        assert_eq!(calls.len(), 1);
        assert_eq!(world.connections(), 1, "the IdP is the command's business");
    }
}

#[test]
fn the_command_is_told_the_profile_and_the_address_and_nothing_of_aws() {
    let mut world = running(r#"echo "$# $1 $2 [$AWS_REGION]" > told; exec cat given/printed"#);
    world.given("printed", &Assertion::default().base64());
    world = world.env("AWS_REGION", "eu-west-1");
    world.get().succeeds();
    let told = std::fs::read_to_string(world.path("told")).unwrap();
    assert_eq!(told, format!("2 dev {} []\n", world.idp.url("/sso")));
}

#[test]
fn results_are_kept_only_if_it_is_known_as_whom_the_command_logs_in() {
    for (username, runs) in [(None, 2), (Some("alice"), 1)] {
        let mut world = running("echo run >> runs; exec cat given/printed");
        world.given("printed", &Assertion::default().base64());
        if let Some(username) = username {
            world = world.set("saml.username", username);
        }
        world.get().succeeds();
        world.get().succeeds();
        assert_eq!(std::fs::read_to_string(world.path("runs")).unwrap().lines().count(), runs, "{username:?}");
    }
}

#[test]
fn a_command_that_fails_is_shown_with_its_words_but_not_with_its_output() {
    let world = running("cat given/printed; echo 'no session: run corp-login' >&2; exit 3");
    world.given("printed", &Assertion::default().base64());
    world.get().fails_as("secret-command").saying("no session: run corp-login").saying("exit status: 3");
}

#[test]
fn a_command_that_does_not_end_is_ended_at_the_deadline() {
    running("exec sleep 300").set("deadline", "1s").get().fails_as("timeout").saying("saml.command");
}

#[test]
fn what_is_no_assertion_is_told_for_what_it_is() {
    let login = pages::login_form("/login");
    let table = [
        ("", "not-a-saml-response", "printed nothing"),
        ("Enter PASSCODE:", "not-a-saml-response", "is the output of"),
        (login.as_str(), "xpath-no-match", "did not log in"),
    ];
    for (text, code, said) in table {
        printing(text).get().fails_as(code).saying(said);
    }
    printing(&Assertion::expired().base64()).get().fails_as("assertion-expired");
}
