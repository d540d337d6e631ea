//! Sealed records: the one way in which anything is kept.
//!
//! A type that is kept is a [`Record`]: its kind, the digest under which it is found, how long it is of use, and its body.
//! [`SealedStore`] reads and writes records. A file of another format, for another digest, under another key or with an unknown
//! body is a miss, as if there were none.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use zeroize::Zeroizing;

use super::file_store::FileStore;
use super::key::{FileName, Kind, LoginKey};
use super::seal::{self, Header, Miss};
use super::sealing_key::SealingKey;
use crate::error::{Code, Error, Result};
use crate::time::{self, Timestamp};

/// What is kept as a sealed file.
pub trait Record: Sized {
    const KIND: Kind;
    /// The digest under which it is found.
    type Key: AsRef<[u8; 32]>;

    /// Returns when it is of no more use and may be removed; written in the clear, in whole seconds. Without an end of its own: 30
    /// days after it was last written.
    fn until(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(UNUSED).unwrap_or(Timestamp::MAX)
    }

    fn body(&self) -> Result<Zeroizing<Vec<u8>>>;

    /// Reads a body back; `None` if this version writes no such body.
    fn of_body(body: &[u8], until: Timestamp) -> Option<Self>;
}

const UNUSED: Duration = Duration::from_secs(30 * 24 * 3600);

/// Returns `value` as the JSON of a body.
pub fn json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>> {
    let json = serde_json::to_vec(value).map(Zeroizing::new);
    json.map_err(|e| Error::new(Code::Bug, "a record cannot be written as JSON").because(e.to_string()))
}

/// Joins parts to a body, each after its length (4 bytes, big-endian).
///
/// The whole buffer is reserved at once: one that grows leaves copies behind that are not wiped.
pub fn join(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut body = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| 4 + part.len()).sum()));
    for part in parts {
        // The seal refuses longer ones.
        body.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        body.extend_from_slice(part);
    }
    body
}

/// Splits a body that [`join`] made of `N` parts; `None` for any other.
pub fn split<const N: usize>(mut body: &[u8]) -> Option<[&[u8]; N]> {
    let mut parts = [&[][..]; N];
    for part in &mut parts {
        let (length, rest) = body.split_first_chunk()?;
        (*part, body) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    }
    body.is_empty().then_some(parts)
}

/// Reads a part that [`seconds`] made.
pub fn time_of(part: &[u8]) -> Option<Timestamp> {
    Timestamp::from_second(i64::from_be_bytes(part.try_into().ok()?)).ok()
}

/// Returns a time as a part, in whole seconds.
pub fn seconds(at: Timestamp) -> [u8; 8] {
    at.as_second().to_be_bytes()
}

/// Seals `record` under `key`, for the login identity `login`. Errors: those of the seal, [`Record::body`].
pub fn seal<R: Record>(sealing: &SealingKey, key: &R::Key, login: &LoginKey, record: &R) -> Result<Vec<u8>> {
    let until = record.until(time::now());
    seal_body::<R>(sealing, key, login, until, &record.body()?)
}

/// Seals any body as that of a record; tests seal bodies that no record has.
pub fn seal_body<R: Record>(
    sealing: &SealingKey,
    key: &R::Key,
    login: &LoginKey,
    until: Timestamp,
    body: &[u8],
) -> Result<Vec<u8>> {
    seal::seal(sealing, &Header { kind: R::KIND, key: *key.as_ref(), login: *login, until }, body)
}

/// Opens `file` if it is a record of this kind under `key`, sealed with `sealing` and unchanged since.
pub fn open<R: Record>(sealing: &SealingKey, key: &R::Key, file: &[u8]) -> std::result::Result<R, Miss> {
    let (header, body) = seal::open(sealing, R::KIND, key.as_ref(), file)?;
    R::of_body(&body, header.until).ok_or(Miss::Body)
}

/// Records in a directory, and the key that they are sealed with.
#[derive(Debug)]
pub struct SealedStore {
    pub files: FileStore,
    pub sealing: SealingKey,
}

impl SealedStore {
    pub fn new(files: FileStore, sealing: SealingKey) -> Self {
        SealedStore { files, sealing }
    }

    pub fn dir(&self) -> &Path {
        self.files.dir()
    }

