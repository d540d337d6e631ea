//! Keyed digests: which result an entry is of, whose login a record is about, and the names of their files.
//!
//! A digest covers labelled fields, each with its length, so that no two lists of fields read the same. It is an HMAC under
//! the sealing key, because the fields hold what must not be guessed from a file's name: a user, an audience, a token's claims.

use std::fmt;

use hmac::Mac;
use serde::{Deserialize, Serialize};

use super::sealing_key::{HmacSha256, Purpose, SealingKey};
use crate::hex;

macro_rules! digests {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub struct $name([u8; 32]);

        impl $name {
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl AsRef<[u8; 32]> for $name {
            fn as_ref(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(digest: [u8; 32]) -> Self {
                $name(digest)
            }
        }
    )*};
}

digests! {
    /// The digest of every input that can change a result.
    CacheKey;
    /// The digest of who logs in where, and how: what the lock and the memory of failures are kept for.
    LoginKey;
    /// The digest of who logs in where and how, with every setting that can change the assertion that comes of it.
    AssertionKey;
}

/// Builds a digest from labelled fields.
#[derive(Clone)]
pub struct KeyBuilder(HmacSha256);

impl KeyBuilder {
    pub fn new(key: &SealingKey) -> Self {
        KeyBuilder(key.mac(Purpose::Names))
    }

    /// Adds a field. One that does not apply is left out; a list is one field an item.
    pub fn field(mut self, label: &str, value: impl AsRef<[u8]>) -> Self {
        for part in [label.as_bytes(), value.as_ref()] {
            self.length(part.len());
            self.0.update(part);
        }
        self
    }

    /// Seven bits a byte, the last one without the high bit (LEB128): most fields are short, and a hit digests some forty.
    fn length(&mut self, mut length: usize) {
        while length > 0x7f {
            self.0.update(&[0x80 + (length % 0x80) as u8]);
            length >>= 7;
        }
        self.0.update(&[length as u8]);
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

/// The kind of a sealed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Credentials: a result.
    Entry,
    /// An assertion, for all roles in it.
    Assertion,
    /// What is remembered of a login: failures, and what became of secrets.
    Memory,
    /// What a login leaves for the next one of its identity: cookies, and who logged in.
    Session,
    /// The text of an Airflow connection from a secrets backend, or the output of a command in its settings.
    Text,
    /// A secret that `fedcred login` keeps in a file.
    Secret,
    /// Why the store of a fleet could not be used.
    Away,
}

/// The version of the format of all sealed records. A record of another version is a miss.
const VERSION: u8 = 3;

impl Kind {
    pub const ALL: [Kind; 7] =
        [Kind::Entry, Kind::Assertion, Kind::Memory, Kind::Session, Kind::Text, Kind::Secret, Kind::Away];

    fn name(self) -> &'static str {
        match self {
            Kind::Entry => "cred",
            Kind::Assertion => "saml",
            Kind::Memory => "memo",
            Kind::Session => "sess",
            Kind::Text => "text",
            Kind::Secret => "pass",
            Kind::Away => "away",
        }
    }

    /// The first bytes of such a file.
    pub(super) fn tag(self) -> [u8; 8] {
        let mut tag = *b"fc-????\0";
        tag[3..7].copy_from_slice(self.name().as_bytes());
        tag[7] = VERSION;
        tag
    }

    pub(super) fn in_words(self) -> &'static str {
        match self {
            Kind::Entry => "the cached entry",
            Kind::Assertion => "the stored assertion",
            Kind::Memory => "the record of the login",
            Kind::Session => "the stored session",
            Kind::Text => "the stored connection",
            Kind::Secret => "the file of a secret",
            Kind::Away => "the record of the fleet's store",
        }
    }
}

/// A file of a store: `DIGEST.KIND.v3`, or a lock. Its name carries the version of its format, so that versions of fedcred can
/// share a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileName {
    Sealed(Kind, [u8; 32]),
    /// The lock of a login, or of reading a text: `DIGEST.lock`. It has no version, since all versions must wait for each
    /// other.
    Lock(LoginKey),
}

