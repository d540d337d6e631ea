//! What a long-lived process of fedcred starts to log in for it: a line for that process on stdout, also if it fails.

use crate::acquire::{self, Ask, Given};
use crate::cache::entry::CacheEntry;
use crate::cli::args::{Global, Supply};
use crate::cli::output;
use crate::config::Config;
use crate::config::env::Env;
use crate::error::{Code, Error, Result};
use crate::serve::handout;

pub fn run(supply: &Supply, global: &Global, env: &Env) -> Result<()> {
    let line = handout::to_line(&entry(&supply.profile, global, env))?;
    let line = std::str::from_utf8(&line).map_err(|e| Error::new(Code::Bug, "no UTF-8").because(e.to_string()))?;
    output::exactly(line)
}

fn entry(profile: &str, global: &Global, env: &Env) -> Result<CacheEntry> {
    let config = Config::load(env, global.config.as_deref())?;
    let ask = Ask { window: None, force: false, use_cache: true };
    let profile = config.profile(profile)?;
    // Nobody waits for this but the process that keeps the credentials fresh.
    acquire::given(&profile, &config.cache()?, env, &ask, profile.deadline).map(Given::into_entry)
}
