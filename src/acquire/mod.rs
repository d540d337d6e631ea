//! The one use case: credentials for a profile, from the cache while they are fresh, else from the IdP and STS.
//!
//! A hit reads two files ([`place`]) and touches nothing of the network, no lock and no thread. [`schedule`] says by the
//! times it is given whether it is one. Everything else is a [`flight`]: one login for all who ask at once, guarded by what is
//! remembered of earlier ones ([`memory`], [`guard`], [`ledger`]), in the way that its [`policy`] says. [`renew`] makes one by
//! [`fetch`], and for all roles in its assertion ([`shared`]). What a person asks for by hand is [`login`], or [`sign_in`] where a
//! provider asks them, and [`proof`] where they want to see who they are to STS.
//! Machines that share a store ([`fleet`]) make one login together. [`refresh`] renews with nobody waiting; [`status`] only looks. An Airflow connection is looked up before all of this
//! ([`airflow`]); what it says is a profile like any other.

pub mod airflow;
pub mod cached;
pub mod console;
pub mod fetch;
pub mod fleet;
pub mod flight;
pub mod guard;
mod in_fleet;
pub mod key;
pub mod ledger;
pub mod login;
pub mod memory;
pub mod place;
pub mod policy;
pub mod proof;
mod proxies;
pub mod refresh;
pub mod renew;
pub mod schedule;
pub mod session;
pub mod shared;
pub mod sign_in;
pub mod status;
pub mod storage;

use std::time::Duration;

use self::place::Slot;
use self::renew::Renewal;
use self::schedule::State;
use crate::cache::entry::CacheEntry;
use crate::config::cache::CacheSettings;
use crate::config::profile::{Identity, Profile};
use crate::credentials::{Credentials, SigningKeys};
use crate::error::{Code, Error, Result};
use crate::process::callers::Callers;
use crate::process::env::Env;
use crate::secret::Secret;
use crate::time::{self, Deadline};

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

/// What a profile gives.
#[derive(Debug)]
pub enum Given {
    /// By STS, and kept where that is possible.
    Entry(CacheEntry),
    /// AWS credentials as they stand. Never kept.
    Keys(SigningKeys),
}

impl Given {
    /// To sign with.
    pub fn into_keys(self) -> SigningKeys {
        match self {
            Given::Entry(entry) => entry.credentials.into(),
            Given::Keys(keys) => keys,
        }
    }

    /// For an endpoint, whose callers have to be told when to ask again: keys without an end are asked for again in an hour.
    pub fn into_entry(self) -> CacheEntry {
        match self {
            Given::Entry(entry) => entry,
            Given::Keys(SigningKeys { access_key_id, secret_access_key, session_token, expiration }) => CacheEntry {
                credentials: Credentials {
                    access_key_id,
                    secret_access_key,
                    session_token: session_token.unwrap_or_else(|| Secret::new(String::new())),
                    expiration: expiration.unwrap_or_else(|| time::after(ASKED_AGAIN)),
                    account_id: None,
                },
                issued: time::now(),
                generation: 0,
            },
        }
    }
}

/// When an endpoint's caller looks whether keys without an end are still the same.
const ASKED_AGAIN: Duration = Duration::from_secs(3600);

/// Credentials for `profile`. `patience`: how long a refresh ahead of time may take.
pub fn given(profile: &Profile, settings: &CacheSettings, env: &Env, ask: &Ask, patience: Duration) -> Result<Given> {
    let Identity::Base(base) = &profile.identity else {
        return entry(profile, settings, env, ask, patience).map(Given::Entry);
    };
    Callers::of(env).check(&profile.name)?;
    fetch::base(base, &profile.name, env, &Deadline::after(profile.deadline)).map(Given::Keys)
}

fn entry(profile: &Profile, settings: &CacheSettings, env: &Env, ask: &Ask, patience: Duration) -> Result<CacheEntry> {
    let state = |entry: &CacheEntry| cached::state(entry, ask.window);
    if ask.use_cache
        && !ask.force
        && let Some(entry) = place::at_hand(profile, settings, env)?
        && state(&entry) == State::Fresh
    {
        return Ok(entry);
    }
    let slot = if ask.use_cache { Slot::of(profile, settings, env)? } else { None };
    let kept = match &slot {
        Some(slot) if !ask.force => slot.read()?,
        _ => None,
    };
    let due = match kept.map(|entry| (state(&entry), entry)) {
        Some((State::Fresh, entry)) => return Ok(entry),
        Some((State::Due, entry)) => Some(entry),
        Some((State::Cold, _)) | None => None,
    };
    // Before anything is waited for: whom a profile waits for must not wait for it.
    Callers::of(env).check(&profile.name)?;
    let renewal =
        Renewal { profile, settings, env, ask, slot, due: due.as_ref(), typed: None, person: None, trace: None };
    if due.is_none() {
        return renewal.cold();
    }
    let fresh = renewal.refresh(Duration::ZERO, patience).unwrap_or_else(|error| {
        tracing::warn!(%error, "no refresh; the cached credentials are still good");
        None
    });
    fresh.or(due).ok_or_else(|| Error::new(Code::Bug, "what is due is not there"))
}
