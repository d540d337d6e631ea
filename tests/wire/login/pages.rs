//! Pages on which a person would decide, and what else comes on the way of a login: what is sent, and what is told.

use crate::support::assertion::Assertion;
use crate::support::idp::{PASSWORD, Respond, Site, USER, assertion_page, login_page, password_check};
use crate::support::pages::page;
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::world::World;

/// A login whose right password leads to this page.
pub fn login_then(body: &str) -> Site {
    let then = Reply::html(page(body));
    Site::new().get("/sso", login_page("/login")).post("/login", password_check(login_page("/login"), then))
}

#[test]
fn nothing_is_pressed_that_a_person_would_decide() {
    let table = [
        (
            "<h1>Approve sign in</h1><form method=post action=/x><button name=m value=push>Send me a push</button></form>",
            "mfa-needed",
        ),
        (
            "<h1>Zwei-Faktor-Authentifizierung</h1><form method=post action=/x><button>Code senden</button></form>",
            "mfa-needed",
        ),
        (
            "<iframe id=duo_iframe></iframe><form method=post action=/x><input type=hidden name=tx value=1></form>",
            "mfa-needed",
        ),
        (
            "<h1>Protect your account with MFA</h1><form method=post action=/x><button>Enrol this device</button></form>",
            "mfa-needed",
        ),
        (
            "<h1>Terms of use</h1><form method=post action=/x><button name=a value=1>I agree</button></form>",
            "consent-needed",
        ),
        (
            "<form method=post action=/x><input name=_shib_idp_consentIds type=hidden><button>Reject</button></form>",
            "consent-needed",
        ),
        ("<h1>My apps</h1><form method=post action=/x><button>Log out</button></form>", "xpath-no-match"),
        (
            "<h1>Your password expires soon</h1><form method=post action=/x><button>Change now</button></form>",
            "xpath-no-match",
        ),
        ("<form method=post action=/x><input type=password name=new_password></form>", "password-change-required"),
        ("<form method=post action=/x><input name=c autocomplete=one-time-code></form>", "mfa-needed"),
    ];
    for (body, code) in table {
        let world = World::form(login_then(body));
        world.get().fails_as(code);
        assert_eq!(world.idp.lines(), ["GET /sso", "POST /login"], "{body}");
    }
}

/// One of the saved pages, without the comment that tells what it shows.
pub fn saved(name: &str) -> String {
    let path = format!("{}/tests/data/pages/{name}.html", env!("CARGO_MANIFEST_DIR"));
    let html = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    html.split("<!-- Shows").next().unwrap_or_default().to_owned()
}

#[test]
fn saved_pages_that_come_after_the_password_end_the_login_and_nothing_more_is_sent() {
    let table = [
        ("cas-change-password", "password-change-required"),
        ("siteminder-change-password", "password-change-required"),
        ("rsa-new-pin", "password-change-required"),
        ("captcha-widget-alone", "captcha-needed"),
        ("captcha-without-form", "captcha-needed"),
        ("captcha-after-login", "captcha-needed"),
        ("security-question", "mfa-needed"),
        ("grid-card", "mfa-needed"),
        ("consent-banner", "consent-needed"),
        ("session-limit", "xpath-no-match"),
        ("keycloak-update-profile", "xpath-no-match"),
    ];
    for (name, code) in table {
        let then = Reply::html(saved(name));
        let site =
            Site::new().get("/sso", login_page("/login")).post("/login", password_check(login_page("/login"), then));
        let world = World::form(site);
        world.get().fails_as(code);
        // A page that needs a person is not met again unattended.
        if code != "xpath-no-match" {
            world.get().fails_as(code);
        }
        let sent = world.idp.journal().iter().filter(|request| request.field("password").is_some()).count();
        assert!(sent == 1 || code == "xpath-no-match", "{name}: sent {sent} times");
        assert!(world.idp.lines().iter().all(|line| line == "GET /sso" || line == "POST /login"), "{name}");
    }
}

#[test]
fn a_captcha_on_the_login_page_is_told_before_anything_is_sent() {
    for name in ["captcha-code-german", "captcha-image-chinese", "captcha-image-russian", "captcha-sum"] {
        let world = World::form(Site::new().get("/sso", Reply::html(saved(name))));
        world.get().fails_as("captcha-needed").saying("auth = \"browser\"");
        assert_eq!(world.idp.lines(), ["GET /sso"], "{name}");
    }
}

