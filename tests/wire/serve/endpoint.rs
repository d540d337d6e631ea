//! `serve`: who is answered, with what, and for how long.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use serde_json::Value;

use crate::background::{Background, eventually};
use crate::client::Client;
use crate::harness::left_out::is_root_for;
use crate::harness::run::Run;
use crate::support::assertion::{ADMIN, Assertion};
use crate::support::idp::Site;
use crate::support::reply::Reply;
use crate::world::World;

pub const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

pub fn world() -> World {
    World::form(Site::with_login(Assertion::default()))
}

pub fn serve(world: &World, arguments: &[&str]) -> (Background, Client) {
    let mut run = Background::start(world.command(FEDCRED).arg("serve").args(arguments));
    let lines = [run.line(), run.line(), run.line()];
    (run, Client::of(&lines.concat()))
}

#[test]
fn many_ask_and_one_login_is_made() {
    let world = world();
    let (run, client) = serve(&world, &["dev"]);
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(|| client.credentials())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(world.sts.calls().len(), 1);
    let root = client.send("GET", "/", &[("Host", &client.address), ("Authorization", &client.token)]);
    assert_eq!(serde_json::from_str::<Value>(&root.body).unwrap(), answers[0], "the first profile is at / too");
    assert!(root.head.contains("application/json") && root.head.contains("no-store"), "{}", root.head);
    run.signal(Signal::TERM);
    let (status, rest) = run.end();
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""), "SIGTERM is its ordinary end");
    assert!(!client.listens());
}

#[test]
fn only_who_may_ask_is_answered() {
    let world = world();
    let (_run, client) = serve(&world, &["dev"]);
    client.credentials();
    let (host, token) = (client.address.as_str(), client.token.as_str());
    let ours = [("Host", host), ("Authorization", token)];
    type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], u16, &'a str);
    let table: &[Row] = &[
        ("GET", "/profile/dev", &[("Host", host)], 401, "unauthorized"),
        (
            "GET",
            "/profile/dev",
            &[("Host", host), ("Authorization", "wrong-token-of-some-length")],
            401,
            "unauthorized",
        ),
        ("GET", "/profile/dev", &[("Host", "evil.example"), ("Authorization", token)], 403, "host-not-allowed"),
        ("GET", "/profile/dev", &[ours[0], ours[1], ("X-Forwarded-For", "10.0.0.1")], 403, "proxied"),
        ("OPTIONS", "/profile/dev", &[ours[0], ("Origin", "https://evil.example")], 405, "method-not-allowed"),
        ("PUT", "/profile/dev", &ours, 405, "method-not-allowed"),
        ("GET", "/profile/other", &ours, 404, "profile-not-found"),
        ("GET", "/profile/other", &[("Host", host)], 401, "unauthorized"),
        ("GET", "/latest/meta-data/", &ours, 404, "profile-not-found"),
    ];
    for (method, path, headers, status, code) in table {
        let answer = client.send(method, path, headers);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, body["code"].as_str()), (*status, Some(*code)), "{method} {path} {headers:?}");
        assert!(!answer.head.to_lowercase().contains("access-control"), "{}", answer.head);
        assert!(!answer.body.contains("SecretAccessKey"));
    }
}

#[test]
fn each_profile_is_at_a_path_of_its_own() {
    let admin = format!("[profile.\"the admin\"]\ninclude = \"dev\"\nrole_arn = \"{ADMIN}\"");
    let world = world().also(&admin);
    let mut run = Background::start(world.command(FEDCRED).args(["serve", "dev", "the admin"]));
    let lines = [run.line(), run.line(), run.line(), run.line()];
    let dev = Client::of(&lines.concat());
    let admin = Client { path: "/profile/the%20admin".to_owned(), ..dev.clone() };
    assert_eq!(
        lines[1].trim_end(),
        format!("# AWS_CONTAINER_CREDENTIALS_FULL_URI=http://{}{}", dev.address, admin.path)
    );
    let first = Client { path: "/".to_owned(), ..dev.clone() };
    assert_eq!(first.credentials(), dev.credentials());
    assert_ne!(admin.credentials()["AccessKeyId"], dev.credentials()["AccessKeyId"]);
    assert_eq!(world.sts.calls().len(), 2);
}

