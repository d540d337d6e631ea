//! Translates STS's refusals, a code and a message, into an error code of fedcred, the likely cause and the next step.
//!
//! STS's codes are those of AWS's model; messages are matched by words seen in public reports, since one code covers many
//! causes. A message that is not known keeps the code's general meaning. Refusals that only one of the calls gets have a file
//! of their own; those of all calls are here.

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

/// The call that was made, for errors.
pub(super) struct Asked<'a> {
    pub peer: &'a str,
    pub region: &'a str,
    pub home: Home,
    pub role: &'a RoleArn,
    pub duration: Option<Duration>,
    pub call: Call<'a>,
    /// The secret that STS may echo, and that must not be printed.
    pub proof: &'a Secret,
}

/// Which of the calls it was.
#[derive(Clone, Copy)]
pub(super) enum Call<'a> {
    Saml { provider: &'a ProviderArn },
    WebIdentity { issuer: &'a str, subject: &'a str, audiences: &'a [String] },
    AssumeRole { access_key_id: &'a str },
}

/// The meaning of a refusal: fedcred's error code and the next step.
type Meaning = (Code, String);

/// Returns the error of a call that the SDK could not complete.
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

/// Replaces the hint for an answer of a server other than AWS's if it names AWS's own tools, which do not work there.
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

/// The next step after AccessDenied from another maker's STS.
const DENIED: &str =
    "check there that the trust policy of {role} allows this identity, and that the role's tenant is right";

const ANSWERED: &str = "the answer is from ";

/// Whether the error is the answer of an STS other than AWS's.
pub fn is_of_another_maker(error: &Error) -> bool {
    let makers = [Maker::MinIo, Maker::Ceph, Maker::Other].map(Maker::in_words);
    error.causes.iter().filter_map(|cause| cause.strip_prefix(ANSWERED)).any(|maker| makers.contains(&maker))
}

/// Code and message as received; some servers leave the message empty.
fn said(who: &str, code: &str, message: &str) -> String {
    match message.trim() {
        "" => format!("{who} says {} without a reason", printable(code, 60)),
        message => format!("{who} says {}: {}", printable(code, 60), printable(message, 300)),
    }
}

/// The error of a call without an answer: the one of `http::sdk`, which the SDK wrapped.
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

/// The error of an answer without STS's XML, such as the page of a proxy or gateway.
fn not_from_sts(status: u16, asked: &Asked<'_>) -> Error {
    let code = if status >= 500 || status == 429 { Code::Http5xx } else { Code::StsBadAnswer };
    Error::new(code, format!("{} gave an answer that is not from STS (HTTP {status})", asked.peer))
        .hint("check HTTPS_PROXY, `sts_endpoint_url` and AWS_ENDPOINT_URL_STS")
}

/// Returns fedcred's error code and the next step for a refusal of STS.
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

/// Returns the code of a refusal that may not occur again a moment later.
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

/// Returns the meaning of a refusal that every call may get.
fn common(code: &str, message: &str, asked: &Asked<'_>) -> Option<Meaning> {
    Some(match code {
        "ValidationError" if says(message, "role chaining") => (
            Code::StsDuration,
            "set duration = \"1h\" or less: AWS limits a role that is assumed from another role to an hour (role chaining), \
             whatever the role allows; for longer sessions, let the role trust the first identity itself"
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
        Code::StsUnavailable => format!("{peer} is unavailable"),
        Code::AssertionExpired => "the assertion had expired when it reached STS".into(),
        Code::TokenExpired => "the token has expired".into(),
        Code::IdpDeniedClaim => format!("the identity provider issued a refusal, not {proof}"),
        Code::StsAccessDenied => format!("STS does not give {role} for {proof}"),
        Code::StsProviderUnknown => format!("STS does not know {provider}"),
        Code::StsInvalidIdentity => format!("STS does not accept {proof} of {provider}"),
        Code::StsAudience => format!("STS does not accept the audience of the token of {provider}"),
        Code::StsDuration => format!("STS does not give {role} for this duration"),
        Code::StsPolicy => "STS does not accept the session policy".into(),
        Code::StsRegionDisabled => format!("STS is disabled for this account in {}", asked.region),
        Code::NoAwsCredentials => format!("STS does not accept the AWS credentials with which {role} is assumed"),
        Code::ClockSkew => "STS and this machine do not agree on the time".into(),
        Code::MfaNeeded => format!("STS requires another code of the second factor for {role}"),
        _ => format!("STS refused the request for {role}"),
    }
}

/// Whether the message says that an action of session tags or of the source identity is not allowed.
fn lacks_an_action(message: &str) -> bool {
    says(message, "sts:tagsession") || says(message, "sts:setsourceidentity")
}

/// The meaning of a trust policy that does not allow what the proof carries.
fn untrusted_tags(proof: &str) -> Meaning {
    let hint = format!(
        "{proof} carries session tags or a source identity: the role's trust policy has to allow sts:TagSession or \
         sts:SetSourceIdentity too"
    );
    (Code::StsAccessDenied, hint)
}

/// `aws iam OPERATION ARGUMENTS`; arguments that come from a token are quoted.
fn aws_iam(operation: &str, arguments: &[&str]) -> String {
    command([&["aws", "iam", operation], arguments].concat())
}

/// The command that shows a role's trust policy.
fn trust_of(role_name: &str) -> String {
    aws_iam("get-role", &["--role-name", role_name, "--query", "Role.AssumeRolePolicyDocument"])
}

/// Whether the message contains these words, which are in lower case.
fn says(message: &str, words: &str) -> bool {
    message.to_ascii_lowercase().contains(words)
}

#[cfg(test)]
mod tests;
