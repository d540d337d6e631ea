//! While the cached credentials live: an outage is not noticed, and nobody is kept waiting.

use super::{age, held_back, kept, password_check, posts, site, until};
use crate::support::assertion::Assertion;
use crate::support::idp::{Site, assertion_page, at_first, held};
use crate::support::reply::{Gate, Reply};
use crate::support::sts::{Fault, Refusal};
use crate::world::World;

/// An IdP that lets in once; what it says to the next form is the test's.
fn once_then(then: impl crate::support::idp::Respond) -> World {
    World::form(site(at_first(1, password_check(), then)))
}

#[test]
fn old_credentials_are_printed_while_the_idp_is_down_and_it_is_not_asked_again_soon() {
    let site = Site::new().get("/sso", at_first(1, assertion_page(Assertion::default()), Reply::status(503)));
    let world = World::open(site);
    let first = world.get().succeeds();
    age(&world, 45);
    let old = world.get().succeeds();
    assert_eq!(old["SecretAccessKey"], first["SecretAccessKey"]);
    let asked = world.idp.lines().len();
    assert!(asked > 1, "a refresh was tried");
    for _ in 0..5 {
        assert_eq!(world.get().succeeds(), old);
    }
    assert_eq!(world.idp.lines().len(), asked);
}

#[test]
fn old_credentials_are_printed_while_sts_says_no_or_nothing() {
    for fault in [Fault::Refuse(Refusal::new(403, "AccessDenied", "no")), Fault::Hang, Fault::NotXml] {
        let world = World::form(Site::with_login(Assertion::default()));
        let first = world.get().succeeds();
        age(&world, 45);
        world.sts.fail(10, fault);
        for _ in 0..3 {
            assert_eq!(world.get().succeeds()["AccessKeyId"], first["AccessKeyId"]);
        }
        assert_eq!(posts(&world), 2, "one try");
    }
}

#[test]
fn credentials_that_are_due_are_replaced() {
    let world = World::form(Site::with_login(Assertion::default()));
    let first = world.get().succeeds();
    age(&world, 43);
    assert_eq!(world.get().succeeds()["AccessKeyId"], first["AccessKeyId"], "17 minutes are left");
    age(&world, 2);
    assert_ne!(world.get().succeeds()["AccessKeyId"], first["AccessKeyId"], "15 minutes are left");
}

#[test]
fn a_wider_window_makes_credentials_due_earlier() {
    let world = World::form(Site::with_login(Assertion::default()));
    let first = world.get().succeeds();
    age(&world, 35);
    assert_eq!(world.get().succeeds()["AccessKeyId"], first["AccessKeyId"]);
    assert_ne!(world.get_with(&["--window", "30m"]).succeeds()["AccessKeyId"], first["AccessKeyId"]);
}

#[test]
fn while_another_refreshes_the_old_ones_are_printed_at_once() {
    let gate = Gate::default();
    let world = once_then(held(&gate, password_check()));
    let first = world.get().succeeds();
    age(&world, 45);
    let refreshing = world.start(&[]);
    until("it has posted", || posts(&world) == 2);
    assert_eq!(world.get().succeeds()["AccessKeyId"], first["AccessKeyId"]);
    gate.open();
    assert_ne!(world.end(refreshing).succeeds()["AccessKeyId"], first["AccessKeyId"]);
    assert_eq!(posts(&world), 2);
}

#[test]
fn an_idp_that_hangs_keeps_nobody_from_credentials_that_are_good() {
    // Longer than the test may take: what ends the wait is the refresh's own limit.
    let world = once_then(Reply::Silence).set("deadline", "10m").set("saml.timeout", "10m");
    let first = world.get().succeeds();
    age(&world, 45);
    for _ in 0..3 {
        assert_eq!(world.get().succeeds()["AccessKeyId"], first["AccessKeyId"]);
    }
    assert_eq!(posts(&world), 2);
}

#[test]
fn a_secret_sent_without_an_answer_is_not_sent_again_while_credentials_are_left() {
    let world = once_then(Reply::Silence);
    let first = world.get().succeeds();
    age(&world, 45);
    let mut killed = world.start(&[]);
    until("it has posted", || posts(&world) == 2);
    killed.kill();
    world.end(killed);
    assert_eq!(world.get().succeeds()["AccessKeyId"], first["AccessKeyId"]);
    assert_eq!(posts(&world), 2);
    // Once there are none left, it is tried once more.
    age(&world, 15);
    let world = world.set("deadline", "2s");
    world.get().fails_as("timeout");
    world.get_with(&["--force"]).fails_as("secret-without-verdict");
    assert_eq!(posts(&world), 3);
}

#[test]
fn what_fails_here_ahead_of_time_is_not_tried_at_every_call() {
    let world = World::form(Site::with_login(Assertion::default()));
    let first = world.get().succeeds();
    age(&world, 45);
    let world = world.set("saml.password.env", "NOT_SET_ANYWHERE");
    let asked = world.idp.lines().len();
    for _ in 0..5 {
        assert_eq!(world.get().succeeds()["AccessKeyId"], first["AccessKeyId"]);
    }
    assert_eq!(world.idp.lines().len(), asked + 2, "one try got as far as the form");
    // It holds back nobody who has no credentials.
    age(&world, 15);
    world.get().fails_as("missing-key");
    world.set("saml.password.env", "IDP_PASSWORD").get().succeeds();
}

#[test]
fn after_the_end_an_idp_that_is_down_is_unavailable_and_not_stormed() {
    let site = Site::new().get("/sso", at_first(1, assertion_page(Assertion::default()), Reply::status(503)));
    let world = World::open(site).set("saml.retry.total", 0);
    world.get().succeeds();
    age(&world, 60);
    for _ in 0..50 {
        world.get().fails_as("http-5xx");
    }
    // The pause doubles from a second: no machine takes a quarter of an hour for fifty runs.
    assert!(world.idp.lines().len() < 30, "{} requests", world.idp.lines().len());
    assert_eq!(kept(&world, ".memo.v3").len(), 1);
}

#[test]
fn an_idp_that_cannot_be_reached_is_unavailable_and_remembered() {
    let gone = Site::new().start().unwrap().url("/sso");
    let world = World::open(Site::without_login(Assertion::default()));
    world.get().succeeds();
    let world = world.set("saml.idp_url", gone.as_str()).set("saml.retry.total", 0);
    world.get().fails_as("connect");
    held_back(&world, "connect");
}
