//! `exec` of programs that are odd in one way or another: each behaves as it does alone.

use std::fs;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

use crate::background::{Background, eventually};
use crate::client::Client;
use crate::harness::run::Run;
use crate::serve::exec::{exec, waiting, world};
use crate::world::World;

/// Whether the process is there, and no zombie.
fn lives(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.trim())).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains("zombie"))
}

#[test]
fn a_pipeline_has_the_endpoint_in_each_of_its_parts() {
    let world = world();
    let script = "echo $AWS_CONTAINER_AUTHORIZATION_TOKEN | (read first; echo $first $AWS_CONTAINER_AUTHORIZATION_TOKEN) | tr a-z A-Z";
    let run = Run::of(&mut exec(&world, &[], &["sh", "-c", script]));
    let (first, second) = run.stdout.trim_end().split_once(' ').unwrap();
    assert_eq!((first, run.status), (second, Some(0)));
    assert!(first.len() >= 22, "{first}");
}

#[test]
fn with_env_fedcred_is_replaced_by_the_command() {
    let world = world();
    let mut command = world.command(env!("CARGO_BIN_EXE_fedcred"));
    command.args(["exec", "--env", "dev", "--", "sh", "-c", "echo $$; readlink /proc/$$/exe; read line"]);
    let mut run = Background::start(&mut command);
    let pid = run.pid().as_raw_pid();
    assert_eq!(run.line().trim(), pid.to_string());
    assert!(!run.line().contains("fedcred"));
    let processes =
        fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    let ours = processes.map(|line| String::from_utf8_lossy(&line).into_owned());
    assert_eq!(ours.filter(|line| line.contains(&format!("--of\0{pid}\0"))).count(), 0, "it has no endpoint");
}

#[test]
fn what_stays_behind_in_the_background_loses_its_endpoint() {
    let world = world();
    let script = "env; setsid sleep 600 >/dev/null 2>&1 & echo $!; echo ready; read line";
    let mut run = Background::start(&mut exec(&world, &[], &["sh", "-c", script]));
    let told = run.lines_until("ready");
    let client = Client::of(&told);
    let daemon = told.lines().rev().nth(1).unwrap().to_owned();
    run.say("that is all");
    assert_eq!(run.end().0.code(), Some(0), "nobody waits for it");
    eventually("the endpoint is gone", || !client.listens());
    assert!(lives(&daemon), "it is not ours to end");
    kill_process(Pid::from_raw(daemon.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn one_that_ignores_signals_keeps_its_endpoint_until_it_ends() {
    let world = world();
    let script = "trap '' TERM INT HUP; env; echo ready; read line; echo \"$line\"";
    let mut run = Background::start(&mut exec(&world, &[], &["sh", "-c", script]));
    let client = Client::of(&run.lines_until("ready"));
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        run.signal(signal);
    }
    client.credentials();
    run.say("still here");
    assert_eq!(run.line(), "still here\n");
    assert_eq!(run.end().0.code(), Some(0));
    eventually("the endpoint is gone", || !client.listens());
}

#[test]
fn what_was_ignored_before_is_ignored_by_the_command() {
    let world = world();
    let fedcred = exec(&world, &[], &["sh", "-c", "kill -HUP $$; echo after"]);
    let words = std::iter::once(fedcred.get_program()).chain(fedcred.get_args());
    let mut nohup: Command = world.command("sh");
    nohup.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).args(words);
    let run = Run::of(&mut nohup);
    assert_eq!((run.stdout.as_str(), run.status), ("after\n", Some(0)), "as under nohup: {}", run.stderr);
}

#[test]
fn it_starts_with_no_signal_blocked_and_none_caught() {
    let world = world();
    let masks = |command: &mut Command| -> Vec<String> {
        let run = Run::of(command);
        run.stdout
            .lines()
            .filter(|line| line.starts_with("Sig") && !line.starts_with("SigQ"))
            .map(str::to_owned)
            .collect()
    };
    let alone = masks(world.command("cat").arg("/proc/self/status"));
    assert!(alone.len() >= 4, "{alone:?}");
    assert_eq!(masks(&mut exec(&world, &[], &["cat", "/proc/self/status"])), alone);
}

#[test]
fn it_has_the_descriptors_and_limits_that_it_was_given() {
    let world = world();
    let script = "ls /proc/self/fd | wc -l; ulimit -c; umask; pwd";
    let alone = Run::of(world.command("sh").args(["-c", script]));
    let under = Run::of(&mut exec(&world, &[], &["sh", "-c", script]));
    assert_eq!(under.stdout, alone.stdout);
}

#[test]
fn private_copies_of_files_go_also_when_it_is_killed() {
    let world = world();
    fs::create_dir(world.path(".aws")).unwrap();
    world.write(".aws/credentials", "[default]\naws_access_key_id = AKIAOLD\n");
    let copies = |world: &World| {
        world.files().iter().filter(|path| path.to_string_lossy().contains("/aws_shared_credentials_file")).count()
    };
    let (run, _client) = waiting(&world);
    assert_eq!(copies(&world), 1);
    run.signal(Signal::KILL);
    run.end();
    eventually("the copy is gone", || copies(&world) == 0);
}
