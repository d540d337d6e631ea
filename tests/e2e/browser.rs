//! `auth = "browser"`: Debian's Chromium at SimpleSAMLphp's login form. The person types through the browser's own pipe, as
//! `tests/lab/browser/chromium` plays it.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::support::profile::Profile;
use crate::support::{Home, lab};

const BROWSER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/browser/chromium");

/// A home whose profile logs in by the lab's browser.
fn home() -> Home {
    Home::with(&profile())
}

fn profile() -> Profile {
    Profile::browser().saml(&format!("browser = \"{BROWSER}\""))
}

fn headless() -> Profile {
    profile().saml("browser_headless = true")
}

/// A command with somebody at the browser who does this.
fn with_person(home: &Home, does: &str, arguments: &[&str]) -> Command {
    let mut command = home.fedcred();
    command.args(arguments).env("DISPLAY", ":99").env("LAB_BROWSER_STARTS", home.path("starts"));
    command.env("LAB_PERSON_DOES", does).env("LAB_PERSON", "alice").env("LAB_PERSON_PASSWORD", lab().password("alice"));
    command
}

fn logs_in(home: &Home) {
    let outcome = home.run(&mut with_person(home, "log-in", &["login", "lab"]));
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("lab: logged in; credentials of account 111122223333"), "{}", outcome.stdout);
}

/// How the browser was started, each time.
fn starts(home: &Home) -> Vec<String> {
    let starts = fs::read_to_string(home.path("starts")).unwrap_or_default();
    starts.lines().map(str::to_owned).collect()
}

/// Processes of a browser whose profile lies in this home.
fn browsers(home: &Home) -> usize {
    let dir = home.path("").display().to_string();
    let commands = fs::read_dir("/proc").expect("/proc").filter_map(|entry| {
        let path = entry.ok()?.path();
        path.file_name()?.to_str()?.parse::<u32>().ok()?;
        fs::read_to_string(path.join("cmdline")).ok()
    });
    commands.filter(|command| command.contains("--user-data-dir=") && command.contains(&dir)).count()
}

