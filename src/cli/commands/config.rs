//! `fedcred config check|show|path|schema`: checks the configuration, shows it with its origins, and describes it.

use serde_json::{Value, json};

use crate::cli::args::{Config as Command, Global};
use crate::cli::output::{self, Text};
use crate::cli::report;
use crate::config::Config;
use crate::config::schema;
use crate::config::show::{ConfigPath, Setting};
use crate::error::{Code, Error, Result};
use crate::process::env::Env;

pub fn run(command: &Command, global: &Global, env: &Env) -> std::result::Result<(), Vec<Error>> {
    let one = |outcome: Result<()>| outcome.map_err(|error| vec![error]);
    let config = || Config::load(env, global.config.as_deref());
    match command {
        Command::Check { json } => check(&config().map_err(|error| vec![error])?, *json),
        Command::Show { profile, json } => {
            one(config().and_then(|config| show(&config, profile.as_deref(), *json, env)))
        }
        Command::Path { json } => one(config().and_then(|config| path(&config, *json))),
        Command::Schema => one(output::json(&schema::json())),
    }
}

fn check(config: &Config, as_json: bool) -> std::result::Result<(), Vec<Error>> {
    let errors = config.check();
    let names = config.profile_names();
    if as_json {
        let fault = |error: &Error| json!({ "code": error.code, "what": error.what, "causes": error.causes, "hint": report::hint(error) });
        let faults: Vec<Value> = errors.iter().map(fault).collect();
        let checked = json!({ "ok": faults.is_empty(), "profiles": names, "faults": faults });
        output::json(&checked).map_err(|error| vec![error])?;
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    if names.is_empty() {
        return Err(vec![nothing(config)]);
    }
    if as_json {
        return Ok(());
    }
    let count = names.len();
    let profiles = if count == 1 { "profile" } else { "profiles" };
    output::line(format!("{count} {profiles}, no error")).map_err(|error| vec![error])
}

/// Returns the error of a configuration without a profile.
pub(super) fn nothing(config: &Config) -> Error {
    let error = Error::new(Code::ProfileNotFound, "there is no profile in the configuration");
    let files = config.paths().files;
    let file = |file: &ConfigPath| {
        format!("{} ({})", file.path.display(), if file.exists { "it has none" } else { "not there" })
    };
    files.iter().map(file).fold(error, Error::because).hint("fedcred setup")
}

/// Lines `key = value  # origin`: the text is a file with the same settings.
fn show(config: &Config, profile: Option<&str>, as_json: bool, env: &Env) -> Result<()> {
    let name = super::profile_name(profile, env);
    let settings = config.show(&name)?;
    if as_json {
        let setting = |s: &Setting| json!({ "key": s.key, "value": s.value, "origin": s.origin.to_string() });
        return output::json(&json!({ "profile": name, "settings": settings.iter().map(setting).collect::<Vec<_>>() }));
    }
    let lines: Vec<String> = settings.iter().map(|s| format!("{} = {}", s.key, s.value)).collect();
    let width = lines.iter().map(|l| l.chars().count()).filter(|w| *w <= 60).max().unwrap_or(0);
    let mut text = Text::of(format!("# profile {name}"));
    for (line, setting) in lines.iter().zip(&settings) {
        text.line(format!("{line:width$}  # {}", setting.origin));
    }
    output::write(&text)
}

fn path(config: &Config, as_json: bool) -> Result<()> {
    let paths = config.paths();
    if as_json {
        let file = |file: &ConfigPath| json!({ "path": file.path, "named_by": file.named_by.to_string(), "exists": file.exists });
        return output::json(&json!({
            "files": paths.files.iter().map(file).collect::<Vec<_>>(),
            "cache": paths.cache_dir,
            "sealing_key": paths.key_file,
        }));
    }
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
