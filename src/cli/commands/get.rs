//! `fedcred get`: credentials on stdout, one write, after everything has succeeded.

use crate::acquire::{self, Ask};
use crate::cli::args::{Get, Global};
use crate::cli::{format, output};
use crate::config::Config;
use crate::config::env::Env;
use crate::error::Result;

pub fn run(get: &Get, global: &Global, env: &Env) -> Result<()> {
    let name = super::profile_name(get.profile.as_deref(), env);
    let (profile, cache) = Config::load_profile(env, global.config.as_deref(), &name)?;
    let ask = Ask { window: get.window, force: get.force, use_cache: !get.no_cache };
    let credentials = acquire::credentials(&profile, &cache, env, &ask)?;
    output::write(&format::render(&credentials, get.format, &profile.name)?)
}
