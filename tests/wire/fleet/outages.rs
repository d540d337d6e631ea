//! Redis is away, slow, full, read-only, empty, or not ours: each machine goes on alone, says so, and comes back by itself.

use super::redis::Redis;
use super::{Assertion, Site, World, fleet, get, log, posts, run, site, start, status, until};
use crate::support::idp::{assertion_page, held};
use crate::support::reply::Gate;

/// Logs in on a machine whose Redis has this wrong with it: it takes no harm, and the code stands in status, doctor and the log.
fn goes_on_alone(world: &World, machine: &str, code: &str) {
    let logins = world.sts.calls().len();
    let alone = get(world, machine);
    alone.succeeds();
    assert_eq!(world.sts.calls().len(), logins + 1, "{code}: by itself");
    assert_eq!(get(world, machine).succeeds(), alone.succeeds(), "{code}: from its own cache");
    assert_eq!(status(world, machine)["alone_because"]["code"], code);
    let doctor = run(world, machine, &["doctor", "dev"]);
    assert!(doctor.stdout.contains(code) && doctor.status == Some(0), "{code}:\n{}", doctor.stdout);
    let told = log(world, machine).lines().filter(|line| line.contains("works alone, with")).count();
    assert!(told >= 1, "{code}");
}

/// After a while the machine asks its fleet again, and finds what another one brought.
fn comes_back(world: &World, machine: &str) {
    until("it asks the fleet again", || {
        run(world, machine, &["get", "dev", "--force"]).succeeds();
        status(world, machine)["alone_because"].is_null()
    });
}

fn login() -> World {
    World::form(Site::with_login(Assertion::default()))
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_redis_that_is_killed_in_the_middle_of_a_login_and_comes_back_empty() {
    let gate = Gate::default();
    let site = Site::new().get("/sso", held(&gate, assertion_page(Assertion::default())));
    let (world, mut redis) = fleet(World::open(site));
    let leader = start(&world, "a", &["get", "dev"]);
    until("the leader asked", || world.idp.lines().len() == 1);
    let follower = start(&world, "b", &["get", "dev"]);
    redis.kill();
    until("the follower goes on alone", || world.idp.lines().len() == 2);
    gate.open();
    world.end(leader).succeeds();
    world.end(follower).succeeds();
    assert_eq!(status(&world, "b")["alone_because"]["code"], "fleet-unreachable");
    redis.start_again();
    comes_back(&world, "b");
    let printed = get(&world, "b").succeeds();
    assert_eq!(get(&world, "c").succeeds(), printed, "the fleet has what b brought");
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn machines_that_wait_while_redis_fails_over_make_one_more_login_together() {
    let gate = Gate::default();
    let site = Site::new().get("/sso", held(&gate, assertion_page(Assertion::default())));
    let (world, mut redis) = fleet(World::open(site));
    let leader = start(&world, "a", &["get", "dev"]);
    until("the leader asked", || world.idp.lines().len() == 1);
    let names = ["b", "c", "d", "e"];
    let followers = names.map(|machine| start(&world, machine, &["get", "dev"]));
    let waits =
        |machine| world.path(machine).join("log").exists() && log(&world, machine).contains("waiting for its result");
    until("all others wait", || names.into_iter().all(waits));
    redis.kill();
    redis.start_again();
    until("one of them leads", || world.idp.lines().len() == 2);
    gate.open();
    world.end(leader).succeeds();
    for follower in followers {
        world.end(follower).succeeds();
    }
    assert_eq!(world.idp.lines().len(), 2, "the old leader's login, and the new one's");
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_redis_that_is_stopped_costs_its_budget_and_one_that_goes_on_is_used_again() {
    let world = login();
    let redis = Redis::start(&world);
    let world = world.env("REDIS_PASSWORD", super::redis::PASSWORD).also(&redis.settings());
    world.run(&["cache", "key", "new", world.path("cache.key").to_str().unwrap()]);
    redis.stop();
    goes_on_alone(&world, "a", "fleet-unreachable");
    assert!(log(&world, "a").contains("did not answer within 300 ms"), "{}", log(&world, "a"));
    redis.go_on();
    comes_back(&world, "a");
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_replica_a_full_server_and_one_that_knows_another_password() {
    let (world, redis) = fleet(login());
    redis.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    goes_on_alone(&world, "full", "fleet-full");
    redis.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    redis.ask(&["REPLICAOF", "127.0.0.1", "1"]);
    goes_on_alone(&world, "replica", "fleet-read-only");
    redis.ask(&["REPLICAOF", "NO", "ONE"]);
    comes_back(&world, "full");
    let world = world.env("REDIS_PASSWORD", "another-pass-phrase").secret("another-pass-phrase");
    goes_on_alone(&world, "refused", "fleet-refused");
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_machine_with_another_key_or_none() {
    let (world, redis) = fleet(login());
    get(&world, "a").succeeds();
    let key = world.path("cache.key");
    std::fs::rename(&key, world.path("old.key")).unwrap();
    goes_on_alone_without(&world);
    world.run(&["cache", "key", "new", key.to_str().unwrap()]);
    goes_on_alone(&world, "other", "fleet-key-differs");
    // With the old one listed as well it is of the fleet, and reads what was cached before.
    let list =
        format!("key_file = [{:?}, {:?}]\n", key.display().to_string(), world.path("old.key").display().to_string());
    let rotated = redis.settings().lines().filter(|line| !line.starts_with("key_file")).collect::<Vec<_>>().join("\n");
    let world = world.without_more().also(&format!("{rotated}\n{list}store_timeout_ms = 5000\n"));
    let logins = world.sts.calls().len();
    get(&world, "a").succeeds();
    assert_eq!(world.sts.calls().len(), logins, "under the old key");
    get(&world, "new").succeeds();
    assert!(status(&world, "new")["alone_because"].is_null());
}

/// A key that is missing is told by its own code; everything is kept with a key of the machine's own.
fn goes_on_alone_without(world: &World) {
    get(world, "none").succeeds();
    let logins = world.sts.calls().len();
    get(world, "none").succeeds();
    assert_eq!(world.sts.calls().len(), logins);
    assert_eq!(status(world, "none")["alone_because"]["code"], "fleet-key-missing");
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_wrong_password_is_tried_once_by_each_machine_that_is_alone_and_no_more_when_they_meet() {
    let world =
        World::form(site(super::password_check())).env("IDP_PASSWORD", "wrong-password").secret("wrong-password");
    let (world, mut redis) = fleet(world);
    redis.kill();
    for machine in ["a", "b", "a", "b"] {
        get(&world, machine).fails_as("idp-rejected");
    }
    assert_eq!(posts(&world), 2);
    redis.start_again();
    until("a asks the fleet again", || {
        get(&world, "a");
        status(&world, "a")["alone_because"].is_null()
    });
    get(&world, "a").fails_as("idp-rejected");
    get(&world, "b").fails_as("idp-rejected");
    assert_eq!(posts(&world), 2);
}
