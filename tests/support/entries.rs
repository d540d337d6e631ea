//! Entries of the cache, opened with the key that lies beside them, to make them as old as a test wants them.

use std::fs;
use std::path::{Path, PathBuf};

use fedcred::cache::assertion::KeptAssertion;
use fedcred::cache::entry::CacheEntry;
use fedcred::cache::key::{AssertionKey, CacheKey, FileName};
use fedcred::cache::master_key::{KeyPlace, SealingKey};
use jiff::SignedDuration;

/// An entry that lies in a cache.
pub struct Kept {
    pub path: PathBuf,
    key: CacheKey,
    /// The assertions that lie beside it.
    assertions: Vec<(PathBuf, AssertionKey)>,
    sealing: SealingKey,
}

impl Kept {
    /// The one entry among these files of a home, which the one sealing key among them sealed.
    pub fn one(files: &[PathBuf]) -> Kept {
        let mut all = Kept::all(files);
        assert_eq!(all.len(), 1, "entries");
        all.remove(0)
    }

    /// Every entry among them.
    pub fn all(files: &[PathBuf]) -> Vec<Kept> {
        let place = files.iter().find(|path| path.ends_with("cache.key")).expect("the file of a sealing key");
        let sealing = || KeyPlace::File(place.clone()).read().unwrap().expect("a sealing key");
        let assertions: Vec<_> = files.iter().filter_map(|path| Some((path.clone(), assertion_of(path)?))).collect();
        let entries = files.iter().filter_map(|path| Some((path.clone(), key_of(path)?)));
        entries.map(|(path, key)| Kept { path, key, assertions: assertions.clone(), sealing: sealing() }).collect()
    }

    /// Makes it, and what was kept with it, as old as it will be in so many minutes; below zero, it comes from the future.
    pub fn age(&self, minutes: i64) {
        let file = fs::read(&self.path).expect("an entry");
        let mut entry = CacheEntry::open(&self.sealing, &self.key, &file).expect("a whole entry");
        entry.issued -= SignedDuration::from_mins(minutes);
        entry.credentials.expiration -= SignedDuration::from_mins(minutes);
        let login = CacheEntry::peek_login(&file).expect("its login");
        let sealed = entry.seal(&self.sealing, &self.key, &login).expect("a sealed entry");
        fs::write(&self.path, sealed).expect("it is ours");
        for (path, key) in &self.assertions {
            let file = fs::read(path).expect("an assertion");
            let mut kept = KeptAssertion::open(&self.sealing, key, &file).expect("a whole assertion");
            kept.received -= SignedDuration::from_mins(minutes);
            kept.until -= SignedDuration::from_mins(minutes);
            let login = KeptAssertion::peek_login(&file).expect("its login");
            fs::write(path, kept.seal(&self.sealing, key, &login).expect("a sealed assertion")).expect("it is ours");
        }
    }
}

fn assertion_of(path: &Path) -> Option<AssertionKey> {
    match FileName::parse(path.file_name()?.to_str()?) {
        Some(FileName::Assertion(key)) => Some(key),
        _ => None,
    }
}

/// What an entry of this name is of; `None`: it is no entry.
pub fn key_of(path: &Path) -> Option<CacheKey> {
    match FileName::parse(path.file_name()?.to_str()?) {
        Some(FileName::Entry(key)) => Some(key),
        _ => None,
    }
}
