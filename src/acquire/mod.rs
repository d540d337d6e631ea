//! The one use case: credentials for a profile, from the cache or from a login.

pub mod guard;
pub mod memory;
pub mod schedule;
