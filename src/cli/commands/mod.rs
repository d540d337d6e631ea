//! The commands, one file each.

pub mod config;
pub mod get;
pub mod login;
pub mod logout;
pub mod refresh;
pub mod status;

use crate::config::env::Env;
use crate::config::profile::{Account, Profile, SecretSource};

/// The profile that is meant: the argument, else `$FEDCRED_PROFILE`, else `default`.
fn profile_name(argument: Option<&str>, env: &Env) -> String {
    argument.map(str::to_owned).or_else(|| env.text("FEDCRED_PROFILE")).unwrap_or_else(|| "default".to_owned())
}

/// The secret of this profile that `fedcred login` keeps: the key that names it, and whose it is.
fn kept_secret(profile: &Profile) -> Option<(&'static str, &Account)> {
    match profile.secret()? {
        (setting, SecretSource::Keyring(account)) => Some((setting, account)),
        _ => None,
    }
}
