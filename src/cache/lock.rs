//! One login at a time: a lock that dies with its holder.
//!
//! The lock is the operating system's, on a file beside the data that is never removed and never holds any. In it stand the
//! holder's process id and deadline, for the error message of whoever waits in vain. A hit never comes here.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use super::file_store::FileStore;
use super::key::{FileName, LoginKey};
use crate::error::{Code, Error, Result};
use crate::file::private;
#[cfg(target_os = "linux")]
use crate::process::ancestry;
use crate::process::callers;
use crate::quote::shell::command;
use crate::random;
use crate::tally;
use crate::time::{self, Deadline, Timestamp, whole_seconds};

/// The right to log in as one identity; given back when dropped, or by the system when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// What came of asking for the lock.
#[derive(Debug)]
pub enum Attempt {
    Acquired(Lock),
    Held(Held),
}

/// Somebody else has the lock: who, when it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub holder: Option<Holder>,
    /// Whether the holder waits for this process; known on Linux alone.
    pub waits_for_us: bool,
}

/// Who has the lock, and when its work will have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    pub deadline: Timestamp,
}

impl Lock {
    /// Asks for the lock of `login` in `store` until `wait` has passed; a `wait` of nothing asks once.
    ///
    /// `until` is when the work under the lock will have ended. Errors: [`Code::CacheWrite`] where no file can be made or the
    /// file system has no locks, [`Code::InsecurePermissions`].
    pub fn acquire(store: &FileStore, login: &LoginKey, wait: &Deadline, until: Timestamp) -> Result<Attempt> {
        store.open_dir()?;
        let path = store.path(&FileName::Lock(*login));
        let mut file = private::open_or_create(&path)?;
        let (mut pause, mut is_told) = (SHORTEST_PAUSE, false);
        loop {
            if try_lock(&file, &path)? {
                if private::is_in_place(&file) {
                    Holder { pid: std::process::id(), deadline: until }.write(&mut file, &path)?;
                    return Ok(Attempt::Acquired(Lock { file }));
                }
                // Somebody cleared the directory: whoever comes now locks another file, so that one it must be.
                file = private::open_or_create(&path)?;
                continue;
            }
            let left = wait.remaining();
            if left.is_zero() {
                return Ok(Attempt::Held(Held { holder: Holder::read(&mut file), waits_for_us: false }));
            }
            if pause == SHORTEST_PAUSE
                && let Some(holder) = holder_above(&mut file)
            {
                return Ok(Attempt::Held(Held { holder: Some(holder), waits_for_us: true }));
            }
            if !std::mem::replace(&mut is_told, true)
                && let Some(holder) = Holder::read(&mut file)
            {
                tracing::info!("process {} is logging in as the same identity; waiting for its result", holder.pid);
            }
            let now = random::jittered(pause).min(left);
            tally::note_pause(pause == SHORTEST_PAUSE, now);
            time::pause(now);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// The holder, where it waits for this process, which would wait for it.
#[cfg(target_os = "linux")]
fn holder_above(file: &mut File) -> Option<Holder> {
    Holder::read(file).filter(|holder| ancestry::waits_for_us(holder.pid, file))
}

#[cfg(not(target_os = "linux"))]
fn holder_above(_: &mut File) -> Option<Holder> {
    None
}

impl Drop for Lock {
    /// Closing the file would do, but for a command that is just being started: it has the file too, until its `exec` closes it.
    fn drop(&mut self) {
        let _ = private::unlock(&self.file);
    }
}

impl Held {
    /// The holder should have ended: it was stopped (Ctrl-Z) or frozen (a paused container).
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.holder.is_some_and(|holder| holder.deadline < now)
    }

    /// The error of a process that waited in vain.
    pub fn error(&self, now: Timestamp) -> Error {
        if let (true, Some(holder)) = (self.waits_for_us, self.holder) {
            return callers::refusal_of_waiting(holder.pid);
        }
        let error = Error::new(Code::LockTimeout, "another process is logging in and did not finish in time");
        match self.holder {
            Some(Holder { pid, deadline }) if self.is_overdue(now) => error
                .because(format!(
                    "process {pid} should have ended at {}: it is stopped or frozen",
                    whole_seconds(deadline)
                ))
                .hint(remedy(&pid.to_string())),
            Some(Holder { pid, deadline }) => {
                error.because(format!("process {pid} holds the lock, at most until {}", whole_seconds(deadline)))
            }
            None => error.because("the holder of the lock is unknown"),
        }
    }
}

/// What to do about a process that does not go on. Windows has nothing that continues one.
fn remedy(pid: &str) -> String {
    let (look, end) = match cfg!(windows) {
        true => {
            (command(["tasklist", "/v", "/fi", &format!("PID eq {pid}")]), command(["taskkill", "/f", "/pid", pid]))
        }
        false => (command(["ps", "-fp", pid]), command(["kill", "-KILL", pid])),
    };
    match cfg!(windows) {
        true => format!("look at it with: {look}; then end it: {end}"),
        false => {
            format!("look at it with: {look}; then continue or end it: {}, {end}", command(["kill", "-CONT", pid]))
        }
    }
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

/// Bytes of a holder, blanks included: one write of one length, so that a reader sees all of one holder.
const HOLDER_LEN: usize = 64;

impl Holder {
    fn write(&self, file: &mut File, path: &Path) -> Result<()> {
        let text =
            format!("{:<width$}\n", format!("{} {}", self.pid, whole_seconds(self.deadline)), width = HOLDER_LEN - 1);
        file.rewind().and_then(|()| file.write_all(text.as_bytes())).map_err(|e| {
            Error::new(Code::CacheWrite, format!("cannot write {}", path.display())).because(e.to_string())
        })
    }

    fn read(file: &mut File) -> Option<Self> {
        let mut bytes = [0; HOLDER_LEN];
        file.rewind().ok()?;
        file.read_exact(&mut bytes).ok()?;
        let (pid, deadline) = std::str::from_utf8(&bytes).ok()?.trim_end().split_once(' ')?;
        Some(Holder { pid: pid.parse().ok()?, deadline: deadline.parse().ok()? })
    }
}

fn try_lock(file: &File, path: &Path) -> Result<bool> {
    match private::try_lock(file) {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(e)) => Err(Error::new(Code::CacheWrite, format!("cannot lock {}", path.display()))
            .because(e.to_string())
            .hint("set `cache.dir` to a directory of a local disk")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::cache::key::KeyBuilder;
    use crate::cache::sealing_key::SealingKey;

    const LONG: Duration = Duration::from_secs(60);

    fn login(of: &str) -> LoginKey {
        KeyBuilder::new(&SealingKey::from_bytes([7; 32])).field("user", of).login_key()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn store(home: &tempfile::TempDir) -> FileStore {
        FileStore::new(home.path().join("cache"))
    }

    fn ask(store: &FileStore, of: &str, wait: Duration) -> Attempt {
        Lock::acquire(store, &login(of), &Deadline::after(wait), at("2026-11-22T12:00:20Z")).unwrap()
    }

    fn acquired(attempt: Attempt) -> Lock {
        match attempt {
            Attempt::Acquired(lock) => lock,
            Attempt::Held(held) => panic!("{held:?}"),
        }
    }

    fn held(attempt: Attempt) -> Held {
        match attempt {
            Attempt::Acquired(_) => panic!("two hold one lock"),
            Attempt::Held(held) => held,
        }
    }

    #[test]
    fn one_at_a_time_and_the_other_hears_who_it_is() {
        let home = tempfile::tempdir().unwrap();
        let store = store(&home);
        let first = acquired(ask(&store, "alice", Duration::ZERO));
        acquired(ask(&store, "bob", Duration::ZERO));
        for wait in [Duration::ZERO, Duration::from_millis(20)] {
            let holder = held(ask(&store, "alice", wait)).holder.unwrap();
            assert_eq!(holder, Holder { pid: std::process::id(), deadline: at("2026-11-22T12:00:20Z") });
        }
        drop(first);
        acquired(ask(&store, "alice", Duration::ZERO));
        assert!(store.path(&FileName::Lock(login("alice"))).exists(), "the file stays");
    }

    #[test]
    fn a_crowd_gets_it_one_after_the_other() {
        let home = tempfile::tempdir().unwrap();
        let store = store(&home);
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let _lock = acquired(ask(&store, "alice", LONG));
                    assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                    inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                });
            }
        });
    }

