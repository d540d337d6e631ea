//! The codes of errors, one row each: kind, cause, doctor's step and usual hint.

use super::kind::Kind;

#[cfg(windows)]
mod windows;

/// The steps that `doctor` checks, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoctorStep {
    Configuration,
    AwsFiles,
    Clock,
    Network,
    Kerberos,
    Login,
    Page,
    Identity,
    Roles,
    Sts,
    Duration,
    Cache,
    Keyring,
}

macro_rules! codes {
    ($($kind:ident { $($(#[doc = $doc:literal])* $variant:ident = $text:literal, $step:ident, $hint:literal;)* })*) => {
        /// The stable code of an error, as printed in `error[CODE]`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($($(#[doc = $doc])* $variant,)*)* }

        /// A line for each code: its meaning and its usual hint after tabs. One text, since each of many would cost every start a
        /// relocation.
        const TEXTS: &str = concat!($($($text, "\t", $($doc,)* "\t", $hint, "\n",)*)*);

        impl Code {
            pub const ALL: &[Code] = &[$($(Code::$variant,)*)*];

            pub fn as_str(self) -> &'static str {
                match self { $($(Code::$variant => $text,)*)* }
            }

            pub fn kind(self) -> Kind {
                match self { $($(Code::$variant)|* => Kind::$kind,)* }
            }

            /// The step of `doctor` at which it is the problem, if it comes before the proof of identity is there.
            pub fn step(self) -> DoctorStep {
                match self { $($(Code::$variant => DoctorStep::$step,)*)* }
            }
        }
    };
}

impl Code {
    /// The code spelled `text`, as [`Code::as_str`] spells it.
    pub fn parse(text: &str) -> Option<Self> {
        Code::ALL.iter().copied().find(|code| code.as_str() == text)
    }

    /// What happened, in one sentence or two.
    pub fn meaning(self) -> &'static str {
        self.texts().0.trim()
    }

    /// What to do next, where the error itself has no hint.
    pub fn hint(self) -> &'static str {
        #[cfg(windows)]
        if let Some(hint) = windows::hint(self) {
            return hint;
        }
        self.texts().1
    }

    fn texts(self) -> (&'static str, &'static str) {
        let of = |line: &'static str| line.strip_prefix(self.as_str())?.strip_prefix('\t')?.split_once('\t');
        TEXTS.lines().find_map(of).unwrap_or_default()
    }
}

codes! {
    Usage {
        /// A flag or argument is unknown or not valid.
        BadFlag = "bad-flag", Configuration, "fedcred --help";
        /// `exec`: there is no such program.
        CommandNotFound = "command-not-found", Configuration, "check the command after `--`, and PATH";
        /// `exec`: the program exists but cannot be started.
        CommandNotRun = "command-not-run", Configuration, "check the command after `--`, and PATH";
    }
    LoginRequired {
        /// The ticket cache holds no ticket.
        NoKerberosTicket = "no-kerberos-ticket", Kerberos, "kinit";
        /// The ticket cache holds only tickets that have expired.
        KerberosTicketExpired = "kerberos-ticket-expired", Kerberos, "kinit";
        /// A secret has to be typed, and this command does not prompt.
        PromptNeeded = "prompt-needed", Login, "fedcred login PROFILE";
        /// The IdP needs a login in a browser.
        BrowserLoginNeeded = "browser-login-needed", Login, "fedcred login PROFILE";
        /// The browser was closed before the login was complete, or the shown identity was not confirmed.
        LoginAbandoned = "login-abandoned", Login, "fedcred login PROFILE";
        /// The IdP asks for a second factor.
        MfaNeeded = "mfa-needed", Page, "fedcred login PROFILE";
        /// The IdP rejected this secret before; it is not sent again until it changes or until `fedcred login`.
        SecretRefusedBefore = "secret-refused-before", Login, "correct the secret where it is stored; a changed secret is tried at once";
        /// This secret was sent and the IdP did not say whether it is right; it is sent again once an hour.
        SecretWithoutVerdict = "secret-without-verdict", Login, "to try at once: fedcred login --use-stored PROFILE";
        /// The IdP requires a new password.
        PasswordChangeRequired = "password-change-required", Page, "change the password in a browser, then try again";
        /// The IdP's page has a captcha.
        CaptchaNeeded = "captcha-needed", Page, "set `saml.auth = \"browser\"`, then: fedcred login PROFILE";
        /// The IdP asks for the user's consent.
        ConsentNeeded = "consent-needed", Page, "log in to AWS once in a browser and answer the question there";
        /// No refresh token is stored, or its issuer no longer accepts it.
        RefreshTokenGone = "refresh-token-gone", Login, "fedcred login PROFILE";
        /// The AWS credentials to start from are missing or have expired.
        NoAwsCredentials = "no-aws-credentials", Identity, "aws sts get-caller-identity";
    }
    Unusable {
        /// The XPath expression found nothing on the page.
        XpathNoMatch = "xpath-no-match", Page, "check `saml.idp_url` and `saml.xpath`: fedcred config show PROFILE";
        /// The XPath expression took too long on this page.
        XpathTooCostly = "xpath-too-costly", Page, "check `saml.idp_url` and `saml.xpath`: fedcred config show PROFILE";
        /// The page is too large, too deeply nested or takes too long to parse.
        PageTooLarge = "page-too-large", Page, "check `saml.idp_url` and `saml.xpath`: fedcred config show PROFILE";
        /// The IdP answered with a login page, and no login method is configured.
        LoginPage = "login-page", Page, "set `saml.auth` to the method of this IdP: fedcred config show PROFILE";
        /// The IdP does not offer Negotiate, which `auth = "spnego"` needs.
        NegotiateNotOffered = "negotiate-not-offered", Kerberos, "set `saml.user_agent` to one that the IdP knows, or another `saml.auth`";
        /// The IdP does not offer the authentication scheme that `auth` uses.
        SchemeNotOffered = "scheme-not-offered", Login, "set `saml.auth` to a method that the IdP offers: fedcred inspect PROFILE";
        /// The inputs of the login form were not recognised.
        LoginFormUnclear = "login-form-unclear", Page, "name the inputs: `saml.username_field`, `saml.password_field`";
        /// The IdP's answer is not a SAML response.
        NotASamlResponse = "not-a-saml-response", Page, "check `saml.idp_url` and `saml.xpath`: fedcred config show PROFILE";
        /// The assertion has expired.
        AssertionExpired = "assertion-expired", Identity, "compare this machine's clock with the IdP's: date -u";
        /// The requested role is not in the assertion.
        RoleNotOffered = "role-not-offered", Roles, "set `role_arn` to a role that is offered: fedcred roles PROFILE";
        /// The role is offered through another SAML provider than the configured one.
        ProviderMismatch = "provider-mismatch", Roles, "set `role_arn` to a role that is offered: fedcred roles PROFILE";
        /// Several roles are offered and the profile names none.
        RoleNotChosen = "role-not-chosen", Roles, "set `role_arn` to a role that is offered: fedcred roles PROFILE";
        /// Too many redirects or forms in a row.
        TooManyRedirects = "too-many-redirects", Login, "check that `saml.idp_url` works in a browser";
        /// The IdP redirects to an origin that is neither its own nor listed.
        OriginNotAllowed = "origin-not-allowed", Login, "if that server belongs to your IdP, list it in `saml.idp_origins`";
        /// The IdP answered with a status that is neither success nor a known refusal.
        HttpUnexpected = "http-unexpected", Login, "check that `saml.idp_url` works in a browser";
        /// The answer is not from STS.
        StsBadAnswer = "sts-bad-answer", Sts, "check the proxy and `sts_endpoint_url`: another server answers in place of STS";
        /// STS answered for another role than the requested one.
        StsWrongRole = "sts-wrong-role", Sts, "check the proxy and `sts_endpoint_url`: another server answers in place of STS";
        /// Fresh credentials are already expired by this machine's clock.
        ClockSkew = "clock-skew", Kerberos, "set this machine's clock: timedatectl set-ntp true";
        /// The IdP did not prove its identity by Kerberos.
        MutualAuthFailed = "mutual-auth-failed", Kerberos, "check that `saml.idp_url` names the right host; if it does, somebody may be intercepting the connection";
        /// The text is not a valid token, or the token lacks a claim.
        TokenInvalid = "token-invalid", Identity, "check `web_identity.source`: STS takes an id_token, a signed JWT with `iss` and `sub`";
        /// The token has expired.
        TokenExpired = "token-expired", Identity, "renew the token; if it is new, set this machine's clock";
    }
    Internal {
        /// A bug in fedcred.
        Bug = "bug", Login, "this is a bug in fedcred: please report it with this text";
    }
    Storage {
        /// A file could not be read.
        FileUnreadable = "file-unreadable", Login, "check the path and its permissions: ls -l";
        /// Others can read or write a file or directory.
        InsecurePermissions = "insecure-permissions", Login, "remove the access of others: chmod go=";
        /// The complete program is not where the small program in front of it looks.
        ProgramMissing = "program-missing", Login, "reinstall the package: it has both programs";
        /// The cache cannot be written.
        CacheWrite = "cache-write", Cache, "make the cache directory writable: fedcred config path";
        /// Standard output cannot be written.
        OutputWrite = "output-write", Login, "free space on the disk of the output: df -h";
        /// The container endpoint cannot listen on its address.
        ListenFailed = "listen-failed", Login, "choose another address with `--listen`; port 0 is any free port";
        /// The container endpoint's token cannot be used.
        TokenUnusable = "token-unusable", Login, "name another `--token-file`; a missing file is created";
        /// The Kerberos library is not installed.
        GssapiMissing = "gssapi-missing", Kerberos, "install the Kerberos library: libgssapi-krb5-2 (Debian), krb5-libs (Fedora, Alpine)";
        /// No supported browser is installed.
        BrowserMissing = "browser-missing", Login, "install the package chromium, or name a browser: `saml.browser`";
        /// The keytab cannot be read, or does not hold the principal.
        KeytabUnusable = "keytab-unusable", Kerberos, "list the principals of the keytab: klist -k FILE";
        /// The keyring is locked, does not answer, or does not exist.
        KeyringLocked = "keyring-locked", Keyring, "unlock the keyring, or store the secret in a file: fedcred login --store file PROFILE";
        /// systemd, launchd or cron did not accept the job, or is not available.
        SchedulerFailed = "scheduler-failed", Login, "print what would be written: fedcred schedule install --print --with systemd";
        /// The command that prints a secret failed.
        SecretCommand = "secret-command", Login, "run the command in a terminal";
        /// The fleet's Redis is out of memory, or cannot save its data. This machine works alone.
        FleetFull = "fleet-full", Cache, "give that Redis more memory (maxmemory) or repair its disk, then: fedcred doctor PROFILE";
        /// The fleet's Redis is a replica, which accepts no writes. This machine works alone.
        FleetReadOnly = "fleet-read-only", Cache, "let `cache.store` name the primary, or list sentinels in `cache.store_sentinels`";
        /// The sealing key of the fleet is not on this machine, which works alone.
        FleetKeyMissing = "fleet-key-missing", Cache, "copy the fleet's key to the path in `cache.key_file`; to create one: fedcred cache key new FILE";
        /// The fleet's Redis is in use with another sealing key than this machine's. This machine works alone.
        FleetKeyDiffers = "fleet-key-differs", Cache, "give all machines the same `cache.key_file`, or this fleet its own `cache.store_prefix`";
    }
    Unavailable {
        /// The time limit was reached.
        Timeout = "timeout", Login, "try again later; a proxy is set with `saml.proxy` or HTTPS_PROXY";
        /// Another process is logging in as the same identity and did not finish in time.
        LockTimeout = "lock-timeout", Cache, "try again later";
        /// The connection failed or broke.
        Connect = "connect", Login, "try again later; a proxy is set with `saml.proxy` or HTTPS_PROXY";
        /// The server is not available (HTTP 5xx) or limits requests (429).
        Http5xx = "http-5xx", Login, "try again later; a proxy is set with `saml.proxy` or HTTPS_PROXY";
        /// STS limits requests.
        StsThrottled = "sts-throttled", Sts, "try again later";
        /// STS is not available, or cannot reach the identity provider.
        StsUnavailable = "sts-unavailable", Sts, "try again later";
        /// The browser exited, or cannot be controlled.
        BrowserFailed = "browser-failed", Login, "try again; if it fails again, start the browser yourself to see why";
        /// The fleet's Redis does not answer in time. This machine works alone.
        FleetUnreachable = "fleet-unreachable", Cache, "check `cache.store` and the network: redis-cli -u URL ping";
        /// No KDC answers.
        KdcUnreachable = "kdc-unreachable", Kerberos, "check the network or VPN, and the KDC's address in krb5.conf";
    }
    Refused {
        /// The IdP rejected the secret.
        IdpRejected = "idp-rejected", Login, "check user name and password; more failed attempts may lock the account";
        /// The IdP authenticated the user and denied access.
        IdpDeniedClaim = "idp-denied-claim", Identity, "ask the IdP's administrator whether you are assigned to its AWS application";
        /// The IdP answered 403.
        IdpForbidden = "idp-forbidden", Login, "ask the IdP's administrator whether you are assigned to its AWS application";
        /// The IdP refused the Kerberos ticket.
        KerberosRejected = "kerberos-rejected", Kerberos, "get a new ticket: kdestroy, then kinit";
        /// The Kerberos ticket is too large for the IdP.
        KerberosTicketTooLarge = "kerberos-ticket-too-large", Login, "ask the IdP's administrator to allow larger headers (IIS: MaxFieldLength, MaxRequestBytes; Tomcat: maxHttpHeaderSize), or leave some groups";
        /// The KDC refused the key in the keytab.
        KeytabRefused = "keytab-refused", Kerberos, "create a new keytab with the account's current password";
        /// The KDC refused to issue a ticket.
        KdcRefused = "kdc-refused", Kerberos, "ask the administrator of the Kerberos realm about this account";
        /// STS answered AccessDenied.
        StsAccessDenied = "sts-access-denied", Sts, "check the role's trust policy: fedcred trust-policy PROFILE --check FILE";
        /// STS does not know the SAML provider.
        StsProviderUnknown = "sts-provider-unknown", Sts, "check partition and account of `saml.principal_arn`";
        /// STS refused the assertion or token itself.
        StsInvalidIdentity = "sts-invalid-identity", Sts, "compare the SAML provider's metadata in IAM with the IdP's";
        /// STS rejected a parameter.
        StsValidation = "sts-validation", Sts, "correct it, then run: fedcred config check";
        /// The duration is longer than the role allows.
        StsDuration = "sts-duration", Duration, "set `duration` to what the role allows (its MaxSessionDuration)";
        /// STS refused the session policy.
        StsPolicy = "sts-policy", Sts, "shorten or correct `policy` and `policy_arns`";
        /// STS is disabled in this region for this account.
        StsRegionDisabled = "sts-region-disabled", Sts, "set `region` to one that is enabled for the account";
        /// The OIDC provider in IAM does not accept the token's audience.
        StsAudience = "sts-audience", Sts, "add the token's audience to the OIDC provider in IAM, or set `audience`";
        /// The fleet's Redis rejects the user, the password or a command. This machine works alone.
        FleetRefused = "fleet-refused", Cache, "check `cache.store_password` and the user's rights: fedcred help storage";
        /// A secrets backend does not let these credentials read the secret.
        SecretDenied = "secret-denied", Login, "compare the policy: fedcred airflow put ID --secret-prefix airflow/connections --print-policy";
        /// The token service refused to issue a token.
        TokenRefused = "token-refused", Login, "compare the `web_identity` settings with what the service allows this job or machine";
        /// The server's certificate is not trusted.
        TlsUntrusted = "tls-untrusted", Login, "name the certificates to trust in `saml.ca_bundle` or AWS_CA_BUNDLE";
        /// The server supports only obsolete versions of TLS.
        TlsVersion = "tls-version", Login, "ask the server's administrator to enable TLS 1.2 or 1.3 (RFC 8996 forbids older versions)";
        /// The server and fedcred have no TLS cipher or curve in common.
        TlsCipher = "tls-cipher", Login, "ask the server's administrator to enable a modern cipher: ECDHE with AES-GCM or ChaCha20-Poly1305";
        /// The server asks for TLS renegotiation.
        TlsRenegotiation = "tls-renegotiation", Login, "set `saml.auth = \"browser\"`, or configure the server to request the certificate in the first handshake";
        /// The server requires a client certificate, or rejected the one that was sent.
        TlsClientCertificate = "tls-client-certificate", Login, "set `saml.client_cert` and `saml.client_key` to a certificate and key that the server trusts";
        /// The server answered without TLS on an https URL.
        TlsPlainHttp = "tls-plain-http", Login, "check scheme and port of the URL: https is on another port";
        /// The TLS connection failed for another reason.
        TlsFailed = "tls-failed", Login, "test the server: openssl s_client -connect HOST:PORT";
        /// The proxy requires a login, or rejected the one that was sent.
        ProxyAuthRequired = "proxy-auth-required", Login, "write user name and password into the proxy's address: http://USER:PASSWORD@HOST:PORT";
        /// The proxy refused the connection.
        ProxyRefused = "proxy-refused", Login, "ask the proxy's administrator to allow that host";
    }
    Configuration {
        /// There is no profile of this name.
        ProfileNotFound = "profile-not-found", Configuration, "fedcred config path";
        /// The key is unknown.
        UnknownKey = "unknown-key", Configuration, "correct it, then run: fedcred config check";
        /// The setting is known but not available in this version.
        NotYetAvailable = "not-yet-available", Configuration, "correct it, then run: fedcred config check";
        /// The value has the wrong type or form.
        InvalidValue = "invalid-value", Login, "correct it, then run: fedcred config check";
        /// The ARN is not valid.
        InvalidArn = "invalid-arn", Configuration, "correct it, then run: fedcred config check";
        /// The XPath expression is not valid.
        InvalidXpath = "invalid-xpath", Page, "correct it, then run: fedcred config check";
        /// A required key is missing.
        MissingKey = "missing-key", Login, "correct it, then run: fedcred config check";
        /// Two keys exclude each other.
        ConflictingKeys = "conflicting-keys", Configuration, "correct it, then run: fedcred config check";
        /// The file is not TOML.
        ConfigSyntax = "config-syntax", Configuration, "correct it, then run: fedcred config check";
        /// The file cannot be read, or others can write it.
        ConfigUnreadable = "config-unreadable", Kerberos, "fedcred config path";
        /// The URL is not allowed for this setting.
        UrlNotAllowed = "url-not-allowed", Login, "correct it, then run: fedcred config check";
        /// The Airflow connection cannot be read, or has a value that is not valid.
        AirflowConnection = "airflow-connection", Configuration, "correct it, then run: fedcred airflow show ID";
        /// The Airflow connection was not found.
        AirflowNotFound = "airflow-not-found", Configuration, "airflow connections list";
        /// The Airflow connection is in a secrets backend, and has not been read yet.
        AirflowUnread = "airflow-unread", Configuration, "fedcred get PROFILE";
        /// The secret that should be an Airflow connection is binary.
        SecretBinary = "secret-binary", Configuration, "store the connection as text: fedcred airflow put ID --secret-prefix airflow/connections";
        /// The secret is in another region than the requested one.
        SecretRegion = "secret-region", Configuration, "correct region_name in AIRFLOW__SECRETS__BACKEND_KWARGS, or AWS_DEFAULT_REGION";
        /// The token is missing.
        TokenMissing = "token-missing", Identity, "check `web_identity.source` and the environment of the process";
        /// The AWS profile has settings that take precedence over its credential_process.
        AwsProfileShadowed = "aws-profile-shadowed", Configuration, "correct the section in ~/.aws/config: fedcred doctor PROFILE";
        /// The credential_process of the AWS profile cannot be run by an SDK.
        AwsProfileWrong = "aws-profile-wrong", Configuration, "correct the section in ~/.aws/config: fedcred doctor PROFILE";
        /// fedcred would call itself in an endless loop.
        CallsItself = "calls-itself", Login, "use `source_profile` in place of `aws_profile`";
        /// This kind of role cannot be assumed this way.
        RoleNotAssumable = "role-not-assumable", Sts, "correct it, then run: fedcred config check";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_and_each_has_its_texts() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} stands twice", code.as_str());
            assert!(code.as_str().chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            assert!(code.meaning().ends_with('.') && !code.hint().is_empty(), "{}", code.as_str());
            assert_eq!(Code::parse(code.as_str()), Some(*code));
        }
    }
}
