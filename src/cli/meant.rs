//! What somebody means by a command line that is not understood: a profile in a command's place, or another tool's word.

use std::ffi::OsString;

use clap::error::ErrorKind;

use crate::config::Config;
use crate::config::env::Env;
use crate::quote::shell::{self, fedcred};

/// Words of other tools for commands of ours.
const COMMANDS: [(&str, &str); 12] = [
    ("configure", "setup"),
    ("init", "setup"),
    ("add", "setup"),
    ("sso", "login"),
    ("auth", "login"),
    ("authenticate", "login"),
    ("whoami", "doctor"),
    ("list", "status"),
    ("ls", "status"),
    ("env", "get --format env"),
    ("run", "exec"),
    ("version", "--version"),
];

/// The command that is meant. `None`: nothing tells.
pub fn command(kind: ErrorKind, arguments: &[OsString], env: &Env) -> Option<String> {
    let words: Vec<&str> = arguments.iter().skip(1).filter_map(|word| word.to_str()).collect();
    match kind {
        ErrorKind::InvalidSubcommand | ErrorKind::MissingSubcommand => {
            let word = words.iter().find(|word| !word.starts_with('-'))?;
            if let Some((_, ours)) = COMMANDS.iter().find(|(theirs, _)| theirs == word) {
                return Some(shell::command(std::iter::once("fedcred").chain(ours.split(' '))));
            }
            // Without a readable configuration there is no profile that could be meant.
            let config = Config::load(env, None).ok()?;
            config
                .profile_names()
                .contains(word)
                .then(|| format!("{} prints the credentials of this profile", fedcred(&["get"], word, &[])))
        }
        ErrorKind::UnknownArgument if words.first() == Some(&"exec") && !words.contains(&"--") && words.len() > 2 => {
            let command = ["fedcred", "exec", words[1], "--"].into_iter().chain(words[2..].iter().copied());
            Some(format!("put -- before the command: {}", shell::command(command)))
        }
        _ => None,
    }
}
