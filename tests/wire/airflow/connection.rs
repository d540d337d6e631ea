//! An Airflow connection as a profile: the calls it makes, what is kept of it, and what its text may not have done.

use serde_json::{Value, json};

use crate::harness::run::Run;
use crate::support::assertion::DEV;
use crate::support::idp::Site;
use crate::support::server::Server;
use crate::support::sts::chain::LONG_TERM_KEY;
use crate::support::token::token;
use crate::world::{World, role_named};

pub fn nobody() -> Server {
    Site::new().start().unwrap()
}

/// `[profile.etl]` is the connection `etl`, which stands in the environment.
pub fn connected(extra: Value) -> World {
    with_text(&json!({"conn_type": "aws", "extra": extra}).to_string())
}

pub fn with_text(text: &str) -> World {
    let world = World::beside(nobody()).also("[profile.etl]\nairflow_conn = \"etl\"");
    let sts = world.sts.server().origin().to_string();
    world.sts.role(&role_named("etl"), 3600);
    world.env("AIRFLOW_CONN_ETL", text).env("AWS_ENDPOINT_URL_STS", sts).env("AWS_DEFAULT_REGION", "eu-west-1")
}

/// A role on the connection's own keys.
pub fn on_keys() -> World {
    let role = role_named("etl");
    with_text(&format!("aws://{}:{}@/?role_arn={role}&external_id=x1", LONG_TERM_KEY.0, quoted(LONG_TERM_KEY.1)))
}

