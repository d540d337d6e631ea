//! The other ways to a server: a socket, a cluster; one that forgets, one that parts; and machines that stay.

use std::collections::BTreeSet;

use rustix::process::Signal;
use serde_json::Value;

use super::redis::Redis;
use super::{Assertion, Site, World, command, fleet, get, log, machines_of, password_check, posts, run, site};
use super::{start, status, until};
use crate::background::Background;
use crate::support::idp::{at_first, held};
use crate::support::reply::Gate;

fn login() -> World {
    World::form(Site::with_login(Assertion::default()))
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_socket_of_this_machine_is_shared_by_its_users() {
    let world = login();
    let redis = Redis::start(&world);
    let settings = redis.settings();
    let others = settings.lines().filter(|line| !line.starts_with("store = ") && !line.starts_with("store_c"));
    let mut lines: Vec<String> = others.map(str::to_owned).collect();
    lines.push(format!("store = \"unix://{}?user=fedcred\"\n", redis.socket().display()));
    let world = machines_of(world, &lines.join("\n"));
    assert_eq!(get(&world, "a").succeeds(), get(&world, "b").succeeds());
    assert_eq!((world.sts.calls().len(), status(&world, "b")["alone_because"].clone()), (1, Value::Null));
    let doctor = run(&world, "a", &["doctor", "dev"]);
    assert_eq!(doctor.status, Some(0), "{}", doctor.stdout);
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_cluster_has_each_login_on_one_of_its_servers() {
    let world = World::form(site(password_check())).set("saml.retry.total", 0);
    let servers = Redis::cluster(&world);
    let mut world = machines_of(world, &format!("{}store_cluster = true\n", servers[0].settings()));
    assert_eq!(get(&world, "a").succeeds(), get(&world, "b").succeeds());
    assert_eq!(world.sts.calls().len(), 1);
    // Of others only the refusal is kept, until two servers have something.
    let mut users = 0;
    while servers.iter().filter(|server| !server.names(".v3").is_empty()).count() < 2 {
        users += 1;
        assert!(users < 30, "all are on one server");
        let name = format!("user-{users}");
        world = world.also(&format!("[profile.{name}]\ninclude = \"dev\"\nsaml.username = \"{name}\"\n"));
        for machine in ["a", "b"] {
            run(&world, machine, &["get", &name]).fails_as("idp-rejected");
        }
        assert_eq!(posts(&world), 1 + users);
    }
    for machine in ["a", "b"] {
        assert!(!log(&world, machine).contains("works alone"), "{}", log(&world, machine));
    }
    let doctor = run(&world, "a", &["doctor", "dev"]);
    assert_eq!(doctor.status, Some(0), "{}", doctor.stdout);
    assert_eq!(run(&world, "a", &["logout", "--all"]).status, Some(0));
    for server in &servers {
        assert_eq!((server.names(".v3"), server.ask(&["ACL", "LOG"])), (vec![], String::new()));
    }
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_lease_that_is_evicted_costs_one_more_login_and_a_record_none_where_it_is_known() {
    let gate = Gate::default();
    let (world, redis) = fleet(World::form(site(at_first(1, held(&gate, password_check()), password_check()))));
    let leader = start(&world, "a", &["get", "dev"]);
    until("the leader has posted", || posts(&world) == 1);
    redis.evict_all();
    let newer = get(&world, "b").succeeds();
    gate.open();
    world.end(leader).succeeds();
    assert_eq!(get(&world, "c").succeeds(), newer, "what the last leader brought");
    redis.evict_all();
    for machine in ["b", "c"] {
        assert_eq!(get(&world, machine).succeeds(), newer);
    }
    assert_eq!(posts(&world), 2);
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_refusal_that_is_evicted_is_remembered_by_each_machine_that_has_heard_of_it() {
    let world = World::form(site(password_check())).env("IDP_PASSWORD", "wrong-password").secret("wrong-password");
    let (world, redis) = fleet(world);
    get(&world, "a").fails_as("idp-rejected");
    get(&world, "b").fails_as("idp-rejected");
    redis.evict_all();
    for machine in ["a", "b", "c", "c"] {
        get(&world, machine).fails_as("idp-rejected");
    }
    assert_eq!(posts(&world), 2, "once by the fleet, once by the one that came after");
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn a_leader_whose_connection_is_cut_connects_anew_and_shares_what_it_brings() {
    let gate = Gate::default();
    let (world, redis) = fleet(World::form(site(at_first(1, held(&gate, password_check()), password_check()))));
    let leader = start(&world, "a", &["get", "dev"]);
    until("the leader has posted", || posts(&world) == 1);
    assert_eq!(redis.ask(&["CLIENT", "KILL", "USER", "fedcred"]), "1");
    until("the leader is there again", || redis.ask(&["CLIENT", "LIST"]).contains("user=fedcred"));
    gate.open();
    let printed = world.end(leader).succeeds();
    assert_eq!(get(&world, "b").succeeds(), printed);
    assert_eq!(posts(&world), 1);
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn machines_that_stay_make_one_login_for_each_expiry() {
    let (world, _redis) = fleet(login());
    world.sts.lifetime(4);
    let arguments = ["refresh", "--all", "--loop", "--json"];
    let mut machines: Vec<Background> =
        ["a", "b", "c"].map(|machine| Background::start(&mut command(&world, machine, &arguments))).into();
    // When the credentials end that a machine has made or taken, up to one end that is wanted.
    let mut ends = BTreeSet::new();
    let mut next = |machine: &mut Background| {
        let line: Value = serde_json::from_str(&machine.line()).expect("a line of JSON");
        assert_ne!(line["outcome"], "failed", "{line}");
        let end = line["until"].as_str().expect("an end").to_owned();
        ends.insert(end.clone());
        end
    };
    for machine in &mut machines {
        let first = next(machine);
        while next(machine) == first {}
    }
    world.sts.lifetime(3600);
    let long = |end: &str| {
        end.parse::<jiff::Timestamp>().unwrap() > jiff::Timestamp::now() + jiff::SignedDuration::from_mins(10)
    };
    for machine in &mut machines {
        while !long(&next(machine)) {}
    }
    for machine in machines {
        machine.signal(Signal::TERM);
        machine.end();
    }
    assert_eq!(world.sts.calls().len(), ends.len(), "{ends:?}");
}

#[test]
#[ignore = "needs redis-server: tests/lab/install"]
fn names_of_records_that_are_over_go_when_there_are_many() {
    let (world, redis) = fleet(login());
    get(&world, "a").succeeds();
    let set = redis.names(":names").remove(0);
    let records = redis.ask(&["SCARD", &set]);
    let over: Vec<String> = (0..130).map(|number| format!("over-{number}")).collect();
    let add: Vec<&str> = ["SADD", &set].into_iter().chain(over.iter().map(String::as_str)).collect();
    assert_eq!(redis.ask(&add), "130");
    run(&world, "a", &["get", "dev", "--force"]).succeeds();
    assert_eq!((redis.ask(&["SCARD", &set]), redis.ask(&["ACL", "LOG"])), (records, String::new()));
}
