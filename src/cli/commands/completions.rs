//! `fedcred completions`: scripts by which a shell asks fedcred for the possible next words, and the answers.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

use crate::cli::args::{Arguments, Completions, Shell};
use crate::cli::{output, topics};
use crate::config::Config;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;

/// Variable that the scripts set to the shell's name. The words of the line then follow `--`.
const VARIABLE: &str = "FEDCRED_COMPLETE";

pub fn run(completions: &Completions) -> Result<()> {
    let shell: &dyn EnvCompleter = match completions.shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::Powershell => &Powershell,
        Shell::Elvish => &Elvish,
    };
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, "fedcred", "fedcred", "fedcred", &mut script).map_err(no_script)?;
    output::file(&String::from_utf8_lossy(&script))
}

/// A shell's question.
pub struct Request {
    shell: String,
    words: Vec<OsString>,
}

/// Returns the request that these arguments are; `None` for any other command line.
pub fn request(arguments: &[OsString], env: &Env) -> Option<Request> {
    match arguments {
        [_, dashes, words @ ..] if dashes == "--" => {
            Some(Request { shell: env.text(VARIABLE)?, words: words.to_vec() })
        }
        _ => None,
    }
}

/// Prints the candidates for the word at the cursor.
pub fn answer(request: Request, env: &Env) -> Result<()> {
    let Request { shell, words } = request;
    let unknown = || Error::new(Code::BadFlag, format!("{VARIABLE} names an unknown shell"));
    let shells = Shells::builtins();
    let shell = shells.completer(&shell).ok_or_else(unknown)?;
    if words.is_empty() {
        return Err(Error::new(Code::BadFlag, "there is no line to complete"));
    }
    let mut command = Arguments::command();
    // The commands get their arguments only now.
    command.build();
    let config = config_of(&words);
    let mut command = with_names(command, env, config.as_deref());
    #[allow(clippy::disallowed_methods, reason = "a path that is being typed is relative to it")]
    let directory = std::env::current_dir().ok();
    let mut answer = Vec::new();
    shell.write_complete(&mut command, words, directory.as_deref(), &mut answer).map_err(no_script)?;
    output::candidates(&String::from_utf8_lossy(&answer))
}

/// Returns the file of `--config` in the line that is being typed.
fn config_of(words: &[OsString]) -> Option<PathBuf> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.to_str().and_then(|word| word.strip_prefix("--config")) {
            Some("") => return words.next().filter(|path| !path.is_empty()).map(PathBuf::from),
            Some(rest) => return rest.strip_prefix('=').map(PathBuf::from),
            None => {}
        }
    }
    None
}

/// Adds completers of names to each argument that is a profile, a role or a topic.
fn with_names(command: Command, env: &Env, config: Option<&Path>) -> Command {
    let of_config = |names: fn(&Config) -> Vec<String>| {
        let (env, config) = (env.clone(), config.map(Path::to_owned));
        ArgValueCompleter::new(move |begun: &OsStr| {
            // No names if the configuration cannot be read: a completion cannot show errors.
            let names = Config::load(&env, config.as_deref()).map(|config| names(&config));
            beginning(names.unwrap_or_default(), begun)
        })
    };
    let complete = |argument: Arg| match argument.get_id().as_str() {
        "profile" | "profiles" | "named_profile" => argument.add(of_config(profiles)),
        "role_arn" | "caller" => argument.add(of_config(roles)),
        "about" => argument.add(ArgValueCompleter::new(|begun: &OsStr| beginning(topics_and_commands(), begun))),
        _ => argument,
    };
    command.mut_args(complete).mut_subcommands(|below| with_names(below, env, config))
}

fn beginning(names: Vec<String>, begun: &OsStr) -> Vec<CompletionCandidate> {
    let begun = begun.to_string_lossy();
    names.into_iter().filter(|name| name.starts_with(&*begun)).map(CompletionCandidate::new).collect()
}

fn profiles(config: &Config) -> Vec<String> {
    config.usable_profile_names().into_iter().map(str::to_owned).collect()
}

/// Returns the roles that the configuration names.
fn roles(config: &Config) -> Vec<String> {
    let names = config.usable_profile_names().into_iter();
    let roles: BTreeSet<String> =
        names.filter_map(|name| Some(config.profile(name).ok()?.role_arn()?.to_string())).collect();
    roles.into_iter().collect()
}

fn topics_and_commands() -> Vec<String> {
    let root = Arguments::command();
    let commands = root.get_subcommands().filter(|command| !command.is_hide_set());
    let commands = commands.map(|command| command.get_name().to_owned()).collect::<Vec<_>>();
    topics::ALL.iter().map(|topic| topic.name.to_owned()).chain(["environment".to_owned()]).chain(commands).collect()
}

fn no_script(why: std::io::Error) -> Error {
    Error::new(Code::Bug, "the completion cannot be written").because(why.to_string())
}
