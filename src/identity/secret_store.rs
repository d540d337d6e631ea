//! The secrets that `fedcred login` stores, each for one account: `password = { keyring = true }`.
//!
//! A secret is in the system's keyring or, if there is none, in a file in `secrets/` of the configuration directory: mode 0600,
//! and sealed with the key file beside it. The seal hides it in a listing, a search and a careless copy. Whoever can read all of
//! the user's files, or a backup of that directory, can read it.

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::cache::file_store::FileStore;
use crate::cache::key::{KeyBuilder, Kind, LoginKey};
use crate::cache::key_place::{KeyPlace, Opened};
use crate::cache::record::{self, Record, SealedStore};
use crate::config::locations::Locations;
use crate::config::profile::Account;
use crate::error::{Code, Error, Result};
use crate::keyring::Keyring;
use crate::process::env::Env;
use crate::secret::Secret;
use crate::time::{self, Timestamp};

/// Where a secret is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Keyring,
    File(PathBuf),
}

/// Reads the secret of `account`. A file comes first: whoever stores it there may have no keyring.
///
/// Errors: [`Code::KeyringLocked`]; [`Code::InsecurePermissions`] and [`Code::FileUnreadable`] of the file.
pub fn read(account: &Account, env: &Env) -> Result<Option<Secret>> {
    if let Some(secret) = Files::of(env).map(|files| files.read(account)).transpose()?.flatten() {
        return Ok(Some(secret));
    }
    let Some(bytes) = Keyring::System.get(&account.to_string())? else { return Ok(None) };
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        Error::new(Code::InvalidValue, format!("the keyring's item {:?} is not UTF-8 text", account.to_string()))
    })?;
    Ok(Some(Secret::new(text.to_owned())))
}

/// Returns where the secret of `account` is stored. Errors: those of [`read`].
pub fn place(account: &Account, env: &Env) -> Result<Option<Place>> {
    if let Some(files) = Files::of(env)
        && let Some(path) = files.read_at(account)?.map(|(path, _)| path)
    {
        return Ok(Some(Place::File(path)));
    }
    Ok(Keyring::System.get(&account.to_string())?.map(|_| Place::Keyring))
}

/// Stores the secret in the keyring, and removes a file with the old one.
pub fn store_in_keyring(account: &Account, secret: &Secret, env: &Env) -> Result<Place> {
    Keyring::System.set(&account.to_string(), secret.expose().as_bytes())?;
    Files::of(env).map(|files| files.remove(account)).transpose()?;
    Ok(Place::Keyring)
}

/// Stores the secret in a file. The keyring is not asked; what it may hold is no longer read.
pub fn store_in_file(account: &Account, secret: &Secret, env: &Env) -> Result<Place> {
    let files = Files::of(env).ok_or_else(|| {
        Error::new(Code::CacheWrite, "there is no directory for a file with a secret")
            .because("no home directory is known")
    })?;
    files.write(account, secret).map(Place::File)
}

/// Stores the secret where the old one is, else in the keyring.
pub fn replace(account: &Account, secret: &Secret, env: &Env) -> Result<Place> {
    let is_in_file = match Files::of(env) {
        Some(files) => files.read(account)?.is_some(),
        None => false,
    };
    if is_in_file { store_in_file(account, secret, env) } else { store_in_keyring(account, secret, env) }
}

/// Removes the secret of `account` and returns where it was. A keyring failure is an error only if there was no file.
pub fn forget(account: &Account, env: &Env) -> Result<Vec<Place>> {
    let file = Files::of(env).map(|files| files.remove(account)).transpose()?.flatten();
    let mut places: Vec<Place> = file.into_iter().map(Place::File).collect();
    match Keyring::System.delete(&account.to_string()) {
        Ok(true) => places.push(Place::Keyring),
        Ok(false) => {}
        Err(why) if places.is_empty() => return Err(why),
        Err(why) => tracing::info!(%why, "the keyring was not read"),
    }
    Ok(places)
}

/// Removes the files of all accounts and returns their number.
pub fn forget_files(env: &Env) -> Result<usize> {
    Files::of(env).map_or(Ok(0), |files| files.remove_all())
}

/// A stored secret, which does not expire.
struct StoredSecret(Secret);

impl Record for StoredSecret {
    const KIND: Kind = Kind::Secret;
    type Key = LoginKey;

    fn until(&self, _: Timestamp) -> Timestamp {
        Timestamp::MAX
    }

    fn body(&self) -> Result<Zeroizing<Vec<u8>>> {
        Ok(record::join(&[self.0.expose().as_bytes()]))
    }

    fn of_body(body: &[u8], _: Timestamp) -> Option<Self> {
        let [text] = record::split(body)?;
        Some(StoredSecret(Secret::new(std::str::from_utf8(text).ok()?.to_owned())))
    }
}

/// The directory of the sealed files, and the file of their key.
struct Files {
    store: FileStore,
    key: KeyPlace,
}

impl Files {
    fn of(env: &Env) -> Option<Files> {
        let locations = Locations::of(env, None);
        let store = FileStore::new(locations.secrets_dir()?);
        Some(Files { store, key: KeyPlace::File(locations.key_file()?) })
    }

