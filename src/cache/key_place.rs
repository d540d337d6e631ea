//! Where the sealing key is kept (`cache.key`, `cache.key_file`).
//!
//! `file`: a 0600 file in the configuration directory, apart from the cache: eight bytes of name and version, then the key.
//! `keyring` and `kernel`: an item in a keyring of the operating system. The first process that needs the key makes it; only the
//! key of a fleet is made by a person, who copies it to each machine. After a key is lost or replaced, entries that were sealed
//! with it are misses.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::sealing_key::SealingKey;
use crate::error::{Code, Error, Result};
use crate::file::private::{self, Dir};
use crate::file::{self, kind};
use crate::keyring::Keyring;
use crate::quote::shell::remove;
use crate::time::{self, Deadline};

/// Where the sealing key is kept.
#[derive(Clone, Debug)]
pub enum KeyPlace {
    /// A file, by its whole path (`~/.config/fedcred/cache.key`).
    File(PathBuf),
    /// A file that a person made ([`make_given`]) and gave to each machine of a fleet: never made in passing, and under the rules
    /// of secrets that others mount.
    Given(PathBuf),
    /// An item in a keyring. It is made by one process at a time, which holds the file `lock`.
    Keyring { keyring: Keyring, lock: Option<PathBuf> },
}

/// The key of a place, or why there is none.
#[derive(Debug)]
pub enum Opened {
    Key(SealingKey),
    /// There is no usable one (a read-only home, a damaged file): the run continues and stores nothing. The error says
    /// why.
    NoKey(Error),
}

impl KeyPlace {
    /// Reads the key, if there is one. For readers: without a key, nothing can have been sealed.
    pub fn read(&self) -> Result<Option<SealingKey>> {
        match self {
            KeyPlace::File(path) => read_file(path),
            KeyPlace::Given(path) => read_given(path),
            KeyPlace::Keyring { keyring, lock: _ } => read_item(*keyring),
        }
    }

    /// Reads the key, and makes one if there is none. Processes that start at once end up with the same one.
    ///
    /// The only error is [`Code::InsecurePermissions`], for a key that others can read: the user has to repair that.
    pub fn open(&self) -> Result<Opened> {
        let opened = self.read().and_then(|found| match (found, self) {
            (Some(key), _) => Ok(key),
            (None, KeyPlace::File(path)) => make_file(path),
            (None, KeyPlace::Given(path)) => Err(not_given(path)),
            (None, KeyPlace::Keyring { keyring, lock }) => make_item(*keyring, lock.as_deref()),
        });
        match opened {
            Ok(key) => Ok(Opened::Key(key)),
            Err(e) if e.code == Code::InsecurePermissions => Err(e),
            Err(e) => Ok(Opened::NoKey(e)),
        }
    }
}

/// Name and version of the file's format.
const MAGIC: [u8; 8] = *b"fc-key\0\x01";

/// Reads the key in this file, if there is one.
pub fn read_file(path: &Path) -> Result<Option<SealingKey>> {
    let Some(bytes) = private::read(path, MAGIC.len() + 32 + 1)? else { return Ok(None) };
    let bytes = Zeroizing::new(bytes);
    let hint = || format!("{}; a new key is made, and what was cached is fetched again", remove(path));
    parse(&bytes).map(Some).ok_or_else(|| no_key(path).hint(hint()))
}

/// Reads the key in a file that was given to this machine, if there is one.
pub fn read_given(path: &Path) -> Result<Option<SealingKey>> {
    match file::read(path, &kind::SECRET) {
        Ok(bytes) => parse(&bytes).map(Some).ok_or_else(|| no_key(path).hint("copy the fleet's key there again")),
        Err(fault) if fault.is_absent() => Ok(None),
        Err(fault) => Err(fault.error(Code::FileUnreadable)),
    }
}

fn parse(bytes: &[u8]) -> Option<SealingKey> {
    let key = bytes.strip_prefix(&MAGIC)?;
    <[u8; 32]>::try_from(key).ok().map(SealingKey::from_bytes)
}

fn no_key(path: &Path) -> Error {
    Error::new(Code::FileUnreadable, format!("{} is not a key of this version", path.display()))
        .because("it is damaged, or another version of fedcred made it")
}

/// Returns the error of a machine that was not given the fleet's key.
pub fn not_given(path: &Path) -> Error {
    Error::new(Code::FleetKeyMissing, format!("the fleet's key is not at {}", path.display()))
}

/// Makes a key at `path`, 0600 from its first byte, for a person to give to the machines of a fleet.
///
/// Errors: [`Code::CacheWrite`], also if there is a file already: what was sealed with its key would be lost.
pub fn make_given(path: &Path) -> Result<SealingKey> {
    let key = SealingKey::generate()?;
    if create(path, &key)? {
        return Ok(key);
    }
    Err(Error::new(Code::CacheWrite, format!("{} is there already, and is left as it is", path.display()))
        .hint("name another file"))
}

