//! A sealed file: what it is in the clear, and a body nobody else can read, bound together.
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 8 | what kind of file; the last byte is the version of its format |
//! | 8 | 8 | id of the sealing key |
//! | 16 | 32 | the digest that is also the file's name |
//! | 48 | N | fields in the clear, of a length fixed by the kind |
//! | 48 + N | 24 | nonce |
//! | 72 + N | | body, sealed, and 16 bytes of tag |
//!
//! Everything before the nonce is associated data of the AEAD: a file that was renamed, exchanged, cut, or had one bit changed
//! anywhere does not open. That is a [`Miss`], not an error: what is lost is fetched again.

use std::fmt;
use std::io;

use chacha20poly1305::aead::{Aead, Generate, Key, Nonce, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use zeroize::Zeroizing;

use super::master_key::{Purpose, SealingKey};
use crate::error::{Code, Error, Result};

/// The longest sealed file that is written or read.
///
/// STS takes 100,000 characters of an assertion.
pub const MAX_FILE: usize = 128 * 1024;

/// Name and version of a kind of sealed file.
pub type Kind = [u8; 8];

/// Why a file is of no use. For `-v`; to everything else it is as if there were none.
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
    /// Sealed by us, with a body that does not read.
    Body,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Miss::Size => "it is too short or too long",
            Miss::Kind => "it is not of this version's kind",
            Miss::KeyId => "it was sealed under another key",
            Miss::Name => "it was made for other inputs",
            Miss::Tag => "it was changed after it was sealed",
            Miss::Body => "its content cannot be read",
        })
    }
}

const KEY_ID_AT: usize = 8;
const NAME_AT: usize = 16;
const CLEAR_AT: usize = 48;
const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;

/// Seals `body` as a file of `kind` under the digest `name`, with the fields `clear` readable by everybody.
///
/// Errors: [`Code::CacheWrite`] when the file would be longer than [`MAX_FILE`], or the system has no randomness.
pub fn seal<const N: usize>(
    key: &SealingKey,
    kind: &Kind,
    name: &[u8; 32],
    clear: &[u8; N],
    body: &[u8],
) -> Result<Vec<u8>> {
    let refused = |why: &str| Error::new(Code::CacheWrite, "cannot seal a file of the cache").because(why);
    if CLEAR_AT + N + NONCE_LEN + body.len() + TAG_LEN > MAX_FILE {
        return Err(refused("it would be longer than 128 KiB"));
    }
    let header = [&kind[..], &key.id().0, name, clear].concat();
    let nonce: [u8; NONCE_LEN] = random().map_err(|e| refused(&e.to_string()))?;
    let sealed = encrypt(key, &nonce, &header, body).ok_or_else(|| refused("the cipher took no such length"))?;
    Ok([&header[..], &nonce, &sealed].concat())
}

/// The clear fields and the body of a file that [`seal`] made with the same key, kind and name.
pub fn open<const N: usize>(
    key: &SealingKey,
    kind: &Kind,
    name: &[u8; 32],
    file: &[u8],
) -> std::result::Result<([u8; N], Zeroizing<Vec<u8>>), Miss> {
    let header_len = CLEAR_AT + N;
    if file.len() < header_len + NONCE_LEN + TAG_LEN || file.len() > MAX_FILE {
        return Err(Miss::Size);
    }
    let (header, rest) = file.split_at(header_len);
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Miss::Size)?;
    if header[..KEY_ID_AT] != kind[..] {
        return Err(Miss::Kind);
    }
    if header[NAME_AT..CLEAR_AT] != name[..] {
        return Err(Miss::Name);
    }
    // The key's id only tells the reason: under another key the tag does not fit. Deriving it is not for the hit path.
    let body = decrypt(key, nonce, header, sealed)
        .ok_or_else(|| if header[KEY_ID_AT..NAME_AT] == key.id().0 { Miss::Tag } else { Miss::KeyId })?;
    Ok((header[CLEAR_AT..].try_into().map_err(|_| Miss::Size)?, body))
}

