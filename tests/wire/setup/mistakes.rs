//! `setup` with a person at a terminal who makes mistakes: each is told, and asked again with the other answers kept.

use std::fs;

use crate::harness::run::Run;
use crate::setup::flags::{CONFIG, world, written};
use crate::support::assertion::{Assertion, DEV, PROVIDER};
use crate::support::idp::{PASSWORD, Site, USER};
use crate::support::sts::{Fault, Refusal};
use crate::support::tls::Authority;
use crate::terminal::{Ended, Session, WITH_TERMINAL};
use crate::world::World;

const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");
const PAGE: &str = "The identity provider's page for AWS (its address in a browser)";

/// `setup` in a shell of its own; what is left for the shell to read is shown once it has ended.
pub fn talk(world: &World, flags: &[&str]) -> Session {
    let script = r#""$0" setup "$@"; status=$?
        stty -icanon min 0 time 0 2>/dev/null; left=$(dd bs=512 count=1 2>/dev/null)
        printf 'left[%s]' "$left" > /dev/tty; exit $status"#;
    let mut command = world.command(WITH_TERMINAL[0]);
    command.env_remove("FEDCRED_CONFIG").args(&WITH_TERMINAL[1..]);
    Session::start(command.args(["/bin/sh", "-c", script, FEDCRED]).args(flags))
}

pub fn end(world: &World, session: Session) -> Ended {
    let ended = session.end();
    let run = Run { status: ended.status, stdout: ended.stdout.clone(), stderr: ended.stderr.clone(), peak_kib: 0 };
    world.record(&run);
    assert!(!ended.shown.contains(PASSWORD), "{}", ended.shown);
    assert!(ended.shown.ends_with("left[]"), "the shell reads what was typed: {}", ended.shown);
    ended
}

pub fn get(world: &World, name: &str) -> Run {
    let run = Run::of(world.command(FEDCRED).env_remove("FEDCRED_CONFIG").args(["get", name]));
    world.record(&run);
    run
}

fn one_role() -> Assertion {
    Assertion::offering(&[&format!("{DEV},{PROVIDER}")])
}

#[test]
fn a_keyring_that_is_not_there_and_a_wrong_password_end_in_a_profile_that_works() {
    let world = world(Site::with_login(Assertion::default())).secret("wr0ng-one");
    fs::create_dir(world.path(".aws")).unwrap();
    let mut session = talk(&world, &[]);
    session.reply("Name of the new profile [default]: ", "corp\n");
    session.reply("How do you log in?", "open the identity provider\n");
    session.reply(&format!("{PAGE}: "), &format!("{}\n", world.idp.url("/sso")));
    session.reply("User name [", &format!("{USER}\n"));
    session.reply("Store it in a sealed file instead? [y/N] ", "y\n");
    session.reply("Password of", "wr0ng-one\n");
    session.reply("Try another user name or password?", "y\n");
    // The address was right; the name is proposed.
    session.reply(&format!("User name [{USER}]: "), "\n");
    session.reply("Password of", &format!("{PASSWORD}\n"));
    session.reply("Role (number, or a part of the text): ", "role/Dev\n");
    session.reply("Region [us-east-1]: ", "Frankfurt\n");
    session.reply("Region [us-east-1]: ", "eu-west-1\n");
    session.reply("Write this? [y/N] ", "y\n");
    let ended = end(&world, session);
    assert_eq!(ended.status, Some(0), "{}", ended.shown);
    let lines = ["try it: fedcred get corp", "aws --profile corp sts get-caller-identity", "fedcred doctor corp"];
    let at: Vec<_> = lines.iter().map(|line| ended.shown.find(line)).collect();
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{}", ended.shown);
    assert!(written(&world).contains("password = { keyring = true }"), "{}", written(&world));
    get(&world, "corp").succeeds();
}

