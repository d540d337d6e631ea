//! The one use case: credentials for a profile, from the cache while they are fresh, else from the IdP and STS.
//!
//! [`cached`] is the hit path: two files are read, and nothing of the network is touched or built.
//! [`fetch`] is the miss path. [`schedule`] decides between them, by times that it is given.

pub mod cached;
pub mod fetch;
pub mod key;
pub mod schedule;

use std::time::Duration;

use self::cached::Slot;
use self::schedule::{Life, State};
use crate::cache::entry::CacheEntry;
use crate::config::cache::CacheSettings;
use crate::config::env::Env;
use crate::config::profile::Profile;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::process::callers::Callers;
use crate::time::{self, Deadline};

/// A refresh ahead of time must not keep a caller who has good credentials already.
const EARLY: Duration = Duration::from_secs(5);

/// How a caller wants its credentials.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Refresh when less than this is left, in place of the rule.
    pub window: Option<Duration>,
    /// Whatever the cache holds.
    pub force: bool,
    pub use_cache: bool,
}

/// Credentials for `profile`.
pub fn credentials(profile: &Profile, settings: &CacheSettings, env: &Env, ask: &Ask) -> Result<Credentials> {
    let slot = if ask.use_cache { Slot::of(profile, settings, env)? } else { None };
    let kept = match &slot {
        Some(slot) if !ask.force => slot.read()?,
        _ => None,
    };
    let state = kept.as_ref().map(|entry| {
        let life = Life { issued: entry.issued, expires: entry.credentials.expiration };
        life.state(time::now(), ask.window, None)
    });
    let (kept, patience) = match (state, kept) {
        (Some(State::Fresh), Some(entry)) => return Ok(entry.credentials),
        (Some(State::Due), Some(entry)) => (Some(entry), profile.deadline.min(EARLY)),
        _ => (None, profile.deadline),
    };
    // Before anything is waited for: whom a profile waits for must not wait for it.
    Callers::of(env).check(&profile.name)?;
    match (fetch::fetch(profile, settings, env, ask, &Deadline::after(patience)), kept) {
        (Ok(credentials), _) => {
            let entry = CacheEntry { credentials, issued: time::now(), generation: 0 };
            if let Some(why) = slot.and_then(|slot| slot.write(&entry).err()) {
                // The credentials are good: a full disk costs the next process a login, not this one its answer.
                tracing::warn!(%why, "the result is not kept");
            }
            Ok(entry.credentials)
        }
        (Err(error), Some(entry)) => {
            tracing::warn!(%error, "no refresh; the cached credentials are still good");
            Ok(entry.credentials)
        }
        (Err(error), None) => Err(error),
    }
}