/// Each way in which clients write down where they ask, and whom.
#[test]
fn every_client_finds_its_profile() {
    let odd = ["alice@prod", "zürich", "the admin", "a+b:c,d"]
        .map(|name| format!("[profile.\"{name}\"]\ninclude = \"dev\"\n"));
    let world = world().also(&odd.concat());
    let mut run =
        Background::start(world.command(FEDCRED).args(["serve", "alice@prod", "zürich", "the admin", "a+b:c,d"]));
    let lines: Vec<String> = (0..6).map(|_| run.line()).collect();
    let client = Client::of(&lines.concat());
    let port = client.address.split(':').nth(1).unwrap();
    let asks =
        |host: &str, path: &str| client.send("GET", path, &[("Host", host), ("Authorization", &client.token)]).status;
    let printed = lines[..4].iter().map(|line| line.trim_end().split_once(port).unwrap().1);
    for path in printed {
        let encoded = path.replace('%', "%25").replace('@', "%40").replace('+', "%2B");
        for path in [path.to_owned(), encoded, format!("{path}/"), path.replace("%C3%BC", "%c3%bc")] {
            assert_eq!(asks(&client.address, &path), 200, "{path}");
        }
    }
    for host in ["127.0.0.1", "localhost.", &format!("localhost.:{port}"), &format!("127.9.9.9:{port}"), "[::1]"] {
        assert_eq!(asks(host, "/"), 200, "{host}");
    }
    for host in ["evil.example", &format!("evil.example:{port}"), "127.0.0.1:1", "10.0.0.1", "127.0.0.1.evil.example"] {
        assert_eq!(asks(host, "/"), 403, "{host}");
    }
    assert_eq!(world.sts.calls().len(), 1, "one login for all of them");
}

#[test]
fn failures_of_logins_are_told_when_they_begin_and_when_they_end() {
    let world = World::form(Site::with_login(Assertion::default())).set("saml.retry.total", 0);
    // As often as one login asks.
    world.sts.fail(5, crate::support::sts::Fault::HangUp);
    let stderr = world.path("stderr");
    let mut command = world.command(FEDCRED);
    command.args(["serve", "dev"]).stderr(fs::File::create(&stderr).unwrap());
    let mut run = Background::start(&mut command);
    let client = Client::of(&[run.line(), run.line(), run.line()].concat());
    eventually("it works again", || client.ask().status == 200);
    eventually("and that is told", || fs::read_to_string(&stderr).unwrap().contains("credentials again"));
    let told = fs::read_to_string(&stderr).unwrap();
    assert!(told.starts_with("error[") && told.contains("no new credentials for dev: "), "{told}");
    assert_eq!(told.matches("error[").count(), 1, "{told}");
    assert_eq!(told.lines().count(), told.trim_end().lines().count(), "{told}");
}

#[test]
fn an_inherited_deafness_for_children_does_no_harm() {
    use std::os::unix::process::ExitStatusExt;
    let world = world();
    let command = world.command(FEDCRED);
    let mut deaf = world.command("python3");
    let script = "import os, signal, sys\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n\
                  signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})\nos.execv(sys.argv[1], sys.argv[1:])";
    deaf.args(["-c", script]).arg(command.get_program()).args(["serve", "dev"]);
    let mut run = Background::start(&mut deaf);
    Client::of(&[run.line(), run.line(), run.line()].concat()).credentials();
    run.signal(Signal::TERM);
    let (status, _) = run.end();
    assert_eq!((status.code(), status.signal()), (Some(0), None), "a signal that was blocked is heard");
    let mut exec = world.command("python3");
    exec.args(["-c", script]).arg(command.get_program()).args(["exec", "dev", "--", "true"]);
    let run = Run::of(&mut exec);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn two_profiles_whose_paths_are_one_to_some_clients_are_refused() {
    let odd = ["a b", "a%20b"].map(|name| format!("[profile.\"{name}\"]\ninclude = \"dev\"\n"));
    let world = world().also(&odd.concat());
    let run = Run::of(world.command(FEDCRED).args(["serve", "a b", "a%20b"]));
    assert!(run.stderr.starts_with("error[bad-flag]: "), "{}", run.stderr);
}

#[test]
fn a_token_file_is_made_once_and_a_clients_copy_of_it_works() {
    let world = world();
    let path = world.path("token");
    let arguments = ["dev", "--token-file", path.to_str().unwrap()];
    let (first, client) = serve(&world, &arguments);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    client.credentials();
    drop(first);
    let (_second, again) = serve(&world, &arguments);
    assert_eq!(again.token, client.token);
    again.credentials();
    // As the kubelet does with a service account's token: long, and replaced from time to time.
    let longer = "eyJhbGciOiJSUzI1NiJ9.".to_owned() + &"x".repeat(2000);
    fs::write(&path, &longer).unwrap();
    let renewed = Client { token: longer, ..again.clone() };
    eventually("the new token counts", || renewed.ask().status == 200);
    assert_eq!(again.ask().status, 401);
}

#[test]
fn health_needs_no_token_and_is_that_of_the_credentials() {
    let world = world();
    world.sts.lifetime(12);
    let (_run, client) = serve(&world, &["dev"]);
    let health = || client.send("GET", "/healthz", &[("Host", &client.address)]).status;
    eventually("it is healthy", || health() == 200);
    let probe = || Run::of(world.command(FEDCRED).args(["serve", "--probe", "--listen", &client.address]));
    assert_eq!((probe().status, probe().stderr.as_str()), (Some(0), ""));
    world.sts.fail(50, crate::support::sts::Fault::HangUp);
    eventually("it is not", || health() == 503);
    probe().fails_as("connect");
}

#[test]
fn without_a_login_no_request_is_answered_with_success() {
    let world = World::form(Site::new().get("/sso", Reply::html("<html>maintenance</html>")));
    let (_run, client) = serve(&world, &["dev"]);
    let answer = client.ask();
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, body["code"].as_str()), (503, Some("xpath-no-match")));
}

