//! Task Scheduler: a task of the user's own, on Windows.

use std::io;
use std::path::Path;

use super::files::MARK;
use super::job::{Job, comment, fill};
use super::{Found, tool};
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::process::private_dir::PrivateDir;
use crate::quote::config;

/// The task as packages install it; [`fill`] replaces what differs for this user.
const TEMPLATE: &str = include_str!("../../../../packaging/windows/fedcred-refresh.xml");
const WHAT: &str = "Renews AWS credentials before they end.";
const ARGUMENTS: &str = "/d /v:off /s /c \"\"fedcred.exe\" \"refresh\" \"--all\" &gt;\"%LOCALAPPDATA%\\fedcred\\cache\\refresh.log\" 2&gt;&amp;1\"";

/// Returns the task as XML, and notes on variables that `cmd.exe` cannot set.
///
/// Errors: [`Code::InvalidValue`] for a word that cannot be quoted for `cmd.exe`.
fn task(job: &Job) -> Result<(String, Vec<String>)> {
    let (mut command, mut left_out) = (String::new(), Vec::new());
    for (name, value) in &job.environment {
        match config::cmd(&format!("{name}={value}")) {
            Ok(assignment) => command.push_str(&format!("set {assignment}&& ")),
            Err(_) => left_out.push(format!("{name} has a value that cmd.exe changes: the job runs without it")),
        }
    }
    for word in std::iter::once(&job.program).chain(&job.arguments) {
        command.push_str(&config::cmd(word)?);
        command.push(' ');
    }
    let log = config::cmd(&job.log.display().to_string())?;
    // With /s, cmd.exe removes the outermost quotes and nothing else (cmd /?).
    let arguments = format!("/d /v:off /s /c \"{command}>{log} 2>&1\"");
    let interval = format!("PT{}M", job.every.duration().as_secs() / 60);
    let parts = [
        // Task Scheduler drops comments, so the description has the mark, too.
        (comment(TEMPLATE), MARK.to_owned()),
        (WHAT, MARK.to_owned()),
        ("PT5M", interval),
        (ARGUMENTS, config::xml(&arguments)),
    ];
    Ok((fill(TEMPLATE, &parts), left_out))
}

pub fn xml(job: &Job) -> Result<String> {
    task(job).map(|(xml, _)| xml)
}

