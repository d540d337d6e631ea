//! `fedcred get`: prints credentials on stdout, in one write, after everything has succeeded.

use crate::acquire::{self, Ask, airflow};
use crate::cli::args::{Get, Global};
use crate::cli::{format, output};
use crate::config::Config;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;

pub fn run(get: &Get, global: &Global, env: &Env) -> Result<()> {
    let (profile, cache) = match &get.airflow_conn {
        Some(id) => {
            let config = Config::load(env, global.config.as_deref())?;
            (super::airflow::profile(id, &get.connection, &config)?, config.cache()?)
        }
        None => {
            refuse_lonely_flags(get)?;
            Config::load_profile(env, global.config.as_deref(), &super::profile_name(get.profile.as_deref(), env))?
        }
    };
    let ask = Ask { window: get.window, force: get.force, use_cache: !get.no_cache };
    let looked_up = airflow::look_up(&profile, &cache, env, &ask, acquire::EARLY)?;
    let given = acquire::given(&looked_up.profile, &cache, env, &looked_up.asked(&ask), acquire::EARLY)?;
    output::exactly(&format::render(&given, get.format, profile.name())?)
}

/// Refuses flags of Airflow connections for a profile that is none.
fn refuse_lonely_flags(get: &Get) -> Result<()> {
    let flags = [
        (get.connection.airflow_connections.is_some(), "--airflow-connections"),
        (get.connection.airflow_compat.is_some(), "--airflow-compat"),
        (get.connection.airflow_fallback, "--airflow-fallback"),
    ];
    match flags.iter().find(|(is_given, _)| *is_given) {
        Some((_, flag)) => Err(Error::new(Code::BadFlag, format!("{flag} needs --airflow-conn ID"))
            .hint("in a profile these are the keys `airflow_conn`, `airflow_connections` and `airflow_compat`")),
        None => Ok(()),
    }
}
