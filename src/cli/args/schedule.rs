//! Arguments of `schedule`.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::notes;
use crate::cli::commands::schedule::every::{LONGEST, SHORTEST};
use crate::config::parse_duration;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Schedule {
    /// Schedule `fedcred refresh`
    #[command(after_help = notes::SCHEDULE_INSTALL)]
    Install(ScheduleInstall),
    /// Show whether it is scheduled, when it ran last and when it runs next
    Status {
        /// JSON for scripts
        #[arg(long)]
        json: bool,
    },
    /// Remove what `install` wrote, and nothing else
    Remove,
}

#[derive(Debug, Args)]
pub struct ScheduleInstall {
    /// Profiles of the configuration [env: FEDCRED_PROFILE] [default: default]
    #[arg(value_name = "PROFILE")]
    pub profiles: Vec<String>,
    /// Every profile, including those added later
    #[arg(long, conflicts_with = "profiles")]
    pub all: bool,
    /// How often: auto, or a time between 1m and 12h, in whole minutes or hours
    #[arg(long, value_name = "DURATION", default_value = "auto", value_parser = pace)]
    pub every: Pace,
    /// Only print what would be written
    #[arg(long)]
    pub print: bool,
    /// Which scheduler runs it [default: systemd if the user has a service manager, else cron; launchd on macOS; task-scheduler on Windows]
    #[arg(long, value_enum, value_name = "SCHEDULER")]
    pub with: Option<Scheduler>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// By the lifetimes of the profiles' credentials.
    Auto,
    Every(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scheduler {
    /// A timer of the user's service manager
    Systemd,
    /// A launchd agent of the user, on macOS
    Launchd,
    /// A line of the crontab
    Cron,
    /// A task of the user's, on Windows
    TaskScheduler,
    /// A CronJob; it is only printed
    Kubernetes,
}

fn pace(text: &str) -> Result<Pace, &'static str> {
    let time = parse_duration(text).filter(|time| (SHORTEST..=LONGEST).contains(time));
    match (text, time) {
        ("auto", _) => Ok(Pace::Auto),
        (_, Some(time)) => Ok(Pace::Every(time)),
        (_, None) => Err("expected auto, or a duration between 1m and 12h"),
    }
}
