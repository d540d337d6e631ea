//! What is kept where ([`storage`]) of one profile: its result, and its login's lock and memory.

use super::key::{self, Identified};
use super::memory::Wanted;
use super::storage::{self, Choice, Storage};
use crate::cache::entry::CacheEntry;
use crate::cache::file_store::FileStore;
use crate::cache::key::{CacheKey, FileName, LoginKey};
use crate::cache::master_key::{self, KeyPlace, Opened, SealingKey};
use crate::config::cache::CacheSettings;
use crate::config::env::Env;
use crate::config::profile::Profile;
use crate::error::{Code, Result};

/// The place of one result in the cache.
pub struct Slot {
    pub(super) store: FileStore,
    pub(super) sealing: SealingKey,
    key: CacheKey,
    /// The configured place, if it cannot be written now.
    before: Option<Box<Slot>>,
}

/// What is kept of this profile's result in the configured cache. It is all that a hit looks at: nothing is made, and no other
/// place is asked.
///
/// Errors: a key or an entry that others can read, which must be mended, not passed over.
pub fn at_hand(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Option<CacheEntry>> {
    let Some(storage) = storage::configured(settings) else { return Ok(None) };
    Slot::in_use(storage, profile, env)?.map_or(Ok(None), |slot| slot.read())
}

impl Slot {
    /// The place of this profile's result, for whoever asks now. `None`: nothing of it may or can be kept; the log says why.
    ///
    /// Errors: a key or a cache that others can read, which must be mended, not passed over.
    pub fn of(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Option<Slot>> {
        let Choice { storage, why } = storage::choose(settings, env)?;
        let (Some(storage), elsewhere) = (storage, why.is_some()) else {
            tracing::info!(why = why.map(tracing::field::display), "nothing is kept");
            return Ok(None);
        };
        let sealing = match storage.key.open()? {
            Opened::Key(key) => key,
            Opened::NoKey(why) => {
                tracing::info!(%why, "nothing is kept: no sealing key");
                return Ok(None);
            }
        };
        let Identified { key, unknowable } = key::of(profile, env, &sealing);
        if let Some(why) = unknowable {
            tracing::info!(why, "nothing is kept");
            return Ok(None);
        }
        let before = if elsewhere { Slot::before(profile, settings, env)? } else { None };
        Ok(Some(Slot { store: storage.store, sealing, key, before }))
    }

    /// The same place, if there is a key to read it with. Nothing is made.
    pub fn existing(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Option<Slot>> {
        let Choice { storage, why } = storage::choose(settings, env)?;
        let before = if why.is_some() { Slot::before(profile, settings, env)? } else { None };
        let slot = storage.map_or(Ok(None), |storage| Slot::in_use(storage, profile, env))?;
        Ok(match slot {
            Some(slot) => Some(Slot { before, ..slot }),
            None => before.map(|before| *before),
        })
    }

    /// The configured place where it can be read and not written: what is there still counts.
    fn before(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Option<Box<Slot>>> {
        let Some(storage) = storage::configured(settings) else { return Ok(None) };
        Ok(Slot::in_use(storage, profile, env)?.map(Box::new))
    }

    fn in_use(storage: Storage, profile: &Profile, env: &Env) -> Result<Option<Slot>> {
        let sealing = match storage.key.read() {
            Ok(Some(sealing)) => sealing,
            Ok(None) => return Ok(None),
            Err(error) if error.code == Code::InsecurePermissions => return Err(error),
            Err(why) => {
                tracing::info!(%why, "the sealing key is passed over");
                return Ok(None);
            }
        };
        let Identified { key, unknowable } = key::of(profile, env, &sealing);
        Ok(unknowable.is_none().then_some(Slot { store: storage.store, sealing, key, before: None }))
    }

    /// The same place where both key and entries are files, for who may link nothing else: whatever is wrong is no place.
    pub fn in_file(profile: &Profile, settings: &CacheSettings, env: &Env) -> Option<Slot> {
        let Storage { store, key: KeyPlace::File(path) } = storage::configured(settings)? else { return None };
        let sealing = master_key::read_file(&path).ok()??;
        let Identified { key, unknowable } = key::of(profile, env, &sealing);
        unknowable.is_none().then_some(Slot { store, sealing, key, before: None })
    }

    /// A number that differs from machine to machine and from profile to profile, and stays the same.
    pub fn phase(&self) -> u8 {
        let [first, ..] = self.key.as_bytes();
        *first
    }

    /// What is kept there. A file that cannot be read or does not open is as good as none.
    ///
    /// Errors: an entry that others can read.
    pub fn read(&self) -> Result<Option<CacheEntry>> {
        let here = self.read_here()?;
        let Some(before) = &self.before else { return Ok(here) };
        // Two records counted their generations: of their entries the later one in force counts.
        Ok([before.read_here()?, here].into_iter().flatten().max_by_key(|entry| entry.credentials.expiration))
    }

    fn read_here(&self) -> Result<Option<CacheEntry>> {
        let file = match self.store.read(&FileName::Entry(self.key)) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(None),
            Err(error) if error.code == Code::InsecurePermissions => return Err(error),
            Err(why) => {
                tracing::info!(%why, "the cached entry is passed over");
                return Ok(None);
            }
        };
        match CacheEntry::open(&self.sealing, &self.key, &file) {
            Ok(entry) => Ok(Some(entry)),
            Err(miss) => {
                tracing::info!(%miss, "the cached entry is passed over");
                Ok(None)
            }
        }
    }

    /// Keeps what came by a login as `login`.
    pub fn write(&self, entry: &CacheEntry, login: &LoginKey) -> Result<()> {
        self.store.write(&FileName::Entry(self.key), &entry.seal(&self.sealing, &self.key, login)?)
    }
}

/// The place of one login's lock and memory.
pub struct LoginPlace {
    pub store: FileStore,
    pub sealing: SealingKey,
    pub login: LoginKey,
    /// What is wanted of the login; stands in the memory of its failures.
    pub wanted: Wanted,
}

impl LoginPlace {
    /// The place beside the results; `None` where nothing is kept.
    pub fn in_cache(profile: &Profile, settings: &CacheSettings, env: &Env) -> Option<Result<LoginPlace>> {
        match storage::choose(settings, env) {
            Ok(Choice { storage, .. }) => storage.map(|storage| LoginPlace::open(storage, profile, env)),
            Err(error) => Some(Err(error)),
        }
    }

    /// The places that may serve where that one cannot, the best one first. Each is made when it is asked for.
    pub fn elsewhere<'a>(profile: &'a Profile, env: &'a Env) -> impl Iterator<Item = Result<LoginPlace>> + use<'a> {
        storage::fallbacks(env).map(move |storage| LoginPlace::open(storage, profile, env))
    }

    /// All places that have been used.
    pub fn existing(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Vec<LoginPlace>> {
        let mut places = Vec::new();
        for Storage { store, key } in storage::used(settings, env) {
            if let Some(sealing) = key.read()? {
                places.push(LoginPlace::of(store, sealing, profile, env));
            }
        }
        Ok(places)
    }

    fn open(Storage { store, key }: Storage, profile: &Profile, env: &Env) -> Result<LoginPlace> {
        // Before a key is made in it: under /tmp anybody could have taken the name, with a link to anywhere.
        store.open_dir()?;
        match key.open()? {
            Opened::Key(sealing) => Ok(LoginPlace::of(store, sealing, profile, env)),
            Opened::NoKey(why) => Err(why),
        }
    }

    fn of(store: FileStore, sealing: SealingKey, profile: &Profile, env: &Env) -> LoginPlace {
        let login = key::login(profile, env, &sealing);
        let result = key::of(profile, env, &sealing).key;
        let wanted = Wanted { result, settings: key::login_settings(profile, &sealing) };
        LoginPlace { store, sealing, login, wanted }
    }
}
