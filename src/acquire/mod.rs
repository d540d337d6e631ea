//! The one use case: credentials for a profile, from the cache while they are fresh, else from the IdP and STS.
//!
//! A hit reads two files ([`place`]); it takes no lock, starts no thread and opens no connection. [`schedule`] decides
//! from times alone whether it is one. Everything else is a [`flight`]: one login for all that ask at once, guarded by
//! what is remembered of earlier ones ([`memory`], [`guard`], [`ledger`]) and directed by a [`policy`]. [`renew`] holds
//! [`given`], where credentials are asked for; it logs in by [`fetch`], for all roles in the assertion ([`shared`]).
//! What a person asks for by hand is [`login`], [`sign_in`] for an OpenID provider that asks a person, and [`proof`]
//! for commands that show the identity that STS sees. Machines that share a store ([`fleet`]) make one login together.
//! [`refresh`] renews with nobody waiting; [`status`] only looks. An Airflow connection is looked up first
//! ([`airflow`]) and is then a profile like any other.

pub mod airflow;
pub mod ask;
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

pub use self::ask::{Ask, EARLY, Given};
pub use self::renew::given;
