//! What a slow login shows on a terminal; and mistakes on the command line that need more than a text case.

use std::net::TcpListener;
use std::process::Command;

use crate::harness::run::Run;
use crate::support::idp::{Site, held};
use crate::support::pages;
use crate::support::reply::{Gate, Reply};
use crate::terminal::{Session, WITH_TERMINAL, act_upon};
use crate::world::World;

const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

/// An IdP that takes connections and never answers; it lives as long as the listener.
fn silent() -> (World, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/sso", listener.local_addr().unwrap());
    (World::open(Site::new()).set("saml.idp_url", url).set("deadline", "4s").set("saml.retry.total", 0), listener)
}

fn on_a_terminal(world: &World, words: &str, sign: &str) -> String {
    act_upon(&mut shell(world, words), sign, |_| ()).shown
}

fn shell(world: &World, words: &str) -> Command {
    let mut command = world.command(WITH_TERMINAL[0]);
    let script = format!("exec \"$0\" {words} 2>/dev/tty");
    command.args(&WITH_TERMINAL[1..]).args(["/bin/sh", "-c", &script, FEDCRED]);
    command
}

#[test]
fn a_login_that_takes_long_shows_its_step_on_a_terminal_and_nowhere_else() {
    let (world, _listener) = silent();
    let shown = on_a_terminal(&world, "get dev", "request to the IdP: 127.0.0.1 (");
    let (_, rest) = shown.rsplit_once("s)").unwrap();
    assert!(rest.starts_with("\r\u{1b}[K") && rest.contains("error[timeout]"), "{shown:?}");
    let shown = on_a_terminal(&world, "get dev --quiet", "error[timeout]");
    assert!(!shown.contains("request to the IdP"), "{shown:?}");
    assert!(!world.get().stderr.contains("request to the IdP"));
}

#[test]
fn every_command_that_logs_in_shows_its_step_and_who_holds_the_lock() {
    let (world, _listener) = silent();
    let commands = [
        "exec dev -- true",
        "login dev --use-stored",
        "refresh dev",
        "roles dev",
        "inspect dev",
        "console dev",
        "trust-policy dev --check given/policy",
    ];
    world.given("policy", "{\"Version\":\"2012-10-17\",\"Statement\":[]}");
    // One of them holds the lock, and the others wait for it by name.
    let shown: Vec<(&str, String)> = std::thread::scope(|scope| {
        let all = commands.map(|words| {
            let mut command = shell(&world, words);
            scope.spawn(move || (words, act_upon(&mut command, "s)", |_| ()).shown))
        });
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let waits = shown.iter().filter(|(_, shown)| {
        let named = shown.split("process ").nth(1).and_then(|rest| rest.split_once(' '));
        named.is_some_and(|(pid, rest)| {
            pid.parse::<u32>().is_ok()
                && rest.starts_with("is logging in as the same identity; waiting for its result (")
        })
    });
    assert!(waits.count() >= 3, "{shown:#?}");
    for (words, shown) in &shown {
        let is_step = shown.contains("request to the IdP: 127.0.0.1 (") || shown.contains("is logging in as the same");
        assert!(is_step, "{words}: {shown:?}");
    }
}

#[test]
fn setup_shows_its_step_and_takes_the_line_away_before_a_question() {
    let gate = Gate::default();
    let page = held(&gate, Reply::html(pages::login_form("/login")));
    let world = crate::setup::flags::world(Site::new().get("/sso", page));
    let words = format!("setup corp --idp-url {} --no-aws-config", world.idp.url("/sso"));
    let mut command = shell(&world, &words);
    let mut session = Session::start(command.env_remove("FEDCRED_CONFIG"));
    session.reply("request to the IdP: 127.0.0.1 (", "");
    gate.open();
    session.reply("\r\u{1b}[K", "");
    session.reply("User name [", "\u{3}");
    let shown = session.end().shown;
    let (_, after) = shown.split_once("the page looks like a login page").unwrap();
    assert!(!after.contains("request to the IdP"), "{shown:?}");
}

#[test]
fn a_name_that_nobody_knows_is_a_matter_of_spelling_or_vpn() {
    let world = World::open(Site::new()).set("saml.idp_url", "https://idp.invalid/sso").set("saml.retry.total", 0);
    world.get().fails_as("connect").saying("check the spelling of the host name").saying("VPN");
}

#[test]
fn a_command_that_is_quoted_as_a_whole_is_told_so() {
    let world = World::open(Site::without_login(crate::support::assertion::Assertion::default()));
    let run = |words: &[&str]| {
        let run = Run::of(world.command(FEDCRED).args(words));
        world.record(&run);
        run
    };
    assert!(run(&["get dev"]).stderr.ends_with("hint: do not quote the command as a whole: fedcred get dev\n"));
    let run = run(&["exec", "dev", "--", "python etl.py"]);
    assert!(run.stderr.contains("do not quote the command as a whole"), "{}", run.stderr);
}
