//! Credentials for other programs, on loopback: the container endpoint that every AWS SDK knows how to ask.
//!
//! ```text
//! keeper (whose turn it is) ─► fetch child (logs in) ─► child protocol ─► refresher ─► Answers
//! SDK ─► endpoint (hyper) ─► request (who may ask), path (for what) ─► Answers: what is valid now, else 503
//! ```
//!
//! A request never waits for a login; a page, KDC or parser that hangs, bloats or crashes does so in a child. `serve` is the
//! endpoint as a program of its own; [`exec_endpoint`] is the one of `exec`, which lives as long as its command. The keeper is
//! also that of `refresh --loop`, which serves nothing. [`metrics`] shows its results to Prometheus.

pub mod answers;
pub mod aws_files;
pub mod child_protocol;
pub mod endpoint;
#[cfg(unix)]
pub mod exec_endpoint;
pub mod fetch_child;
pub mod keeper;
pub mod listener;
pub mod metrics;
pub mod path;
mod plan;
pub mod refresher;
pub mod request;
pub mod token;
