//! Logins and logouts that a person asks for: one login, even if credentials are cached or a secret was refused before;
//! and the removal of everything that is stored.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::ask::Ask;
use super::fleet;
use super::flight::NoResult;
use super::place::{LoginPlace, Slot};
use super::policy::Policy;
use super::renew::Renewal;
use super::session;
use super::storage::{self, Storage};
use crate::cache::entry::CacheEntry;
use crate::cache::file_store::FileStore;
use crate::cache::key::{FileName, Kind};
use crate::cache::lock::{Attempt, Lock};
use crate::cache::record;
use crate::config::cache::{CacheSettings, Store};
use crate::config::profile::Profile;
use crate::credentials::Credentials;
use crate::error::{Code, Result};
use crate::identity::Person;
use crate::process::env::Env;
use crate::secret::Secret;
use crate::time::{self, Deadline};

/// Logs in once, with the secret that was `typed` or the configured one, even if it was refused before. `person` can be asked for
/// more. The result is cached.
///
/// A secret that is refused now is remembered like any other; after a success everything that held logins back is forgotten.
pub fn log_in(
    profile: &Profile,
    settings: &CacheSettings,
    env: &Env,
    typed: Option<&Secret>,
    person: Option<&dyn Person>,
) -> Result<Credentials> {
    let ask = Ask { force: true, ..Ask::USUAL };
    let slot = Slot::of(profile, settings, env)?;
    let renewal = Renewal { slot, typed, person, ..Renewal::new(profile, settings, env, &ask) };
    Ok(renewal.somewhere(&renewal, &Policy::BY_HAND)?.credentials)
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

impl Forgotten {
    /// Removes these files of a store and counts them.
    fn remove(&mut self, store: &FileStore, names: Vec<FileName>) -> Result<()> {
        // The memory of reading a text is not a login's.
        let texts: HashSet<_> = names.iter().filter_map(|name| of_kind(name, Kind::Text)).collect();
        for name in names {
            let FileName::Sealed(kind, digest) = name else { continue };
            let removed = usize::from(store.remove(&name)?);
            match kind {
                Kind::Entry => self.results += removed,
                Kind::Memory if texts.contains(&digest) => {}
                Kind::Memory => self.memories += removed,
                Kind::Session => self.sessions += removed,
                Kind::Text => self.connections += removed,
                Kind::Assertion | Kind::Secret | Kind::Away => {}
            }
        }
        Ok(())
    }
}

fn of_kind(name: &FileName, wanted: Kind) -> Option<[u8; 32]> {
    match name {
        FileName::Sealed(kind, digest) if *kind == wanted => Some(*digest),
        FileName::Sealed(..) | FileName::Lock(_) => None,
    }
}

/// Forgets the result of this profile and everything else that is kept of its login, except results of other profiles.
pub fn log_out(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Forgotten> {
    let mut forgotten = Forgotten::default();
    for place in LoginPlace::existing(profile, settings, env)? {
        let _lock = match place.lock(None, &Deadline::after(profile.deadline)) {
            Ok(lock) => lock,
            // On a full disk no other process gets the lock either.
            Err(NoResult::Place(why)) if why.code == Code::CacheWrite => {
                tracing::info!(%why, "not locked");
                None
            }
            Err(why) => return Err(why.into_error()),
        };
        let own = record::name::<CacheEntry>(&place.wanted.result);
        let mut names = place.store.files.of_login(&place.login)?;
        names.retain(|name| *name == own || of_kind(name, Kind::Entry).is_none());
        forgotten.remove(&place.store.files, names)?;
        forgotten.sessions = forgotten.sessions.max(usize::from(place.forget_browser()?));
    }
    if let (Store::Redis(_), Some(Ok(place))) = (&settings.store, LoginPlace::in_cache(profile, settings, env)) {
        place.fleet.map_or(Ok(()), |fleet| fleet.forget())?;
    }
    Ok(forgotten)
}

/// How long a login that is under way is waited for before everything is forgotten.
const UNDER_WAY: Duration = Duration::from_secs(20);

/// Forgets every result and every memory, of all profiles.
pub fn log_out_all(settings: &CacheSettings, env: &Env) -> Result<Forgotten> {
    let mut forgotten = Forgotten::default();
    let deadline = Deadline::after(UNDER_WAY);
    let mut logins = Vec::new();
    for Storage { store, .. } in storage::used(settings, env) {
        let mut locks = Vec::new();
        for login in store.logins()? {
            match Lock::acquire(&store, &login, &deadline, time::after(deadline.remaining()))? {
                Attempt::Acquired(lock) => locks.push(lock),
                Attempt::Held(held) => return Err(held.error(time::now())),
            }
        }
        logins.extend(store.logins()?);
        // Listed only now: a login that was waited for has left its result.
        forgotten.remove(&store, store.all()?)?;
        forgotten.sessions = forgotten.sessions.max(usize::from(session::forget_browsers(&store)?));
        // Removes what an earlier version left.
        store.prune(time::now())?;
    }
    if let Store::Redis(_) = &settings.store
        && let Some(store) = storage::configured(settings).map_or(Ok(None), Storage::existing)?
    {
        fleet::forget_all(settings, env, &Arc::new(store), &logins)?;
    }
    Ok(forgotten)
}
