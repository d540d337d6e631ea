//! `fedcred refresh --loop`: renews each profile when it is due, until a signal.

use std::path::PathBuf;
use std::time::SystemTime;

use super::line::Line;
use crate::cli::args::{Global, Refresh};
use crate::cli::commands::metrics;
use crate::cli::style::Style;
use crate::cli::{output, report};
use crate::config::Config;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::serve::child_protocol::Fetched;
use crate::serve::fetch_child::FetchChild;
use crate::serve::keeper::{Event, Keeper, Owner, Profiles, Wanted};
use crate::serve::listener::Reach;
use crate::time;

pub fn run(command: &Refresh, global: &Global, env: &Env) -> Result<()> {
    let metrics = metrics::start(&command.metrics, Reach::of(command.allow_non_loopback))?;
    let keeper = Keeper::new(FetchChild::new(global.as_arguments(), false), metrics);
    let on_signal = keeper.sender();
    // A send without a receiver means that the loop has stopped already.
    let handler = move || drop(on_signal.send(Event::Stop));
    ctrlc::set_handler(handler)
        .map_err(|e| Error::new(Code::Bug, "signals cannot be caught").because(e.to_string()))?;
    let config = load(global, env)?;
    let settings = Settings { files: files(&config), config, state: State::New };
    keeper.run(&mut Loop { command, global, env, settings })
}

struct Loop<'a> {
    command: &'a Refresh,
    global: &'a Global,
    env: &'a Env,
    settings: Settings,
}

/// The configuration that was read last, with the times and sizes of its files.
struct Settings {
    config: Config,
    files: Vec<(PathBuf, Option<(SystemTime, u64)>)>,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Known,
    /// The changed configuration cannot be read.
    Broken,
}

impl Owner for Loop<'_> {
    /// Reads the configuration again when one of its files has changed. If it cannot be read, prints the error once, and begins no
    /// login until it changes again; what is cached stays.
    fn profiles(&mut self) -> Profiles {
        let files = files(&self.settings.config);
        if files != self.settings.files {
            self.settings.files = files;
            match load(self.global, self.env) {
                Ok(config) => {
                    self.settings.config = config;
                    self.settings.state = State::New;
                }
                Err(error) => {
                    self.settings.state = State::Broken;
                    output::to_stderr(&report::text(&error, Style::plain()));
                }
            }
        }
        match self.settings.state {
            State::Known => Profiles::AsBefore,
            State::Broken => Profiles::Nothing,
            State::New => {
                self.settings.state = State::Known;
                let config = &self.settings.config;
                let names = super::names(self.command, config, self.env).into_iter();
                Profiles::Anew(names.map(|name| (name.clone(), Wanted::now(super::patience(config, &name)))).collect())
            }
        }
    }

    fn fetched(&mut self, profile: &str, fetched: Fetched) -> Result<()> {
        let line = Line::new(profile, fetched.refreshed);
        if self.command.json { output::json_lines([&line]) } else { output::line(line.log(time::now())) }
    }
}

fn load(global: &Global, env: &Env) -> Result<Config> {
    let config = Config::load(env, global.config.as_deref())?;
    config.cache()?;
    Ok(config)
}

fn files(config: &Config) -> Vec<(PathBuf, Option<(SystemTime, u64)>)> {
    let look = |path: PathBuf| {
        let seen = path.metadata().ok().and_then(|file| Some((file.modified().ok()?, file.len())));
        (path, seen)
    };
    config.paths().files.into_iter().map(|file| look(file.path)).collect()
}