#[test]
fn a_certificate_that_is_not_trusted_is_shown_and_an_authority_named() {
    let authority = Authority::new();
    let world = World::at(Site::without_login(one_role()).start_tls(&authority).unwrap(), "none");
    let sts = world.sts.server().origin().to_string();
    let world = world.env("AWS_ENDPOINT_URL_STS", sts);
    let bundle = world.write("ca.pem", &authority.pem());
    let other = world.write("other.pem", &Authority::new().pem());
    let mut session = talk(&world, &["corp", "--no-aws-config"]);
    session.reply("How do you log in?", "open the identity provider\n");
    session.reply(&format!("{PAGE}: "), &format!("{}\n", world.idp.url("/sso")));
    let question = "How do you want to continue? (number, or a part of the text): ";
    session.reply(question, "show the certificates\n");
    session.reply("SHA-256 ", "");
    session.reply(question, "PEM\n");
    session.reply("PEM file with the authority to trust: ", "/nowhere.pem\n");
    session.reply("cannot read the certificate file", "");
    session.reply(question, "PEM\n");
    session.reply("PEM file with the authority to trust [/nowhere.pem]: ", &format!("{}\n", other.display()));
    session.reply("is not trusted", "");
    session.reply(question, "PEM\n");
    session.reply("PEM file with the authority to trust", &format!("{}\n", bundle.display()));
    session.reply("Region [us-east-1]: ", "\n");
    session.reply("Write this? [y/N] ", "y\n");
    let ended = end(&world, session);
    assert_eq!(ended.status, Some(0), "{}", ended.shown);
    assert!(ended.shown.contains("issued by") && ended.shown.contains("valid from"), "{}", ended.shown);
    get(&world, "corp").succeeds();
}

#[test]
fn an_sts_that_does_not_answer_is_asked_again_and_one_that_refuses_a_role_is_asked_for_another() {
    let world = world(Site::with_login(Assertion::default()));
    let refused = Refusal::new(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML");
    world.sts.fail(1, Fault::Refuse(refused.clone()));
    let flags =
        ["corp", "--no-aws-config", "--region", "eu-west-1", "--username", USER, "--password-env", "IDP_PASSWORD"];
    let url = world.idp.url("/sso");
    let mut session = talk(&world, &[&flags[..], &["--idp-url", &url]].concat());
    session.reply("Role (", "Admin\n");
    session.reply("How do you want to continue?", "choose another role\n");
    session.reply("Role (", "role/Dev\n");
    session.reply("Write this? [y/N] ", "n\n");
    let ended = end(&world, session);
    assert_eq!((ended.status, written(&world).as_str()), (Some(3), ""), "{}", ended.shown);

    world.sts.fail(1, Fault::Refuse(refused));
    let mut session = talk(&world, &[&flags[..], &["--idp-url", &url, "--role-arn", DEV]].concat());
    session.reply("How do you want to continue?", "ask STS again\n");
    session.reply("Write this? [y/N] ", "y\n");
    assert_eq!(end(&world, session).status, Some(0));

    let gone = world.env("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
    let mut session = talk(&gone, &[&["other"], &flags[1..], &["--idp-url", &url, "--role-arn", DEV]].concat());
    session.reply("How do you want to continue?", "end setup\n");
    let ended = end(&gone, session);
    assert!(ended.status == Some(3) && ended.stderr.contains("nothing is written"), "{}", ended.shown);
}

#[test]
fn a_bad_address_a_taken_name_and_the_end_of_input_are_asked_again() {
    let world = world(Site::without_login(one_role()));
    fs::create_dir_all(world.path(".config/fedcred")).unwrap();
    world.write(CONFIG, "[profile.taken.saml]\nidp_url = \"https://idp.example.com/\"\n");
    let mut session = talk(&world, &["--no-aws-config"]);
    session.reply("Name of the new profile [default]: ", "taken\n");
    session.reply("there is a profile \"taken\" already", "");
    session.reply("Name of the new profile [taken]: ", "corp\n");
    session.reply("How do you log in?", "open the identity provider\n");
    session.reply(&format!("{PAGE}: "), "https://d-1234567890.awsapps.com/start\n");
    session.reply("use `aws configure sso`", "");
    session.reply(&format!("{PAGE} [https://d-1234567890.awsapps.com/start]: "), "idp.example.com/sso\n");
    session.reply("hint: ", "");
    session.reply(&format!("{PAGE} [idp.example.com/sso]: "), "\u{4}");
    session.reply("(nothing was read; Ctrl-C ends setup)", "");
    session.reply(&format!("{PAGE} [idp.example.com/sso]: "), &format!("{}\n", world.idp.url("/sso")));
    // What is typed ahead of its question is no answer to another program.
    session.reply("Region [us-east-1]: ", "\nn\nrm -r nothing\n");
    let ended = end(&world, session);
    assert_eq!(ended.status, Some(3), "{}", ended.shown);
    assert!(!written(&world).contains("corp"));
}

#[test]
fn two_ends_of_input_end_it_and_nothing_is_written() {
    let world = world(Site::new());
    let mut session = talk(&world, &["corp", "--auth", "none"]);
    session.reply(&format!("{PAGE}: "), "\u{4}");
    session.reply("(nothing was read; Ctrl-C ends setup)", "");
    session.reply(&format!("{PAGE}: "), "\u{4}");
    let ended = end(&world, session);
    assert_eq!((ended.status, written(&world).as_str()), (Some(3), ""), "{}", ended.shown);
}
