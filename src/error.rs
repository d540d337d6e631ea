//! The one error type: a stable code, what failed, why, and the next command.
//!
//! A code belongs to exactly one [`Kind`], and a kind to exactly one exit status (the table is in `cli::report`).
//! An error is plain data, so that a waiting process can be handed the error of the one that worked.
//! Nothing secret may enter: no body, no URL query. Text that came from a peer goes through [`printable`] first.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use crate::text::printable;

pub type Result<T> = std::result::Result<T, Error>;

/// What sort of failure it is. It decides the exit status and whether another try may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line is wrong.
    Usage,
    /// A person (or a machine's own login) has to log in first.
    LoginRequired,
    /// A peer answered, but not with what we can use.
    Unusable,
    /// A fault of ours.
    Internal,
    /// Disk, keyring, permissions.
    Storage,
    /// Nobody answered, or answered "later".
    Unavailable,
    /// A peer understood and said no.
    Refused,
    /// The configuration is wrong.
    Configuration,
}

/// The step that failed, set where it is made. It says whose concern a failure is, and what the next try waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// This machine: settings, files, tickets, a keyring. Nobody was asked.
    Local,
    /// The identity provider, or whoever else issues the proof of identity.
    IdentityProvider,
    /// A page of the identity provider on which only a person can go on: a second factor, a consent, a captcha, a new password.
    /// It is not met again unattended.
    Person,
    /// STS of this endpoint and region, or the role that it was asked for.
    Sts,
    /// The AWS credentials with which a role is assumed.
    Base,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $text:literal, $kind:ident;)*) => {
        /// The stable code of an error, as printed in `error[CODE]`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])* $variant,)* }

        /// A line for each code, with a tab before its meaning. One text, since each of many would cost every start a relocation.
        const MEANINGS: &str = concat!($($text, "\t", $($doc,)* "\n",)*);

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// The code spelled `text`, as [`Code::as_str`] spells it.
            pub fn parse(text: &str) -> Option<Self> {
                Code::ALL.iter().copied().find(|code| code.as_str() == text)
            }

            /// What it says happened: one sentence or two.
            pub fn meaning(self) -> &'static str {
                let of = |line: &'static str| line.split_once('\t').filter(|(code, _)| *code == self.as_str());
                MEANINGS.lines().find_map(of).map_or("", |(_, meaning)| meaning.trim())
            }

            pub fn kind(self) -> Kind {
                match self { $(Code::$variant => Kind::$kind,)* }
            }
        }
    };
}

