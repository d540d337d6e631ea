//! Hints for a command line that is not understood: a profile or an address in the place of a command, another tool's word, a
//! setting given as a flag.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};

use super::args::Arguments;
use super::commands::setup::method::METHODS;
use crate::config::settings::{self, Table};
use crate::config::{Config, mistakes};
use crate::process::env::Env;
use crate::quote::shell::{self, fedcred};

/// Words of other tools for commands of fedcred.
const COMMANDS: [(&str, &str); 17] = [
    ("configure", "setup"),
    ("init", "setup"),
    ("add", "setup"),
    ("sso", "login"),
    ("auth", "login"),
    ("authenticate", "login"),
    ("whoami", "doctor"),
    ("list", "status"),
    ("ls", "status"),
    ("profiles", "status"),
    ("list-roles", "roles"),
    ("env", "get --format env"),
    ("export", "get --format export"),
    ("credentials", "get"),
    ("assume", "get"),
    ("run", "exec"),
    ("version", "--version"),
];

/// Words of other tools for flags of fedcred. The first that the command has is named.
const FLAGS: [(&str, &str); 12] = [
    ("--output", "--format json"),
    ("--output", "--json"),
    ("-o", "--format json"),
    ("-o", "--json"),
    ("-f", "--format json"),
    ("--json", "--format json"),
    ("--url", "--idp-url URL"),
    ("--user", "--username USER"),
    ("--role", "--role-arn ARN"),
    ("--port", "--listen 127.0.0.1:PORT"),
    ("--interval", "--every DURATION"),
    ("--daemon", "--loop"),
];

/// Returns a hint for this error of these arguments, of which the first is the program's name; `None` if nothing fits.
pub fn hint(error: &clap::Error, arguments: &[OsString], env: &Env) -> Option<String> {
    let words = words(arguments);
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let grammar = command_of(&words);
    if let Some(flag) = words.iter().find_map(|word| with_one_dash(word, &grammar)) {
        return Some(format!("a long flag begins with two dashes: {flag}"));
    }
    let name = words.iter().skip(1).copied().collect::<Vec<_>>().join(" ");
    match error.kind() {
        ErrorKind::InvalidSubcommand | ErrorKind::MissingSubcommand => {
            let is_unlike_ours = error.get(ContextKind::SuggestedSubcommand).is_none();
            let near = || nearest_command(said(ContextKind::InvalidSubcommand)?, &grammar);
            command(&words, is_unlike_ours, env).or_else(|| near().filter(|_| is_unlike_ours))
        }
        ErrorKind::UnknownArgument
            if words.first() == Some(&"exec") && arguments.len() == words.len() + 1 && words.len() > 2 =>
        {
            let command = ["fedcred", "exec", words[1], "--"].into_iter().chain(words[2..].iter().copied());
            Some(format!("put -- before the command: {}", shell::command(command)))
        }
        // Two words that are one name without quotes.
        ErrorKind::UnknownArgument if is_a_profile(&name, env) => {
            Some(format!("put the name in quotes: {}", fedcred(&words[..1], &name, &[])))
        }
        ErrorKind::UnknownArgument => flag(said(ContextKind::InvalidArg)?, &grammar),
        ErrorKind::InvalidValue if said(ContextKind::InvalidArg)?.starts_with("--auth ") => {
            let names = METHODS.iter().map(|method| method.name);
            let meant = mistakes::meant(said(ContextKind::InvalidValue)?, names)?;
            Some(format!("the method is called {meant}"))
        }
        _ => None,
    }
}

/// Returns the words before `--`, without the program's name.
pub fn words(arguments: &[OsString]) -> Vec<&str> {
    arguments.iter().skip(1).map_while(|word| word.to_str()).take_while(|word| *word != "--").collect()
}

/// Returns the command that these words name, with its flags.
pub fn command_of(words: &[&str]) -> Command {
    let mut command = Arguments::command();
    command.build();
    for word in words {
        if let Some(below) = command.find_subcommand(word) {
            command = below.clone();
        }
    }
    command
}

/// Returns the long flag of `command` that `word` has with one dash.
fn with_one_dash(word: &str, command: &Command) -> Option<String> {
    let name = word.strip_prefix('-')?.split('=').next()?;
    has_flag(command, name).then(|| format!("--{name}"))
}

fn has_flag(command: &Command, long: &str) -> bool {
    command.get_arguments().any(|argument| argument.get_long() == Some(long))
}

/// Returns a hint for the first word that is no flag.
fn command(words: &[&str], may_be_a_program: bool, env: &Env) -> Option<String> {
    let at = words.iter().position(|word| !word.starts_with('-'))?;
    let word = words[at];
    if let Some((_, ours)) = COMMANDS.iter().find(|(theirs, _)| *theirs == word) {
        return Some(shell::command(std::iter::once("fedcred").chain(ours.split(' '))));
    }
    if word.contains("://") {
        return Some(shell::command(["fedcred", "setup", "--idp-url", word]));
    }
    if is_a_profile(word, env) {
        return Some(format!("{} prints the credentials of this profile", fedcred(&["get"], word, &[])));
    }
    let path = env.os("PATH").unwrap_or_default();
    let is_program = may_be_a_program && std::env::split_paths(&path).any(|dir| dir.join(word).is_file());
    is_program.then(|| {
        let command = ["fedcred", "exec", "--"].into_iter().chain(words[at..].iter().copied());
        format!("to run it with credentials: {}", shell::command(command))
    })
}

/// Returns the command that is meant by one with a typing error.
fn nearest_command(word: &str, grammar: &Command) -> Option<String> {
    let near = mistakes::nearest(word, grammar.get_subcommands().filter(|c| !c.is_hide_set()).map(Command::get_name))?;
    // The name of one below another command begins with the other's.
    let above = grammar.get_bin_name().unwrap_or("fedcred");
    Some(format!("did you mean {above} {near}?"))
}

fn is_a_profile(name: &str, env: &Env) -> bool {
    // A configuration that cannot be read names no profiles.
    Config::load(env, None).is_ok_and(|config| config.profile_names().contains(&name))
}

/// Returns a hint for a flag that `command` does not have.
fn flag(theirs: &str, command: &Command) -> Option<String> {
    let ours = FLAGS.iter().filter(|(known, _)| *known == theirs).map(|(_, ours)| *ours);
    let known = |ours: &&str| has_flag(command, ours.trim_start_matches('-').split(' ').next().unwrap_or_default());
    if let Some(ours) = ours.into_iter().find(known) {
        return Some(format!("the flag is {ours}"));
    }
    let with_dashes = theirs.replace('_', "-");
    if has_flag(command, with_dashes.trim_start_matches('-')) {
        return Some(format!("the flag is {with_dashes}"));
    }
    let key = theirs.trim_start_matches('-').replace('-', "_");
    let mut rows = settings::PROFILE.of_profile().into_iter().flat_map(Table::settings);
    let row = rows.find(|row| row.key == key || row.also.contains(&&*key))?;
    Some(match row.key {
        "password" | "token" => {
            "no flag takes a secret, which others on this machine could read: fedcred login asks for it".to_owned()
        }
        key => format!("`{key}` is a setting of the profile: see fedcred config show, and fedcred help settings"),
    })
}