    #[test]
    fn a_holder_past_its_deadline_is_reported_as_such() {
        let holder = Holder { pid: 4711, deadline: at("2026-11-22T12:00:20Z") };
        let held = Held { holder: Some(holder), waits_for_us: false };
        let error = held.error(at("2026-11-22T12:00:20Z"));
        assert_eq!((error.code, error.causes[0].contains("process 4711 holds")), (Code::LockTimeout, true));
        let error = held.error(at("2026-11-22T12:00:21Z"));
        let remedy = if cfg!(windows) { "taskkill /f /pid 4711" } else { "kill -CONT 4711" };
        assert!(error.causes[0].contains("stopped or frozen") && error.hint.unwrap().contains(remedy));
    }

    #[test]
    fn a_lock_file_with_anything_in_it_still_locks() {
        let home = tempfile::tempdir().unwrap();
        let store = store(&home);
        let name = FileName::Lock(login("alice"));
        for content in ["", "junk", &"x".repeat(200), "-1 2026-11-22T12:00:20Z"] {
            store.write(&name, content.as_bytes()).unwrap();
            assert_eq!(Holder::read(&mut File::open(store.path(&name)).unwrap()), None);
            let _lock = acquired(ask(&store, "alice", Duration::ZERO));
            assert!(held(ask(&store, "alice", Duration::ZERO)).holder.is_some(), "{content:?}");
        }
    }

