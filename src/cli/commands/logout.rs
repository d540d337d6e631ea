//! `fedcred logout`: removes what logins have left, and says what was removed.

use crate::acquire::airflow;
use crate::acquire::login::{self, Forgotten};
use crate::cli::args::{Global, Logout};
use crate::cli::output;
use crate::config::Config;
use crate::config::profile::Account;
use crate::error::{Error, Result};
use crate::identity::secret_store::{self, Place};
use crate::process::env::Env;

pub fn run(arguments: &Logout, global: &Global, env: &Env) -> std::result::Result<(), Vec<Error>> {
    let config = Config::load(env, global.config.as_deref()).map_err(|error| vec![error])?;
    if arguments.all {
        return everything(&config, env);
    }
    one(&config, &super::profile_name(arguments.profile.as_deref(), env), env).map_err(|error| vec![error])
}

fn one(config: &Config, name: &str, env: &Env) -> Result<()> {
    let profile = config.profile(name)?;
    let settings = config.cache()?;
    let mut told = Told::default();
    // A connection that was never cached has left nothing else, either.
    if let Ok(Some(looked_up)) = airflow::offline(&profile, &settings, env) {
        told.forgotten(login::log_out(&looked_up.profile, &settings, env)?);
    }
    told.forgotten(Forgotten { connections: airflow::forget(&profile, &settings, env), ..Forgotten::default() });
    for account in profile.as_profile().into_iter().flat_map(super::kept_accounts) {
        let places = secret_store::forget(&account, env).map_err(|error| error.because(told.text(profile.name())))?;
        told.places(&account, places);
    }
    output::line(told.text(profile.name()))
}

/// Removes everything. A profile or keyring that cannot be read does not stop the rest from being removed.
fn everything(config: &Config, env: &Env) -> std::result::Result<(), Vec<Error>> {
    let (mut told, mut errors) = (Told::default(), Vec::new());
    match config.cache().and_then(|settings| login::log_out_all(&settings, env)) {
        Ok(forgotten) => told.forgotten(forgotten),
        Err(error) => errors.push(error),
    }
    for name in config.profile_names() {
        let Ok(profile) = config.profile(name) else { continue };
        for account in profile.as_profile().into_iter().flat_map(super::kept_accounts) {
            match secret_store::forget(&account, env) {
                Ok(places) => told.places(&account, places),
                Err(error) if errors.contains(&error) => {}
                Err(error) => errors.push(error),
            }
        }
    }
    // Secrets of profiles that are no longer in the configuration.
    match secret_store::forget_files(env) {
        Ok(files) => told.count(files, "further file with a secret", "further files with secrets"),
        Err(error) => errors.push(error),
    }
    if let Err(error) = output::line(told.text("all profiles")) {
        errors.push(error);
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Says what was removed.
#[derive(Default)]
struct Told(Vec<String>);

impl Told {
    fn forgotten(&mut self, Forgotten { results, memories, connections, sessions }: Forgotten) {
        self.count(results, "cached result", "cached results");
        self.count(memories, "login's failures", "logins' failures");
        self.count(sessions, "session at an identity provider", "sessions at identity providers");
        self.count(connections, "connection of a secrets backend", "connections of secrets backends");
    }

    fn count(&mut self, count: usize, one: &str, many: &str) {
        match count {
            0 => {}
            1 => self.0.push(format!("1 {one}")),
            _ => self.0.push(format!("{count} {many}")),
        }
    }

    fn places(&mut self, account: &Account, places: Vec<Place>) {
        for place in places {
            let whence = match place {
                Place::Keyring => "the keyring".to_owned(),
                Place::File(path) => path.display().to_string(),
            };
            self.0.push(format!("the secret of {} from {whence}", account.in_words()));
        }
    }

    fn text(&self, whose: &str) -> String {
        match self.0.is_empty() {
            true => format!("{whose}: nothing was stored"),
            false => format!("{whose}: removed {}", self.0.join(", ")),
        }
    }
}
