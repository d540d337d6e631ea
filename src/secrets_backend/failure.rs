//! What AWS's answer of a secrets backend means for people. Airflow passes every one of these over, and takes the next place,
//! or any credentials at hand.

use std::error::Error as StdError;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::error::{Code, Error, printable};

/// The error for the secret `id`; `action` is what IAM calls the call.
pub fn explain<E>(error: &SdkError<E, HttpResponse>, peer: &str, id: &str, action: &str) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let Some((service, code)) = error.as_service_error().and_then(|service| Some((service, service.code()?))) else {
        return not_answered(error, peer, id, action);
    };
    let message = service.message().unwrap_or_default();
    let id = printable(id, 200);
    let (ours, what, hint) = meaning(code, message, peer, &id, action, status(error));
    let said = format!("{}: {}", printable(code, 80), printable(message, 300));
    Error::new(ours, what).because(said).hint(hint)
}

fn meaning(code: &str, message: &str, peer: &str, id: &str, action: &str, status: u16) -> (Code, String, String) {
    let message = message.to_ascii_lowercase();
    let region = "is it another region's endpoint? correct region_name in backend_kwargs, or AWS_DEFAULT_REGION";
    match code {
        "AccessDeniedException" | "AccessDenied" if message.contains("kms") => (
            Code::SecretDenied,
            format!("{peer} may not decrypt {id:?} for these credentials"),
            "allow kms:Decrypt on its key: fedcred airflow put ID --secret-prefix … --kms-key ARN --print-policy"
                .to_owned(),
        ),
        "AccessDeniedException" | "AccessDenied" => (
            Code::SecretDenied,
            format!("{peer} does not let these credentials read {id:?}"),
            format!("allow {action} on it, or look who asks: aws sts get-caller-identity"),
        ),
        "InvalidSignatureException" | "SignatureDoesNotMatch" if message.contains("scoped to a valid region") => {
            (Code::SecretRegion, format!("{peer} is asked with a signature for another region"), region.to_owned())
        }
        "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidClientTokenIdException"
        | "ExpiredTokenException"
        | "ExpiredToken" => (
            Code::NoAwsCredentials,
            format!("{peer} does not accept the AWS credentials that it is asked with"),
            "try them alone: aws sts get-caller-identity".to_owned(),
        ),
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" => {
            (Code::Http5xx, format!("{peer} asks to slow down"), "try again later".to_owned())
        }
        "DecryptionFailure" | "InvalidKeyId" => (
            Code::SecretDenied,
            format!("{peer} cannot decrypt {id:?}"),
            "look at the key: aws kms describe-key --key-id …".to_owned(),
        ),
        _ if status >= 500 => (Code::Http5xx, format!("{peer} is in trouble"), "try again later".to_owned()),
        _ => (
            Code::AirflowConnection,
            format!("{peer} does not give {id:?}"),
            "look at it: aws secretsmanager describe-secret --secret-id …, or aws ssm get-parameter --name …"
                .to_owned(),
        ),
    }
}

fn status<E>(error: &SdkError<E, HttpResponse>) -> u16 {
    error.raw_response().map_or(0, |response| response.status().as_u16())
}

/// No answer, or none of AWS's: the carrier said why, in an error of ours that the SDK wrapped.
fn not_answered<E: StdError + 'static>(error: &SdkError<E, HttpResponse>, peer: &str, id: &str, action: &str) -> Error {
    let error_of_any: &(dyn StdError + 'static) = error;
    let mut causes = std::iter::successors(Some(error_of_any), |cause| (*cause).source());
    if let Some(ours) = causes.find_map(|cause| cause.downcast_ref::<Error>()) {
        return ours.clone();
    }
    if status(error) == 403 {
        let what = format!("{peer} refuses {:?}, in words that are not AWS's (HTTP 403)", printable(id, 200));
        return Error::new(Code::SecretDenied, what)
            .hint(format!("allow {action} on it; or a proxy refuses: look at HTTPS_PROXY"));
    }
    Error::new(Code::HttpUnexpected, format!("{peer} gave an answer that is not AWS's (HTTP {})", status(error)))
        .hint("look at what is on the way: HTTPS_PROXY, endpoint_url in backend_kwargs, AWS_ENDPOINT_URL")
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let (ours, what, next) = meaning(code, message, "X in eu-west-1", "a/b", "ssm:X", status);
            assert_eq!(ours, expected, "{code} {message}");
            assert!(next.contains(hint) && what.contains("eu-west-1"), "{code}: {next}");
        }
    }
}
