//! Machines that share a Redis, each in a network namespace of its own: what `tests/lab/fleet` has happen to them, at a small
//! size. `tests/lab/fleet/run` has it at its full one.

use std::fs;
use std::process::Command;

use crate::support::Home;

const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

/// Runs these scenarios, each of which has to pass.
fn happens(scenarios: &[&str]) {
    let home = Home::configured("");
    let mut lab = home.command(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/fleet/run"));
    lab.arg(FEDCRED).args(["--machines", "3", "--processes", "10"]).args(scenarios);
    let outcome = home.run(&mut lab);
    let all = format!("{} passed, 0 failed", scenarios.len());
    let is_so = outcome.status == Some(0) && outcome.stdout.lines().any(|line| line == all);
    assert!(is_so, "{}{}", outcome.stdout, outcome.stderr);
}

#[test]
fn machines_make_one_login_with_the_least_rights_and_nothing_in_the_store_tells_who_they_are() {
    happens(&["crowd", "wrong_password", "leader_killed", "least_privilege", "leaks"]);
}

#[test]
fn whatever_is_wrong_with_the_store_each_machine_goes_on_alone_and_comes_back() {
    happens(&["store_killed", "store_restarted_empty", "store_paused", "faults", "metrics"]);
}

#[test]
fn a_machine_apart_a_failover_and_a_leader_that_wakes_late_cost_at_most_one_login_a_machine() {
    happens(&["parted", "failed_over", "fenced"]);
}

#[test]
fn the_manifest_for_kubernetes_reads_and_its_configuration_passes() {
    let home = Home::configured("");
    let split = "import sys, yaml; documents = list(yaml.safe_load_all(open(sys.argv[1]))); pod = documents[0]['spec']['template']['spec']; \
                 open('config.toml', 'w').write(documents[1]['data']['config.toml']); \
                 print(*pod['initContainers'][0]['args'])";
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/kubernetes/fleet.yaml");
    let outcome = home.run(home.command(home.lab_program("python")).args(["-c", split, manifest]));
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let arguments = outcome.stdout.trim().replace("$(POD_IP)", "192.0.2.1").replace("/run/fedcred/token", "token");
    fs::set_permissions(home.path("config.toml"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let config = home.path("config.toml");
    let check = home.run(home.fedcred().arg("--config").arg(&config).args(["config", "check"]));
    assert_eq!((check.status, check.stderr.as_str()), (Some(0), ""), "{}", check.stdout);
    // An address that this machine does not have: the arguments are good, and nothing is begun.
    let mut serve: Command = home.fedcred();
    let served = home.run(serve.arg("--config").arg(&config).args(arguments.split(' ')));
    served.fails_as("listen-failed");
}