/// The clear fields of a file, believed without proof: enough to throw it away, never to use it.
pub fn peek<const N: usize>(kind: &Kind, file: &[u8]) -> Option<[u8; N]> {
    file.starts_with(kind).then(|| file.get(CLEAR_AT..CLEAR_AT + N)?.try_into().ok())?
}

/// Bytes from the operating system's randomness.
pub fn random<const N: usize>() -> io::Result<[u8; N]> {
    <[u8; N]>::try_generate().map_err(|e| io::Error::other(e.to_string()))
}

/// XChaCha20-Poly1305 (RFC 8439 with the nonce of draft-irtf-cfrg-xchacha-03). A nonce of 24 random bytes does not repeat,
/// so no counter has to survive a crash or be shared by processes.
fn encrypt(key: &SealingKey, nonce: &[u8; NONCE_LEN], aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
    cipher(key).encrypt(&Nonce::<XChaCha20Poly1305>::from(*nonce), Payload { msg, aad }).ok()
}

/// The reverse. The tag is checked before a byte is decrypted (RFC 8439 §2.8), so nothing unproven is ever parsed.
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

    const KIND: Kind = *b"fc-test\x01";

    fn key() -> SealingKey {
        SealingKey::from_bytes([7; 32])
    }

    fn sealed() -> Vec<u8> {
        seal(&key(), &KIND, &[1; 32], &[2; 4], b"the body").unwrap()
    }

    #[test]
    fn what_was_sealed_opens() {
        let (clear, body) = open::<4>(&key(), &KIND, &[1; 32], &sealed()).unwrap();
        assert_eq!((clear, &body[..]), ([2; 4], &b"the body"[..]));
        assert_eq!(peek::<4>(&KIND, &sealed()), Some([2; 4]));
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
        let mut bent = file.clone();
        bent[48] ^= 1;
        let table = [
            (open::<4>(&key(), &KIND, &[1; 32], b""), Miss::Size),
            (open::<4>(&key(), &KIND, &[1; 32], &vec![0; MAX_FILE + 1]), Miss::Size),
            (open::<4>(&key(), b"fc-test\x02", &[1; 32], &file), Miss::Kind),
            (open::<4>(&other_key, &KIND, &[1; 32], &file), Miss::KeyId),
            (open::<4>(&key(), &KIND, &[3; 32], &file), Miss::Name),
            (open::<4>(&key(), &KIND, &[1; 32], &bent), Miss::Tag),
        ];
        for (opened, reason) in table {
            assert_eq!(opened.unwrap_err(), reason);
        }
    }

    #[test]
    fn a_body_too_long_to_read_back_is_not_written() {
        let longest = MAX_FILE - CLEAR_AT - NONCE_LEN - TAG_LEN;
        assert!(seal(&key(), &KIND, &[1; 32], &[], &vec![0; longest]).is_ok_and(|file| file.len() == MAX_FILE));
        assert_eq!(seal(&key(), &KIND, &[1; 32], &[], &vec![0; longest + 1]).unwrap_err().code, Code::CacheWrite);
    }

    proptest! {
        #[test]
        fn a_file_changed_anywhere_does_not_open(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
            let mut file = sealed();
            let at = at.index(file.len());
            file[at] ^= flip;
            prop_assert!(open::<4>(&key(), &KIND, &[1; 32], &file).is_err());
        }

        #[test]
        fn a_file_cut_or_grown_does_not_open(cut in any::<prop::sample::Index>(), more in prop::collection::vec(any::<u8>(), 1..64)) {
            let mut file = sealed();
            let shorter = &file[..cut.index(file.len())];
            prop_assert!(open::<4>(&key(), &KIND, &[1; 32], shorter).is_err());
            file.extend(more);
            prop_assert!(open::<4>(&key(), &KIND, &[1; 32], &file).is_err());
        }
    }
}
