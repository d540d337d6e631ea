//! SAML assertions from an identity provider: by our own conversation, or by a browser or program that logs in.

pub mod auth;
mod authn_request;
mod browser;
pub mod ccache;
pub mod channel_binding;
mod command;
pub mod conversation;
mod diagnosis;
mod ecp;
mod exchange;
pub mod extract;
pub mod klist;
mod krb5_conf;
mod krb5_file;
mod okta;
pub mod paste;
pub mod remembered;
pub mod response;
pub mod roles;

pub use self::exchange::Assertion;
use super::Run;
use crate::config::profile::{Auth, Saml};
use crate::error::Result;

/// Logs in and returns the assertion for AWS. One deadline covers everything in it.
pub async fn log_in(saml: &Saml, run: Run<'_>) -> Result<Assertion> {
    match &saml.auth {
        Auth::None | Auth::Basic { .. } | Auth::Bearer { .. } | Auth::Form(_) | Auth::Spnego(_) => {
            conversation::log_in(saml, run).await
        }
        Auth::Okta(login) => okta::log_in(login, saml, run).await,
        Auth::Ecp(_) => ecp::log_in(saml, run).await,
        Auth::Browser(login) => browser::log_in(login, saml, run),
        Auth::Command(login) => command::log_in(login, saml, run),
    }
}