codes! {
    /// A flag or argument that cannot be understood.
    BadFlag = "bad-flag", Usage;
    /// `exec`: there is no such program.
    CommandNotFound = "command-not-found", Usage;
    /// `exec`: the program is there, and cannot be started.
    CommandNotRun = "command-not-run", Usage;

    /// The ticket cache holds no ticket.
    NoKerberosTicket = "no-kerberos-ticket", LoginRequired;
    /// The ticket cache holds only tickets that have expired.
    KerberosTicketExpired = "kerberos-ticket-expired", LoginRequired;
    /// A secret has to be typed, and `get` asks nobody.
    PromptNeeded = "prompt-needed", LoginRequired;
    /// The IdP wants a person at a browser.
    BrowserLoginNeeded = "browser-login-needed", LoginRequired;
    /// The person closed the browser before the login was done, or said no to whom it named.
    LoginAbandoned = "login-abandoned", LoginRequired;
    /// The IdP wants a second factor.
    MfaNeeded = "mfa-needed", LoginRequired;
    /// The same secret was refused before; it is not sent again until it changes or a person logs in.
    SecretRefusedBefore = "secret-refused-before", LoginRequired;
    /// The same secret was sent and nobody said whether it is right; it is sent again once an hour.
    SecretWithoutVerdict = "secret-without-verdict", LoginRequired;
    /// The IdP wants a new password before it lets anybody in.
    PasswordChangeRequired = "password-change-required", LoginRequired;
    /// The IdP's page has a captcha, which keeps programs out.
    CaptchaNeeded = "captcha-needed", LoginRequired;
    /// The IdP asks for the user's consent.
    ConsentNeeded = "consent-needed", LoginRequired;
    /// No refresh token is kept, or its issuer does not take it any more.
    RefreshTokenGone = "refresh-token-gone", LoginRequired;
    /// The AWS credentials to start from are not there, or have expired.
    NoAwsCredentials = "no-aws-credentials", LoginRequired;

    /// The XPath expression found nothing on the page that came.
    XpathNoMatch = "xpath-no-match", Unusable;
    /// The XPath expression ran out of its bounds on this page.
    XpathTooCostly = "xpath-too-costly", Unusable;
    /// A page that is too large, too deep or takes too long to read.
    PageTooLarge = "page-too-large", Unusable;
    /// A login page came although no login was asked for.
    LoginPage = "login-page", Unusable;
    /// The IdP does not offer Negotiate, which `auth = "spnego"` needs.
    NegotiateNotOffered = "negotiate-not-offered", Unusable;
    /// The IdP does not take the authentication scheme that `auth` uses.
    SchemeNotOffered = "scheme-not-offered", Unusable;
    /// A login form came that cannot be filled in without guessing.
    LoginFormUnclear = "login-form-unclear", Unusable;
    /// What came is no SAML response.
    NotASamlResponse = "not-a-saml-response", Unusable;
    /// The assertion's time has passed.
    AssertionExpired = "assertion-expired", Unusable;
    /// The role that was asked for is not in the assertion.
    RoleNotOffered = "role-not-offered", Unusable;
    /// The role is offered, through another SAML provider than the configured one.
    ProviderMismatch = "provider-mismatch", Unusable;
    /// Several roles are on offer and none was named.
    RoleNotChosen = "role-not-chosen", Unusable;
    /// More redirects or forms in a row than any login takes.
    TooManyRedirects = "too-many-redirects", Unusable;
    /// The IdP sends us to an origin that is not its own and not listed.
    OriginNotAllowed = "origin-not-allowed", Unusable;
    /// The IdP answered with a status that is neither success nor a known refusal.
    HttpUnexpected = "http-unexpected", Unusable;
    /// STS answered with something that is not an answer of STS.
    StsBadAnswer = "sts-bad-answer", Unusable;
    /// STS answered for another role than the one asked for.
    StsWrongRole = "sts-wrong-role", Unusable;
    /// Fresh credentials are already expired by this machine's clock.
    ClockSkew = "clock-skew", Unusable;
    /// The IdP could not prove that it is the service it was asked to be.
    MutualAuthFailed = "mutual-auth-failed", Unusable;
    /// What should be a token is none, or lacks a claim.
    TokenInvalid = "token-invalid", Unusable;
    /// The token's time has passed.
    TokenExpired = "token-expired", Unusable;

    /// A fault of fedcred's own.
    Bug = "bug", Internal;

    /// A file could not be read.
    FileUnreadable = "file-unreadable", Storage;
    /// A file or directory is open to others.
    InsecurePermissions = "insecure-permissions", Storage;
    /// The complete program is not where the small one in front of it looks.
    ProgramMissing = "program-missing", Storage;
    /// The cache cannot be written.
    CacheWrite = "cache-write", Storage;
    /// Standard output cannot be written.
    OutputWrite = "output-write", Storage;
    /// The container endpoint's address cannot be listened on.
    ListenFailed = "listen-failed", Storage;
    /// The container endpoint's token cannot be used.
    TokenUnusable = "token-unusable", Storage;
    /// The Kerberos library is not on this machine.
    GssapiMissing = "gssapi-missing", Storage;
    /// There is no browser that can be driven.
    BrowserMissing = "browser-missing", Storage;
    /// A keytab that cannot be read or does not hold the principal.
    KeytabUnusable = "keytab-unusable", Storage;
    /// The keyring is locked, does not answer, or is not there.
    KeyringLocked = "keyring-locked", Storage;
    /// systemd, launchd or cron did not take a job, or is not there.
    SchedulerFailed = "scheduler-failed", Storage;
    /// A command that should print a secret failed.
    SecretCommand = "secret-command", Storage;

    /// The deadline passed.
    Timeout = "timeout", Unavailable;
    /// Another process is logging in as the same identity and did not end in time.
    LockTimeout = "lock-timeout", Unavailable;
    /// No connection, or a connection that broke.
    Connect = "connect", Unavailable;
    /// The peer is in trouble (HTTP 5xx, 429).
    Http5xx = "http-5xx", Unavailable;
    /// STS asks to slow down.
    StsThrottled = "sts-throttled", Unavailable;
    /// STS is in trouble, or cannot reach what it needs.
    StsUnavailable = "sts-unavailable", Unavailable;
    /// The browser ended, or cannot be driven.
    BrowserFailed = "browser-failed", Unavailable;
    /// No KDC answers.
    KdcUnreachable = "kdc-unreachable", Unavailable;

    /// The IdP refused the secret that was sent.
    IdpRejected = "idp-rejected", Refused;
    /// The IdP authenticated the user and then said no.
    IdpDeniedClaim = "idp-denied-claim", Refused;
    /// The IdP answered 403.
    IdpForbidden = "idp-forbidden", Refused;
    /// The IdP refused the Kerberos ticket.
    KerberosRejected = "kerberos-rejected", Refused;
    /// The IdP does not take a request with the Kerberos ticket in it, which is too large for it.
    KerberosTicketTooLarge = "kerberos-ticket-too-large", Refused;
    /// The KDC refused the key in the keytab.
    KeytabRefused = "keytab-refused", Refused;
    /// The KDC refused to give a ticket.
    KdcRefused = "kdc-refused", Refused;
    /// STS said AccessDenied.
    StsAccessDenied = "sts-access-denied", Refused;
    /// STS does not know the SAML provider.
    StsProviderUnknown = "sts-provider-unknown", Refused;
    /// STS refused the assertion or token itself.
    StsInvalidIdentity = "sts-invalid-identity", Refused;
    /// STS found a parameter it does not take.
    StsValidation = "sts-validation", Refused;
    /// The duration is longer than the role allows.
    StsDuration = "sts-duration", Refused;
    /// STS refused the session policy.
    StsPolicy = "sts-policy", Refused;
    /// STS is switched off in this region for this account.
    StsRegionDisabled = "sts-region-disabled", Refused;
    /// STS's provider does not accept the token's audience.
    StsAudience = "sts-audience", Refused;
    /// A secrets backend does not let these credentials read the secret.
    SecretDenied = "secret-denied", Refused;
    /// Who issues tokens refused to issue one.
    TokenRefused = "token-refused", Refused;
    /// The server's certificate is not trusted.
    TlsUntrusted = "tls-untrusted", Refused;
    /// The server speaks only versions of TLS that are too old.
    TlsVersion = "tls-version", Refused;
    /// The server and fedcred have no TLS cipher or curve in common.
    TlsCipher = "tls-cipher", Refused;
    /// The server wants a new TLS handshake in the middle of the connection.
    TlsRenegotiation = "tls-renegotiation", Refused;
    /// The server wants a client certificate, or does not take the one it was shown.
    TlsClientCertificate = "tls-client-certificate", Refused;
    /// The server answers without TLS where https was expected.
    TlsPlainHttp = "tls-plain-http", Refused;
    /// No TLS with the server for another reason.
    TlsFailed = "tls-failed", Refused;
    /// A proxy wants a login, or did not take the one it was shown.
    ProxyAuthRequired = "proxy-auth-required", Refused;
    /// A proxy does not let us through.
    ProxyRefused = "proxy-refused", Refused;

    /// No such profile.
    ProfileNotFound = "profile-not-found", Configuration;
    /// A key nobody knows.
    UnknownKey = "unknown-key", Configuration;
    /// A key that is there, but whose feature is not in this version.
    NotYetAvailable = "not-yet-available", Configuration;
    /// A value of the wrong type or form.
    InvalidValue = "invalid-value", Configuration;
    /// An ARN that cannot be.
    InvalidArn = "invalid-arn", Configuration;
    /// An XPath expression that cannot be evaluated.
    InvalidXpath = "invalid-xpath", Configuration;
    /// A key that must be there is not.
    MissingKey = "missing-key", Configuration;
    /// Keys that exclude each other.
    ConflictingKeys = "conflicting-keys", Configuration;
    /// The file is not TOML.
    ConfigSyntax = "config-syntax", Configuration;
    /// The file cannot be read, or not be trusted.
    ConfigUnreadable = "config-unreadable", Configuration;
    /// A URL that may not be used for this.
    UrlNotAllowed = "url-not-allowed", Configuration;
    /// An Airflow connection that cannot be read, or says what cannot be.
    AirflowConnection = "airflow-connection", Configuration;
    /// No place that is looked at defines the Airflow connection.
    AirflowNotFound = "airflow-not-found", Configuration;
    /// An Airflow connection is in a secrets backend, of which nothing is kept here.
    AirflowUnread = "airflow-unread", Configuration;
    /// The secret that should be an Airflow connection is binary.
    SecretBinary = "secret-binary", Configuration;
    /// A secrets backend is asked in another region than it is in.
    SecretRegion = "secret-region", Configuration;
    /// There is no token where one should be.
    TokenMissing = "token-missing", Configuration;
    /// An AWS profile that is to run fedcred has something that SDKs take first.
    AwsProfileShadowed = "aws-profile-shadowed", Configuration;
    /// An AWS profile runs fedcred in a way that an SDK cannot.
    AwsProfileWrong = "aws-profile-wrong", Configuration;
    /// fedcred would have to call itself without end.
    CallsItself = "calls-itself", Configuration;
    /// A role of this kind cannot be assumed this way.
    RoleNotAssumable = "role-not-assumable", Configuration;
}

