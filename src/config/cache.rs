//! `[cache]`: where results and the sealing key are stored.

use std::path::PathBuf;

use super::found::Found;
use super::locations::Locations;
use super::reader::Section;
use super::redis::{self, RedisSettings};
use super::setting;
use super::tree::Value;
use super::values;
use super::words::{names, words};
use crate::cache::key_place::KeyPlace;
use crate::error::{Code, Error, Result};
use crate::keyring::Keyring;
use crate::process::env::Env;
use crate::quote::shell::command;
use crate::text::redact::looks_like_a_secret;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    /// `$FEDCRED_CACHE_DIR`, else `dir`, else the platform's. Absent: there is no home directory.
    pub dir: Option<PathBuf>,
    pub key: KeyStore,
    pub store: Store,
    /// The file of the sealing key. It is beside the configuration, apart from the cache, so that a copy of one does
    /// not contain the other.
    pub key_file: Option<PathBuf>,
    /// Former keys, with which cached entries may still be sealed.
    pub old_key_files: Vec<PathBuf>,
}

impl CacheSettings {
    /// The place of the sealing key. `None`: there is no home directory for its file.
    pub fn key_place(&self) -> Option<KeyPlace> {
        // A fleet's key is given: no machine makes one for itself.
        if let Store::Redis(_) = self.store {
            return self.key_file.clone().map(KeyPlace::Given);
        }
        // A keyring cannot create an item only if it is absent, so a lock keeps two processes from making a key each.
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

/// The place of the sealing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStore {
    /// The platform's own: Keychain or Credential Manager on macOS and Windows, a file elsewhere.
    Auto,
    File,
    /// Keychain, Credential Manager, Secret Service.
    Keyring,
    /// The user's persistent keyring in the Linux kernel.
    Kernel,
}

/// The place of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    File,
    /// No storage.
    None,
    /// In files, and in the Redis or Valkey of a fleet.
    Redis(Box<RedisSettings>),
}

/// The stores that are named by a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalStore {
    File,
    None,
}

words!(KeyStore { Auto = "auto", File = "file", Keyring = "keyring", Kernel = "kernel" });
words!(LocalStore { File = "file", None = "none" });

/// Reads the table. Faults go into the section's log.
pub fn read(cache: &Section<'_, '_>, locations: &Locations, env: &Env) -> CacheSettings {
    let dir = cache.get("dir").or_else(|| locations.cache_dir.clone());
    let dir = match env.path("FEDCRED_CACHE_DIR") {
        Some(path) if looks_like_a_secret(&path.to_string_lossy()) => {
            let what = "$FEDCRED_CACHE_DIR holds a token or key in place of a directory";
            cache.log().error(Error::new(Code::InvalidValue, what).hint(command(["unset", "FEDCRED_CACHE_DIR"])));
            dir
        }
        Some(path) => Some(path),
        None => dir,
    };
    let key = cache.value("key").unwrap_or(KeyStore::Auto);
    let given = cache.read("key_file", key_files).unwrap_or_default();
    let allow_plain = cache.value("allow_plain").unwrap_or(false);
    let written =
        cache.value_by("store", |found| store(found, allow_plain)).unwrap_or(Written::Local(LocalStore::File));
    let (local, url) = match written {
        Written::Local(local) => (local, None),
        Written::Url(url) => (LocalStore::File, Some(url)),
    };
    let store = match (redis::read(cache, url), local) {
        (Some(redis), _) => Store::Redis(Box::new(redis)),
        (None, LocalStore::File) => Store::File,
        (None, LocalStore::None) => Store::None,
    };
    let is_elsewhere = matches!(key, KeyStore::Keyring | KeyStore::Kernel);
    if is_elsewhere && !given.is_empty() {
        let what = "`key` in [cache] puts the sealing key into a keyring, and `key_file` into a file";
        cache.log().error(Error::new(Code::ConflictingKeys, what).hint("remove one of them"));
    }
    if matches!(store, Store::Redis(_)) && cache.find("key_file").is_none() {
        let hint = format!(
            "create a key with `{}`, give the file to each machine, and write: key_file = \"/etc/fedcred/fleet.key\"",
            command(["fedcred", "cache", "key", "new", "/etc/fedcred/fleet.key"])
        );
        cache.log().error(cache.missing("key_file").hint(hint));
    }
    cache.finish();
    let mut given = given.into_iter();
    match given.next() {
        Some(first) => {
            let key = if is_elsewhere { key } else { KeyStore::File };
            CacheSettings { dir, key, store, key_file: Some(first), old_key_files: given.collect() }
        }
        None => {
            // Without a home directory it is beside the cache.
            let key_file = locations.key_file().or_else(|| Some(dir.as_ref()?.join("cache.key")));
            CacheSettings { dir, key, store, key_file, old_key_files: Vec::new() }
        }
    }
}

/// `store`, as it is written.
enum Written {
    Local(LocalStore),
    Url(redis::Url),
}

impl setting::Written for Written {
    fn toml(&self) -> String {
        match self {
            Written::Local(local) => local.toml(),
            Written::Url(url) => url.toml(),
        }
    }
}

fn store(found: &Found<'_>, allow_plain: bool) -> Result<Written> {
    let expected = || format!("one of {}, or a URL: {}", names::<LocalStore>().join(", "), redis::URLS);
    match found.value {
        Value::Text(text) if text.contains("://") => redis::parse(found, text, allow_plain).map(Written::Url),
        Value::Text(text) => values::choice(found)
            .map(Written::Local)
            .map_err(|why| Error { what: found.wrong_text(&expected(), text).what, ..why }),
        _ => Err(found.wrong(&expected())),
    }
}

/// Reads a path, or several, of which the first one seals.
fn key_files(found: &Found<'_>) -> Result<Vec<PathBuf>> {
    if let Value::Text(_) = found.value {
        return values::path(found).map(|path| vec![path]);
    }
    match values::list(found, values::path) {
        Ok(paths) if paths.is_empty() => Err(found.error(Code::InvalidValue, "is empty")),
        paths => paths,
    }
}