    fn read(&self, account: &Account) -> Result<Option<Secret>> {
        Ok(self.read_at(account)?.map(|(_, secret)| secret))
    }

    fn read_at(&self, account: &Account) -> Result<Option<(PathBuf, Secret)>> {
        let Some(store) = self.existing()? else { return Ok(None) };
        let name = digest(&store, account);
        let stored: Option<StoredSecret> = store.get(&name)?;
        Ok(stored.map(|stored| (self.store.path(&record::name::<StoredSecret>(&name)), stored.0)))
    }

    fn write(&self, account: &Account, secret: &Secret) -> Result<PathBuf> {
        let store = match self.key.open()? {
            Opened::Key(key) => SealedStore::new(self.store.clone(), key),
            Opened::NoKey(why) => return Err(why),
        };
        let name = digest(&store, account);
        store.put(&name, &name, &StoredSecret(secret.duplicate()))?;
        // Files of an earlier version are no longer read.
        self.store.prune(time::now())?;
        Ok(self.store.path(&record::name::<StoredSecret>(&name)))
    }

    fn remove(&self, account: &Account) -> Result<Option<PathBuf>> {
        let Some(store) = self.existing()? else { return Ok(None) };
        let name = digest(&store, account);
        let removed = store.remove::<StoredSecret>(&name)?;
        Ok(removed.then(|| self.store.path(&record::name::<StoredSecret>(&name))))
    }

    /// Removes all files, which needs no key.
    fn remove_all(&self) -> Result<usize> {
        let mut removed = self.store.prune(time::now())?;
        for name in self.store.all()? {
            removed += usize::from(self.store.remove(&name)?);
        }
        Ok(removed)
    }

    /// The store, if its directory exists. Without it, no key is needed.
    fn existing(&self) -> Result<Option<SealedStore>> {
        if !self.store.dir().exists() {
            return Ok(None);
        }
        Ok(self.key.read()?.map(|key| SealedStore::new(self.store.clone(), key)))
    }
}

/// The name of the file, which reveals neither user nor identity provider.
fn digest(store: &SealedStore, account: &Account) -> LoginKey {
    KeyBuilder::new(&store.sealing).field("secret kept for", account.to_string()).login_key()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn account(user: &str) -> Account {
        Account { idp_origin: "https://idp.example.com".into(), user: Some(user.into()) }
    }

    /// A home, and the files of it alone: the keyring would be the developer's own.
    fn files() -> (tempfile::TempDir, Files) {
        let home = tempfile::tempdir().unwrap();
        let env = Env::fixed([(if cfg!(windows) { "APPDATA" } else { "HOME" }, home.path())]);
        (home, Files::of(&env).unwrap())
    }

    fn read(files: &Files, user: &str) -> Option<String> {
        files.read(&account(user)).unwrap().map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn a_secret_in_a_file_is_one_accounts_until_it_is_removed() {
        let (_home, files) = files();
        assert_eq!(read(&files, "alice"), None);
        assert_eq!(files.remove(&account("alice")).unwrap(), None);
        files.write(&account("alice"), &Secret::new("first".into())).unwrap();
        let path = files.write(&account("alice"), &Secret::new("hunter2 ä".into())).unwrap();
        assert_eq!((read(&files, "alice").as_deref(), read(&files, "bob")), (Some("hunter2 ä"), None));
        assert_eq!(files.remove(&account("alice")).unwrap(), Some(path));
        assert_eq!(read(&files, "alice"), None);
        assert_eq!(files.remove_all().unwrap(), 0);
        for user in ["alice", "bob"] {
            files.write(&account(user), &Secret::new(user.into())).unwrap();
        }
        assert_eq!((files.remove_all().unwrap(), read(&files, "bob")), (2, None));
    }

    #[test]
    fn a_file_tells_neither_the_secret_nor_whose_it_is() {
        let (_home, files) = files();
        let path = files.write(&account("alice"), &Secret::new("hunter2".into())).unwrap();
        let told = [fs::read(&path).unwrap(), path.file_name().unwrap().as_encoded_bytes().to_vec()].concat();
        for text in ["hunter2", "alice", "idp.example.com"] {
            assert!(!told.windows(text.len()).any(|part| part == text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_file_that_was_renamed_to_another_account_is_not_its_secret() {
        let (_home, files) = files();
        let [alice, bob] = ["alice", "bob"].map(|user| files.write(&account(user), &Secret::new(user.into())).unwrap());
        fs::copy(alice, bob).unwrap();
        assert_eq!(read(&files, "bob"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let (_home, files) = files();
        let path = files.write(&account("alice"), &Secret::new("hunter2".into())).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(files.read(&account("alice")).unwrap_err().code, Code::InsecurePermissions);
    }

    #[test]
    fn a_token_is_kept_apart_from_a_user_of_that_name() {
        let idp_url = url::Url::parse("https://idp.example.com:443/saml?x=y").unwrap();
        let [user, token] = [Some("token"), None].map(|user| Account::new(&idp_url, user).to_string());
        assert_eq!(user, "https://idp.example.com token");
        assert_ne!(user, token);
    }
}
