//! `fedcred refresh`: renews what is due in the cache, once (`run`) or until a signal (`keep`).
//!
//! A single profile is renewed here. Several are renewed side by side, each in a process of its own: then none can hang, bloat
//! or crash another.

mod keep;
mod line;

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use self::line::Line;
use crate::acquire::refresh;
use crate::cli::args::{Global, Refresh};
use crate::cli::output::{self, Text};
use crate::cli::progress;
use crate::cli::report;
use crate::cli::screen::Screen;
use crate::cli::table::table;
use crate::config::Config;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::serve::fetch_child::{self, FetchChild};
use crate::serve::keeper::AT_ONCE;

/// Errors: those of the profiles that failed, the worst first.
pub fn run(command: &Refresh, global: &Global, env: &Env) -> std::result::Result<(), Vec<Error>> {
    if command.metrics.address.is_some() && !command.is_loop {
        let error = Error::new(Code::BadFlag, "--metrics needs --loop");
        return Err(vec![error.because("without it, the process exits before the metrics can be read")]);
    }
    if command.is_loop {
        return keep::run(command, global, env).map_err(|error| vec![error]);
    }
    let lines = once(command, global, env).map_err(|error| vec![error])?;
    let written = if command.json {
        output::json_lines(&lines)
    } else {
        output::write(&text(&lines, Screen::of_stdout(global, env)))
    };
    written.map_err(|error| vec![error])?;
    let mut errors: Vec<Error> = lines.iter().filter_map(Line::named_error).collect();
    report::worst_first(&mut errors);
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn once(command: &Refresh, global: &Global, env: &Env) -> Result<Vec<Line>> {
    let config = Config::load(env, global.config.as_deref())?;
    config.cache()?;
    let names = names(command, &config, env);
    if names.is_empty() {
        return Err(super::config::nothing(&config));
    }
    match names.as_slice() {
        [one] => {
            progress::step(&format!("renewing {one}"));
            here(&config, one, env).map(|line| vec![line])
        }
        several => Ok(side_by_side(&config, several, global)),
    }
}

/// Returns the names of the profiles to renew, each once.
fn names(command: &Refresh, config: &Config, env: &Env) -> Vec<String> {
    if command.all {
        return config.usable_profile_names().into_iter().map(str::to_owned).collect();
    }
    let mut names: Vec<String> = Vec::new();
    for name in &command.profiles {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    if names.is_empty() { vec![super::profile_name(None, env)] } else { names }
}

/// Returns how long a login of the profile may take. For a profile with an error the child process reports it at once.
fn patience(config: &Config, name: &str) -> Duration {
    config.profile(name).map_or(Duration::from_secs(20), |profile| profile.deadline())
}

fn here(config: &Config, name: &str, env: &Env) -> Result<Line> {
    let settings = config.cache()?;
    let line = match config.profile(name) {
        Ok(profile) => Line::new(name, refresh::refresh(&profile, &settings, env)),
        Err(error) => Line::new(name, fetch_child::failed(error).refreshed),
    };
    refresh::prune(&settings, env);
    Ok(line)
}

fn side_by_side(config: &Config, names: &[String], global: &Global) -> Vec<Line> {
    let child = FetchChild::new(global.as_arguments(), false);
    let lines: Vec<Mutex<Option<Line>>> = names.iter().map(|_| Mutex::default()).collect();
    let (queue, ended) = (Mutex::new(names.iter().zip(&lines)), Mutex::new(0));
    progress::step(&format!("renewing {} profiles", names.len()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(names.len()) {
            scope.spawn(|| {
                // Taken out of the lock before the work, not during it.
                let take = || queue.lock().ok()?.next();
                while let Some((name, place)) = take() {
                    let line = Line::new(name, child.fetch(name, patience(config, name)).refreshed);
                    if let (Ok(mut place), Ok(mut ended)) = (place.lock(), ended.lock()) {
                        *place = Some(line);
                        *ended += 1;
                        progress::step(&format!("renewing {} profiles: {ended} done, {name} just now", names.len()));
                    }
                }
            });
        }
    });
    lines.into_iter().filter_map(|line| line.into_inner().ok().flatten()).collect()
}

fn text(lines: &[Line], screen: Screen) -> Text {
    let rows: Vec<_> = lines.iter().map(Line::row).collect();
    table(["PROFILE", "OUTCOME", "UNTIL", "ERROR"], &rows, screen.width)
}
