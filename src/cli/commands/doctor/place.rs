//! At which step of the way an error is the fault.

use super::report::Step;
use crate::error::{Code, Kind};

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
        Code::MfaNeeded
        | Code::CaptchaNeeded
        | Code::ConsentNeeded
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
        // A key whose value only shows at the login: what a secret, a token or a policy is read from.
        Code::MissingKey | Code::InvalidValue | Code::UrlNotAllowed | Code::CallsItself => Step::Login,
        other => match other.kind() {
            Kind::Usage | Kind::Configuration => Step::Configuration,
            Kind::LoginRequired
            | Kind::Unusable
            | Kind::Internal
            | Kind::Storage
            | Kind::Unavailable
            | Kind::Refused => Step::Login,
        },
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
