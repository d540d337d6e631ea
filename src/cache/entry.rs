//! Credentials as a sealed file.
//!
//! In the clear, big-endian: issued and expires in seconds since 1970, signed, and the generation (8 bytes each); then the
//! digest of the login identity that the credentials came by. The body is JSON. The clear fields are bound to the body ([`super::seal`]), so an entry cannot be made to look younger than it is.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::key::{CacheKey, LoginKey};
use super::master_key::SealingKey;
use super::seal::{self, Kind, Miss};
use crate::credentials::Credentials;
use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::time::Timestamp;

const KIND: Kind = *b"fc-cred\x02";

/// A result as it is kept.
#[derive(Debug)]
pub struct CacheEntry {
    pub credentials: Credentials,
    /// When the credentials came, by this machine's clock; whole seconds.
    pub issued: Timestamp,
    /// Counts the logins of one identity: which of two results or errors is the newer, whatever the clock did in between.
    pub generation: u64,
}

/// Names of the JSON are fedcred's own; only this file reads them.
#[derive(Serialize, Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    access_key_id: Cow<'a, str>,
    #[serde(borrow)]
    secret_access_key: Cow<'a, str>,
    #[serde(borrow)]
    session_token: Cow<'a, str>,
    #[serde(borrow)]
    account_id: Cow<'a, str>,
}

impl CacheEntry {
    /// The file that holds this entry under `cache_key`, of the login identity `login`.
    pub fn seal(&self, key: &SealingKey, cache_key: &CacheKey, login: &LoginKey) -> Result<Vec<u8>> {
        let c = &self.credentials;
        let body = Body {
            access_key_id: c.access_key_id.as_str().into(),
            secret_access_key: c.secret_access_key.expose().into(),
            session_token: c.session_token.expose().into(),
            account_id: c.account_id.as_str().into(),
        };
        let longest = c.secret_access_key.expose().len() + c.session_token.expose().len() + 512;
        // Room for all of it at once: a buffer that grows leaves copies behind that nobody wipes.
        let mut json = Zeroizing::new(Vec::with_capacity(longest));
        serde_json::to_writer(&mut *json, &body)
            .map_err(|e| Error::new(Code::Bug, "credentials cannot be written as JSON").because(e.to_string()))?;
        let clear = Clear { issued: self.issued, expires: c.expiration, generation: self.generation, login: *login };
        seal::seal(key, &KIND, cache_key.as_bytes(), &clear.to_bytes(), &json)
    }

    /// The entry in `file`, if it is one for `cache_key`, sealed with `key` and unchanged since.
    pub fn open(key: &SealingKey, cache_key: &CacheKey, file: &[u8]) -> std::result::Result<Self, Miss> {
        let (clear, json) = seal::open(key, &KIND, cache_key.as_bytes(), file)?;
        let clear = Clear::from_bytes(&clear).ok_or(Miss::Body)?;
        let body: Body = serde_json::from_slice(&json).map_err(|_| Miss::Body)?;
        Ok(CacheEntry {
            credentials: Credentials {
                access_key_id: body.access_key_id.into_owned(),
                secret_access_key: Secret::new(body.secret_access_key.into_owned()),
                session_token: Secret::new(body.session_token.into_owned()),
                expiration: clear.expires,
                account_id: body.account_id.into_owned(),
            },
            issued: clear.issued,
            generation: clear.generation,
        })
    }

    /// When the entry in `file` expires, by its header alone: for throwing it away without the key.
    pub fn peek_expires(file: &[u8]) -> Option<Timestamp> {
        Some(Clear::from_bytes(&seal::peek(&KIND, file)?)?.expires)
    }
}

impl CacheEntry {
    /// Whose login the entry in `file` came by, by its header alone: enough to throw it away, never to use it.
    pub fn peek_login(file: &[u8]) -> Option<LoginKey> {
        Some(Clear::from_bytes(&seal::peek(&KIND, file)?)?.login)
    }
}

/// The fields that can be read without the key.
struct Clear {
    issued: Timestamp,
    expires: Timestamp,
    generation: u64,
    login: LoginKey,
}

/// Of [`Clear`].
const CLEAR_LEN: usize = 56;

