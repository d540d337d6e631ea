//! Nothing that others wrote steers a terminal, whichever command prints it: every command of the program, by clap's own list of
//! them, with hostile values in every place that it reads.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use clap::CommandFactory;
use fedcred::cli::args::Arguments;
use fedcred::text::is_hidden;
use serde_json::json;

use crate::harness::run::Run;
use crate::support::assertion::Assertion;
use crate::support::idp::Site;
use crate::support::reply::Reply;
use crate::support::sts::{Fault, Refusal};
use crate::support::token::token_with;
use crate::world::World;

/// Visible parts around an escape sequence, C1, bidirectional and format characters, and an attempt at a line of its own.
const HOSTILE: &str =
    "b4d\u{1b}]0;t\u{7}\u{1b}[31m\u{9b}31m\u{202e}\u{2066}\u{200f}\u{61c}\u{feff}\u{2028}\u{e0041}\n\rerror[f4ke]: e";
/// The same as far as XML holds it.
const IN_XML: &str = "b4d\u{9b}31m\u{202e}\u{2066}\u{200f}\u{61c}\u{feff}\u{2028}\u{e0041}&#10;error[f4ke]: e";
/// As a name of a file, of a variable or of a profile: the beginning of both.
const MARK: &str = "b4d";

/// What a command may be made to print of others' text.
enum Prints {
    Foreign,
    /// Texts of ours alone.
    Ours,
}
use Prints::{Foreign, Ours};

/// Each command, with arguments: `@` is a profile, `%` a file with a hostile name and policies, claims and refusals in it.
const COMMANDS: &[(&str, Prints, &[&str])] = &[
    ("get", Foreign, &["@", "@ --format json", "--airflow-conn b4d", "--airflow-conn hostile", "@ --format ini"]),
    ("exec", Foreign, &["@ -- true", "@ -- %"]),
    ("serve", Foreign, &["@ --token-file %", "nobody --listen 127.0.0.1:0"]),
    ("refresh", Foreign, &["@", "@ --json", "--all"]),
    (
        "schedule install",
        Foreign,
        &[
            "@ --print --with systemd",
            "@ --print --with cron",
            "@ --print --with kubernetes",
            "@ --print --with launchd",
        ],
    ),
    ("schedule status", Ours, &[""]),
    ("schedule remove", Ours, &[""]),
    ("status", Foreign, &["", "@", "@ --json"]),
    ("login", Foreign, &["@", "@ --use-stored"]),
    ("logout", Foreign, &["@", "--all"]),
    ("setup", Foreign, &["@ -y --idp-url https://127.0.0.1:9/ --auth none", "@ -y --idp-url b4d%"]),
    ("doctor", Foreign, &["@", "@ --json", "--explain %", "--explain % --json"]),
    ("inspect", Foreign, &["@", "@ --json", "@ --from %", "--from % --json"]),
    ("roles", Foreign, &["@", "@ --json", "@ --aliases"]),
    (
        "trust-policy",
        Foreign,
        &["@", "@ --format json", "@ --format terraform", "@ --check %", "@ --check % --format json", "@ --from %"],
    ),
    ("console", Foreign, &["@"]),
    ("airflow show", Foreign, &["hostile", "hostile --json", "b4d"]),
    ("airflow uri", Foreign, &["@"]),
    ("airflow json", Foreign, &["@"]),
    ("airflow import", Foreign, &["hostile --as b4d", "hostile --as %", "b4d"]),
    ("airflow put", Foreign, &["% --secret-prefix b4d --print-policy --region eu-west-1"]),
    ("cache key new", Foreign, &["%"]),
    ("cache password", Foreign, &["", "--config %"]),
    ("config check", Foreign, &[""]),
    ("config show", Foreign, &["@"]),
    ("config path", Foreign, &["", "--config %"]),
    ("config schema", Ours, &[""]),
    ("help", Ours, &["", "%"]),
    ("completions", Ours, &["bash", "fish", "%"]),
    ("man", Ours, &["", "%"]),
];

