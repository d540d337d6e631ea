//! The refusals of STS for an OIDC token.

use super::{Meaning, aws_iam, lacks_an_action, says, trust_of, untrusted_tags};
use crate::arn::RoleArn;
use crate::error::{Code, printable};

/// Claims of the token.
pub(super) struct Token<'a> {
    pub issuer: &'a str,
    pub subject: &'a str,
    pub audiences: &'a [String],
}

/// Returns the meaning of a refusal that only AssumeRoleWithWebIdentity gets.
pub(super) fn meaning(code: &str, message: &str, role: &RoleArn, token: &Token<'_>) -> Option<Meaning> {
    let (issuer, subject) = (printable(token.issuer, 200), printable(token.subject, 200));
    let audience = printable(&token.audiences.join(" "), 200);
    // IAM names a provider by the issuer without its scheme.
    let host = issuer.trim_start_matches("https://");
    let provider = format!("arn:{}:iam::{}:oidc-provider/{host}", role.partition, role.owner);
    Some(match code {
        "ExpiredTokenException" | "ExpiredToken" => (
            Code::TokenExpired,
            "have its issuer renew it; if it is fresh, set this machine's clock, or the issuer's".into(),
        ),
        "IDPRejectedClaim" => (Code::IdpDeniedClaim, format!("ask the operators of {issuer}: they refuse this token")),
        "InvalidIdentityToken" if says(message, "audience") => (
            Code::StsAudience,
            format!(
                "ask for a token with another `audience` (now {audience}), or add it to the provider: {}",
                aws_iam(
                    "add-client-id-to-open-id-connect-provider",
                    &["--open-id-connect-provider-arn", &provider, "--client-id", &audience]
                )
            ),
        ),
        "InvalidIdentityToken" if says(message, "no openidconnect provider") => (
            Code::StsProviderUnknown,
            format!(
                "create it in account {}, with the issuer exactly as in the token, including a slash at its end: {}",
                role.owner,
                aws_iam("create-open-id-connect-provider", &["--url", &issuer, "--client-id-list", &audience])
            ),
        ),
        "InvalidIdentityToken" => (Code::StsInvalidIdentity, not_accepted(message, &issuer, &provider)),
        "AccessDenied" | "AccessDeniedException" if lacks_an_action(message) => untrusted_tags("the token"),
        "AccessDenied" | "AccessDeniedException" => (
            Code::StsAccessDenied,
            format!(
                "the role's trust policy has to allow the provider {provider} with sub = {subject} and aud = {audience}; see \
                 it with: {}",
                trust_of(&role.name)
            ),
        ),
        _ => return None,
    })
}

/// The next step for a token that is not accepted.
fn not_accepted(message: &str, issuer: &str, provider: &str) -> String {
    if says(message, "thumbprint") {
        let arguments = ["--open-id-connect-provider-arn", provider, "--thumbprint-list"];
        let update = aws_iam("update-open-id-connect-provider-thumbprint", &arguments);
        return format!("the issuer's certificate has changed: {update} …");
    }
    if says(message, "not a valid jwt") {
        return "send STS an id_token: an access token is often not a JWT that it accepts".into();
    }
    format!(
        "check that the issuer publishes the token's key: {issuer}/.well-known/openid-configuration names its `jwks_uri`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_a_token_has_its_own_meaning_and_a_next_step() {
        // Code and message as public reports show them.
        let table = [
            ("InvalidIdentityToken", "Incorrect token audience", Code::StsAudience, "--client-id sts.amazonaws.com"),
            (
                "InvalidIdentityToken",
                "No OpenIDConnect provider found in your account for https://oidc.example/t/",
                Code::StsProviderUnknown,
                "--url https://oidc.example/t/ ",
            ),
            (
                "InvalidIdentityToken",
                "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
                Code::StsInvalidIdentity,
                "oidc-provider/oidc.example/t/",
            ),
            (
                "InvalidIdentityToken",
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
                Code::StsInvalidIdentity,
                "id_token",
            ),
            (
                "InvalidIdentityToken",
                "The signature of the ID Token could not be verified",
                Code::StsInvalidIdentity,
                "openid-configuration",
            ),
            (
                "ExpiredTokenException",
                "Token expired: current date/time 1700000600 must be before the expiration date/time 1700000000",
                Code::TokenExpired,
                "renew",
            ),
            ("IDPRejectedClaim", "rejected", Code::IdpDeniedClaim, "operators"),
            (
                "AccessDenied",
                "Not authorized to perform sts:AssumeRoleWithWebIdentity",
                Code::StsAccessDenied,
                "sub = repo:octo/app and aud = sts.amazonaws.com",
            ),
            ("AccessDenied", "Not authorized to perform sts:TagSession", Code::StsAccessDenied, "session tags"),
        ];
        let role = RoleArn::parse("arn:aws:iam::112233334444:role/Analyst").unwrap();
        let audiences = ["sts.amazonaws.com".to_owned()];
        let token = Token { issuer: "https://oidc.example/t/", subject: "repo:octo/app", audiences: &audiences };
        for (code, message, expected, hint) in table {
            let (ours, said) = meaning(code, message, &role, &token).unwrap();
            assert_eq!(ours, expected, "{code}: {message}");
            assert!(said.contains(hint), "{code}: {said}");
        }
    }

    #[test]
    fn what_a_token_claims_is_a_word_of_a_command_and_no_command() {
        let role = RoleArn::parse("arn:aws:iam::112233334444:role/Analyst").unwrap();
        let audiences = ["$(touch a)".to_owned(), ";reboot".to_owned()];
        let token = Token { issuer: "https://x/`id`", subject: "s", audiences: &audiences };
        for (message, word) in [
            ("Incorrect token audience", "'$(touch a) ;reboot'"),
            ("No OpenIDConnect provider found", "'https://x/`id`'"),
        ] {
            let (_, said) = meaning("InvalidIdentityToken", message, &role, &token).unwrap();
            let (_, command) = said.rsplit_once("aws iam ").unwrap();
            // No quotes of Windows hold for both of its shells.
            let word = if cfg!(windows) { "…" } else { word };
            assert!(said.contains(word) && shlex::split(command).is_some_and(|words| words.len() == 5), "{said}");
        }
    }
}
