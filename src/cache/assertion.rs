//! A SAML assertion as a sealed file: for the few minutes in which it gets credentials for every role in it.
//!
//! In the clear, big-endian: received and until in seconds since 1970, signed, and the generation (8 bytes each); then the
//! digest of the login identity. The body is the assertion's base64.

use super::key::{AssertionKey, LoginKey};
use super::master_key::SealingKey;
use super::seal::{self, Kind, Miss};
use crate::error::Result;
use crate::secret::Secret;
use crate::time::Timestamp;

const KIND: Kind = *b"fc-saml\x02";
const CLEAR_LEN: usize = 56;

/// An assertion as it is kept.
#[derive(Debug)]
pub struct KeptAssertion {
    /// The SAML response, for STS.
    pub encoded: Secret,
    /// When it came, by this machine's clock; whole seconds.
    pub received: Timestamp,
    /// Not to be used from then on.
    pub until: Timestamp,
    /// The login that brought it, as in [`super::entry::CacheEntry::generation`].
    pub generation: u64,
}

impl KeptAssertion {
    /// The file that holds it under `name`, of the login identity `login`. Errors: those of [`seal::seal`].
    pub fn seal(&self, key: &SealingKey, name: &AssertionKey, login: &LoginKey) -> Result<Vec<u8>> {
        let mut clear = [0; CLEAR_LEN];
        clear[..8].copy_from_slice(&self.received.as_second().to_be_bytes());
        clear[8..16].copy_from_slice(&self.until.as_second().to_be_bytes());
        clear[16..24].copy_from_slice(&self.generation.to_be_bytes());
        clear[24..].copy_from_slice(login.as_bytes());
        seal::seal(key, &KIND, name.as_bytes(), &clear, self.encoded.expose().as_bytes())
    }

    /// The assertion in `file`, if it was kept under `name`, sealed with `key` and unchanged since.
    pub fn open(key: &SealingKey, name: &AssertionKey, file: &[u8]) -> std::result::Result<Self, Miss> {
        let (clear, encoded) = seal::open::<CLEAR_LEN>(key, &KIND, name.as_bytes(), file)?;
        let (received, rest) = clear.split_first_chunk::<8>().ok_or(Miss::Body)?;
        let (_, generation) = rest.split_first_chunk::<8>().ok_or(Miss::Body)?;
        Ok(KeptAssertion {
            encoded: Secret::new(std::str::from_utf8(&encoded).map_err(|_| Miss::Body)?.to_owned()),
            received: Timestamp::from_second(i64::from_be_bytes(*received)).map_err(|_| Miss::Body)?,
            until: until(&clear).ok_or(Miss::Body)?,
            generation: u64::from_be_bytes(*generation.first_chunk().ok_or(Miss::Body)?),
        })
    }

    /// Whose the assertion in `file` is, by its header alone: enough to throw it away, never to use it.
    pub fn peek_login(file: &[u8]) -> Option<LoginKey> {
        let clear: [u8; CLEAR_LEN] = seal::peek(&KIND, file)?;
        Some(LoginKey::from_bytes(*clear[24..].first_chunk()?))
    }

    /// Until when the assertion in `file` is of use, by its header alone: for throwing it away without the key.
    pub fn peek_until(file: &[u8]) -> Option<Timestamp> {
        until(&seal::peek(&KIND, file)?)
    }
}

fn until(clear: &[u8; CLEAR_LEN]) -> Option<Timestamp> {
    Timestamp::from_second(i64::from_be_bytes(*clear[8..].first_chunk()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::key::KeyBuilder;

    fn key() -> SealingKey {
        SealingKey::from_bytes([7; 32])
    }

    fn name(user: &str) -> AssertionKey {
        KeyBuilder::new(&key()).field("username", user).assertion_key()
    }

    fn login() -> LoginKey {
        KeyBuilder::new(&key()).field("user", "alice").login_key()
    }

    fn kept() -> KeptAssertion {
        KeptAssertion {
            encoded: Secret::new("PHNhbWxwOlJlc3BvbnNl".into()),
            received: "2026-11-22T12:00:00.9Z".parse().unwrap(),
            until: "2026-11-22T12:04:30Z".parse().unwrap(),
            generation: 42,
        }
    }

    #[test]
    fn an_assertion_comes_back_as_it_was_kept() {
        let file = kept().seal(&key(), &name("alice"), &login()).unwrap();
        let back = KeptAssertion::open(&key(), &name("alice"), &file).unwrap();
        assert_eq!((back.encoded.expose(), back.until, back.generation), (kept().encoded.expose(), kept().until, 42));
        assert_eq!(back.received.to_string(), "2026-11-22T12:00:00Z", "whole seconds");
        assert_eq!(KeptAssertion::peek_until(&file), Some(kept().until));
        assert_eq!(KeptAssertion::peek_login(&file), Some(login()));
        assert!(!String::from_utf8_lossy(&file).contains("PHNh"), "sealed");
    }

    #[test]
    fn another_users_or_a_changed_one_is_a_miss() {
        let file = kept().seal(&key(), &name("alice"), &login()).unwrap();
        assert_eq!(KeptAssertion::open(&key(), &name("bob"), &file).unwrap_err(), Miss::Name);
        let mut later = kept();
        later.until = "2026-11-23T12:00:00Z".parse().unwrap();
        let later = later.seal(&key(), &name("alice"), &login()).unwrap();
        let spliced = [&later[..104], &file[104..]].concat();
        assert_eq!(KeptAssertion::open(&key(), &name("alice"), &spliced).unwrap_err(), Miss::Tag);
        assert_eq!(KeptAssertion::peek_until(b"junk"), None);
    }

    #[test]
    fn the_longest_assertion_that_sts_takes_fits() {
        let longest = KeptAssertion { encoded: Secret::new("A".repeat(100_000)), ..kept() };
        assert!(longest.seal(&key(), &name("alice"), &login()).is_ok());
    }
}
