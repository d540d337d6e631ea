//! Tokens that prove a workload's or a person's identity (OpenID Connect).

pub mod google;
pub mod jws;
pub mod login;
#[cfg(test)]
mod stub;
