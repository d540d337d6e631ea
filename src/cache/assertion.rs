//! A SAML assertion as a record: for the few minutes in which it gets credentials for every role in it.

use zeroize::Zeroizing;

use super::key::{AssertionKey, Kind};
use super::record::{self, Record};
use crate::error::Result;
use crate::secret::Secret;
use crate::time::Timestamp;

/// An assertion in the cache.
#[derive(Debug)]
pub struct KeptAssertion {
    /// The SAML response, for STS.
    pub encoded: Secret,
    /// When it came, by this machine's clock; whole seconds.
    pub received: Timestamp,
    /// Not to be used from then on.
    pub until: Timestamp,
    /// The number of the login that brought it, as in [`super::entry::CacheEntry::generation`].
    pub generation: u64,
}

impl Record for KeptAssertion {
    const KIND: Kind = Kind::Assertion;
    type Key = AssertionKey;

    fn until(&self, _: Timestamp) -> Timestamp {
        self.until
    }

    fn body(&self) -> Result<Zeroizing<Vec<u8>>> {
        let (received, generation) = (record::seconds(self.received), self.generation.to_be_bytes());
        Ok(record::join(&[&received, &generation, self.encoded.expose().as_bytes()]))
    }

    fn of_body(body: &[u8], until: Timestamp) -> Option<Self> {
        let [received, generation, encoded] = record::split(body)?;
        Some(KeptAssertion {
            encoded: Secret::new(std::str::from_utf8(encoded).ok()?.to_owned()),
            received: record::time_of(received)?,
            until,
            generation: u64::from_be_bytes(generation.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::file_store::FileStore;
    use crate::cache::key::KeyBuilder;
    use crate::cache::record::SealedStore;
    use crate::cache::sealing_key::SealingKey;

    #[test]
    fn an_assertion_comes_back_as_it_was_kept_and_the_longest_that_sts_takes_fits() {
        let home = tempfile::tempdir().unwrap();
        let store = SealedStore::new(FileStore::new(home.path().join("cache")), SealingKey::from_bytes([7; 32]));
        let name = KeyBuilder::new(&store.sealing).field("username", "alice").assertion_key();
        let login = KeyBuilder::new(&store.sealing).field("user", "alice").login_key();
        let kept = |encoded: String| KeptAssertion {
            encoded: Secret::new(encoded),
            received: "2026-11-22T12:00:00.9Z".parse().unwrap(),
            until: "2026-11-22T12:04:30Z".parse().unwrap(),
            generation: 42,
        };
        for encoded in ["PHNhbWxwOlJlc3BvbnNl".to_owned(), "A".repeat(100_000)] {
            store.put(&name, &login, &kept(encoded.clone())).unwrap();
            let back: KeptAssertion = store.get(&name).unwrap().unwrap();
            assert_eq!(
                (back.encoded.expose(), back.until, back.generation),
                (&*encoded, kept(encoded.clone()).until, 42)
            );
            assert_eq!(back.received.to_string(), "2026-11-22T12:00:00Z", "whole seconds");
        }
    }
}
