//! The command line: its shape, and the text of `--help`.

mod airflow;
mod look;
mod metrics;
mod notes;
mod plain;
mod schedule;
mod setup;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub use self::airflow::*;
pub use self::look::*;
pub use self::metrics::Metrics;
pub use self::plain::{PlainGet, plain_get};
pub use self::schedule::*;
pub use self::setup::{ImportTool, Setup};
use super::style::When;
use crate::config::parse_duration;

/// Turns an enterprise or workload identity into short-lived AWS credentials.
#[derive(Debug, Parser)]
#[command(name = "fedcred", version, propagate_version = true, disable_help_subcommand = true)]
#[command(after_help = notes::ROOT)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// Parses these; the first is the program's own name.
    ///
    /// What SDKs run all day needs no grammar ([`plain_get`]).
    ///
    /// `width`: the columns for help, if that is asked for.
    pub fn parse(arguments: &[OsString], width: usize) -> Result<Arguments, clap::Error> {
        match plain_get(arguments) {
            Some(plain) => Ok(plain.into()),
            None => Arguments::by_grammar(arguments, width),
        }
    }

    fn by_grammar(arguments: &[OsString], width: usize) -> Result<Arguments, clap::Error> {
        let grammar = Arguments::command().term_width(width);
        Arguments::from_arg_matches(&grammar.try_get_matches_from(arguments)?)?.with_named_profile()
    }

    /// Puts the profile of `--profile` where the command looks for the one that stands behind its name.
    fn with_named_profile(mut self) -> Result<Arguments, clap::Error> {
        let Some(named) = self.global.profile.take() else { return Ok(self) };
        let conflict = |why: &str| {
            Err(Arguments::command().error(ErrorKind::ArgumentConflict, format!("--profile {named}: {why}")))
        };
        match self.command.profiles() {
            Profiles::One(profile @ None) => *profile = Some(named),
            Profiles::Several(profiles) if profiles.is_empty() => profiles.push(named),
            Profiles::One(Some(_)) | Profiles::Several(_) => return conflict("a profile is given twice"),
            Profiles::All => return conflict("it cannot be used with --all"),
            Profiles::None => return conflict("this command takes no profile"),
        }
        Ok(self)
    }
}

/// Whether this is the name of a command.
pub fn is_command(name: &str) -> bool {
    Arguments::command().find_subcommand(name).is_some()
}

/// Whether this is the name of a command that only fedcred itself gives.
pub fn is_hidden(name: &str) -> bool {
    Arguments::command().find_subcommand(name).is_some_and(clap::Command::is_hide_set)
}

/// Where a command keeps the profiles it is asked for.
enum Profiles<'a> {
    One(&'a mut Option<String>),
    Several(&'a mut Vec<String>),
    /// Every one, by `--all`.
    All,
    None,
}

impl From<PlainGet<'_>> for Arguments {
    fn from(PlainGet { profile, config }: PlainGet<'_>) -> Arguments {
        Arguments {
            global: Global {
                config: config.map(Path::to_owned),
                profile: None,
                verbose: 0,
                quiet: false,
                color: When::Auto,
                log_file: None,
            },
            command: Command::Get(Get {
                profile: profile.map(str::to_owned),
                format: Format::Process,
                window: None,
                force: false,
                no_cache: false,
                airflow_conn: None,
                connection: AirflowConnection {
                    airflow_connections: None,
                    airflow_compat: None,
                    airflow_fallback: false,
                },
            }),
        }
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Configuration file [env: FEDCRED_CONFIG] [default: ~/.config/fedcred/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Profile, in place of the argument [env: FEDCRED_PROFILE]
    #[arg(id = "named_profile", short = 'p', long = "profile", global = true, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Print what happens on stderr; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Print no progress and no warnings
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// When to use colours [env: NO_COLOR, CLICOLOR_FORCE]
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t, hide_possible_values = true)]
    pub color: When,
    /// Append what happens to this file [env: FEDCRED_LOG]
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
}

