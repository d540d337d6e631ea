//! systemd: a timer and a service of the user's own service manager.

use std::path::PathBuf;

use super::every::Every;
use super::files::MARK;
use super::files::{self, Author};
use super::job::{Job, fill};
use super::{Found, tool};
use crate::config::locations::Locations;
use crate::error::Result;
use crate::process::env::Env;
use crate::quote::config;

pub const SERVICE: &str = "fedcred-refresh.service";
pub const TIMER: &str = "fedcred-refresh.timer";

/// The units as packages install them; [`fill`] replaces what differs for this user.
const SERVICE_TEMPLATE: &str = include_str!("../../../../packaging/systemd/fedcred-refresh.service");
const TIMER_TEMPLATE: &str = include_str!("../../../../packaging/systemd/fedcred-refresh.timer");

/// Fails with what `systemctl` says if the user's service manager does not answer.
pub fn answers() -> Result<()> {
    tool::run("systemctl", &["--user", "show", "--property=Version"], None).map(drop)
}

/// Returns both units with the names of their files.
pub fn units(job: &Job) -> [(&'static str, String); 2] {
    [(SERVICE, service(job)), (TIMER, timer(job.every))]
}

pub fn install(job: &Job, env: &Env) -> Result<Vec<String>> {
    let dir = dir(env)?;
    let units = units(job);
    units.iter().try_for_each(|(name, _)| files::check(&dir.join(name)))?;
    for (name, text) in units {
        files::write(&dir.join(name), &text)?;
    }
    systemctl(&["daemon-reload"])?;
    systemctl(&["enable", TIMER])?;
    // A timer that runs already may have another calendar.
    systemctl(&["restart", TIMER])?;
    let mut told = vec![
        format!("scheduled: {TIMER} renews every {}; units in {}", job.every.in_words(), dir.display()),
        "while you are logged in; `loginctl enable-linger` lets it run always".to_owned(),
    ];
    for name in &job.credentials {
        let place = store(env)?.join(name);
        if !place.exists() {
            told.push(format!(
                "without the secret {name}, the service does not start: write it into {}",
                place.display()
            ));
        }
    }
    Ok(told)
}

pub fn remove(env: &Env) -> Result<Option<String>> {
    let dir = dir(env)?;
    let ours: Vec<PathBuf> = [SERVICE, TIMER].into_iter().map(|name| dir.join(name)).collect();
    if !ours.iter().any(|path| files::look(path) == Author::Us) {
        return Ok(None);
    }
    systemctl(&["disable", "--now", TIMER])?;
    for path in ours.iter().filter(|path| files::look(path) == Author::Us) {
        files::remove(path)?;
    }
    systemctl(&["daemon-reload"])?;
    Ok(Some(format!("removed: {TIMER} and {SERVICE} from {}", dir.display())))
}

/// Returns the timer's state, also of units that a package installed.
pub fn status(env: &Env) -> Result<Option<Found>> {
    let is_ours = files::look(&dir(env)?.join(TIMER)) == Author::Us;
    let shown = match show(TIMER, "LoadState,ActiveState,LastTriggerUSec,NextElapseUSecRealtime") {
        Ok(shown) => shown,
        Err(_) if !is_ours => return Ok(None),
        Err(error) => return Err(error),
    };
    let value = |shown: &str, name: &str| {
        let line = shown.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.filter(|value| !matches!(*value, "" | "n/a" | "0")).map(str::to_owned)
    };
    let state = value(&shown, "ActiveState").unwrap_or_default();
    if value(&shown, "LoadState").as_deref() != Some("loaded") || !is_ours && state != "active" {
        return Ok(None);
    }
    let service = show(SERVICE, "Result,ExecMainStatus,ExecMainExitTimestamp")?;
    let outcome = match (value(&service, "ExecMainExitTimestamp"), value(&service, "ExecMainStatus")) {
        (None, _) => None,
        (Some(_), Some(status)) => Some(format!("failed with status {status}")),
        (Some(_), None) => value(&service, "Result"),
    };
    Ok(Some(Found {
        what: format!("{TIMER} of systemd, {state}"),
        last: value(&shown, "LastTriggerUSec").map(|last| match outcome {
            Some(outcome) => format!("{last}, {outcome}"),
            None => last,
        }),
        next: value(&shown, "NextElapseUSecRealtime"),
        output: format!("journalctl --user --unit {SERVICE}"),
    }))
}

fn show(unit: &str, properties: &str) -> Result<String> {
    tool::run("systemctl", &["--user", "show", unit, &format!("--property={properties}")], None)
}

fn systemctl(arguments: &[&str]) -> Result<()> {
    tool::run("systemctl", &[&["--user"], arguments].concat(), None).map(drop)
}

fn dir(env: &Env) -> Result<PathBuf> {
    Ok(config_home(env)?.join("systemd/user"))
}

/// Returns the directory of a user's credentials (systemd.exec(5), `LoadCredential=`).
fn store(env: &Env) -> Result<PathBuf> {
    Ok(config_home(env)?.join("credstore"))
}

fn config_home(env: &Env) -> Result<PathBuf> {
    let ours = Locations::of(env, None).config_dir;
    ours.and_then(|dir| dir.parent().map(PathBuf::from)).ok_or_else(files::no_home)
}

fn service(job: &Job) -> String {
    // systemd expands no variables in the program's path.
    let mut lines = format!("ExecStart={}", config::systemd(&job.program));
    for word in &job.arguments {
        lines.push_str(&format!(" {}", config::systemd_argument(word)));
    }
    lines.push('\n');
    for (name, value) in &job.environment {
        lines.push_str(&format!("Environment={}\n", config::systemd(&format!("{name}={value}"))));
    }
    for name in &job.credentials {
        let name = config::systemd(name);
        lines.push_str(&format!("LoadCredential={name}:%E/credstore/{name}\n"));
    }
    fill(
        SERVICE_TEMPLATE,
        &[(heading(SERVICE_TEMPLATE), format!("# {MARK}\n")), ("ExecStart=/usr/bin/fedcred refresh --all\n", lines)],
    )
}

fn timer(every: Every) -> String {
    let calendar = match every {
        Every::Minutes(minutes) => format!("*:0/{minutes}"),
        Every::Hours(hours) => format!("0/{hours}:00"),
    };
    // A tenth spreads the machines of a fleet, and delays no run much.
    let delay = every.duration().as_secs() / 10;
    fill(
        TIMER_TEMPLATE,
        &[
            (heading(TIMER_TEMPLATE), format!("# {MARK}\n")),
            ("OnCalendar=*:0/5\n", format!("OnCalendar={calendar}\n")),
            ("RandomizedDelaySec=30s\n", format!("RandomizedDelaySec={delay}s\n")),
        ],
    )
}

/// Returns the comment at the template's beginning.
fn heading(template: &str) -> &str {
    template.split_once('[').map_or("", |(heading, _)| heading)
}

#[cfg(test)]
mod tests {
    use super::super::job::tests::{odd, packaged};
    use super::*;

    #[test]
    fn what_a_package_holds_is_what_would_be_installed() {
        let body = |text: &str| text[text.find('[').unwrap()..].to_owned();
        let job = packaged("/usr/bin/fedcred", "/unused");
        for ((_, came), template) in units(&job).iter().zip([SERVICE_TEMPLATE, TIMER_TEMPLATE]) {
            assert!(came.starts_with("# Written by `fedcred schedule install`"));
            assert_eq!(body(came), body(template));
        }
    }

    #[test]
    fn every_word_stays_one() {
        let [(_, service), (_, timer)] = units(&odd());
        for line in [
            r#"ExecStart="/opt/my tools/fedcred" refresh -- "-50%% \"of\" <it's> $$HOME\\""#,
            r#"Environment="KRB5CCNAME=FILE:/tmp/a b%%c\"d'e""#,
            "LoadCredential=corp:%E/credstore/corp",
        ] {
            assert!(service.lines().any(|l| l == line), "{line} is not in\n{service}");
        }
        for line in ["OnCalendar=0/2:00", "RandomizedDelaySec=720s", "Persistent=yes"] {
            assert!(timer.lines().any(|l| l == line), "{line} is not in\n{timer}");
        }
    }

    /// A status that another try cannot mend ends the tries; the one that it can does not.
    #[test]
    fn the_statuses_that_end_the_tries_are_those_of_our_table() {
        use crate::error::{Code, Kind};
        let line = SERVICE_TEMPLATE.lines().find_map(|line| line.strip_prefix("RestartPreventExitStatus=")).unwrap();
        let written: std::collections::BTreeSet<i32> = line.split(' ').map(|status| status.parse().unwrap()).collect();
        let hopeless = Code::ALL.iter().map(|code| code.kind()).filter(|kind| *kind != Kind::Unavailable);
        assert_eq!(written, hopeless.map(Kind::status).collect());
    }
}