pub fn quoted(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[test]
fn a_role_on_the_connections_keys_is_asked_for_once_and_then_kept() {
    let world = on_keys();
    let printed = world.get_profile("etl", &[]).succeeds();
    let call = world.sts.calls().remove(0);
    let sent = ["Action", "RoleArn", "RoleSessionName", "ExternalId"].map(|name| call[name].clone());
    assert_eq!(sent, ["AssumeRole".to_owned(), role_named("etl"), "airflow_etl".into(), "x1".into()]);
    assert_eq!(world.get_profile("etl", &[]).succeeds(), printed);
    // The flag is the same connection, and so the same entry.
    assert_eq!(world.run(&["get", "--airflow-conn", "etl"]).succeeds(), printed);
    assert_eq!(world.sts.calls().len(), 1);
}

/// Has a shell print two variables, one that is not set as the word `unset`, as a command of `exec`.
fn echo(world: &World, exec: &[&str], [first, second]: [&str; 2]) -> Run {
    let run = match cfg!(windows) {
        true => world.run(&[exec, &["--", "cmd", "/d", "/c", &format!("echo %{first}% %{second}%")]].concat()),
        false => {
            let script = format!("echo ${{{first}-unset}} ${{{second}-unset}}");
            world.run(&[exec, &["--", "/bin/sh", "-c", &script]].concat())
        }
    };
    // What is not set, cmd leaves as it stands.
    Run { stdout: run.stdout.replace(&format!("%{second}%"), "unset"), ..run }
}

#[test]
fn every_command_takes_a_connection_for_a_profile() {
    let world = on_keys();
    let refreshed = world.run(&["refresh", "etl"]);
    assert!(refreshed.status == Some(0) && refreshed.stdout.contains("refreshed"), "{refreshed:?}");
    let status: Value = serde_json::from_str(&world.run(&["status", "etl", "--json"]).stdout).unwrap();
    let row = &status["profiles"][0];
    assert_eq!(
        (row["state"].as_str(), row["role_arn"].as_str(), row["who"].as_str()),
        (Some("fresh"), Some(role_named("etl").as_str()), Some(format!("key {}", LONG_TERM_KEY.0).as_str()))
    );
    let run = echo(&world, &["exec", "etl", "--env"], ["AWS_REGION", "AIRFLOW_CONN_ETL"]);
    assert_eq!((run.status, run.stdout.trim_end()), (Some(0), "eu-west-1 unset"), "{}", run.stderr);
    assert_eq!(world.sts.calls().len(), 1);
    let shown = world.run(&["config", "show", "etl"]);
    assert!(shown.stdout.contains("airflow_conn = \"etl\""), "{shown:?}");
    let login = world.run(&["login", "etl"]);
    assert_eq!(login.status, Some(0), "{}", login.stderr);
    let logout = world.run(&["logout", "etl"]);
    assert!(logout.stdout.contains("1 cached result"), "{}", logout.stdout);
}

#[test]
fn a_changed_connection_is_another_result() {
    let world = on_keys();
    world.get_profile("etl", &[]).succeeds();
    world.sts.role(&role_named("other"), 3600);
    let text = format!("aws://{}:{}@/?role_arn={}", LONG_TERM_KEY.0, quoted(LONG_TERM_KEY.1), role_named("other"));
    let world = world.env("AIRFLOW_CONN_ETL", text);
    world.get_profile("etl", &[]).succeeds();
    assert_eq!(world.sts.roles_asked(), ["etl", "other"]);
}

#[test]
fn keys_alone_are_printed_without_an_end_and_kept_nowhere() {
    let world = with_text(&format!("aws://{}:{}@", LONG_TERM_KEY.0, quoted(LONG_TERM_KEY.1)));
    let expected = json!({"Version": 1, "AccessKeyId": LONG_TERM_KEY.0, "SecretAccessKey": LONG_TERM_KEY.1});
    assert_eq!(world.get_profile("etl", &[]).succeeds(), expected);
    let ran = echo(&world, &["exec", "etl"], ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"]);
    assert_eq!(ran.stdout.trim_end(), format!("{} unset", LONG_TERM_KEY.0));
    let refreshed = world.run(&["refresh", "etl"]);
    assert!(refreshed.stdout.contains("fresh"), "{refreshed:?}");
    assert_eq!(world.connections(), 0);
    assert!(world.files().iter().all(|file| file.extension().is_none_or(|kind| kind != "v1")), "{:?}", world.files());
    let shown = world.run(&["airflow", "show", "etl"]).stdout;
    assert!(shown.contains("warnings: login and password: a long-term access key"), "{shown}");
}

#[test]
fn an_empty_connection_is_the_default_chain() {
    let world = with_text("aws://").env("AWS_ACCESS_KEY_ID", LONG_TERM_KEY.0);
    let world = world.env("AWS_SECRET_ACCESS_KEY", LONG_TERM_KEY.1);
    assert_eq!(world.get_profile("etl", &[]).succeeds()["AccessKeyId"], LONG_TERM_KEY.0);
    // A profile of the user's own AWS files.
    let world = with_text("aws:///?profile_name=corp");
    let file = world.given(
        "credentials",
        &format!("[corp]\naws_access_key_id = {}\naws_secret_access_key = {}\n", LONG_TERM_KEY.0, LONG_TERM_KEY.1),
    );
    let world = world.env("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap());
    assert_eq!(world.get_profile("etl", &[]).succeeds()["AccessKeyId"], LONG_TERM_KEY.0);
}

#[test]
fn a_fallback_is_for_what_is_nowhere_and_never_kept() {
    let world = with_text("aws://a:b/c@");
    world.run(&["get", "--airflow-conn", "etl", "--airflow-fallback"]).fails_as("airflow-connection").saying("%2F");
    world.run(&["get", "--airflow-conn", "none"]).fails_as("airflow-not-found").saying("airflow connections export");
    world.run(&["get", "dev", "--airflow-fallback"]).fails_as("bad-flag");
    // The default credentials here are the environment's web identity.
    let file = world.given("token", &token());
    let world = world.env("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap()).env("AWS_ROLE_ARN", DEV);
    for _ in 0..2 {
        world.run(&["get", "--airflow-conn", "none", "--airflow-fallback"]).succeeds();
    }
    assert_eq!(world.sts.roles_asked(), ["Dev", "Dev"]);
    // Defined as empty, it is that chain by intention, and kept.
    let world = world.env("AIRFLOW_CONN_ETL", "aws://");
    for _ in 0..2 {
        world.get_profile("etl", &[]).succeeds();
    }
    assert_eq!(world.sts.calls().len(), 3);
}

#[test]
fn a_chain_may_stand_on_a_connection() {
    let world = on_keys().role_on("etl", "top", "");
    world.get_profile("top", &[]).succeeds();
    world.get_profile("etl", &[]).succeeds();
    assert_eq!(world.sts.roles_asked(), ["etl", "top"]);
}

#[test]
fn a_token_file_that_holds_no_token_is_sent_nowhere() {
    let extra = |path: &str| {
        json!({
            "role_arn": DEV, "assume_role_method": "assume_role_with_web_identity",
            "assume_role_with_web_identity_federation": "file", "assume_role_with_web_identity_token_file": path,
        })
    };
    let world = connected(extra(if cfg!(windows) { r"C:\windows\win.ini" } else { "/etc/passwd" }));
    world.get_profile("etl", &[]).fails_as("token-invalid");
    let world = connected(json!({}));
    for text in ["not.a.token\n", "ssh-ed25519-key-without-dots"] {
        let path = world.given("notes", text);
        let text = json!({"extra": extra(path.to_str().unwrap())}).to_string();
        let run =
            world.command(env!("CARGO_BIN_EXE_fedcred")).env("AIRFLOW_CONN_ETL", text).args(["get", "etl"]).output();
        let stderr = String::from_utf8(run.unwrap().stderr).unwrap();
        assert!(stderr.starts_with("error[token-invalid]"), "{stderr}");
    }
    assert_eq!(world.connections(), 0);

    let path = world.given("token", &token());
    let world = world.env("AIRFLOW_CONN_ETL", json!({"extra": extra(path.to_str().unwrap())}).to_string());
    world.get_profile("etl", &[]).succeeds();
    let name = world.sts.calls()[0]["RoleSessionName"].clone();
    assert!(name.strip_prefix("botocore-session-").is_some_and(|time| time.parse::<u64>().is_ok()), "{name}");
}

#[test]
fn an_sts_of_strangers_gets_nothing_unless_the_configuration_lists_it() {
    let stranger = json!({
        "role_arn": role_named("etl"), "aws_access_key_id": LONG_TERM_KEY.0, "aws_secret_access_key": LONG_TERM_KEY.1,
        "service_config": {"sts": {"endpoint_url": "https://sts.evil.example"}},
    });
    let world = connected(stranger).secret("evil-never-contacted");
    world
        .get_profile("etl", &[])
        .fails_as("airflow-connection")
        .saying("sts_endpoints = [\"https://sts.evil.example\"]");
    let world = world.also("[airflow]\nsts_endpoints = [\"https://sts.evil.example\"]");
    let run = world.get_profile("etl", &[]);
    assert!(run.stderr.starts_with("error[connect]"), "{}", run.stderr);
}

#[test]
fn config_kwargs_say_how_sts_is_reached() {
    use crate::support::sts::{Fault, Refusal};
    let on_keys = |kwargs: Value| {
        json!({
            "role_arn": role_named("etl"), "aws_access_key_id": LONG_TERM_KEY.0, "aws_secret_access_key": LONG_TERM_KEY.1,
            "config_kwargs": kwargs,
        })
    };
    let world = connected(on_keys(json!({"retries": {"total_max_attempts": 1}, "max_pool_connections": 4})));
    world.sts.fail(1, Fault::Refuse(Refusal::new(500, "InternalFailure", "boom")));
    let run = world.run(&["-v", "get", "etl"]);
    assert!(run.stderr.contains("error[sts-unavailable]"), "{}", run.stderr);
    assert!(run.stderr.contains("config_kwargs.max_pool_connections has no effect"), "{}", run.stderr);
    assert_eq!(world.sts.calls().len(), 1);

    let world = connected(on_keys(json!({"read_timeout": 0.2, "connect_timeout": 1, "retries": {"max_attempts": 1}})));
    world.sts.fail(2, Fault::Hang);
    world.get_profile("etl", &[]).fails_as("timeout");
    assert_eq!(world.sts.calls().len(), 2);

    // A proxy is asked to reach an STS that is not on this machine.
    let proxy = Site::new().start().unwrap();
    let extra = on_keys(json!({"proxies": {"https": proxy.origin()}}));
    let world = connected(extra).env("AWS_ENDPOINT_URL_STS", "https://sts.eu-west-1.amazonaws.com");
    let run = world.get_profile("etl", &[]);
    assert!(run.stderr.starts_with("error[proxy-refused]"), "{}", run.stderr);
    assert!(proxy.connections() > 0);
}

#[test]
fn a_connection_may_name_a_profile_as_the_session_factory_for_airflow_reads_it() {
    let federation = json!({"federation": {"profile": "fed"}, "region_name": "eu-west-1"});
    let world = World::beside(nobody());
    let file = world.given("token", &token());
    let world = world.also(&format!(
        "[profile.fed]\nrole_arn = {DEV:?}\n[profile.fed.web_identity]\nsource = \"file\"\ntoken_file = {file:?}"
    ));
    let sts = world.sts.server().origin().to_string();
    let world = world
        .env("AIRFLOW_CONN_ETL", json!({"conn_type": "aws", "extra": federation}).to_string())
        .env("AWS_ENDPOINT_URL_STS", sts)
        // What lies around, and is nobody's to take.
        .env("AWS_ACCESS_KEY_ID", LONG_TERM_KEY.0)
        .env("AWS_SECRET_ACCESS_KEY", LONG_TERM_KEY.1);
    let by_name = world.run(&["get", "fed"]).succeeds();
    assert_eq!(world.run(&["get", "--airflow-conn", "etl"]).succeeds(), by_name, "one identity, one entry");
    let shown: Value = serde_json::from_str(&world.run(&["airflow", "show", "etl", "--json"]).stdout).unwrap();
    assert_eq!(shown["plan"]["base"], json!({"kind": "fedcred-profile", "profile": "fed"}));
    assert_eq!(world.sts.roles_asked(), ["Dev"]);
    // A role of the connection's is on top of the profile.
    world.sts.role(&role_named("top"), 3600);
    let top = json!({"extra": {"federation": {"profile": "fed"}, "role_arn": role_named("top")}});
    let world = world.env("AIRFLOW_CONN_ETL", top.to_string());
    world.run(&["get", "--airflow-conn", "etl"]).succeeds();
    assert_eq!(world.sts.roles_asked().last().map(String::as_str), Some("top"));
    // A profile that is not there, or is a connection.
    let world = world.also("[profile.conn]\nairflow_conn = \"etl\"");
    for (name, code) in [("nowhere", "profile-not-found"), ("conn", "conflicting-keys")] {
        let text = json!({"extra": {"federation": {"profile": name}}}).to_string();
        let mut command = world.command(env!("CARGO_BIN_EXE_fedcred"));
        let run = command.env("AIRFLOW_CONN_ETL", text).args(["get", "--airflow-conn", "etl"]).output().unwrap();
        let stderr = String::from_utf8(run.stderr).unwrap();
        assert!(stderr.starts_with(&format!("error[{code}]")) && run.stdout.is_empty(), "{stderr}");
    }
}
