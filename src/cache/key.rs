//! Keyed digests: which result an entry is of, whose login a record is about, and the names of their files.
//!
//! A digest covers labelled fields, each with its length, so that no two lists of fields read the same. It is an HMAC under
//! the sealing key, because the fields hold what must not be guessed from a file's name: a user, an audience, a token's claims.

use std::fmt;

use hmac::Mac;
use serde::{Deserialize, Serialize};

use super::master_key::{HmacSha256, Purpose, SealingKey};

/// The digest of every input that can change a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CacheKey([u8; 32]);

/// The digest of who logs in where, and how: what the lock and the memory of failures are kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LoginKey([u8; 32]);

/// The digest of who logs in where and how, with every setting that can change the assertion that comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AssertionKey([u8; 32]);

/// Collects the fields of a digest.
#[derive(Clone)]
pub struct KeyBuilder(HmacSha256);

impl KeyBuilder {
    pub fn new(key: &SealingKey) -> Self {
        KeyBuilder(key.mac(Purpose::Names))
    }

    /// Adds a field. One that does not apply is left out; a list is one field an item.
    pub fn field(mut self, label: &str, value: impl AsRef<[u8]>) -> Self {
        for part in [label.as_bytes(), value.as_ref()] {
            self.0.update(&(part.len() as u64).to_be_bytes());
            self.0.update(part);
        }
        self
    }

    pub fn cache_key(self) -> CacheKey {
        CacheKey(self.field("digest of", "a result").finish())
    }

    pub fn login_key(self) -> LoginKey {
        LoginKey(self.field("digest of", "a login").finish())
    }

    pub fn assertion_key(self) -> AssertionKey {
        AssertionKey(self.field("digest of", "an assertion").finish())
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into_bytes().into()
    }
}

impl CacheKey {
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl LoginKey {
    /// The digest as it stands in a header.
    pub(super) fn from_bytes(digest: [u8; 32]) -> Self {
        LoginKey(digest)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl AssertionKey {
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A file of the cache. Its name carries the version of its format, so that versions of fedcred can share a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileName {
    /// A result: `DIGEST.v2`.
    Entry(CacheKey),
    /// An assertion: `DIGEST.saml.v2`.
    Assertion(AssertionKey),
    /// What is remembered of a login: `DIGEST.login.v1`.
    Record(LoginKey),
    /// Cookies of a login: `DIGEST.cookies.v1`.
    Cookies(LoginKey),
    /// The text of an Airflow connection out of a secrets backend: `DIGEST.text.v1`.
    Text(LoginKey),
    /// The lock of a login, or of reading such a text: `DIGEST.lock`. Without a version: all versions must wait for each other.
    Lock(LoginKey),
}

impl FileName {
    /// Reads a name back; `None` for a file that is not one of these.
    pub fn parse(name: &str) -> Option<Self> {
        let (digest, kind) = name.split_at_checked(64)?;
        let digest = digest_of_hex(digest)?;
        match kind {
            ".v2" => Some(FileName::Entry(CacheKey(digest))),
            ".saml.v2" => Some(FileName::Assertion(AssertionKey(digest))),
            ".login.v1" => Some(FileName::Record(LoginKey(digest))),
            ".text.v1" => Some(FileName::Text(LoginKey(digest))),
            ".cookies.v1" => Some(FileName::Cookies(LoginKey(digest))),
            ".lock" => Some(FileName::Lock(LoginKey(digest))),
            _ => None,
        }
    }
}

/// Whether this is the name of a file of an earlier format, which nobody reads any more.
pub fn is_outdated(name: &str) -> bool {
    name.split_at_checked(64)
        .is_some_and(|(digest, kind)| digest_of_hex(digest).is_some() && matches!(kind, ".v1" | ".saml.v1"))
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileName::Entry(key) => write!(f, "{}.v2", hex(&key.0)),
            FileName::Assertion(key) => write!(f, "{}.saml.v2", hex(&key.0)),
            FileName::Record(key) => write!(f, "{}.login.v1", hex(&key.0)),
            FileName::Text(key) => write!(f, "{}.text.v1", hex(&key.0)),
            FileName::Cookies(key) => write!(f, "{}.cookies.v1", hex(&key.0)),
            FileName::Lock(key) => write!(f, "{}.lock", hex(&key.0)),
        }
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|d| char::from_digit(d.into(), 16)).collect()
}

fn digest_of_hex(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
    }
    Some(digest)
}

/// Lower case only: a digest has one spelling.
fn hex_digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn builder() -> KeyBuilder {
        KeyBuilder::new(&SealingKey::from_bytes([7; 32]))
    }

    #[test]
    fn fields_that_run_together_alike_are_told_apart() {
        let table: [&[(&str, &str)]; 9] = [
            &[],
            &[("a", "bc")],
            &[("ab", "c")],
            &[("a", "b"), ("c", "")],
            &[("a", ""), ("bc", "")],
            &[("a", "b")],
            &[("a", "b"), ("a", "b")],
            &[("b", "a")],
            &[("a", "")],
        ];
        let keys: HashSet<CacheKey> = table
            .iter()
            .map(|fields| fields.iter().fold(builder(), |b, (label, value)| b.field(label, value)).cache_key())
            .collect();
        assert_eq!(keys.len(), table.len());
    }

    #[test]
    fn the_same_fields_under_another_sealing_key_give_another_digest() {
        let other = KeyBuilder::new(&SealingKey::from_bytes([8; 32]));
        assert_eq!(builder().field("user", "alice").cache_key(), builder().field("user", "alice").cache_key());
        assert_ne!(builder().field("user", "alice").cache_key(), other.field("user", "alice").cache_key());
        assert_ne!(builder().cache_key().as_bytes(), builder().login_key().as_bytes());
    }

    #[test]
    fn a_file_name_reads_back_and_a_strangers_does_not() {
        for name in [
            FileName::Entry(builder().cache_key()),
            FileName::Assertion(builder().assertion_key()),
            FileName::Record(builder().login_key()),
            FileName::Text(builder().login_key()),
            FileName::Cookies(builder().login_key()),
            FileName::Lock(builder().login_key()),
        ] {
            assert_eq!(FileName::parse(&name.to_string()), Some(name));
        }
        let digest = hex(&[0xab; 32]);
        for name in [
            "".to_owned(),
            "config.toml".to_owned(),
            digest.clone(),
            format!("{digest}.v0"),
            format!("{}.v2", digest.to_uppercase()),
            format!("{digest}.v2.0011223344556677.tmp"),
            format!("{}ä.v2", &digest[1..]),
        ] {
            assert_eq!(FileName::parse(&name), None, "{name:?}");
        }
    }
}
