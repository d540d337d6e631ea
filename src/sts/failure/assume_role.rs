//! The refusals of STS for AWS credentials that assume a role.

use super::{Meaning, lacks_an_action, says, trust_of};
use crate::arn::RoleArn;
use crate::error::Code;

/// Returns the meaning of a refusal that only AssumeRole, a signed call, gets.
pub(super) fn meaning(code: &str, message: &str, role: &RoleArn, access_key_id: &str) -> Option<Meaning> {
    Some(match code {
        "ExpiredToken" | "ExpiredTokenException" => (
            Code::NoAwsCredentials,
            format!("renew the credentials with the key {access_key_id}: they have expired; --force renews those of fedcred"),
        ),
        "InvalidClientTokenId" | "UnrecognizedClientException" => (
            Code::NoAwsCredentials,
            format!("check the key {access_key_id}: it is not known, or belongs to another partition than {}", role.partition),
        ),
        "SignatureDoesNotMatch" | "RequestExpired" if says(message, "signature expired") || says(message, "not yet current") => {
            (Code::ClockSkew, "set this machine's clock, for example with: timedatectl set-ntp true".into())
        }
        "SignatureDoesNotMatch" | "IncompleteSignature" => {
            (Code::NoAwsCredentials, format!("check the secret access key of {access_key_id}"))
        }
        "AccessDenied" | "AccessDeniedException" if says(message, "multifactorauthentication failed") => {
            (Code::MfaNeeded, "log in with the next code of the device in `assume_role.serial_number`".into())
        }
        "AccessDenied" | "AccessDeniedException" if says(message, "root account") => {
            (Code::StsAccessDenied, "use the credentials of a user or a role: the account's root user cannot assume a role".into())
        }
        "AccessDenied" | "AccessDeniedException" if lacks_an_action(message) => (
            Code::StsAccessDenied,
            "allow sts:TagSession for `tags`, or sts:SetSourceIdentity for `source_identity`, in the role's trust policy and in \
             the caller's own policies"
                .into(),
        ),
        "AccessDenied" | "AccessDeniedException" => (
            Code::StsAccessDenied,
            format!(
                "the role has to trust the caller, with the same `external_id`, and the caller has to be allowed sts:AssumeRole; \
                 see its trust with: {}",
                trust_of(&role.name)
            ),
        ),
        "ValidationError" if says(message, "role chaining") => {
            (Code::StsDuration, "set `duration` to 1h or less: a chained session never lasts longer".into())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_credentials_has_its_own_meaning_and_a_next_step() {
        // Code and message as public reports show them.
        let table = [
            (
                "AccessDenied",
                "User: arn:aws:sts::1:assumed-role/A/b is not authorized to perform: sts:AssumeRole on resource: arn",
                Code::StsAccessDenied,
                "external_id",
            ),
            (
                "AccessDenied",
                "User: arn is not authorized to perform: sts:TagSession on resource: arn",
                Code::StsAccessDenied,
                "sts:TagSession for `tags`",
            ),
            (
                "AccessDenied",
                "MultiFactorAuthentication failed with invalid MFA one time pass code.",
                Code::MfaNeeded,
                "next code",
            ),
            ("AccessDenied", "Roles may not be assumed by root accounts.", Code::StsAccessDenied, "root"),
            (
                "ExpiredToken",
                "The security token included in the request is expired",
                Code::NoAwsCredentials,
                "ASIAEXAMPLE",
            ),
            (
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
                Code::NoAwsCredentials,
                "partition",
            ),
            (
                "SignatureDoesNotMatch",
                "Signature expired: 20261122T000000Z is now earlier than 20261122T010000Z",
                Code::ClockSkew,
                "clock",
            ),
            (
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
                Code::NoAwsCredentials,
                "secret access key",
            ),
            (
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
                Code::StsDuration,
                "1h or less",
            ),
        ];
        let role = RoleArn::parse("arn:aws:iam::112233334444:role/Analyst").unwrap();
        for (code, message, expected, hint) in table {
            let (ours, said) = meaning(code, message, &role, "ASIAEXAMPLE").unwrap();
            assert_eq!(ours, expected, "{code}: {message}");
            assert!(said.contains(hint), "{code}: {said}");
        }
    }
}
