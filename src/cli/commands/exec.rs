//! `fedcred exec`: a command with credentials, in the environment or from an endpoint that keeps them fresh.

use std::process::ExitCode;

use crate::acquire::{self, Ask, Given, airflow};
use crate::cache::entry::CacheEntry;
use crate::cli::args::{Exec, Global};
use crate::config::Config;
use crate::config::env::Env;
use crate::config::profile::Profile;
use crate::error::Result;
use crate::process::child_environment::ChildEnvironment;
use crate::process::exec::exec;

/// On Unix it comes back only with an error: this process becomes the command.
pub fn run(asked: &Exec, global: &Global, env: &Env) -> Result<ExitCode> {
    let config = Config::load(env, global.config.as_deref())?;
    let profile = config.profile(&super::profile_name(asked.profile.as_deref(), env))?;
    let ask = Ask { window: None, force: false, use_cache: true };
    let settings = config.cache()?;
    let given = acquire::given(&profile, &settings, env, &ask, acquire::EARLY)?;
    // The region is the connection's to say, which has just been read.
    let looked_up = airflow::offline(&profile, &settings, env)?;
    let region = looked_up.as_ref().map_or(&profile.sts.region, |looked_up| &looked_up.profile.sts.region);
    let mut environment = ChildEnvironment::scrubbed(env, &config.secret_variables());
    if let Some(region) = region {
        environment.region(region.as_str());
    }
    match given {
        // Keys without an end need nobody to refresh them.
        Given::Keys(keys) if asked.env || keys.expiration.is_none() => environment.keys(&keys),
        Given::Entry(entry) if asked.env => environment.credentials(entry.credentials),
        given => return with_endpoint(asked, environment, &profile, given.into_entry(), global, env),
    }
    exec(&asked.command, &environment)
}

#[cfg(unix)]
fn with_endpoint(
    asked: &Exec,
    mut environment: ChildEnvironment,
    profile: &Profile,
    first: CacheEntry,
    global: &Global,
    env: &Env,
) -> Result<ExitCode> {
    let arguments = super::companion::arguments(global, &profile.name, std::process::id(), profile.deadline);
    let offer = crate::serve::companion::start(&arguments, first, global.verbose > 0)?;
    environment.endpoint(&offer.url, &offer.token, env);
    environment.files(offer.files);
    exec(&asked.command, &environment)
}

/// Where a process cannot become another one, this one stays and serves.
#[cfg(not(unix))]
fn with_endpoint(
    asked: &Exec,
    mut environment: ChildEnvironment,
    profile: &Profile,
    first: CacheEntry,
    global: &Global,
    env: &Env,
) -> Result<ExitCode> {
    use crate::process::aws_files::PrivateFiles;
    use crate::serve::endpoint::Endpoint;
    use crate::serve::refresher;
    use crate::serve::token::Token;

    let token = Token::fresh()?;
    let shown = token.text();
    let ask = super::ask_apart(global, &profile.name, profile.deadline);
    let mut endpoint = Endpoint::bind(([127, 0, 0, 1], 0).into(), token)?;
    endpoint.add(refresher::start(profile.name.clone(), Some(first), ask)?);
    let files = PrivateFiles::of(env)?;
    environment.endpoint(&endpoint.url(&profile.name), &shown, env);
    environment.files(files.variables().map(|(name, path)| (name.to_owned(), path.into())));
    std::thread::spawn(move || endpoint.run(std::future::pending));
    exec(&asked.command, &environment)
}
