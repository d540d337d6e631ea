//! Where everything is kept, as a whole: results, locks, what is remembered of logins, and the key that seals them.
//!
//! That is the first of these that can be written: the configured directory, with its key in the configuration
//! directory or else beside what it seals; the session's directory (`XDG_RUNTIME_DIR`); one of this user's under the
//! temporary directory. Anybody can create a name in a shared directory (CWE-377), so a directory there that belongs to
//! others is ignored.

use std::path::{Path, PathBuf};
use std::sync::Once;

use crate::cache::file_store::FileStore;
use crate::cache::key_place::{self, KeyPlace, Opened};
use crate::cache::obstacle;
use crate::cache::record::SealedStore;
use crate::config::cache::{CacheSettings, Store};
use crate::error::{Code, Error, Result};
use crate::file::private::Dir;
use crate::process::env::{Env, HOME};

/// A directory, and where the key for its files is kept.
#[derive(Clone, Debug)]
pub struct Storage {
    pub store: FileStore,
    pub key: KeyPlace,
}

/// The storage to use.
#[derive(Debug)]
pub struct Choice {
    /// `None` if nothing can be kept anywhere.
    pub storage: Option<Storage>,
    /// Why it is not the configured storage.
    pub why: Option<Error>,
}

impl Storage {
    fn beside(dir: PathBuf) -> Storage {
        // A key beside what it seals protects little, but without it a single file would allow guessing a password offline by
        // its mark.
        let key = KeyPlace::File(dir.join("cache.key"));
        Storage { store: FileStore::new(dir), key }
    }

    /// Returns the store with its key; `None` if there is no key. Nothing is made.
    pub fn existing(self) -> Result<Option<SealedStore>> {
        Ok(self.key.read()?.map(|sealing| SealedStore::new(self.store, sealing)))
    }

    /// Returns the store with its key, which is made if there is none; or why there can be none.
    ///
    /// The only error is [`Code::InsecurePermissions`].
    pub fn open(self) -> Result<std::result::Result<SealedStore, Error>> {
        Ok(match self.key.open()? {
            Opened::Key(sealing) => Ok(SealedStore::new(self.store, sealing)),
            Opened::NoKey(why) => Err(why),
        })
    }

    /// Checks without writing whether it can be written.
    fn check(&self) -> Result<()> {
        obstacle::check_private(self.store.dir())?;
        match &self.key {
            KeyPlace::File(file) if self.key.read()?.is_none() => {
                file.parent().map_or(Ok(()), obstacle::check_writable)
            }
            KeyPlace::Given(file) => self.key.read()?.map(drop).ok_or_else(|| key_place::not_given(file)),
            KeyPlace::File(_) | KeyPlace::Keyring { .. } => Ok(()),
        }
    }
}

/// Returns the storage of the settings; `None` if results must not be kept, or if there is no directory for them.
pub fn configured(settings: &CacheSettings) -> Option<Storage> {
    match &settings.store {
        Store::File | Store::Redis(_) => {
            Some(Storage { store: FileStore::new(settings.dir.clone()?), key: settings.key_place()? })
        }
        Store::None => None,
    }
}

/// Returns the storage in which results are kept. Nothing is made.
///
/// The only error is [`Code::InsecurePermissions`] of the configured storage: the user has to repair that.
pub fn choose(settings: &CacheSettings, env: &Env) -> Result<Choice> {
    let Some(first) = configured(settings) else {
        // Without a home there may still be a session's or a temporary directory.
        let fallbacks = fallbacks(env).filter(|_| settings.store != Store::None);
        return Ok(Choice { storage: usable(fallbacks), why: Some(no_directory(settings)) });
    };
    let why = match first.check() {
        Ok(()) => return Ok(Choice { storage: Some(first), why: None }),
        Err(why) if why.code == Code::InsecurePermissions => return Err(why),
        Err(why) => why,
    };
    // A key that is configured for a keyring is never put into a file.
    let storage = match &first.key {
        KeyPlace::Keyring { .. } => None,
        KeyPlace::File(_) | KeyPlace::Given(_) => {
            let beside = Storage::beside(first.store.dir().to_owned());
            usable(std::iter::once(beside).chain(fallbacks(env)))
        }
    };
    if let Some(storage) = &storage {
        static TOLD: Once = Once::new();
        TOLD.call_once(|| tracing::info!(%why, "{} is used instead", storage.store.dir().display()));
    }
    Ok(Choice { storage, why: Some(why) })
}

fn usable(storages: impl Iterator<Item = Storage>) -> Option<Storage> {
    storages.into_iter().find(|storage| match storage.check() {
        Ok(()) => true,
        Err(why) => {
            tracing::debug!(%why, "passed over");
            false
        }
    })
}

/// Returns the storages that serve if the configured one cannot, the best one first.
pub fn fallbacks(env: &Env) -> impl Iterator<Item = Storage> + use<> {
    let session = env.path("XDG_RUNTIME_DIR").filter(|dir| is_of_us(dir)).map(|dir| dir.join("fedcred"));
    session.into_iter().chain(temporary(env)).map(Storage::beside)
}

/// Returns the storages that have been used by this user.
pub fn used(settings: &CacheSettings, env: &Env) -> Vec<Storage> {
    let configured = configured(settings).into_iter().flat_map(|first| {
        let beside = Storage::beside(first.store.dir().to_owned());
        [Some(first), Some(beside).filter(|beside| matches!(beside.key.read(), Ok(Some(_))))]
    });
    let configured = configured.flatten().filter(|storage| match Dir::check(storage.store.dir()) {
        Ok(()) => true,
        Err(why) => why.code == Code::InsecurePermissions,
    });
    let fallbacks =
        fallbacks(env).filter(|storage| Dir::check(storage.store.dir()).is_ok() && storage.key.read().is_ok());
    let is_there = |storage: &Storage| storage.store.dir().is_absolute() && storage.store.dir().is_dir();
    configured.chain(fallbacks).filter(is_there).collect()
}

/// Whether the directory exists and is this user's, as the XDG base directory specification wants it: after `su` the variable
/// is another user's.
#[cfg(unix)]
fn is_of_us(dir: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    dir.is_absolute() && dir.metadata().is_ok_and(|dir| dir.uid() == rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn is_of_us(dir: &Path) -> bool {
    dir.is_absolute()
}

fn no_directory(settings: &CacheSettings) -> Error {
    let error = Error::new(Code::CacheWrite, "the credentials are not cached");
    match &settings.store {
        Store::None => error.because("`cache.store` is \"none\"").hint("set `cache.store = \"file\"`, or leave it out"),
        Store::File | Store::Redis(_) => error
            .because("there is no home directory for the cache and its key")
            .hint(format!("set {HOME}, or FEDCRED_CACHE_DIR")),
    }
}

/// Returns the path of a directory for this user, whose name anybody could have taken before.
#[cfg(unix)]
fn temporary(env: &Env) -> Option<PathBuf> {
    let base = env.path("TMPDIR").filter(|dir| dir.is_absolute()).unwrap_or_else(|| Path::new("/tmp").to_owned());
    Some(base.join(format!("fedcred-{}", rustix::process::geteuid().as_raw())))
}

#[cfg(not(unix))]
fn temporary(env: &Env) -> Option<PathBuf> {
    env.path("TEMP").map(|dir: PathBuf| Path::new(&dir).join("fedcred"))
}
