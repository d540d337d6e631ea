//! A sealed file: a header in the clear and an encrypted body, bound together by an AEAD.
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 8 | what kind of record; the last byte is the version of the format |
//! | 8 | 8 | id of the sealing key |
//! | 16 | 32 | the digest that is also the file's name |
//! | 48 | 32 | the digest of the login identity that it is of |
//! | 80 | 8 | of no more use from then on, in seconds since 1970, signed, big-endian |
//! | 88 | 24 | nonce |
//! | 112 | | body, sealed, and 16 bytes of tag |
//!
//! Everything before the nonce is associated data of the AEAD: a file that was renamed, exchanged, cut, or changed in a single
//! bit does not open. That is a [`Miss`], not an error: what is lost is fetched again. Only [`super::record`] uses this module.

use std::fmt;

use chacha20poly1305::aead::{Aead, Key, Nonce, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use zeroize::Zeroizing;

use super::key::{Kind, LoginKey};
use super::sealing_key::{Purpose, SealingKey};
use crate::error::{Code, Error, Result};
use crate::random;
use crate::time::Timestamp;

/// The longest sealed file that is written or read.
///
/// STS accepts assertions of up to 100,000 characters.
pub const MAX_FILE: usize = 128 * 1024;

/// Why a file cannot be used. Shown with `-v`; otherwise the file counts as absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// Shorter than any such file, or longer than [`MAX_FILE`].
    Size,
    /// Another kind of file, or another version's.
    Kind,
    /// Made for another digest: a renamed or copied file.
    Name,
    /// Sealed under another key.
    KeyId,
    /// The tag does not fit: changed after it was sealed.
    Tag,
    /// Sealed with our key, with a body that cannot be read.
    Body,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Miss::Size => "it is too short or too long",
            Miss::Kind => "it has the format of another version",
            Miss::KeyId => "it was sealed under another key",
            Miss::Name => "it was made for other inputs",
            Miss::Tag => "it was changed after it was sealed",
            Miss::Body => "its content cannot be read",
        })
    }
}

/// The part in the clear. Read without the key it is enough to remove a file, never to use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub kind: Kind,
    pub key: [u8; 32],
    pub login: LoginKey,
    /// Of no more use from then on; whole seconds.
    pub until: Timestamp,
}

const KEY_ID_AT: usize = 8;
const KEY_AT: usize = 16;
const LOGIN_AT: usize = 48;
const UNTIL_AT: usize = 80;
/// The length of a [`Header`] in a file.
pub const HEADER_LEN: usize = 88;
const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;

impl Header {
    /// Reads the beginning of a file; `None` if it is not a record of this kind.
    pub fn read(kind: Kind, file: &[u8]) -> Option<Header> {
        let header: &[u8; HEADER_LEN] = file.first_chunk()?;
        if header[..KEY_ID_AT] != kind.tag() {
            return None;
        }
        let until = i64::from_be_bytes(*header[UNTIL_AT..].first_chunk()?);
        Some(Header {
            kind,
            key: *header[KEY_AT..].first_chunk()?,
            login: LoginKey::from(*header[LOGIN_AT..].first_chunk::<32>()?),
            until: Timestamp::from_second(until).ok()?,
        })
    }

    fn to_bytes(self, sealing: &SealingKey) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..KEY_ID_AT].copy_from_slice(&self.kind.tag());
        bytes[KEY_ID_AT..KEY_AT].copy_from_slice(&sealing.id().0);
        bytes[KEY_AT..LOGIN_AT].copy_from_slice(&self.key);
        bytes[LOGIN_AT..UNTIL_AT].copy_from_slice(self.login.as_bytes());
        bytes[UNTIL_AT..].copy_from_slice(&self.until.as_second().to_be_bytes());
        bytes
    }
}

/// Seals `body` behind `header`.
///
/// Errors: [`Code::CacheWrite`] when the file would be longer than [`MAX_FILE`], or the system has no randomness.
pub(super) fn seal(sealing: &SealingKey, header: &Header, body: &[u8]) -> Result<Vec<u8>> {
    let refused = |why: &str| Error::new(Code::CacheWrite, "cannot seal a file of the cache").because(why);
    if HEADER_LEN + NONCE_LEN + body.len() + TAG_LEN > MAX_FILE {
        return Err(refused("it would be longer than 128 KiB"));
    }
    let header = header.to_bytes(sealing);
    let nonce: [u8; NONCE_LEN] = random::bytes().map_err(|e| refused(&e.to_string()))?;
    let sealed = encrypt(sealing, &nonce, &header, body).ok_or_else(|| refused("the cipher took no such length"))?;
    Ok([&header[..], &nonce, &sealed].concat())
}

/// Opens a file that [`seal`] made with the same sealing key, of this kind and under this digest.
pub(super) fn open(
    sealing: &SealingKey,
    kind: Kind,
    key: &[u8; 32],
    file: &[u8],
) -> std::result::Result<(Header, Zeroizing<Vec<u8>>), Miss> {
    if file.len() < HEADER_LEN + NONCE_LEN + TAG_LEN || file.len() > MAX_FILE {
        return Err(Miss::Size);
    }
    let header = Header::read(kind, file).ok_or(Miss::Kind)?;
    if header.key != *key {
        return Err(Miss::Name);
    }
    let (clear, rest) = file.split_at(HEADER_LEN);
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Miss::Size)?;
    // The id of the key only names the reason. It is derived only for a miss, which keeps hits fast.
    let body = decrypt(sealing, nonce, clear, sealed)
        .ok_or_else(|| if clear[KEY_ID_AT..KEY_AT] == sealing.id().0 { Miss::Tag } else { Miss::KeyId })?;
    Ok((header, body))
}

