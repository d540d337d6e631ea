//! What a leader that dies or wakes too late, and what whoever runs Redis, can do: nothing but cost a login.

use rustix::process::{Pid, Signal, kill_process};

use super::{Assertion, Running, Site, World, fleet, get, password_check, posts, site, start, until};
use crate::support::idp::{at_first, held, login_page};
use crate::support::reply::{Gate, Reply};
use crate::support::server::Request;

fn signal(running: &Running, signal: Signal) {
    let pid = Pid::from_raw(running.pid().try_into().unwrap()).unwrap();
    kill_process(pid, signal).expect("a child of ours");
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_leader_that_is_killed_loses_its_lease_and_another_machine_goes_on_with_one_more_attempt() {
    let never = Gate::default();
    let (world, redis) = fleet(World::form(site(at_first(1, held(&never, password_check()), password_check()))));
    let mut leader = start(&world, "a", &["get", "dev"]);
    until("the leader has posted", || posts(&world) == 1);
    let follower = start(&world, "b", &["get", "dev"]);
    leader.kill();
    world.end(leader);
    let printed = world.end(follower).succeeds();
    assert_eq!((posts(&world), redis.names(":lock")), (2, vec![]));
    assert_eq!(get(&world, "c").succeeds(), printed);
    assert_eq!(posts(&world), 2);
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_leader_that_wakes_too_late_overwrites_nothing() {
    let gate = Gate::default();
    let (world, redis) = fleet(World::form(site(at_first(1, held(&gate, password_check()), password_check()))));
    let leader = start(&world, "a", &["get", "dev"]);
    until("the leader has posted", || posts(&world) == 1);
    signal(&leader, Signal::STOP);
    let newer = get(&world, "b").succeeds();
    let records = |redis: &super::redis::Redis| {
        let mut records: Vec<_> = redis.names(".v3").iter().map(|name| redis.ask(&["DUMP", name])).collect();
        records.sort();
        records
    };
    let before = records(&redis);
    gate.open();
    signal(&leader, Signal::CONT);
    let late = world.end(leader).succeeds();
    assert_ne!(late, newer, "its own is good, too");
    assert_eq!(records(&redis), before);
    assert_eq!(get(&world, "c").succeeds(), newer);
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_leader_that_wakes_too_late_sends_no_secret_any_more() {
    let gate = Gate::default();
    let site = Site::new()
        .get("/sso", |_: &Request| Reply::redirect(302, "/login"))
        .get("/login", at_first(1, held(&gate, login_page("/login")), login_page("/login")))
        .post("/login", password_check());
    let world = World::form(site).env("IDP_PASSWORD", "wrong-password").secret("wrong-password");
    let (world, _redis) = fleet(world);
    let leader = start(&world, "a", &["get", "dev"]);
    until("the leader is about to post", || world.idp.lines().len() == 2);
    signal(&leader, Signal::STOP);
    get(&world, "b").fails_as("idp-rejected");
    gate.open();
    signal(&leader, Signal::CONT);
    world.end(leader).fails_as("lock-timeout");
    assert_eq!(posts(&world), 1);
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_record_that_was_changed_swapped_or_dated_otherwise_is_a_miss() {
    let (world, redis) = fleet(World::form(Site::with_login(Assertion::default())));
    get(&world, "a").succeeds();
    let entry = redis.names(".cred.v3").remove(0);
    // Its end, a byte of its body, and another record in its place.
    for (at, machine) in [("87", "b"), ("150", "c")] {
        redis.ask(&["SETRANGE", &entry, at, "~"]);
        without_assertion(&redis);
        let logins = world.sts.calls().len();
        get(&world, machine).succeeds();
        assert_eq!(world.sts.calls().len(), logins + 1, "{at}");
    }
    let memory = redis.names(".memo.v3").remove(0);
    redis.ask(&["COPY", &memory, &entry, "REPLACE"]);
    without_assertion(&redis);
    let logins = world.sts.calls().len();
    get(&world, "d").succeeds();
    assert_eq!(world.sts.calls().len(), logins + 1);
}

/// It would serve in place of a login.
fn without_assertion(redis: &super::redis::Redis) {
    for name in redis.names(".saml.v3") {
        redis.ask(&["DEL", &name]);
    }
}
