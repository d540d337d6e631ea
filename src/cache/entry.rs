//! Credentials as a record: what a hit reads.

use zeroize::Zeroizing;

use super::key::{CacheKey, Kind};
use super::record::{self, Record};
use crate::account_id::AccountId;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::secret::Secret;
use crate::time::Timestamp;

/// A result in the cache.
#[derive(Debug)]
pub struct CacheEntry {
    pub credentials: Credentials,
    /// When the credentials came, by this machine's clock; whole seconds.
    pub issued: Timestamp,
    /// The number of the login among those of its identity: it orders results and errors whatever the clock did in between.
    pub generation: u64,
}

impl Record for CacheEntry {
    const KIND: Kind = Kind::Entry;
    type Key = CacheKey;

    fn until(&self, _: Timestamp) -> Timestamp {
        self.credentials.expiration
    }

    fn body(&self) -> Result<Zeroizing<Vec<u8>>> {
        let Credentials { access_key_id, secret_access_key, session_token, expiration: _, account_id } =
            &self.credentials;
        Ok(record::join(&[
            &record::seconds(self.issued),
            &self.generation.to_be_bytes(),
            access_key_id.as_bytes(),
            secret_access_key.expose().as_bytes(),
            session_token.expose().as_bytes(),
            account_id.as_deref().unwrap_or_default().as_bytes(),
        ]))
    }

    fn of_body(body: &[u8], until: Timestamp) -> Option<Self> {
        let [issued, generation, access_key_id, secret_access_key, session_token, account_id] = record::split(body)?;
        let text = |part| std::str::from_utf8(part).ok().map(str::to_owned);
        Some(CacheEntry {
            credentials: Credentials {
                access_key_id: text(access_key_id)?,
                secret_access_key: Secret::new(text(secret_access_key)?),
                session_token: Secret::new(text(session_token)?),
                expiration: until,
                account_id: match std::str::from_utf8(account_id).ok()? {
                    "" => None,
                    id => Some(AccountId::parse(id)?),
                },
            },
            issued: record::time_of(issued)?,
            generation: u64::from_be_bytes(generation.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cache::key::{KeyBuilder, LoginKey};
    use crate::cache::seal::{Header, Miss};
    use crate::cache::sealing_key::SealingKey;

    fn key() -> SealingKey {
        SealingKey::from_bytes([7; 32])
    }

    fn cache_key(role: &str) -> CacheKey {
        KeyBuilder::new(&key()).field("role_arn", role).cache_key()
    }

    fn login() -> LoginKey {
        KeyBuilder::new(&key()).field("user", "alice").login_key()
    }

    fn sealed(entry: &CacheEntry) -> Vec<u8> {
        let until = entry.credentials.expiration;
        record::seal_body::<CacheEntry>(&key(), &cache_key("a"), &login(), until, &entry.body().unwrap()).unwrap()
    }

    fn open(role: &str, file: &[u8]) -> std::result::Result<CacheEntry, Miss> {
        record::open(&key(), &cache_key(role), file)
    }

    fn entry(secret: &str, token: &str) -> CacheEntry {
        CacheEntry {
            credentials: Credentials {
                access_key_id: "ASIAEXAMPLE".into(),
                secret_access_key: Secret::new(secret.into()),
                session_token: Secret::new(token.into()),
                expiration: "2026-11-22T13:00:00Z".parse().unwrap(),
                account_id: AccountId::parse("112233334444"),
            },
            issued: "2026-11-22T12:00:00.9Z".parse().unwrap(),
            generation: 42,
        }
    }

    #[test]
    fn an_entry_comes_back_as_it_was_kept() {
        for (secret, token) in [("wJalrXUtnFEMI/K7MDENG", "IQoJb3JpZ2luX2Vj"), ("", ""), ("a\"b\nc", "ä€\u{1f511}")]
        {
            let file = sealed(&entry(secret, token));
            let back = open("a", &file).unwrap();
            let c = &back.credentials;
            assert_eq!((c.secret_access_key.expose(), c.session_token.expose()), (secret, token));
            assert_eq!((c.access_key_id.as_str(), c.account_id.as_deref()), ("ASIAEXAMPLE", Some("112233334444")));
            assert_eq!((c.expiration.to_string().as_str(), back.generation), ("2026-11-22T13:00:00Z", 42));
            assert_eq!(back.issued.to_string(), "2026-11-22T12:00:00Z", "whole seconds");
            let header = Header::read(Kind::Entry, &file).unwrap();
            assert_eq!((header.until, header.login), (c.expiration, login()));
        }
    }

    #[test]
    fn an_entry_copied_over_that_of_another_role_is_a_miss() {
        let file = sealed(&entry("s", "t"));
        assert_eq!(open("b", &file).unwrap_err(), Miss::Name);
        // And so it is when the digest in the header is rewritten to match.
        let mut forged = file;
        forged[16..48].copy_from_slice(cache_key("b").as_bytes());
        assert_eq!(open("b", &forged).unwrap_err(), Miss::Tag);
    }

    #[test]
    fn nothing_secret_stands_in_the_file() {
        let file = sealed(&entry("very-secret-key", "very-secret-token"));
        let shown = String::from_utf8_lossy(&file);
        assert!(!shown.contains("secret") && !shown.contains("ASIA") && !shown.contains("1122"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_other_bytes_are_a_miss(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
            let file = sealed(&entry("s", "t"));
            let mut changed = file.clone();
            for (at, byte) in changes {
                let at = at.index(changed.len());
                changed[at] = byte;
            }
            prop_assume!(changed != file);
            prop_assert!(open("a", &changed).is_err());
        }

        #[test]
        fn a_strange_body_under_our_own_seal_is_a_miss(body in any::<Vec<u8>>()) {
            let file = record::seal_body::<CacheEntry>(&key(), &cache_key("a"), &login(), Timestamp::MAX, &body).unwrap();
            prop_assert_eq!(open("a", &file).unwrap_err(), Miss::Body);
        }
    }
}
