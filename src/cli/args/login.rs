//! Arguments of `login`, `logout` and `doctor`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub struct Login {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// Where to store the secret
    #[arg(long, value_enum, default_value_t = SecretStore::Keyring)]
    pub store: SecretStore,
    /// Do not ask: try the configured or stored secret once more, even if it was refused before
    #[arg(long, conflicts_with = "store")]
    pub use_stored: bool,
    /// Accept the person that an OpenID provider names, without a question
    #[arg(long, short = 'y')]
    pub yes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum SecretStore {
    /// Keychain, Credential Manager or Secret Service
    Keyring,
    /// A file beside the configuration, 0600 and sealed with the key beside it: anyone who can read your files can
    /// read it
    File,
}

#[derive(Debug, Args)]
pub struct Doctor {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// Explain a service's AccessDenied in this file, without a login; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub explain: Option<PathBuf>,
    /// JSON for scripts
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Logout {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// Every profile
    #[arg(long, conflicts_with = "profile")]
    pub all: bool,
}
