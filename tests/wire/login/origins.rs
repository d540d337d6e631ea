//! Where a login may go, and what goes along: passwords, cookies, headers, at redirects and form actions.

use crate::support::assertion::{AWS_ACS, Assertion};
use crate::support::idp::{PASSWORD, Site, USER, assertion_page, authorization_check, login_page, saml_page};
use crate::support::pages;
use crate::support::reply::Reply;
use crate::support::server::{Request, Server};
use crate::support::tls::Authority;
use crate::world::World;

/// A second server, which the configuration does not name: it takes whatever it gets.
fn stranger() -> Server {
    Server::start(None, |_| saml_page(AWS_ACS, &Assertion::default().base64())).unwrap()
}

#[test]
fn a_password_is_not_posted_to_another_origin() {
    let stranger = stranger();
    let world = World::form(Site::new().get("/sso", login_page(&stranger.url("/login"))));
    world.get().fails_as("origin-not-allowed").saying(stranger.origin());
    assert_eq!(stranger.connections(), 0);
}

#[test]
fn a_password_is_not_posted_to_another_origin_that_a_redirect_led_to() {
    let stranger = Site::new().get("/login", login_page("/login")).post("/login", Reply::status(200)).start().unwrap();
    let world = World::form(Site::new().get("/sso", Reply::redirect(302, stranger.url("/login"))));
    world.get().fails_as("origin-not-allowed");
    assert!(!stranger.lines().contains(&"POST /login".to_string()));
}

#[test]
fn a_password_is_not_posted_to_where_a_base_element_points() {
    let stranger = stranger();
    let page = pages::login_form("login").replace("<head>", &format!("<head><base href=\"{}\">", stranger.url("/")));
    let world = World::form(Site::new().get("/sso", Reply::html(page)));
    world.get().fails_as("origin-not-allowed");
    assert_eq!(stranger.connections(), 0);
}

#[test]
fn an_origin_that_is_listed_may_have_the_password() {
    let stranger = stranger();
    let world = World::form(Site::new().get("/sso", login_page(&stranger.url("/login"))))
        .set("saml.idp_origins", vec![stranger.origin()]);
    world.get().succeeds();
    assert_eq!(stranger.journal()[0].field("password").as_deref(), Some(PASSWORD));
}

#[test]
fn a_users_name_is_not_posted_to_another_origin() {
    let stranger = stranger();
    let page = pages::identifier_form(&stranger.url("/user"));
    let world = World::form(Site::new().get("/sso", Reply::html(page)));
    world.get().fails_as("origin-not-allowed");
    assert_eq!(stranger.connections(), 0);
}

#[test]
fn a_hubs_saml_response_goes_to_listed_origins_only() {
    let hub = stranger();
    let page = saml_page(&hub.url("/acs"), &Assertion::for_hub(&hub.url("/acs")).base64());
    let world = World::open(Site::new().get("/sso", page.clone()));
    world.get().fails_as("origin-not-allowed");
    assert_eq!(hub.connections(), 0);

    let world = World::open(Site::new().get("/sso", page)).set("saml.idp_origins", vec![hub.origin()]);
    world.get().succeeds();
    assert_eq!(hub.lines(), ["POST /acs"]);
}

#[test]
fn a_redirect_that_asks_for_the_post_again_does_not_get_the_password_again() {
    for status in [307, 308] {
        let site = Site::new()
            .get("/sso", login_page("/login"))
            .post("/login", Reply::redirect(status, "/again"))
            .post("/again", assertion_page(Assertion::default()));
        let world = World::form(site);
        world.get().fails_as("http-unexpected");
        let lines = world.idp.lines();
        let with_password = world.idp.journal().iter().filter(|request| request.field("password").is_some()).count();
        assert_eq!(with_password, 1, "HTTP {status}: {lines:?}");
    }
}

#[test]
fn a_redirect_after_the_password_becomes_a_get() {
    for status in [301, 302, 303] {
        let site = Site::new()
            .get("/sso", login_page("/login"))
            .post("/login", Reply::redirect(status, "/done"))
            .get("/done", assertion_page(Assertion::default()));
        let world = World::form(site);
        world.get().succeeds();
        let last = world.idp.journal().pop().unwrap();
        assert_eq!((last.line().as_str(), last.body.len()), ("GET /done", 0), "HTTP {status}");
    }
}

#[test]
fn what_began_under_https_does_not_go_on_in_the_open() {
    let plain = stranger();
    let ways = [
        Site::new().get("/sso", Reply::redirect(302, plain.url("/login"))),
        Site::new().get("/sso", login_page(&plain.url("/login"))),
        Site::new().get("/sso", Reply::html(pages::auto_submit(&plain.url("/login"), &[("a", "b")]))),
        Site::new().get(
            "/sso",
            Reply::html(pages::page(&format!(
                r#"<meta http-equiv="refresh" content="0;url={}">"#,
                plain.url("/login")
            ))),
        ),
    ];
    for (number, site) in ways.into_iter().enumerate() {
        let authority = Authority::new();
        let world = World::form_at(site.start_tls(&authority).unwrap())
            .trusting(&authority.pem())
            .set("saml.idp_origins", vec![plain.origin()])
            .set("saml.allow_http", true);
        world.get().fails_as("origin-not-allowed");
        assert_eq!(plain.connections(), 0, "way {number}");
    }
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let world = World::form(Site::new()).set("saml.idp_url", "http://idp.example.test/sso");
    world.get().fails_as("url-not-allowed").saying("allow_http");
    let led_astray = Site::new().get("/sso", Reply::redirect(302, "http://idp.example.test/login"));
    World::form(led_astray).get().fails_as("origin-not-allowed");
}

