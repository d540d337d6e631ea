//! Arguments of the commands that give credentials, or keep them fresh: `get`, `exec`, `serve`, `refresh`, `status`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::AirflowConnection;
use crate::config::parse_duration;

#[derive(Debug, Args)]
pub struct Get {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// How to print the credentials
    #[arg(long, value_enum, ignore_case = true, default_value_t = Format::Process)]
    pub format: Format,
    /// Refresh when less than this is left, such as 30m or 1h [default: by the credentials' lifetime]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub window: Option<Duration>,
    /// Request new credentials, whatever is cached
    #[arg(long)]
    pub force: bool,
    /// Neither read nor write the cache
    #[arg(long)]
    pub no_cache: bool,
    /// Resolve this Airflow connection in place of a profile
    #[arg(long, value_name = "ID", conflicts_with = "profile")]
    pub airflow_conn: Option<String>,
    #[command(flatten)]
    pub connection: AirflowConnection,
}

#[derive(Debug, Args)]
pub struct Exec {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// Set the credentials themselves as variables; they are not refreshed
    #[arg(long)]
    pub env: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct Serve {
    /// Profiles of the configuration [env: FEDCRED_PROFILE] [default: default]
    #[arg(value_name = "PROFILE")]
    pub profiles: Vec<String>,
    /// Loopback address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Allow an address on a network for --listen and --metrics, such as a container bridge's: everyone on that
    /// network can read the metrics, and everyone there who has the token gets credentials
    #[arg(long)]
    pub allow_non_loopback: bool,
    /// Ask the endpoint at --listen whether it has credentials, and exit: for a startup probe
    #[arg(long, conflicts_with_all = ["allow_non_loopback", "token_file", "metrics"])]
    pub probe: bool,
    /// File with the token that clients show; created if missing [default: a token for this run]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    #[command(flatten)]
    pub metrics: Metrics,
}

#[derive(Debug, Args)]
pub struct FetchChild {
    pub profile: String,
    /// Pass on the credentials too
    #[arg(long)]
    pub with_credentials: bool,
}

#[cfg(unix)]
#[derive(Debug, Args)]
pub struct ExecEndpoint {
    pub profile: String,
    /// The process that it goes with
    #[arg(long)]
    pub of: u32,
    /// How many seconds a login may take
    #[arg(long)]
    pub patience: u64,
    /// The one that stays, and not the intermediate that starts it
    #[arg(long)]
    pub stays: bool,
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

#[derive(Debug, Args)]
pub struct Refresh {
    /// Profiles of the configuration [env: FEDCRED_PROFILE] [default: default]
    #[arg(value_name = "PROFILE")]
    pub profiles: Vec<String>,
    /// Every profile
    #[arg(long, conflicts_with = "profiles")]
    pub all: bool,
    /// Keep running, and renew each profile when it is due, until SIGTERM or Ctrl-C
    #[arg(long = "loop")]
    pub is_loop: bool,
    /// One line of JSON for each profile
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub metrics: Metrics,
    /// Allow an address on a network for --metrics: everyone there can read the metrics
    #[arg(long, requires = "metrics")]
    pub allow_non_loopback: bool,
}

#[derive(Debug, Args)]
pub struct Status {
    /// Profiles of the configuration [default: all]
    #[arg(value_name = "PROFILE")]
    pub profiles: Vec<String>,
    /// JSON for scripts
    #[arg(long)]
    pub json: bool,
}

// No doc comment: clap would make it the command's own.
#[derive(Debug, Args)]
pub struct Metrics {
    /// Serve Prometheus metrics at http://ADDRESS/metrics; port 0 takes a free one
    #[arg(long = "metrics", id = "metrics", value_name = "ADDRESS")]
    pub address: Option<SocketAddr>,
    /// Add each profile's role and account to the metrics
    #[arg(long = "metrics-labels", requires = "metrics")]
    pub labels: bool,
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    parse_duration(text).ok_or("expected a duration such as 30m, 1h or 1h30m")
}