/// Worlds in which something else is hostile each.
fn worlds() -> Vec<(&'static str, World)> {
    let hostile = Assertion { issuer: IN_XML.into(), session_name: format!("alice{IN_XML}"), ..Assertion::default() };
    let title = format!(
        "<html><title>{HOSTILE}</title><body><h1>{HOSTILE}</h1><form action='{HOSTILE}'><input name='{HOSTILE}'><input name=a></form></body></html>"
    );
    let claims = json!({ "sub": HOSTILE, "aud": [HOSTILE, "sts.amazonaws.com"], "iss": format!("https://b4d.example/{HOSTILE}"), HOSTILE: HOSTILE });
    let with_token = World::beside(Site::new().start().unwrap());
    let file = with_token.given("token", &token_with(claims));
    let refused = World::form(Site::with_login(hostile));
    refused.sts.fail(1000, Fault::Refuse(Refusal::new(403, "AccessDenied", HOSTILE)));
    // As JSON it is TOML, too.
    let name = json!(HOSTILE).to_string().replace('\u{7f}', "");
    let named = format!(
        "[profile.{name}]\nregion = {name}\nrole_arn = {name}\n[profile.{name}.saml]\nidp_url = {name}\n[profile.b4dly]\ninclude = {name}\n"
    );
    vec![
        ("assertion and STS", refused),
        ("page", World::form(Site::new().get("/sso", Reply::html(title)))),
        ("token", with_token.set("web_identity.source", "file").set("web_identity.token_file", file.to_str())),
        ("user name", World::form(Site::with_login(Assertion::default())).set("saml.username", HOSTILE)),
        ("profile name", World::form(Site::with_login(Assertion::default())).also(&named)),
    ]
}

fn leaves(command: &clap::Command, path: &str, all: &mut BTreeSet<String>) {
    for below in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        let path = format!("{path} {}", below.get_name()).trim().to_owned();
        if below.get_subcommands().next().is_some() {
            leaves(below, &path, all);
        } else {
            all.insert(path);
        }
    }
}

#[test]
fn every_command_stands_in_the_table() {
    let mut root = Arguments::command();
    root.build();
    let mut known = BTreeSet::new();
    leaves(&root, "", &mut known);
    let tried: BTreeSet<String> = COMMANDS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(known, tried, "a new command is tried with hostile values, too: give it a row in COMMANDS");
}

/// The environment, AWS's configuration and a file, of whose texts others decide.
fn with_hostile_surroundings(world: World) -> (World, PathBuf) {
    let connection = json!({ "conn_type": "aws", "login": HOSTILE, "description": HOSTILE, HOSTILE: 1,
        "extra": { "role_arn": HOSTILE, "region_name": "eu-west-1", HOSTILE: HOSTILE } });
    let config_home = world.path(MARK).display().to_string();
    let world = world
        .env("AIRFLOW_CONN_HOSTILE", connection.to_string())
        .env("AWS_PROFILE", HOSTILE)
        .env("XDG_CONFIG_HOME", config_home);
    fs::create_dir_all(world.path(".aws")).unwrap();
    world.write(
        ".aws/config",
        &format!(
            "[profile {}]\ncredential_process = fedcred get dev {0}\n[{0}]\nregion={0}\n",
            HOSTILE.replace(['\n', '\r'], " ")
        ),
    );
    // A slash would part the name.
    let file_name = HOSTILE.replace('/', "");
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": HOSTILE, "Effect": "Allow", "Principal": { "Federated": HOSTILE },
        "Action": ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity", HOSTILE],
        "Condition": { "StringEquals": { HOSTILE: HOSTILE, "aws:PrincipalTag/b4d": [HOSTILE] }, HOSTILE: { "a": "b" } } }],
        "message": format!("User: arn:aws:iam::1:user/{HOSTILE} is not authorized to perform: s3:{HOSTILE} on resource: {HOSTILE} because no identity-based policy allows the action") });
    let file = world.write(&file_name, &policy.to_string());
    (world, file)
}

/// Runs it where there is no terminal. Returns its log, too.
fn without_terminal(world: &World, words: &[String]) -> (Run, String) {
    let log = world.path("run.log");
    let _ = fs::remove_file(&log);
    let mut program = world.command("/usr/bin/setsid");
    let program = program.args(["--wait", env!("CARGO_BIN_EXE_fedcred"), "-vv", "--log-file", log.to_str().unwrap()]);
    let run = Run::of(program.args(words));
    (run, fs::read_to_string(&log).unwrap_or_default())
}

