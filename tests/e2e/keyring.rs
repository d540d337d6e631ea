//! The keyrings: `fedcred login` and `cache.key` with gnome-keyring on a session bus of its own, and in the kernel.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use crate::harness::run::Run;
use crate::support::{Home, Profile, lab};
use crate::terminal::{WITH_TERMINAL, type_into};

/// A home whose user has a keyring.
struct Desk {
    home: Home,
}

impl Desk {
    fn new() -> Desk {
        Desk::with(Profile::form("alice").saml("password = { keyring = true }"))
    }

    fn with(profile: Profile) -> Desk {
        Desk { home: Home::with(&profile) }
    }

    fn open(&self, arguments: &[&str]) -> Run {
        self.home.run(self.beside(&mut self.home.program(secret_service()), arguments))
    }

    fn locked(&self, arguments: &[&str]) -> Run {
        self.home.run(self.beside(self.home.program(secret_service()).arg("--locked"), arguments))
    }

    /// `fedcred login`, and what is typed when it asks.
    fn login(&self, password: &str) -> Run {
        let mut command = self.home.program(WITH_TERMINAL[0]);
        command.args(&WITH_TERMINAL[1..]).arg(secret_service());
        let ended = type_into(self.beside(&mut command, &["login", "lab"]), password);
        assert!(ended.shown.contains("alice at https://localhost"), "{:?}", ended.shown);
        let outcome = Run::ended(ended.status, ended.stdout, ended.stderr);
        self.home.record(&outcome);
        outcome
    }

    fn beside<'c>(&self, command: &'c mut Command, arguments: &[&str]) -> &'c mut Command {
        command.arg(self.home.path("keyring")).arg(env!("CARGO_BIN_EXE_fedcred")).args(arguments)
    }
}

fn secret_service() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/secret-service"))
}

const GET_ANEW: [&str; 3] = ["get", "lab", "--no-cache"];

#[test]
fn a_password_in_the_keyring_logs_in_until_logout() {
    let desk = Desk::new();
    desk.open(&GET_ANEW).fails_as("prompt-needed");
    let login = desk.login(lab().password("alice"));
    assert_eq!(login.status, Some(0), "{}", login.stderr);
    assert!(login.stdout.contains("stored in the keyring"), "{}", login.stdout);
    desk.open(&GET_ANEW).succeeds();

    let logout = desk.open(&["logout", "lab"]);
    assert!(logout.stdout.contains("the secret of alice at https://localhost"), "{}{}", logout.stdout, logout.stderr);
    assert!(logout.stdout.contains("from the keyring"), "{}", logout.stdout);
    desk.open(&GET_ANEW).fails_as("prompt-needed");
}

#[test]
fn a_refused_password_does_not_come_into_the_keyring() {
    let desk = Desk::new();
    desk.login("wrong-Pa55-word-lab").fails_as("idp-rejected");
    desk.open(&GET_ANEW).fails_as("prompt-needed");
}

#[test]
fn a_locked_keyring_is_told_and_opens_no_dialog() {
    let desk = Desk::new();
    assert_eq!(desk.login(lab().password("alice")).status, Some(0));
    for arguments in [&GET_ANEW[..], &["login", "lab"], &["logout", "lab"]] {
        let outcome = desk.locked(arguments);
        outcome.fails_as("keyring-locked");
        assert!(outcome.stderr.starts_with("error[keyring-locked]: the keyring is locked\n"), "{}", outcome.stderr);
    }
    // What is in the cache needs no keyring.
    desk.open(&["get", "lab"]).succeeds();
    desk.locked(&["get", "lab"]).succeeds();
}

#[test]
fn the_sealing_key_can_live_in_the_keyring() {
    let desk = Desk::with(Profile::form("alice"));
    desk.home.configure_with("[cache]\nkey = \"keyring\"\n", &with_password("alice"));
    let first = desk.open_with_password(&["get", "lab"]).succeeds();
    assert_eq!(desk.open_with_password(&["get", "lab"]).succeeds(), first, "a hit");
    assert!(!desk.home.path(".config/fedcred/cache.key").exists());
    // Nothing is kept where the key cannot be had; the credentials come all the same.
    assert_ne!(desk.locked_with_password(&["get", "lab"]).succeeds(), first);
    assert_eq!(desk.open_with_password(&["get", "lab"]).succeeds(), first);
}

#[test]
fn processes_that_start_at_once_make_one_key_in_the_keyring() {
    let desk = Desk::with(Profile::form("alice"));
    desk.home.configure_with("[cache]\nkey = \"keyring\"\n", &with_password("alice"));
    let script = r#"for i in 1 2 3 4 5 6 7 8; do "$0" get lab & done; wait"#;
    let mut command = desk.home.program(secret_service());
    command.arg(desk.home.path("keyring")).args(["bash", "-c", script, env!("CARGO_BIN_EXE_fedcred")]);
    let outcome = desk.home.run(command.env("CORP_PASSWORD", lab().password("alice")));
    let mut lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!((lines.len(), outcome.stderr.as_str()), (8, ""));
    lines.dedup();
    assert_eq!(lines.len(), 1, "one login for all");
    assert_eq!(desk.home.sts.results("AssumeRoleWithSAML").len(), 1);
}

#[test]
fn the_sealing_key_can_live_in_the_kernel() {
    // The persistent keyring is the user's own: a key that is there already serves as well, and one that is made stays.
    let home = Home::with(&Profile::form("alice"));
    home.configure_with("[cache]\nkey = \"kernel\"\n", &with_password("alice"));
    let get = || home.run(home.fedcred().args(["get", "lab"]).env("CORP_PASSWORD", lab().password("alice")));
    let first = get().succeeds();
    let second = get().succeeds();
    let has_keyring = home.run(home.program("/bin/sh").args(["-c", "grep -q _persistent /proc/keys"]));
    if has_keyring.status == Some(0) {
        assert_eq!(second, first, "a hit");
    }
    assert!(!home.path(".config/fedcred/cache.key").exists());
}

fn with_password(user: &str) -> Profile {
    Profile::form(user).saml(r#"password = { env = "CORP_PASSWORD" }"#)
}

impl Desk {
    fn open_with_password(&self, arguments: &[&str]) -> Run {
        self.with_password(None, arguments)
    }

    fn locked_with_password(&self, arguments: &[&str]) -> Run {
        self.with_password(Some("--locked"), arguments)
    }

    fn with_password(&self, how: Option<&str>, arguments: &[&str]) -> Run {
        let mut command = self.home.program(secret_service());
        command.args(how.map(OsStr::new)).env("CORP_PASSWORD", lab().password("alice"));
        self.home.run(self.beside(&mut command, arguments))
    }
}
