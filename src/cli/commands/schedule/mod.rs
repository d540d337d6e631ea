//! `fedcred schedule`: runs `fedcred refresh` by this machine's scheduler.
//!
//! The job's file is the one in `packaging/` that packages install, with program, profiles, interval and environment of this user
//! filled in. It has a mark, and only files with it are replaced or removed.

mod cron;
pub mod every;
mod files;
mod job;
mod kubernetes;
mod launchd;
mod shell;
mod systemd;
mod task;
mod tool;

use std::path::Path;

use jiff::SignedDuration;
use serde_json::json;

use self::job::Job;
use crate::cli::args::{Global, Schedule, ScheduleInstall, Scheduler};
use crate::cli::output::{self, Text};
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::time::whole_seconds;

/// The schedulers in which fedcred installs a job.
const INSTALLED: [Scheduler; 4] = [Scheduler::Systemd, Scheduler::Launchd, Scheduler::Cron, Scheduler::TaskScheduler];

/// An installed job.
struct Found {
    /// Its name and scheduler.
    what: String,
    last: Option<String>,
    next: Option<String>,
    /// Where the output of its last run is.
    output: String,
}

impl Found {
    /// Describes a job that runs every so many `seconds`, whose last run is known by its log.
    fn by_log(what: String, log: &Path, seconds: Option<i64>) -> Found {
        let last = shell::last_run(log);
        let next =
            last.zip(seconds).and_then(|(last, seconds)| last.checked_add(SignedDuration::from_secs(seconds)).ok());
        Found {
            what,
            last: last.map(whole_seconds),
            next: next.map(|next| format!("by {}", whole_seconds(next))),
            output: log.display().to_string(),
        }
    }
}

pub fn run(command: &Schedule, global: &Global, env: &Env) -> Result<()> {
    match command {
        Schedule::Install(asked) => install(asked, global, env),
        Schedule::Status { json } => status(*json, env),
        Schedule::Remove => remove(env),
    }
}

fn install(asked: &ScheduleInstall, global: &Global, env: &Env) -> Result<()> {
    let job = Job::of(asked, global, env)?;
    let scheduler = asked.with.map_or_else(here, Ok)?;
    if asked.print {
        return output::file(&printed(scheduler, &job)?);
    }
    // A job of another scheduler is removed: one job is enough.
    let mut told = Vec::new();
    for other in INSTALLED {
        if other != scheduler {
            told.extend(remove_from(other, env)?);
        }
    }
    told.extend(match scheduler {
        Scheduler::Systemd => systemd::install(&job, env)?,
        Scheduler::Launchd => launchd::install(&job, env)?,
        Scheduler::Cron => cron::install(&job)?,
        Scheduler::TaskScheduler => task::install(&job, env)?,
        Scheduler::Kubernetes => {
            return Err(Error::new(Code::BadFlag, "a CronJob is printed, not installed")
                .hint("fedcred schedule install --with kubernetes --print | kubectl apply -f -"));
        }
    });
    told.extend(job.notes.iter().map(|note| format!("note: {note}")));
    output::write(&told.iter().map(Text::of).collect())
}

fn printed(scheduler: Scheduler, job: &Job) -> Result<String> {
    Ok(match scheduler {
        Scheduler::Systemd => {
            systemd::units(job).map(|(name, text)| format!("# ~/.config/systemd/user/{name}\n{text}")).join("\n")
        }
        Scheduler::Launchd => launchd::plist(job),
        Scheduler::Cron => cron::lines(job),
        Scheduler::TaskScheduler => task::xml(job)?,
        Scheduler::Kubernetes => kubernetes::cron_job(job),
    })
}

/// Returns the scheduler of this machine.
fn here() -> Result<Scheduler> {
    if cfg!(target_os = "macos") {
        return Ok(Scheduler::Launchd);
    }
    if cfg!(windows) {
        return Ok(Scheduler::TaskScheduler);
    }
    let Err(why) = systemd::answers() else { return Ok(Scheduler::Systemd) };
    if cron::answers() {
        tracing::info!(%why, "no service manager of the user's own: cron is used");
        return Ok(Scheduler::Cron);
    }
    let error = Error::new(Code::SchedulerFailed, "there is neither a systemd user manager nor a crontab here")
        .hint("run: fedcred refresh --all --loop");
    Err(why.causes.iter().fold(error.because(why.what), |error, cause| error.because(cause)))
}

fn remove(env: &Env) -> Result<()> {
    let mut told = Vec::new();
    for scheduler in INSTALLED {
        told.extend(remove_from(scheduler, env)?);
    }
    if told.is_empty() {
        told.push("nothing was scheduled by fedcred".to_owned());
    }
    output::write(&told.iter().map(Text::of).collect())
}

fn remove_from(scheduler: Scheduler, env: &Env) -> Result<Option<String>> {
    match scheduler {
        Scheduler::Systemd => systemd::remove(env),
        Scheduler::Launchd => launchd::remove(env),
        Scheduler::Cron => cron::remove(),
        Scheduler::TaskScheduler => task::remove(env),
        Scheduler::Kubernetes => Ok(None),
    }
}

fn status(as_json: bool, env: &Env) -> Result<()> {
    let log = job::log(env)?;
    let found = [systemd::status(env)?, launchd::status(env, &log)?, cron::status(&log)?, task::status(env, &log)];
    if as_json {
        let schedule = |found: Found| {
            let Found { what, last, next, output } = found;
            json!({ "scheduled": what, "last_run": last, "next_run": next, "output": output })
        };
        return output::json(&found.into_iter().flatten().map(schedule).collect::<Vec<_>>());
    }
    let mut text = Text::default();
    for Found { what, last, next, output } in found.into_iter().flatten() {
        let or = |time: Option<String>, none: &str| time.unwrap_or_else(|| none.to_owned());
        text.line(what);
        text.line(format!("  last run: {}", or(last, "none yet")));
        text.line(format!("  next run: {}", or(next, "not known")));
        text.line(format!("  output:   {output}"));
    }
    if text.is_empty() {
        text.line("nothing is scheduled; to schedule a refresh: fedcred schedule install --all");
    }
    output::write(&text)
}