/// A failure: a code, one sentence, the causes from the outside in, and the next step when it differs from the code's usual one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    pub code: Code,
    pub what: String,
    pub causes: Vec<String>,
    pub hint: Option<String>,
    /// Absent until a step claims it. Of interest to the process in which it happened, so it is not handed on.
    #[serde(skip)]
    pub step: Option<Step>,
}

impl Error {
    pub fn new(code: Code, what: impl Into<String>) -> Self {
        Error { code, what: what.into(), causes: Vec::new(), hint: None, step: None }
    }

    /// Adds a cause below those already there.
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Sets the next step, in place of the code's usual one.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn kind(&self) -> Kind {
        self.code.kind()
    }

    /// Says which step failed, unless a step within that one has said so.
    pub fn at(mut self, step: Step) -> Self {
        self.step.get_or_insert(step);
        self
    }

    /// The step that failed. One that nobody claimed was no peer's.
    pub fn step(&self) -> Step {
        self.step.unwrap_or(Step::Local)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Code::parse(&text).ok_or_else(|| serde::de::Error::custom("a code of another version"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code.as_str(), self.what)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} stands twice", code.as_str());
            assert!(code.as_str().chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        }
    }

    #[test]
    fn an_error_can_be_handed_to_another_process() {
        for code in Code::ALL {
            let error = Error::new(*code, "what").because("why").because("and why").hint("do this");
            let json = serde_json::to_string(&error).unwrap();
            assert_eq!(serde_json::from_str::<Error>(&json).unwrap(), error);
        }
        assert!(serde_json::from_str::<Error>(r#"{"code":"of-tomorrow","what":"","causes":[],"hint":null}"#).is_err());
    }
}
