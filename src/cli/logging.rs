//! `-v`, `-vv` and `--log-file`: what fedcred itself tells, never what a library does, never a page or a secret.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::Arc;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::args::Global;
use super::output::{self, LogLines};
use crate::config::env::Env;
use crate::error::{Code, Error, Result};

/// Starts what was asked for. Without `-v` and log file nothing is built.
pub fn start(global: &Global, env: &Env) -> Result<()> {
    let log_file = global.log_file.clone().or_else(|| env.path("FEDCRED_LOG"));
    if global.verbose == 0 && log_file.is_none() {
        return Ok(());
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
    let file = log_file.as_deref().map(open).transpose()?.map(|file| {
        let file = Arc::new(file);
        tracing_subscriber::fmt::layer()
            .with_writer(move || LogLines(file.clone()))
            .with_ansi(false)
            .with_filter(ours(LevelFilter::from_level(Level::DEBUG)))
    });
    // A second start (tests run several commands in one process) keeps the first listener.
    let _ = tracing_subscriber::registry().with(stderr).with(file).try_init();
    Ok(())
}

fn ours(level: LevelFilter) -> Targets {
    Targets::new().with_target("fedcred", level)
}

/// Appended to, made 0600, never through a symbolic link that somebody left there.
fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let no_follow = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
        options.mode(0o600).custom_flags(no_follow);
    }
    options.open(path).map_err(|e| {
        Error::new(Code::FileUnreadable, format!("cannot open the log file {}", path.display())).because(e.to_string())
    })
}
