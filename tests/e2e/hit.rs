//! A cache hit, as the system sees it, and in a shell that CI machines seldom have.

use std::fs;

use crate::support::{Home, Profile};

fn with_credentials() -> Home {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    home.get().credentials();
    home
}

#[test]
fn a_hit_opens_no_socket_starts_no_thread_and_takes_no_lock() {
    let home = with_credentials();
    let trace = home.path("trace");
    let mut strace = home.command("strace");
    strace.args(["-f", "-e", "trace=network,flock,clone,clone3,fork,vfork,execve", "-o"]).arg(&trace);
    home.run(strace.args([env!("CARGO_BIN_EXE_fedcred"), "get", "lab"])).credentials();
    let trace = fs::read_to_string(trace).expect("strace writes what it sees");
    let calls: Vec<&str> = trace.lines().filter(|line| line.contains('(')).collect();
    assert!(calls.len() == 1 && calls[0].contains("execve("), "only its own start: {calls:#?}");
}

#[test]
fn fish_gets_variables_it_can_evaluate() {
    let home = with_credentials();
    let printed = home.get().credentials();
    let fedcred = env!("CARGO_BIN_EXE_fedcred");
    let script = format!("{fedcred} get lab --format fish | source; echo $AWS_ACCESS_KEY_ID");
    let outcome = home.run(home.command("fish").args(["--no-config", "-c", &script]));
    assert_eq!(outcome.stdout.trim_end(), printed["AccessKeyId"], "{}", outcome.stderr);
}
