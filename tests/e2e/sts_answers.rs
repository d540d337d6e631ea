//! What STS answers, or does not: each with a code of its own, and retried where another try may help.

use crate::support::profile::{ADMIN, OTHER_ACCOUNT, RETIRED};
use crate::support::{Home, Profile};

#[test]
fn one_throttled_call_is_tried_again() {
    let home = logged_in(&Profile::spnego());
    home.sts.fail("code=Throttling");
    home.get().succeeds();
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), ["Throttling", "ok"]);
}

#[test]
fn throttling_beyond_all_patience_is_told_as_such() {
    let home = logged_in(&Profile::spnego());
    home.sts.fail("code=Throttling&times=100");
    home.get().fails_as("sts-throttled");
    assert!(home.sts.results("AssumeRoleWithSAML").len() > 1);
}

#[test]
fn an_sts_that_hangs_ends_with_the_deadline() {
    let home = logged_in(&Profile::spnego().line(r#"deadline = "4s""#));
    home.sts.fail("hang=600&times=100");
    home.get().fails_as("timeout");
}

#[test]
fn an_sts_that_drops_every_connection_is_no_connection() {
    let home = logged_in(&Profile::spnego());
    home.sts.fail("drop&times=100");
    home.get().fails_as("connect");
}

#[test]
fn an_sts_in_trouble_is_unavailable() {
    let home = logged_in(&Profile::spnego());
    home.sts.fail("code=InternalFailure&status=500&times=100");
    home.get().fails_as("sts-unavailable");
}

#[test]
fn a_duration_longer_than_the_role_allows_is_told_as_such() {
    let home = logged_in(&Profile::spnego().line(r#"duration = "2h""#));
    home.get().fails_as("sts-duration");
}

#[test]
fn a_duration_that_the_role_allows_is_the_sessions() {
    let home = logged_in(&Profile::spnego().role(ADMIN).line(r#"duration = "2h""#));
    let expiration: jiff::Timestamp =
        home.get().succeeds()["Expiration"].as_str().expect("a time").parse().expect("RFC 3339");
    #[expect(clippy::disallowed_methods, reason = "the lab runs by the real clock")]
    let seconds = expiration.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((6900..=7200).contains(&seconds), "{seconds} s");
}

#[test]
fn a_provider_that_aws_does_not_know_is_told_as_such() {
    let home = logged_in(&Profile::spnego().role(OTHER_ACCOUNT));
    home.get().fails_as("sts-provider-unknown");
}

#[test]
fn a_role_that_does_not_trust_the_provider_is_access_denied() {
    let home = logged_in(&Profile::spnego().role(RETIRED));
    home.get().fails_as("sts-access-denied");
}

#[test]
fn a_malformed_session_policy_is_told_as_such() {
    let home = logged_in(&Profile::spnego().line(r#"policy = '{"Version": "2012-10-17", "Statement": "none"}'"#));
    home.get().fails_as("sts-policy");
}

#[test]
fn ambient_credentials_never_reach_the_federated_call() {
    let home = logged_in(&Profile::spnego());
    let outcome = home.run(
        home.fedcred()
            .args(["get", "lab"])
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "ambient-secret")
            .env("AWS_SESSION_TOKEN", "ambient-token")
            .env("AWS_PROFILE", "nobody"),
    );
    outcome.succeeds();
}

fn logged_in(profile: &Profile) -> Home {
    let home = Home::with(profile);
    home.kinit("alice");
    home
}
