//! What STS's refusals mean: its code and message in, our code, the likely cause and the next step out.
//!
//! Codes are those of AWS's model of STS; messages are matched by words seen in public reports, since one code covers many
//! causes. A message that is not known keeps the code's general meaning. What only one of the calls can be told has a file of
//! its own; what all can be told is here.

mod assume_role;
pub mod line;
mod proof;
mod s3;
mod saml;
mod web_identity;

use std::error::Error as StdError;
use std::time::Duration;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use self::proof::without_proof;
use super::maker::{Maker, Marks};
use crate::arn::{ProviderArn, RoleArn};
use crate::config::sts_home::Home;
use crate::error::{Code, Error, printable};
use crate::quote::shell::command;
use crate::secret::Secret;

/// What was asked, for messages.
pub(super) struct Asked<'a> {
    pub peer: &'a str,
    pub region: &'a str,
    pub home: Home,
    pub role: &'a RoleArn,
    pub duration: Option<Duration>,
    pub call: Call<'a>,
    /// What must not be printed, although STS may echo it.
    pub proof: &'a Secret,
}

/// Which of the calls it was.
#[derive(Clone, Copy)]
pub(super) enum Call<'a> {
    Saml { provider: &'a ProviderArn },
    WebIdentity { issuer: &'a str, subject: &'a str, audiences: &'a [String] },
    AssumeRole { access_key_id: &'a str },
}

/// What a refusal means: our code, and the next step.
type Meaning = (Code, String);

/// The error of a call that the SDK could not complete.
pub(super) fn explain<E>(error: &SdkError<E, HttpResponse>, asked: &Asked<'_>) -> Error
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    let Some(answer) = error.raw_response() else { return not_answered(error, asked) };
    let status = answer.status().as_u16();
    let meta = error.meta();
    let header = |name: &str| answer.headers().get(name).map(str::to_owned);
    let request_id = meta.request_id().map(str::to_owned).or_else(|| header("x-amz-request-id"));
    let marks = Marks { server: header("server"), request_id, is_of_s3: false };
    let Some(code) = meta.code() else {
        let body = answer.body().bytes().unwrap_or_default();
        return match s3::Refusal::read(body) {
            Some(refusal) => refusal.explain(status, &Marks { is_of_s3: true, ..marks }, asked),
            None => not_from_sts(status, asked),
        };
    };
    let maker = Maker::of(asked.home, Some(asked.role), &marks);
    let message = without_proof(meta.message().unwrap_or_default(), asked.proof);
    let (ours, hint) = verdict(status, code, &message, asked);
    let said = said("STS", code, &message);
    let mut error = Error::new(ours, what(ours, asked)).because(said);
    error.hint = hint;
    if maker.is_another_than_aws() {
        error = of_another_maker(error, maker, asked.role);
    }
    match meta.request_id() {
        Some(id) => error.because(format!("request id {}", printable(id, 60))),
        None => error,
    }
}

/// The same at a server that is not AWS's: whatever AWS's own tools could mend, they mend nothing there.
fn of_another_maker(mut error: Error, maker: Maker, role: &RoleArn) -> Error {
    if error.hint.as_deref().is_some_and(|hint| hint.contains("aws iam")) {
        error.hint = Some(match error.code {
            Code::StsAccessDenied => DENIED.replace("{role}", &role.to_string()),
            Code::StsDuration => "set `duration` to what the server's own settings allow".to_owned(),
            _ => "look there whether the issuer of the token is set up with its audience (`audience`, client id)"
                .to_owned(),
        });
    }
    error.because(format!("{ANSWERED}{}", maker.in_words()))
}

/// The next step after AccessDenied, there.
const DENIED: &str =
    "check there that the trust policy of {role} allows this identity, and that the role's tenant is right";

const ANSWERED: &str = "what answered is ";

/// Whether the error is the answer of an STS that is not AWS's.
pub fn is_of_another_maker(error: &Error) -> bool {
    let makers = [Maker::MinIo, Maker::Ceph, Maker::Other].map(Maker::in_words);
    error.causes.iter().filter_map(|cause| cause.strip_prefix(ANSWERED)).any(|maker| makers.contains(&maker))
}

/// Code and message as they came; some servers leave the message empty.
fn said(who: &str, code: &str, message: &str) -> String {
    match message.trim() {
        "" => format!("{who} says {} without a reason", printable(code, 60)),
        message => format!("{who} says {}: {}", printable(code, 60), printable(message, 300)),
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
        .hint("check HTTPS_PROXY, `sts_endpoint_url` and AWS_ENDPOINT_URL_STS")
}

/// Our code and the next step for a refusal of STS.
fn verdict(status: u16, code: &str, message: &str, asked: &Asked<'_>) -> (Code, Option<String>) {
    if let Some(trouble) = passing(status, code, message) {
        let hint = match asked.call {
            Call::WebIdentity { issuer, .. } if code == "InvalidIdentityToken" || code == "IDPCommunicationError" => {
                let issuer = printable(issuer.trim_end_matches('/'), 200);
                Some(format!(
                    "AWS has to reach {issuer}/.well-known/openid-configuration and its `jwks_uri` from the internet, over \
                     TLS with a certificate that browsers trust; if it does, try again"
                ))
            }
            Call::Saml { .. } | Call::WebIdentity { .. } | Call::AssumeRole { .. } => None,
        };
        return (trouble, hint);
    }
    let own = match asked.call {
        Call::Saml { provider } => saml::meaning(code, message, asked.role, provider),
        Call::WebIdentity { issuer, subject, audiences } => {
            web_identity::meaning(code, message, asked.role, &web_identity::Token { issuer, subject, audiences })
        }
        Call::AssumeRole { access_key_id } => assume_role::meaning(code, message, asked.role, access_key_id),
    };
    let (code, hint) = own.or_else(|| common(code, message, asked)).unwrap_or_else(|| {
        let hint = match asked.call {
            Call::Saml { provider } => format!("check `role_arn` ({}) and `principal_arn` ({provider})", asked.role),
            Call::WebIdentity { .. } | Call::AssumeRole { .. } => format!("check `role_arn` ({})", asked.role),
        };
        (Code::StsValidation, hint)
    });
    (code, Some(hint))
}

/// Trouble that another try may outlast.
fn passing(status: u16, code: &str, message: &str) -> Option<Code> {
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "TooManyRequestsException"
        | "SlowDown" => Some(Code::StsThrottled),
        _ if status == 429 || says(message, "rate exceeded") => Some(Code::StsThrottled),
        "IDPCommunicationError" => Some(Code::StsUnavailable),
        "InvalidIdentityToken" if says(message, "couldn't retrieve verification key") => Some(Code::StsUnavailable),
        _ if status >= 500 => Some(Code::StsUnavailable),
        _ => None,
    }
}

/// What every call may be told.
fn common(code: &str, message: &str, asked: &Asked<'_>) -> Option<Meaning> {
    Some(match code {
        "ValidationError" if says(message, "role chaining") => (
            Code::StsDuration,
            "set duration = \"1h\" or less: AWS limits a role on top of a role to an hour, whatever the role allows \
             (role chaining); to have longer sessions, let the role trust the first identity itself"
                .into(),
        ),
        "ValidationError" if says(message, "durationseconds") || says(message, "maxsessionduration") => (
            Code::StsDuration,
            match asked.duration {
                Some(duration) => {
                    let seconds = duration.as_secs().to_string();
                    let (role, longest) = (&*asked.role.name, "--max-session-duration");
                    let update = command(["aws", "iam", "update-role", "--role-name", role, longest, &seconds]);
                    format!("lower `duration` (now {seconds} s), or let the role have it: {update}")
                }
                None => "set `duration`, from 900 s to what the role allows".into(),
            },
        ),
        "MalformedPolicyDocument" | "MalformedPolicyDocumentException" => {
            (Code::StsPolicy, "correct the session policy in `policy`".into())
        }
        "PackedPolicyTooLarge" | "PackedPolicyTooLargeException" => {
            (Code::StsPolicy, "shorten `policy`, or list fewer `policy_arns` or `tags`".into())
        }
        "ValidationError" if says(message, "policy") => (Code::StsPolicy, "correct `policy` and `policy_arns`".into()),
        "RegionDisabledException" => (
            Code::StsRegionDisabled,
            format!("activate STS for {} in the account settings of IAM, or set `region` to another one", asked.region),
        ),
        _ => return None,
    })
}

fn what(code: Code, asked: &Asked<'_>) -> String {
    let (peer, role) = (asked.peer, asked.role);
    let (proof, provider) = match asked.call {
        Call::Saml { provider } => ("the assertion", provider.to_string()),
        Call::WebIdentity { issuer, .. } => ("the token", format!("the issuer {}", printable(issuer, 200))),
        Call::AssumeRole { .. } => ("the credentials", "their account".to_owned()),
    };
    match code {
        Code::StsThrottled => format!("{peer} asks to slow down"),
        Code::StsUnavailable => format!("{peer} is in trouble"),
        Code::AssertionExpired => "the assertion came to STS too late".into(),
        Code::TokenExpired => "the token has expired".into(),
        Code::IdpDeniedClaim => format!("the identity provider issued a refusal, not {proof}"),
        Code::StsAccessDenied => format!("STS does not give {role} for {proof}"),
        Code::StsProviderUnknown => format!("STS does not know {provider}"),
        Code::StsInvalidIdentity => format!("STS does not accept {proof} of {provider}"),
        Code::StsAudience => format!("STS does not accept the audience of the token of {provider}"),
        Code::StsDuration => format!("{role} cannot be had for this duration"),
        Code::StsPolicy => "STS does not accept the session policy".into(),
        Code::StsRegionDisabled => format!("STS is switched off for this account in {}", asked.region),
        Code::NoAwsCredentials => format!("STS does not accept the AWS credentials that {role} is asked for with"),
        Code::ClockSkew => "STS and this machine do not agree on the time".into(),
        Code::MfaNeeded => format!("STS wants another second factor for {role}"),
        _ => format!("STS refused the request for {role}"),
    }
}

/// `aws iam OPERATION ARGUMENTS`, whose arguments may be what a token says.
fn aws_iam(operation: &str, arguments: &[&str]) -> String {
    command([&["aws", "iam", operation], arguments].concat())
}

/// The command that shows a role's trust policy.
fn trust_of(role_name: &str) -> String {
    aws_iam("get-role", &["--role-name", role_name, "--query", "Role.AssumeRolePolicyDocument"])
}

/// Whether the message has these words, in lower case.
fn says(message: &str, words: &str) -> bool {
    message.to_ascii_lowercase().contains(words)
}

#[cfg(test)]
mod tests {
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
}
