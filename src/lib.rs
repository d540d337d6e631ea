//! fedcred turns an enterprise or workload identity into short-lived AWS credentials.
//!
//! This page is the architecture; README is for users. The library serves the `fedcred` program, its tests and its fuzz
//! targets; it promises no stable interface to others.
//!
//! # The way of the data
//!
//! ```text
//! argv + files ─► config::Config ─► WrittenProfile ─► Profile ─► CacheKey ─► hit: Credentials ─► cli::format
//!                                                                     │
//!                                                                     └► miss: identity (a SAML response from the IdP)
//!                                                                               ─► sts ─► Credentials ─► cache ─► cli::format
//! ```
//!
//! What is written is a [`config::written::WrittenProfile`], perhaps an Airflow connection; `acquire::airflow` looks that up, and
//! what can be acted on is a [`config::profile::Profile`].
//!
//! # The rooms
//!
//! Each arrow above is a function, each type has one owner, and imports point down this list (`architecture` tests it):
//!
//! - [`front`]: the small program of the packages, which answers a cache hit and becomes the complete program for all else.
//! - [`cli`]: arguments, commands, output, errors as text. Only the small program imports it.
//! - [`serve`]: credentials for other programs on loopback, kept fresh; `exec` is that for one command.
//! - [`acquire`]: the one use case. A hit reads two files; a miss makes one login for all who ask at once.
//! - [`trust`]: what AWS must be told for an identity to be let in, and why it was not.
//! - [`identity`]: the conversation with an identity provider, from a URL to an assertion.
//! - [`secrets_backend`]: the places in AWS where Airflow's connections are kept.
//! - [`sts`]: the calls that turn an assertion into credentials.
//! - [`http`]: the only place that names the HTTP and TLS crates.
//! - [`config`]: files and environment in, a checked profile out.
//! - [`cache`]: sealed files, their keys, and the lock; what a fleet shares of them in Redis.
//! - [`keyring`]: the operating system's keyrings, each asked under a time limit.
//! - [`gssapi`]: Kerberos, loaded at run time.
//! - [`process`]: other programs, this process's environment, signals and terminal.
//! - [`mod@file`]: the one reader of files that a setting or a text names, and the writer of those that are this user's alone.
//! - [`quote`]: commands and configuration for other programs, in the grammar of each.
//! - [`attempt`]: a secret on its way out, written down before it leaves.
//! - [`tally`]: what this thread did for its logins, counted for `--metrics`.
//! - [`credentials`]: what STS gave, and what signs a call.
//! - [`x509`]: what a certificate says.
//! - [`time`]: instants and deadlines, and the only clock.
//! - [`mod@address`]: URLs of an identity provider, an OpenID provider, an STS or a proxy.
//! - [`arn`]: a role, provider or policy by its ARN, and AWS's partitions.
//! - [`der`]: the encoding of certificates and of Kerberos errors.
//! - [`account_id`]: twelve digits.
//! - [`region`]: a region of AWS's by its name.
//! - [`host_name`]: a host as DNS compares it, and which of them is this machine.
//! - [`error`]: the one error type.
//! - [`secret`]: the one type that holds a secret.
//! - [`text`]: text that is not ours, made fit to be shown.
//! - [`random`]: the system's randomness.
//! - [`hex`]: bytes as text.
//! - [`packed`]: texts that the build has deflated.
//!
//! `unsafe` stands in [`gssapi`], [`process`] and the `windows` of [`mod@file`] alone.
//!
//! # The story
//!
//! A hit is seven functions: [`cli::run`] reads the arguments, [`cli::commands::get::run`] asks, [`config::Config::load_profile`]
//! reads the profile, [`acquire::given`] looks whether [`acquire::place::at_hand`] has an entry that
//! [`acquire::schedule::Life::state`] calls fresh, and [`cli::format::render`] writes it.
//!
//! A login goes on from [`acquire::given`]: [`acquire::renew::Renewal::cold`] wants new credentials,
//! [`acquire::flight::acquire_anywhere`] finds a place for them, and [`acquire::flight::acquire`] is the whole of it: look, lock,
//! look again, ask the guard ([`acquire::guard`]), log in, settle, keep. [`acquire::fetch::fetch`] logs in: of SAML,
//! [`identity::saml::log_in`] holds the conversation that ends in an assertion, and [`sts::saml::assume_role_with_saml`] exchanges
//! it; of other identities, [`identity::oidc::token`] or the credentials of a base take its place.
//! [`acquire::place::Slot::write`] keeps the credentials.
//!
//! # Words
//!
//! - *identity provider* (IdP): who knows the person or the workload, and says so.
//! - *assertion*: the signed statement of a SAML identity provider; a *token* is that of an OpenID provider.
//! - *role*, *session*: what STS lends credentials for, and that loan, with its name, duration and tags.
//! - *principal*: who is meant, in Kerberos or in a policy.
//! - *issuer*, *audience*, *subject*: who made a token, for whom, and whom it is about.
//! - *base*: the AWS credentials that sign a call for a role on top of them.
//! - *profile*: one `[profile.NAME]`, checked; a *connection* is Airflow's counterpart.
//! - *setting*, *row*: a key of the configuration, and all that is known of it in one place.
//! - *hit*, *miss*: the cache has fresh credentials, or a login has to be made.
//! - *entry*: credentials in the cache, sealed; a *store* holds entries.
//! - *window*: how long before their end credentials are renewed; *fresh*, *due* and *cold* are their states by it.
//! - *deadline*: when everything that waits gives up.
//! - *guard*: what keeps a refused secret from being sent again.
//!
//! # Rules that hold everywhere
//!
//! - stdout is a protocol: one write, after everything has succeeded. stderr is empty on success.
//! - A secret is a [`secret::Secret`] from the byte where it enters to the byte where it leaves.
//! - An error is an [`error::Error`]: a stable code, what failed, why, and the next step. It is plain data, so that a process
//!   can be told the error of the one that worked for it.
//! - Clock, environment and waits are read in one place each; `.clippy.toml` bans them elsewhere.
//! - Settings structs are taken apart without `..` where all of them matter, so that the compiler names what a new one needs.
#![deny(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "a test reads what was written; the rest is linted without tests, too")
)]

pub mod account_id;
pub mod acquire;
pub mod address;
#[cfg(test)]
mod architecture;
pub mod arn;
pub mod attempt;
pub mod cache;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod der;
pub mod error;
pub mod file;
pub mod front;
pub mod gssapi;
pub mod hex;
pub mod host_name;
pub mod http;
pub mod identity;
pub mod keyring;
pub mod packed;
pub mod process;
pub mod quote;
pub mod random;
pub mod region;
pub mod secret;
pub mod secrets_backend;
pub mod serve;
pub mod sts;
pub mod tally;
pub mod text;
pub mod time;
pub mod trust;
pub mod x509;
