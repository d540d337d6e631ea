//! One login at a time: a lock that ends with its holder.
//!
//! The lock is the operating system's, on a file beside the data that is never removed and holds no data. It contains the
//! holder's process id and deadline, for the error message of a process that waited in vain. A hit takes no lock.

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
use crate::process::recursion;
use crate::quote::shell::command;
use crate::random;
use crate::tally;
use crate::time::{self, Deadline, Timestamp, whole_seconds};

/// The right to log in as one identity; released when dropped, or by the system when the process ends in any way.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// The answer to a request for the lock.
#[derive(Debug)]
pub enum Attempt {
    Acquired(Lock),
    Held(Held),
}

/// Another process has the lock; which one, if that can be read.
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
    /// Asks for the lock of `login` in `store` until `wait` has passed; with a `wait` of zero, once.
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
                // The directory was cleared: new processes lock another file, so this one must do so as well.
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

/// Returns the holder if it waits for this process, which must not wait for it.
#[cfg(target_os = "linux")]
fn holder_above(file: &mut File) -> Option<Holder> {
    Holder::read(file).filter(|holder| ancestry::waits_for_us(holder.pid, file))
}

#[cfg(not(target_os = "linux"))]
fn holder_above(_: &mut File) -> Option<Holder> {
    None
}

impl Drop for Lock {
    /// Unlocks explicitly: closing is not enough while a command is being started, which has the file too until its `exec`
    /// closes it.
    fn drop(&mut self) {
        let _ = private::unlock(&self.file);
    }
}

impl Held {
    /// Whether the holder should have ended by now: it was stopped (Ctrl-Z) or frozen (a paused container).
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.holder.is_some_and(|holder| holder.deadline < now)
    }

    /// Returns the error of a process that waited in vain.
    pub fn error(&self, now: Timestamp) -> Error {
        if let (true, Some(holder)) = (self.waits_for_us, self.holder) {
            return recursion::refusal_of_waiting(holder.pid);
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

/// Returns what to do about a stopped process. Windows has no command that continues one.
fn remedy(pid: &str) -> String {
    if cfg!(windows) {
        let look = command(["tasklist", "/v", "/fi", &format!("PID eq {pid}")]);
        return format!("look at it with: {look}; then end it: {}", command(["taskkill", "/f", "/pid", pid]));
    }
    let [look, go_on, end] = [["ps", "-fp", pid], ["kill", "-CONT", pid], ["kill", "-KILL", pid]].map(command);
    format!("look at it with: {look}; then continue or end it: {go_on}, {end}")
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

/// Length of a holder in the file, padded with blanks: one write of fixed length, so that a reader sees the whole of one
/// holder.
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
mod tests;
