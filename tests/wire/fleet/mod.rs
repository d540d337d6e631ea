//! Machines that share a Redis: one login for all of them, one attempt with a wrong password, and whatever is wrong with that
//! Redis costs a login its budget and no more.
//!
//! A machine is a home of its own. They need `redis-server`, which `tests/lab/install` installs; `tests/run` runs them after it.

mod outages;
mod redis;
mod safety;
mod servers;

use std::fs;
use std::process::Command;

use serde_json::Value;

use self::redis::Redis;
use super::broker::{password_check, posts, site, the_one_answer, the_one_error, until};
use crate::harness::run::{Run, Running};
use crate::support::assertion::Assertion;
use crate::support::entries::Kept;
use crate::support::idp::Site;
use crate::world::World;

const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

/// A world whose machines share a Redis that has time to answer on a busy machine.
fn fleet(world: World) -> (World, Redis) {
    let redis = Redis::start(&world);
    (machines_of(world, &redis.settings()), redis)
}

/// Such a world, with these settings.
fn machines_of(world: World, settings: &str) -> World {
    let settings = format!("{settings}store_timeout_ms = 5000\n");
    let world = world.set("deadline", "55s").env("REDIS_PASSWORD", redis::PASSWORD).secret(redis::PASSWORD);
    let world = world.also(&settings);
    let key = world.path("cache.key");
    let made = world.run(&["cache", "key", "new", key.to_str().unwrap()]);
    assert_eq!(made.status, Some(0), "{}", made.stderr);
    world
}

/// The command of a machine: its home has this name.
fn command(world: &World, machine: &str, arguments: &[&str]) -> Command {
    let home = world.path(machine);
    fs::create_dir_all(&home).expect("a home");
    let mut command = world.command(FEDCRED);
    command.env("HOME", &home).env("TMPDIR", &home).arg("--log-file").arg(home.join("log")).args(arguments);
    command
}

fn start(world: &World, machine: &str, arguments: &[&str]) -> Running {
    Running::start(&mut command(world, machine, arguments))
}

fn run(world: &World, machine: &str, arguments: &[&str]) -> Run {
    world.end(start(world, machine, arguments))
}

fn get(world: &World, machine: &str) -> Run {
    run(world, machine, &["get", "dev"])
}

/// So many processes on each of so many machines at once, to their end.
fn herd(world: &World, machines: usize, processes: usize) -> Vec<Run> {
    let names: Vec<String> = (0..machines).map(|number| format!("machine-{number}")).collect();
    let all: Vec<Running> =
        (0..processes).flat_map(|_| &names).map(|machine| start(world, machine, &["get", "dev"])).collect();
    all.into_iter().map(|running| world.end(running)).collect()
}

/// What `status --json` says of the fleet.
fn status(world: &World, machine: &str) -> Value {
    let told = run(world, machine, &["status", "--json"]);
    let told: Value = serde_json::from_str(&told.stdout).expect("JSON");
    told["cache"]["fleet"].clone()
}

/// The log of a machine.
fn log(world: &World, machine: &str) -> String {
    fs::read_to_string(world.path(machine).join("log")).expect("a log")
}

