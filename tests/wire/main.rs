//! The binary against an identity provider and an STS in this process: what goes over the wire, and what comes out.
//!
//! Each test is a [`world::World`]: a home of its own, a configuration, the two servers. When it ends, the world looks
//! for the run's secrets in everything that was written.
#![allow(clippy::disallowed_methods, reason = "a test waits for processes and reads its own machine")]

#[path = "../support/mod.rs"]
mod support;

mod airflow;
mod airflow_backend;
mod airflow_cases;
mod assertion;
mod auth;
mod background;
mod broker;
mod cache;
mod chain;
mod client;
#[cfg(unix)]
mod command;
mod doctor;
mod ecp;
#[cfg(unix)]
mod exec;
#[cfg(unix)]
mod exec_programs;
#[cfg(unix)]
mod fleet;
mod form;
mod form_pages;
#[cfg(unix)]
mod front;
mod hostile;
#[cfg(target_os = "linux")]
mod imports;
#[cfg(unix)]
#[path = "../support/installed.rs"]
mod installed;
#[cfg(target_os = "linux")]
mod login;
#[cfg(unix)]
mod look;
#[cfg(unix)]
mod metrics;
#[cfg(target_os = "linux")]
mod okta;
mod origins;
mod output;
mod pages;
#[cfg(target_os = "linux")]
mod progress;
mod proxy;
mod refresh;
mod retry;
mod roles;
mod run;
#[cfg(unix)]
mod schedule;
#[cfg(unix)]
mod second_pages;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod setup;
#[cfg(target_os = "linux")]
mod setup_methods;
#[cfg(target_os = "linux")]
mod setup_mistakes;
#[cfg(target_os = "linux")]
mod shown;
#[cfg(target_os = "linux")]
mod sign_in;
mod sp_initiated;
mod status;
mod sts;
#[cfg(target_os = "linux")]
#[path = "../support/terminal.rs"]
mod terminal;
mod tls;
mod transport;
mod web_identity;
#[cfg(windows)]
mod windows;
mod world;
