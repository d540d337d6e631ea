//! `exec` at a terminal: Ctrl-C, Ctrl-Z and `fg` do to its command what they do to a command alone.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::tmux::Terminal;
use crate::support::{Home, Profile};

const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

/// Of a script that the shell gets as one argument of `exec lab`.
fn exec(script: &str) -> String {
    format!("{FEDCRED} exec lab -- sh -c '{script}'")
}

#[test]
fn ctrl_c_ends_the_command_and_is_its_own_to_handle() {
    let home = with_ticket();
    let terminal = Terminal::open(&home);
    terminal.says(&exec("echo begun; exec sleep 100"));
    terminal.shows("begun");
    terminal.presses("C-c");
    terminal.shows("^C");
    terminal.says("echo status $?");
    terminal.shows("status 130");
    terminal.says("clear");
    terminal.says(&exec("trap \"echo caught\" INT; echo begun anew; sleep 100; echo goes on; exit 3"));
    terminal.shows("begun anew");
    terminal.presses("C-c");
    terminal.shows("goes on");
    terminal.says("echo status $?");
    terminal.shows("status 3");
}

#[test]
fn ctrl_z_stops_the_command_and_fg_lets_it_go_on_with_its_credentials() {
    let home = with_ticket();
    let terminal = Terminal::open(&home);
    home.write("ask.sh", "echo begun; read line; \"$LAB_PYTHON\" \"$ASK\" && echo asked; exit 5\n");
    terminal.says(&format!(
        "LAB_PYTHON={} ASK={}/tests/e2e/data/caller_identity.py",
        home.lab_program("python").display(),
        env!("CARGO_MANIFEST_DIR")
    ));
    terminal.says("export LAB_PYTHON ASK; clear");
    terminal.says(&format!("{FEDCRED} exec lab -- sh ask.sh"));
    terminal.shows("begun");
    terminal.presses("C-z");
    // What is typed before that, the terminal throws away.
    terminal.holds("Stopped");
    terminal.says("echo the shell is back");
    terminal.shows("the shell is back");
    terminal.says("fg");
    terminal.presses("Enter");
    terminal.shows("asked");
    terminal.says("echo status $?");
    terminal.shows("status 5");
}

#[test]
fn a_program_that_draws_on_the_terminal_has_it() {
    let home = with_ticket();
    let terminal = Terminal::open(&home);
    terminal.says(&exec("test -t 0 && test -t 1 && test -t 2 && stty size"));
    terminal.shows("50 150");
    terminal.says("echo status $?");
    terminal.shows("status 0");
    terminal.says(&format!("{FEDCRED} exec lab -- seq 1 3 | {FEDCRED} exec lab -- tr 123 abc"));
    terminal.shows("c");
}

#[test]
fn when_the_terminal_goes_the_command_goes() {
    let home = with_ticket();
    let terminal = Terminal::open(&home);
    terminal.says(&exec("echo $$ > pid; echo begun; exec sleep 1000"));
    terminal.shows("begun");
    let pid = std::fs::read_to_string(home.path("pid")).expect("the command wrote it");
    drop(terminal);
    let started = Instant::now();
    while std::path::Path::new(&format!("/proc/{}", pid.trim())).exists() {
        assert!(started.elapsed() < Duration::from_secs(60), "it is still there");
        sleep(Duration::from_millis(50));
    }
}

fn with_ticket() -> Home {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    home
}