/// XChaCha20-Poly1305 (RFC 8439 with the nonce of draft-irtf-cfrg-xchacha-03). A nonce of 24 random bytes does not repeat,
/// so no counter has to survive a crash or be shared by processes.
fn encrypt(key: &SealingKey, nonce: &[u8; NONCE_LEN], aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
    cipher(key).encrypt(&Nonce::<XChaCha20Poly1305>::from(*nonce), Payload { msg, aad }).ok()
}

/// Decrypts. The tag is checked before a byte is decrypted (RFC 8439 §2.8), so nothing unauthenticated is parsed.
fn decrypt(key: &SealingKey, nonce: &[u8; NONCE_LEN], aad: &[u8], msg: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    cipher(key).decrypt(&Nonce::<XChaCha20Poly1305>::from(*nonce), Payload { msg, aad }).ok().map(Zeroizing::new)
}

fn cipher(key: &SealingKey) -> XChaCha20Poly1305 {
    let subkey = key.subkey(Purpose::Seal);
    XChaCha20Poly1305::new(<&Key<XChaCha20Poly1305>>::from(&*subkey))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> SealingKey {
        SealingKey::from_bytes([7; 32])
    }

    fn header() -> Header {
        let until = "2026-11-22T13:00:00Z".parse().unwrap();
        Header { kind: Kind::Entry, key: [1; 32], login: LoginKey::from([2; 32]), until }
    }

    fn sealed() -> Vec<u8> {
        seal(&key(), &header(), b"the body").unwrap()
    }

    fn opened(file: &[u8]) -> std::result::Result<(Header, Zeroizing<Vec<u8>>), Miss> {
        open(&key(), Kind::Entry, &[1; 32], file)
    }

    #[test]
    fn what_was_sealed_opens() {
        let (told, body) = opened(&sealed()).unwrap();
        assert_eq!((told, &body[..]), (header(), &b"the body"[..]));
        assert_eq!(Header::read(Kind::Entry, &sealed()[..HEADER_LEN]), Some(header()));
        assert_eq!(Header::read(Kind::Memory, &sealed()), None);
        let endless = Header { until: Timestamp::MAX, ..header() };
        let file = seal(&key(), &endless, b"").unwrap();
        assert!(opened(&file).unwrap().0.until.duration_since(Timestamp::MAX).abs().as_secs() < 1);
    }

    #[test]
    fn the_body_is_not_readable_and_no_two_files_are_alike() {
        assert!(!sealed().windows(4).any(|w| w == b"body"));
        assert_ne!(sealed(), sealed());
    }

    #[test]
    fn every_reason_has_its_name() {
        let file = sealed();
        let other_key = SealingKey::from_bytes([8; 32]);
        let bent = |at: usize| {
            let mut bent = file.clone();
            bent[at] ^= 1;
            bent
        };
        let table = [
            (opened(b""), Miss::Size),
            (opened(&vec![0; MAX_FILE + 1]), Miss::Size),
            (open(&key(), Kind::Memory, &[1; 32], &file), Miss::Kind),
            (opened(&bent(7)), Miss::Kind), // another version's
            (open(&other_key, Kind::Entry, &[1; 32], &file), Miss::KeyId),
            (open(&key(), Kind::Entry, &[3; 32], &file), Miss::Name),
            (opened(&bent(LOGIN_AT)), Miss::Tag),
            (opened(&bent(UNTIL_AT + 7)), Miss::Tag),
        ];
        for (row, (opened, reason)) in table.into_iter().enumerate() {
            assert_eq!(opened.unwrap_err(), reason, "row {row}");
        }
    }

    #[test]
    fn two_halves_of_files_do_not_open() {
        let later = seal(&key(), &Header { until: Timestamp::MAX, ..header() }, b"the body").unwrap();
        let spliced = [&later[..HEADER_LEN], &sealed()[HEADER_LEN..]].concat();
        assert_eq!(opened(&spliced).unwrap_err(), Miss::Tag);
    }

    #[test]
    fn a_body_too_long_to_read_back_is_not_written() {
        let longest = MAX_FILE - HEADER_LEN - NONCE_LEN - TAG_LEN;
        assert!(seal(&key(), &header(), &vec![0; longest]).is_ok_and(|file| file.len() == MAX_FILE));
        assert_eq!(seal(&key(), &header(), &vec![0; longest + 1]).unwrap_err().code, Code::CacheWrite);
    }

    proptest! {
        #[test]
        fn a_file_changed_anywhere_does_not_open(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
            let mut file = sealed();
            let at = at.index(file.len());
            file[at] ^= flip;
            prop_assert!(opened(&file).is_err());
        }

        #[test]
        fn a_file_cut_or_grown_does_not_open(cut in any::<prop::sample::Index>(), more in prop::collection::vec(any::<u8>(), 1..64)) {
            let mut file = sealed();
            let shorter = &file[..cut.index(file.len())];
            prop_assert!(opened(shorter).is_err());
            file.extend(more);
            prop_assert!(opened(&file).is_err());
        }
    }
}
