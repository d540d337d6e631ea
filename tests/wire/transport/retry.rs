//! `[saml.retry]`, `timeout` and `deadline`: what is sent again, what never is, and when it ends.

use std::time::{Duration, Instant};

use crate::support::assertion::Assertion;
use crate::support::idp::{Site, assertion_page, at_first, login_page};
use crate::support::reply::{Payload, Reply};
use crate::world::World;

fn flaky(times: usize, first: Reply) -> World {
    World::open(Site::new().get("/sso", at_first(times, first, assertion_page(Assertion::default()))))
}

#[test]
fn an_idp_in_trouble_is_asked_again() {
    for status in [429, 500, 502, 503, 504] {
        let world = flaky(2, Reply::status(status));
        world.get().succeeds();
        assert_eq!(world.idp.journal().len(), 3, "HTTP {status}");
    }
}

#[test]
fn other_answers_are_final() {
    for (status, code) in [(403, "idp-forbidden"), (404, "http-unexpected"), (501, "http-5xx")] {
        let world = flaky(1, Reply::status(status));
        world.get().fails_as(code);
        assert_eq!(world.idp.journal().len(), 1, "HTTP {status}");
    }
}

#[test]
fn after_so_many_tries_it_is_given_up() {
    let world = flaky(usize::MAX, Reply::status(503)).set("saml.retry.total", 3);
    world.get().fails_as("http-5xx");
    assert_eq!(world.idp.journal().len(), 4);
}

#[test]
fn no_retries_means_one_request() {
    let world = flaky(usize::MAX, Reply::status(503)).set("saml.retry.total", 0);
    world.get().fails_as("http-5xx");
    assert_eq!(world.idp.journal().len(), 1);
}

#[test]
fn the_list_of_statuses_is_the_users() {
    let world = flaky(1, Reply::status(500)).set("saml.retry.status_forcelist", vec![418]);
    world.get().fails_as("http-5xx");
    assert_eq!(world.idp.journal().len(), 1);

    let world = flaky(1, Reply::status(418)).set("saml.retry.status_forcelist", vec![418]);
    world.get().succeeds();
}

#[test]
fn retry_after_is_waited_for() {
    let world = flaky(1, Reply::status(503).with("Retry-After", "1"));
    let started = Instant::now();
    world.get().succeeds();
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_retry_after_beyond_the_deadline_is_not_waited_for() {
    let world = flaky(1, Reply::status(503).with("Retry-After", "86400"));
    world.get().fails_as("http-5xx");
    assert_eq!(world.idp.journal().len(), 1);
}

#[test]
fn a_retry_after_can_be_ignored() {
    let world = flaky(1, Reply::status(503).with("Retry-After", "86400")).set("saml.retry.respect_retry_after", false);
    world.get().succeeds();
}

#[test]
fn a_connection_that_breaks_is_made_again() {
    let cut = Reply::html("").payload(Payload::Cut("<html><body>".into()));
    for broken in [Reply::HangUp, cut] {
        let world = flaky(2, broken);
        world.get().succeeds();
        assert_eq!(world.idp.journal().len(), 3);
    }
}

#[test]
fn an_idp_that_says_nothing_is_asked_again_after_the_timeout() {
    let world = flaky(1, Reply::Silence).set("saml.timeout", "1s");
    world.get().succeeds();
    assert_eq!(world.idp.journal().len(), 2);
}

#[test]
fn the_deadline_ends_it_all() {
    let world = flaky(usize::MAX, Reply::Silence).set("saml.timeout", "1s").set("deadline", "3s");
    world.get().fails_as("timeout");
    assert!((1..=4).contains(&world.idp.journal().len()), "{}", world.idp.journal().len());
}

#[test]
fn nobody_there_is_unavailable() {
    let world = World::open(Site::new());
    let gone = Site::new().start().unwrap().url("/sso");
    let world = world.set("saml.idp_url", gone).set("saml.retry.total", 1);
    world.get().fails_as("connect");
    assert_eq!(world.idp.connections(), 0);
}

#[test]
fn a_name_that_does_not_exist_is_asked_for_once() {
    // No resolver needs to be asked about it: a label has at most 63 characters (RFC 1035 §2.3.4).
    let host = format!("https://{}.example.com", "x".repeat(64));
    let world = World::open(Site::without_login(Assertion::default()));
    let gone = world.set("saml.idp_url", format!("{host}/sso"));
    let run = gone.get();
    run.fails_as("connect").saying("check the spelling of the host name");
    assert!(!run.stderr.contains("attempts were made"), "{}", run.stderr);
    let world = World::open(Site::without_login(Assertion::default())).set("sts_endpoint_url", host);
    let run = world.get();
    run.fails_as("connect").saying("check the spelling of the host name");
    assert!(!run.stderr.contains("attempts were made"), "{}", run.stderr);
}

#[test]
fn a_password_that_may_have_arrived_is_not_posted_again() {
    let cut = Reply::html("").payload(Payload::Cut("<html><body>".into()));
    for (answer, code) in [
        (Reply::HangUp, "connect"),
        (cut, "connect"),
        (Reply::Silence, "timeout"),
        (Reply::status(503), "http-5xx"),
        (Reply::status(429), "http-5xx"),
    ] {
        let site = Site::new().get("/sso", login_page("/login")).post("/login", answer);
        let world = World::form(site).set("saml.timeout", "1s");
        world.get().fails_as(code);
        assert_eq!(world.idp.lines(), ["GET /sso", "POST /login"], "{code}");
    }
}

#[test]
fn pages_before_the_password_are_asked_for_again() {
    let site = Site::new()
        .get("/sso", Reply::redirect(302, "/login"))
        .get("/login", at_first(1, Reply::status(503), login_page("/login")))
        .post("/login", assertion_page(Assertion::default()));
    let world = World::form(site);
    world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /sso", "GET /login", "GET /login", "POST /login"]);
}
