//! The job as a shell's command, for schedulers that keep no output: each run's replaces the one before, so that it tells of
//! the last one, and when that was.

use std::path::Path;

use super::job::Job;
use crate::quote::shell::posix;
use crate::time::Timestamp;

/// Program and arguments.
pub fn words(job: &Job) -> String {
    let words: Vec<String> =
        std::iter::once(&job.program).chain(&job.arguments).map(|word| posix(word).to_string()).collect();
    words.join(" ")
}

/// `command`, with its output in the job's log.
pub fn logged(job: &Job, command: &str) -> String {
    let quoted = |path: &Path| posix(&path.display().to_string()).to_string();
    let dir = quoted(job.log.parent().unwrap_or(Path::new("/")));
    format!("umask 077; mkdir -p {dir} && {command} >{} 2>&1", quoted(&job.log))
}

/// When the job's output was last written.
pub fn last_run(log: &Path) -> Option<Timestamp> {
    let changed = std::fs::metadata(log).and_then(|metadata| metadata.modified()).ok()?;
    Timestamp::try_from(changed).ok()
}
