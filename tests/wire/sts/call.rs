//! The call to STS: what is asked, what of its answers is believed, and what its refusals become.

use crate::support::assertion::{ADMIN, Assertion, DEV, PROVIDER};
use crate::support::idp::Site;
use crate::support::sts::{Fault, Refusal};
use crate::world::World;

fn world() -> World {
    World::open(Site::without_login(Assertion::default()))
}

#[test]
fn the_call_is_for_the_role_and_nothing_else() {
    let world = world();
    world.get().succeeds();
    let calls = world.sts.calls();
    let names: Vec<&str> = calls[0].keys().map(String::as_str).collect();
    assert_eq!(names, ["Action", "PrincipalArn", "RoleArn", "SAMLAssertion", "Version"]);
    assert_eq!((calls[0]["RoleArn"].as_str(), calls[0]["PrincipalArn"].as_str()), (DEV, PROVIDER));
}

#[test]
fn duration_and_session_policies_are_asked_for() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let world = world()
        .set("role_arn", ADMIN)
        .set("duration", "2h")
        .set("policy", policy)
        .set("policy_arns", vec!["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
    world.get().succeeds();
    let call = &world.sts.calls()[0];
    assert_eq!(call["DurationSeconds"], "7200");
    assert_eq!(call["Policy"], policy);
    assert_eq!(call["PolicyArns.member.1.arn"], "arn:aws:iam::aws:policy/ReadOnlyAccess");
}

#[test]
fn ambient_aws_credentials_and_profiles_are_not_looked_at() {
    let world = world();
    let config = world.write("aws-config", "[profile trap]\ncredential_process = /bin/false\nregion = us-gov-west-1\n");
    let world = world
        .env("AWS_ACCESS_KEY_ID", "AKIAAMBIENT")
        .env("AWS_SECRET_ACCESS_KEY", "ambient-secret")
        .env("AWS_SESSION_TOKEN", "ambient-token")
        .env("AWS_PROFILE", "trap")
        .env("AWS_CONFIG_FILE", config.to_str().unwrap())
        .secret("ambient-secret")
        .secret("ambient-token");
    world.get().succeeds();
    let request = &world.sts.server().journal()[0];
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.header("x-amz-security-token"), None);
}

#[test]
fn the_endpoint_can_come_from_the_environment() {
    let world = world().unset("sts_endpoint_url");
    let url = world.sts.server().origin().to_string();
    world.env("AWS_ENDPOINT_URL_STS", url).get().succeeds();
}

#[test]
fn each_refusal_has_its_own_code() {
    let table = [
        (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", "sts-access-denied"),
        (400, "InvalidIdentityToken", "Specified provider doesn't exist", "sts-provider-unknown"),
        (400, "InvalidIdentityToken", "Response signature invalid", "sts-invalid-identity"),
        (400, "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance", "assertion-expired"),
        (
            403,
            "IDPRejectedClaim",
            "The identity provider (IdP) reported that authentication failed",
            "idp-denied-claim",
        ),
        (400, "MalformedPolicyDocument", "Syntax errors in policy.", "sts-policy"),
        (400, "PackedPolicyTooLarge", "Packed policy consumes 120% of allotted space", "sts-policy"),
        (403, "RegionDisabledException", "STS is not activated in this region for account", "sts-region-disabled"),
        (400, "ValidationError", "1 validation error detected", "sts-validation"),
    ];
    for (status, code, message, ours) in table {
        let world = world();
        world.sts.fail(1, Fault::Refuse(Refusal::new(status, code, message)));
        world.get().fails_as(ours).saying(message);
        assert_eq!(world.sts.calls().len(), 1, "{code} is final");
    }
}

#[test]
fn a_duration_over_the_roles_limit_names_the_setting() {
    let world = world().set("duration", "2h");
    world.get().fails_as("sts-duration").saying("`duration`");
}

#[test]
fn throttling_is_waited_out() {
    let world = world();
    world.sts.fail(2, Fault::Refuse(Refusal::new(400, "Throttling", "Rate exceeded")));
    world.get().succeeds();
    assert_eq!(world.sts.calls().len(), 3);
    assert_eq!(world.idp.journal().len(), 1, "the assertion serves for every try");
}

#[test]
fn throttling_without_end_is_told() {
    let world = world().set("deadline", "2s");
    world.sts.fail(100, Fault::Refuse(Refusal::new(400, "Throttling", "Rate exceeded")));
    world.get().fails_as("sts-throttled");
}

#[test]
fn passing_troubles_at_aws_are_tried_again() {
    let unreachable = "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";
    for (status, code, message) in [
        (400, "IDPCommunicationError", "unable to reach the identity provider"),
        (400, "InvalidIdentityToken", unreachable),
        (500, "InternalFailure", "An internal error has occurred"),
        (503, "ServiceUnavailable", "Service is unavailable"),
    ] {
        let world = world();
        world.sts.fail(1, Fault::Refuse(Refusal::new(status, code, message)));
        world.get().succeeds();
        assert_eq!(world.sts.calls().len(), 2, "{code}");
    }
}

#[test]
fn a_broken_connection_is_made_again() {
    for fault in [Fault::HangUp, Fault::Cut] {
        let world = world();
        world.sts.fail(1, fault.clone());
        world.get().succeeds();
        assert_eq!(world.sts.calls().len(), 2, "{fault:?}");
    }
}

#[test]
fn an_sts_that_only_hangs_up_is_unavailable() {
    let world = world().set("deadline", "2s");
    world.sts.fail(100, Fault::HangUp);
    world.get().fails_as("connect");
}

#[test]
fn an_sts_that_says_nothing_is_left_at_the_deadline() {
    let world = world().set("deadline", "2s");
    world.sts.fail(100, Fault::Hang);
    world.get().fails_as("timeout");
}

#[test]
fn a_page_of_somebody_else_is_not_an_answer() {
    let world = world();
    world.sts.fail(1, Fault::NotXml);
    world.get().fails_as("sts-bad-answer");
}

#[test]
fn credentials_for_another_role_are_not_passed_on() {
    let world = world();
    world.sts.fail(1, Fault::OtherRole);
    world.get().fails_as("sts-wrong-role").saying(DEV);
}

#[test]
fn credentials_that_are_over_already_tell_of_a_wrong_clock() {
    let world = world();
    world.sts.lifetime(-3600);
    world.get().fails_as("clock-skew");
}

#[test]
fn a_role_of_identity_center_is_refused_before_sts_is_asked() {
    let role = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef";
    let world = world().set("role_arn", role);
    let run = world.get();
    assert!(run.stderr.contains("role-not-assumable") || run.stderr.contains("role-not-offered"), "{}", run.stderr);
    assert_eq!(world.sts.server().connections(), 0);
}

#[test]
fn what_sts_echoes_of_the_assertion_is_not_shown() {
    let world = world();
    let echo = Assertion::default().base64();
    world
        .sts
        .fail(1, Fault::Refuse(Refusal::new(400, "ValidationError", format!("Value '{echo}' at 'sAMLAssertion'"))));
    world.get().fails_as("sts-validation"); // the world's leak check does the rest
}
