//! A refusal of STS in a log or terminal of another program: the same meaning and next step as for a call of fedcred.

use super::{Asked, Call, says, verdict, what};
use crate::arn::{ProviderArn, RoleArn};
use crate::config::sts_home::Home;
use crate::error::Code;
use crate::secret::Secret;

/// What is known about the caller. Absent values appear as words in capitals.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    pub role: Option<&'a RoleArn>,
    pub provider: Option<&'a ProviderArn>,
    pub issuer: Option<&'a str>,
    pub audience: Option<&'a str>,
    pub region: Option<&'a str>,
}

/// A refusal of STS, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub code: Code,
    pub what: String,
    pub next: Option<String>,
}

/// Words of STS's messages, and their code, which the line may not name.
const MESSAGES: [(&str, &str); 22] = [
    ("incorrect token audience", "InvalidIdentityToken"),
    ("no openidconnect provider found", "InvalidIdentityToken"),
    ("couldn't retrieve verification key", "InvalidIdentityToken"),
    ("could not be retrieved from your identity provider", "InvalidIdentityToken"),
    ("token expired: current date", "ExpiredTokenException"),
    ("token must be redeemed within", "ExpiredTokenException"),
    ("not a valid jwt", "InvalidIdentityToken"),
    ("configured thumbprint", "InvalidIdentityToken"),
    ("id token could not be verified", "InvalidIdentityToken"),
    ("response signature invalid", "InvalidIdentityToken"),
    ("issuer not present in specified provider", "InvalidIdentityToken"),
    ("provider doesn't exist", "InvalidIdentityToken"),
    ("token included in the request is expired", "ExpiredToken"),
    ("token included in the request is invalid", "InvalidClientTokenId"),
    // S3's message.
    ("access key id you provided does not exist", "InvalidClientTokenId"),
    ("signature expired", "SignatureDoesNotMatch"),
    ("signature not yet current", "SignatureDoesNotMatch"),
    ("durationseconds exceeds", "ValidationError"),
    ("1 hour session limit", "ValidationError"),
    ("is not activated in this region", "RegionDisabledException"),
    ("packed policy consumes", "PackedPolicyTooLarge"),
    ("rate exceeded", "Throttling"),
];

/// Codes that a line may name: `An error occurred (InvalidIdentityToken) when calling …`.
const CODES: [&str; 13] = [
    "InvalidIdentityToken",
    "IDPCommunicationError",
    "IDPRejectedClaim",
    "ExpiredTokenException",
    "ExpiredToken",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "RegionDisabledException",
    "PackedPolicyTooLarge",
    "MalformedPolicyDocument",
    "ThrottlingException",
    "Throttling",
];

/// Explains the line if it is a refusal of STS other than AccessDenied. `text` is one line, without wrapping.
pub fn of_line(text: &str, known: Known<'_>) -> Option<Told> {
    let code = CODES.iter().copied().find(|code| text.contains(code));
    let code = MESSAGES.iter().find(|(words, _)| says(text, words)).map(|(_, code)| *code).or(code)?;
    // Placeholders of the right form, which are replaced by words below.
    let role = known.role.cloned().or_else(|| RoleArn::parse("arn:aws:iam::000000000000:role/ROLE").ok())?;
    let provider =
        known.provider.cloned().or_else(|| ProviderArn::parse("arn:aws:iam::000000000000:saml-provider/NAME").ok())?;
    let issuer = text.split_once("account for ").and_then(|(_, rest)| rest.split([' ', '"', ',', '<']).next());
    let issuer = issuer.filter(|issuer| issuer.contains('.')).or(known.issuer).unwrap_or("https://ISSUER");
    let audiences = [known.audience.unwrap_or("AUDIENCE").to_owned()];
    let is_of_token =
        says(text, "webidentity") || says(text, "openid") || says(text, "token audience") || says(text, "jwt");
    let call = if known.provider.is_some() || says(text, "saml") {
        Call::Saml { provider: &provider }
    } else if is_of_token || code == "InvalidIdentityToken" || known.issuer.is_some() {
        Call::WebIdentity { issuer, subject: "SUB", audiences: &audiences }
    } else {
        Call::AssumeRole { access_key_id: "that was used" }
    };
    let none = Secret::new(String::new());
    let region = known.region.unwrap_or("REGION");
    let asked = Asked { peer: "STS", region, home: Home::Aws, role: &role, duration: None, call, proof: &none };
    let (code, next) = verdict(400, code, text, &asked);
    let words = |text: String| text.replace("000000000000", "ACCOUNT");
    Some(Told { code, what: words(what(code, &asked)), next: next.map(words) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusals_of_sts_are_told_as_where_they_are_met() {
        // As programs print them.
        let table = [
            (
                "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: Incorrect token audience",
                Code::StsAudience,
                "add-client-id",
            ),
            (
                "Error: Could not assume role with OIDC: No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com",
                Code::StsProviderUnknown,
                "--url https://token.actions.githubusercontent.com",
            ),
            (
                "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
                Code::StsUnavailable,
                "reach",
            ),
            (
                "ExpiredTokenException: Token expired: current date/time 1700000600 must be before the expiration date/time 1700000000 (WebIdentity)",
                Code::TokenExpired,
                "renew",
            ),
            (
                "An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: The security token included in the request is expired",
                Code::NoAwsCredentials,
                "renew",
            ),
            (
                "An error occurred (InvalidClientTokenId) when calling the AssumeRole operation: The security token included in the request is invalid.",
                Code::NoAwsCredentials,
                "key",
            ),
            (
                "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
                Code::StsDuration,
                "1h",
            ),
            (
                "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
                Code::StsInvalidIdentity,
                "thumbprint",
            ),
            (
                "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithSAML operation: Response signature invalid",
                Code::StsInvalidIdentity,
                "update-saml-provider",
            ),
        ];
        for (line, code, hint) in table {
            let told = of_line(line, Known::default()).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(told.code, code, "{line}");
            let next = told.next.unwrap_or_default();
            assert!(next.contains(hint) && !next.contains("000000000000"), "{line}: {next}");
        }
        assert_eq!(of_line("Access Denied", Known::default()), None);
    }
}
