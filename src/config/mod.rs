//! Settings: files and environment in, a checked [`profile::Profile`] out.

pub mod env;
pub mod profile;
