//! The refusals of STS for an assertion.

use super::{Meaning, aws_iam, lacks_an_action, says, trust_of, untrusted_tags};
use crate::arn::{ProviderArn, RoleArn};
use crate::error::Code;

/// Returns the meaning of a refusal that only AssumeRoleWithSAML gets.
pub(super) fn meaning(code: &str, message: &str, role: &RoleArn, provider: &ProviderArn) -> Option<Meaning> {
    Some(match code {
        "ExpiredTokenException" | "ExpiredToken" => (
            Code::AssertionExpired,
            "compare the clocks of this machine and of the IdP: an assertion is valid for 5 minutes from its issue"
                .into(),
        ),
        "IDPRejectedClaim" => {
            (Code::IdpDeniedClaim, "ask the IdP's administrators whether this user may use AWS".into())
        }
        "AccessDenied" | "AccessDeniedException" if lacks_an_action(message) => untrusted_tags("the assertion"),
        "AccessDenied" | "AccessDeniedException" => (
            Code::StsAccessDenied,
            format!(
                "the assertion has to offer this role with this provider, and the role has to trust it; see its trust with: {}",
                trust_of(&role.name)
            ),
        ),
        "InvalidIdentityToken" if says(message, "provider doesn't exist") => (
            Code::StsProviderUnknown,
            format!(
                "account {} of the partition {} has no such provider: check partition, account and name in `principal_arn` \
                 against: aws iam list-saml-providers",
                provider.account_id, provider.partition
            ),
        ),
        "InvalidIdentityToken" => (Code::StsInvalidIdentity, not_accepted(message, provider)),
        _ => return None,
    })
}

/// The next step for an assertion that is not accepted.
fn not_accepted(message: &str, provider: &ProviderArn) -> String {
    let is_about = |words| says(message, words);
    let arn = ["--saml-provider-arn", provider.as_str()];
    match () {
        () if is_about("signature") => format!(
            "the IdP's signing certificate has probably changed; give AWS its new metadata: {}",
            aws_iam("update-saml-provider", &[&arn[..], &["--saml-metadata-document", "file://METADATA.xml"]].concat())
        ),
        () if is_about("audience") => "have the IdP issue the assertion for the audience \
             https://signin.aws.amazon.com/saml or urn:amazon:webservices (its own sign-in host in other partitions)"
            .into(),
        () if is_about("recipient") => {
            "have the IdP send the assertion to https://signin.aws.amazon.com/saml (the sign-in host of the partition)"
                .into()
        }
        () if is_about("issuer") => {
            format!("the metadata at {provider} is another IdP's: its entityID has to be the assertion's Issuer")
        }
        () if is_about("rolesessionname") => "have the IdP send the attribute \
             https://aws.amazon.com/SAML/Attributes/RoleSessionName with 2 to 64 letters, digits and _+=,.@-"
            .into(),
        () => format!("compare the assertion with the settings of {provider}: {}", aws_iam("get-saml-provider", &arn)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_an_assertion_has_its_own_meaning_and_a_next_step() {
        // Code, message: as AWS's model or public reports show them. Then our code, and a word of the hint.
        let table = [
            (
                "AccessDenied",
                "Not authorized to perform sts:AssumeRoleWithSAML",
                Code::StsAccessDenied,
                "get-role --role-name Analyst",
            ),
            ("AccessDenied", "Not authorized to perform sts:TagSession", Code::StsAccessDenied, "session tags"),
            ("InvalidIdentityToken", "Specified provider doesn't exist", Code::StsProviderUnknown, "partition"),
            (
                "InvalidIdentityToken",
                "Response signature invalid (Service: AWSSecurityTokenService)",
                Code::StsInvalidIdentity,
                "update-saml-provider",
            ),
            (
                "InvalidIdentityToken",
                "Response does not contain the required audience",
                Code::StsInvalidIdentity,
                "urn:amazon:webservices",
            ),
            ("InvalidIdentityToken", "Issuer not present in specified provider", Code::StsInvalidIdentity, "entityID"),
            ("InvalidIdentityToken", "Recipient is not valid", Code::StsInvalidIdentity, "sign-in host"),
            (
                "InvalidIdentityToken",
                "RoleSessionName is required in AuthnResponse",
                Code::StsInvalidIdentity,
                "RoleSessionName",
            ),
            (
                "InvalidIdentityToken",
                "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
                Code::StsInvalidIdentity,
                "2 to 64",
            ),
            ("InvalidIdentityToken", "Invalid base64 SAMLResponse", Code::StsInvalidIdentity, "get-saml-provider"),
            (
                "ExpiredTokenException",
                "Token must be redeemed within 5 minutes of issuance",
                Code::AssertionExpired,
                "clock",
            ),
            (
                "IDPRejectedClaim",
                "The identity provider (IdP) reported that authentication failed",
                Code::IdpDeniedClaim,
                "administrators",
            ),
        ];
        let role = RoleArn::parse("arn:aws:iam::112233334444:role/Analyst").unwrap();
        let provider = ProviderArn::parse("arn:aws:iam::112233334444:saml-provider/corp").unwrap();
        for (code, message, expected, hint) in table {
            let (ours, said) = meaning(code, message, &role, &provider).unwrap();
            assert_eq!(ours, expected, "{code}: {message}");
            assert!(said.contains(hint), "{code}: {said}");
        }
    }
}