#[test]
fn cookies_and_headers_stay_with_the_idp() {
    let stranger = stranger();
    let target = stranger.url("/elsewhere");
    let site = Site::new().get("/sso", move |request: &Request| {
        Reply::redirect(302, target.clone())
            .with("Set-Cookie", "host-only=1; Path=/")
            .with("Set-Cookie", format!("wide=1; Path=/; Domain={}", request.uri.host().unwrap_or("127.0.0.1")))
    });
    let world = World::open(site).set("saml.headers.X-Tenant", "t-1");
    let _ = world.get();
    assert_eq!(world.idp.journal()[0].header("x-tenant"), Some("t-1"));
    for request in stranger.journal() {
        for name in ["cookie", "x-tenant", "authorization", "referer"] {
            assert_eq!(request.header(name), None, "{name}");
        }
    }
}

#[test]
fn a_cookie_returns_to_its_origin_by_its_path() {
    let site = Site::new()
        .get(
            "/sso",
            Reply::redirect(302, "/app/page")
                .with("Set-Cookie", "a=1; Path=/app")
                .with("Set-Cookie", "b=1; Path=/other"),
        )
        .get("/app/page", assertion_page(Assertion::default()));
    let world = World::open(site);
    world.get().succeeds();
    let page = &world.idp.journal()[1];
    assert_eq!((page.cookie("a"), page.cookie("b")), (Some("1"), None));
}

#[test]
fn an_authorization_is_dropped_at_the_border() {
    for auth in ["basic", "bearer"] {
        let stranger = stranger();
        let site = Site::new().get("/sso", Reply::redirect(302, stranger.url("/elsewhere")));
        let world = World::at(site.start().unwrap(), auth)
            .set(if auth == "basic" { "saml.password.env" } else { "saml.token.env" }, "IDP_PASSWORD")
            .env("IDP_PASSWORD", "border-secret")
            .secret("border-secret");
        let world = if auth == "basic" { world.set("saml.username", USER) } else { world };
        let _ = world.get();
        assert!(world.idp.journal()[0].header("authorization").is_some());
        assert!(stranger.journal().iter().all(|request| request.header("authorization").is_none()), "{auth}");
    }
}

#[test]
fn a_stranger_who_asks_for_a_login_gets_none() {
    let stranger = Site::new()
        .get("/elsewhere", authorization_check("Basic realm=\"idp\"", "Basic never", Reply::status(200)))
        .start()
        .unwrap();
    let site = Site::new().get("/sso", Reply::redirect(302, stranger.url("/elsewhere")));
    let world = World::at(site.start().unwrap(), "basic")
        .set("saml.username", USER)
        .set("saml.password.env", "IDP_PASSWORD")
        .env("IDP_PASSWORD", PASSWORD);
    world.get().fails_as("origin-not-allowed");
    assert!(stranger.journal().iter().all(|request| request.header("authorization").is_none()));
}

#[test]
fn no_page_learns_which_one_came_before() {
    let world = World::form(Site::with_login(Assertion::default()));
    world.get().succeeds();
    assert!(world.idp.journal().iter().all(|request| request.header("referer").is_none()));
}

#[test]
fn a_proxy_of_the_environment_is_not_asked_for_this_machine() {
    let proxy = stranger();
    let world = World::form(Site::with_login(Assertion::default()))
        .env("HTTP_PROXY", proxy.origin())
        .env("http_proxy", proxy.origin())
        .env("HTTPS_PROXY", proxy.origin())
        .env("ALL_PROXY", proxy.origin());
    world.get().succeeds();
    assert_eq!(proxy.connections(), 0);
}

/// An IdP at `http://idp.example.test`, reached through the world's server as a proxy: so hosts have real names.
fn behind_a_proxy(site: Site) -> World {
    World::form(site).set("saml.idp_url", "http://idp.example.test/sso").set("saml.allow_http", true)
}

fn hosts(world: &World) -> Vec<String> {
    world.idp.journal().iter().map(|request| request.uri.host().unwrap_or_default().to_string()).collect()
}

#[test]
fn a_login_goes_through_the_proxy_of_the_profile_or_of_the_environment() {
    let world = behind_a_proxy(Site::with_login(Assertion::default()));
    let proxy = world.idp.origin().to_string();
    world.set("saml.proxy", proxy).get().succeeds();

    let world = behind_a_proxy(Site::with_login(Assertion::default()));
    let proxy = world.idp.origin().to_string();
    let world = world.env("http_proxy", proxy);
    world.get().succeeds();
    assert_eq!(hosts(&world), ["idp.example.test"; 3]);
}

#[test]
fn a_cookie_for_the_whole_domain_stays_with_the_host_that_set_it() {
    let site = Site::new()
        .get(
            "/sso",
            Reply::redirect(302, "http://evil.example.test/elsewhere")
                .with("Set-Cookie", "wide=1; Path=/; Domain=example.test"),
        )
        .get("/elsewhere", Reply::redirect(302, "http://idp.example.test/back"))
        .get("/back", assertion_page(Assertion::default()));
    let world = behind_a_proxy(site);
    let proxy = world.idp.origin().to_string();
    let world = world.set("saml.proxy", proxy);
    world.get().succeeds();
    assert_eq!(hosts(&world), ["idp.example.test", "evil.example.test", "idp.example.test"]);
    let cookies: Vec<_> =
        world.idp.journal().iter().map(|request| request.cookie("wide").map(str::to_string)).collect();
    assert_eq!(cookies, [None, None, Some("1".to_string())]);
}

#[test]
fn a_name_of_this_machine_is_never_looked_up_elsewhere() {
    let world = World::form(Site::with_login(Assertion::default()));
    let url = format!("http://localhost:{}/sso", world.idp.port());
    world.set("saml.idp_url", url).get().succeeds();
}
