//! The command line: its shape, and the text of `--help`.

mod airflow;
mod credentials;
mod login;
mod look;
mod notes;
mod own;
mod plain;
mod schedule;
mod setup;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

pub use self::airflow::*;
pub use self::credentials::*;
pub use self::login::*;
pub use self::look::*;
pub use self::own::*;
pub use self::plain::{PlainGet, plain_get};
pub use self::schedule::*;
pub use self::setup::{ImportTool, Setup};
use super::style::When;

/// Turns an enterprise or workload identity into short-lived AWS credentials.
#[derive(Debug, Parser)]
#[command(name = "fedcred", version, propagate_version = true, disable_help_subcommand = true)]
#[command(after_help = notes::root())]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// Parses the arguments; the first is the program's own name.
    ///
    /// The command line that SDKs run needs no grammar ([`plain_get`]).
    ///
    /// `width`: the width of help, in columns.
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

    /// Moves the profile of `--profile` to the command's own argument.
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

/// Whether this is the name of a command that is for fedcred's own use.
pub fn is_hidden(name: &str) -> bool {
    Arguments::command().find_subcommand(name).is_some_and(clap::Command::is_hide_set)
}

/// Where a command has its profiles.
enum Profiles<'a> {
    One(&'a mut Option<String>),
    Several(&'a mut Vec<String>),
    /// All, by `--all`.
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
    /// Returns the arguments that give a child process the same global flags.
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
    /// Serve credentials to other programs on this machine
    #[command(after_help = notes::SERVE)]
    Serve(Serve),
    /// Renew cached credentials that are due, for timers and cron
    #[command(after_help = notes::refresh())]
    Refresh(Refresh),
    /// Schedule `refresh` with systemd, launchd, cron or Task Scheduler
    #[command(subcommand)]
    Schedule(Schedule),
    /// Show what is cached, what failed last, and what comes next; contacts no server
    #[command(after_help = notes::STATUS)]
    Status(Status),
    /// Ask for the password or token, log in once, and store it for later runs
    ///
    /// Asks on the terminal, tries the secret once, and stores it only if the identity provider accepts it. Profiles
    /// read it with
    /// `password = { keyring = true }` (or `token = …`); a profile that needs no secret, or reads it elsewhere, only
    /// logs in.
    #[command(after_help = notes::LOGIN)]
    Login(Login),
    /// Remove cached credentials, stored secrets and recorded failures
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
    /// List the roles that the identity provider offers
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
    /// Create a fleet's sealing key, and store the password of its Redis
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
    /// Whether it runs until it is stopped, or works for one that does.
    pub fn is_long_lived(&self) -> bool {
        match self {
            Command::Serve(_) | Command::FetchChild(_) | Command::Refresh(Refresh { is_loop: true, .. }) => true,
            #[cfg(unix)]
            Command::ExecEndpoint(_) => true,
            _ => false,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        Arguments::command().debug_assert();
    }
}
