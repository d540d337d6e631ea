//! `exec`: what its command is given, and that it runs as if it ran alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use fedcred::time::{self, Timestamp};
use rustix::process::{Pid, Signal};

use crate::background::{Background, eventually};
use crate::client::Client;
use crate::harness::run::Run;
use crate::support::assertion::{ACCOUNT, Assertion};
use crate::support::idp::{PASSWORD, Site};
use crate::support::sts::{Fault, Refusal};
use crate::world::World;

pub const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

pub fn world() -> World {
    World::form(Site::with_login(Assertion::default()))
}

pub fn exec(world: &World, flags: &[&str], command: &[&str]) -> Command {
    let mut fedcred = world.command(FEDCRED);
    fedcred.args(flags).args(["exec", "dev"]);
    fedcred.arg("--").args(command);
    fedcred
}

/// A shell that says where it gets its credentials, and then waits for a line or the end of its stdin.
pub fn waiting(world: &World) -> (Background, Client) {
    let mut run = Background::start(&mut exec(world, &[], &["sh", "-c", "env; echo ready; read line"]));
    let client = Client::of(&run.lines_until("ready"));
    (run, client)
}

pub fn variable<'a>(environment: &'a str, name: &str) -> Option<&'a str> {
    environment.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

#[test]
fn the_command_asks_an_endpoint_that_ends_with_it() {
    let world = world();
    let (run, client) = waiting(&world);
    let credentials = client.credentials();
    let issued = world.sts.issued().remove(0);
    assert_eq!(credentials["AccessKeyId"], issued.access_key_id);
    assert_eq!(credentials["SecretAccessKey"], issued.secret_access_key);
    assert_eq!(credentials["Token"], issued.session_token);
    assert_eq!(credentials["AccountId"], ACCOUNT);
    assert!(credentials["Expiration"].as_str().unwrap().parse::<Timestamp>().unwrap() > time::now());
    assert!(!client.path.contains("dev") && client.token.len() >= 22, "{}", client.path);
    assert_eq!(world.sts.calls().len(), 1, "the first credentials are those of the run's one login");
    let (status, rest) = run.end();
    assert_eq!((status.code(), rest.as_str()), (Some(1), ""), "`read` found the end of its stdin");
    eventually("the endpoint is gone", || !client.listens());
}

