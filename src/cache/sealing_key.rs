//! The sealing key, the one secret of the cache, from which every other key is derived.

use std::fmt;

use chacha20::R20;
use hmac::{Hmac, KeyInit};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Code, Error, Result};
use crate::{hex, random};

/// 32 random bytes, from which every other key is derived. Wiped when dropped.
pub struct SealingKey(Zeroizing<[u8; 32]>);

/// Distinguishes sealing keys without revealing anything about them; part of the header of a sealed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyId(pub [u8; 8]);

/// The purpose of a derived key. No two purposes share a key.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// [`KeyId`].
    Id,
    /// Sealing files.
    Seal,
    /// Digests of inputs, in file names and headers.
    Names,
    /// Recognising a secret that was tried before.
    Secrets,
}

pub type HmacSha256 = Hmac<Sha256>;

impl SealingKey {
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        SealingKey(Zeroizing::new(bytes))
    }

    /// Returns the bytes, to be written where the key is kept.
    pub(super) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Makes a new key from the operating system's randomness.
    pub fn generate() -> Result<Self> {
        let bytes =
            random::bytes().map_err(|e| Error::new(Code::CacheWrite, "cannot make a key").because(e.to_string()))?;
        Ok(SealingKey(Zeroizing::new(bytes)))
    }

    pub fn id(&self) -> KeyId {
        let [a, b, c, d, e, f, g, h, ..] = *self.subkey(Purpose::Id);
        KeyId([a, b, c, d, e, f, g, h])
    }

    /// Derives a key by HChaCha20 (draft-irtf-cfrg-xchacha-03 §2.2) of a label: a pseudorandom function of 16 bytes, as
    /// XChaCha20
    /// derives the key of each message. A hit needs two of these, at an eighth of what HKDF takes.
    pub fn subkey(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        let label: &[u8; 16] = match purpose {
            Purpose::Id => b"fedcred3 key id ",
            Purpose::Seal => b"fedcred3 seal   ",
            Purpose::Names => b"fedcred3 names  ",
            Purpose::Secrets => b"fedcred3 secrets",
        };
        Zeroizing::new(chacha20::hchacha::<R20>((&*self.0).into(), label.into()).into())
    }

    /// Returns a MAC under the key derived for `purpose`, to which the caller adds data.
    pub(crate) fn mac(&self, purpose: Purpose) -> HmacSha256 {
        hmac(&self.subkey(purpose))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({:?})", self.id())
    }
}

fn hmac(key: &[u8; 32]) -> HmacSha256 {
    // A key shorter than the block is padded with zeroes (RFC 2104 §2); `new` takes exactly one block and cannot fail.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    HmacSha256::new((&*block).into())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn derived_keys_are_those_of_hchacha20() {
        // Key of 32 bytes 0x00…0x1f, computed by the steps of the draft, which give the vector of its §2.2.1.
        let key = SealingKey::from_bytes(std::array::from_fn(|i| i as u8));
        assert_eq!(hex::encode(&*key.subkey(Purpose::Seal)), SEAL);
        let all = [Purpose::Id, Purpose::Seal, Purpose::Names, Purpose::Secrets].map(|p| *key.subkey(p));
        assert_eq!(HashSet::from(all).len(), 4);
    }

    #[test]
    fn debug_does_not_show_the_key() {
        let shown = format!("{:?}", SealingKey::from_bytes([0x41; 32]));
        assert!(!shown.contains("65, 65, 65") && !shown.contains("AAA"), "{shown}");
    }

    const SEAL: &str = "f2ac1b4c37b91238f4a9b463f8ea239d121c9f8fe887865df77742b7298b431b";
}
