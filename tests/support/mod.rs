//! An identity provider and an STS inside this process, on loopback only: for the wire tests and for the sandbox.
//!
//! [`server`] listens and keeps the journal, [`tls`] makes throw-away certificates, [`pages`] and [`assertion`] write
//! what an IdP sends, [`idp`] puts them together as routes, [`sts`] answers as AWS
//! does, by the [`claims`] it reads. [`raw`] says bytes, where HTTP would be too well-behaved. [`token`] makes OIDC tokens, [`entries`] cached
//! credentials older, [`memories`] what is remembered of logins.

pub mod assertion;
pub mod claims;
pub mod entries;
pub mod idp;
pub mod memories;
pub mod pages;
pub mod raw;
pub mod reply;
pub mod server;
pub mod sts;
pub mod tls;
pub mod token;
