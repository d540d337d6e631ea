//! The commands, one file each.

pub mod config;
pub mod get;
pub mod refresh;
pub mod status;

use crate::config::env::Env;

/// The profile that is meant: the argument, else `$FEDCRED_PROFILE`, else `default`.
fn profile_name(argument: Option<&str>, env: &Env) -> String {
    argument.map(str::to_owned).or_else(|| env.text("FEDCRED_PROFILE")).unwrap_or_else(|| "default".to_owned())
}
