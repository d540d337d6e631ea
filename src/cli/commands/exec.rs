//! `fedcred exec`: a command with credentials, in the environment or from an endpoint that keeps them fresh.

use crate::acquire::{self, Ask, Given, airflow};
use crate::cache::entry::CacheEntry;
use crate::cli::args::{Exec, Global};
use crate::cli::progress;
use crate::config::Config;
use crate::config::written::WrittenProfile;
use crate::error::{ExitStatus, Result};
use crate::process::child_environment::ChildEnvironment;
use crate::process::env::Env;
use crate::process::exec::exec;

/// Runs the command. On Unix it returns only with an error: this process becomes the command.
pub fn run(asked: &Exec, global: &Global, env: &Env) -> Result<ExitStatus> {
    let config = Config::load(env, global.config.as_deref())?;
    let profile = config.profile(&super::profile_name(asked.profile.as_deref(), env))?;
    let ask = Ask { window: None, force: false, use_cache: true };
    let settings = config.cache()?;
    let looked_up = airflow::look_up(&profile, &settings, env, &ask, acquire::EARLY)?;
    let given = acquire::given(&looked_up.profile, &settings, env, &looked_up.asked(&ask), acquire::EARLY)?;
    let mut environment = ChildEnvironment::scrubbed(env, &config.secret_variables());
    if let Some(region) = &looked_up.profile.sts.region {
        environment.region(region.as_str());
    }
    match given {
        // Keys that do not expire need no endpoint that refreshes them.
        Given::Keys(keys) if asked.env || keys.expiration.is_none() => environment.keys(&keys),
        Given::Entry(entry) if asked.env => environment.credentials(entry.credentials),
        given => {
            let _endpoint = endpoint(&mut environment, &profile, given.into_entry(), global, env)?;
            return run_in(&environment, asked, env);
        }
    }
    run_in(&environment, asked, env)
}

fn run_in(environment: &ChildEnvironment, asked: &Exec, env: &Env) -> Result<ExitStatus> {
    progress::clear();
    exec(&asked.command, environment, env)
}

/// Starts the endpoint beside the command. What it returns is kept as long as the command runs.
#[cfg(unix)]
fn endpoint(
    environment: &mut ChildEnvironment,
    profile: &WrittenProfile,
    first: CacheEntry,
    global: &Global,
    env: &Env,
) -> Result<impl Sized + use<>> {
    use crate::acquire::refresh::{Outcome, Refreshed};
    use crate::serve::child_protocol::Fetched;
    use crate::serve::exec_endpoint;

    let arguments = super::exec_endpoint::arguments(global, profile.name(), std::process::id(), profile.deadline());
    let refreshed =
        Refreshed { outcome: Outcome::Fresh, until: Some(first.credentials.expiration), next: first.issued };
    let offer =
        exec_endpoint::start(&arguments, Fetched { refreshed, entry: Some(first), tally: None }, global.verbose > 0)?;
    environment.endpoint(&offer.url, &offer.token, env);
    environment.files(offer.files.into_iter().map(|(name, path)| (name, path.into())));
    Ok(())
}

/// Serves the endpoint from this process, which runs the command as a child: on Windows a process cannot become another one. The
/// files that it returns are removed when they are dropped.
#[cfg(not(unix))]
fn endpoint(
    environment: &mut ChildEnvironment,
    profile: &WrittenProfile,
    first: CacheEntry,
    global: &Global,
    env: &Env,
) -> Result<impl Sized + use<>> {
    use crate::serve::aws_files::PrivateFiles;
    use crate::serve::endpoint::{Endpoint, Reach};
    use crate::serve::fetch_child::FetchChild;
    use crate::serve::refresher::{self, Served};
    use crate::serve::token::Token;

    let token = Token::fresh()?;
    let shown = token.text();
    let mut endpoint = Endpoint::bind(([127, 0, 0, 1], 0).into(), Reach::Loopback, token)?;
    let served = Served { name: profile.name().to_owned(), patience: profile.deadline(), first: Some(first) };
    for answers in refresher::start(vec![served], FetchChild::new(global.as_arguments(), true), None, Box::new(|_| ()))?
    {
        endpoint.add(answers);
    }
    let mut files = PrivateFiles::of(env)?;
    files.token(&shown, env);
    environment.endpoint(&endpoint.first_url(), &shown, env);
    environment.files(files.variables().map(|(name, path)| (name.to_owned(), path.into())));
    std::thread::spawn(move || endpoint.run(std::future::pending));
    Ok(files)
}
