//! The binary against an identity provider and an STS in this process: what goes over the wire, and what comes out.
//!
//! Each test is a [`world::World`]: a home of its own, a configuration, the two servers. When it ends, the world looks
//! for the run's secrets in everything that was written.
#![allow(clippy::disallowed_methods, reason = "a test waits for processes and reads its own machine")]

#[path = "../harness/mod.rs"]
mod harness;
#[path = "../support/mod.rs"]
mod support;

mod airflow;
mod background;
mod broker;
mod client;
mod commands;
#[cfg(unix)]
mod fleet;
#[cfg(unix)]
#[path = "../support/installed.rs"]
mod installed;
mod login;
mod serve;
mod setup;
mod sts;
#[cfg(target_os = "linux")]
#[path = "../support/terminal.rs"]
mod terminal;
mod tokens;
mod transport;
#[cfg(windows)]
mod windows;
mod world;
