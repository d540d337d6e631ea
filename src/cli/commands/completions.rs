//! `fedcred completions`: scripts that let a shell ask us what can come next; and the answers, profile names among them.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

use crate::cli::args::{Arguments, Completions, Shell};
use crate::cli::output;
use crate::config::Config;
use crate::config::env::Env;
use crate::error::{Code, Error, Result};

/// Set by the scripts, to the shell's name: then the words of a line follow `--`.
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

/// What a shell wants to know.
pub struct Request {
    shell: String,
    words: Vec<OsString>,
}

/// The request that these arguments are, if they are one.
pub fn request(arguments: &[OsString], env: &Env) -> Option<Request> {
    match arguments {
        [_, dashes, words @ ..] if dashes == "--" => {
            Some(Request { shell: env.text(VARIABLE)?, words: words.to_vec() })
        }
        _ => None,
    }
}

/// Prints what can stand at the word that the shell asks about.
pub fn answer(request: Request, env: &Env) -> Result<()> {
    let Request { shell, words } = request;
    let unknown = || Error::new(Code::BadFlag, format!("{VARIABLE} names no shell that is known here"));
    let shells = Shells::builtins();
    let shell = shells.completer(&shell).ok_or_else(unknown)?;
    if words.is_empty() {
        return Err(Error::new(Code::BadFlag, "there is no line to complete"));
    }
    let mut command = Arguments::command();
    // Only now do the commands have their arguments.
    command.build();
    let mut command = with_profile_names(command, env);
    #[allow(clippy::disallowed_methods, reason = "a path that is being typed is relative to it")]
    let directory = std::env::current_dir().ok();
    let mut answer = Vec::new();
    shell.write_complete(&mut command, words, directory.as_deref(), &mut answer).map_err(no_script)?;
    output::candidates(&String::from_utf8_lossy(&answer))
}

/// The same command; wherever it takes a profile, it knows their names.
fn with_profile_names(command: Command, env: &Env) -> Command {
    let names = env.clone();
    let complete = move |argument: Arg| {
        let env = names.clone();
        match argument.get_id().as_str() {
            "profile" | "profiles" | "named_profile" => {
                argument.add(ArgValueCompleter::new(move |begun: &OsStr| profiles(&env, begun)))
            }
            _ => argument,
        }
    };
    command.mut_args(complete).mut_subcommands(|below| with_profile_names(below, env))
}

/// None where the configuration cannot be read: a completion is no place for an error.
fn profiles(env: &Env, begun: &OsStr) -> Vec<CompletionCandidate> {
    let Ok(config) = Config::load(env, None) else { return Vec::new() };
    let begun = begun.to_string_lossy();
    config
        .usable_profile_names()
        .into_iter()
        .filter(|name| name.starts_with(&*begun))
        .map(CompletionCandidate::new)
        .collect()
}

fn no_script(why: std::io::Error) -> Error {
    Error::new(Code::Bug, "the completion cannot be written").because(why.to_string())
}
