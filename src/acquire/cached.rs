//! The hit path: the sealing key, the entry, the clock. No lock, no thread, no socket, no runtime.

use crate::cache::entry::CacheEntry;
use crate::cache::file_store::FileStore;
use crate::cache::key::{CacheKey, FileName};
use crate::cache::master_key::{Opened, SealingKey};
use crate::config::cache::{CacheSettings, Store};
use crate::config::env::Env;
use crate::config::profile::Profile;
use crate::error::Result;

/// The place of one result in the cache.
pub struct Slot {
    store: FileStore,
    sealing: SealingKey,
    key: CacheKey,
}

impl Slot {
    /// The place of this profile's result, for whoever asks now. `None`: nothing of it may or can be kept; the log says why.
    ///
    /// Errors: a key or a cache that others can read, which must be mended, not passed over.
    pub fn of(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Option<Slot>> {
        let (Store::File, Some(dir), Some(place)) = (settings.store, &settings.dir, settings.key_place()) else {
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
        match super::key::of(profile, env, &sealing) {
            Ok(key) => Ok(Some(Slot { store: FileStore::new(dir.clone()), sealing, key })),
            Err(why) => {
                tracing::info!(why, "nothing is kept");
                Ok(None)
            }
        }
    }

    /// What is kept there. A file that does not open is as good as none.
    pub fn read(&self) -> Result<Option<CacheEntry>> {
        let Some(file) = self.store.read(&FileName::Entry(self.key))? else { return Ok(None) };
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
