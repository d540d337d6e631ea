//! The one use case: credentials for a profile, from the cache while they are fresh, else from the IdP and STS.
//!
//! [`cached`] is the hit path: two files are read, and nothing of the network is touched or built.
//! [`fetch`] is the miss path. Between them stands the rule of design: an outage is invisible while credentials live.

pub mod cached;
pub mod fetch;
pub mod key;

use std::time::Duration;

use self::cached::{Kept, Slot};
use crate::cache::entry::CacheEntry;
use crate::config::cache::CacheSettings;
use crate::config::env::Env;
use crate::config::profile::Profile;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::time::{self, Deadline};

/// How a caller wants its credentials.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Refresh when less than this is left, in place of the rule.
    pub window: Option<Duration>,
    /// Whatever the cache holds.
    pub force: bool,
    pub use_cache: bool,
}