/// Writes `key` to a new file. Returns false if there is a file already.
fn create(path: &Path, key: &SealingKey) -> Result<bool> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|n| n.to_str())) else {
        return Err(Error::new(Code::CacheWrite, format!("{} cannot be a file's name", path.display())));
    };
    file::directory::check(path).map_err(|fault| fault.error(Code::CacheWrite))?;
    let bytes = Zeroizing::new([&MAGIC[..], &key.expose()[..]].concat());
    Dir::shared(dir)?.create(name, &bytes)
}

fn make_file(path: &Path) -> Result<SealingKey> {
    create(path, &SealingKey::generate()?)?;
    // The key in the file counts: another process may have been faster.
    read_file(path)?.ok_or_else(|| Error::new(Code::CacheWrite, format!("{} is gone again", path.display())))
}

/// The account of the sealing key's item; no identity provider's origin reads so.
const ACCOUNT: &str = "sealing key of the cache";

/// What is not a key (another program's item of that name) is replaced by one.
fn read_item(keyring: Keyring) -> Result<Option<SealingKey>> {
    let item = keyring.get(ACCOUNT)?;
    Ok(item.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok()).map(SealingKey::from_bytes))
}

fn make_item(keyring: Keyring, lock: Option<&Path>) -> Result<SealingKey> {
    let _makes_alone = lock.map(wait_for).transpose()?;
    if let Some(key) = read_item(keyring)? {
        return Ok(key);
    }
    let key = SealingKey::generate()?;
    keyring.set(ACCOUNT, key.expose())?;
    Ok(key)
}

/// Making a key takes a second or two; a process that was stopped over it is not waited for.
const MAKING: Duration = Duration::from_secs(3);

fn wait_for(path: &Path) -> Result<File> {
    path.parent().map(Dir::shared).transpose()?;
    let file = private::open_or_create(path)?;
    let deadline = Deadline::after(MAKING);
    while private::try_lock(&file).is_err() {
        deadline.check("waiting for a process that makes the sealing key")?;
        time::pause(Duration::from_millis(20));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs;

    use super::*;

    fn place(dir: &tempfile::TempDir) -> (PathBuf, KeyPlace) {
        let path = dir.path().join("fedcred/cache.key");
        (path.clone(), KeyPlace::File(path))
    }

    #[test]
    fn a_file_that_goes_on_after_the_key_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let (path, place) = place(&dir);
        assert!(matches!(place.open().unwrap(), Opened::Key(_)) && read_file(&path).unwrap().is_some());
        let mut longer = fs::read(&path).unwrap();
        longer.push(0);
        fs::write(&path, longer).unwrap();
        assert_eq!(read_file(&path).unwrap_err().code, Code::FileUnreadable);
    }

    fn key(opened: Opened) -> SealingKey {
        match opened {
            Opened::Key(key) => key,
            Opened::NoKey(why) => panic!("{why}: {:?}", why.causes),
        }
    }

    #[test]
    fn a_key_is_made_once_and_read_ever_after() {
        let home = tempfile::tempdir().unwrap();
        let (_, place) = place(&home);
        assert!(place.read().unwrap().is_none());
        let first = key(place.open().unwrap()).id();
        assert_eq!(key(place.open().unwrap()).id(), first);
        assert_eq!(place.read().unwrap().unwrap().id(), first);
    }

    #[test]
    fn those_who_start_at_once_agree_on_one_key() {
        for _ in 0..20 {
            let home = tempfile::tempdir().unwrap();
            let (path, place) = place(&home);
            let barrier = std::sync::Barrier::new(8);
            let ids: HashSet<[u8; 8]> = std::thread::scope(|scope| {
                let open = || {
                    barrier.wait();
                    key(place.open().unwrap()).id().0
                };
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
                threads.into_iter().map(|t| t.join().unwrap()).collect()
            });
            assert_eq!(ids.len(), 1);
            assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary key stays");
        }
    }

    #[test]
    fn a_damaged_key_is_no_key_and_says_what_to_do() {
        let home = tempfile::tempdir().unwrap();
        let (path, place) = place(&home);
        key(place.open().unwrap());
        let good = fs::read(&path).unwrap();
        for bytes in [&good[..good.len() - 1], &[&good[..], b"x"].concat(), b"", &[&[0], &good[1..]].concat()] {
            fs::write(&path, bytes).unwrap();
            let Opened::NoKey(why) = place.open().unwrap() else { panic!("{} bytes are taken for a key", bytes.len()) };
            assert_eq!(why.code, Code::FileUnreadable);
            assert!(why.hint.unwrap().starts_with(&remove(&path)));
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_gives_no_key_and_no_error() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("file"), "").unwrap();
        // Below a file nothing can be made; unlike a read-only directory this holds for root too.
        let place = KeyPlace::File(home.path().join("file/fedcred/cache.key"));
        assert!(matches!(place.open().unwrap(), Opened::NoKey(why) if why.code == Code::CacheWrite));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let (path, place) = place(&home);
        key(place.open().unwrap());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = place.open().unwrap_err();
        assert_eq!(error.code, Code::InsecurePermissions);
        assert_eq!(error.hint.unwrap(), format!("chmod 600 {}", path.display()));
    }
}