#[test]
fn with_env_the_command_has_the_credentials_themselves() {
    let world = world().env("AWS_PROFILE", "other").env("AWS_SECRET_KEY", "old");
    let run = Run::of(world.command(FEDCRED).args(["exec", "--env", "dev", "--", "env"]));
    let issued = world.sts.issued().remove(0);
    for (name, expected) in [
        ("AWS_ACCESS_KEY_ID", Some(issued.access_key_id.as_str())),
        ("AWS_SECRET_ACCESS_KEY", Some(&issued.secret_access_key)),
        ("AWS_SESSION_TOKEN", Some(&issued.session_token)),
        ("AWS_ACCOUNT_ID", Some(ACCOUNT)),
        ("AWS_REGION", Some("eu-west-1")),
        ("AWS_DEFAULT_REGION", Some("eu-west-1")),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", None),
        ("AWS_PROFILE", None),
        ("AWS_SECRET_KEY", None),
    ] {
        assert_eq!(variable(&run.stdout, name), expected, "{name}");
    }
    assert!(variable(&run.stdout, "AWS_CREDENTIAL_EXPIRATION").unwrap().parse::<Timestamp>().is_ok());
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn what_would_win_over_the_endpoint_is_not_there_nor_is_a_secret() {
    let world = world()
        .env("AWS_ACCESS_KEY_ID", "AKIAOLD")
        .env("AWS_SECRET_ACCESS_KEY", "old")
        .env("AWS_PROFILE", "other")
        .env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/Other")
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere")
        .env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/old")
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/old")
        .env("AIRFLOW_CONN_AWS", "aws://key:secret@")
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ci")
        .env("NO_PROXY", "corp.example")
        .env("EDITOR", "vi");
    let run = Run::of(&mut exec(&world, &["-v"], &["env"]));
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let old =
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"];
    let others = [
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AIRFLOW_CONN_AWS",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "IDP_PASSWORD",
    ];
    for name in old.iter().chain(&others) {
        assert_eq!(variable(&run.stdout, name), None, "{name}");
        assert!(run.stderr.contains(name), "`-v` names {name}:\n{}", run.stderr);
    }
    assert!(!run.stdout.contains(PASSWORD));
    assert_ne!(variable(&run.stdout, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"), Some("/old"));
    for (name, expected) in [
        ("EDITOR", "vi"),
        ("PATH", "/usr/bin:/bin"),
        ("AWS_REGION", "eu-west-1"),
        ("NO_PROXY", "corp.example,127.0.0.1"),
    ] {
        assert_eq!(variable(&run.stdout, name), Some(expected));
    }
}

#[test]
fn credentials_of_a_default_section_are_not_in_the_commands_copy() {
    let world = world();
    fs::create_dir(world.path(".aws")).unwrap();
    world.write(".aws/credentials", "[default]\naws_access_key_id = AKIAOLD\n[other]\naws_access_key_id = AKIAOTHER\n");
    world.write(".aws/config", "[default]\nregion = eu-west-1\n");
    let script = r#"cat "$AWS_SHARED_CREDENTIALS_FILE"; stat -c %a "$AWS_SHARED_CREDENTIALS_FILE"; echo "$AWS_CONFIG_FILE"; echo "$AWS_SHARED_CREDENTIALS_FILE""#;
    let run = Run::of(&mut exec(&world, &["-v"], &["sh", "-c", script]));
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[..5], ["[default]", "[other]", "aws_access_key_id = AKIAOTHER", "600", ""], "{}", run.stderr);
    assert!(run.stderr.contains("which would be taken first; the command gets"), "{}", run.stderr);
    let copy = lines[5].to_owned();
    eventually("the copy is gone", || !fs::exists(&copy).unwrap());
    assert!(fs::read_to_string(world.path(".aws/credentials")).unwrap().contains("AKIAOLD"));
}

#[test]
fn copies_that_a_killed_endpoint_left_behind_are_removed_by_the_next_run() {
    let world = world();
    fs::create_dir(world.path(".aws")).unwrap();
    world.write(".aws/credentials", "[default]\naws_access_key_id = AKIAOLD\n[other]\naws_access_key_id = AKIAOTHER\n");
    let script = "echo \"$AWS_SHARED_CREDENTIALS_FILE\"; echo ready; read line";
    let mut run = Background::start(&mut exec(&world, &[], &["sh", "-c", script]));
    let copy = PathBuf::from(run.lines_until("ready").lines().next().unwrap());
    let of = run.pid().as_raw_pid();
    for pid in endpoints(of) {
        rustix::process::kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    }
    run.signal(Signal::KILL);
    run.end();
    assert!(copy.exists(), "who is killed removes nothing");
    assert_eq!(Run::of(&mut exec(&world, &[], &["true"])).status, Some(0));
    assert!(!copy.parent().unwrap().exists(), "{}", copy.display());
    assert!(fs::read_to_string(world.path(".aws/credentials")).unwrap().contains("AKIAOLD"));
}

#[test]
fn without_credentials_the_command_never_runs() {
    for (flags, site) in
        [(["-v", "-v"], Site::new()), (["--config", "nowhere.toml"], Site::with_login(Assertion::default()))]
    {
        let world = World::form(site);
        let marker = world.path("marker");
        let run = Run::of(&mut exec(&world, &flags, &["touch", marker.to_str().unwrap()]));
        assert_eq!((run.status, marker.exists()), (Some(125), false), "{}", run.stderr);
        assert!(run.stderr.contains("error[") && run.stderr.contains("\nhint: "), "{}", run.stderr);
    }
}

#[test]
fn the_exit_status_is_the_commands_own() {
    let world = world();
    let file = world.write("not-executable", "#!/bin/sh\n");
    let file = file.to_str().unwrap();
    let script = world.write("no-interpreter", "#!/no/such/interpreter -x\n");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let script = script.to_str().unwrap();
    let table: &[(&[&str], Option<i32>, Option<i32>)] = &[
        (&["true"], Some(0), None),
        (&["false"], Some(1), None),
        (&["sh", "-c", "exit 77"], Some(77), None),
        (&["sh", "-c", "kill -TERM $$"], None, Some(15)),
        (&["sh", "-c", "kill -KILL $$"], None, Some(9)),
        (&["sh", "-c", "echo a b c | tr -d ' ' | grep -q abc"], Some(0), None),
        (&["no-such-program"], Some(127), None),
        (&["no/such/program"], Some(127), None),
        (&[script], Some(126), None),
        (&[file], Some(126), None),
        (&["/"], Some(126), None),
    ];
    for (command, code, signal) in table {
        for flag in ["--", "--env"] {
            let mut fedcred = world.command(FEDCRED);
            fedcred.args(["exec", "dev"]).args((flag == "--env").then_some(flag)).arg("--").args(*command);
            let output = fedcred.output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!((output.status.code(), output.status.signal()), (*code, *signal), "{command:?}: {stderr}");
            let is_ours = code.is_some_and(|code| code == 126 || code == 127);
            assert_eq!(stderr.contains("error[command-not-"), is_ours, "{stderr}");
            assert_eq!(stderr.contains("\"/no/such/interpreter\""), *command == [script], "{stderr}");
        }
    }
}

/// The processes that serve for the process `of`.
pub fn endpoints(of: i32) -> Vec<i32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let serves = |pid: &i32| {
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&arguments).into_owned();
        arguments.contains("exec-endpoint\0") && arguments.contains(&format!("--of\0{of}\0"))
    };
    let found: Vec<i32> = processes.filter(serves).collect();
    assert!(!found.is_empty(), "no endpoint of {of}");
    found
}

