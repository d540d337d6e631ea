//! launchd: an agent of the user's own, on macOS.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::MARK;
use super::files::{self, Author};
use super::job::{Job, comment, fill};
use super::{Found, shell, tool};
use crate::error::Result;
use crate::file::{self, kind};
use crate::process::env::Env;
use crate::quote::config;
use crate::time::{self, Deadline};

const LABEL: &str = "fedcred.refresh";
pub const FILE: &str = "fedcred.refresh.plist";

/// The agent as packages install it; [`fill`] replaces what differs for this user.
const TEMPLATE: &str = include_str!("../../../../packaging/launchd/fedcred.refresh.plist");
const COMMAND: &str = "umask 077; mkdir -p \"$HOME/Library/Caches/fedcred\" &amp;&amp; exec /usr/local/bin/fedcred refresh --all >\"$HOME/Library/Caches/fedcred/refresh.log\" 2>&amp;1";

pub fn plist(job: &Job) -> String {
    let command = shell::logged(job, &format!("exec {}", shell::words(job)));
    let mut variables = String::new();
    if !job.environment.is_empty() {
        variables.push_str("  <key>EnvironmentVariables</key>\n  <dict>\n");
        for (name, value) in &job.environment {
            variables.push_str(&format!("    <key>{name}</key>\n    <string>{}</string>\n", config::xml(value)));
        }
        variables.push_str("  </dict>\n");
    }
    fill(
        TEMPLATE,
        &[
            (comment(TEMPLATE), MARK.to_owned()),
            (COMMAND, config::xml(&command)),
            ("<integer>300</integer>", format!("<integer>{}</integer>", job.every.duration().as_secs())),
            ("  <key>RunAtLoad</key>\n", format!("{variables}  <key>RunAtLoad</key>\n")),
        ],
    )
}

pub fn install(job: &Job, env: &Env) -> Result<Vec<String>> {
    let path = path(env)?;
    let was_there = files::look(&path) == Author::Us;
    files::write(&path, &plist(job))?;
    if was_there {
        // An error means that it was not loaded, which is as well.
        let _ = tool::run("launchctl", &["bootout", &service()], None);
    }
    bootstrap(&path.display().to_string(), if was_there { SETTLING } else { Duration::ZERO })?;
    let mut told = vec![format!("scheduled: {LABEL} renews every {}; {}", job.every.in_words(), path.display())];
    for name in &job.credentials {
        told.push(format!("launchd gives no systemd credentials: profiles that read {name} will fail"));
    }
    Ok(told)
}

/// How long launchd may take to let go of a job that was unloaded: it returns at once, and for about five seconds it refuses the
/// same label, with "5: Input/output error".
const SETTLING: Duration = Duration::from_secs(15);

fn bootstrap(path: &str, patience: Duration) -> Result<()> {
    let deadline = Deadline::after(patience);
    loop {
        match tool::run("launchctl", &["bootstrap", &domain(), path], None) {
            Err(_) if !deadline.remaining().is_zero() => time::pause(Duration::from_millis(500)),
            told => return told.map(|_| ()),
        }
    }
}

pub fn remove(env: &Env) -> Result<Option<String>> {
    let path = path(env)?;
    if files::look(&path) != Author::Us {
        return Ok(None);
    }
    let _ = tool::run("launchctl", &["bootout", &service()], None);
    files::remove(&path)?;
    Ok(Some(format!("removed: {}", path.display())))
}

pub fn status(env: &Env, log: &Path) -> Result<Option<Found>> {
    let path = path(env)?;
    if files::look(&path) != Author::Us {
        return Ok(None);
    }
    let text = file::text(&path, &kind::JOB).unwrap_or_default();
    let seconds = text.split_once("<integer>").and_then(|(_, rest)| rest.split_once('<')?.0.parse().ok());
    Ok(Some(Found::by_log(format!("{LABEL} of launchd, {}", path.display()), log, seconds)))
}

fn path(env: &Env) -> Result<PathBuf> {
    Ok(env.home().ok_or_else(files::no_home)?.join("Library/LaunchAgents").join(FILE))
}

/// Returns launchd's domain of the user's graphical session.
fn domain() -> String {
    #[cfg(unix)]
    let user = rustix::process::getuid().as_raw();
    #[cfg(not(unix))]
    let user = 0;
    format!("gui/{user}")
}

fn service() -> String {
    format!("{}/{LABEL}", domain())
}

#[cfg(test)]
mod tests {
    use super::super::job::tests::{odd, packaged};
    use super::*;

    #[test]
    fn what_a_package_holds_is_what_would_be_installed() {
        let came = plist(&packaged("/usr/local/bin/fedcred", "/home/alice/Library/Caches/fedcred/refresh.log"));
        let differences: Vec<(&str, &str)> = came.lines().zip(TEMPLATE.lines()).filter(|(a, b)| a != b).collect();
        assert!(differences.iter().all(|(came, _)| came.contains(MARK) || came.contains("umask")), "{differences:#?}");
        // A package does not know whose home it is; a shell reads both alike.
        let command =
            "exec '/usr/local/bin/fedcred' 'refresh' '--all' &gt;'/home/alice/Library/Caches/fedcred/refresh.log'";
        assert!(came.contains(command) && TEMPLATE.contains(COMMAND), "{came}");
    }

    #[test]
    fn nothing_in_it_is_taken_for_markup() {
        let came = plist(&odd());
        assert!(came.contains("'-50% \"of\" &lt;it'\\''s&gt; $HOME\\'"), "{came}");
        assert!(came.contains("<key>KRB5CCNAME</key>\n    <string>FILE:/tmp/a b%c\"d'e</string>"), "{came}");
        assert!(came.contains("<integer>7200</integer>"));
    }
}
