//! Entries of the cache, opened with the key that lies beside them, to make them as old as a test wants them.

use std::path::{Path, PathBuf};

use fedcred::cache::assertion::KeptAssertion;
use fedcred::cache::entry::CacheEntry;
use fedcred::cache::file_store::FileStore;
use fedcred::cache::key::{AssertionKey, CacheKey, FileName, Kind};
use fedcred::cache::key_place::KeyPlace;
use fedcred::cache::record::SealedStore;
use jiff::SignedDuration;

/// An entry that lies in a cache.
pub struct Kept {
    pub path: PathBuf,
    key: CacheKey,
    /// The assertions that lie beside it.
    assertions: Vec<(PathBuf, AssertionKey)>,
    store: SealedStore,
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
        let assertions: Vec<_> = files
            .iter()
            .filter_map(|path| Some((path.clone(), AssertionKey::from(digest_of(path, Kind::Assertion)?))))
            .collect();
        let entries = files.iter().filter_map(|path| Some((path.clone(), key_of(path)?)));
        entries
            .map(|(path, key)| Kept { store: store_of(files, &path), path, key, assertions: assertions.clone() })
            .collect()
    }

    /// Makes it, and what was kept with it, as old as it will be in so many minutes; below zero, it comes from the future.
    pub fn age(&self, minutes: i64) {
        let by = SignedDuration::from_mins(minutes);
        let login = |path: &Path| {
            let header = self.store.files.header(&name_of(path).expect("a name")).expect("ours");
            header.expect("a whole file").login
        };
        let mut entry: CacheEntry = self.store.get(&self.key).expect("ours").expect("a whole entry");
        entry.issued -= by;
        entry.credentials.expiration -= by;
        self.store.put(&self.key, &login(&self.path), &entry).expect("it is ours");
        for (path, key) in &self.assertions {
            let mut kept: KeptAssertion = self.store.get(key).expect("ours").expect("a whole assertion");
            kept.received -= by;
            kept.until -= by;
            self.store.put(key, &login(path), &kept).expect("it is ours");
        }
    }
}

/// The store that a file lies in, with the one sealing key among these files.
pub fn store_of(files: &[PathBuf], path: &Path) -> SealedStore {
    let place = files.iter().find(|path| path.ends_with("cache.key")).expect("the file of a sealing key");
    let sealing = KeyPlace::File(place.clone()).read().unwrap().expect("a sealing key");
    SealedStore::new(FileStore::new(path.parent().expect("a directory").to_path_buf()), sealing)
}

fn name_of(path: &Path) -> Option<FileName> {
    FileName::parse(path.file_name()?.to_str()?)
}

/// The digest in the name of a file of this kind.
pub fn digest_of(path: &Path, wanted: Kind) -> Option<[u8; 32]> {
    match name_of(path)? {
        FileName::Sealed(kind, digest) => (kind == wanted).then_some(digest),
        FileName::Lock(_) => None,
    }
}

/// What an entry of this name is of; `None`: it is not an entry.
pub fn key_of(path: &Path) -> Option<CacheKey> {
    digest_of(path, Kind::Entry).map(CacheKey::from)
}
