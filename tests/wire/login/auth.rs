//! `auth = none | basic | bearer | spnego`, as far as one process can show them; real Kerberos is the end-to-end tests'.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::assertion::Assertion;
use crate::support::idp::{PASSWORD, Respond, Site, USER, assertion_page, authorization_check, login_page};
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::support::tls::Authority;
use crate::world::World;

fn basic() -> String {
    format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")))
}

fn guarded(challenge: &str, expected: &str) -> Site {
    Site::new().get("/sso", authorization_check(challenge, expected, assertion_page(Assertion::default())))
}

fn world(site: Site, auth: &str) -> World {
    World::at(site.start().unwrap(), auth).secret(&basic()["Basic ".len()..])
}

#[test]
fn an_idp_that_knows_the_network_needs_no_login() {
    let world = World::open(Site::without_login(Assertion::default()));
    world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /sso"]);
    assert_eq!(world.idp.journal()[0].header("authorization"), None);
}

#[test]
fn basic_sends_user_and_password_at_once() {
    let world = world(guarded("Basic realm=\"idp\"", &basic()), "basic")
        .set("saml.username", USER)
        .set("saml.password.env", "IDP_PASSWORD")
        .env("IDP_PASSWORD", PASSWORD);
    world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /sso"]);
}

#[test]
fn basic_with_a_wrong_password_is_refused_after_one_request() {
    let world = world(guarded("Basic realm=\"idp\"", &basic()), "basic")
        .set("saml.username", USER)
        .set("saml.password.env", "IDP_PASSWORD")
        .env("IDP_PASSWORD", "not the password")
        .secret("not the password");
    world.get().fails_as("idp-rejected");
    assert_eq!(world.idp.lines(), ["GET /sso"]);
}

#[test]
fn an_address_that_redirects_to_itself_gets_the_password_once() {
    let site = Site::new().get("/sso", |_: &Request| Reply::redirect(302, "/sso?error=1"));
    let world = world(site, "basic")
        .set("saml.username", USER)
        .set("saml.password.env", "IDP_PASSWORD")
        .env("IDP_PASSWORD", PASSWORD);
    world.get().fails_as("too-many-redirects");
    let sent = world.idp.journal().iter().filter(|request| request.header("authorization").is_some()).count();
    assert_eq!(sent, 1);
}

#[test]
fn an_address_that_asks_once_more_for_the_password_gets_it() {
    let check = authorization_check("Basic realm=\"idp\"", &basic(), assertion_page(Assertion::default()));
    let site = Site::new().get("/sso", move |request: &Request| match request.query("step") {
        None => Reply::redirect(302, "/sso?step=2"),
        Some(_) => check.respond(request),
    });
    let world = world(site, "basic")
        .set("saml.username", USER)
        .set("saml.password.env", "IDP_PASSWORD")
        .env("IDP_PASSWORD", PASSWORD);
    world.get().succeeds();
    let sent = world.idp.journal().iter().filter(|request| request.header("authorization").is_some()).count();
    assert_eq!(sent, 2);
}

#[test]
fn a_second_address_that_asks_for_the_password_gets_it_in_the_next_login_and_in_that_one_alone() {
    let with_password =
        |world: &World| world.idp.journal().iter().filter(|r| r.header("authorization").is_some()).count();
    for is_right in [true, false] {
        let check = authorization_check("Basic realm=\"idp\"", &basic(), assertion_page(Assertion::default()));
        let site = Site::new().get("/sso", Reply::redirect(302, "/Authn/RemoteUser")).get("/Authn/RemoteUser", check);
        let password = if is_right { PASSWORD } else { "not the password" };
        let world = world(site, "basic")
            .set("saml.username", USER)
            .set("saml.password.env", "IDP_PASSWORD")
            .env("IDP_PASSWORD", password)
            .secret(password);
        world.get().fails_as("http-unexpected").saying("asks for the password, too").saying("/Authn/RemoteUser");
        assert_eq!(with_password(&world), 1);
        let second = world.get_with(&["--force"]);
        match is_right {
            true => drop(second.succeeds()),
            false => drop(second.fails_as("idp-rejected")),
        }
        assert_eq!(with_password(&world), 2, "once in each login");
        assert!(
            world.idp.journal().iter().rfind(|r| r.uri.path() == "/sso").unwrap().header("authorization").is_none()
        );
    }
}

