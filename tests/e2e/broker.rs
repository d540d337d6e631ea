//! The broker under real consumers: how often botocore runs us, and how often anybody logs in.

use crate::harness::run::Run;
use crate::support::{Home, Profile};

/// Where Debian has it, on every machine that it runs on.
const FAKETIME: &str = "/usr/$LIB/faketime/libfaketime.so.1";

fn with_ticket() -> Home {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    home
}

fn logins(home: &Home) -> usize {
    home.sts.results("AssumeRoleWithSAML").iter().filter(|result| *result == "ok").count()
}

#[track_caller]
fn is_one_caller(outcome: &Run) {
    assert_eq!(outcome.json().as_array().map(Vec::len), Some(1), "{}", outcome.stdout);
}

#[test]
fn a_program_of_fifty_calls_runs_us_once_however_old_the_credentials_are() {
    let home = with_ticket();
    home.get().succeeds();
    // Minutes, and whether a login is due by then: of the hour, 16 minutes or less are left.
    for (minutes, is_due) in [(0, false), (30, false), (43, false), (45, true), (51, true), (59, true), (61, true)] {
        home.age(minutes);
        let (runs, before) = (home.consumer_runs(), logins(&home));
        is_one_caller(&home.run(&mut home.python("caller_identity.py")));
        assert_eq!((home.consumer_runs() - runs, logins(&home) - before), (1, usize::from(is_due)), "{minutes}");
        home.run(home.fedcred().args(["get", "lab", "--force"])).succeeds();
    }
}

#[test]
fn a_program_of_fifty_calls_in_whose_midst_credentials_become_due_runs_us_twice() {
    let home = with_ticket();
    home.get().succeeds();
    home.age(43);
    let (runs, before) = (home.consumer_runs(), logins(&home));
    // The clock of boto3 and of us is put on by 3 minutes after half of the calls: 14 of the hour are left then.
    home.write("clock", "+0");
    let mut python = home.python("caller_identity.py");
    python.env("CLOCK", home.path("clock")).env("FAKETIME_TIMESTAMP_FILE", home.path("clock"));
    python.env("FAKETIME_NO_CACHE", "1").env("LD_PRELOAD", FAKETIME);
    is_one_caller(&home.run(&mut python));
    assert_eq!((home.consumer_runs() - runs, logins(&home) - before), (2, 1));
}

#[test]
fn a_program_of_fifty_calls_goes_on_after_a_refresh_that_failed_and_no_other_is_tried() {
    let home = with_ticket();
    home.get().succeeds();
    home.age(51);
    home.sts.fail("hang=6");
    // With 15 minutes or less left, botocore asks us before each call: it is answered from the cache.
    is_one_caller(&home.run(&mut home.python("caller_identity.py")));
    assert_eq!(logins(&home), 1);
}

#[test]
fn fifty_sessions_at_once_share_one_login() {
    let home = with_ticket();
    is_one_caller(&home.run(&mut home.python("fifty_sessions.py")));
    assert_eq!((home.consumer_runs(), logins(&home)), (50, 1));
}

#[test]
fn processes_of_the_aws_cli_that_start_together_share_one_login() {
    let home = with_ticket();
    let mut processes: Vec<_> = (0..6).map(|_| home.aws()).collect();
    std::thread::scope(|scope| {
        for aws in &mut processes {
            scope.spawn(|| home.run(aws.args(["sts", "get-caller-identity"])).json());
        }
    });
    assert_eq!((home.consumer_runs(), logins(&home)), (6, 1));
}