impl Global {
    /// The arguments that make another process of this program do as this one does.
    pub fn as_arguments(&self) -> Vec<OsString> {
        let Global { config, profile: _, verbose, quiet, color: _, log_file } = self;
        let mut arguments = vec![OsString::from("-v"); usize::from(*verbose)];
        arguments.extend(quiet.then(|| "--quiet".into()));
        for (flag, path) in [("--config", config), ("--log-file", log_file)] {
            if let Some(path) = path {
                arguments.extend([flag.into(), path.into()]);
            }
        }
        arguments
    }
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Print credentials, from the cache while they are fresh
    #[command(visible_alias = "credential-process", after_help = notes::GET)]
    Get(Get),
    /// Run a command with credentials that refresh themselves
    #[command(after_help = notes::EXEC)]
    Exec(Exec),
    /// Hand out credentials to other programs on this machine
    #[command(after_help = notes::SERVE)]
    Serve(Serve),
    /// Renew cached credentials that are due, for timers and cron
    #[command(after_help = notes::REFRESH)]
    Refresh(Refresh),
    /// Have a systemd timer, a launchd agent or cron run `refresh`
    #[command(subcommand)]
    Schedule(Schedule),
    /// Show what is cached, what failed last, and what comes next; contacts no server
    #[command(after_help = notes::STATUS)]
    Status(Status),
    /// Ask for the password or token, log in once, and keep it for later runs
    ///
    /// Asks on the terminal, tries once, and keeps the secret only if the identity provider accepts it. Profiles read it with
    /// `password = { keyring = true }` (or `token = …`); profiles that need no secret, or read it elsewhere, just log in.
    #[command(after_help = notes::LOGIN)]
    Login(Login),
    /// Forget cached credentials, kept secrets and remembered failures
    #[command(after_help = notes::LOGOUT)]
    Logout(Logout),
    /// Find out how to log in at an identity provider, and write a profile
    #[command(after_help = notes::SETUP)]
    Setup(Box<Setup>),
    /// Check each step of a login; show the first problem and its fix
    #[command(after_help = notes::DOCTOR)]
    Doctor(Doctor),
    /// Show the decoded assertion or token, without secrets
    #[command(after_help = notes::INSPECT)]
    Inspect(Inspect),
    /// List the roles that the identity is offered
    #[command(after_help = notes::ROLES)]
    Roles(Roles),
    /// Print what must exist in AWS for a profile, or explain why a trust policy refuses it
    #[command(after_help = notes::TRUST_POLICY)]
    TrustPolicy(TrustPolicy),
    /// Print the address that signs a browser in to the AWS console
    #[command(after_help = notes::CONSOLE)]
    Console(Console),
    /// Explain, print and import Apache Airflow connections
    #[command(subcommand)]
    Airflow(Airflow),
    /// Check, show or locate the configuration
    #[command(subcommand)]
    Config(Config),
    /// Make a fleet's sealing key, and keep the password of its Redis
    #[command(subcommand)]
    Cache(Cache),
    /// Print this message and the topics, the help of a command, or a topic
    #[command(after_help = notes::HELP)]
    Help(Help),
    /// Print a script that completes commands, flags and names in a shell
    #[command(after_help = notes::COMPLETIONS)]
    Completions(Completions),
    /// Show the manual
    #[command(after_help = notes::MAN)]
    Man(Man),
    /// The child process that logs in on behalf of a long-lived fedcred process
    #[command(hide = true)]
    FetchChild(FetchChild),
    /// The endpoint that `exec` starts beside the command
    #[cfg(unix)]
    #[command(hide = true)]
    ExecEndpoint(ExecEndpoint),
}