impl FileName {
    /// Reads a name back; `None` for a file that is not one of these.
    pub fn parse(name: &str) -> Option<Self> {
        let (digest, ending) = name.split_at_checked(64)?;
        let digest = hex::decode(digest)?;
        if ending == ".lock" {
            return Some(FileName::Lock(LoginKey(digest)));
        }
        let kind = ending.strip_prefix('.')?.strip_suffix(&format!(".v{VERSION}"))?;
        Some(FileName::Sealed(*Kind::ALL.iter().find(|known| known.name() == kind)?, digest))
    }
}

/// Whether this is the name of a file of an earlier format, which no version reads any more.
pub fn is_outdated(name: &str) -> bool {
    name.split_at_checked(64).is_some_and(|(digest, ending)| {
        let endings = [".v1", ".v2", ".saml.v1", ".saml.v2", ".login.v1", ".text.v1", ".cookies.v1"];
        hex::decode::<32>(digest).is_some() && endings.contains(&ending)
    })
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileName::Sealed(kind, digest) => write!(f, "{}.{}.v{VERSION}", hex::encode(digest), kind.name()),
            FileName::Lock(login) => write!(f, "{}.lock", hex::encode(&login.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn builder() -> KeyBuilder {
        KeyBuilder::new(&SealingKey::from_bytes([7; 32]))
    }

    /// Other versions and machines find the same entries.
    #[test]
    fn a_field_is_digested_after_its_length_in_sevens_of_bits() {
        for (length, written) in [(0x7f, &[0x7f][..]), (0x80, &[0x80, 0x01]), (300, &[0xac, 0x02])] {
            let value = vec![b'x'; length];
            let mut mac = SealingKey::from_bytes([7; 32]).mac(Purpose::Names);
            for part in [&[1], &b"a"[..], written, &value, &[9], b"digest of", &[8], b"a result"] {
                mac.update(part);
            }
            let expected: [u8; 32] = mac.finalize().into_bytes().into();
            assert_eq!(builder().field("a", &value).cache_key().as_bytes(), &expected, "{length}");
        }
    }

    #[test]
    fn a_file_of_an_earlier_format_is_known_by_digest_and_ending() {
        let digest = "ab".repeat(32);
        assert!(is_outdated(&format!("{digest}.v1")) && is_outdated(&format!("{digest}.cookies.v1")));
        for name in [digest.clone(), format!("{digest}.txt"), format!("{}.v1", "x".repeat(64)), "notes.v1".into()] {
            assert!(!is_outdated(&name), "{name}");
        }
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
    fn lengths_of_one_byte_and_of_more_are_told_apart() {
        let long = |length| builder().field("x", vec![b'a'; length]).cache_key();
        let keys: HashSet<CacheKey> = [0, 1, 127, 128, 129, 255, 256, 16_383, 16_384, 16_385].map(long).into();
        assert_eq!(keys.len(), 10);
        // A length of two bytes is not one of one byte and a part that begins with the other.
        let split = builder().field("x", [&[0x01][..], &[b'a'; 128]].concat()).cache_key();
        assert!(!keys.contains(&split));
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
        let sealed = Kind::ALL.map(|kind| FileName::Sealed(kind, [0xab; 32]));
        for name in sealed.into_iter().chain([FileName::Lock(builder().login_key())]) {
            assert_eq!(FileName::parse(&name.to_string()), Some(name));
        }
        assert_eq!(sealed.map(|name| name.to_string()).into_iter().collect::<HashSet<_>>().len(), sealed.len());
        let digest = hex::encode(&[0xab; 32]);
        for name in [
            "".to_owned(),
            "config.toml".to_owned(),
            digest.clone(),
            format!("{digest}.cred.v2"),
            format!("{digest}.v3"),
            format!("{digest}.other.v3"),
            format!("{}.cred.v3", digest.to_uppercase()),
            format!("{digest}.cred.v3.0011223344556677.tmp"),
            format!("{}ä.cred.v3", &digest[1..]),
        ] {
            assert_eq!(FileName::parse(&name), None, "{name:?}");
        }
    }
}