pub fn install(job: &Job, env: &Env) -> Result<Vec<String>> {
    let (xml, left_out) = task(job)?;
    check(env)?;
    let unwritable = |why: io::Error| {
        Error::new(Code::SchedulerFailed, "the task's file cannot be written").because(why.to_string())
    };
    let dir = PrivateDir::make(env).map_err(unwritable)?;
    // UTF-16 with a byte order mark, as `schtasks /query /xml` writes it.
    let bytes: Vec<u8> = format!("\u{feff}{xml}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file = dir.write("task.xml", &bytes).map_err(unwritable)?;
    let name = name(env);
    tool::run("schtasks", &["/create", "/f", "/tn", &name, "/xml", &file.display().to_string()], None)?;
    let mut told =
        vec![format!("scheduled: the task {name} renews every {}, while you are logged in", job.every.in_words())];
    told.extend(left_out);
    for name in &job.credentials {
        told.push(format!("Task Scheduler gives no systemd credentials: profiles that read {name} will fail"));
    }
    Ok(told)
}

pub fn remove(env: &Env) -> Result<Option<String>> {
    if registered(env).is_none_or(|xml| !xml.contains(MARK)) {
        return Ok(None);
    }
    let name = name(env);
    tool::run("schtasks", &["/delete", "/f", "/tn", &name], None)?;
    Ok(Some(format!("removed: the task {name}")))
}

pub fn status(env: &Env, log: &Path) -> Option<Found> {
    let xml = registered(env).filter(|xml| xml.contains(MARK))?;
    let minutes: Option<i64> =
        xml.split_once("<Interval>PT").and_then(|(_, rest)| rest.split_once('M')?.0.parse().ok());
    Some(Found::by_log(format!("the task {} of Task Scheduler", name(env)), log, minutes.map(|minutes| minutes * 60)))
}

/// Fails if there is a task of this name that fedcred did not register.
fn check(env: &Env) -> Result<()> {
    match registered(env) {
        Some(xml) if !xml.contains(MARK) => {
            Err(Error::new(Code::SchedulerFailed, format!("the task {} is not fedcred's", name(env)))
                .because("`fedcred schedule install` did not write it, so it does not replace it")
                .hint("rename it in Task Scheduler"))
        }
        _ => Ok(()),
    }
}

/// Returns the XML of the task that is registered under this name.
fn registered(env: &Env) -> Option<String> {
    if !cfg!(windows) {
        return None;
    }
    tool::run("schtasks", &["/query", "/xml", "/tn", &name(env)], None).ok()
}

/// Returns the task's name. It has the user's name in it, since all users' tasks share one folder.
fn name(env: &Env) -> String {
    let user = env.text("USERNAME").unwrap_or_default();
    let user: String = user.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')).collect();
    ["fedcred-refresh", &user].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use quick_xml::events::Event;

    use super::super::job::tests::{odd, packaged};
    use super::*;

    /// The text of an element, as a reader of XML has it.
    fn element(xml: &str, name: &str) -> String {
        let mut reader = quick_xml::Reader::from_str(xml);
        let (mut text, mut is_inside) = (String::new(), false);
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) if start.name().as_ref() == name => is_inside = true,
                Event::End(end) if end.name().as_ref() == name => is_inside = false,
                Event::Text(part) if is_inside => text.push_str(&part.into_inner()),
                Event::GeneralRef(part) if is_inside => {
                    text.push_str(quick_xml::escape::resolve_xml_entity(&part.into_inner()).unwrap());
                }
                Event::Eof => return text,
                _ => {}
            }
        }
    }

    #[test]
    fn what_a_package_holds_is_what_would_be_installed() {
        let job = packaged(r"C:\Program Files\fedcred\fedcred.exe", r"C:\Users\o'hara & co\refresh.log");
        let came = xml(&job).unwrap();
        let differences: Vec<&str> =
            came.lines().zip(TEMPLATE.lines()).filter(|(a, b)| a != b).map(|(came, _)| came).collect();
        assert!(
            differences.len() == 3
                && differences.iter().all(|came| came.contains(MARK) || came.contains("cmd") || came.contains("/s /c")),
            "{differences:#?}"
        );
        assert_eq!(
            element(&came, "Arguments"),
            r#"/d /v:off /s /c ""C:\Program Files\fedcred\fedcred.exe" "refresh" "--all" >"C:\Users\o'hara & co\refresh.log" 2>&1""#
        );
        assert_eq!((element(&came, "Description").as_str(), element(&came, "Interval").as_str()), (MARK, "PT5M"));
        assert!(TEMPLATE.contains(ARGUMENTS));
    }

    #[test]
    fn what_cmd_would_change_is_refused_or_left_out() {
        assert_eq!(xml(&odd()).unwrap_err().code, Code::InvalidValue, "a percent sign and quotes in an argument");
        let mut job = packaged(r"C:\fedcred.exe", r"C:\refresh.log");
        job.environment = vec![
            ("AWS_REGION".into(), "eu-west-1".into()),
            ("NO_PROXY".into(), "a&b<c>|^".into()),
            ("KRB5CCNAME".into(), "FILE:%TEMP%\\cc".into()),
        ];
        let (xml, left_out) = task(&job).unwrap();
        let expected = r#"/d /v:off /s /c "set "AWS_REGION=eu-west-1"&& set "NO_PROXY=a&b<c>|^"&& "C:\fedcred.exe" "refresh" "--all" >"C:\refresh.log" 2>&1""#;
        assert_eq!(element(&xml, "Arguments"), expected);
        assert!(left_out.len() == 1 && left_out[0].contains("KRB5CCNAME"), "{left_out:?}");
    }
}