impl Command {
    fn profiles(&mut self) -> Profiles<'_> {
        match self {
            Command::Refresh(Refresh { all: true, .. })
            | Command::Schedule(Schedule::Install(ScheduleInstall { all: true, .. }))
            | Command::Logout(Logout { all: true, .. }) => Profiles::All,
            Command::Get(Get { profile, .. })
            | Command::Exec(Exec { profile, .. })
            | Command::Login(Login { profile, .. })
            | Command::Logout(Logout { profile, .. })
            | Command::Doctor(Doctor { profile, .. })
            | Command::Inspect(Inspect { profile, .. })
            | Command::Roles(Roles { profile, .. })
            | Command::TrustPolicy(TrustPolicy { profile, .. })
            | Command::Console(Console { profile, .. })
            | Command::Airflow(
                Airflow::Uri(AirflowExport { profile })
                | Airflow::Json(AirflowExport { profile })
                | Airflow::Put(AirflowPut { profile, .. }),
            )
            | Command::Config(Config::Show { profile, .. }) => Profiles::One(profile),
            Command::Setup(setup) => Profiles::One(&mut setup.profile),
            Command::Serve(Serve { profiles, .. })
            | Command::Refresh(Refresh { profiles, .. })
            | Command::Schedule(Schedule::Install(ScheduleInstall { profiles, .. }))
            | Command::Status(Status { profiles, .. }) => Profiles::Several(profiles),
            Command::Schedule(Schedule::Status { .. } | Schedule::Remove)
            | Command::Airflow(Airflow::Show(_) | Airflow::Import(_))
            | Command::Config(Config::Check { .. } | Config::Path { .. } | Config::Schema)
            | Command::Cache(_)
            | Command::Help(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::FetchChild(_) => Profiles::None,
            #[cfg(unix)]
            Command::ExecEndpoint(_) => Profiles::None,
        }
    }
}

#[derive(Debug, Args)]
pub struct Login {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// Where to keep the secret
    #[arg(long, value_enum, default_value_t = SecretStore::Keyring)]
    pub store: SecretStore,
    /// Do not ask: try the configured or kept secret once more, even if it was refused before
    #[arg(long, conflicts_with = "store")]
    pub use_stored: bool,
    /// Do not ask whether the person that an OpenID provider names is the right one
    #[arg(long, short = 'y')]
    pub yes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum SecretStore {
    /// Keychain, Credential Manager or Secret Service
    Keyring,
    /// A file beside the configuration, 0600 and sealed with the key beside it: whoever can read your files can read it
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

#[derive(Debug, Subcommand)]
pub enum Cache {
    /// The key that cached credentials are sealed with
    #[command(subcommand)]
    Key(CacheKey),
    /// Ask for the password of the fleet's Redis, and keep it for `store_password = { keyring = true }`
    Password(CachePassword),
}

#[derive(Debug, Args)]
pub struct CachePassword {
    /// Where to keep the password
    #[arg(long, value_enum, default_value_t = SecretStore::Keyring)]
    pub store: SecretStore,
}

#[derive(Debug, Subcommand)]
pub enum CacheKey {
    /// Make a new key in a file, for all machines of a fleet (`cache.key_file`)
    #[command(after_help = notes::CACHE_KEY_NEW)]
    New(CacheKeyNew),
}

#[derive(Debug, Args)]
pub struct CacheKeyNew {
    /// The file to make [default: fleet.key beside the configuration]
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

#[derive(Debug, Args)]
pub struct Logout {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// Every profile
    #[arg(long, conflicts_with = "profile")]
    pub all: bool,
}

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
    /// Let --listen and --metrics name an address on a network, such as a container bridge's:
    /// whoever is on that network and has the token gets credentials, and anybody there the metrics
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
    /// Let --metrics name an address on a network: anybody there can read them
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

fn duration(text: &str) -> Result<Duration, &'static str> {
    parse_duration(text).ok_or("expected a duration such as 30m, 1h or 1h30m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        Arguments::command().debug_assert();
    }
}