    /// Reads the record under `key`; `None` if there is none that can be used. Errors: those of [`FileStore::read`].
    pub fn get<R: Record>(&self, key: &R::Key) -> Result<Option<R>> {
        let Some(file) = self.files.read(&name::<R>(key))? else { return Ok(None) };
        match open(&self.sealing, key, &file) {
            Ok(record) => Ok(Some(record)),
            Err(miss) => {
                tracing::info!(%miss, "{} is ignored", R::KIND.in_words());
                Ok(None)
            }
        }
    }

    /// Writes `record` under `key`, for the login identity `login`, in place of what was there. Errors: those of the seal and of
    /// [`FileStore::write`].
    pub fn put<R: Record>(&self, key: &R::Key, login: &LoginKey, record: &R) -> Result<()> {
        self.files.write(&name::<R>(key), &seal(&self.sealing, key, login, record)?)
    }

    /// Removes the record under `key`. Returns whether there was one.
    pub fn remove<R: Record>(&self, key: &R::Key) -> Result<bool> {
        self.files.remove(&name::<R>(key))
    }
}

/// Returns the name of the file of the record under `key`.
pub fn name<R: Record>(key: &R::Key) -> FileName {
    FileName::Sealed(R::KIND, *key.as_ref())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cache::key::KeyBuilder;

    /// A record that is text.
    #[derive(Debug, PartialEq)]
    struct Note(String);

    impl Record for Note {
        const KIND: Kind = Kind::Session;
        type Key = LoginKey;

        fn body(&self) -> Result<Zeroizing<Vec<u8>>> {
            Ok(Zeroizing::new(self.0.as_bytes().to_vec()))
        }

        fn of_body(body: &[u8], _: Timestamp) -> Option<Self> {
            Some(Note(std::str::from_utf8(body).ok()?.to_owned()))
        }
    }

    fn store(home: &tempfile::TempDir) -> SealedStore {
        SealedStore::new(FileStore::new(home.path().join("cache")), SealingKey::from_bytes([7; 32]))
    }

    fn login(of: &str) -> LoginKey {
        KeyBuilder::new(&SealingKey::from_bytes([7; 32])).field("user", of).login_key()
    }

    #[test]
    fn a_record_comes_back_as_it_was_kept_and_anything_else_is_a_miss() {
        let home = tempfile::tempdir().unwrap();
        let store = store(&home);
        let (alice, bob) = (login("alice"), login("bob"));
        assert_eq!(store.get::<Note>(&alice).unwrap(), None);
        store.put(&alice, &alice, &Note("hers".into())).unwrap();
        assert_eq!(store.get::<Note>(&alice).unwrap(), Some(Note("hers".into())));
        let file = store.files.read(&name::<Note>(&alice)).unwrap().unwrap();
        assert!(!file.windows(4).any(|bytes| bytes == b"hers"), "it is sealed");
        let mut changed = file.clone();
        *changed.last_mut().unwrap() ^= 1;
        // Another's, one changed, cut, of the format before this, and one with a body that is none.
        let mut before = file.clone();
        before[7] = 2;
        let strange = seal_body::<Note>(&store.sealing, &bob, &bob, Timestamp::MAX, &[0xff]).unwrap();
        for file in [file, changed, before, b"junk".to_vec(), Vec::new(), strange] {
            store.files.write(&name::<Note>(&bob), &file).unwrap();
            assert_eq!(store.get::<Note>(&bob).unwrap(), None);
        }
        let other_key = SealedStore::new(store.files.clone(), SealingKey::from_bytes([8; 32]));
        assert_eq!(other_key.get::<Note>(&alice).unwrap(), None);
        assert!(store.remove::<Note>(&alice).unwrap() && !store.remove::<Note>(&alice).unwrap());
    }

    proptest! {
        #[test]
        fn parts_come_back_and_no_other_number_of_them(parts in prop::collection::vec(any::<Vec<u8>>(), 3)) {
            let body = join(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(split::<3>(&body).unwrap().to_vec(), parts);
            prop_assert_eq!(split::<2>(&body), None);
            prop_assert_eq!(split::<4>(&body), None);
        }

        #[test]
        fn any_body_is_read_or_refused(body in any::<Vec<u8>>()) {
            let _ = (split::<0>(&body), split::<1>(&body), split::<6>(&body), time_of(&body));
        }
    }
}
