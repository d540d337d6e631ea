//! `setup` by each method that needs no page: by flags, by what this machine has, and by a person's answers.

use std::fs;

use serde_json::json;

use crate::login::ecp;
use crate::login::okta::{APP, okta};
use crate::run::Run;
use crate::setup::flags::{setup_as, written};
use crate::setup::mistakes::{end, get, talk};
use crate::support::assertion::{AWS_ACS, Assertion, DEV};
use crate::support::idp::{PASSWORD, Site, USER};
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::support::token::token;
use crate::tokens::sign_in::{CLIENT, provider};
use crate::world::World;

/// The same world for a configuration that setup writes.
fn fresh(world: World) -> World {
    let sts = world.sts.server().origin().to_string();
    world.env("AWS_ENDPOINT_URL_STS", sts).env("XDG_CONFIG_HOME", "")
}

fn by_flags(world: &World, flags: &[&str]) -> Run {
    let run = Run::of(
        world
            .command(env!("CARGO_BIN_EXE_fedcred"))
            .env_remove("FEDCRED_CONFIG")
            .args(["setup", "corp", "--yes", "--no-aws-config"])
            .args(flags),
    );
    world.record(&run);
    run
}

#[track_caller]
fn works(world: &World, run: &Run, line: &str) {
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(written(world).contains(line), "{}", written(world));
    get(world, "corp").succeeds();
}

#[test]
fn a_source_that_this_machine_has_is_found_and_needs_a_role_alone() {
    let site = Site::new().get("/token", |request: &Request| match request.header("authorization") {
        Some("bearer github-runtime-token") | Some("Bearer github-runtime-token") => {
            Reply::new(200, "application/json", json!({ "value": token() }).to_string())
        }
        _ => Reply::status(401),
    });
    let world = fresh(World::beside(site.start().unwrap()));
    let url = world.idp.url("/token?api-version=2.0");
    let world = world
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", url)
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "github-runtime-token")
        .secret("github-runtime-token");
    by_flags(&world, &[]).fails_as("prompt-needed").saying("--role-arn ARN");
    let run = by_flags(&world, &["--role-arn", DEV]);
    works(&world, &run, "source = \"github-actions\"");
    // A person finds it first on the list, with what speaks for it.
    let mut session = talk(&world, &["more", "--no-aws-config", "--region", "eu-west-1"]);
    session.reply("1  github-actions", "");
    session.reply("ACTIONS_ID_TOKEN_REQUEST_URL is set", "");
    session.reply("How do you log in?", "1\n");
    session.reply("ARN of the role", "Dev\n");
    session.reply("write the whole ARN", "");
    session.reply("[Dev]: ", &format!("{DEV}\n"));
    session.reply("Write this? [y/N] ", "y\n");
    let ended = end(&world, session);
    assert_eq!(ended.status, Some(0), "{}", ended.shown);
    get(&world, "more").succeeds();
}

#[test]
fn a_token_file_of_a_pod_or_of_ones_own_is_taken() {
    let world = fresh(World::beside(Site::new().start().unwrap()));
    let file = world.given("token", &token()).display().to_string();
    let run = by_flags(&world, &["--auth", "file", "--token-file", &file, "--role-arn", DEV]);
    works(&world, &run, &format!("token_file = \"{file}\""));

    let pod = fresh(World::beside(Site::new().start().unwrap()));
    let file = pod.given("token", &token()).display().to_string();
    let pod = pod.env("AWS_WEB_IDENTITY_TOKEN_FILE", file).env("AWS_ROLE_ARN", DEV);
    let run = by_flags(&pod, &[]);
    works(&pod, &run, &format!("role_arn = \"{DEV}\""));
}

