//! What STS's refusals mean: its code and message in, our code, the likely cause and the next step out.
//!
//! Codes are those of AWS's model of STS; messages are matched by words seen in public reports, since one code covers many
//! causes. A message that is not known keeps the code's general meaning.

use std::error::Error as StdError;
use std::time::Duration;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::arn::{ProviderArn, RoleArn};
use crate::error::{Code, Error, printable};
use crate::secret::Secret;

/// What was asked, for messages.
pub(super) struct Asked<'a> {
    pub peer: &'a str,
    pub region: &'a str,
    pub role: &'a RoleArn,
    pub provider: &'a ProviderArn,
    pub duration: Option<Duration>,
    /// What must not be printed, although STS may echo it.
    pub proof: &'a Secret,
}

/// The error of a call that the SDK could not complete.
pub(super) fn explain<E>(error: &SdkError<E, HttpResponse>, asked: &Asked<'_>) -> Error
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    let Some(answer) = error.raw_response() else { return not_answered(error, asked) };
    let status = answer.status().as_u16();
    let meta = error.meta();
    let Some(code) = meta.code() else { return not_from_sts(status, asked) };
    let message = without_proof(meta.message().unwrap_or_default(), asked.proof);
    let (ours, hint) = verdict(status, code, &message, asked);
    let said = format!("STS says {}: {}", printable(code, 60), printable(&message, 300));
    let mut error = Error::new(ours, what(ours, asked)).because(said);
    error.hint = hint;
    match meta.request_id() {
        Some(id) => error.because(format!("request id {}", printable(id, 60))),
        None => error,
    }
}

