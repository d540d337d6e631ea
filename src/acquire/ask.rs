//! A request for credentials, and its result.

use std::time::Duration;

use crate::cache::entry::CacheEntry;
use crate::credentials::{Credentials, SigningKeys};
use crate::secret::Secret;
use crate::time;

/// How a caller wants its credentials.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Refresh when less than this is left, in place of the rule.
    pub window: Option<Duration>,
    /// Log in even if credentials are cached or the next attempt is not due, but never with a refused secret.
    pub force: bool,
    pub use_cache: bool,
}

impl Ask {
    /// What the rule says, from the cache where possible.
    pub const USUAL: Ask = Ask { window: None, force: false, use_cache: true };
}

/// Limit of a refresh ahead of time for a caller that waits for it and has good credentials already.
pub const EARLY: Duration = Duration::from_secs(5);

/// What a profile gives.
#[derive(Debug)]
pub enum Given {
    /// Credentials of STS; cached where that is possible.
    Entry(CacheEntry),
    /// AWS credentials as they are found; never cached.
    Keys(SigningKeys),
}

impl Given {
    pub fn into_keys(self) -> SigningKeys {
        match self {
            Given::Entry(entry) => entry.credentials.into(),
            Given::Keys(keys) => keys,
        }
    }

    /// Returns an entry for an endpoint, whose callers have to be told when to ask again: for keys without an end, in an hour.
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

/// When a caller of an endpoint asks whether keys without an end are still the same.
const ASKED_AGAIN: Duration = Duration::from_secs(3600);
