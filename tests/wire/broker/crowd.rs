//! As Airflow starts us: hundreds of processes in one moment.

use super::leader::{holder, waits_for_the_lock};
use super::{age, end, password_check, posts, site, the_one_answer, the_one_error, until};
use crate::support::assertion::Assertion;
use crate::support::idp::{Site, assertion_page, at_first, held};
use crate::support::reply::{Gate, Reply};
use crate::world::World;

const CROWD: usize = 200;

/// Two hundred starts take a slow machine longer than a login may.
fn patient(world: World) -> World {
    world.set("deadline", "55s")
}

#[test]
fn two_hundred_on_a_cold_cache_make_one_login_and_print_the_same() {
    let world = patient(World::form(Site::with_login(Assertion::default())));
    let runs = end(&world, world.crowd(CROWD, &[]));
    the_one_answer(&runs);
    assert_eq!((world.idp.lines().len(), world.sts.calls().len()), (3, 1), "{:?}", world.idp.lines());
}

#[test]
fn two_hundred_with_a_wrong_password_post_it_once_and_hear_the_same() {
    let world =
        patient(World::form(site(password_check()))).env("IDP_PASSWORD", "wrong-password").secret("wrong-password");
    let runs = end(&world, world.crowd(CROWD, &[]));
    the_one_error(&runs, "idp-rejected");
    assert_eq!((posts(&world), world.sts.calls().len()), (1, 0));
}

#[test]
fn two_hundred_whose_leader_is_killed_at_its_post_go_on_with_one_more() {
    let never = Gate::default();
    let world = patient(World::form(site(at_first(1, held(&never, password_check()), password_check()))));
    let mut crowd = world.crowd(CROWD, &[]);
    until("the leader has posted", || posts(&world) == 1);
    let leader = holder(&world).expect("who holds the lock");
    let leader = crowd.iter().position(|running| running.pid() == leader).expect("one of the crowd");
    let mut leader = crowd.swap_remove(leader);
    leader.kill();
    assert_eq!(world.end(leader).status, None, "ended by the signal");
    the_one_answer(&end(&world, crowd));
    assert_eq!((posts(&world), world.sts.calls().len()), (2, 1));
}

#[test]
fn fifty_with_credentials_left_try_a_failing_idp_once() {
    let site = Site::new().get("/sso", at_first(1, assertion_page(Assertion::default()), Reply::status(500)));
    let world = World::open(site).set("saml.retry.total", 0);
    let first = world.get().succeeds();
    age(&world, 50);
    let runs = end(&world, world.crowd(50, &[]));
    assert_eq!(the_one_answer(&runs)["AccessKeyId"], first["AccessKeyId"]);
    assert_eq!(world.idp.lines(), ["GET /sso", "GET /sso"]);
}

#[test]
fn fifty_that_are_forced_take_one_login_that_began_after_them_for_their_own() {
    let gate = Gate::default();
    let site =
        Site::new().get("/sso", at_first(2, held(&gate, assertion_page(Assertion::default())), Reply::status(500)));
    let world = patient(World::open(site));
    // The first leads; the others come while it does, and one of them leads once more for all.
    let first = world.start(&["--force"]);
    until("the first asked", || world.idp.lines().len() == 1);
    let crowd = world.crowd(50, &["--force"]);
    for running in &crowd {
        until("it waits", || waits_for_the_lock(running));
    }
    gate.open();
    let first = world.end(first).succeeds();
    assert_ne!(the_one_answer(&end(&world, crowd)), first);
    assert_eq!((world.idp.lines().len(), world.sts.calls().len()), (2, 2));
}
