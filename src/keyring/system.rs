//! Keychain, Credential Manager and Secret Service, through the keyring crate.
//!
//! The Secret Service passes a secret unencrypted: the session's bus is a socket of the user's own, and a program that can
//! listen there can also read the keyring. The crate unlocks a locked collection, which opens a dialog. An SDK's credential
//! process runs without a person. So on Linux the Secret Service is first asked whether it is open, and on macOS Keychain
//! Services are told to return an error in place of a dialog (SecKeychainSetUserInteractionAllowed).

use keyring::Entry;
use zeroize::Zeroizing;

use super::{SERVICE, found, told};
use crate::error::Result;
use crate::quote::shell::command;

pub fn get(account: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
    if !look::has_item(account)? {
        return Ok(None);
    }
    explained(account, found(entry(account)?.get_secret().map(Zeroizing::new)))
}

pub fn set(account: &str, secret: &[u8]) -> Result<()> {
    if !look::has_item(account)? {
        look::can_take()?;
    }
    explained(account, entry(account)?.set_secret(secret).map_err(told))
}

pub fn delete(account: &str) -> Result<bool> {
    if !look::has_item(account)? {
        return Ok(false);
    }
    explained(account, found(entry(account)?.delete_credential()).map(|found| found.is_some()))
}

#[cfg(target_os = "linux")]
fn entry(account: &str) -> Result<Entry> {
    use keyring::secret_service::SsCredential;
    let mut credential = SsCredential::new_with_target(None, SERVICE, account).map_err(told)?;
    // The name that the keyring's own window shows.
    credential.label = format!("{SERVICE}: {account}");
    Ok(Entry::new_with_credential(Box::new(credential)))
}

#[cfg(not(target_os = "linux"))]
fn entry(account: &str) -> Result<Entry> {
    #[cfg(target_os = "macos")]
    security_framework::os::macos::keychain::SecKeychain::disable_user_interaction()
        // Kept for as long as the process lives: fedcred never wants a dialog.
        .map(std::mem::forget)
        .map_err(|why| super::unusable(&why.to_string()))?;
    Entry::new(SERVICE, account).map_err(told)
}

/// Adds the way out of a Keychain that gives an item to nobody but the program that made it. It knows a program without a
/// certificate by its bytes, so after an update fedcred is another one.
fn explained<T>(account: &str, outcome: Result<T>) -> Result<T> {
    if !cfg!(target_os = "macos") {
        return outcome;
    }
    outcome.map_err(|error| {
        let remove = command(["security", "delete-generic-password", "-s", SERVICE, "-a", account]);
        error.hint(format!(
            "unlock the Keychain; if fedcred was updated, remove what the former program stored there: {remove}"
        ))
    })
}

/// Questions that the Secret Service answers without opening a dialog.
#[cfg(target_os = "linux")]
mod look {
    use std::collections::HashMap;

    use dbus_secret_service::{EncryptionType, Error as ServiceError, SecretService};

    use super::super::{SERVICE, locked, unusable};
    use crate::error::{Error, Result};

    /// Whether there is an item in a collection that is open.
    pub fn has_item(account: &str) -> Result<bool> {
        let attributes = HashMap::from([("service", SERVICE), ("username", account)]);
        let service = connect()?;
        let items = service.search_items(attributes).map_err(told)?;
        match (items.unlocked.is_empty(), items.locked.is_empty()) {
            (false, _) => Ok(true),
            (true, true) => Ok(false),
            (true, false) => Err(locked()),
        }
    }

    /// Fails if the collection that new items go to is locked.
    pub fn can_take() -> Result<()> {
        let service = connect()?;
        let collection = service.get_default_collection().map_err(|error| match error {
            ServiceError::NoResult => unusable("it has no default collection yet"),
            other => told(other),
        })?;
        if collection.is_locked().map_err(told)? { Err(locked()) } else { Ok(()) }
    }

    /// Connects with no time for a prompt, so that none is opened.
    fn connect() -> Result<SecretService> {
        SecretService::connect_with_max_prompt_timeout(EncryptionType::Plain, 0).map_err(told)
    }

    fn told(error: ServiceError) -> Error {
        match error {
            ServiceError::Locked | ServiceError::Prompt => locked(),
            other => unusable(&other.to_string()),
        }
    }
}

/// Other systems have no such check.
#[cfg(not(target_os = "linux"))]
mod look {
    use crate::error::Result;

    pub fn has_item(_: &str) -> Result<bool> {
        Ok(true)
    }

    pub fn can_take() -> Result<()> {
        Ok(())
    }
}
