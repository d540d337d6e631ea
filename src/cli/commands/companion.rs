//! The endpoint that `exec` starts beside its command: the intermediate, and the process that stays.

use std::ffi::OsString;
use std::time::Duration;

use crate::cli::args::{Companion, Global};
use crate::config::env::Env;
use crate::error::Result;
use crate::serve::companion;

pub fn run(asked: &Companion, global: &Global, env: &Env) -> Result<()> {
    let Companion { profile, of, patience, stays } = asked;
    let patience = Duration::from_secs(*patience);
    if *stays {
        return companion::run(profile, *of, env, super::ask_apart(global, profile, patience));
    }
    let mut arguments = arguments(global, profile, *of, patience);
    arguments.insert(arguments.len() - 2, "--stays".into());
    companion::detach(&arguments)
}

/// What starts the companion of the process `of`.
pub fn arguments(global: &Global, profile: &str, of: u32, patience: Duration) -> Vec<OsString> {
    let mut arguments = global.as_arguments();
    let (of, patience) = (of.to_string(), patience.as_secs().to_string());
    arguments.extend(["companion", "--of", &of, "--patience", &patience, "--", profile].map(OsString::from));
    arguments
}
