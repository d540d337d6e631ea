//! What comes besides user name and password: one-time codes, a choice of account, "stay signed in?", remembered devices.

use serde_json::{Value, json};

use crate::support::assertion::Assertion;
use crate::support::idp::{Respond, Site, assertion_page, login_page, password_check};
use crate::support::pages;
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::world::World;

/// Of RFC 6238's examples.
const TOTP_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const DEVICE: &str = "remembered-device-1234";

/// A login whose password is followed by the page of a code; `then` takes a code of six digits, but 000000.
fn with_code(then: impl Respond) -> Site {
    let page = || Reply::html(pages::one_time_code_form("/otp"));
    Site::new()
        .get("/sso", |request: &Request| match request.cookie("device") {
            Some(DEVICE) => Reply::redirect(303, "/done"),
            _ => Reply::redirect(303, "/login"),
        })
        .get("/login", login_page("/login"))
        .post("/login", password_check(login_page("/login"), page()))
        .get("/done", assertion_page(Assertion::default()))
        .post("/otp", move |request: &Request| match request.field("otp").as_deref() {
            Some(code) if code.len() == 6 && code != "000000" => then.respond(request),
            _ => page(),
        })
}

fn codes(world: &World) -> Vec<String> {
    world.idp.journal().iter().filter_map(|request| request.field("otp")).collect()
}

/// A command by the shell of the system.
fn shell(line: &str) -> Value {
    if cfg!(windows) { json!(["cmd", "/d", "/c", line]) } else { json!(["sh", "-c", line]) }
}

#[test]
fn a_code_from_a_command_is_sent_where_the_page_asks_for_one() {
    let world =
        World::form(with_code(assertion_page(Assertion::default()))).set("saml.otp.command", shell("echo 123456"));
    world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /sso", "GET /login", "POST /login", "POST /otp"]);
    assert_eq!(codes(&world), ["123456"]);
}

#[test]
fn a_code_is_computed_from_its_secret_and_never_sent_twice() {
    let world = World::form(with_code(assertion_page(Assertion::default())))
        .set("saml.otp_secret.env", "OTP_SECRET")
        .env("OTP_SECRET", TOTP_SECRET)
        .secret(TOTP_SECRET);
    world.get().succeeds();
    let again = world.get_with(&["--force"]);
    match again.status {
        // The next half minute has begun, or came in time.
        Some(0) => assert_ne!(codes(&world)[0], codes(&world)[1]),
        _ => drop(again.fails_as("mfa-needed").saying("used a moment ago")),
    }
}

#[test]
fn a_refused_code_is_sent_once_and_its_source_not_asked_again() {
    let world =
        World::form(with_code(assertion_page(Assertion::default()))).set("saml.otp.command", shell("echo 000000"));
    world.get().fails_as("idp-rejected").saying("refused the one-time code").saying("otp_secret");
    world.get_with(&["--force"]).fails_as("idp-rejected");
    assert_eq!(codes(&world), ["000000"]);
}

#[test]
fn without_a_source_of_codes_only_login_can_give_one() {
    let world = World::form(with_code(assertion_page(Assertion::default())));
    world.get().fails_as("mfa-needed").saying("hint: fedcred login dev");
    assert_eq!(codes(&world).len(), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_person_is_asked_for_the_code_at_login_and_the_device_is_remembered_for_the_next_ones() {
    let done = |_: &Request| {
        Reply::redirect(303, "/done").with("Set-Cookie", format!("device={DEVICE}; Path=/; Max-Age=86400; HttpOnly"))
    };
    let world = World::form(with_code(done)).secret(DEVICE);
    let (run, shown) = world.run_typing(&["login", "dev"], "123456");
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(shown.contains("alice at http://127.0.0.1") && shown.contains("One-time code:"), "{shown}");
    assert!(!shown.contains("123456"), "{shown}");
    world.get_with(&["--force"]).succeeds();
    assert_eq!(world.idp.lines()[5..], ["GET /sso", "GET /done"], "no password and no code");
    assert_eq!(world.run(&["logout", "dev"]).status, Some(0));
    world.get().fails_as("mfa-needed");
}

#[test]
fn an_account_is_chosen_and_a_question_whether_to_stay_is_answered() {
    let chooser = pages::page(
        r#"<form method="post" action="/pick"><button name="who" value="bob">Bob</button><button name="who" value="alice">Alice</button></form>"#,
    );
    let stay = pages::page(
        r#"<form method="post" action="/stay"><input type="checkbox" name="DontShowAgain" value="1"><button name="kmsi" value="no">No</button><button name="kmsi" value="yes">Yes</button></form>"#,
    );
    let site = || {
        Site::new()
            .get("/sso", Reply::html(chooser.clone()))
            .post("/pick", login_page("/login"))
            .post("/login", password_check(login_page("/login"), Reply::html(stay.clone())))
            .post("/stay", assertion_page(Assertion::default()))
    };
    for (named, expected) in
        [(None, [("kmsi", "no")].to_vec()), (Some("DontShowAgain"), [("DontShowAgain", "1"), ("kmsi", "no")].to_vec())]
    {
        let mut world = World::form(site());
        if let Some(name) = named {
            world = world.set("saml.remember_field", name);
        }
        world.get().succeeds();
        let journal = world.idp.journal();
        assert_eq!(journal[1].field("who").as_deref(), Some("alice"));
        let sent: Vec<_> = journal[3].fields().into_iter().collect();
        assert_eq!(sent, expected.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect::<Vec<_>>());
    }
}

#[test]
fn a_code_never_goes_to_another_origin_nor_a_second_time_by_307() {
    let page = Reply::html(pages::one_time_code_form("https://elsewhere.example.test/otp"));
    let site = Site::new().get("/sso", login_page("/login")).post("/login", password_check(login_page("/login"), page));
    let world = World::form(site).set("saml.otp.command", shell("echo 123456"));
    world.get().fails_as("origin-not-allowed");
    let world = World::form(with_code(Reply::redirect(307, "/done"))).set("saml.otp.command", shell("echo 123456"));
    world.get().fails_as("http-unexpected").saying("sent once");
}

#[test]
fn a_code_beside_the_password_goes_with_it() {
    let page = pages::login_form("/login")
        .replace("<input type=\"checkbox\"", "<input name=\"totp\"><input type=\"checkbox\"");
    let site = Site::new()
        .get("/sso", Reply::html(page).with("Set-Cookie", "session=s-1; Path=/"))
        .post("/login", password_check(login_page("/login"), assertion_page(Assertion::default())));
    let world = World::form(site).set("saml.otp.command", shell("echo 123456"));
    world.get().succeeds();
    assert_eq!(world.idp.journal()[1].field("totp").as_deref(), Some("123456"));
}
