//! The endpoint of `exec`: a process beside the command that gives out its credentials and ends when it ends.
//!
//! fedcred itself becomes the command ([`crate::process::exec`]), so the endpoint must be another process, and not a child that
//! the command might wait for: it is started by an intermediate process that ends at once. It has a session of its own, so that
//! neither Ctrl-C nor the end of the terminal reaches it. SIGTERM, which a service manager sends to every process of a service,
//! does not end it, since the command may need credentials to stop in order.

use std::ffi::{OsStr, OsString};
use std::io::{BufReader, Read, Write};
use std::process::Stdio;
use std::time::Duration;

use zeroize::Zeroizing;

use super::child_protocol::{self, Fetched, MAX_MESSAGE, Offer};
use super::endpoint::{Endpoint, Reach};
use super::fetch_child::FetchChild;
use super::refresher::{self, Served};
use super::token::Token;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::process::{self_execution, watch};
use crate::serve::aws_files::PrivateFiles;

/// Starts the endpoint of this process with its first credentials.
///
/// `arguments` make this program call [`run`] in a process that [`detach`] has started.
pub fn start(arguments: &[OsString], first: Fetched, shows_its_log: bool) -> Result<Offer> {
    let failed = |why: String| Error::new(Code::Bug, "the endpoint does not start").because(why);
    let mut command = self_execution::program().map_err(|e| failed(e.to_string()))?;
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(if shows_its_log { Stdio::inherit() } else { Stdio::null() });
    let mut intermediate = command.spawn().map_err(|e| failed(e.to_string()))?;
    if let Some(mut stdin) = intermediate.stdin.take() {
        let lines = child_protocol::to_lines(&Ok(first))?;
        stdin.write_all(&lines).map_err(|e| failed(e.to_string()))?;
    }
    // The pipe may stay open: it is the endpoint's stdout too.
    let mut lines = Zeroizing::new(Vec::with_capacity(4 << 10));
    if let Some(stdout) = intermediate.stdout.take() {
        read_lines(stdout, &mut lines).map_err(|e| failed(e.to_string()))?;
    }
    // Waits, so that the command gets no child that it did not start.
    let status = intermediate.wait().map_err(|e| failed(e.to_string()))?;
    if lines.is_empty() {
        return Err(failed(format!("its first process: {status}")));
    }
    child_protocol::from_lines(&lines)
}

/// Reads hello and message only.
fn read_lines(pipe: impl Read, lines: &mut Vec<u8>) -> std::io::Result<()> {
    use std::io::BufRead;
    let mut pipe = BufReader::new(pipe.take(MAX_MESSAGE));
    for _ in 0..2 {
        pipe.read_until(b'\n', lines)?;
    }
    Ok(())
}

/// Starts the process that stays. The intermediate process calls this and then ends.
pub fn detach(arguments: &[OsString]) -> Result<()> {
    let started = self_execution::program().and_then(|mut program| program.args(arguments).spawn());
    started.map(drop).map_err(|e| Error::new(Code::Bug, "the endpoint does not start").because(e.to_string()))
}

/// Runs the endpoint of the process `of`: reads its first credentials, replies with an [`Offer`], and serves until `of` has
/// ended.
pub fn run(profile: &str, of: u32, patience: Duration, child: FetchChild, env: &Env) -> Result<()> {
    watch::leave_session();
    let prepared = prepare(profile, of, patience, child, env);
    let (ready, offer) = match prepared {
        Ok((ready, offer)) => (Ok(ready), Ok(offer)),
        Err(error) => (Err(error.clone()), Err(error)),
    };
    tell(&offer)?;
    let Ready { endpoint, _files, watch } = ready?;
    let served = endpoint.run(|| async {
        watch::ignore_stop_signals()?;
        watch.ended().await;
        Ok(())
    });
    tracing::info!("the command has ended, and its endpoint with it");
    served
}

struct Ready {
    endpoint: Endpoint,
    /// Kept as long as the endpoint.
    _files: PrivateFiles,
    watch: watch::Watch,
}

fn prepare(profile: &str, of: u32, patience: Duration, child: FetchChild, env: &Env) -> Result<(Ready, Offer)> {
    // Begun while `of` waits for the reply, so that `of` is watched and not a later process with the same id.
    let watch = watch::Watch::of(of)?;
    let mut lines = Zeroizing::new(Vec::with_capacity(16 << 10));
    std::io::stdin()
        .take(MAX_MESSAGE)
        .read_to_end(&mut lines)
        .map_err(|e| Error::new(Code::Bug, "the first credentials could not be read").because(e.to_string()))?;
    let first: Fetched = child_protocol::from_lines(&lines)?;
    let token = Token::fresh()?;
    let shown = token.text();
    let mut endpoint = Endpoint::bind(([127, 0, 0, 1], 0).into(), Reach::Loopback, token)?;
    let served = Served { name: profile.to_owned(), patience, first: first.entry };
    for answers in refresher::start(vec![served], child, None, Box::new(|_| ()))? {
        endpoint.add(answers);
    }
    let mut files = PrivateFiles::of(env)?;
    files.token(&shown, env);
    let named = |(name, value): (&str, &OsStr)| (name.to_owned(), value.display().to_string());
    let offer = Offer { url: endpoint.first_url(), token: shown, files: files.variables().map(named).collect() };
    Ok((Ready { endpoint, _files: files, watch }, offer))
}

fn tell(offer: &Result<Offer>) -> Result<()> {
    let failed = |why: std::io::Error| {
        Error::new(Code::Bug, "the address of the endpoint could not be passed on").because(why.to_string())
    };
    let lines = child_protocol::to_lines(offer)?;
    #[allow(clippy::disallowed_methods, reason = "one process of ours tells another")]
    let mut stdout = std::io::stdout();
    stdout.write_all(&lines).and_then(|()| stdout.flush()).map_err(failed)
}
