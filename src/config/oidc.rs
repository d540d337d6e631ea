//! `[profile.NAME.web_identity]` with `source = "oidc"`: a person or a machine logs in at an OpenID provider.

use std::path::PathBuf;

use url::Url;

use super::profile::SecretSource;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// As written: it is compared with the provider's own word for itself, character by character.
    pub issuer: String,
    pub client_id: String,
    /// Absent for a public client, as the programs of persons are (RFC 8252 §8.4).
    pub client_secret: Option<SecretSource>,
    pub flow: Flow,
    /// Words between blanks.
    pub scope: String,
    /// What the token is for (RFC 8707), where the provider wants to know.
    pub resource: Option<String>,
    pub token: Token,
    /// Where the browser comes back to: plain http on loopback. Without a port, on any that is free (RFC 8252 §7.3).
    pub redirect_uri: Url,
    /// Replaces the system's roots for the provider.
    pub ca_bundle: Option<PathBuf>,
}

/// How the login goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Authorization code with PKCE, in a browser on this machine.
    Browser,
    /// A code that is typed into a browser anywhere (RFC 8628).
    Device,
    /// The client itself, by its secret; nobody is asked (RFC 6749 §4.4).
    ClientCredentials,
}

/// Which of the provider's tokens goes to AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Id,
    /// The access token, from a provider that makes it a JWT (RFC 9068).
    Access,
}