/// No answer came: the carrier said why, in an error of ours that the SDK wrapped.
fn not_answered<E: StdError + 'static>(error: &SdkError<E, HttpResponse>, asked: &Asked<'_>) -> Error {
    let mut cause: &(dyn StdError + 'static) = error;
    loop {
        if let Some(ours) = cause.downcast_ref::<Error>() {
            return ours.clone();
        }
        match cause.source() {
            Some(below) => cause = below,
            None => break,
        }
    }
    Error::new(Code::Bug, format!("the request to {} could not be made", asked.peer))
        .because(printable(&cause.to_string(), 200))
}

/// An answer without STS's XML: a proxy's page, a gateway's, something else that listens there.
fn not_from_sts(status: u16, asked: &Asked<'_>) -> Error {
    let code = if status >= 500 || status == 429 { Code::Http5xx } else { Code::StsBadAnswer };
    Error::new(code, format!("{} gave an answer that is not from STS (HTTP {status})", asked.peer))
        .hint("look at what is on the way: HTTPS_PROXY, `sts_endpoint_url`, AWS_ENDPOINT_URL_STS")
}

/// Our code and the next step for a refusal of STS.
fn verdict(status: u16, code: &str, message: &str, asked: &Asked<'_>) -> (Code, Option<String>) {
    let says = |words: &str| message.to_ascii_lowercase().contains(words);
    let (role, provider, account) = (&asked.role.name, asked.provider, &asked.provider.account_id);
    let (code, hint) = match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "TooManyRequestsException"
        | "SlowDown" => {
            return (Code::StsThrottled, None);
        }
        _ if status == 429 || says("rate exceeded") => return (Code::StsThrottled, None),
        "IDPCommunicationError" => return (Code::StsUnavailable, None),
        "InvalidIdentityToken" if says("couldn't retrieve verification key") => return (Code::StsUnavailable, None),
        _ if status >= 500 => return (Code::StsUnavailable, None),

        "ExpiredTokenException" | "ExpiredToken" => (
            Code::AssertionExpired,
            "compare the clocks of this machine and of the IdP: an assertion counts for 5 minutes from its issue"
                .into(),
        ),
        "IDPRejectedClaim" => {
            (Code::IdpDeniedClaim, "ask the IdP's administrators whether this user may use AWS".into())
        }
        "AccessDenied" if says("sts:tagsession") || says("sts:setsourceidentity") => (
            Code::StsAccessDenied,
            "the assertion carries session tags or a source identity: the role's trust policy has to allow sts:TagSession \
             or sts:SetSourceIdentity too"
                .into(),
        ),
        "AccessDenied" | "AccessDeniedException" => (
            Code::StsAccessDenied,
            format!(
                "the assertion has to offer this role with this provider, and the role to trust it; see its trust with: \
                 aws iam get-role --role-name {role} --query Role.AssumeRolePolicyDocument"
            ),
        ),
        "InvalidIdentityToken" if says("provider doesn't exist") => (
            Code::StsProviderUnknown,
            format!(
                "account {account} of the partition {} has no such provider: check partition, account and name in \
                 `principal_arn` against: aws iam list-saml-providers",
                provider.partition
            ),
        ),
        "InvalidIdentityToken" if says("signature") => (
            Code::StsInvalidIdentity,
            format!(
                "the IdP's signing certificate has probably changed; give AWS its new metadata: aws iam \
                 update-saml-provider --saml-provider-arn {provider} --saml-metadata-document file://METADATA.xml"
            ),
        ),
        "InvalidIdentityToken" if says("audience") => (
            Code::StsInvalidIdentity,
            "have the IdP issue the assertion for the audience https://signin.aws.amazon.com/saml or \
             urn:amazon:webservices (its own sign-in host in other partitions)"
                .into(),
        ),
        "InvalidIdentityToken" if says("recipient") => (
            Code::StsInvalidIdentity,
            "have the IdP send the assertion to https://signin.aws.amazon.com/saml (the sign-in host of the partition)"
                .into(),
        ),
        "InvalidIdentityToken" if says("issuer") => (
            Code::StsInvalidIdentity,
            format!("the metadata at {provider} is another IdP's: its entityID has to be the assertion's Issuer"),
        ),
        "InvalidIdentityToken" if says("rolesessionname") => (
            Code::StsInvalidIdentity,
            "have the IdP send the attribute https://aws.amazon.com/SAML/Attributes/RoleSessionName with 2 to 64 \
             letters, digits and _+=,.@-"
                .into(),
        ),
        "InvalidIdentityToken" => (
            Code::StsInvalidIdentity,
            format!(
                "compare the assertion with what {provider} was set up with: aws iam get-saml-provider \
                     --saml-provider-arn {provider}"
            ),
        ),
        "ValidationError" if says("durationseconds") || says("maxsessionduration") => (
            Code::StsDuration,
            match asked.duration {
                Some(asked) => format!(
                    "lower `duration` (now {} s), or let the role have it: aws iam update-role --role-name {role} \
                     --max-session-duration {}",
                    asked.as_secs(),
                    asked.as_secs()
                ),
                None => "set `duration`, from 900 s to what the role allows".into(),
            },
        ),
        "MalformedPolicyDocument" | "MalformedPolicyDocumentException" => {
            (Code::StsPolicy, "correct the session policy in `policy`".into())
        }
        "PackedPolicyTooLarge" | "PackedPolicyTooLargeException" => {
            (Code::StsPolicy, "shorten `policy`, or list fewer `policy_arns`".into())
        }
        "ValidationError" if says("policy") => (Code::StsPolicy, "correct `policy` and `policy_arns`".into()),
        "RegionDisabledException" => (
            Code::StsRegionDisabled,
            format!("activate STS for {} in the account settings of IAM, or set `region` to another one", asked.region),
        ),
        _ => (Code::StsValidation, format!("check `role_arn` ({}) and `principal_arn` ({provider})", asked.role)),
    };
    (code, Some(hint))
}

fn what(code: Code, asked: &Asked<'_>) -> String {
    let (peer, role, provider) = (asked.peer, asked.role, asked.provider);
    match code {
        Code::StsThrottled => format!("{peer} asks to slow down"),
        Code::StsUnavailable => format!("{peer} is in trouble"),
        Code::AssertionExpired => "the assertion came to STS too late".into(),
        Code::IdpDeniedClaim => "the IdP issued a refusal, not an assertion".into(),
        Code::StsAccessDenied => format!("STS does not give {role} for this assertion"),
        Code::StsProviderUnknown => format!("STS does not know {provider}"),
        Code::StsInvalidIdentity => format!("STS does not accept the assertion for {provider}"),
        Code::StsDuration => format!("{role} cannot be had for this duration"),
        Code::StsPolicy => "STS does not accept the session policy".into(),
        Code::StsRegionDisabled => format!("STS is switched off for this account in {}", asked.region),
        _ => format!("STS refused the request for {role}"),
    }
}

