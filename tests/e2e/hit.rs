//! A cache hit, as the system sees it, and in a shell that CI machines seldom have.

use std::fs;
use std::path::PathBuf;

use crate::support::{CONFIG, Home, Profile};

fn with_credentials() -> Home {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    home.get().succeeds();
    home
}

#[test]
fn a_hit_opens_no_socket_starts_no_thread_and_takes_no_lock() {
    let home = with_credentials();
    for program in [PathBuf::from(env!("CARGO_BIN_EXE_fedcred")), home.small()] {
        let trace = home.path("trace");
        let mut strace = home.command("strace");
        strace.args(["-f", "-e", "trace=network,flock,clone,clone3,fork,vfork,execve", "-o"]).arg(&trace);
        home.run(strace.arg(program).args(["get", "lab"])).succeeds();
        let trace = fs::read_to_string(trace).expect("strace writes what it sees");
        let calls: Vec<&str> = trace.lines().filter(|line| line.contains('(')).collect();
        assert!(calls.len() == 1 && calls[0].contains("execve("), "only its own start: {calls:#?}");
    }
}

#[test]
fn cron_is_answered_cold_fresh_and_due() {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    let cron = || {
        // What cron(8) gives a line of a crontab: few variables, no terminal, /bin/sh.
        let line = format!("{} get lab", home.small().display());
        let mut shell = home.command("/bin/sh");
        home.run(shell.args(["-c", &line]).env("SHELL", "/bin/sh").env("LOGNAME", "alice").env_remove("LANG"))
            .succeeds()
    };
    let cold = cron();
    assert_eq!(cron(), cold);
    home.age(50);
    assert_ne!(cron(), cold);
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), ["ok", "ok"]);
}

/// Well-formed, and of nobody.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlLmNvbSIsInN1YiI6InMiLCJhdWQiOiJhIiwiZXhwIjo0MTAyNDQ0ODAwLCJpYXQiOjE3MDAwMDAwMDB9.c2ln";

#[test]
fn no_metadata_service_is_looked_for() {
    let sts = "sts_endpoint_url = \"http://127.0.0.1:9\"";
    for (identity, code, is_connecting) in [
        ("web_identity = { source = \"file\", token_file = \"TOKEN\" }", "sts-provider-unknown", true),
        ("assume_role = { credential_source = \"environment\" }", "no-aws-credentials", false),
        ("assume_role = { aws_profile = \"absent\" }", "no-aws-credentials", false),
    ] {
        let role = "role_arn = \"arn:aws:iam::111122223333:role/Web\"";
        let mut home = Home::configured("");
        let token = home.secret_file(TOKEN).display().to_string();
        let identity = identity.replace("TOKEN", &token);
        home.write(CONFIG, &format!("[profile.lab]\n{role}\nregion = \"eu-west-1\"\n{sts}\n{identity}\n"));
        let trace = home.path("trace");
        let mut strace = home.command("strace");
        strace.args(["-f", "-e", "trace=connect,sendto,execve", "-o"]).arg(&trace);
        strace.args([env!("CARGO_BIN_EXE_fedcred"), "get", "lab"]).env_remove("AWS_EC2_METADATA_DISABLED");
        home.run(&mut strace).fails_as(code);
        let trace = fs::read_to_string(trace).expect("strace writes what it sees");
        assert!(trace.contains("execve(") && !trace.contains("169.254.") && !trace.contains("metadata"), "{trace}");
        assert_eq!(trace.contains("connect("), is_connecting, "{identity}: {trace}");
    }
}

#[test]
fn fish_gets_variables_it_can_evaluate() {
    let home = with_credentials();
    let printed = home.get().succeeds();
    let fedcred = env!("CARGO_BIN_EXE_fedcred");
    let script = format!("{fedcred} get lab --format fish | source; echo $AWS_ACCESS_KEY_ID");
    let outcome = home.run(home.command("fish").args(["--no-config", "-c", &script]));
    assert_eq!(outcome.stdout.trim_end(), printed["AccessKeyId"], "{}", outcome.stderr);
}
