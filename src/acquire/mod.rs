//! The one use case: credentials for a profile, from the cache while they are fresh, else from the IdP and STS.
//!
//! A hit reads two files ([`place`]) and touches nothing of the network, no lock and no thread. [`schedule`] says by the
//! times it is given whether it is one. Everything else is [`renew`]: one login for all who ask at once, guarded by what is
//! remembered of earlier ones ([`memory`], [`guard`], [`spending`]), made by [`fetch`], and for all roles in its assertion
//! ([`shared`]). What a person asks for by hand is [`login`], and [`proof`] where they want to see who they are to STS.
//! [`refresh`] renews with nobody waiting; [`status`] only looks.

pub mod console;
pub mod fetch;
pub mod guard;
pub mod key;
pub mod login;
pub mod memory;
pub mod place;
pub mod proof;
pub mod refresh;
pub mod renew;
pub mod schedule;
pub mod session;
pub mod shared;
pub mod spending;
pub mod status;

use std::time::Duration;

use self::place::Slot;
use self::renew::Renewal;
use self::schedule::{Life, State};
use crate::cache::entry::CacheEntry;
use crate::config::cache::CacheSettings;
use crate::config::env::Env;
use crate::config::profile::Profile;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::process::callers::Callers;
use crate::time;

/// How a caller wants its credentials.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Refresh when less than this is left, in place of the rule.
    pub window: Option<Duration>,
    /// Whatever the cache holds, and whatever holds the next try back; never a secret that was refused.
    pub force: bool,
    pub use_cache: bool,
}

/// A refresh ahead of time must not keep a caller who has good credentials already.
pub const EARLY: Duration = Duration::from_secs(5);

/// Credentials for `profile`.
pub fn credentials(profile: &Profile, settings: &CacheSettings, env: &Env, ask: &Ask) -> Result<Credentials> {
    Ok(entry(profile, settings, env, ask, EARLY)?.credentials)
}

/// The same with when they came, for whoever keeps them fresh. `patience`: how long a refresh ahead of time may take.
pub fn entry(
    profile: &Profile,
    settings: &CacheSettings,
    env: &Env,
    ask: &Ask,
    patience: Duration,
) -> Result<CacheEntry> {
    let slot = if ask.use_cache { Slot::of(profile, settings, env)? } else { None };
    let kept = match &slot {
        Some(slot) if !ask.force => slot.read()?,
        _ => None,
    };
    let state = kept.as_ref().map(|entry| life(entry).state(time::now(), ask.window, None));
    let renewal = |slot| Renewal { profile, settings, env, ask, slot, typed: None, person: None, trace: None };
    match (state, kept) {
        (Some(State::Fresh), Some(entry)) => Ok(entry),
        (state, kept) => {
            // Before anything is waited for: whom a profile waits for must not wait for it.
            Callers::of(env).check(&profile.name)?;
            match (state, kept) {
                (Some(State::Due), Some(entry)) => Ok(renewal(slot).early(entry, patience)),
                _ => renewal(slot).cold(),
            }
        }
    }
}

fn life(entry: &CacheEntry) -> Life {
    Life { issued: entry.issued, expires: entry.credentials.expiration }
}