#[track_caller]
fn no_browser_is_left(home: &Home) {
    for _ in 0..100 {
        if browsers(home) == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{} processes of the browser are left", browsers(home));
}

#[test]
fn a_person_logs_in_once_and_the_session_does_for_the_next_logins() {
    let home = home();
    logs_in(&home);
    assert_eq!(starts(&home), ["window"]);
    no_browser_is_left(&home);
    home.get().succeeds();
    assert_eq!(starts(&home).len(), 1, "from the cache");

    // Nobody is there now, and nobody is needed.
    let outcome = home.run(&mut with_person(&home, "nothing", &["login", "lab"]));
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    assert_eq!(starts(&home), ["window", "headless"]);

    home.configure(&headless());
    home.run(&mut with_person(&home, "nothing", &["get", "lab", "--force"])).succeeds();
    assert_eq!(starts(&home).last().map(String::as_str), Some("headless"));
    no_browser_is_left(&home);
}

#[test]
fn get_opens_no_browser_unless_it_is_told_and_a_session_is_there() {
    let home = home();
    home.get().fails_as("browser-login-needed");
    home.configure(&headless());
    home.run(&mut with_person(&home, "log-in", &["get", "lab"])).fails_as("browser-login-needed");
    assert_eq!(starts(&home).len(), 0);
}

#[test]
fn a_page_that_wants_a_person_ends_a_headless_login_and_the_next_ones_do_not_begin() {
    let home = home();
    logs_in(&home);
    // The IdP has forgotten the session: its page asks again.
    let cookies = files(&home).into_iter().find(|name| name.ends_with(".sess.v3")).expect("the session's cookies");
    fs::remove_file(home.path(cookies)).expect("it is ours");
    home.configure(&headless());
    for starts_by_then in [2, 2] {
        let outcome = home.run(&mut with_person(&home, "log-in", &["get", "lab", "--force"]));
        outcome.fails_as("browser-login-needed");
        assert!(outcome.stderr.contains("hint: fedcred login lab"), "{}", outcome.stderr);
        assert_eq!(starts(&home).len(), starts_by_then);
    }
    logs_in(&home);
    home.run(&mut with_person(&home, "nothing", &["get", "lab", "--force"])).succeeds();
    no_browser_is_left(&home);
}

#[test]
fn closing_the_window_a_crash_and_a_person_who_is_not_there_each_have_an_end() {
    let home = home();
    for (does, code) in [("close", "login-abandoned"), ("crash", "browser-failed")] {
        home.run(&mut with_person(&home, does, &["login", "lab"])).fails_as(code);
        no_browser_is_left(&home);
    }
}

#[test]
fn a_killed_fedcred_leaves_no_browser_behind() {
    let home = home();
    let mut login = home.fedcred_alone();
    login.args(["login", "lab"]).env("DISPLAY", ":99").env("LAB_BROWSER_STARTS", home.path("starts"));
    let mut login = home.start(&mut login);
    while browsers(&home) < 2 {
        assert!(!login.has_ended());
        std::thread::sleep(Duration::from_millis(50));
    }
    login.kill();
    home.end(login);
    no_browser_is_left(&home);
}

#[test]
fn without_a_browser_or_a_display_the_error_says_what_is_missing() {
    let home = Home::with(&Profile::browser());
    let mut command = home.program("env");
    command.args(["PATH=/nowhere", "DISPLAY=:99", env!("CARGO_BIN_EXE_fedcred"), "login", "lab"]);
    let outcome = home.run(&mut command);
    outcome.fails_as("browser-missing");
    assert!(outcome.stderr.contains("chromium (Debian"), "{}", outcome.stderr);
    home.run(with_person(&home, "nothing", &["login", "lab"]).env_remove("DISPLAY")).fails_as("prompt-needed");
    home.configure(&Profile::browser().saml("browser = \"no-such-browser\""));
    home.run(&mut with_person(&home, "nothing", &["login", "lab"])).fails_as("browser-missing");
}

#[test]
fn another_person_in_the_browser_ends_what_the_first_one_got() {
    let home = home();
    logs_in(&home);
    let other =
        profile().role("arn:aws:iam::111122223333:role/path/Admin").to_toml().replace("profile.lab", "profile.admin");
    home.configure_with(&other, &profile());
    home.run(&mut with_person(&home, "nothing", &["get", "admin"])).succeeds();
    let cookies = files(&home).into_iter().find(|name| name.ends_with(".sess.v3")).expect("the session's cookies");
    fs::remove_file(home.path(cookies)).expect("it is ours");
    let mut as_bob = with_person(&home, "log-in", &["login", "lab"]);
    as_bob.env("LAB_PERSON", "bob").env("LAB_PERSON_PASSWORD", lab().password("bob"));
    assert_eq!(home.run(&mut as_bob).status, Some(0));
    let outcome = home.run(&mut with_person(&home, "nothing", &["get", "admin"]));
    outcome.fails_as("browser-login-needed");
    assert!(
        outcome.stderr.contains("was not accepted: the IdP does not offer arn:aws:iam::111122223333:role/path/Admin"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn logout_removes_the_session_and_the_browsers_profile() {
    let home = home();
    logs_in(&home);
    let outcome = home.run(home.fedcred().args(["logout", "lab"]));
    assert!(outcome.stdout.contains("1 session at an identity provider"), "{}", outcome.stdout);
    assert!(!files(&home).iter().any(|name| name.contains("/browser/") || name.ends_with(".sess.v3")));
}

/// Files of the cache, below the home.
fn files(home: &Home) -> Vec<String> {
    let find = home.run(home.program("find").args([".cache/fedcred", "-type", "f"]));
    find.stdout.lines().map(str::to_owned).collect()
}
