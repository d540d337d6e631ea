//! What `get` prints, and how it takes what a caller does to it.

use fedcred::time::Timestamp;
use serde_json::Value;

#[cfg(unix)]
use crate::harness::run::Run;
use crate::support::assertion::{ACCOUNT, Assertion};
use crate::support::idp::{PASSWORD, Site};
use crate::support::pages::CSRF;
use crate::world::World;

fn world() -> World {
    World::open(Site::without_login(Assertion::default()))
}

#[test]
fn the_default_is_the_protocol_of_credential_process_to_the_letter() {
    let world = world();
    let run = world.run(&["get", "dev"]);
    let printed = run.succeeds();
    let issued = &world.sts.issued()[0];
    let expiration = printed["Expiration"].as_str().unwrap();
    let expected = format!(
        r#"{{"Version":1,"AccessKeyId":"{}","SecretAccessKey":"{}","SessionToken":"{}","Expiration":"{expiration}","AccountId":"{ACCOUNT}"}}"#,
        issued.access_key_id, issued.secret_access_key, issued.session_token
    );
    assert_eq!(run.stdout, format!("{expected}\n"));
    assert!(run.stdout.is_ascii() && run.stdout.len() < 8 * 1024);
    let (_, zone) = expiration.split_at(expiration.len() - 1);
    assert!(zone == "Z" && expiration.len() == "2026-11-21T23:59:59Z".len(), "{expiration}");
    expiration.parse::<Timestamp>().unwrap();
}

#[test]
fn the_older_name_of_the_command_prints_the_same() {
    let world = world();
    assert_eq!(world.run(&["get", "dev"]).succeeds(), world.run(&["credential-process", "dev"]).succeeds());
}

#[test]
fn the_profile_can_come_from_the_environment() {
    world().env("FEDCRED_PROFILE", "dev").run(&["get"]).succeeds();
}

#[test]
#[cfg(unix)]
fn a_shell_gets_variables_it_can_evaluate() {
    let world = world();
    let script = format!(
        r#"eval "$("{}" get dev --format export)" && printf '%s\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN""#,
        env!("CARGO_BIN_EXE_fedcred")
    );
    let run = Run::of(world.command("sh").args(["-c", &script]));
    let issued = &world.sts.issued()[0];
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines, [&issued.access_key_id, &issued.secret_access_key, &issued.session_token]);
}

#[test]
fn every_format_carries_the_same_credentials() {
    let world = world();
    let json: Value = serde_json::from_str(&world.run(&["get", "dev", "--format", "json"]).stdout).unwrap();
    let issued = world.sts.issued().remove(0);
    assert_eq!(json["SecretAccessKey"], issued.secret_access_key);
    for (format, lines) in [
        ("env", ["AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN="]),
        ("powershell", ["$Env:AWS_ACCESS_KEY_ID = '", "$Env:AWS_SECRET_ACCESS_KEY = '", "$Env:AWS_SESSION_TOKEN = '"]),
        ("ini", ["aws_access_key_id = ", "aws_secret_access_key = ", "aws_session_token = "]),
    ] {
        let run = world.run(&["get", "dev", "--format", format]);
        assert_eq!(run.stderr, "");
        let values = [&issued.access_key_id, &issued.secret_access_key, &issued.session_token];
        for (line, value) in lines.iter().zip(values) {
            let expected = format!("{line}{value}");
            assert!(run.stdout.lines().any(|l| l.trim_end_matches('\'') == expected), "{format}: {expected}");
        }
    }
    assert_eq!(world.sts.calls().len(), 1, "all of one login");
}

#[test]
fn stdout_and_stderr_are_the_protocols_even_when_a_log_is_asked_for() {
    let world = world();
    let run = world.run(&["-vv", "get", "dev"]);
    assert_eq!(run.status, Some(0));
    assert_eq!(run.stdout.lines().count(), 1);
    assert!(!run.stderr.is_empty(), "-vv tells what happens");
}

#[test]
fn the_most_talkative_log_tells_no_secret() {
    for password in [PASSWORD, "wrong-password"] {
        let world = World::form(Site::with_login(Assertion::default()))
            .env("IDP_PASSWORD", password)
            .secret("wrong-password")
            .secret(CSRF);
        let run = world.run(&["-vv", "get", "dev"]);
        assert!(run.stderr.contains("/login"), "it tells where it went: {}", run.stderr);
        // The world looks for the secrets when it ends.
    }
}

#[test]
fn an_error_stays_on_stderr_whatever_the_format() {
    for format in ["process", "env", "export", "powershell", "fish", "ini", "json"] {
        let world = World::open(Site::new());
        world.get_with(&["--format", format]).fails_as("http-unexpected");
    }
}

#[test]
#[cfg(unix)]
fn a_reader_that_went_away_is_no_failure() {
    let world = world();
    let script = format!(r#"{{ "{}" get dev; echo "status $?" >&2; }} | true"#, env!("CARGO_BIN_EXE_fedcred"));
    let run = Run::of(world.command("sh").args(["-c", &script]));
    assert_eq!(run.stderr, "status 0\n");
}

#[test]
fn a_missing_profile_names_the_nearest() {
    let world = world();
    world.run(&["get", "dew"]).fails_as("profile-not-found").saying("dev");
    assert_eq!(world.connections(), 0);
}

#[test]
fn an_unknown_flag_is_a_matter_of_usage() {
    let world = world();
    let run = world.run(&["get", "dev", "--formt", "env"]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
    assert_eq!(world.connections(), 0);
}
