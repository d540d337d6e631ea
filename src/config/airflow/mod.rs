//! Apache Airflow's AWS connections: found, read, and turned into what fedcred would do.
//!
//! ```text
//! settings ─► find ─► uri | json | files ─► Connection ─► meaning ─► Plan ─► profile ─► Profile
//! ```
//! Airflow's own reading is the measure, down to its quirks; what it would silently pass over is an error here.
//! The text is untrusted: it runs no command, and where its secrets and requests may go is decided by the configuration.

pub mod aws_profiles;
pub mod backend;
pub mod backend_client;
pub mod base;
pub mod broken;
pub mod compat;
pub mod connection;
mod endpoint;
pub mod export;
mod extras;
mod fields;
pub mod files;
pub mod find;
mod ini;
pub mod json;
mod json_text;
mod keys;
mod lookup;
pub mod meaning;
mod misread;
mod placeholder;
pub mod plan;
pub mod policy;
pub mod profile;
mod quote;
pub mod reader_policy;
mod redact;
mod request_kwargs;
pub mod retry;
mod s3_config;
pub mod saml;
mod session_region;
pub mod settings;
pub mod show;
mod sketch;
mod slug;
pub mod source;
pub mod spelling;
pub mod sts_client;
pub mod sts_params;
mod sts_target;
pub mod toml;
pub mod trust;
pub mod uri;
mod urlsplit;
pub(crate) mod yaml;

#[cfg(test)]
mod fails_closed;
#[cfg(test)]
mod tests;
