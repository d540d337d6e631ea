//! Where things are kept: the result in the cache, and a login's lock and memory there or, where the cache cannot be
//! written, in a directory of the session or of this user under the temporary one.

use std::path::PathBuf;

use super::key::{self, Identified};
use super::memory::Wanted;
use crate::cache::entry::CacheEntry;
use crate::cache::file_store::FileStore;
use crate::cache::key::{CacheKey, FileName, LoginKey};
use crate::cache::master_key::{self, KeyPlace, Opened, SealingKey};
use crate::config::cache::{CacheSettings, Store};
use crate::config::env::Env;
use crate::config::profile::Profile;
use crate::error::{Code, Result};

/// The place of one result in the cache.
pub struct Slot {
    pub(super) store: FileStore,
    pub(super) sealing: SealingKey,
    key: CacheKey,
}

impl Slot {
    /// The place of this profile's result, for whoever asks now. `None`: nothing of it may or can be kept; the log says why.
    ///
    /// Errors: a key or a cache that others can read, which must be mended, not passed over.
    pub fn of(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Option<Slot>> {
        let Some((store, place)) = cache(settings) else {
            tracing::info!("nothing is kept: the cache is off, or there is no home directory for it");
            return Ok(None);
        };
        let sealing = match place.open()? {
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
        Ok(Some(Slot { store, sealing, key }))
    }

    /// The same place, if there is a key to read it with. Nothing is made.
    pub fn existing(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Option<Slot>> {
        let Some((store, place)) = cache(settings) else { return Ok(None) };
        let Some(sealing) = place.read()? else { return Ok(None) };
        let Identified { key, unknowable } = key::of(profile, env, &sealing);
        Ok(unknowable.is_none().then_some(Slot { store, sealing, key }))
    }

    /// The same place where both key and entries are files, for who may link nothing else: whatever is wrong is no place.
    pub fn in_file(profile: &Profile, settings: &CacheSettings, env: &Env) -> Option<Slot> {
        let (store, KeyPlace::File(path)) = cache(settings)? else { return None };
        let sealing = master_key::read_file(&path).ok()??;
        let Identified { key, unknowable } = key::of(profile, env, &sealing);
        unknowable.is_none().then_some(Slot { store, sealing, key })
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

    pub fn write(&self, entry: &CacheEntry) -> Result<()> {
        self.store.write(&FileName::Entry(self.key), &entry.seal(&self.sealing, &self.key)?)
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
        let (store, place) = cache(settings)?;
        Some(LoginPlace::open(store, &place, profile, env))
    }

    /// The places that may serve where that one cannot, the best one first. Each is made when it is asked for.
    pub fn elsewhere<'a>(profile: &'a Profile, env: &'a Env) -> impl Iterator<Item = Result<LoginPlace>> + use<'a> {
        fallbacks(env).map(move |(store, place)| LoginPlace::open(store, &place, profile, env))
    }

    /// All places that have been used.
    pub fn existing(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Vec<LoginPlace>> {
        let mut places = Vec::new();
        for (store, place) in existing_stores(settings, env) {
            if let Some(sealing) = place.read()? {
                places.push(LoginPlace::of(store, sealing, profile, env));
            }
        }
        Ok(places)
    }

    fn open(store: FileStore, place: &KeyPlace, profile: &Profile, env: &Env) -> Result<LoginPlace> {
        // Before a key is made in it: under /tmp anybody could have taken the name, with a link to anywhere.
        store.open_dir()?;
        match place.open()? {
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

/// The stores that have been used, each with the place of its key.
pub fn existing_stores(settings: &CacheSettings, env: &Env) -> Vec<(FileStore, KeyPlace)> {
    let stores = cache(settings).into_iter().chain(fallbacks(env));
    stores.filter(|(store, _)| store.dir().is_dir()).collect()
}

fn fallbacks(env: &Env) -> impl Iterator<Item = (FileStore, KeyPlace)> + use<> {
    let session = env.path("XDG_RUNTIME_DIR").filter(|dir| dir.is_absolute()).map(|dir| dir.join("fedcred"));
    session.into_iter().chain(temporary(env)).map(|dir| {
        // A sealing key beside what it seals is worth little, but it keeps a password's mark from being tried offline
        // by whoever gets hold of the file alone.
        let place = KeyPlace::File(dir.join("cache.key"));
        (FileStore::new(dir), place)
    })
}

pub(super) fn cache(settings: &CacheSettings) -> Option<(FileStore, KeyPlace)> {
    match settings.store {
        Store::File => Some((FileStore::new(settings.dir.clone()?), settings.key_place()?)),
        Store::None => None,
    }
}

/// A directory of this user's own, whose name anybody could have taken before: the store checks whose it is.
#[cfg(unix)]
fn temporary(env: &Env) -> Option<PathBuf> {
    let base = env.path("TMPDIR").filter(|dir| dir.is_absolute()).unwrap_or_else(|| "/tmp".into());
    Some(base.join(format!("fedcred-{}", rustix::process::geteuid().as_raw())))
}

#[cfg(not(unix))]
fn temporary(env: &Env) -> Option<PathBuf> {
    env.path("TEMP").map(|dir| dir.join("fedcred"))
}
