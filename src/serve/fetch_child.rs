//! The child process that logs in on behalf of a long-lived fedcred process: `fedcred fetch-child`, which answers in the
//! [child protocol](super::child_protocol).

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::child_protocol::{self, Fetched};
use crate::acquire::refresh::{Outcome, Refreshed};
use crate::error::{Error, Result};
use crate::process::self_execution;
use crate::time::{self, Deadline};

/// How such children are started.
pub struct FetchChild {
    /// The arguments before the profile's name.
    arguments: Vec<OsString>,
    is_stopped: AtomicBool,
}

/// How long a child may take besides its login, which ends by its own deadline.
const BESIDES: Duration = Duration::from_secs(10);
/// When to try again after a child that reported nothing.
const PAUSE: Duration = Duration::from_secs(300);

impl FetchChild {
    /// `flags`: the global flags; `with_credentials`: whether the credentials themselves are wanted.
    pub fn new(flags: Vec<OsString>, with_credentials: bool) -> Self {
        let mut arguments = flags;
        arguments.push("fetch-child".into());
        arguments.extend(with_credentials.then(|| "--with-credentials".into()));
        arguments.push("--".into());
        FetchChild { arguments, is_stopped: AtomicBool::new(false) }
    }

    /// Renews the profile in a process of its own, and waits for it. `login`: how long a login may take.
    pub fn fetch(&self, profile: &str, login: Duration) -> Fetched {
        let arguments: Vec<OsString> = self.arguments.iter().cloned().chain([profile.into()]).collect();
        let answer = self_execution::output(&arguments, &Deadline::after(login + BESIDES), &self.is_stopped);
        let fetched: Result<Fetched> = answer.and_then(|answer| child_protocol::from_lines(&answer));
        fetched.unwrap_or_else(failed)
    }

    /// Ends the children that run now and later.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }
}

/// Returns a failed fetch of which only this error is known.
pub fn failed(error: Error) -> Fetched {
    let refreshed = Refreshed { outcome: Outcome::Failed(error), until: None, next: time::after(PAUSE) };
    Fetched { refreshed, entry: None, tally: None }
}
