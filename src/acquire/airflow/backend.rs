//! What looking up a connection needs done: a program of Airflow's configuration run, a secret read out of AWS; or what was
//! kept of either.

use std::cell::Cell;
use std::time::Duration;

use super::kept::{self, Reading, Shelf};
use crate::acquire::ask::{Ask, EARLY, Given};
use crate::acquire::renew::given;
use crate::acquire::{fetch, key, proxies};
use crate::attempt::{Ledger, NoLedger};
use crate::cache::key::KeyBuilder;
use crate::config::airflow::backend::Remote;
use crate::config::airflow::backend_client::BackendClient;
use crate::config::airflow::find::Outside;
use crate::config::airflow::policy::Policy;
use crate::config::cache::CacheSettings;
use crate::error::{Code, Error, Result};
use crate::http::proxy::Proxy;
use crate::process::command;
use crate::process::env::Env;
use crate::secret::Secret;
use crate::secrets_backend::{self, NewSecret, Stored};
use crate::time::{Deadline, Timestamp};

/// Reads secrets with this machine's programs and from AWS.
pub struct Backends<'a> {
    settings: &'a CacheSettings,
    env: &'a Env,
    reading: Reading,
    /// The time limit for each text.
    whole: Duration,
    oldest: Cell<Option<Timestamp>>,
    forgotten: Cell<usize>,
}

/// The same within what a connection is allowed to do.
pub struct ForPolicy<'a> {
    backends: &'a Backends<'a>,
    policy: &'a Policy,
}

impl<'a> Backends<'a> {
    pub fn new(settings: &'a CacheSettings, env: &'a Env, reading: Reading, whole: Duration) -> Self {
        Backends { settings, env, reading, whole, oldest: Cell::default(), forgotten: Cell::default() }
    }

    pub fn for_policy(&'a self, policy: &'a Policy) -> ForPolicy<'a> {
        ForPolicy { backends: self, policy }
    }

    /// Returns when the oldest of the texts came that were taken from the cache.
    pub fn kept_since(&self) -> Option<Timestamp> {
        self.oldest.get()
    }

    /// Returns how many texts were removed.
    pub fn forgotten(&self) -> usize {
        self.forgotten.get()
    }

    fn text(
        &self,
        shelf: Option<Shelf>,
        reading: Reading,
        ask: impl Fn(&dyn Ledger, &Deadline) -> Result<Option<Secret>>,
    ) -> Result<Option<Secret>> {
        let Some(shelf) = shelf.filter(|_| reading != Reading::Unkept) else {
            return match reading {
                Reading::Offline => Err(kept::not_read()),
                Reading::Forget => Ok(None),
                Reading::Kept | Reading::Early(_) | Reading::Anew | Reading::Unkept => {
                    ask(&NoLedger, &Deadline::after(self.whole))
                }
            };
        };
        let (text, since) = shelf.text(reading, self.whole, ask)?;
        if let Some(since) = since {
            self.oldest.set(Some(self.oldest.get().map_or(since, |oldest| oldest.min(since))));
        }
        Ok(text)
    }
}

impl Outside for ForPolicy<'_> {
    fn secret(&self, remote: &Remote, id: &str) -> Result<Option<Secret>> {
        let Backends { settings, env, reading, whole, forgotten, .. } = self.backends;
        let BackendClient { asks, target } = BackendClient::of(remote, self.policy, *whole, env)?;
        let shelf = Shelf::of(settings, env, |sealing| {
            let asks = key::of(&asks, env, sealing);
            if let Some(why) = asks.unknowable {
                tracing::info!(why, "the connection is not cached");
                return None;
            }
            let key = KeyBuilder::new(sealing).field("text of", remote.service.name()).field("secret", id);
            let key = key.field("asked by", asks.key.as_bytes()).field("endpoint", target.endpoint().unwrap_or(""));
            Some(key.field("region", target.region.as_str()).login_key())
        })?;
        if *reading == Reading::Forget && shelf.as_ref().is_some_and(Shelf::is_used) {
            forgotten.set(forgotten.get() + 1);
        }
        self.backends.text(shelf, *reading, |ledger, deadline| {
            let keys = given(&asks, settings, env, &Ask::USUAL, EARLY).map(Given::into_keys).map_err(|error| {
                error.because(format!("{} is asked for the Airflow connection with them", remote.service.name()))
            })?;
            let reading = secrets_backend::read(remote.service, &target, &keys, id, deadline);
            fetch::block_on(proxies::counting_all(Proxy::all(env, None), ledger, reading))
        })
    }

    fn output(&self, argv: &[String]) -> Result<Secret> {
        let Backends { settings, env, reading, .. } = self.backends;
        let shelf = Shelf::of(settings, env, |sealing| {
            let key = KeyBuilder::new(sealing).field("text of", "a command");
            Some(argv.iter().fold(key, |key, argument| key.field("argument", argument)).login_key())
        })?;
        // The output is still needed to find the backend whose texts are forgotten.
        let reading = if *reading == Reading::Forget { Reading::Offline } else { *reading };
        let printed = self.backends.text(shelf, reading, |_, deadline| printed(argv, deadline).map(Some))?;
        printed.ok_or_else(|| Error::new(Code::Bug, "the output of a command is not cached"))
    }
}

/// Stores a connection in Secrets Manager, with the credentials of `client`.
pub fn store(client: &BackendClient, settings: &CacheSettings, env: &Env, secret: NewSecret<'_>) -> Result<Stored> {
    let keys = given(&client.asks, settings, env, &Ask::USUAL, EARLY)?.into_keys();
    let deadline = Deadline::after(client.asks.deadline);
    fetch::block_on(secrets_backend::store(&client.target, &keys, secret, &deadline))
}

fn printed(argv: &[String], deadline: &Deadline) -> Result<Secret> {
    let setting = "backend_kwargs_cmd";
    let printed = command::secret_output(argv, setting, deadline)?;
    let text = std::str::from_utf8(&printed)
        .map_err(|_| Error::new(Code::SecretCommand, format!("what the command of `{setting}` prints is not UTF-8")))?;
    Ok(Secret::new(text.to_owned()))
}
