//! `-v`, `-vv`, `--log-file` and the line of progress. Only fedcred's own events are shown, none of a library; no page, no secret.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::Arc;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::args::{Command, Global};
use super::output::{self, LogLines};
use super::progress;
use crate::error::{Code, Error, Result};
use crate::file::{self, Fault, kind};
use crate::process::env::Env;

/// Starts logging as the flags say. Without `-v`, a log file or a terminal nothing is built.
///
/// Returns why the log file cannot be written. That is only a warning: credentials matter more than the log.
pub fn start(global: &Global, command: &Command, env: &Env) -> Option<Error> {
    let log_file = global.log_file.clone().or_else(|| env.path("FEDCRED_LOG"));
    // With `-v` the log shows the steps already; for a long-lived command the line would never end.
    let progress = progress::layer(!global.quiet && global.verbose == 0 && !command.is_long_lived());
    if global.verbose == 0 && log_file.is_none() && progress.is_none() {
        return None;
    }
    let on_stderr = match global.verbose {
        0 => LevelFilter::OFF,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let stderr = tracing_subscriber::fmt::layer()
        .with_writer(output::log_to_stderr)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .with_filter(ours(on_stderr));
    let (file, fault) = match log_file.as_deref().map(open).transpose() {
        Ok(file) => (file, None),
        Err(fault) => (None, Some(fault)),
    };
    let file = file.map(|file| {
        let file = Arc::new(file);
        tracing_subscriber::fmt::layer()
            .with_writer(move || LogLines(file.clone()))
            .with_ansi(false)
            .with_filter(ours(LevelFilter::from_level(Level::DEBUG)))
    });
    // A second start in one process, as in tests, keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(stderr).with(file).with(progress).try_init();
    fault
}

fn ours(level: LevelFilter) -> Targets {
    Targets::new().with_target("fedcred", level)
}

/// Opens the log for appending, made with mode 0600. Refuses links, pipes, devices and other users' files.
fn open(path: &Path) -> Result<File> {
    file::check_name(path, &kind::LOG).map_err(|fault| fault.error(Code::FileUnreadable))?;
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path).map_err(|error| Fault::of_open(&kind::LOG, path, error));
    let file = file.and_then(|file| file::check_opened(&file, path, &kind::LOG).map(|_| file));
    file.map_err(|fault| fault.error(Code::FileUnreadable))
}