/// What is cached on a machine.
fn kept(world: &World, machine: &str) -> Kept {
    let home = world.path(machine);
    let files: Vec<_> = world.files();
    Kept::one(
        &files.into_iter().filter(|path| path.starts_with(&home) || path.ends_with("cache.key")).collect::<Vec<_>>(),
    )
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_cold_herd_on_five_machines_makes_one_login_and_what_redis_has_tells_nothing_and_ends() {
    let (world, redis) = fleet(World::form(Site::with_login(Assertion::default())));
    let runs = herd(&world, 5, 10);
    the_one_answer(&runs);
    assert_eq!((world.idp.lines().len(), world.sts.calls().len()), (3, 1), "{:?}", world.idp.lines());
    let names = redis.names("");
    assert!(names.iter().any(|name| name.ends_with(".cred.v3")), "{names:?}");
    for name in names {
        let is_hidden = |part: &str| part.trim_matches(['{', '}']).chars().all(|c| c.is_ascii_hexdigit());
        let mut parts = name.split([':', '.']);
        assert_eq!(parts.next(), Some("fedcred"));
        let words = ["key", "lock", "lead", "names", "cred", "memo", "saml", "v3"];
        assert!(parts.all(|part| is_hidden(part) || words.contains(&part)), "{name}");
        let left: i64 = redis.ask(&["TTL", &name]).parse().unwrap();
        let longest = if name.ends_with(".cred.v3") { 3600 } else { 30 * 24 * 3600 };
        assert!((1..=longest).contains(&left), "{name} lives {left} s");
    }
    redis.save(); // where the world looks for secrets
    assert_eq!(status(&world, "machine-0")["alone_because"], Value::Null);
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_wrong_password_is_tried_once_by_the_fleet() {
    let world = World::form(site(password_check())).env("IDP_PASSWORD", "wrong-password").secret("wrong-password");
    let (world, redis) = fleet(world);
    the_one_error(&herd(&world, 5, 6), "idp-rejected");
    assert_eq!((posts(&world), world.sts.calls().len()), (1, 0));
    get(&world, "a machine that comes later").fails_as("idp-rejected");
    assert_eq!(posts(&world), 1);
    // By hand it is tried once more, and what became of it is the fleet's again.
    run(&world, "machine-0", &["login", "--use-stored", "dev"]);
    get(&world, "machine-1").fails_as("idp-rejected");
    assert_eq!(posts(&world), 2);
    redis.save();
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn what_a_person_corrected_on_one_machine_holds_on_all() {
    let refuses_once = crate::support::idp::at_first(1, crate::support::idp::login_page("/login"), password_check());
    let (world, _redis) = fleet(World::form(site(refuses_once)));
    get(&world, "a").fails_as("idp-rejected");
    get(&world, "b").fails_as("idp-rejected");
    let login = run(&world, "a", &["login", "--use-stored", "dev"]);
    assert_eq!(login.status, Some(0), "{}", login.stderr);
    let printed = get(&world, "a").succeeds();
    assert_eq!(get(&world, "b").succeeds(), printed, "the refusal that b remembers is no more");
    assert_eq!(posts(&world), 2);
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_fresh_hit_asks_nobody_and_one_that_is_due_takes_what_another_machine_renewed() {
    let (world, redis) = fleet(World::form(Site::with_login(Assertion::default())));
    let first = get(&world, "a").succeeds();
    assert_eq!(get(&world, "b").succeeds(), first);
    let asked = redis.connections();
    get(&world, "a").succeeds();
    get(&world, "b").succeeds();
    assert_eq!(redis.connections(), asked + 1, "the keeper's own question alone");
    let second = run(&world, "a", &["get", "dev", "--force"]).succeeds();
    for (machine, minutes) in [("b", 50), ("c", 0)] {
        if minutes > 0 {
            kept(&world, machine).age(minutes);
        }
        assert_eq!(get(&world, machine).succeeds(), second, "{machine}");
    }
    kept(&world, "b").age(50);
    let third = run(&world, "a", &["get", "dev", "--force"]).succeeds();
    let refreshed = run(&world, "b", &["refresh", "--all"]);
    assert!(refreshed.stdout.contains("refreshed"), "{} {}", refreshed.stdout, refreshed.stderr);
    assert_eq!(get(&world, "b").succeeds(), third);
    assert_eq!(world.sts.calls().len(), 3, "the first, and two that were forced");
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn clocks_that_differ_by_ninety_seconds_cost_no_login() {
    let (world, _redis) = fleet(World::form(Site::with_login(Assertion::default())));
    let first = get(&world, "a").succeeds();
    for (machine, offset) in [("behind", "-90s"), ("ahead", "+90s")] {
        for _ in 0..2 {
            let mut faketime = world.command("/usr/bin/faketime");
            let home = world.path(machine);
            fs::create_dir_all(&home).unwrap();
            faketime.args(["-f", offset, FEDCRED, "get", "dev"]).env("HOME", &home).env("TMPDIR", &home);
            assert_eq!(world.end(Running::start(&mut faketime)).succeeds(), first, "{machine}");
        }
    }
    assert_eq!(world.sts.calls().len(), 1);
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn logout_forgets_in_the_fleet() {
    let (world, redis) = fleet(World::form(Site::with_login(Assertion::default())));
    get(&world, "a").succeeds();
    assert!(!redis.names(".v3").is_empty());
    let out = run(&world, "a", &["logout", "dev"]);
    assert_eq!((out.status, redis.names(".v3")), (Some(0), vec![]), "{}", out.stderr);
    get(&world, "b").succeeds();
    assert_eq!(world.sts.calls().len(), 2);
    let out = run(&world, "b", &["logout", "--all"]);
    assert_eq!((out.status, redis.names(".v3")), (Some(0), vec![]), "{}", out.stderr);
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn the_small_program_answers_from_the_files_in_front() {
    use crate::installed::Installed;
    let (world, _redis) = fleet(World::form(Site::with_login(Assertion::default())));
    let first = run(&world, "a", &["get", "dev"]);
    first.succeeds();
    let installed = Installed::new();
    installed.without_complete();
    let mut hit = world.command(installed.small().to_str().unwrap());
    hit.env("HOME", world.path("a")).args(["get", "dev"]);
    assert_eq!(world.end(Running::start(&mut hit)).stdout, first.stdout);
}
