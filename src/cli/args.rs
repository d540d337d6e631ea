//! The command line: its shape, and the text of `--help`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::parse_duration;

/// Turns an enterprise or workload identity into short-lived AWS credentials.
#[derive(Debug, Parser)]
#[command(name = "fedcred", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "\
Use it from ~/.aws/config:
  [profile analytics]
  credential_process = /usr/bin/fedcred get analytics

Exit status: 0 success, 2 usage, 3 login required, 65 unusable response, 70 internal,
74 storage, 75 unavailable (worth another try), 77 refused, 78 configuration.")]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub struct Global {
    /// Configuration file [env: FEDCRED_CONFIG] [default: ~/.config/fedcred/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Tell on stderr what happens; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Append what happens to this file [env: FEDCRED_LOG]
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print credentials, from the cache while they are fresh
    #[command(visible_alias = "credential-process")]
    Get(Get),
    /// Ask for the password or token, log in once, and keep it for later runs
    Login(Login),
    /// Forget cached credentials, kept secrets and remembered failures
    Logout(Logout),
    /// Check, show or locate the configuration
    #[command(subcommand)]
    Config(Config),
}

/// Asks on the terminal, tries once, and keeps the secret only if the identity provider takes it. Profiles read it with
/// `password = { keyring = true }` (or `token = …`); those that need no secret, or read it elsewhere, just log in.
#[derive(Debug, Args)]
pub struct Login {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// Where to keep the secret
    #[arg(long, value_enum, default_value_t = SecretStore::Keyring)]
    pub store: SecretStore,
    /// Ask nobody: try the configured or kept secret once more, also if it was refused before
    #[arg(long, conflicts_with = "store")]
    pub use_stored: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum SecretStore {
    /// Keychain, Credential Manager or Secret Service
    Keyring,
    /// A file beside the configuration, 0600 and sealed with the key beside it: whoever can read your files can read it
    File,
}

#[derive(Debug, Args)]
pub struct Logout {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// Of every profile
    #[arg(long, conflicts_with = "profile")]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct Get {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// How to print the credentials
    #[arg(long, value_enum, default_value_t = Format::Process)]
    pub format: Format,
    /// Refresh when less than this is left, such as 30m or 1h [default: by the credentials' lifetime]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub window: Option<Duration>,
    /// Ask anew, whatever the cache holds
    #[arg(long)]
    pub force: bool,
    /// Neither read nor write the cache
    #[arg(long)]
    pub no_cache: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum Format {
    /// One line of JSON for credential_process
    Process,
    /// NAME=value lines for an env file
    Env,
    /// `export` lines for sh, bash and zsh
    Export,
    /// Lines for PowerShell
    Powershell,
    /// Lines for fish
    Fish,
    /// A section for ~/.aws/credentials
    Ini,
    /// JSON for people and scripts
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Config {
    /// Check every profile; all faults are listed
    Check,
    /// Show a profile's settings and where each comes from
    Show {
        /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
        profile: Option<String>,
    },
    /// Say which files are read and where the cache is
    Path,
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    parse_duration(text).ok_or("expected a duration such as 30m, 1h or 1h30m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