#[test]
fn whatever_others_say_no_command_prints_what_steers_a_terminal() {
    let mut printed = BTreeSet::new();
    for (what, world) in worlds() {
        let (world, file) = with_hostile_surroundings(world);
        let profiles: &[&str] = if what == "profile name" { &["dev", HOSTILE, "b4dly"] } else { &["dev"] };
        for (command, _, variants) in COMMANDS {
            for variant in *variants {
                for profile in profiles.iter().take(if variant.contains('@') { 3 } else { 1 }) {
                    let words = format!("{command} {variant}");
                    let words: Vec<String> = words
                        .split_whitespace()
                        .map(|word| word.replace('@', profile).replace('%', file.to_str().unwrap()))
                        .collect();
                    let (run, log) = without_terminal(&world, &words);
                    for (place, text) in [("stdout", &run.stdout), ("stderr", &run.stderr), ("the log", &log)] {
                        let hidden: Vec<char> =
                            text.chars().filter(|c| !matches!(c, '\n' | '\t') && is_hidden(*c)).collect();
                        assert!(hidden.is_empty(), "{what}: {words:?} prints {hidden:?} to {place}:\n{text}");
                        assert!(
                            !text.lines().any(|line| line.starts_with("error[f4ke]")),
                            "{what}: {words:?} lets others write a line of {place}:\n{text}"
                        );
                        if text.contains(MARK) {
                            printed.insert(*command);
                        }
                    }
                }
            }
        }
    }
    let silent: Vec<&str> = COMMANDS
        .iter()
        .filter(|(name, prints, _)| matches!(prints, Foreign) && !printed.contains(name))
        .map(|(name, ..)| *name)
        .collect();
    assert!(silent.is_empty(), "nothing hostile came to be printed, so this shows nothing of: {silent:?}");
}

/// A token, whose claims and signature nobody may see.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lzc3VlciIsInN1YiI6ImI0ZCJ9.c2lnbmF0dXJlb2ZhdG9rZW4";
const OF_TOKEN: &str = "eyJpc3MiOiJodHRwczovL2lzc3VlciIs";

#[test]
fn a_token_in_a_wrong_place_is_printed_by_no_command() {
    let named = format!(
        "[profile.\"{TOKEN}\"]\nregion = \"{TOKEN}\"\nrole_arn = \"{TOKEN}\"\n[profile.\"{TOKEN}\".web_identity]\nsource = \"file\"\n\
         token_file = \"{TOKEN}\"\n[profile.env.web_identity]\nsource = \"env\"\ntoken_env = \"{TOKEN}\"\n[profile.base.assume_role]\n\
         source_profile = \"{TOKEN}\"\n[profile.aws.assume_role]\naws_profile = \"{TOKEN}\"\n"
    );
    let connection = json!({ "conn_type": "aws", "login": TOKEN, "password": "AKIAIOSFODNN7EXAMPLE", "host": TOKEN,
        "extra": { "role_arn": TOKEN, "region_name": TOKEN, "profile_name": TOKEN } });
    let worlds = [
        World::form(Site::with_login(Assertion::default())).also(&named),
        World::form(Site::with_login(Assertion::default())).set("saml.ca_bundle", TOKEN).set("saml.username", TOKEN),
    ];
    for world in worlds {
        let world = world.env("AIRFLOW_CONN_HOSTILE", connection.to_string()).env("AWS_PROFILE", TOKEN);
        for (command, _, variants) in COMMANDS {
            for variant in *variants {
                let profiles = if variant.contains('@') { &["dev", TOKEN, "env", "base", "aws"][..] } else { &["dev"] };
                for profile in profiles {
                    let words = format!("{command} {}", variant.replace('@', profile).replace(['%'], TOKEN));
                    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
                    let (run, log) = without_terminal(&world, &words);
                    for (place, text) in [("stdout", &run.stdout), ("stderr", &run.stderr), ("the log", &log)] {
                        assert!(!text.contains(OF_TOKEN), "{words:?} prints the token to {place}:\n{text}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_completion_offers_no_name_that_steers_the_line_being_typed() {
    let name = json!("b4d\u{202e}\u{9b}31m").to_string();
    let world =
        World::form(Site::with_login(Assertion::default())).also(&format!("[profile.{name}]\ninclude = \"dev\"\n"));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let mut program = world.command(env!("CARGO_BIN_EXE_fedcred"));
        program.env("FEDCRED_COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", "2").env("_CLAP_IFS", "\u{b}");
        let run = Run::of(program.args(["--", "fedcred", "get", ""]));
        let hidden: Vec<char> =
            run.stdout.chars().filter(|c| !matches!(c, '\n' | '\t' | '\u{b}') && is_hidden(*c)).collect();
        assert!(hidden.is_empty() && run.stderr.is_empty(), "{shell}: {:?} {}", run.stdout, run.stderr);
    }
}
