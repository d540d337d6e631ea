//! The broker under real consumers: how often botocore runs us, and how often anybody logs in.

use crate::support::outcome::Outcome;
use crate::support::{Home, Profile};

fn with_ticket() -> Home {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    home
}

fn logins(home: &Home) -> usize {
    home.sts.results("AssumeRoleWithSAML").iter().filter(|result| *result == "ok").count()
}

#[track_caller]
fn is_one_caller(outcome: &Outcome) {
    assert_eq!(outcome.json().as_array().map(Vec::len), Some(1), "{}", outcome.stdout);
}

#[test]
fn a_program_of_fifty_calls_runs_us_once_however_old_the_credentials_are() {
    let home = with_ticket();
    home.get().credentials();
    // Minutes, and whether a login is due by then: of the hour, 16 minutes or less are left.
    for (minutes, is_due) in [(0, false), (30, false), (43, false), (45, true), (51, true), (59, true), (61, true)] {
        home.age(minutes);
        let (runs, before) = (home.consumer_runs(), logins(&home));
        is_one_caller(&home.run(&mut home.python("caller_identity.py")));
        assert_eq!((home.consumer_runs() - runs, logins(&home) - before), (1, usize::from(is_due)), "{minutes}");
        home.run(home.fedcred().args(["get", "lab", "--force"])).credentials();
    }
}

#[test]
fn a_program_of_fifty_calls_goes_on_after_a_refresh_that_failed_and_no_other_is_tried() {
    let home = with_ticket();
    home.get().credentials();
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