#[test]
fn a_request_does_not_wait_for_a_login_that_hangs() {
    let world = World::form(Site::new().get("/sso", Reply::Silence));
    let (run, client) = serve(&world, &["dev"]);
    let answer = client.ask();
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, body["code"].as_str()), (503, Some("timeout")));
    assert!(
        body["message"].as_str().unwrap().contains("has not ended yet"),
        "answered before the login's own time limit"
    );
    run.signal(Signal::INT);
    assert_eq!(run.end().0.code(), Some(0));
}

#[test]
fn a_crash_of_the_process_that_logs_in_is_survived() {
    let world = World::form(Site::new().get("/sso", Reply::Silence));
    let (run, client) = serve(&world, &["dev"]);
    eventually("it has been killed", || {
        let pid = run.pid().as_raw_pid();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let tasks = fs::read_dir(format!("/proc/{pid}/task"))
            .unwrap()
            .filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
        let children = tasks.fold(children, |all, more| all + " " + &more);
        let mut pids = children.split_whitespace().filter_map(|pid| rustix::process::Pid::from_raw(pid.parse().ok()?));
        pids.any(|pid| rustix::process::kill_process(pid, Signal::KILL).is_ok())
    });
    eventually("it is told", || client.ask().body.contains("\"bug\""));
    assert!(client.listens());
}

#[test]
fn what_cannot_be_served_is_said_at_once() {
    let world = world();
    let table: &[(&[&str], &str)] = &[
        (&["dew"], "profile-not-found"),
        (&["dev", "--listen", "0.0.0.0:0"], "bad-flag"),
        (&["dev", "--listen", "nowhere"], "bad-flag"),
        (&["dev", "--listen", "192.0.2.1:0"], "bad-flag"),
        (&["dev", "--listen", "0.0.0.0:0", "--allow-non-loopback"], "bad-flag"),
        (&["dev", "--listen", "192.0.2.1:0", "--allow-non-loopback"], "listen-failed"),
        (&["dev", "--token-file", "/dev/null/token"], "token-unusable"),
    ];
    for (arguments, code) in table {
        let run = Run::of(world.command(FEDCRED).arg("serve").args(*arguments));
        assert!(run.stderr.starts_with(&format!("error[{code}]: ")), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    assert_eq!(world.connections(), 0);
}

/// Root can become another user, and tests in containers are root's.
#[cfg(target_os = "linux")]
#[test]
fn another_user_is_not_answered_unless_the_token_is_a_groups() {
    use std::os::unix::process::CommandExt;
    if !is_root_for("another user at the endpoint") {
        return;
    }
    let world = world();
    let file = world.given("token", "a-token-of-more-than-twenty-two-characters");
    let script = r#"exec 3<>"/dev/tcp/${1%:*}/${1#*:}"; printf 'GET / HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" >&3; cat <&3"#;
    for (mode, expected) in [(0o600, ""), (0o640, "HTTP/1.")] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let (_run, client) = serve(&world, &["dev", "--token-file", file.to_str().unwrap()]);
        client.credentials();
        let mut stranger = std::process::Command::new("bash");
        let stranger = stranger.args(["-c", script, "-", &client.address]).uid(65_534).output().unwrap();
        let answer = String::from_utf8(stranger.stdout).unwrap();
        assert!(answer.get(..7).unwrap_or_default() == expected, "{mode:o}: {answer}");
    }
}
