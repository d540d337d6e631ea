//! Entries of the cache, opened with the key that lies beside them, to make them as old as a test wants them.

use std::fs;
use std::path::{Path, PathBuf};

use fedcred::cache::entry::CacheEntry;
use fedcred::cache::key::{CacheKey, FileName};
use fedcred::cache::master_key::{KeyPlace, SealingKey};
use jiff::SignedDuration;

/// An entry that lies in a cache.
pub struct Kept {
    pub path: PathBuf,
    key: CacheKey,
    sealing: SealingKey,
}

impl Kept {
    /// The one entry among these files of a home, which the one sealing key among them sealed.
    pub fn one(files: &[PathBuf]) -> Kept {
        let entries: Vec<_> = files.iter().filter_map(|path| Some((path, key_of(path)?))).collect();
        let [(path, key)] = entries.as_slice() else { panic!("{} entries", entries.len()) };
        let place = files.iter().find(|path| path.ends_with("cache.key")).expect("the file of a sealing key");
        let sealing = KeyPlace::File(place.clone()).read().unwrap().expect("a sealing key");
        Kept { path: path.to_path_buf(), key: *key, sealing }
    }

    /// Makes it as old as it will be in so many minutes; below zero, it comes from the future.
    pub fn age(&self, minutes: i64) {
        let file = fs::read(&self.path).expect("an entry");
        let mut entry = CacheEntry::open(&self.sealing, &self.key, &file).expect("a whole entry");
        entry.issued -= SignedDuration::from_mins(minutes);
        entry.credentials.expiration -= SignedDuration::from_mins(minutes);
        fs::write(&self.path, entry.seal(&self.sealing, &self.key).expect("a sealed entry")).expect("it is ours");
    }
}

/// What an entry of this name is of; `None`: it is no entry.
pub fn key_of(path: &Path) -> Option<CacheKey> {
    match FileName::parse(path.file_name()?.to_str()?) {
        Some(FileName::Entry(key)) => Some(key),
        _ => None,
    }
}
