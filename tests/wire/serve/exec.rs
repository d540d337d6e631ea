//! `exec`: what its command is given, and that it runs as if it ran alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use fedcred::time::{self, Timestamp};
use rustix::process::{Pid, Signal};

use crate::background::{Background, eventually};
use crate::client::Client;
use crate::harness::left_out;
use crate::harness::run::Run;
use crate::support::assertion::{ACCOUNT, Assertion};
use crate::support::idp::{PASSWORD, Site};
use crate::support::sts::{Fault, Refusal};
use crate::world::World;

const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

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

fn variable<'a>(environment: &'a str, name: &str) -> Option<&'a str> {
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

#[test]
fn the_command_is_the_process_that_was_started() {
    let world = world();
    let mut run = Background::start(&mut exec(&world, &[], &["sh", "-c", "echo $$; read line; echo \"$line\""]));
    let pid = run.pid().as_raw_pid();
    assert_eq!(run.line().trim(), pid.to_string());
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    assert_eq!(
        children, "",
        "nothing that it did not start itself: whoever waits for all children would wait for ever"
    );
    run.say("over stdin");
    assert_eq!(run.line(), "over stdin\n");
}

#[test]
fn a_thousand_arguments_come_through_as_they_are() {
    let world = world();
    let odd = ["", " ", "a b", "--env", "-v", "--", "ä", "$HOME", "'\"\\", "line\nbreak"];
    let many: Vec<String> = (0..990).map(|number| format!("{number}")).collect();
    let arguments: Vec<&str> = odd.into_iter().chain(many.iter().map(String::as_str)).collect();
    let run = Run::of(&mut exec(&world, &[], &[&["printf", "%s\\0"], &arguments[..]].concat()));
    let came: Vec<&str> = run.stdout.trim_end_matches('\0').split('\0').collect();
    assert_eq!(came, arguments);
}

#[test]
fn when_it_is_killed_nothing_stays() {
    for signal in [Signal::KILL, Signal::TERM, Signal::HUP, Signal::INT] {
        let world = world();
        let (run, client) = waiting(&world);
        run.signal(signal);
        let (status, _) = run.end();
        assert_eq!(status.signal(), Some(signal.as_raw()));
        eventually("the endpoint is gone", || !client.listens());
    }
}

#[test]
fn a_signal_to_the_whole_group_comes_once_and_the_endpoint_stays() {
    let world = world();
    // A service manager signals each process, a terminal the foreground group: neither ends the endpoint.
    let script = "trap 'echo interrupted' INT TERM; env; echo ready; while :; do read line && echo \"$line\"; done";
    let mut command = exec(&world, &[], &["sh", "-c", script]);
    let mut run = Background::start(command.process_group(0));
    let client = Client::of(&run.lines_until("ready"));
    for signal in [Signal::INT, Signal::TERM] {
        rustix::process::kill_process_group(run.pid(), signal).unwrap();
        run.say("still here");
        assert_eq!(run.lines_until("still here"), "interrupted\nstill here\n");
        assert_eq!(client.ask().status, 200);
    }
    for pid in endpoints(run.pid().as_raw_pid()) {
        rustix::process::kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    }
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(client.ask().status, 200, "the command may need credentials to stop in order");
}

/// The processes that serve for the process `of`.
fn endpoints(of: i32) -> Vec<i32> {
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
fn a_stopped_command_goes_on() {
    let world = world();
    let (mut run, client) = waiting(&world);
    // SIGTSTP would be dropped where the test run is an orphaned process group (setpgid(2)); Ctrl-Z itself is e2e's.
    run.signal(Signal::STOP);
    let status = || fs::read_to_string(format!("/proc/{}/stat", run.pid().as_raw_pid())).unwrap();
    eventually("it is stopped", || status().contains(" T "));
    run.signal(Signal::CONT);
    eventually("it goes on", || !status().contains(" T "));
    assert_eq!(client.ask().status, 200);
    run.say("end");
    assert_eq!(run.end().0.code(), Some(0));
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

/// Runs this script of `sh` with mounts of its own, and what is appended as its arguments. `None`: this system lets nobody but
/// root have such mounts, which a machine for tests has to.
#[cfg(target_os = "linux")]
pub fn with_mounts_of_its_own(script: &str) -> Option<Command> {
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    let is_possible = Command::new("unshare").args(["--map-root-user", "--mount", "true"]).output();
    if !is_possible.is_ok_and(|tried| tried.status.success()) {
        left_out::say(script, "mounts of one's own are not possible here");
        return None;
    }
    Some(unshare)
}

/// As in a chroot or a sandbox: the command sees an empty directory in place of /proc.
#[cfg(target_os = "linux")]
fn without_proc(command: &Command) -> Option<Command> {
    let mut unshare = with_mounts_of_its_own("mount -t tmpfs tmpfs /proc && exec \"$@\"")?;
    unshare.arg(command.get_program()).args(command.get_args()).env_clear();
    unshare.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    unshare.current_dir(command.get_current_dir().unwrap());
    Some(unshare)
}

#[test]
#[cfg(target_os = "linux")]
fn without_proc_it_is_all_the_same() {
    let world = world();
    let script = "env; ls /proc | wc -l; echo ready; read line; exit 7";
    let Some(mut command) = without_proc(&exec(&world, &[], &["sh", "-c", script])) else { return };
    let mut run = Background::start(&mut command);
    let told = run.lines_until("ready");
    assert_eq!(told.lines().rev().nth(1).map(str::trim), Some("0"), "/proc is empty:\n{told}");
    let client = Client::of(&told);
    client.credentials();
    run.say("that is all");
    assert_eq!(run.end().0.code(), Some(7));
    eventually("the endpoint is gone", || !client.listens());

    let script = world.write("script", "#!/nowhere/interpreter\n");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    for (program, status) in [("no-such-program", 127), (script.to_str().unwrap(), 126), ("/", 126)] {
        let alone = Run::of(&mut exec(&world, &[], &[program]));
        let run = Run::of(&mut without_proc(&exec(&world, &[], &[program])).unwrap());
        assert_eq!((run.status, &run.stderr), (alone.status, &alone.stderr), "{program}");
        assert_eq!(run.status, Some(status), "{program}: {}", run.stderr);
    }

    let mut run = Background::start(&mut without_proc(world.command(FEDCRED).args(["serve", "dev"])).unwrap());
    let client = Client::of(&[run.line(), run.line(), run.line()].concat());
    client.credentials();
    run.signal(Signal::TERM);
    assert_eq!(run.end().0.code(), Some(0));
    assert_eq!(world.sts.calls().len(), 1);
}
