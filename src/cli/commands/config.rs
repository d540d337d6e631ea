//! `fedcred config check|show|path|schema`: what is set, where it comes from, what is wrong with it, and what can be.

use crate::cli::args::{Config as Command, Global};
use crate::cli::output::{self, Text};
use crate::config::Config;
use crate::config::env::Env;
use crate::error::{Error, Result};

pub fn run(command: &Command, global: &Global, env: &Env) -> std::result::Result<(), Vec<Error>> {
    let one = |outcome: Result<()>| outcome.map_err(|error| vec![error]);
    let config = || Config::load(env, global.config.as_deref());
    match command {
        Command::Check => check(&config().map_err(|error| vec![error])?),
        Command::Show { profile } => one(config().and_then(|config| show(&config, profile.as_deref(), env))),
        Command::Path => one(config().and_then(|config| path(&config))),
        Command::Schema => one(output::file(SCHEMA)),
    }
}

/// Kept beside the readers it describes; a test compares the two.
const SCHEMA: &str = include_str!("../../config/schema.json");

fn check(config: &Config) -> std::result::Result<(), Vec<Error>> {
    let errors = config.check();
    if !errors.is_empty() {
        return Err(errors);
    }
    let count = config.profile_names().len();
    let profiles = if count == 1 { "profile" } else { "profiles" };
    output::line(format!("{count} {profiles}, no fault")).map_err(|error| vec![error])
}

/// `key = value  # origin`, one a line, so that the text reads as the file that would say the same.
fn show(config: &Config, profile: Option<&str>, env: &Env) -> Result<()> {
    let name = super::profile_name(profile, env);
    let settings = config.show(&name)?;
    let lines: Vec<String> = settings.iter().map(|s| format!("{} = {}", s.key, s.value)).collect();
    let width = lines.iter().map(|l| l.chars().count()).filter(|w| *w <= 60).max().unwrap_or(0);
    let mut text = Text::of(format!("# profile {name}"));
    for (line, setting) in lines.iter().zip(&settings) {
        text.line(format!("{line:width$}  # {}", setting.origin));
    }
    output::write(&text)
}

fn path(config: &Config) -> Result<()> {
    let paths = config.paths();
    let mut text = Text::default();
    for file in &paths.files {
        let state = if file.exists { "read" } else { "not there" };
        text.line(format!("{} ({}, {state})", file.path.display(), file.named_by));
    }
    for (what, path) in [("cache", &paths.cache_dir), ("sealing key", &paths.key_file)] {
        if let Some(path) = path {
            text.line(format!("{} ({what})", path.display()));
        }
    }
    output::write(&text)
}