#[test]
fn a_gateway_that_redirects_who_has_no_token_sees_it_at_every_leg() {
    let site = Site::new().get("/login", login_page("/login")).get("/sso", |request: &Request| {
        match (request.header("authorization"), request.query("step").as_deref()) {
            (None, _) => Reply::redirect(302, "/login"),
            (Some(_), None) => Reply::redirect(302, "/sso?step=2"),
            (Some(_), Some("2")) => Reply::redirect(302, "/sso?step=3"),
            (Some(_), Some(_)) => assertion_page(Assertion::default()).respond(request),
        }
    });
    let world = world(site, "bearer")
        .set("saml.token.env", "IDP_TOKEN")
        .env("IDP_TOKEN", "t0ken.of~mine")
        .secret("t0ken.of~mine");
    world.get().succeeds();
    // An address that leads to itself for ever does not see it for ever.
    let world = self::world(Site::new().get("/sso", Reply::redirect(302, "/sso")), "bearer");
    let world = world.set("saml.token.env", "IDP_TOKEN").env("IDP_TOKEN", "t0ken.of~mine").secret("t0ken.of~mine");
    world.get().fails_as("too-many-redirects");
    assert_eq!(world.idp.journal().iter().filter(|request| request.header("authorization").is_some()).count(), 1);
}

#[test]
fn bearer_sends_the_token() {
    let world = world(guarded("Bearer", "Bearer t0ken.of~mine"), "bearer")
        .set("saml.token.env", "IDP_TOKEN")
        .env("IDP_TOKEN", "t0ken.of~mine")
        .secret("t0ken.of~mine");
    world.get().succeeds();
}

#[test]
fn a_refused_token_is_sent_once() {
    let world = world(guarded("Bearer error=\"invalid_token\"", "Bearer other"), "bearer")
        .set("saml.token.env", "IDP_TOKEN")
        .env("IDP_TOKEN", "t0ken.of~mine")
        .secret("t0ken.of~mine");
    world.get().fails_as("idp-rejected");
    assert_eq!(world.idp.lines(), ["GET /sso"]);
}

#[test]
fn a_secret_that_is_not_there_is_named_before_anyone_is_asked() {
    let world = world(guarded("Basic", &basic()), "basic")
        .set("saml.username", USER)
        .set("saml.password.env", "NOT_SET_ANYWHERE");
    let run = world.get();
    run.fails_as("missing-key").saying("NOT_SET_ANYWHERE");
    assert_eq!(world.idp.connections(), 0);
}

#[test]
#[cfg(unix)]
fn a_secret_can_come_from_a_file_of_ones_own_or_a_command() {
    for source in ["file", "command"] {
        let mut world = world(guarded("Basic", &basic()), "basic").set("saml.username", USER);
        // Elsewhere than at home, where the world looks for leaks.
        let place = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(place.path(), format!("{PASSWORD}\n")).unwrap();
        let path = place.path().to_str().unwrap();
        world = match source {
            "file" => world.set("saml.password.file", path),
            _ => world.set("saml.password.command", vec!["/bin/cat", path]),
        };
        world.get().succeeds();
    }
}

#[test]
fn spnego_without_kerberos_says_what_to_do() {
    let authority = Authority::new();
    let site = Site::new().get("/sso", Reply::status(401).with("WWW-Authenticate", "Negotiate"));
    let world = World::at(site.start_tls(&authority).unwrap(), "spnego").trusting(&authority.pem());
    let nowhere = format!("FILE:{}", world.path("no-such-cache").display());
    let world = world.env("KRB5CCNAME", nowhere).env("KRB5_CONFIG", "/dev/null");
    let run = world.get();
    // The first on machines without the library, the second with it; both end with what to do next.
    let code = if run.stderr.contains("gssapi-missing") { "gssapi-missing" } else { "no-kerberos-ticket" };
    run.fails_as(code);
    assert!(world.idp.journal().iter().all(|request| request.header("authorization").is_none()));
}
