//! Explains the errors of a secrets backend. Airflow ignores each of them, and uses the next backend or any credentials
//! that it finds.

use http::HeaderMap;
use serde_json::Value;

use crate::error::{Code, Error, printable};

/// An answer other than a success. `code` is empty if the answer is not AWS's.
#[derive(Debug)]
pub struct Refusal {
    pub code: String,
    message: String,
    status: u16,
}

impl Refusal {
    pub fn of(status: u16, headers: &HeaderMap, body: &[u8]) -> Refusal {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let header = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let written =
            [header, text("code"), text("__type")].into_iter().find(|code| !code.is_empty()).unwrap_or_default();
        // A success has no code, whatever its body.
        let written = if status < 300 { "" } else { written };
        // `namespace#Code:http://…` (AWS JSON 1.1, "Operation error serialization").
        let code = written.rsplit('#').next().and_then(|code| code.split(':').next()).unwrap_or_default();
        let message = [text("message"), text("Message")].concat();
        Refusal { code: code.to_owned(), message, status }
    }
}

/// A call: the service that is called, the secret, and the action of IAM.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub peer: &'a str,
    pub id: &'a str,
    pub action: &'a str,
}

/// Returns the error for a call.
pub fn explain(refusal: &Refusal, asked: Asked<'_>) -> Error {
    let Refusal { code, message, status } = refusal;
    if code.is_empty() {
        return not_answered(*status, asked);
    }
    let (ours, what, hint) = meaning(refusal, Asked { id: &printable(asked.id, 200), ..asked });
    let said = format!("{}: {}", printable(code, 80), printable(message, 300));
    Error::new(ours, what).because(said).hint(hint)
}

fn meaning(refusal: &Refusal, Asked { peer, id, action }: Asked<'_>) -> (Code, String, String) {
    let message = refusal.message.to_ascii_lowercase();
    let region = "is it another region's endpoint? correct region_name in backend_kwargs, or AWS_DEFAULT_REGION";
    match refusal.code.as_str() {
        "AccessDeniedException" | "AccessDenied" if message.contains("kms") => (
            Code::SecretDenied,
            format!("{peer} may not decrypt {id:?} for these credentials"),
            "allow kms:Decrypt on its key: fedcred airflow put ID --secret-prefix … --kms-key ARN --print-policy"
                .to_owned(),
        ),
        "AccessDeniedException" | "AccessDenied" => (
            Code::SecretDenied,
            format!("{peer} does not let these credentials read {id:?}"),
            format!("allow {action} on it, or check who the caller is: aws sts get-caller-identity"),
        ),
        "InvalidSignatureException" | "SignatureDoesNotMatch" if message.contains("scoped to a valid region") => {
            (Code::SecretRegion, format!("the request to {peer} is signed for another region"), region.to_owned())
        }
        "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidClientTokenIdException"
        | "ExpiredTokenException"
        | "ExpiredToken" => (
            Code::NoAwsCredentials,
            format!("{peer} does not accept the AWS credentials of the request"),
            "test them: aws sts get-caller-identity".to_owned(),
        ),
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" => {
            (Code::Http5xx, format!("{peer} asks to slow down"), "try again later".to_owned())
        }
        "DecryptionFailure" | "InvalidKeyId" => (
            Code::SecretDenied,
            format!("{peer} cannot decrypt {id:?}"),
            "look at the key: aws kms describe-key --key-id …".to_owned(),
        ),
        _ if refusal.status >= 500 => (Code::Http5xx, format!("{peer} is unavailable"), "try again later".to_owned()),
        _ => (
            Code::AirflowConnection,
            format!("{peer} does not give {id:?}"),
            "look at it: aws secretsmanager describe-secret --secret-id …, or aws ssm get-parameter --name …"
                .to_owned(),
        ),
    }
}

/// An answer that is not AWS's.
fn not_answered(status: u16, Asked { peer, id, action }: Asked<'_>) -> Error {
    if status == 403 {
        let what = format!("{peer} refuses {:?}, and the answer is not from AWS (HTTP 403)", printable(id, 200));
        return Error::new(Code::SecretDenied, what)
            .hint(format!("allow {action} on it; or check HTTPS_PROXY: a proxy may refuse it"));
    }
    Error::new(Code::HttpUnexpected, format!("{peer} gave an answer that is not AWS's (HTTP {status})"))
        .hint("another server may have answered: check HTTPS_PROXY, endpoint_url in backend_kwargs, AWS_ENDPOINT_URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_read_wherever_aws_writes_it() {
        let of = |status, header: &str, body: &str| {
            let headers = [("x-amzn-errortype", header)].into_iter().filter(|(_, value)| !value.is_empty());
            let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            let Refusal { code, message, .. } = Refusal::of(status, &headers, body.as_bytes());
            (code, message)
        };
        let table = [
            (400, "", r#"{"__type": "Denied", "Message": "no"}"#, "Denied", "no"),
            (400, "", r#"{"__type": "com.amazonaws.ssm#Denied", "message": "no"}"#, "Denied", "no"),
            (400, "Denied:http://internal.amazon.com/", r#"{"message": "no"}"#, "Denied", "no"),
            (400, "", r#"{"code": "Denied"}"#, "Denied", ""),
            (403, "", "<html>", "", ""),
            (200, "", r#"{"__type": "Denied"}"#, "", ""),
        ];
        for (status, header, body, code, message) in table {
            assert_eq!(of(status, header, body), (code.to_owned(), message.to_owned()), "{header} {body}");
        }
    }

    #[test]
    fn each_refusal_has_a_code_of_its_own_and_a_next_step() {
        let table = [
            ("AccessDeniedException", "User is not authorized to perform", 400, Code::SecretDenied, "allow ssm:X"),
            ("AccessDeniedException", "Access to KMS is not allowed", 400, Code::SecretDenied, "kms:Decrypt"),
            (
                "InvalidSignatureException",
                "Credential should be scoped to a valid region.",
                400,
                Code::SecretRegion,
                "region_name",
            ),
            ("UnrecognizedClientException", "The security token is invalid", 400, Code::NoAwsCredentials, "aws sts"),
            ("ThrottlingException", "Rate exceeded", 400, Code::Http5xx, "again"),
            ("InternalServiceError", "", 500, Code::Http5xx, "again"),
            ("InvalidRequestException", "marked for deletion", 400, Code::AirflowConnection, "describe-secret"),
        ];
        for (code, message, status, expected, hint) in table {
            let refusal = Refusal { code: code.into(), message: message.into(), status };
            let asked = Asked { peer: "X in eu-west-1", id: "a/b", action: "ssm:X" };
            let (ours, what, next) = meaning(&refusal, asked);
            assert_eq!(ours, expected, "{code} {message}");
            assert!(next.contains(hint) && what.contains("eu-west-1"), "{code}: {next}");
        }
    }
}
