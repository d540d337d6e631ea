//! The user's persistent keyring in the Linux kernel, through the keyring crate. A few system calls, no D-Bus.
//!
//! A key can be read by a process that possesses it, that is, finds it from one of its own keyrings. The session's keyring is
//! another one in a cron job, a systemd unit and a shell, and there may be none; so the persistent keyring is linked to the
//! process's.

#[cfg(target_os = "linux")]
pub use linux::{delete, get, set};

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{delete, get, set};

#[cfg(target_os = "linux")]
mod linux {
    use keyring::Entry;
    use keyring::keyutils::KeyutilsCredential;
    use linux_keyutils::{KeyError, KeyRing, KeyRingIdentifier};
    use zeroize::Zeroizing;

    use super::super::{SERVICE, found, told, unusable};
    use crate::error::{Error, Result};

    pub fn get(account: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        found(entry(account)?.get_secret().map(Zeroizing::new))
    }

    /// Reads the key back at once: a kernel may accept a key and not return it (seen in containers).
    pub fn set(account: &str, secret: &[u8]) -> Result<()> {
        entry(account)?.set_secret(secret).map_err(told)?;
        match get(account)? {
            Some(kept) if *kept == secret => Ok(()),
            _ => Err(unusable("the kernel's keyring did not return the key that was stored")),
        }
    }

    pub fn delete(account: &str) -> Result<bool> {
        Ok(found(entry(account)?.delete_credential())?.is_some())
    }

    fn entry(account: &str) -> Result<Entry> {
        // The order matters: the second call links the persistent keyring to the one that the first has made.
        let process = KeyRing::from_special_id(KeyRingIdentifier::Process, true).map_err(refused)?;
        let persistent = KeyRing::get_persistent(KeyRingIdentifier::Process).map_err(refused)?;
        Ok(Entry::new_with_credential(Box::new(KeyutilsCredential {
            session: process,
            persistent: Some(persistent),
            description: format!("{SERVICE}:{account}"),
        })))
    }

    fn refused(error: KeyError) -> Error {
        unusable(&format!("the kernel has no persistent keyring for this process: {error}"))
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use zeroize::Zeroizing;

    use super::super::unusable;
    use crate::error::{Error, Result};

    pub fn get(_: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        Err(none())
    }

    pub fn set(_: &str, _: &[u8]) -> Result<()> {
        Err(none())
    }

    pub fn delete(_: &str) -> Result<bool> {
        Err(none())
    }

    fn none() -> Error {
        unusable("only Linux has a keyring in its kernel")
    }
}
