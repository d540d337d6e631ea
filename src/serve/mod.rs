//! Credentials for other programs, on loopback: the container endpoint that every AWS SDK knows how to ask.
//!
//! ```text
//! refresher (a thread for each profile) ─► a child of this program that logs in ─► Handout ─► Supply
//! SDK ─► endpoint (hyper) ─► request (who may ask for what) ─► Supply: what is valid now, else 503
//! ```
//!
//! A request never waits for a login; a page, KDC or parser that hangs, bloats or crashes does so in a child. `serve` is the
//! endpoint as a program of its own; [`companion`] is the one of `exec`, which lives as long as its command.

#[cfg(unix)]
pub mod companion;
pub mod endpoint;
pub mod handout;
pub mod refresher;
pub mod request;
pub mod supply;
pub mod token;