#[test]
fn what_the_script_of_the_pressed_link_sets_is_sent_along() {
    let form = saved("pingfederate-login").replace("/idp/abc/resumeSAML20/idp/startSSO.ping", "/login");
    let taken = |request: &Request| {
        let field = |name: &str| request.field(name).unwrap_or_default();
        let is_right = field("pf.username") == USER && field("pf.pass") == PASSWORD;
        match (is_right, field("pf.ok").as_str(), field("pf.cancel").as_str()) {
            (true, "clicked", "") => assertion_page(Assertion::default()).respond(request),
            _ => Reply::status(400),
        }
    };
    World::form(Site::new().get("/sso", Reply::html(form)).post("/login", taken)).get().succeeds();
}

#[test]
fn a_password_goes_into_no_form_that_does_not_log_in() {
    let both = r#"<input name="username"><input type="password" name="password">"#;
    let table = [
        (format!(r#"<form method="post">{both}<img src="/captcha.png"><input name="code2"></form>"#), "captcha-needed"),
        (format!(r#"<form method="post">{both}<div class="h-captcha" data-sitekey="k"></div></form>"#), "captcha-needed"),
        (r#"<form method="post"><input name="username"><input type="password" name="pw" autocomplete="new-password"><button>Register</button></form>"#.into(), "password-change-required"),
        (format!(r#"<form method="dialog">{both}</form>"#), "login-form-unclear"),
        (format!(r#"<form method="post" enctype="text/plain">{both}</form>"#), "login-form-unclear"),
        (format!(r#"<form method="post" action="/a">{both}</form><form method="post" action="/b">{both}</form>"#), "login-form-unclear"),
        (r#"<form method="post"><input name="username"><input type="password" name="password" style="position:absolute;left:-9999px"></form>"#.into(), "login-form-unclear"),
    ];
    for (body, code) in table {
        let world =
            World::form(Site::new().get("/sso", Reply::html(page(&body))).post("/sso", Reply::html(page(&body))));
        world.get().fails_as(code);
        assert!(world.idp.journal().iter().all(|r| !r.fields().values().any(|value| value == PASSWORD)), "{body}");
    }
}

#[test]
fn the_settings_choose_form_button_and_domain() {
    let inputs = r#"<input name="username"><input type="password" name="password">"#;
    let body = format!(
        r#"<form id="small" method="post" action="/m">{inputs}</form><form id="wide" method="post" action="/login">{inputs}
        <select name="domain" required><option value="">Choose</option><option value="C">Corp</option></select>
        <button name="go" value="1">Foo</button><button name="go" value="2">Bar</button></form>"#
    );
    let taken = |request: &Request| match (request.field("domain").as_deref(), request.field("go").as_deref()) {
        (Some("C"), Some("2")) if request.field("username").as_deref() == Some(USER) => {
            assertion_page(Assertion::default()).respond(request)
        }
        _ => Reply::status(400),
    };
    let world = World::form(Site::new().get("/sso", Reply::html(page(&body))).post("/login", taken));
    world.get().fails_as("login-form-unclear").saying("small, wide").saying("saml.form");
    let world = world.set("saml.form", "wide");
    world.get().fails_as("login-form-unclear").saying("saml.button");
    let world = world.set("saml.button", "Bar");
    world.get().fails_as("login-form-unclear").saying("C (Corp)").saying("form_fields");
    assert!(world.idp.lines().iter().all(|line| line == "GET /sso"));
    world.set("saml.form_fields.domain", "Corp").get().succeeds();
}

#[test]
fn what_the_page_sends_itself_goes_on_also_with_401() {
    let body = r#"<body onload="go()"><script>function go() { document.forms[0].submit() }</script><form method="post" action="/next"></form>"#;
    let site = Site::new()
        .get("/sso", Reply::new(401, "text/html", page(body)).with("WWW-Authenticate", "Negotiate"))
        .post("/next", login_page("/login"))
        .post("/login", password_check(login_page("/login"), assertion_page(Assertion::default())));
    let world = World::form(site);
    world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /sso", "POST /next", "POST /login"]);
}

#[test]
fn a_401_that_wants_another_login_says_which_with_a_page_or_without() {
    for body in ["", "<h1>401</h1>"] {
        for (offered, told) in [
            ("Negotiate", "spnego"),
            ("NTLM", "NTLM"),
            ("Basic realm=\"a, b\"", "basic"),
            ("Digest realm=\"a\"", "it offers Digest"),
        ] {
            let answer = Reply::new(401, "text/html", body.to_owned()).with("WWW-Authenticate", offered);
            let world = World::form(Site::new().get("/sso", answer));
            world.get().fails_as("login-page").saying(told);
        }
    }
}

#[test]
fn a_page_that_leads_on_by_a_header_or_a_script_is_followed() {
    for page in [
        Reply::html(page("Please wait")).with("Refresh", "0; url=/form"),
        Reply::html(page("Please wait<script>window.location.replace('/form')</script>")),
    ] {
        let site = Site::new()
            .get("/sso", page)
            .get("/form", login_page("/login"))
            .post("/login", password_check(login_page("/login"), assertion_page(Assertion::default())));
        World::form(site).get().succeeds();
    }
}

#[test]
fn an_address_that_repeats_the_secret_is_told_without_it() {
    let in_url: String = PASSWORD.bytes().map(|b| format!("%{b:02X}")).collect();
    let back = Reply::redirect(303, format!("/no/{in_url}/x"));
    let world = World::form(Site::new().get("/sso", login_page("/login")).post("/login", back));
    for run in [world.run(&["-vv", "get", "dev"]), world.get_with(&["--force"])] {
        run.saying("/no/…/x");
        assert!(!run.stderr.contains(&in_url), "{}", run.stderr);
    }
}

#[test]
fn what_the_idp_says_is_told_and_kept_with_the_refusal() {
    let refused = |request: &Request| {
        let _ = request;
        let body = r#"<p role="alert">This account is locked. Try again in 30 minutes.</p><form method="post" action="/login"><input name="username"><input type="password" name="password"></form>"#;
        Reply::html(page(body))
    };
    let world = World::form(Site::new().get("/sso", login_page("/login")).post("/login", refused));
    let run = world.get();
    run.fails_as("idp-rejected").saying("This account is locked");
    assert!(!run.stderr.contains("may lock the account"), "{}", run.stderr);
    world.get().saying("This account is locked");
    assert_eq!(world.idp.journal().iter().filter(|r| r.field("password").is_some()).count(), 1);
}

#[test]
fn what_the_idp_says_is_told_without_the_secret_that_was_sent() {
    let form =
        r#"<form method="post" action="/login"><input name="username"><input type="password" name="password"></form>"#;
    let fully = PASSWORD.replace('&', "&amp;").replace('<', "&lt;");
    let in_url: String = PASSWORD.bytes().map(|b| format!("%{b:02X}")).collect();
    // what the answer repeats it in, what is told of that all the same
    let table = [
        (format!("<p role=alert>This account is locked ({fully}).</p>{form}"), "This account is locked (…)."),
        (format!("<p role=alert>Wrong password: {}</p>{form}", fully.to_uppercase()), "not shown"),
        (format!("<title>No login with {fully}</title>{form}"), "refused the user name or password"),
        (format!("<title>Error {fully}</title><h1>Error</h1>"), "its title is \"Error …\""),
        (format!("<title>Error</title><p class=error>Invalid: {fully}</p>"), "Invalid: …"),
    ];
    for (body, told) in table {
        let answer = Reply::new(200, "text/html; charset=utf-8", format!("<!DOCTYPE html>{body}"));
        let world = World::form(Site::new().get("/sso", login_page("/login")).post("/login", answer));
        let run = world.get();
        run.saying(told);
        // What is kept of the failure is told again.
        for run in [run, world.get(), world.run(&["status"])] {
            for text in [PASSWORD, &in_url, "h+rse", "H+RSE"] {
                assert!(
                    !run.stderr.contains(text) && !run.stdout.contains(text),
                    "{body}\n{}{}",
                    run.stdout,
                    run.stderr
                );
            }
        }
    }
}

#[test]
fn cookies_are_not_parted_by_ports() {
    let back = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let to = back.clone();
    let login = Site::new().get("/login", move |_: &Request| {
        Reply::redirect(302, to.lock().unwrap().clone()).with("Set-Cookie", "SSO=abc; Path=/")
    });
    let login = login.start().unwrap();
    let target = login.url("/login");
    let site = Site::new().get("/sso", move |request: &Request| match request.cookie("SSO") {
        Some("abc") => assertion_page(Assertion::default()).respond(request),
        _ => Reply::redirect(302, target.clone()),
    });
    let world = World::open(site).set("saml.idp_origins", vec![login.origin()]);
    *back.lock().unwrap() = world.idp.url("/sso");
    world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /sso", "GET /sso"]);
}
