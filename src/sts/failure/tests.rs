use super::*;
use crate::error::Kind;

fn with_asked<T>(f: impl Fn(&Asked<'_>) -> T) {
    let role = RoleArn::parse("arn:aws:iam::112233334444:role/Analyst").unwrap();
    let provider = ProviderArn::parse("arn:aws:iam::112233334444:saml-provider/corp").unwrap();
    for call in [
        Call::Saml { provider: &provider },
        Call::WebIdentity { issuer: "https://oidc.example", subject: "alice", audiences: &[] },
        Call::AssumeRole { access_key_id: "AKIAEXAMPLE" },
    ] {
        f(&Asked {
            peer: "STS at test",
            region: "eu-south-1",
            home: Home::Here,
            role: &role,
            duration: Some(Duration::from_secs(7200)),
            call,
            proof: &Secret::new("x".repeat(40)),
        });
    }
}

#[test]
fn what_every_call_may_be_told_has_its_own_meaning_and_a_next_step() {
    // Status, code, message: as AWS's model or public reports show them. Then our code, and a word of the hint.
    let table = [
        (
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            Code::StsDuration,
            "--max-session-duration 7200",
        ),
        (
            400,
            "ValidationError",
            "1 validation error detected: Value '100' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
            Code::StsDuration,
            "`duration`",
        ),
        (
            400,
            "ValidationError",
            "1 validation error detected: Value 'x' at 'policy' failed to satisfy constraint",
            Code::StsPolicy,
            "`policy`",
        ),
        (
            400,
            "ValidationError",
            "1 validation error detected: Value 'x' at 'roleArn' failed to satisfy constraint",
            Code::StsValidation,
            "`role_arn`",
        ),
        (400, "MalformedPolicyDocument", "Syntax errors in policy.", Code::StsPolicy, "`policy`"),
        (
            400,
            "PackedPolicyTooLarge",
            "Packed policy consumes 120% of allotted space, please use smaller policy.",
            Code::StsPolicy,
            "shorten",
        ),
        (
            403,
            "RegionDisabledException",
            "STS is not activated in this region for account",
            Code::StsRegionDisabled,
            "eu-south-1",
        ),
        (400, "Surprise", "never seen before", Code::StsValidation, "`role_arn`"),
    ];
    with_asked(|asked| {
        for (status, code, message, expected, hint) in table {
            let (ours, said) = verdict(status, code, message, asked);
            assert_eq!(ours, expected, "{code}: {message}");
            assert!(said.as_deref().is_some_and(|said| said.contains(hint)), "{code}: {said:?}");
        }
    });
}

#[test]
fn trouble_that_passes_is_told_from_a_refusal() {
    let table = [
        (400, "Throttling", "Rate exceeded", Code::StsThrottled),
        (400, "ThrottlingException", "", Code::StsThrottled),
        (503, "RequestLimitExceeded", "", Code::StsThrottled),
        (503, "SlowDown", "", Code::StsThrottled),
        (400, "TooManyRequestsException", "", Code::StsThrottled),
        (400, "Unknown", "Rate exceeded", Code::StsThrottled),
        (429, "Unknown", "", Code::StsThrottled),
        (400, "IDPCommunicationError", "", Code::StsUnavailable),
        (
            400,
            "InvalidIdentityToken",
            "Couldn't retrieve verification key from your identity provider,  please",
            Code::StsUnavailable,
        ),
        (500, "InternalFailure", "", Code::StsUnavailable),
        (503, "ServiceUnavailable", "", Code::StsUnavailable),
    ];
    with_asked(|asked| {
        for (status, code, message, expected) in table {
            let (ours, _) = verdict(status, code, message, asked);
            assert_eq!(ours, expected, "{code}");
            assert_eq!(ours.kind(), Kind::Unavailable, "{code} is worth another try");
        }
    });
}

#[test]
fn an_answer_that_is_not_from_sts_says_so() {
    with_asked(|asked| {
        for (status, expected) in [
            (500, Code::Http5xx),
            (502, Code::Http5xx),
            (429, Code::Http5xx),
            (200, Code::StsBadAnswer),
            (302, Code::StsBadAnswer),
        ] {
            let error = not_from_sts(status, asked);
            assert_eq!(error.code, expected);
            assert!(error.what.contains(&status.to_string()));
        }
    });
}
