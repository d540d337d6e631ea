//! `auth = "form"`: the conversation, from the first page to the assertion.

use crate::support::assertion::{AWS_ACS, Assertion};
use crate::support::idp::{PASSWORD, Site, USER, assertion_page, login_page, password_check, saml_page};
use crate::support::pages;
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::world::World;

#[test]
fn a_login_form_is_found_filled_in_and_followed_to_the_assertion() {
    let world = World::form(Site::with_login(Assertion::default()));
    let printed = world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /sso", "GET /login", "POST /login"]);
    assert_eq!(world.sts.calls().len(), 1);
    assert_eq!(printed["AccessKeyId"], world.sts.issued()[0].access_key_id);
    assert_eq!(printed["SecretAccessKey"], world.sts.issued()[0].secret_access_key);
    assert_eq!(printed["SessionToken"], world.sts.issued()[0].session_token);
}

#[test]
fn the_form_is_posted_as_a_browser_would() {
    let world = World::form(Site::with_login(Assertion::default()));
    world.get().succeeds();
    let post = world.idp.journal().pop().unwrap();
    assert_eq!(post.query("from").as_deref(), Some("sso"));
    assert_eq!(post.header("content-type"), Some("application/x-www-form-urlencoded"));
    let expected = [("csrf", pages::CSRF), ("login", "go"), ("password", PASSWORD), ("username", USER)];
    let expected = expected.map(|(name, value)| (name.to_string(), value.to_string()));
    assert_eq!(post.fields().into_iter().collect::<Vec<_>>(), expected, "an unchecked box is not sent");
}

#[test]
fn a_wrong_password_is_refused_after_one_post() {
    let world = World::form(Site::with_login(Assertion::default()))
        .env("IDP_PASSWORD", "wrong-password")
        .secret("wrong-password");
    world.get().fails_as("idp-rejected");
    assert_eq!(world.idp.lines(), ["GET /sso", "GET /login", "POST /login"]);
    assert!(world.sts.calls().is_empty());
}

#[test]
fn a_redirect_back_to_the_form_after_the_password_is_a_refusal() {
    let again = |_: &Request| Reply::redirect(303, "/login?error=1");
    let site = Site::new().get("/sso", login_page("/login")).get("/login", login_page("/login")).post("/login", again);
    let world = World::form(site);
    world.get().fails_as("idp-rejected");
    assert_eq!(world.idp.lines(), ["GET /sso", "POST /login", "GET /login"]);
}

#[test]
fn a_401_after_the_password_is_a_refusal_only_if_the_form_comes_with_it() {
    let offering = |scheme: &str| Reply::status(401).with("WWW-Authenticate", scheme);
    let form = Reply::new(401, "text/html", pages::login_form("/login"));
    let denied = Reply::new(401, "text/html", "<h1>401</h1><p role=alert>No such session</p>");
    let table = [
        (form, "idp-rejected", "refused the user name or password"),
        (Reply::status(401), "http-unexpected", "does not show whether the password is right"),
        (denied, "http-unexpected", "No such session"),
        (offering("Negotiate"), "login-page", "spnego"),
        (offering("NTLM"), "login-page", "does not show whether the password is right"),
    ];
    for (answer, code, told) in table {
        let world = World::form(Site::new().get("/sso", login_page("/login")).post("/login", answer));
        let run = world.get();
        run.fails_as(code).saying(told);
        assert_eq!(run.stderr.contains("refused"), code == "idp-rejected", "{}", run.stderr);
        assert_eq!(world.idp.lines(), ["GET /sso", "POST /login"]);
    }
}

#[test]
fn a_login_that_asks_for_the_user_first_and_the_password_next_is_followed() {
    let site = Site::new()
        .get("/sso", Reply::html(pages::identifier_form("/user")))
        .post("/user", |request: &Request| match request.field("loginfmt").as_deref() {
            Some(USER) => Reply::html(pages::password_only_form("/password")),
            _ => Reply::status(400),
        })
        .post("/password", |request: &Request| match request.fields() {
            fields if fields["passwd"] == PASSWORD && fields["flow"] == "f-1" => {
                saml_page(AWS_ACS, &Assertion::default().base64())
            }
            _ => Reply::status(400),
        });
    let world = World::form(site);
    world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /sso", "POST /user", "POST /password"]);
    assert!(!world.idp.journal()[1].fields().values().any(|value| value == PASSWORD), "the first page asks for none");
}

#[test]
fn an_identifier_the_idp_does_not_know_is_not_sent_for_ever() {
    let site = Site::new()
        .get("/sso", Reply::html(pages::identifier_form("/user")))
        .post("/user", Reply::html(pages::identifier_form("/user")));
    let world = World::form(site);
    world.get().fails_as("idp-rejected");
    assert!(world.idp.journal().len() <= 3, "{:?}", world.idp.lines());
}

