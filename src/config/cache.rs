//! `[cache]`: where results are kept, and where the key that seals them lives.

use std::path::PathBuf;

use super::env::Env;
use super::locations::Locations;
use super::reader::Section;
use super::tree::Value;
use super::values;
use super::words::words;
use crate::cache::master_key::KeyPlace;
use crate::error::{Code, Error};
use crate::file::shape::looks_like_a_secret;
use crate::keyring::Keyring;
use crate::quote::shell::command;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    /// `$FEDCRED_CACHE_DIR`, else `dir`, else the platform's; absent: there is no home directory either.
    pub dir: Option<PathBuf>,
    pub key: KeyStore,
    pub store: Store,
    /// The sealing key's file: beside the configuration, apart from the cache, so that a copy of the one is not a copy of both.
    pub key_file: Option<PathBuf>,
}

impl CacheSettings {
    /// The place of the sealing key. `None`: there is no home directory for its file.
    pub fn key_place(&self) -> Option<KeyPlace> {
        // Two processes must not make a key each, and a keyring has no "unless there is one".
        let in_keyring = |keyring| {
            let lock = self.key_file.as_ref().map(|path| path.with_extension("key.lock"));
            KeyPlace::Keyring { keyring, lock }
        };
        match self.key {
            KeyStore::Auto if cfg!(any(windows, target_os = "macos")) => Some(in_keyring(Keyring::System)),
            KeyStore::Auto | KeyStore::File => self.key_file.clone().map(KeyPlace::File),
            KeyStore::Keyring => Some(in_keyring(Keyring::System)),
            KeyStore::Kernel => Some(in_keyring(Keyring::Kernel)),
        }
    }
}

/// Where the sealing key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStore {
    /// The platform's own place: Keychain or Credential Manager there, a file elsewhere.
    Auto,
    File,
    /// Keychain, Credential Manager, Secret Service.
    Keyring,
    /// The user's persistent keyring in the Linux kernel.
    Kernel,
}

/// Where results are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    File,
    /// Nowhere.
    None,
}

words!(KeyStore { Auto = "auto", File = "file", Keyring = "keyring", Kernel = "kernel" });
words!(Store { File = "file", None = "none" });

/// Reads the table, when there is one; what is wrong is in the section's log.
pub fn read(cache: &Section<'_, '_>, locations: &Locations, env: &Env) -> CacheSettings {
    let dir = cache.get("dir").or_else(|| locations.cache_dir.clone());
    let dir = match env.path("FEDCRED_CACHE_DIR") {
        Some(path) if looks_like_a_secret(&path.to_string_lossy()) => {
            let what = "a token or key stands in $FEDCRED_CACHE_DIR, where a directory should";
            cache.log().error(Error::new(Code::InvalidValue, what).hint(command(["unset", "FEDCRED_CACHE_DIR"])));
            dir
        }
        Some(path) => Some(path),
        None => dir,
    };
    let key = cache.value("key").unwrap_or(KeyStore::Auto);
    let store = cache.value_by("store", |f| match f.value {
        // A URL may hold a password: not repeated.
        Value::Text(text) if text.contains("://") => {
            let known = text.starts_with("rediss://");
            let code = if known { Code::NotYetAvailable } else { Code::InvalidValue };
            Err(f.error(code, "cannot be a URL in this version yet").hint("it can be one of file, none"))
        }
        _ => values::choice(f),
    });
    cache.finish();
    // Without a home, beside what it seals.
    let key_file = locations.key_file().or_else(|| Some(dir.as_ref()?.join("cache.key")));
    CacheSettings { dir, key, store: store.unwrap_or(Store::File), key_file }
}
