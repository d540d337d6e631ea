//! The child process that logs in on behalf of a long-lived fedcred process, and prints a message for it, also after a failure.

use crate::acquire::refresh;
use crate::cli::args::{FetchChild, Global};
use crate::cli::output;
use crate::config::Config;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::serve::child_protocol::{self, Fetched};
use crate::tally;

pub fn run(asked: &FetchChild, global: &Global, env: &Env) -> Result<()> {
    let lines = child_protocol::to_lines(&fetched(asked, global, env))?;
    let lines = std::str::from_utf8(&lines).map_err(|e| Error::new(Code::Bug, "no UTF-8").because(e.to_string()))?;
    output::exactly(lines)
}

fn fetched(asked: &FetchChild, global: &Global, env: &Env) -> Result<Fetched> {
    let config = Config::load(env, global.config.as_deref())?;
    let settings = config.cache()?;
    let profile = config.profile(&asked.profile)?;
    if asked.with_credentials {
        let (refreshed, entry) = refresh::hand_out(&profile, &settings, env);
        return Ok(Fetched { refreshed, entry, tally: Some(tally::take()) });
    }
    let refreshed = refresh::refresh(&profile, &settings, env);
    refresh::prune(&settings, env);
    Ok(Fetched { refreshed, entry: None, tally: Some(tally::take()) })
}