impl Clear {
    fn to_bytes(&self) -> [u8; CLEAR_LEN] {
        let mut bytes = [0; CLEAR_LEN];
        bytes[..8].copy_from_slice(&self.issued.as_second().to_be_bytes());
        bytes[8..16].copy_from_slice(&self.expires.as_second().to_be_bytes());
        bytes[16..24].copy_from_slice(&self.generation.to_be_bytes());
        bytes[24..].copy_from_slice(self.login.as_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; CLEAR_LEN]) -> Option<Self> {
        let (issued, rest) = bytes.split_first_chunk::<8>()?;
        let (expires, rest) = rest.split_first_chunk::<8>()?;
        let (generation, rest) = rest.split_first_chunk::<8>()?;
        Some(Clear {
            issued: Timestamp::from_second(i64::from_be_bytes(*issued)).ok()?,
            expires: Timestamp::from_second(i64::from_be_bytes(*expires)).ok()?,
            generation: u64::from_be_bytes(*generation),
            login: LoginKey::from_bytes(*rest.first_chunk()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cache::key::KeyBuilder;

    fn key() -> SealingKey {
        SealingKey::from_bytes([7; 32])
    }

    fn cache_key(role: &str) -> CacheKey {
        KeyBuilder::new(&key()).field("role_arn", role).cache_key()
    }

    fn login() -> LoginKey {
        KeyBuilder::new(&key()).field("user", "alice").login_key()
    }

    fn bytes_of(words: &[u16; 28]) -> [u8; CLEAR_LEN] {
        let mut bytes = [0; CLEAR_LEN];
        for (pair, word) in bytes.chunks_exact_mut(2).zip(words) {
            pair.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }

    fn entry(secret: &str, token: &str) -> CacheEntry {
        CacheEntry {
            credentials: Credentials {
                access_key_id: "ASIAEXAMPLE".into(),
                secret_access_key: Secret::new(secret.into()),
                session_token: Secret::new(token.into()),
                expiration: "2026-11-22T13:00:00Z".parse().unwrap(),
                account_id: "112233334444".into(),
            },
            issued: "2026-11-22T12:00:00.9Z".parse().unwrap(),
            generation: 42,
        }
    }

    #[test]
    fn an_entry_comes_back_as_it_was_kept() {
        // A quote and a newline take the path of JSON escapes, which no real key has.
        for (secret, token) in [("wJalr/XUtn+FEMI=", "FwoGZX…token"), ("", ""), ("a\"b", "line\nline")] {
            let file = entry(secret, token).seal(&key(), &cache_key("a"), &login()).unwrap();
            let back = CacheEntry::open(&key(), &cache_key("a"), &file).unwrap();
            let c = &back.credentials;
            assert_eq!((c.secret_access_key.expose(), c.session_token.expose()), (secret, token));
            assert_eq!((c.access_key_id.as_str(), c.account_id.as_str()), ("ASIAEXAMPLE", "112233334444"));
            assert_eq!((c.expiration.to_string().as_str(), back.generation), ("2026-11-22T13:00:00Z", 42));
            assert_eq!(back.issued.to_string(), "2026-11-22T12:00:00Z", "whole seconds");
            assert_eq!(CacheEntry::peek_expires(&file), Some(c.expiration));
            assert_eq!(CacheEntry::peek_login(&file), Some(login()));
        }
    }

    #[test]
    fn an_entry_copied_over_that_of_another_role_is_a_miss() {
        let file = entry("s", "t").seal(&key(), &cache_key("a"), &login()).unwrap();
        assert_eq!(CacheEntry::open(&key(), &cache_key("b"), &file).unwrap_err(), Miss::Name);
        // And so it is when the digest in the header is rewritten to match.
        let mut forged = file;
        forged[16..48].copy_from_slice(cache_key("b").as_bytes());
        assert_eq!(CacheEntry::open(&key(), &cache_key("b"), &forged).unwrap_err(), Miss::Tag);
    }

    #[test]
    fn a_back_dated_entry_and_two_halves_of_entries_are_misses() {
        let file = entry("s", "t").seal(&key(), &cache_key("a"), &login()).unwrap();
        let mut later = entry("s", "t");
        later.credentials.expiration = "2026-11-23T13:00:00Z".parse().unwrap();
        let later = later.seal(&key(), &cache_key("a"), &login()).unwrap();
        let spliced = [&later[..104], &file[104..]].concat();
        assert_eq!(CacheEntry::open(&key(), &cache_key("a"), &spliced).unwrap_err(), Miss::Tag);
    }

    #[test]
    fn nothing_secret_stands_in_the_file() {
        let file = entry("very-secret-key", "very-secret-token").seal(&key(), &cache_key("a"), &login()).unwrap();
        let shown = String::from_utf8_lossy(&file);
        assert!(!shown.contains("secret") && !shown.contains("ASIA") && !shown.contains("1122"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_other_bytes_are_a_miss(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
            let file = entry("s", "t").seal(&key(), &cache_key("a"), &login()).unwrap();
            let mut changed = file.clone();
            for (at, byte) in changes {
                let at = at.index(changed.len());
                changed[at] = byte;
            }
            prop_assume!(changed != file);
            prop_assert!(CacheEntry::open(&key(), &cache_key("a"), &changed).is_err());
        }

        #[test]
        fn a_strange_body_under_our_own_seal_is_a_miss(clear in prop::array::uniform28(any::<u16>()), body in any::<Vec<u8>>()) {
            let file = seal::seal(&key(), &KIND, cache_key("a").as_bytes(), &bytes_of(&clear), &body).unwrap();
            prop_assert_eq!(CacheEntry::open(&key(), &cache_key("a"), &file).unwrap_err(), Miss::Body);
        }
    }
}
