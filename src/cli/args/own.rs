//! Arguments of the commands about fedcred itself: `config`, `cache`, `help`, `completions`, `man`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{SecretStore, notes};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Config {
    /// Check every profile; all mistakes are listed
    #[command(after_help = notes::CONFIG_CHECK)]
    Check {
        /// JSON for scripts
        #[arg(long)]
        json: bool,
    },
    /// Show a profile's settings and where each comes from
    #[command(after_help = notes::CONFIG_SHOW)]
    Show {
        /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
        profile: Option<String>,
        /// JSON for scripts
        #[arg(long)]
        json: bool,
    },
    /// Print which files are read and where the cache is
    Path {
        /// JSON for scripts
        #[arg(long)]
        json: bool,
    },
    /// Print a JSON Schema of the file, for editors: `#:schema ./fedcred.schema.json` as its first line
    Schema,
}

#[derive(Debug, Subcommand)]
pub enum Cache {
    /// The key that cached credentials are sealed with
    #[command(subcommand)]
    Key(CacheKey),
    /// Ask for the password of the fleet's Redis, and store it for `store_password = { keyring = true }`
    Password(CachePassword),
}

#[derive(Debug, Args)]
pub struct CachePassword {
    /// Where to store the password
    #[arg(long, value_enum, default_value_t = SecretStore::Keyring)]
    pub store: SecretStore,
}

#[derive(Debug, Subcommand)]
pub enum CacheKey {
    /// Create a new key in a file, for all machines of a fleet (`cache.key_file`)
    #[command(after_help = notes::CACHE_KEY_NEW)]
    New(CacheKeyNew),
}

#[derive(Debug, Args)]
pub struct CacheKeyNew {
    /// The file to create [default: fleet.key beside the configuration]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Help {
    /// A topic, or a command such as `get` or `config show`
    #[arg(value_name = "TOPIC|COMMAND")]
    pub about: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Completions {
    pub shell: Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

#[derive(Debug, Args)]
pub struct Man {
    /// A command, such as `get` or `config show` [default: all of fedcred]
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Write all pages into this directory, one for each command
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub dir: Option<PathBuf>,
}
