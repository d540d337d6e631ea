//! The commands, one file each.

pub mod airflow;
pub mod config;
pub mod get;
pub mod login;
pub mod logout;
pub mod refresh;
mod sign_in;
pub mod status;

use crate::config::env::Env;
use crate::config::oidc::Flow;
use crate::config::profile::{Account, Identity, Oidc, Profile, SecretSource, TokenSource};

/// The profile that is meant: the argument, else `$FEDCRED_PROFILE`, else `default`.
fn profile_name(argument: Option<&str>, env: &Env) -> String {
    argument.map(str::to_owned).or_else(|| env.text("FEDCRED_PROFILE")).unwrap_or_else(|| "default".to_owned())
}

/// The secret of this profile that `fedcred login` keeps: the key that names it, and whose it is.
fn kept_secret(profile: &Profile) -> Option<(&'static str, Account)> {
    match &profile.identity {
        Identity::Saml(saml) => match saml.auth.secret()? {
            (setting, SecretSource::Keyring(account)) => Some((setting, account.clone())),
            _ => None,
        },
        Identity::WebIdentity(_) => person_at(profile).map(|oidc| ("web_identity", oidc.account())),
        Identity::AssumeRole(_) => None,
    }
}

/// Where a person logs in for this profile, at an OpenID provider.
fn person_at(profile: &Profile) -> Option<&Oidc> {
    let Identity::WebIdentity(identity) = &profile.identity else { return None };
    match &identity.source {
        TokenSource::Oidc(oidc) if oidc.flow != Flow::ClientCredentials => Some(oidc),
        _ => None,
    }
}
