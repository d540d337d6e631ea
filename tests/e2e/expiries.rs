//! A program that makes a call every quarter of a second, across three expiries, in each of the ways to be given
//! credentials: no call fails, and there is one login an expiry. The same while a refresh fails.
//!
//! Sessions last 9 s here: refreshed when 3 s are left, tried again when 1.5 s are.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::support::{Home, Profile};

const LIFETIME: u32 = 9;
/// Three expiries and a little.
const SECONDS: &str = "22";

/// How a program is given credentials.
#[derive(Clone, Copy)]
enum Way {
    Exec,
    CredentialProcess,
    Serve,
}

#[test]
fn boto3_under_exec_is_never_without() {
    is_never_without(Way::Exec, Home::boto3, false);
}

#[test]
fn boto3_by_credential_process_is_never_without() {
    is_never_without(Way::CredentialProcess, Home::boto3, false);
}

#[test]
fn boto3_beside_serve_is_never_without() {
    is_never_without(Way::Serve, Home::boto3, false);
}

#[test]
fn the_sdk_for_javascript_under_exec_is_never_without() {
    is_never_without(Way::Exec, Home::javascript, false);
}

#[test]
fn the_sdk_for_javascript_by_credential_process_is_never_without() {
    is_never_without(Way::CredentialProcess, Home::javascript, false);
}

#[test]
fn the_sdk_for_javascript_beside_serve_is_never_without() {
    is_never_without(Way::Serve, Home::javascript, false);
}

#[test]
fn an_outage_while_the_credentials_live_is_not_noticed() {
    is_never_without(Way::Exec, Home::boto3, true);
}

/// Both would go before the endpoint or stand in its way, if the command were just given its address.
#[test]
fn keys_of_a_default_profile_and_a_proxy_do_not_win_over_the_endpoint() {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    home.write("no-credentials", "[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = old\n");
    let python = vec![home.lab_program("python").display().to_string(), data("caller_identity.py")];
    let javascript = vec!["node".into(), data("caller_identity.mjs"), crate::support::lab().javascript()];
    for program in [python, javascript] {
        let mut command = home.fedcred();
        command.args(["exec", "lab", "--"]).args(program);
        command.env("HTTP_PROXY", "http://127.0.0.1:1").env("http_proxy", "http://127.0.0.1:1");
        let told = home.run(&mut command).json();
        assert_eq!(told, serde_json::json!(["arn:aws:sts::111122223333:assumed-role/Dev/alice@example.test"]));
    }
}

impl Home {
    fn boto3(&self) -> Vec<String> {
        vec![self.lab_program("python").display().to_string(), data("across_expiries.py"), SECONDS.into()]
    }

    fn javascript(&self) -> Vec<String> {
        vec!["node".into(), data("across_expiries.mjs"), crate::support::lab().javascript(), SECONDS.into()]
    }
}

fn data(name: &str) -> String {
    format!("{}/tests/e2e/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn is_never_without(way: Way, program: impl Fn(&Home) -> Vec<String>, is_failing: bool) {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    home.sts.lifetime(LIFETIME);
    let argv = program(&home);
    let mut served = None;
    let mut command = match way {
        Way::Exec => {
            let mut fedcred = home.fedcred();
            fedcred.args(["exec", "lab", "--"]).args(&argv);
            fedcred
        }
        Way::CredentialProcess => {
            home.write_aws_config();
            let mut command = home.program(&argv[0]);
            command.args(&argv[1..]).env("AWS_PROFILE", "lab");
            command
        }
        Way::Serve => {
            let (serve, variables) = serve(&home);
            served = Some(serve);
            let mut command = home.program(&argv[0]);
            command.args(&argv[1..]).envs(variables);
            command
        }
    };
    // The SDK for JavaScript reads no other one.
    command.env("AWS_REGION", "eu-west-1");
    if is_failing {
        home.get().succeeds();
        home.sts.fail("drop&action=AssumeRoleWithSAML");
    }
    let told = home.run(&mut command).json();
    drop(served);
    assert_eq!(told["failures"], Value::Array(Vec::new()));
    assert!(told["calls"].as_u64().is_some_and(|calls| calls > 20), "{told}");
    let results = home.sts.results("AssumeRoleWithSAML");
    let logins = results.iter().filter(|result| *result == "ok").count();
    assert_eq!(results.len(), logins + usize::from(is_failing), "{results:?}");
    let keys = told["keys"].as_array().map_or(0, Vec::len);
    assert!(keys >= 4, "not three expiries: {told}");
    // The last one may have come when no call was left to be made with it.
    assert!((keys..=keys + 1).contains(&logins), "{logins} logins for {keys} sessions");
}

/// `serve`, killed when dropped.
struct Served(Child);

fn serve(home: &Home) -> (Served, Vec<(String, String)>) {
    let token = home.path("token");
    let mut command = home.fedcred_alone();
    command.args(["serve", "lab", "--token-file"]).arg(token).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines().take(3);
    let variables = lines.map(|line| {
        let line = line.expect("it prints text");
        let (name, value) = line.split_once('=').expect("NAME=value");
        (name.to_owned(), value.to_owned())
    });
    let variables = variables.collect();
    (Served(child), variables)
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
