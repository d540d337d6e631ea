//! cron: a line in the user's crontab, between two marks.

use std::path::Path;

use super::files::MARK;
use super::job::Job;
use super::{Found, every, shell, tool};
use crate::error::{Code, Error, Result};
use crate::quote::config;
use crate::quote::shell::posix;
use crate::time;

const END: &str = "# End of fedcred's.";

/// Whether this machine has cron.
pub fn answers() -> bool {
    read().is_ok()
}

/// Returns the lines, between their marks.
pub fn lines(job: &Job) -> String {
    let mut command = String::new();
    for (name, value) in &job.environment {
        command.push_str(&format!("{name}={} ", *posix(value)));
    }
    command.push_str(&shell::words(job));
    let command = config::cron(&shell::logged(job, &command));
    format!("# {MARK}\n{} {command}\n{END}\n", job.every.as_cron())
}

pub fn install(job: &Job) -> Result<Vec<String>> {
    let others = split(&read()?)?.others;
    let gap = if others.is_empty() || others.ends_with('\n') { "" } else { "\n" };
    write(&format!("{others}{gap}{}", lines(job)))?;
    let mut told = vec![format!("scheduled: a line of your crontab renews every {}", job.every.in_words())];
    for name in &job.credentials {
        told.push(format!("cron gives no systemd credentials: profiles that read {name} will fail"));
    }
    Ok(told)
}

pub fn remove() -> Result<Option<String>> {
    // Without a crontab there is nothing of ours in it.
    let Ok(text) = read() else { return Ok(None) };
    let Split { others, ours } = split(&text)?;
    if ours.is_none() {
        return Ok(None);
    }
    if others.trim().is_empty() {
        tool::run("crontab", &["-r"], None)?;
    } else {
        write(&others)?;
    }
    Ok(Some("removed: fedcred's line from your crontab".to_owned()))
}

pub fn status(log: &Path) -> Result<Option<Found>> {
    let Ok(text) = read() else { return Ok(None) };
    let Some(ours) = split(&text)?.ours else { return Ok(None) };
    let last = shell::last_run(log);
    let fields: Vec<&str> = ours.split(' ').take(5).collect();
    Ok(Some(Found {
        what: format!("a line of your crontab, {}", fields.join(" ")),
        next: every::next_of_cron(&fields, time::now()),
        last: last.map(time::whole_seconds),
        output: log.display().to_string(),
    }))
}

/// Parts a crontab into what fedcred wrote and the rest.
struct Split {
    others: String,
    ours: Option<String>,
}

fn split(text: &str) -> Result<Split> {
    let mark = format!("# {MARK}\n");
    let Some((before, rest)) = text.split_once(&mark) else {
        return Ok(Split { others: text.to_owned(), ours: None });
    };
    // Without the end mark, the file was changed, and it is not known which lines are fedcred's.
    let Some((ours, after)) = rest.split_once(&format!("{END}\n")) else {
        return Err(Error::new(Code::SchedulerFailed, format!("the line {END:?} is gone from your crontab"))
            .because("so the end of fedcred's lines is unknown")
            .hint("crontab -e"));
    };
    Ok(Split { others: format!("{before}{after}"), ours: Some(ours.to_owned()) })
}

/// Reads the crontab; empty if there is none. Fails if it cannot be read, since it is written anew from the result.
fn read() -> Result<String> {
    match tool::run("crontab", &["-l"], None) {
        Err(error) if error.causes.iter().any(|cause| cause.contains("no crontab for")) => Ok(String::new()),
        read => read,
    }
}

fn write(text: &str) -> Result<()> {
    tool::run("crontab", &["-"], Some(text)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::super::job::tests::{odd, packaged};
    use super::*;

    #[test]
    fn a_line_says_all_of_it() {
        let came = lines(&packaged("/usr/bin/fedcred", "/home/alice/.cache/fedcred/refresh.log"));
        assert_eq!(
            came.lines().nth(1).unwrap(),
            "*/5 * * * * umask 077; mkdir -p '/home/alice/.cache/fedcred' && '/usr/bin/fedcred' 'refresh' '--all' \
             >'/home/alice/.cache/fedcred/refresh.log' 2>&1"
        );
    }

    #[test]
    #[cfg(unix)]
    fn a_shell_reads_back_what_was_meant() {
        let home = tempfile::tempdir().unwrap();
        let job = Job { program: "printf".into(), log: home.path().join("it's here/log"), ..odd() };
        let job = Job { arguments: [&["<%s>".to_owned()][..], &job.arguments].concat(), ..job };
        let line = lines(&job).lines().nth(1).unwrap().to_owned();
        // As cron does it.
        let command = line.splitn(6, ' ').nth(5).unwrap().replace(r"\%", "%");
        let status = std::process::Command::new("sh").args(["-c", &command]).status().unwrap();
        assert!(status.success(), "{command}");
        let expected: String = job.arguments[1..].iter().map(|word| format!("<{word}>")).collect();
        assert_eq!(std::fs::read_to_string(&job.log).unwrap(), expected);
    }

    #[test]
    fn what_others_wrote_stays_as_it_is() {
        let ours = lines(&odd());
        for (before, after) in [("", ""), ("0 1 * * * backup\n", ""), ("", "# mine\n"), ("A=b\n", "\n5 5 * * * x")] {
            let Split { others, ours: found } = split(&format!("{before}{ours}{after}")).unwrap();
            assert_eq!((others, found.is_some()), (format!("{before}{after}"), true));
        }
        assert!(split(&ours.replace(END, "")).is_err());
        assert!(split("0 1 * * * backup").unwrap().ours.is_none());
    }
}
