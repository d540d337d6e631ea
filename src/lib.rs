//! fedcred turns an enterprise or workload identity into short-lived AWS credentials.
#![deny(unsafe_code)]

pub mod acquire;
pub mod arn;
pub mod cache;
pub mod config;
pub mod credentials;
pub mod error;
pub mod identity;
pub mod secret;
pub mod time;
