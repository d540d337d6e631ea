//! What a person asks for by hand: one login, whatever is cached, held back or was refused before; and that all of it be
//! forgotten.

use std::time::Duration;

use super::Ask;
use super::flight::Policy;
use super::place::{LoginPlace, Slot};
use super::renew::Renewal;
use super::session;
use super::shared::Shared;
use super::storage::{self, Storage};
use crate::cache::key::FileName;
use crate::cache::lock::{Attempt, Lock};
use crate::config::cache::CacheSettings;
use crate::config::env::Env;
use crate::config::profile::Profile;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::identity::keep::Person;
use crate::secret::Secret;
use crate::time::{self, Deadline};

/// Logs in once, with the secret that was `typed` or the configured one, also if it was refused before. `person` can be asked
/// for more. The result is cached.
///
/// A secret that is refused now is remembered as any other; after a success everything is forgotten that held logins back.
pub fn log_in(
    profile: &Profile,
    settings: &CacheSettings,
    env: &Env,
    typed: Option<&Secret>,
    person: Option<&dyn Person>,
) -> Result<Credentials> {
    let ask = Ask { window: None, force: true, use_cache: true };
    let slot = Slot::of(profile, settings, env)?;
    let renewal = Renewal { profile, settings, env, ask: &ask, slot, due: None, typed, person, trace: None };
    Ok(renewal.somewhere(&renewal, &Policy::BY_HAND)?.credentials)
}

/// Runs `work` while nobody else logs in as this identity, wherever there is a place to lock.
pub fn alone<T>(profile: &Profile, settings: &CacheSettings, env: &Env, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let in_cache = LoginPlace::in_cache(profile, settings, env);
    let place = in_cache.into_iter().chain(LoginPlace::elsewhere(profile, env)).find_map(Result::ok);
    let deadline = Deadline::after(profile.deadline);
    let _lock = place.map(|place| place.locked(&deadline)).transpose()?;
    work()
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Cached results.
    pub results: usize,
    /// Logins whose failures were remembered.
    pub memories: usize,
    /// Airflow connections out of a secrets backend.
    pub connections: usize,
    /// Sessions and remembered devices: cookies, and profiles of a browser.
    pub sessions: usize,
}

/// Forgets the result of this profile, and what is remembered of its login.
pub fn log_out(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Forgotten> {
    let mut forgotten = Forgotten::default();
    let slot = Slot::existing(profile, settings, env)?;
    for place in LoginPlace::existing(profile, settings, env)? {
        let _lock = place.locked(&Deadline::after(profile.deadline))?;
        forgotten.results += usize::from(place.store.remove(&FileName::Entry(place.wanted.result))?);
        forgotten.memories += usize::from(place.store.remove(&FileName::Record(place.login))?);
        forgotten.sessions += usize::from(place.forget_session()?);
        Shared::new(slot.as_ref(), profile, env).forget();
    }
    Ok(forgotten)
}

/// A login that is under way when everything is to be forgotten is waited for so long.
const UNDER_WAY: Duration = Duration::from_secs(20);

/// Forgets every result and every memory, whichever profile they are of.
pub fn log_out_all(settings: &CacheSettings, env: &Env) -> Result<Forgotten> {
    let mut forgotten = Forgotten::default();
    let deadline = Deadline::after(UNDER_WAY);
    for Storage { store, .. } in storage::used(settings, env) {
        let mut locks = Vec::new();
        for (name, _) in store.list()? {
            if let FileName::Lock(login) = name {
                match Lock::acquire(&store, &login, &deadline, time::after(deadline.remaining()))? {
                    Attempt::Acquired(lock) => locks.push(lock),
                    Attempt::Held(held) => return Err(held.error(time::now())),
                }
            }
        }
        // Listed anew: what was waited for has left its result.
        for (name, _) in store.list()? {
            match name {
                FileName::Entry(_) => forgotten.results += usize::from(store.remove(&name)?),
                FileName::Record(_) => forgotten.memories += usize::from(store.remove(&name)?),
                FileName::Text(_) => forgotten.connections += usize::from(store.remove(&name)?),
                FileName::Cookies(_) => forgotten.sessions += usize::from(store.remove(&name)?),
                FileName::Assertion(_) => drop(store.remove(&name)?),
                FileName::Lock(_) => {}
            }
        }
        forgotten.sessions += usize::from(session::forget_browsers(&store)?);
        // And what an earlier version left.
        store.prune(time::now())?;
    }
    Ok(forgotten)
}
