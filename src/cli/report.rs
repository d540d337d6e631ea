//! From an error to what the user meets: the text on stderr, the usual hint, the exit status. The one table of each.

use std::io::Write;
use std::process::ExitCode;

use crate::error::{Code, Error, Kind};

/// The AWS SDKs for Java and Ruby block on more than a pipe's buffer, and others paste it all into their own error.
const MAX_TEXT: usize = 4096;

/// Prints the error to stderr and gives the status to exit with.
pub fn failure(error: &Error) -> ExitCode {
    failures(std::slice::from_ref(error))
}

/// Prints several errors; the first one's status counts.
pub fn failures(errors: &[Error]) -> ExitCode {
    let mut all = String::new();
    for error in errors {
        all.push_str(&text(error));
    }
    to_stderr(&cut(all));
    errors.first().map_or(ExitCode::SUCCESS, |e| ExitCode::from(status(e.kind())))
}

/// `error[CODE]: …`, the causes, the hint; each on a line of its own.
pub fn text(error: &Error) -> String {
    let mut text = format!("error[{}]: {}\n", error.code.as_str(), error.what);
    for cause in &error.causes {
        text.push_str(&format!("caused by: {cause}\n"));
    }
    if let Some(hint) = error.hint.as_deref().or_else(|| usual_hint(error.code)) {
        text.push_str(&format!("hint: {hint}\n"));
    }
    text
}

/// Writes to stderr, where nobody may be listening.
pub fn to_stderr(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// The exit statuses: those of sysexits.h where it has one.
pub fn status(kind: Kind) -> u8 {
    match kind {
        Kind::Usage => 2,
        Kind::LoginRequired => 3,
        Kind::Unusable => 65,
        Kind::Internal => 70,
        Kind::Storage => 74,
        Kind::Unavailable => 75,
        Kind::Refused => 77,
        Kind::Configuration => 78,
    }
}

/// What to do next, where the error itself does not know better.
fn usual_hint(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::BadFlag => "fedcred --help",
        Code::NoKerberosTicket => "kinit",
        Code::KerberosTicketExpired => "kinit",
        Code::PasswordChangeRequired => "change the password in a browser, then try again",
        Code::MfaNeeded => "use an IdP address for AWS that does not ask this login for a second factor",
        Code::AssertionExpired => "compare this machine's clock with the IdP's: `date -u`",
        Code::ClockSkew => "set this machine's clock: `timedatectl set-ntp true`",
        Code::NotASamlResponse => "check `saml.idp_url` and `saml.xpath`",
        Code::PageTooLarge | Code::XpathTooCostly => "check `saml.idp_url` and `saml.xpath`",
        Code::IdpRejected => "check the user name and the password; a few more tries may lock the account",
        Code::IdpDeniedClaim => "ask the IdP's administrator whether you are assigned to its AWS application",
        Code::KerberosRejected => "run `kdestroy` and `kinit`, then try again",
        Code::MutualAuthFailed => "check that `saml.idp_url` is the right host; do not go on if it should be",
        Code::KdcUnreachable => "check the network or VPN, and the KDC's address in krb5.conf",
        Code::GssapiMissing => "install the Kerberos library: libgssapi-krb5-2 (Debian), krb5-libs (Fedora, Alpine)",
        Code::Timeout | Code::Connect | Code::Http5xx => {
            "try again later; a proxy is set with `saml.proxy` or HTTPS_PROXY"
        }
        Code::TokenRefused => "check what `web_identity` asks for against what the service allows this job or machine",
        Code::TokenInvalid => "check `web_identity.source`: STS takes an id_token, a signed JWT with `iss` and `sub`",
        Code::TokenExpired => "have the token renewed; if it is fresh, set this machine's clock",
        Code::TokenMissing => "check `web_identity.source` and where it runs",
        Code::NoAwsCredentials => "aws sts get-caller-identity",
        Code::StsThrottled | Code::StsUnavailable => "try again later",
        Code::Bug => "this is a fault of fedcred: please report it with this text",
        Code::ProfileNotFound => "fedcred config path",
        Code::UnknownKey
        | Code::NotYetAvailable
        | Code::InvalidValue
        | Code::InvalidArn
        | Code::InvalidXpath
        | Code::MissingKey
        | Code::ConflictingKeys
        | Code::ConfigSyntax
        | Code::UrlNotAllowed => "correct it, then run `fedcred config check`",
        _ => return None,
    })
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let mut end = MAX_TEXT - "…\n".len();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("…\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_its_causes_and_the_next_step() {
        let error = Error::new(Code::NoKerberosTicket, "no ticket").because("the cache is empty");
        assert_eq!(text(&error), "error[no-kerberos-ticket]: no ticket\ncaused by: the cache is empty\nhint: kinit\n");
        let own = error.hint("kinit alice");
        assert!(text(&own).ends_with("hint: kinit alice\n"));
    }

    #[test]
    fn no_text_is_longer_than_an_sdk_can_take() {
        let text = cut(text(&Error::new(Code::Bug, "ä".repeat(5000))));
        assert!(text.len() <= MAX_TEXT && text.ends_with("…\n"));
    }
}
