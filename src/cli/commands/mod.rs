//! The commands, one file each.

pub mod airflow;
pub mod cache;
pub mod completions;
pub mod config;
pub mod console;
pub mod doctor;
pub mod exec;
#[cfg(unix)]
pub mod exec_endpoint;
pub mod fetch_child;
pub mod get;
pub mod help;
pub mod inspect;
pub mod login;
pub mod logout;
pub mod man;
mod metrics;
pub mod refresh;
pub mod roles;
pub mod schedule;
pub mod serve;
pub mod setup;
pub mod status;
pub mod trust_policy;

use crate::acquire::airflow as airflow_connections;
use crate::config::Config;
use crate::config::profile::{Account, Identity, Oidc, Otp, Profile, SecretSource};
use crate::error::Result;
use crate::process::env::Env;

/// Returns the profile's name: the argument, else `$FEDCRED_PROFILE`, else `default`.
pub(crate) fn profile_name(argument: Option<&str>, env: &Env) -> String {
    argument.map(str::to_owned).or_else(|| env.text("FEDCRED_PROFILE")).unwrap_or_else(|| "default".to_owned())
}

/// Returns the profile. If it is an Airflow connection, a secrets backend is read anew.
fn looked_up(config: &Config, name: &str, env: &Env) -> Result<Profile> {
    Ok(airflow_connections::online(&config.profile(name)?, &config.cache()?, env)?.profile.into_owned())
}

/// Returns the setting and the account of the secret that `fedcred login` stores for this profile.
fn kept_secret(profile: &Profile) -> Option<(&'static str, Account)> {
    match &profile.identity {
        Identity::Saml(saml) => match saml.auth.facts().secret? {
            (setting, SecretSource::Keyring(account)) => Some((setting, account.clone())),
            _ => None,
        },
        Identity::WebIdentity(_) => person_at(profile).map(|oidc| ("web_identity", oidc.account())),
        Identity::AssumeRole(_) | Identity::Base(_) => None,
    }
}

/// Returns the account of the secret of one-time codes that `fedcred login` stores for this profile.
fn kept_otp_secret(profile: &Profile) -> Option<Account> {
    match profile.facts()?.otp? {
        Otp::Secret(SecretSource::Keyring(account)) => Some(account.clone()),
        Otp::Secret(_) | Otp::Code(_) => None,
    }
}

/// Returns every account for which `fedcred login` stores a secret of this profile.
fn kept_accounts(profile: &Profile) -> impl Iterator<Item = Account> + use<> {
    kept_secret(profile).map(|(_, account)| account).into_iter().chain(kept_otp_secret(profile))
}

/// Returns the OpenID provider at which a person logs in for this profile.
fn person_at(profile: &Profile) -> Option<&Oidc> {
    let Identity::WebIdentity(identity) = &profile.identity else { return None };
    identity.source.person_at()
}
