//! Counts what this thread did for its logins, for the metrics of a long-lived fedcred (`--metrics`).
//!
//! The code that does the work counts it. A fetch child reports its counts in its one message, so that all counters of
//! a process come from its keeper.

use std::cell::RefCell;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arn::RoleArn;

/// The counts since the last [`take`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Conversations with an identity provider, also those that failed.
    pub logins: u32,
    /// Exchanges at STS, also those that failed. Credentials that came without one came from a store.
    pub sts_calls: u32,
    /// Times another process's login was waited for.
    pub lock_waits: u32,
    /// How long that took altogether.
    pub lock_waited: Duration,
    /// The role of the profile, as far as it is known before a login.
    pub role: Option<String>,
    /// Where an entry was read from.
    pub store: Option<Store>,
    /// The code of the error for which this machine worked without the store of its fleet.
    pub alone: Option<String>,
}

/// A store of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// The cache's files.
    File,
    /// The store that the machines of a fleet share.
    Redis,
}

thread_local!(static TALLY: RefCell<Tally> = RefCell::default());

/// Changes the counts.
pub fn note(change: impl FnOnce(&mut Tally)) {
    TALLY.with_borrow_mut(change);
}

/// Notes a pause in a wait for another process's login. `is_first`: whether the wait begins with it.
pub fn note_pause(is_first: bool, pause: Duration) {
    note(|tally| {
        tally.lock_waits += u32::from(is_first);
        tally.lock_waited += pause;
    });
}

/// Notes the role that is wanted, if the settings name one.
pub fn note_role(role: Option<&RoleArn>) {
    if let Some(role) = role {
        note(|tally| tally.role = Some(role.as_str().to_owned()));
    }
}

/// Returns the counts and resets them.
pub fn take() -> Tally {
    TALLY.take()
}
