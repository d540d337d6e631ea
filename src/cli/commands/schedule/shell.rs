//! The job as a shell command, for schedulers that keep no output. Each run replaces the output of the one before, so the file
//! shows the last run and its time.

use std::path::Path;

use super::job::Job;
use crate::quote::shell::posix;
use crate::time::Timestamp;

/// Returns program and arguments, quoted.
pub fn words(job: &Job) -> String {
    let words: Vec<String> =
        std::iter::once(&job.program).chain(&job.arguments).map(|word| posix(word).to_string()).collect();
    words.join(" ")
}

/// Returns `command` with its output written to the job's log.
pub fn logged(job: &Job, command: &str) -> String {
    let quoted = |path: &Path| posix(&path.display().to_string()).to_string();
    let dir = quoted(job.log.parent().unwrap_or(Path::new("/")));
    format!("umask 077; mkdir -p {dir} && {command} >{} 2>&1", quoted(&job.log))
}

/// Returns the time of the last run.
pub fn last_run(log: &Path) -> Option<Timestamp> {
    let changed = std::fs::metadata(log).and_then(|metadata| metadata.modified()).ok()?;
    Timestamp::try_from(changed).ok()
}