/// `message` without anything that is a piece of `proof`. STS echoes values that fail its validation ("Value '…' at
/// 'sAMLAssertion' failed"), whole or cut, so any longer run of base64 goes that stands in the proof, or could.
fn without_proof(message: &str, proof: &Secret) -> String {
    let mut out = String::new();
    let mut rest = message;
    while !rest.is_empty() {
        let run = rest.find(|c: char| !is_base64(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(run);
        let hide = word.len() > 80 || (word.len() >= 12 && proof.expose().contains(word));
        out.push_str(if hide { "[not shown]" } else { word });
        let other = after.find(is_base64).unwrap_or(after.len());
        out.push_str(&after[..other]);
        rest = &after[other..];
    }
    out
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROOF: &str = "PHNhbWxwOlJlc3BvbnNlIHhtbG5zOnNhbWxwPSJ1cm46b2FzaXM6bmFtZXM6dGM6U0FNTDoyLjA6cHJvdG9jb2wi";

    fn with_asked<T>(f: impl FnOnce(&Asked<'_>) -> T) -> T {
        let role = RoleArn::parse("arn:aws:iam::112233334444:role/Analyst").unwrap();
        let provider = ProviderArn::parse("arn:aws:iam::112233334444:saml-provider/corp").unwrap();
        f(&Asked {
            peer: "STS at test",
            region: "eu-south-1",
            role: &role,
            provider: &provider,
            duration: Some(Duration::from_secs(7200)),
            proof: &Secret::new(PROOF.into()),
        })
    }

    #[test]
    fn every_known_refusal_has_its_own_meaning_and_a_next_step() {
        // Status, code, message: as AWS's model or public reports show them. Then our code, and a word of the hint.
        let table = [
            (
                403,
                "AccessDenied",
                "Not authorized to perform sts:AssumeRoleWithSAML",
                Code::StsAccessDenied,
                "get-role --role-name Analyst",
            ),
            (403, "AccessDenied", "Not authorized to perform sts:TagSession", Code::StsAccessDenied, "session tags"),
            (400, "InvalidIdentityToken", "Specified provider doesn't exist", Code::StsProviderUnknown, "partition"),
            (
                400,
                "InvalidIdentityToken",
                "Response signature invalid (Service: AWSSecurityTokenService)",
                Code::StsInvalidIdentity,
                "update-saml-provider",
            ),
            (
                400,
                "InvalidIdentityToken",
                "Response does not contain the required audience",
                Code::StsInvalidIdentity,
                "urn:amazon:webservices",
            ),
            (
                400,
                "InvalidIdentityToken",
                "Issuer not present in specified provider",
                Code::StsInvalidIdentity,
                "entityID",
            ),
            (400, "InvalidIdentityToken", "Recipient is not valid", Code::StsInvalidIdentity, "sign-in host"),
            (
                400,
                "InvalidIdentityToken",
                "RoleSessionName is required in AuthnResponse",
                Code::StsInvalidIdentity,
                "RoleSessionName",
            ),
            (
                400,
                "InvalidIdentityToken",
                "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
                Code::StsInvalidIdentity,
                "2 to 64",
            ),
            (400, "InvalidIdentityToken", "Invalid base64 SAMLResponse", Code::StsInvalidIdentity, "get-saml-provider"),
            (
                400,
                "ExpiredTokenException",
                "Token must be redeemed within 5 minutes of issuance",
                Code::AssertionExpired,
                "clock",
            ),
            (
                403,
                "IDPRejectedClaim",
                "The identity provider (IdP) reported that authentication failed",
                Code::IdpDeniedClaim,
                "administrators",
            ),
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
                assert_eq!(ours.kind(), crate::error::Kind::Unavailable, "{code} is worth another try");
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

    #[test]
    fn no_piece_of_the_assertion_is_echoed() {
        let proof = Secret::new(PROOF.into());
        for message in [
            format!("1 validation error detected: Value '{PROOF}' at 'sAMLAssertion' failed"),
            format!("Value '{}' at 'sAMLAssertion' failed", &PROOF[20..60]),
            format!("Value '{}\n{}' at 'sAMLAssertion' failed", &PROOF[..40], &PROOF[40..]),
            format!("Value '{}' at 'sAMLAssertion' failed", "QUJD".repeat(40)),
        ] {
            let shown = without_proof(&message, &proof);
            assert!(shown.contains("[not shown]") && shown.contains("sAMLAssertion"), "{shown}");
            assert!(!shown.contains(&PROOF[24..40]) && !shown.contains("QUJDQUJD"), "{shown}");
        }
        let plain = "Not authorized to perform sts:AssumeRoleWithSAML";
        assert_eq!(without_proof(plain, &proof), plain);
    }
}
