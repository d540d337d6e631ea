//! Arguments of `schedule`.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::commands::schedule::{LONGEST, SHORTEST};
use crate::config::parse_duration;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Schedule {
    /// Have `fedcred refresh` run from time to time
    #[command(after_help = SCHEDULE_HELP)]
    Install(ScheduleInstall),
    /// Say whether it is scheduled, when it ran last and when it runs next
    Status,
    /// Take away what `install` wrote, and nothing else
    Remove,
}

#[derive(Debug, Args)]
pub struct ScheduleInstall {
    /// Profiles of the configuration [env: FEDCRED_PROFILE] [default: default]
    #[arg(value_name = "PROFILE")]
    pub profiles: Vec<String>,
    /// Every profile, also those that are written later
    #[arg(long, conflicts_with = "profiles")]
    pub all: bool,
    /// How often: auto, or a time between 1m and 12h, in whole minutes or hours
    #[arg(long, value_name = "DURATION", default_value = "auto", value_parser = pace)]
    pub every: Pace,
    /// Write nothing; print what would be written
    #[arg(long)]
    pub print: bool,
    /// Who runs it [default: systemd where the user has a service manager, else cron; launchd on macOS]
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
    /// A user agent of macOS
    Launchd,
    /// A line of the crontab
    Cron,
    /// A CronJob, only printed
    Kubernetes,
}

const SCHEDULE_HELP: &str = "\
It is `fedcred refresh` with these profiles, as this user, and with the variables of now that decide
which credentials are meant (AWS_REGION, KRB5CCNAME, HTTPS_PROXY, FEDCRED_CONFIG and others). auto is
a third of the time in which the shortest-lived credentials are due, and 5 minutes at most. Another
`install` replaces the one before.

A profile with `password = { credential = \"NAME\" }` has systemd load ~/.config/credstore/NAME.";

fn pace(text: &str) -> Result<Pace, &'static str> {
    let time = parse_duration(text).filter(|time| (SHORTEST..=LONGEST).contains(time));
    match (text, time) {
        ("auto", _) => Ok(Pace::Auto),
        (_, Some(time)) => Ok(Pace::Every(time)),
        (_, None) => Err("expected auto, or a duration between 1m and 12h"),
    }
}
