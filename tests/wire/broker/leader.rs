//! One leads, others wait: for its result, its error, its death, or in vain. Who waits is read from `/proc`.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use super::{end, kept, password_check, posts, site, the_one_error, until};
use crate::harness::run::Running;
use crate::support::assertion::Assertion;
use crate::support::idp::{PASSWORD, Site, assertion_page, at_first, held, password_check as check};
use crate::support::reply::{Gate, Reply};
use crate::world::World;

/// Who holds the lock, as the lock's file says.
pub fn holder(world: &World) -> Option<u32> {
    let lock = fs::read_to_string(kept(world, ".lock").pop()?).ok()?;
    lock.split_whitespace().next()?.parse().ok()
}

/// Whether it has the lock's file open. It looked at what is known before it opened it.
pub fn waits_for_the_lock(running: &Running) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{}/fd", running.pid())) else { return false };
    let files = open.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
    files.into_iter().any(|file| file.extension().is_some_and(|extension| extension == "lock"))
}

fn signal(running: &Running, signal: Signal) {
    let pid = Pid::from_raw(running.pid().try_into().unwrap()).unwrap();
    kill_process(pid, signal).expect("a child of ours");
}

#[test]
fn those_who_waited_hear_the_leaders_error_and_the_next_is_held_back_until_it_forces() {
    let gate = Gate::default();
    let down = Site::new().get("/sso", held(&gate, Reply::status(500)));
    let world = World::open(down).set("saml.retry.total", 0);
    let leader = world.start(&[]);
    until("the leader asked", || world.idp.lines().len() == 1);
    let followers = world.crowd(10, &[]);
    for follower in &followers {
        until("it waits", || waits_for_the_lock(follower));
    }
    gate.open();
    let mut runs = vec![world.end(leader)];
    runs.extend(end(&world, followers));
    the_one_error(&runs, "http-5xx");
    assert_eq!(world.idp.lines().len(), 1);

    world.get().fails_as("http-5xx").saying("the next attempt is allowed from");
    assert_eq!(world.idp.lines().len(), 1, "held back");
    world.get_with(&["--force"]).fails_as("http-5xx");
    assert_eq!(world.idp.lines().len(), 2, "forced");
}

#[test]
fn a_stopped_leader_is_named_and_goes_on_when_it_is_continued() {
    let gate = Gate::default();
    let world = World::form(site(held(&gate, password_check()))).set("deadline", "50s");
    let leader = world.start(&[]);
    until("the leader has posted", || posts(&world) == 1);
    signal(&leader, Signal::STOP);
    let world = world.set("deadline", "1s");
    world.get().fails_as("lock-timeout").saying(&format!("process {} holds the lock", leader.pid()));
    gate.open();
    signal(&leader, Signal::CONT);
    let printed = world.end(leader).succeeds();
    assert_eq!((world.get().succeeds(), posts(&world)), (printed, 1));
}

#[test]
fn a_leader_stopped_past_its_deadline_is_reported_with_the_command_that_ends_it() {
    let never = Gate::default();
    let world = World::form(site(at_first(1, held(&never, password_check()), password_check()))).set("deadline", "2s");
    let leader = world.start(&[]);
    until("the leader has posted", || posts(&world) == 1);
    signal(&leader, Signal::STOP);
    // Began later, and so it waits past the leader's deadline; the file tells that in whole seconds.
    let world = world.set("deadline", "4s");
    let waiter = world.get();
    waiter.fails_as("lock-timeout").saying("stopped or frozen").saying(&format!("kill -CONT {}", leader.pid()));

    signal(&leader, Signal::CONT);
    world.end(leader).fails_as("timeout");
    world.get_with(&["--force"]).succeeds();
    assert_eq!(posts(&world), 2, "the one without a verdict, and one more");
}

#[test]
fn who_is_killed_in_the_middle_of_a_login_keeps_nobody_waiting() {
    let never = Gate::default();
    let site =
        Site::new().get("/sso", at_first(1, held(&never, Reply::status(500)), assertion_page(Assertion::default())));
    let world = World::open(site);
    let mut leader = world.start(&[]);
    until("the leader asked", || world.idp.lines().len() == 1);
    leader.kill();
    world.end(leader);
    world.get().succeeds();
}

#[test]
fn a_waiter_with_another_password_tries_its_own() {
    let gate = Gate::default();
    let world = World::form(site(at_first(1, held(&gate, password_check()), password_check())))
        .env("IDP_PASSWORD", "the-old-one")
        .secret("the-old-one");
    let leader = world.start(&[]);
    until("the leader has posted", || posts(&world) == 1);
    let old = world.start(&[]);
    let world = world.env("IDP_PASSWORD", PASSWORD);
    let new = world.start(&[]);
    for waiter in [&old, &new] {
        until("it waits", || waits_for_the_lock(waiter));
    }
    gate.open();
    world.end(leader).fails_as("idp-rejected");
    world.end(new).succeeds();
    // The old one was refused, or found the result of the new one.
    let old = world.end(old);
    if old.status != Some(0) {
        old.fails_as("idp-rejected");
    }
    assert_eq!((posts(&world), world.sts.calls().len()), (2, 1));
}

#[test]
fn a_password_is_not_sent_when_there_is_no_time_left_to_hear_the_verdict() {
    let slow = |request: &crate::support::server::Request| {
        std::thread::sleep(std::time::Duration::from_millis(3_500));
        crate::support::idp::Respond::respond(&crate::support::idp::login_page("/login"), request)
    };
    let site = Site::new().get("/sso", slow).post("/login", check(Reply::status(500), Reply::status(500)));
    let world = World::form(site).set("deadline", "4s");
    world.get().fails_as("timeout");
    assert_eq!(posts(&world), 0);
}
