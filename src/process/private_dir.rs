//! A directory for the files of one run: this user's alone, in memory where possible, removed at the end of the run.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::file::private::{self, Dir};
use crate::hex;
use crate::process::env::Env;
use crate::random;
use crate::time::{self, Timestamp};

/// A directory that is removed with its contents when dropped.
pub struct PrivateDir {
    path: PathBuf,
    /// Locked until this process ends.
    _alive: File,
}

const PREFIX: &str = "fedcred-exec-";
/// The locked file in the directory.
const ALIVE: &str = "alive";
/// The age of an abandoned directory without that file, which is of an earlier version or being made just now.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3600);

impl PrivateDir {
    pub fn make(env: &Env) -> io::Result<Self> {
        let mut failure = io::Error::from(io::ErrorKind::NotFound);
        for place in places(env) {
            let random: [u8; 16] = random::bytes()?;
            let dir = place.join(format!("{PREFIX}{}", hex::encode(&random)));
            match private::create_dir(&dir) {
                Ok(()) => {
                    let alive = private::create_new(&dir.join(ALIVE))?;
                    private::try_lock(&alive)?;
                    return Ok(PrivateDir { path: dir, _alive: alive });
                }
                Err(why) => failure = why,
            }
        }
        Err(failure)
    }

    /// Writes a new file, for its owner alone from its first byte.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        private::create_new(&path)?.write_all(bytes)?;
        Ok(path)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        if let Err(why) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%why, "{} is left behind", self.path.display());
        }
    }
}

/// Removes this user's directories of runs that were killed (CWE-459): those that are not locked.
pub fn remove_leftovers(env: &Env) {
    for dir in places(env).filter_map(|place| fs::read_dir(place).ok()).flatten().flatten() {
        let is_of_a_run = dir.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if is_of_a_run && Dir::check(&dir.path()).is_ok() && is_left_over(&dir.path()) {
            match fs::remove_dir_all(dir.path()) {
                Ok(()) => tracing::info!("removed {}, which a killed run left behind", dir.path().display()),
                Err(why) => tracing::info!(%why, "{} stays", dir.path().display()),
            }
        }
    }
}

/// Whether the directory, which only this user can write, is left over.
fn is_left_over(dir: &Path) -> bool {
    match fs::OpenOptions::new().write(true).open(dir.join(ALIVE)) {
        Ok(alive) => private::try_lock(&alive).is_ok(),
        Err(_) => {
            let made = dir.metadata().and_then(|data| data.modified()).ok().and_then(|at| Timestamp::try_from(at).ok());
            made.is_some_and(|made| time::now().duration_since(made).unsigned_abs() > ABANDONED_AFTER)
        }
    }
}

/// Returns where such directories are made, the best place first.
fn places(env: &Env) -> impl Iterator<Item = PathBuf> {
    let named = ["XDG_RUNTIME_DIR", "TMPDIR", "TEMP"].into_iter().filter_map(|name| env.path(name));
    named.filter(|place| place.is_absolute()).chain((!cfg!(windows)).then(|| PathBuf::from("/tmp")))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_for_this_user_alone_and_gone_at_the_end() {
        let home = tempfile::tempdir().unwrap();
        let dir =
            PrivateDir::make(&Env::fixed([("XDG_RUNTIME_DIR", "relative".as_ref()), ("TMPDIR", home.path())])).unwrap();
        let file = dir.write("token", b"secret").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(&file), mode(dir.path()), fs::read(&file).unwrap().as_slice()),
            (0o600, 0o700, &b"secret"[..])
        );
        assert!(dir.path().starts_with(home.path()) && dir.write("token", b"again").is_err());
        // It is in use, so no other run takes it for left behind.
        remove_leftovers(&Env::fixed([("TMPDIR", home.path())]));
        assert!(file.exists());
        drop(dir);
        assert!(!file.exists() && fs::read_dir(home.path()).unwrap().next().is_none());
    }

    #[test]
    fn what_a_killed_run_left_is_removed_by_the_next_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let env = Env::fixed([("TMPDIR", home.path())]);
        let make = |name: &str, mode, with_lock| {
            let dir = home.path().join(name);
            fs::create_dir(&dir).unwrap();
            if with_lock {
                fs::write(dir.join(ALIVE), "").unwrap();
            }
            fs::write(dir.join("aws_config_file"), "keys").unwrap();
            fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
            dir
        };
        // Killed; being made by another run just now; open to others, who could have made it; not of a run.
        let left = make("fedcred-exec-0", 0o700, true);
        let stay =
            [make("fedcred-exec-1", 0o700, false), make("fedcred-exec-2", 0o755, true), make("notes", 0o700, true)];
        let old = make("fedcred-exec-3", 0o700, false);
        let yesterday = std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        #[allow(clippy::disallowed_methods, reason = "a directory's time is set on its handle")]
        File::open(&old).unwrap().set_modified(yesterday).unwrap();
        std::os::unix::fs::symlink(&stay[2], home.path().join("fedcred-exec-4")).unwrap();
        remove_leftovers(&env);
        assert!(!left.exists() && !old.exists());
        assert!(stay.iter().all(|dir| dir.join("aws_config_file").exists()));
    }
}
