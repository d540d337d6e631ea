//! From an error to what the user meets: the text on stderr, the usual hint, the exit status. The one table of each.

use super::output::{self, Text};
use super::style::{Colour, Style};
use crate::error::{Code, Error, Kind};
use crate::process::ExitStatus;

/// The AWS SDKs for Java and Ruby block on more than a pipe's buffer, and others paste it all into their own error.
const MAX_TEXT: usize = 4096;

/// Prints the error to stderr and gives the status to exit with.
pub fn failure(error: &Error) -> ExitStatus {
    failures(std::slice::from_ref(error), Style::plain())
}

/// Prints several errors; the first one's status counts.
pub fn failures(errors: &[Error], style: Style) -> ExitStatus {
    output::to_stderr(&errors.iter().map(|error| text(error, style)).collect::<Text>().cut(MAX_TEXT));
    errors.first().map_or(0, |error| status(error.kind()))
}

/// `error[CODE]: …`, the causes, the hint; each on a line of its own.
pub fn text(error: &Error, style: Style) -> Text {
    let mut text = mark(error.code, style);
    text.line(&error.what);
    for cause in &error.causes {
        text.painted(style, &[(Colour::Dim, "caused by: "), (Colour::Plain, cause)]);
    }
    text.painted(style, &[(Colour::Green, "hint: "), (Colour::Strong, hint(error))]);
    text
}

/// `error[CODE]: `, before the rest of its line.
pub fn mark(code: Code, style: Style) -> Text {
    Text::begun(style, Colour::Red, &format!("error[{}]: ", code.as_str()))
}

/// The next step: the error's own, or the usual one of its code.
pub fn hint(error: &Error) -> &str {
    error.hint.as_deref().unwrap_or(usual_hint(error.code))
}

/// Puts the worst first, whose status counts for what was done side by side. 75 comes last: it tells a script that another
/// try will do, and so must not hide a failure for which it will not.
pub fn worst_first(errors: &mut [Error]) {
    errors.sort_by_key(|error| match error.kind() {
        Kind::Refused => 0,
        Kind::LoginRequired => 1,
        Kind::Unusable => 2,
        Kind::Storage => 3,
        Kind::Configuration => 4,
        Kind::Usage => 5,
        Kind::Internal => 6,
        Kind::Unavailable => 7,
    });
}

