//! The hit path: fresh credentials from the cache, and nothing else.
//!
//! It opens no socket and takes no lock, starts no thread and no runtime, and knows nothing of those who do: imports of
//! `http`, `identity` or `sts` are out of place here.

use std::time::Duration;

use super::place::Slot;
use super::schedule::{Life, State};
use crate::cache::entry::CacheEntry;
use crate::config::cache::CacheSettings;
use crate::config::profile::Profile;
use crate::process::env::Env;
use crate::time;

/// Returns the fresh entry of `profile` where both key and entry are files; `None` if there is any doubt.
pub fn fresh_in_file(profile: &Profile, settings: &CacheSettings, env: &Env) -> Option<CacheEntry> {
    let entry = Slot::in_file(profile, settings, env)?.read().ok()??;
    (state(&entry, None) == State::Fresh).then_some(entry)
}

/// Returns the state of an entry now. `window`: refresh when less than this is left, in place of the rule.
pub fn state(entry: &CacheEntry, window: Option<Duration>) -> State {
    life(entry).state(time::now(), window, None)
}

pub fn life(entry: &CacheEntry) -> Life {
    Life { issued: entry.issued, expires: entry.credentials.expiration }
}
