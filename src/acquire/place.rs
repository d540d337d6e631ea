//! What is kept of one profile in a [`storage`]: its result, and the lock and memory of its login.

use std::sync::Arc;

use super::fleet::Fleet;
use super::in_fleet::{InFleet, lost_lead};
use super::key::{self, Identified};
use super::memory::{Memory, Remembered, Wanted};
use super::storage::{self, Choice, Storage};
use crate::cache::entry::CacheEntry;
use crate::cache::key::{CacheKey, KeyBuilder, LoginKey};
use crate::cache::key_place::{self, KeyPlace};
use crate::cache::record::{Record, SealedStore};
use crate::config::cache::{CacheSettings, Store};
use crate::config::profile::Profile;
use crate::error::{Code, Result};
use crate::process::env::Env;
use crate::process::whoami;
use crate::tally;
use crate::time::Timestamp;

/// The place of one result in the cache.
pub struct Slot {
    pub(super) store: SealedStore,
    key: CacheKey,
    /// The place that is read as well: the configured one, if it cannot be written now; the same one under an earlier key.
    before: Option<Box<Slot>>,
}

/// Reads this profile's result from the configured cache. A hit looks at nothing else: nothing is made, and no other place is
/// asked.
///
/// Errors: a key or an entry that others can read; the user has to repair that.
pub fn at_hand(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Option<CacheEntry>> {
    Slot::configured(profile, settings, env)?.map_or(Ok(None), |slot| slot.read())
}

impl Slot {
    /// Returns the place of this profile's result for the current user. `None` if it must not or cannot be stored (the
    /// log says why).
    ///
    /// Errors: a key or a cache that others can read; the user has to repair that.
    pub fn of(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Option<Slot>> {
        let Choice { storage, why } = storage::choose(settings, env)?;
        let (Some(storage), elsewhere) = (storage, why.is_some()) else {
            tracing::info!(why = why.map(tracing::field::display), "nothing is kept");
            return Ok(None);
        };
        match storage.open()?.map(|store| Slot::at(store, profile, env)) {
            Ok(Ok(slot)) if elsewhere => Ok(Some(Slot { before: Slot::before(profile, settings, env)?, ..slot })),
            Ok(Ok(slot)) => Ok(Some(slot.with_old(profile, settings, env))),
            Ok(Err(why)) => {
                tracing::info!(why, "nothing is kept");
                Ok(None)
            }
            Err(why) => {
                tracing::info!(%why, "results are not cached: there is no sealing key");
                Ok(None)
            }
        }
    }

    /// Returns the same place if there is a key to read it with. Nothing is made.
    pub fn existing(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Option<Slot>> {
        let Choice { storage, why } = storage::choose(settings, env)?;
        let before = if why.is_some() { Slot::before(profile, settings, env)? } else { None };
        let slot = storage.map_or(Ok(None), |storage| Slot::in_use(storage, profile, env))?;
        Ok(match slot {
            Some(slot) if before.is_none() => Some(slot.with_old(profile, settings, env)),
            Some(slot) => Some(Slot { before, ..slot }),
            None => before.map(|before| *before),
        })
    }

    fn configured(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Option<Slot>> {
        let slot = storage::configured(settings).map_or(Ok(None), |storage| Slot::in_use(storage, profile, env))?;
        Ok(slot.map(|slot| slot.with_old(profile, settings, env)))
    }

    /// Adds what is still there under earlier keys (`cache.key_file`).
    fn with_old(self, profile: &Profile, settings: &CacheSettings, env: &Env) -> Slot {
        let old = settings.old_key_files.iter().rev().filter_map(|path| {
            let sealing = key_place::read_given(path).ok()??;
            Slot::at(SealedStore::new(self.store.files.clone(), sealing), profile, env).ok()
        });
        let before = old.fold(None, |before, slot| Some(Box::new(Slot { before, ..slot })));
        Slot { before, ..self }
    }

    /// Returns the configured place, which can be read but not written: its entries are still valid.
    fn before(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Option<Box<Slot>>> {
        Ok(Slot::configured(profile, settings, env)?.map(Box::new))
    }

    fn in_use(storage: Storage, profile: &Profile, env: &Env) -> Result<Option<Slot>> {
        let store = passed_over("the sealing key", storage.existing())?;
        Ok(store.and_then(|store| Slot::at(store, profile, env).ok()))
    }

    /// Returns the place if both key and entries are files, for a program that links nothing else; `None` if anything is wrong.
    pub fn in_file(profile: &Profile, settings: &CacheSettings, env: &Env) -> Option<Slot> {
        let Storage { store, key } = storage::configured(settings)?;
        let sealing = match key {
            KeyPlace::File(path) => key_place::read_file(&path),
            KeyPlace::Given(path) => key_place::read_given(&path),
            KeyPlace::Keyring { .. } => return None,
        };
        Slot::at(SealedStore::new(store, sealing.ok()??), profile, env).ok()
    }

    /// Errors: why nothing may be kept: it is unknown who asks.
    fn at(store: SealedStore, profile: &Profile, env: &Env) -> std::result::Result<Slot, String> {
        let Identified { key, unknowable } = key::of(profile, env, &store.sealing);
        unknowable.map_or(Ok(Slot { store, key, before: None }), Err)
    }

    /// Returns a number that is constant for a profile on a machine, and differs between machines and between profiles.
    pub fn phase(&self, env: &Env) -> u8 {
        let key = KeyBuilder::new(&self.store.sealing).field("result", self.key.as_bytes());
        // A fleet's machines have one key.
        let key = key.field("host", whoami::host(env)).field("dir", self.store.dir().as_os_str().as_encoded_bytes());
        let [first, ..] = *key.cache_key().as_bytes();
        first
    }

    /// Reads the result. A file that cannot be read or does not open counts as none.
    ///
    /// Errors: an entry that others can read.
    pub fn read(&self) -> Result<Option<CacheEntry>> {
        let here = self.read_here()?;
        let Some(before) = &self.before else { return Ok(here) };
        // Two memories counted the generations, so the entry that expires later counts.
        Ok([before.read()?, here].into_iter().flatten().max_by_key(|entry| entry.credentials.expiration))
    }

    fn read_here(&self) -> Result<Option<CacheEntry>> {
        let entry = passed_over("the cached entry", self.store.get(&self.key))?;
        if entry.is_some() {
            // An entry that was taken over from the fleet is read from here as well.
            tally::note(|tally| tally.store = tally.store.or(Some(tally::Store::File)));
        }
        Ok(entry)
    }

    /// Writes the result of a login at `place`, and shares it.
    pub fn write(&self, entry: &CacheEntry, place: &LoginPlace) -> Result<()> {
        let written = self.store.put(&self.key, &place.login, entry);
        place.share_result(&self.key, entry);
        written
    }
}

/// Treats what cannot be read as absent, except what others can read: the user has to repair that.
fn passed_over<T>(what: &str, read: Result<Option<T>>) -> Result<Option<T>> {
    read.or_else(|why| match why.code {
        Code::InsecurePermissions => Err(why),
        _ => {
            tracing::info!(%why, "{what} is ignored");
            Ok(None)
        }
    })
}

/// The place of one login's lock and memory.
pub struct LoginPlace {
    pub store: Arc<SealedStore>,
    pub login: LoginKey,
    /// What is wanted of the login; the memory of its failures names it.
    pub wanted: Wanted,
    /// What it shares with other machines; `None`: nothing.
    pub fleet: Option<InFleet>,
}

impl LoginPlace {
    /// Returns the place beside the results; `None` if the settings say that nothing is kept.
    pub fn in_cache(profile: &Profile, settings: &CacheSettings, env: &Env) -> Option<Result<LoginPlace>> {
        match storage::choose(settings, env) {
            Ok(Choice { storage: Some(storage), why: None }) => {
                Some(LoginPlace::open(storage, profile, env).map(|place| place.in_fleet(profile, settings, env)))
            }
            Ok(Choice { storage: Some(storage), why: Some(_) }) => Some(LoginPlace::open(storage, profile, env)),
            Ok(Choice { storage: None, why }) => why.filter(|_| settings.store != Store::None).map(Err),
            Err(error) => Some(Err(error)),
        }
    }

    /// Returns the places that may serve if that one cannot, the best one first. Each is made when it is asked for.
    pub fn elsewhere<'a>(profile: &'a Profile, env: &'a Env) -> impl Iterator<Item = Result<LoginPlace>> + use<'a> {
        storage::fallbacks(env).map(move |storage| LoginPlace::open(storage, profile, env))
    }

    /// Returns the places that have been used and whose key can be read.
    pub fn existing(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Vec<LoginPlace>> {
        let used = storage::used(settings, env).into_iter();
        let opened = used.filter_map(|storage| passed_over("a sealing key", storage.existing()).transpose());
        opened.map(|store| Ok(LoginPlace::of(store?, profile, env))).collect()
    }

    fn open(storage: Storage, profile: &Profile, env: &Env) -> Result<LoginPlace> {
        // Checked before a key is made in it: under /tmp anybody could have taken the name, for a link to anywhere.
        storage.store.open_dir()?;
        storage.open()?.map(|store| LoginPlace::of(store, profile, env))
    }

    fn of(store: SealedStore, profile: &Profile, env: &Env) -> LoginPlace {
        let login = key::login(profile, env, &store.sealing);
        let result = key::of(profile, env, &store.sealing).key;
        let wanted = Wanted { result, settings: key::login_settings(profile, &store.sealing) };
        LoginPlace { store: Arc::new(store), login, wanted, fleet: None }
    }

    fn in_fleet(self, profile: &Profile, settings: &CacheSettings, env: &Env) -> LoginPlace {
        let assertion = key::assertion(profile, env, &self.store.sealing);
        let fleet = Fleet::of(settings, env, &self.store);
        let fleet = fleet.map(|fleet| InFleet::new(fleet, &self.login, &self.wanted.result, assertion.as_ref()));
        LoginPlace { fleet, ..self }
    }

    /// Reads the record of the login. Errors: a record that cannot be read, which may hold a refusal.
    pub fn memory(&self) -> Result<Memory> {
        Ok(self.store.get(&self.login)?.unwrap_or_default())
    }

    /// Writes the memory, and shares it. Called before a secret leaves; if it fails, none is sent.
    ///
    /// Errors: [`Code::LockTimeout`] where another machine has led since; those of [`SealedStore::put`].
    pub(super) fn remember(&self, memory: &Memory) -> Result<()> {
        let Some(fleet) = &self.fleet else { return self.store.put(&self.login, &self.login, memory) };
        memory.apart.set(false);
        let shared = fleet.share(&self.login, memory)?;
        memory.apart.set(shared != Some(true));
        self.store.put(&self.login, &self.login, memory)?;
        if shared == Some(false) { Err(lost_lead()) } else { Ok(()) }
    }
    /// Shares a result with the other machines, if there are any.
    pub(super) fn share_result<R: Record>(&self, key: &R::Key, record: &R) {
        if let Some(fleet) = &self.fleet {
            fleet.share_result(key, record);
        }
    }
}

/// Returns the last failure that is remembered of this profile's result, in any place.
pub fn last_failure(profile: &Profile, settings: &CacheSettings, env: &Env, now: Timestamp) -> Option<Remembered> {
    let places = LoginPlace::existing(profile, settings, env).unwrap_or_default();
    let failures = places.iter().filter_map(|place| place.memory().ok()?.last_failure(&place.wanted, now));
    failures.max_by_key(|failure| failure.last.at)
}