/// The exit statuses: those of sysexits.h where it has one.
pub fn status(kind: Kind) -> ExitStatus {
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

/// The status that `exec` exits with in place of its command's: those of env(1) and of shells.
pub fn status_of_exec(errors: &[Error]) -> ExitStatus {
    match errors.first().map(|error| error.code) {
        Some(Code::CommandNotFound) => 127,
        Some(Code::CommandNotRun) => 126,
        _ => 125,
    }
}

/// What to do next, where the error itself does not know better.
pub fn usual_hint(code: Code) -> &'static str {
    match code {
        Code::BadFlag => "fedcred --help",
        Code::CommandNotFound | Code::CommandNotRun => "check the command after `--`, and PATH",
        Code::ListenFailed => "choose another address with `--listen`; port 0 takes a free one",
        Code::TokenUnusable => "name another `--token-file`; one that is not there is made",
        Code::NoKerberosTicket | Code::KerberosTicketExpired => "kinit",
        Code::PromptNeeded
        | Code::RefreshTokenGone
        | Code::BrowserLoginNeeded
        | Code::LoginAbandoned
        | Code::MfaNeeded => "fedcred login PROFILE",
        Code::PasswordChangeRequired => "change the password in a browser, then try again",
        Code::CaptchaNeeded => "set `saml.auth = \"browser\"`, then: fedcred login PROFILE",
        Code::ConsentNeeded => "log in to AWS once in a browser and answer it there",
        Code::SecretRefusedBefore => "correct the secret where it is kept; a changed one is tried at once",
        Code::SecretWithoutVerdict => "to try at once: fedcred login --use-stored PROFILE",
        Code::XpathNoMatch | Code::NotASamlResponse | Code::PageTooLarge | Code::XpathTooCostly => {
            "check `saml.idp_url` and `saml.xpath`: fedcred config show PROFILE"
        }
        Code::LoginPage => "choose the `saml.auth` that this IdP wants: fedcred config show PROFILE",
        Code::NegotiateNotOffered => "set `saml.user_agent` to one that the IdP knows, or another `saml.auth`",
        Code::SchemeNotOffered => "choose a `saml.auth` that the IdP takes: fedcred inspect PROFILE",
        Code::LoginFormUnclear => "name the inputs: `saml.username_field`, `saml.password_field`",
        Code::AssertionExpired => "compare this machine's clock with the IdP's: date -u",
        Code::RoleNotOffered | Code::RoleNotChosen | Code::ProviderMismatch => {
            "choose a role that is on offer: fedcred config show PROFILE"
        }
        Code::TooManyRedirects | Code::HttpUnexpected => "open `saml.idp_url` in a browser: does it log in there?",
        Code::OriginNotAllowed => "if that server belongs to your IdP, list it in `saml.idp_origins`",
        Code::StsBadAnswer | Code::StsWrongRole => {
            "something between here and STS answers in its place: check the proxy and `sts_endpoint_url`"
        }
        Code::ClockSkew => "set this machine's clock: timedatectl set-ntp true",
        Code::MutualAuthFailed => "check that `saml.idp_url` is the right host; do not go on if it should be",
        Code::Bug => "this is a fault of fedcred: please report it with this text",
        Code::FileUnreadable => "check the path and who may read it: ls -l",
        Code::ProgramMissing => "install the package anew: both programs belong together",
        Code::InsecurePermissions => "take it away from others: chmod go=",
        Code::CacheWrite => "make the cache directory writable: fedcred config path",
        Code::OutputWrite => "make room where the output goes: df -h",
        Code::BrowserMissing => "install the package chromium, or name a browser: `saml.browser`",
        Code::BrowserFailed => "try again; start the browser by hand if it happens again",
        Code::GssapiMissing => "install the Kerberos library: libgssapi-krb5-2 (Debian), krb5-libs (Fedora, Alpine)",
        Code::KeytabUnusable => "look into the keytab: klist -k FILE",
        Code::KeyringLocked => "unlock it, or keep the secret in a file: fedcred login --store file PROFILE",
        Code::SchedulerFailed => "print what would be written: fedcred schedule install --print --with systemd",
        Code::SecretCommand => "run the command by hand",
        Code::Timeout | Code::Connect | Code::Http5xx => {
            "try again later; a proxy is set with `saml.proxy` or HTTPS_PROXY"
        }
        Code::StsThrottled | Code::StsUnavailable | Code::LockTimeout => "try again later",
        Code::KdcUnreachable => "check the network or VPN, and the KDC's address in krb5.conf",
        Code::IdpRejected => "check user name and password; a few more tries may lock the account",
        Code::IdpDeniedClaim | Code::IdpForbidden => {
            "ask the IdP's administrator whether you are assigned to its AWS application"
        }
        Code::KerberosRejected => "get a new ticket: kdestroy, then kinit",
        Code::KerberosTicketTooLarge => {
            "have the IdP allow larger headers (IIS: MaxFieldLength, MaxRequestBytes; Tomcat: maxHttpHeaderSize), or leave some groups"
        }
        Code::KeytabRefused => "have a new keytab made, with the account's present password",
        Code::KdcRefused => "ask the administrator of the Kerberos realm about this account",
        Code::StsAccessDenied => "check the role's trust policy: fedcred trust-policy PROFILE --check FILE",
        Code::StsProviderUnknown => "check partition and account of `saml.principal_arn`",
        Code::StsInvalidIdentity => "compare the SAML provider's metadata in IAM with the IdP's",
        Code::StsValidation => "correct it, then run: fedcred config check",
        Code::StsDuration => "set `duration` to what the role allows (its MaxSessionDuration)",
        Code::NoAwsCredentials => "aws sts get-caller-identity",
        Code::TokenInvalid => "check `web_identity.source`: STS takes an id_token, a signed JWT with `iss` and `sub`",
        Code::TokenExpired => "have the token renewed; if it is fresh, set this machine's clock",
        Code::TokenRefused => "check what `web_identity` asks for against what the service allows this job or machine",
        Code::TokenMissing => "check `web_identity.source` and where it runs",
        Code::StsAudience => "add the token's audience to the OIDC provider in IAM, or ask for another one: `audience`",
        Code::AwsProfileShadowed | Code::AwsProfileWrong => {
            "correct the section in ~/.aws/config: fedcred doctor PROFILE"
        }
        Code::CallsItself => "let `source_profile` name the other profile, in place of `aws_profile`",
        Code::StsPolicy => "shorten or correct `policy` and `policy_arns`",
        Code::StsRegionDisabled => "set `region` to one that is enabled for the account",
        Code::TlsUntrusted => "name the certificates to trust in `saml.ca_bundle` or AWS_CA_BUNDLE",
        Code::TlsVersion => "have TLS 1.2 or 1.3 switched on by who runs that server (RFC 8996 forbids what is older)",
        Code::TlsCipher => {
            "have a modern cipher switched on by who runs that server: ECDHE with AES-GCM or ChaCha20-Poly1305"
        }
        Code::TlsRenegotiation => {
            "set `saml.auth = \"browser\"`, or have the server ask for the certificate in the first handshake"
        }
        Code::TlsClientCertificate => {
            "name a certificate and its key that the server trusts: `saml.client_cert`, `saml.client_key`"
        }
        Code::TlsPlainHttp => "check scheme and port of the URL: https is spoken on another port",
        Code::TlsFailed => "look at the server from outside: openssl s_client -connect HOST:PORT",
        Code::ProxyAuthRequired => {
            "put user name and password into the proxy's address: http://USER:PASSWORD@HOST:PORT"
        }
        Code::ProxyRefused => "ask who runs the proxy to allow that host",
        Code::ProfileNotFound | Code::ConfigUnreadable => "fedcred config path",
        Code::UnknownKey
        | Code::NotYetAvailable
        | Code::InvalidValue
        | Code::InvalidArn
        | Code::InvalidXpath
        | Code::MissingKey
        | Code::ConflictingKeys
        | Code::ConfigSyntax
        | Code::RoleNotAssumable
        | Code::UrlNotAllowed => "correct it, then run: fedcred config check",
        Code::SecretDenied => {
            "compare the policy: fedcred airflow put ID --secret-prefix airflow/connections --print-policy"
        }
        Code::SecretBinary => {
            "store the connection as text: fedcred airflow put ID --secret-prefix airflow/connections"
        }
        Code::SecretRegion => "correct region_name in AIRFLOW__SECRETS__BACKEND_KWARGS, or AWS_DEFAULT_REGION",
        Code::AirflowConnection => "correct it, then run: fedcred airflow show ID",
        Code::AirflowUnread => "fedcred get PROFILE",
        Code::AirflowNotFound => "airflow connections list",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_its_causes_and_the_next_step() {
        let error = Error::new(Code::NoKerberosTicket, "no ticket").because("the cache is empty");
        assert_eq!(
            &*text(&error, Style::plain()),
            "error[no-kerberos-ticket]: no ticket\ncaused by: the cache is empty\nhint: kinit\n"
        );
        let own = error.hint("kinit alice");
        assert!(text(&own, Style::plain()).ends_with("hint: kinit alice\n"));
    }

    #[test]
    fn the_worst_of_several_failures_decides_the_status() {
        // Each goes before all that follow it.
        let order = [
            Code::IdpRejected,
            Code::NoKerberosTicket,
            Code::XpathNoMatch,
            Code::CacheWrite,
            Code::UnknownKey,
            Code::BadFlag,
            Code::Bug,
            Code::Timeout,
        ];
        let mut errors: Vec<Error> = order.iter().rev().map(|code| Error::new(*code, "it failed")).collect();
        worst_first(&mut errors);
        assert!(errors.iter().map(|error| error.code).eq(order));
    }
}
