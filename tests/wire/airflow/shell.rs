//! What the environment of a shell or a pod adds to a connection: nothing of it is written, and half of it is told.

use serde_json::json;

use super::connection::nobody;
use crate::support::assertion::DEV;
use crate::support::sts::chain::LONG_TERM_KEY;
use crate::support::token::token;
use crate::world::{World, role_named};

/// What a shell may hold, and nothing that is written may.
const OF_A_SHELL: [(&str, &str); 8] = [
    ("AWS_REGION", "ap-south-1"),
    ("AWS_DEFAULT_REGION", "sa-east-1"),
    ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:4566"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:4567"),
    ("AWS_ACCESS_KEY_ID", LONG_TERM_KEY.0),
    ("AWS_SECRET_ACCESS_KEY", LONG_TERM_KEY.1),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:4568/creds"),
    ("AWS_USE_FIPS_ENDPOINT", "true"),
];

#[test]
fn what_is_written_holds_the_profile_and_nothing_of_the_shell() {
    let world = || {
        World::beside(nobody()).also(&format!(
            "[profile.top]\nrole_arn = {:?}\nregion = \"eu-west-1\"\n[profile.top.assume_role]\ncredential_source = \"instance\"\n\
             [profile.web]\nrole_arn = {DEV:?}\n[profile.web.web_identity]\nsource = \"file\"\ntoken_file = \"/token\"",
            role_named("top")
        ))
    };
    for (command, profile) in [("uri", "top"), ("json", "top"), ("uri", "web"), ("json", "web")] {
        let plain = world().run(&["airflow", command, profile]);
        let held = OF_A_SHELL.iter().fold(world(), |world, (name, value)| world.env(name, *value));
        let held = held.run(&["airflow", command, profile]);
        assert_eq!((plain.status, &held.stdout), (Some(0), &plain.stdout), "{}", held.stderr);
        assert_eq!(plain.stdout.contains("region_name"), profile == "top", "{}", plain.stdout);
    }
}

#[test]
fn an_imported_role_stands_on_the_default_chain_of_the_place_where_it_is_used() {
    let text = json!({"conn_type": "aws", "extra": {"role_arn": role_named("top")}}).to_string();
    let imported = |shell: &[(&str, &str)]| {
        let world = shell.iter().fold(World::beside(nobody()), |world, (name, value)| world.env(name, *value));
        let world = world.env("AIRFLOW_CONN_ETL", text.as_str());
        let run = world.run(&["airflow", "import", "etl", "--as", "own"]);
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        let written = std::fs::read_to_string(world.path("config.toml")).unwrap();
        (world, written.split_once("[profile.own]").unwrap().1.to_owned())
    };
    let (_, plain) = imported(&[]);
    assert!(plain.contains("credential_source = \"default-chain\"") && !plain.contains("region"), "{plain}");
    assert_eq!(imported(&OF_A_SHELL).1, plain);
    // In a pod with IRSA, the base is the pod's own.
    let (world, written) = imported(&[("AWS_ROLE_ARN", DEV), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token")]);
    assert_eq!(written, plain);
    world.sts.role(&role_named("top"), 3600);
    let (file, sts) = (world.given("token", &token()), world.sts.server().origin().to_string());
    let world = world.env("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap()).env("AWS_ENDPOINT_URL_STS", sts);
    // This world writes its configuration anew for each run.
    let world = world.also(&format!("[profile.own]{written}"));
    world.run(&["get", "own"]).succeeds();
    let actions: Vec<String> = world.sts.calls().iter().map(|call| call["Action"].clone()).collect();
    assert_eq!(actions, ["AssumeRoleWithWebIdentity", "AssumeRole"]);
}

#[test]
fn half_of_what_makes_the_profile_of_a_pod_is_told_by_every_command() {
    for (set, missing) in
        [("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"), ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")]
    {
        let value = if set == "AWS_ROLE_ARN" { DEV } else { "/token" };
        let home = tempfile::tempdir().unwrap();
        for command in [
            &["get"][..],
            &["exec", "--", "true"],
            &["refresh"],
            &["refresh", "--all"],
            &["status"],
            &["doctor"],
            &["login"],
            &["roles"],
        ] {
            let run = std::process::Command::new(env!("CARGO_BIN_EXE_fedcred"))
                .env_clear()
                .env("HOME", home.path())
                .env(set, value)
                .args(command)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
            assert!(said.contains(&format!("{set} is set and {missing} is not")), "{command:?}: {said}");
        }
    }
}
