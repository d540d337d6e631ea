//! fedcred as the credential_process of the AWS CLI and boto3: what they sign with its credentials, STS accepts.

use crate::harness::run::Run;
use crate::installed::Installed;
use crate::support::{Home, Profile, lab};

const ALICE: &str = "arn:aws:sts::111122223333:assumed-role/Dev/alice@example.test";

#[test]
fn the_aws_cli_is_who_the_ticket_says_cold_fresh_and_due() {
    let home = with_ticket();
    for logins in [1, 1, 2] {
        if logins == 2 {
            home.age(50);
        }
        assert_eq!(home.run(home.aws().args(["sts", "get-caller-identity"])).json()["Arn"], ALICE);
        assert_eq!(home.sts.results("AssumeRoleWithSAML"), vec!["ok"; logins]);
    }
}

#[test]
fn the_aws_cli_is_who_the_form_says() {
    let home = with_password();
    let identity = home.run(with_password_variable(home.aws().args(["sts", "get-caller-identity"])));
    assert_eq!(identity.json()["Arn"], ALICE);
}

#[test]
fn boto3_is_who_the_ticket_says_and_asks_us_once() {
    let home = with_ticket();
    is_alice_in_every_call(&home.run(&mut home.python("caller_identity.py")));
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), ["ok"]);
}

#[test]
fn boto3_is_who_the_form_says_and_asks_us_once() {
    let home = with_password();
    is_alice_in_every_call(&home.run(with_password_variable(&mut home.python("caller_identity.py"))));
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), ["ok"]);
}

#[test]
fn boto3_and_the_aws_cli_share_one_login() {
    let home = with_ticket();
    home.run(&mut home.python("caller_identity.py")).json();
    home.run(home.aws().args(["sts", "get-caller-identity"])).json();
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), ["ok"]);
}

#[test]
fn our_error_is_what_the_aws_cli_shows() {
    let home = Home::with(&Profile::spnego());
    let outcome = home.run(home.aws().args(["sts", "get-caller-identity"]));
    assert_eq!(outcome.status, Some(255), "the AWS CLI's own for what it cannot do");
    assert!(outcome.stderr.contains("error[no-kerberos-ticket]: "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("hint: "), "{}", outcome.stderr);
}

/// Each client in each way, as the page on compatibility says; a cell that fails is told on stderr.
#[test]
fn every_client_works_in_every_way_that_it_knows() {
    let told = matrix(&["once"]);
    let page = include_str!("../../src/cli/topics/compatibility.md");
    let table: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).collect();
    assert!(table.len() > 20 && table.iter().all(|row| !row.contains("| no")), "{page}");
    assert_eq!(told.stdout.lines().collect::<Vec<_>>(), table, "{}", told.stderr);
}

/// Eight clients that stay while sessions last a minute: no failed request, no key after its end, one login an expiry.
#[test]
fn clients_that_stay_are_never_without() {
    let told = matrix(&["loops", "exec"]);
    assert_eq!(told.status, Some(0), "{}\n{}", told.stdout, told.stderr);
}

/// Run by the lab's Python, which has moto.
fn matrix(arguments: &[&str]) -> Run {
    let mut command = std::process::Command::new(lab().variable("LAB_PYTHON"));
    command.arg("-B").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/consumers/matrix.py")).args(arguments);
    let installed = Installed::new();
    command.env("FEDCRED", installed.small()).env("LAB_CONSUMERS", lab().consumers());
    let output = command.output().expect("Python can be run");
    let text = |bytes| String::from_utf8(bytes).expect("programs print UTF-8");
    Run::ended(output.status.code(), text(output.stdout), text(output.stderr))
}

fn with_ticket() -> Home {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    home
}

fn with_password() -> Home {
    Home::with(&Profile::form("alice").saml(r#"password = { env = "CORP_PASSWORD" }"#))
}

/// A consumer hands its environment on to us.
fn with_password_variable(command: &mut std::process::Command) -> &mut std::process::Command {
    command.env("CORP_PASSWORD", lab().password("alice"))
}

#[track_caller]
fn is_alice_in_every_call(outcome: &Run) {
    assert_eq!(outcome.json(), serde_json::json!([ALICE]));
}