#[test]
fn forms_that_submit_themselves_and_redirects_lie_on_the_way() {
    let site = Site::new()
        .get("/sso", Reply::html(pages::auto_submit("/broker", &[("SAMLRequest", "fZFB&+=")])))
        .post("/broker", |request: &Request| match request.field("SAMLRequest").as_deref() {
            Some("fZFB&+=") => Reply::redirect(303, "/login"),
            _ => Reply::status(400),
        })
        .get("/login", login_page("/login"))
        .post("/login", password_check(login_page("/login"), Reply::redirect(302, "/resume")))
        .get("/resume", Reply::html(pages::auto_submit("finish", &[("state", "s")])))
        .post("/finish", assertion_page(Assertion::default()));
    let world = World::form(site);
    world.get().succeeds();
    let expected = ["GET /sso", "POST /broker", "GET /login", "POST /login", "GET /resume", "POST /finish"];
    assert_eq!(world.idp.lines(), expected);
}

#[test]
fn a_saml_response_for_a_hub_is_posted_on_to_it() {
    let site = Site::new()
        .get("/sso", login_page("/login"))
        .post(
            "/login",
            password_check(login_page("/login"), |request: &Request| {
                let hub = format!("{}/hub/acs", request.origin);
                saml_page(&hub, &Assertion::for_hub(&hub).base64())
            }),
        )
        .post("/hub/acs", |request: &Request| match request.fields() {
            fields if fields.contains_key("SAMLResponse") && fields.contains_key("RelayState") => {
                saml_page(AWS_ACS, &Assertion::default().base64())
            }
            _ => Reply::status(400),
        });
    let world = World::form(site);
    world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /sso", "POST /login", "POST /hub/acs"]);
}

#[test]
fn the_assertion_is_never_posted_to_aws_sign_in() {
    // Its form action is AWS's console: there the conversation ends, and STS gets the assertion instead.
    let world = World::form(Site::with_login(Assertion::default()));
    world.get().succeeds();
    assert_eq!(world.idp.journal().len(), 3);
}

#[test]
fn a_login_page_without_a_configured_login_is_named() {
    let world = World::open(Site::with_login(Assertion::default()));
    world.get().fails_as("login-page");
    assert_eq!(world.idp.lines(), ["GET /sso", "GET /login"]);
}

#[test]
fn a_second_factor_is_named_and_not_guessed() {
    let otp = Reply::html(pages::one_time_code_form("/otp"));
    let site = Site::new()
        .get("/sso", login_page("/login"))
        .post("/login", password_check(login_page("/login"), otp.clone()))
        .post("/otp", otp);
    let world = World::form(site);
    world.get().fails_as("mfa-needed");
    assert_eq!(world.idp.lines(), ["GET /sso", "POST /login"]);
}

#[test]
fn a_new_password_is_never_made_up() {
    for inputs in [2, 3] {
        let change = Reply::html(pages::change_password_form("/change", inputs));
        let site = Site::new()
            .get("/sso", login_page("/login"))
            .post("/login", password_check(login_page("/login"), change.clone()))
            .post("/change", change);
        let world = World::form(site);
        world.get().fails_as("password-change-required");
        assert_eq!(world.idp.lines(), ["GET /sso", "POST /login"], "{inputs} inputs");
    }
}

#[test]
fn a_change_password_form_is_not_taken_for_the_login() {
    let world = World::form(Site::new().get("/sso", Reply::html(pages::change_password_form("/change", 3))));
    world.get().fails_as("password-change-required");
    assert_eq!(world.idp.lines(), ["GET /sso"]);
}

#[test]
fn a_form_without_a_way_on_names_the_page_that_came() {
    let world = World::form(Site::new().get("/sso", Reply::html(pages::page("<h1>Welcome back</h1>"))));
    world.get().fails_as("xpath-no-match").saying("fedcred inspect dev --save page.html");
    assert_eq!(world.idp.lines(), ["GET /sso"]);
}

#[test]
fn a_password_never_goes_into_a_url() {
    let page = pages::login_form("/login").replace("method=\"post\"", "method=\"get\"");
    let site = Site::new().get("/sso", Reply::html(page)).get("/login", assertion_page(Assertion::default()));
    let world = World::form(site);
    world.get();
    for request in world.idp.journal() {
        assert!(!request.uri.to_string().contains("password="), "{}", request.uri.path());
    }
}

#[test]
fn a_password_is_not_sent_a_second_time_in_one_run() {
    // Two logins in a row, as a chained IdP might ask for them: the second one may be a trap.
    let site = Site::new()
        .get("/sso", login_page("/login"))
        .post("/login", Reply::html(pages::password_only_form("/second")))
        .post("/second", assertion_page(Assertion::default()));
    let world = World::form(site);
    world.get().fails_as("idp-rejected");
    assert_eq!(world.idp.lines(), ["GET /sso", "POST /login"]);
}
