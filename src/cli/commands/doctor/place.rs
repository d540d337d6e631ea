//! At which step of the way an error is the fault. Each code is placed; the compiler names one that is not.

use super::report::Step;
use crate::error::Code;

/// Of an error that came before the proof of identity was in hand.
pub fn of_login(code: Code) -> Step {
    match code {
        Code::NoKerberosTicket
        | Code::KerberosTicketExpired
        | Code::NegotiateNotOffered
        | Code::MutualAuthFailed
        | Code::GssapiMissing
        | Code::KeytabUnusable
        | Code::KdcUnreachable
        | Code::KerberosRejected
        | Code::KeytabRefused
        | Code::KdcRefused
        // By the KDC, and the file is krb5.conf: the others were read before.
        | Code::ClockSkew
        | Code::ConfigUnreadable => Step::Kerberos,
        Code::PromptNeeded
        | Code::SecretRefusedBefore
        | Code::RefreshTokenGone
        | Code::TooManyRedirects
        | Code::OriginNotAllowed
        | Code::HttpUnexpected
        | Code::FileUnreadable
        | Code::InsecurePermissions
        | Code::SecretCommand
        | Code::Timeout
        | Code::Connect
        | Code::Http5xx
        | Code::IdpRejected
        | Code::IdpForbidden
        | Code::TokenRefused
        | Code::TlsUntrusted
        | Code::TlsFailed
        | Code::Bug
        | Code::MissingKey
        | Code::InvalidValue
        | Code::UrlNotAllowed
        | Code::CallsItself => Step::Login,
        Code::MfaNeeded
        | Code::PasswordChangeRequired
        | Code::XpathNoMatch
        | Code::XpathTooCostly
        | Code::PageTooLarge
        | Code::LoginPage
        | Code::LoginFormUnclear
        | Code::NotASamlResponse
        | Code::InvalidXpath => Step::Page,
        Code::AssertionExpired
        | Code::IdpDeniedClaim
        | Code::NoAwsCredentials
        | Code::TokenInvalid
        | Code::TokenExpired
        | Code::TokenMissing => Step::Identity,
        Code::RoleNotOffered | Code::ProviderMismatch | Code::RoleNotChosen => Step::Roles,
        Code::StsBadAnswer
        | Code::StsWrongRole
        | Code::StsThrottled
        | Code::StsUnavailable
        | Code::StsAccessDenied
        | Code::StsProviderUnknown
        | Code::StsInvalidIdentity
        | Code::StsValidation
        | Code::StsPolicy
        | Code::StsRegionDisabled
        | Code::StsAudience
        | Code::RoleNotAssumable => Step::Sts,
        Code::StsDuration => Step::Duration,
        Code::CacheWrite | Code::LockTimeout => Step::Cache,
        Code::KeyringLocked => Step::Keyring,
        Code::ProfileNotFound
        | Code::UnknownKey
        | Code::NotYetAvailable
        | Code::InvalidArn
        | Code::ConflictingKeys
        | Code::ConfigSyntax
        | Code::AirflowConnection
        | Code::AirflowNotFound
        | Code::BadFlag
        | Code::CommandNotFound
        | Code::CommandNotRun
        | Code::ListenFailed
        | Code::TokenUnusable
        | Code::OutputWrite => Step::Configuration,
        Code::AwsProfileShadowed | Code::AwsProfileWrong => Step::AwsFiles,
    }
}

/// Of an error that came when STS was asked with the proof in hand.
pub fn of_exchange(code: Code) -> Step {
    match (code, of_login(code)) {
        // Fresh credentials that have expired already by this machine's clock.
        (Code::ClockSkew, _) => Step::Clock,
        (_, Step::Login | Step::Page | Step::Kerberos) => Step::Sts,
        (_, step) => step,
    }
}