    #[test]
    fn whoever_waits_for_a_removed_file_takes_the_new_one() {
        let home = tempfile::tempdir().unwrap();
        let store = store(&home);
        let first = acquired(ask(&store, "alice", Duration::ZERO));
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| acquired(ask(&store, "alice", LONG)));
            fs::remove_file(store.path(&FileName::Lock(login("alice")))).unwrap();
            drop(first);
            let _second = waiter.join().unwrap();
            held(ask(&store, "alice", Duration::ZERO));
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_command_that_runs_on_does_not_keep_the_lock() {
        let home = tempfile::tempdir().unwrap();
        let store = store(&home);
        let lock = acquired(ask(&store, "alice", Duration::ZERO));
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        drop(lock);
        acquired(ask(&store, "alice", Duration::ZERO));
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    /// Where the child of the test below takes the lock; unset in an ordinary run.
    const CHILD_DIR: &str = "FEDCRED_TEST_KILLED_HOLDER";

    /// The child: takes the lock, says so, and holds it until it is killed.
    #[test]
    #[ignore = "run by the test below"]
    fn killed_holder() {
        let Some(dir) = crate::process::env::Env::process().path(CHILD_DIR) else { return };
        let _lock = acquired(ask(&FileStore::new(dir), "alice", LONG));
        let mut end_of_input = String::new();
        std::io::stdin().read_to_string(&mut end_of_input).unwrap();
    }

    #[test]
    fn a_lock_dies_with_its_holder() {
        let home = tempfile::tempdir().unwrap();
        let store = store(&home);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "cache::lock::tests::killed_holder", "--ignored"])
            .env(CHILD_DIR, store.dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // The child has the lock once its process id stands in the file.
        let expected = Some(child.id());
        while Holder::read_at(&store).map(|holder| holder.pid) != expected {
            assert_eq!(child.try_wait().unwrap(), None, "the holder ended by itself");
        }
        held(ask(&store, "alice", Duration::ZERO));
        child.kill().unwrap();
        child.wait().unwrap();
        acquired(ask(&store, "alice", Duration::ZERO));
    }

    impl Holder {
        fn read_at(store: &FileStore) -> Option<Self> {
            Holder::read(&mut File::open(store.path(&FileName::Lock(login("alice")))).ok()?)
        }
    }
}
