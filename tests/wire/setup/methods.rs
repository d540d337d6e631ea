//! `setup` by each method that needs no page: by flags, by what this machine has, and by a person's answers.

use std::fs;

use serde_json::json;

use crate::harness::run::Run;
use crate::login::ecp;
use crate::login::okta::{APP, okta};
use crate::serve::exec_process::with_mounts_of_its_own;
use crate::setup::flags::{setup_as, written};
use crate::setup::mistakes::{end, get, talk};
use crate::support::assertion::{AWS_ACS, Assertion, DEV};
use crate::support::idp::{PASSWORD, Site, USER};
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::support::tls::Authority;
use crate::support::token::{AUDIENCE, token, token_with};
use crate::terminal::{Session, WITH_TERMINAL};
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
    session.reply("Store it in a sealed file instead? [y/N] ", "y\n");
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
    half.fails_as("invalid-value").saying("an unclosed quote");
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
    session.reply("How do you want to continue?", "another way\n");
    session.reply("How do you log in?", "a login form\n");
    // What was answered before is proposed.
    session.reply(&format!("(its address in a browser) [{url}]: "), "\n");
    session.reply("User name [", &format!("{USER}\n"));
    session.reply("Write this? [y/N] ", "y\n");
    let ended = end(&world, session);
    assert_eq!(ended.status, Some(0), "{}", ended.shown);
    get(&world, "corp").succeeds();
}

/// A person takes `method` from the list, where it stands since this machine speaks for it, and answers these questions.
#[track_caller]
fn a_person_sets_up(world: &World, method: &str, answers: &[(&str, &str)], flags: &[&str]) {
    let always = ["corp", "--no-aws-config", "--region", "eu-west-1"];
    let mut session = talk(world, &[&always, flags].concat());
    session.reply(&format!("1  {method}"), "");
    session.reply("How do you log in?", "1\n");
    for (question, answer) in answers.iter().chain(&[("ARN of the role", DEV), ("Write this? [y/N] ", "y")]) {
        session.reply(question, &format!("{answer}\n"));
    }
    let ended = end(world, session);
    assert_eq!(ended.status, Some(0), "{method}: {}", ended.shown);
    assert!(written(world).contains(&format!("source = \"{method}\"")), "{}", written(world));
    get(world, "corp").succeeds();
}

#[test]
fn the_variable_of_a_ci_job_is_found_and_its_token_logs_in() {
    for (method, variable) in [
        ("gitlab", "GITLAB_OIDC_TOKEN"),
        ("circleci", "CIRCLE_OIDC_TOKEN_V2"),
        ("terraform", "TFC_WORKLOAD_IDENTITY_TOKEN"),
        ("bitbucket", "BITBUCKET_STEP_OIDC_TOKEN"),
        // A pod of AKS.
        ("azure", "AZURE_FEDERATED_TOKEN_FILE"),
    ] {
        let world = fresh(World::beside(Site::new().start().unwrap()));
        let file = world.given("token", &token()).display().to_string();
        let world = world.env(variable, if variable.ends_with("_FILE") { file } else { token() });
        a_person_sets_up(&world, method, &[], &[]);
    }
}

#[test]
fn a_machine_of_azure_or_google_is_found_and_its_metadata_service_logs_in() {
    let managed = |request: &Request| match (request.header("x-identity-header"), request.query("resource")) {
        (Some("app-service-header"), Some(audience)) if audience == "api://aws" => {
            Reply::new(200, "application/json", json!({ "access_token": token() }).to_string())
        }
        _ => Reply::status(403),
    };
    let azure = fresh(World::beside(Site::new().get("/msi/token", managed).start().unwrap()));
    let endpoint = azure.idp.url("/msi/token");
    let azure = azure
        .env("IDENTITY_ENDPOINT", endpoint)
        .env("IDENTITY_HEADER", "app-service-header")
        .secret("app-service-header");
    by_flags(&azure, &["--role-arn", DEV]).fails_as("prompt-needed").saying("--audience AUDIENCE");
    a_person_sets_up(&azure, "azure", &[("(api://…): ", "api://aws")], &[]);

    let flavored = |reply: Reply| {
        move |request: &Request| match request.header("metadata-flavor") {
            Some("Google") => reply.clone().with("Metadata-Flavor", "Google"),
            _ => Reply::status(403),
        }
    };
    let path = "/computeMetadata/v1/instance/service-accounts/default/identity";
    let site = Site::new()
        .get("/", flavored(Reply::new(200, "text/plain", "computeMetadata/")))
        .get(path, flavored(Reply::new(200, "text/plain", token())));
    let google = fresh(World::beside(site.start().unwrap()));
    let host = google.idp.origin().trim_start_matches("http://").to_owned();
    let google = google.env("GCE_METADATA_HOST", host);
    a_person_sets_up(&google, "google", &[("(accounts.google.com:oaud): ", AUDIENCE)], &[]);
}

/// The kubelet's directory is put where every pod has it, for setup and what it starts alone.
#[test]
fn a_pod_of_kubernetes_is_found_and_its_api_server_logs_in() {
    let own = token_with(json!({ "sub": "system:serviceaccount:jobs:etl" }));
    let expected = format!("Bearer {own}");
    let site = Site::new().post("/api/v1/namespaces/jobs/serviceaccounts/etl/token", move |request: &Request| {
        match request.header("authorization") == Some(&expected) {
            true => Reply::new(201, "application/json", json!({ "status": { "token": token() } }).to_string()),
            false => Reply::status(403),
        }
    });
    let authority = Authority::new();
    let world = fresh(World::beside(site.start_tls(&authority).unwrap()));
    world.given("ca.crt", &authority.pem());
    let mounted = world.given("token", &own).parent().unwrap().display().to_string();
    let port = world.idp.port().to_string();
    let world = world.env("KUBERNETES_SERVICE_HOST", "127.0.0.1").env("KUBERNETES_SERVICE_PORT", port);
    let script = "mount -t tmpfs tmpfs /run && dir=/run/secrets/kubernetes.io/serviceaccount && mkdir -p $dir \
        && mount --bind \"$MOUNTED\" $dir && \"$1\" setup corp --no-aws-config --region eu-west-1 && exec \"$1\" get corp";
    let Some(unshare) = with_mounts_of_its_own(script) else { return };
    let mut command = world.command(WITH_TERMINAL[0]);
    command.env_remove("FEDCRED_CONFIG").env("MOUNTED", mounted).args(&WITH_TERMINAL[1..]);
    command.arg(unshare.get_program()).args(unshare.get_args()).arg(env!("CARGO_BIN_EXE_fedcred"));
    let mut session = Session::start(&mut command);
    session.reply("1  kubernetes", "");
    session.reply("How do you log in?", "1\n");
    session.reply("ARN of the role", &format!("{DEV}\n"));
    session.reply("Write this? [y/N] ", "y\n");
    let ended = session.end();
    let run = Run { status: ended.status, stdout: ended.stdout, stderr: ended.stderr, peak_kib: 0 };
    world.record(&run);
    run.succeeds();
    assert!(written(&world).contains("source = \"kubernetes\""), "{}", written(&world));
}
