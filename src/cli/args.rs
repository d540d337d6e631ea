//! The command line: its shape, and the text of `--help`.

mod airflow;
mod look;
mod plain;
mod schedule;
mod setup;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub use self::airflow::*;
pub use self::look::*;
pub use self::plain::{PlainGet, plain_get};
pub use self::schedule::*;
use self::setup::SETUP_HELP;
pub use self::setup::{Setup, SetupAuth};
use crate::config::parse_duration;

/// Turns an enterprise or workload identity into short-lived AWS credentials.
#[derive(Debug, Parser)]
#[command(name = "fedcred", version, propagate_version = true, max_term_width = 100, disable_help_subcommand = true)]
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

impl Arguments {
    /// Parses these; the first is the program's own name.
    ///
    /// What SDKs run all day needs no grammar ([`plain_get`]).
    pub fn parse(arguments: &[OsString]) -> Result<Arguments, clap::Error> {
        match plain_get(arguments) {
            Some(plain) => Ok(plain.into()),
            None => Arguments::by_grammar(arguments),
        }
    }

    fn by_grammar(arguments: &[OsString]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(arguments)?.with_named_profile()
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
            global: Global { config: config.map(Path::to_owned), profile: None, verbose: 0, log_file: None },
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
    /// Profile, in place of the argument
    #[arg(id = "named_profile", short = 'p', long = "profile", global = true, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Tell on stderr what happens; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Append what happens to this file [env: FEDCRED_LOG]
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
}

impl Global {
    /// The arguments that make another process of this program do as this one does.
    pub fn as_arguments(&self) -> Vec<OsString> {
        let Global { config, profile: _, verbose, log_file } = self;
        let mut arguments = vec![OsString::from("-v"); usize::from(*verbose)];
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
    #[command(visible_alias = "credential-process")]
    Get(Get),
    /// Run a command with credentials that refresh themselves
    Exec(Exec),
    /// Hand out credentials to other programs on this machine
    Serve(Serve),
    /// Renew what is due in the cache, for timers and cron
    #[command(after_help = REFRESH_HELP)]
    Refresh(Refresh),
    /// Have the cache renewed from time to time: a systemd timer, a launchd agent or a cron line
    #[command(subcommand)]
    Schedule(Schedule),
    /// Say what is cached, what failed last, and what comes next; asks nobody
    #[command(after_help = STATUS_HELP)]
    Status(Status),
    /// Ask for the password or token, log in once, and keep it for later runs
    ///
    /// Asks on the terminal, tries once, and keeps the secret only if the identity provider takes it.
    /// Profiles read it with `password = { keyring = true }` (or `token = …`); those that need no
    /// secret, or read it elsewhere, just log in.
    #[command(verbatim_doc_comment)]
    Login(Login),
    /// Forget cached credentials, kept secrets and remembered failures
    Logout(Logout),
    /// Find out how to log in at an identity provider, and write the profile and its lines in ~/.aws/config
    #[command(after_help = SETUP_HELP)]
    Setup(Setup),
    /// Walk the way of a login step by step, and name the first fault with its remedy
    #[command(after_help = DOCTOR_HELP)]
    Doctor(Doctor),
    /// Say what the identity says of itself: the decoded assertion or token, no secret in it
    Inspect(Inspect),
    /// List the roles that the identity is offered
    Roles(Roles),
    /// Say what must exist in AWS for this profile, or why an existing trust policy keeps it out
    TrustPolicy(TrustPolicy),
    /// Print the address that signs a browser in to the AWS console
    Console(Console),
    /// Explain, print and import Apache Airflow connections
    #[command(subcommand)]
    Airflow(Airflow),
    /// Check, show or locate the configuration
    #[command(subcommand)]
    Config(Config),
    /// Print this message and a list of topics, the help of a command, or the page of a topic
    Help(Help),
    /// Print a script that completes commands, flags and profile names in a shell
    #[command(after_help = COMPLETIONS_HELP)]
    Completions(Completions),
    /// Print the manual
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
            | Command::Setup(Setup { profile, .. })
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
            | Command::Config(Config::Show { profile }) => Profiles::One(profile),
            Command::Serve(Serve { profiles, .. })
            | Command::Refresh(Refresh { profiles, .. })
            | Command::Schedule(Schedule::Install(ScheduleInstall { profiles, .. }))
            | Command::Status(Status { profiles, .. }) => Profiles::Several(profiles),
            Command::Schedule(Schedule::Status | Schedule::Remove)
            | Command::Airflow(Airflow::Show(_) | Airflow::Import(_))
            | Command::Config(Config::Check | Config::Path | Config::Schema)
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
pub struct Doctor {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// Explain a service's AccessDenied in this file, and ask nobody; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub explain: Option<PathBuf>,
    /// JSON for scripts
    #[arg(long)]
    pub json: bool,
}

const DOCTOR_HELP: &str = "\
It logs in once, as `get` would: a secret that was refused before is not sent again. Nothing that it
prints is secret. Exit status: 0 if the login works, else that of the fault.";

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

const COMPLETIONS_HELP: &str = "\
Where it goes:
  bash        fedcred completions bash > ~/.local/share/bash-completion/completions/fedcred
  zsh         fedcred completions zsh > ~/.zfunc/_fedcred    (fpath+=~/.zfunc before compinit)
  fish        fedcred completions fish > ~/.config/fish/completions/fedcred.fish
  PowerShell  fedcred completions powershell >> $PROFILE
  elvish      fedcred completions elvish >> ~/.config/elvish/rc.elv

The script asks fedcred, which has to be in PATH, for what can come next.";

#[derive(Debug, Args)]
pub struct Man {
    /// Of which command, such as `get` or `config show` [default: of all of fedcred]
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Write every page into this directory, one a command
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub dir: Option<PathBuf>,
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
    /// Resolve this Airflow connection in place of a profile
    #[arg(long, value_name = "ID", conflicts_with = "profile")]
    pub airflow_conn: Option<String>,
    #[command(flatten)]
    pub connection: AirflowConnection,
}

#[derive(Debug, Args)]
#[command(after_help = "\
By default the command is given the address of a container endpoint on loopback, which every AWS SDK
asks for credentials and asks again before they expire. The endpoint ends with the command: for
programs that go on in the background use `fedcred serve`.

Exit status: that of the command; 125 if there are no credentials for it, 126 if it cannot be run,
127 if it is not there.")]
pub struct Exec {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// Put the credentials themselves into the environment; they are not refreshed
    #[arg(long)]
    pub env: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
It prints the variables that tell an AWS SDK where to ask: at / for the first profile, at
/profile/NAME for each. /healthz says whether all have valid credentials. When logins begin to
fail, and when they work again, it says so on stderr. For containers see `fedcred help containers`.")]
pub struct Serve {
    /// Profiles of the configuration [env: FEDCRED_PROFILE] [default: default]
    #[arg(value_name = "PROFILE")]
    pub profiles: Vec<String>,
    /// Loopback address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Let --listen name an address on a network, such as a container bridge's: whoever is on that
    /// network and has the token is given credentials
    #[arg(long)]
    pub allow_non_loopback: bool,
    /// Ask the endpoint that runs at --listen whether it has credentials, and end: for a startup probe
    #[arg(long, conflicts_with_all = ["allow_non_loopback", "token_file"])]
    pub probe: bool,
    /// File with the token that clients show, made if it is not there [default: a token of this run]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct FetchChild {
    pub profile: String,
    /// Tell the credentials too
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
    /// Stay, and renew each profile when it is due, until SIGTERM or Ctrl-C
    #[arg(long = "loop")]
    pub is_loop: bool,
    /// One line of JSON for each profile
    #[arg(long)]
    pub json: bool,
}

const REFRESH_HELP: &str = "\
A profile is renewed when less is left than `fedcred get` wants, and up to a quarter of that earlier,
by what differs from machine to machine. Profiles are renewed side by side; a failure of one does not
stop the others. The exit status is that of the worst: refused (77), login required (3), unusable
response (65), storage (74), configuration (78), internal (70), and unavailable (75) only when nothing
else failed. Expired entries and what nobody used for 30 days are removed in passing.

With --loop, failures are told and tried again, a changed configuration is read again, and the exit
status is 0.";

#[derive(Debug, Args)]
pub struct Status {
    /// Profiles of the configuration [default: all]
    #[arg(value_name = "PROFILE")]
    pub profiles: Vec<String>,
    /// JSON for scripts
    #[arg(long)]
    pub json: bool,
}

const STATUS_HELP: &str = "\
States:
  fresh    handed out as it is
  due      handed out after a try to renew it
  expired  of no more use: the next `fedcred get` logs in
  failed   nothing of use, and the last login failed
  none     nothing, and no login is remembered";

#[derive(Debug, Subcommand)]
#[command(defer = true)]
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
