//! The endpoint that `exec` starts beside its command: the intermediate process, and the one that stays.

use std::ffi::OsString;
use std::time::Duration;

use crate::cli::args::{ExecEndpoint, Global};
use crate::error::Result;
use crate::process::env::Env;
use crate::serve::exec_endpoint;
use crate::serve::fetch_child::FetchChild;

pub fn run(asked: &ExecEndpoint, global: &Global, env: &Env) -> Result<()> {
    let ExecEndpoint { profile, of, patience, stays } = asked;
    let patience = Duration::from_secs(*patience);
    if *stays {
        return exec_endpoint::run(profile, *of, patience, FetchChild::new(global.as_arguments(), true), env);
    }
    let mut arguments = arguments(global, profile, *of, patience);
    arguments.insert(arguments.len() - 2, "--stays".into());
    exec_endpoint::detach(&arguments)
}

/// Returns the arguments that start the endpoint of the process `of`.
pub fn arguments(global: &Global, profile: &str, of: u32, patience: Duration) -> Vec<OsString> {
    let mut arguments = global.as_arguments();
    let (of, patience) = (of.to_string(), patience.as_secs().to_string());
    arguments.extend(["exec-endpoint", "--of", &of, "--patience", &patience, "--", profile].map(OsString::from));
    arguments
}
