//! `fedcred get`: credentials on stdout, one write, after everything has succeeded.

use crate::acquire::{self, Ask};
use crate::cli::args::{Get, Global};
use crate::cli::{format, output};
use crate::config::Config;
use crate::config::env::Env;
use crate::error::Result;

pub fn run(get: &Get, global: &Global, env: &Env) -> Result<()> {
    let config = Config::load(env, global.config.as_deref())?;
    let profile = config.profile(&super::profile_name(get.profile.as_deref(), env))?;
    let ask = Ask { window: get.window, force: get.force, use_cache: !get.no_cache };
    let credentials = acquire::credentials(&profile, &config.cache()?, env, &ask)?;
    output::write(&format::render(&credentials, get.format, &profile.name)?)
}
