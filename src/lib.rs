//! fedcred turns an enterprise or workload identity into short-lived AWS credentials.
#![deny(unsafe_code)]

pub mod acquire;
pub mod arn;
pub mod cache;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod der;
pub mod error;
pub mod gssapi;
pub mod http;
pub mod identity;
pub mod keyring;
pub mod process;
pub mod secret;
pub mod sts;
pub mod time;
