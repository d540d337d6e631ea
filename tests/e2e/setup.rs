//! `setup` in front of the lab's IdP, driven by flags and by a person at a terminal; what it writes, boto3 and the AWS CLI read.

use std::process::Command;

use crate::support::profile::{AWS, DEV, sso_url};
use crate::support::tmux::Terminal;
use crate::support::{Home, lab};

const ALICE: &str = "arn:aws:sts::111122223333:assumed-role/Dev/alice@example.test";
const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

fn without_profile() -> Home {
    let home = Home::configured("");
    home.write(".aws/config", "# mine\n[default]\nregion = eu-central-1\n");
    home
}

/// The AWS CLI and Python are in its PATH.
fn with_aws<'c>(home: &Home, command: &'c mut Command) -> &'c mut Command {
    let venv = home.lab_program("aws");
    command.env("PATH", format!("{}:/usr/bin:/bin", venv.parent().expect("a directory").display()))
}

#[track_caller]
fn sdks_are_alice(home: &Home) {
    let aws = &mut home.command(home.lab_program("aws"));
    let identity = home.run(aws.args(["--profile", "corp", "sts", "get-caller-identity"])).json();
    assert_eq!(identity["Arn"], ALICE);
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/data/caller_identity.py");
    let boto3 = home.run(home.command(home.lab_program("python")).arg(program).env("AWS_PROFILE", "corp"));
    assert_eq!(boto3.json(), serde_json::json!([ALICE]));
}

fn aws_config(home: &Home) -> String {
    std::fs::read_to_string(home.path(".aws/config")).expect("~/.aws/config")
}

#[test]
fn with_a_ticket_and_flags_nobody_is_asked_and_sdks_get_in() {
    let home = without_profile();
    home.kinit("alice");
    let url = sso_url(lab().idp_origin(), "negotiate", AWS);
    let mut setup = home.fedcred();
    setup.args(["setup", "corp", "--yes", "--idp-url", &url, "--ca-bundle", lab().idp_ca(), "--role-arn", DEV]);
    let outcome = home.run(with_aws(&home, &mut setup));
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{}", outcome.stdout);
    for said in ["offers Negotiate", "logging in by Kerberos", &format!("the AWS CLI, with --profile corp, is {ALICE}")]
    {
        assert!(outcome.stdout.contains(said), "{said}: {}", outcome.stdout);
    }
    assert!(aws_config(&home).starts_with("# mine\n[default]\nregion = eu-central-1\n\n[profile corp]\n"));
    sdks_are_alice(&home);
    let doctor = home.run(home.fedcred().args(["doctor", "corp"]));
    assert!(doctor.stdout.contains("✓ AWS files\n    called by:\n      [profile corp]"), "{}", doctor.stdout);
}

#[test]
fn a_person_at_a_terminal_is_led_through_it() {
    let home = without_profile();
    let terminal = Terminal::open(&home);
    terminal.says(&format!("{FEDCRED} setup --ca-bundle {} --store file", lab().idp_ca()));
    terminal.holds("Name of the new profile [default]:");
    terminal.says("corp");
    terminal.holds("How do you log in?");
    terminal.presses("Enter");
    terminal.holds("The identity provider's page for AWS");
    terminal.says(&sso_url(lab().idp_origin(), "form", AWS));
    terminal.holds("the page is a login page of SimpleSAMLphp");
    terminal.holds("User name [");
    terminal.says("alice");
    terminal.holds("Password of alice at https://localhost");
    terminal.says(lab().password("alice"));
    terminal.holds("? Account");
    terminal.says("1111");
    terminal.holds("? Role");
    terminal.says(DEV);
    terminal.holds("Region [eu-central-1]:");
    terminal.says("eu-west-1");
    terminal.holds("Write this? [y/N]");
    assert!(!home.path(".config/fedcred/secrets").exists(), "nothing is kept before it is agreed to");
    terminal.says("y");
    terminal.holds("try it: fedcred get corp");
    terminal.says("echo status $?");
    terminal.shows("status 0");
    let written = std::fs::read_to_string(home.path(".config/fedcred/config.toml")).expect("the configuration");
    assert!(written.contains("password = { keyring = true }") && written.contains("auth = \"form\""), "{written}");
    let aws = aws_config(&home);
    assert!(aws.contains("[profile corp]\ncredential_process = ") && aws.contains("\nregion = eu-west-1\n"), "{aws}");
    sdks_are_alice(&home);
}

#[test]
fn who_does_not_agree_has_nothing_written() {
    let home = without_profile();
    home.kinit("bob");
    let before = aws_config(&home);
    let terminal = Terminal::open(&home);
    let url = sso_url(lab().idp_origin(), "negotiate", AWS);
    terminal.says(&format!("{FEDCRED} setup corp --idp-url '{url}' --ca-bundle {}", lab().idp_ca()));
    terminal.holds("Region [eu-central-1]:");
    terminal.presses("Enter");
    terminal.holds("Write this? [y/N]");
    terminal.presses("Enter");
    terminal.holds("nothing is written");
    terminal.says("echo status $?");
    terminal.shows("status 3");
    assert_eq!(aws_config(&home), before);
    assert_eq!(std::fs::read_to_string(home.path(".config/fedcred/config.toml")).expect("the configuration"), "");
}

#[test]
fn mistakes_are_told_and_asked_again_and_the_other_answers_are_kept() {
    let home = without_profile();
    let terminal = Terminal::open(&home);
    terminal.says(&format!("{FEDCRED} setup corp --store file"));
    terminal.holds("How do you log in?");
    // Esc is told; typing filters, and the arrow keys move.
    terminal.presses("Escape");
    terminal.holds("nothing was chosen");
    terminal.types("see what");
    terminal.holds("> open the identity provider's page");
    terminal.presses("Enter");
    terminal.holds("The identity provider's page for AWS");
    terminal.says("https://d-1234567890.awsapps.com/start");
    terminal.holds("use `aws configure sso`");
    terminal.holds(
        "The identity provider's page for AWS (its address in a browser) [https://d-1234567890.awsapps.com/start]:",
    );
    terminal.says(&sso_url(lab().idp_origin(), "form", AWS));
    terminal.holds("The server's certificate is not trusted");
    terminal.presses("Enter");
    terminal.holds("SHA-256");
    terminal.presses("Down");
    terminal.holds("> name a PEM file with the authority to trust");
    terminal.presses("Enter");
    terminal.holds("PEM file with the authority to trust:");
    terminal.says(lab().idp_ca());
    terminal.holds("User name [");
    terminal.presses("C-d");
    terminal.holds("nothing was read");
    terminal.says("alice");
    terminal.holds("Password of alice at https://localhost");
    terminal.says("not-her-password");
    terminal.holds("Try another user name or password?");
    terminal.says("y");
    // The name that was given is proposed.
    terminal.holds("User name [alice]:");
    terminal.presses("C-c");
    terminal.says("echo status $?");
    terminal.shows("status 130");
    assert_eq!(std::fs::read_to_string(home.path(".config/fedcred/config.toml")).expect("the configuration"), "");
}