#[test]
fn a_person_logs_in_at_an_openid_provider_and_the_refresh_token_is_kept_at_the_end() {
    let provider = provider();
    let world = fresh(provider.world);
    let issuer = world.idp.origin().to_owned();
    let mut session = talk(&world, &["corp", "--no-aws-config", "--region", "eu-west-1"]);
    session.reply("How do you log in?", "oidc\n");
    session.reply("The OpenID provider (its issuer, https://…): ", "nothing\n");
    session.reply("Client ID that the provider registered for this: ", &format!("{CLIENT}\n"));
    session.reply("[browser]: ", "device\n");
    session.reply("ARN of the role", &format!("{DEV}\n"));
    session.reply("hint: ", "");
    // The issuer was no URL; everything is proposed as it was answered.
    session.reply("[nothing]: ", &format!("{issuer}\n"));
    session.reply(&format!("[{CLIENT}]: "), "\n");
    session.reply("[device]: ", "\n");
    session.reply(&format!("[{DEV}]: "), "\n");
    session.reply("Keep it in a sealed file instead? [y/N] ", "y\n");
    session.reply("enter the code AB-CD", "");
    session.reply("logged in as alice@example.com", "");
    assert!(!world.path(".config/fedcred/secrets").exists(), "nothing is kept before it is agreed to");
    session.reply("Write this? [y/N] ", "y\n");
    let ended = end(&world, session);
    assert_eq!(ended.status, Some(0), "{}", ended.shown);
    assert!(written(&world).contains("source = \"oidc\""), "{}", written(&world));
    get(&world, "corp").succeeds();
}

#[test]
fn okta_s_device_login_ecp_and_a_command_are_named_by_flag() {
    let okta = fresh(okta(APP));
    let flags = ["--auth", "okta", "--client-id", "0oaNative", "--app-id", APP, "--role-arn", DEV];
    let url = okta.idp.url("/");
    let flags = [&["corp", "--yes", "--no-aws-config", "--idp-url", &url], &flags[..]].concat();
    let mut session = talk(&okta, &flags);
    session.reply("enter the code ABCD-EFGH", "");
    assert_eq!(end(&okta, session).status, Some(0));
    get(&okta, "corp").succeeds();

    let ecp = fresh(ecp::world(|_: &Request| ecp::envelope(AWS_ACS, &Assertion::default().xml())));
    let run = setup_as(
        &ecp,
        "corp",
        &["--no-aws-config", "--auth", "ecp", "--username", USER, "--password-env", "IDP_PASSWORD", "--role-arn", DEV],
    );
    works(&ecp, &run, "auth = \"ecp\"");

    let command = fresh(World::beside(Site::new().start().unwrap()));
    let printed = command.given("printed", &Assertion::default().base64()).display().to_string();
    fs::write(command.path("log in"), format!("#!/bin/sh\nexec cat {printed}\n")).unwrap();
    let program = format!("sh '{}' {{idp_url}}", command.path("log in").display());
    let run =
        setup_as(&command, "corp", &["--no-aws-config", "--auth", "command", "--command", &program, "--role-arn", DEV]);
    works(&command, &run, "auth = \"command\"");
    let half = setup_as(&command, "half", &["--auth", "command", "--command", "sh 'x", "--role-arn", DEV]);
    half.fails_as("invalid-value").saying("a quote without its end");
}

#[test]
fn a_person_chooses_another_way_after_one_that_does_not_do() {
    let world = fresh(World::form(Site::with_login(Assertion::default()))).env("IDP_PASSWORD", PASSWORD);
    let url = world.idp.url("/sso");
    let flags =
        ["corp", "--no-aws-config", "--region", "eu-west-1", "--password-env", "IDP_PASSWORD", "--role-arn", DEV];
    let mut session = talk(&world, &flags);
    session.reply("How do you log in?", "no authentication\n");
    session.reply("(its address in a browser): ", &format!("{url}\n"));
    session.reply("How to go on?", "another way\n");
    session.reply("How do you log in?", "a login form\n");
    // What was answered before is proposed.
    session.reply(&format!("(its address in a browser) [{url}]: "), "\n");
    session.reply("User name [", &format!("{USER}\n"));
    session.reply("Write this? [y/N] ", "y\n");
    let ended = end(&world, session);
    assert_eq!(ended.status, Some(0), "{}", ended.shown);
    get(&world, "corp").succeeds();
}