#[test]
fn of_two_around_each_other_the_inner_one_wins() {
    let world = world();
    let script = format!("echo $AWS_CONTAINER_AUTHORIZATION_TOKEN; exec {FEDCRED} -v exec dev -- env");
    let run = Run::of(&mut exec(&world, &[], &["sh", "-c", &script]));
    let (outer, inner) = run.stdout.split_once('\n').unwrap();
    assert!(
        !outer.is_empty() && variable(inner, "AWS_CONTAINER_AUTHORIZATION_TOKEN").is_some_and(|token| token != outer)
    );
    assert!(run.stderr.contains("the inner one"), "{}", run.stderr);
    assert_eq!(world.sts.calls().len(), 1);
}

#[test]
fn no_secret_is_in_an_argument() {
    let world = world();
    let (run, client) = waiting(&world);
    let issued = world.sts.issued().remove(0);
    for pid in endpoints(run.pid().as_raw_pid()) {
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        let arguments = String::from_utf8_lossy(&arguments).into_owned();
        for secret in [&issued.secret_access_key, &issued.session_token, &client.token, PASSWORD] {
            assert!(!arguments.contains(secret));
        }
    }
}

#[test]
fn across_three_expiries_every_request_is_answered_with_what_is_valid() {
    let world = world();
    world.sts.lifetime(6);
    let (_run, client) = waiting(&world);
    let mut keys = Vec::new();
    let started = Instant::now();
    while keys.len() < 4 {
        let credentials = client.credentials();
        let expires: Timestamp = credentials["Expiration"].as_str().unwrap().parse().unwrap();
        assert!(expires > time::now(), "expired credentials were handed out");
        if !keys.contains(&credentials["AccessKeyId"]) {
            keys.push(credentials["AccessKeyId"].clone());
        }
        assert!(started.elapsed() < Duration::from_secs(60), "no refresh: {keys:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(world.sts.calls().len(), keys.len(), "one login an expiry");
}

#[test]
fn an_outage_shorter_than_what_is_left_is_not_noticed() {
    let site = Site::with_login(Assertion::default());
    let world = World::form(site).set("saml.retry.total", 0);
    world.sts.lifetime(12);
    let (_run, client) = waiting(&world);
    let first = client.credentials()["AccessKeyId"].clone();
    // The refresh in the window fails; the next one, shortly before the end, does not.
    world.sts.fail(1, Fault::HangUp);
    let started = Instant::now();
    while client.credentials()["AccessKeyId"] == first {
        assert!(started.elapsed() < Duration::from_secs(60), "no refresh");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(world.sts.calls().len() >= 3, "a login failed in between");
}

#[test]
fn when_nothing_is_valid_the_answer_says_why_and_is_no_success() {
    let world = World::form_at(Site::with_login(Assertion::default()).start().unwrap());
    world.sts.lifetime(2);
    let (_run, client) = waiting(&world);
    let refusal = Refusal::new(403, "AccessDenied", "Not authorized");
    world.sts.fail(50, Fault::Refuse(refusal));
    eventually("the credentials are over", || client.ask().status != 200);
    eventually("the reason is known", || client.ask().body.contains("sts-access-denied"));
    let answer = client.ask();
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, body["code"].as_str()), (503, Some("sts-access-denied")));
    assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()) && body.get("AccessKeyId").is_none());
}
