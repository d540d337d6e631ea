//! The endpoint of `exec`: a process beside the command that hands out its credentials and goes when it goes.
//!
//! fedcred itself becomes the command ([`crate::process::exec`]), so the endpoint must be another process, and none that the
//! command could take for a child of its own and wait for: it is started by an intermediate that ends at once. It has a
//! session of its own, so that neither Ctrl-C nor the end of the terminal is for it; and SIGTERM, which a service manager sends
//! to every process of a service, does not end it, since the command may still need credentials to stop in order.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::endpoint::Endpoint;
use super::token::Token;
use super::{handout, refresher};
use crate::cache::entry::CacheEntry;
use crate::config::env::Env;
use crate::error::{Code, Error, Result};
use crate::process::aws_files::PrivateFiles;
use crate::process::{life, own};
use crate::secret::Secret;

/// What the command is to be told.
pub struct Offer {
    pub url: String,
    pub token: Secret,
    /// Variables and the files that they are to name.
    pub files: Vec<(String, OsString)>,
}

/// An [`Offer`] or an error on the pipe.
#[derive(Serialize, Deserialize)]
enum Reply {
    Offer { url: String, token: String, files: Vec<(String, OsString)> },
    Error(Error),
}

/// Longer than any reply.
const MAX_REPLY: u64 = 64 << 10;

/// Starts the companion of this process with the credentials that it begins with.
///
/// `arguments` bring this program to call [`run`] in a process that [`detach`] has started.
pub fn start(arguments: &[OsString], first: CacheEntry, shows_its_log: bool) -> Result<Offer> {
    let failed = |why: String| Error::new(Code::Bug, "the endpoint does not start").because(why);
    let mut command = own::program().map_err(|e| failed(e.to_string()))?;
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(if shows_its_log { Stdio::inherit() } else { Stdio::null() });
    let mut intermediate = command.spawn().map_err(|e| failed(e.to_string()))?;
    if let Some(mut stdin) = intermediate.stdin.take() {
        let line = handout::to_line(&Ok(first))?;
        stdin.write_all(&line).map_err(|e| failed(e.to_string()))?;
    }
    let mut line = Zeroizing::new(String::new());
    if let Some(stdout) = intermediate.stdout.take() {
        BufReader::new(stdout.take(MAX_REPLY)).read_line(&mut line).map_err(|e| failed(e.to_string()))?;
    }
    // Nobody's child is left to the command.
    let status = intermediate.wait().map_err(|e| failed(e.to_string()))?;
    match serde_json::from_str(&line) {
        Ok(Reply::Offer { url, token, files }) => Ok(Offer { url, token: Secret::new(token), files }),
        Ok(Reply::Error(error)) => Err(error),
        Err(_) => Err(failed(format!("its first process: {status}"))),
    }
}

/// The intermediate: starts the process that stays, and is to end at once.
pub fn detach(arguments: &[OsString]) -> Result<()> {
    let started = own::program().and_then(|mut program| program.args(arguments).spawn());
    started.map(drop).map_err(|e| Error::new(Code::Bug, "the endpoint does not start").because(e.to_string()))
}

/// The companion of the process `of`: reads its first credentials, replies with an [`Offer`], and serves until `of` has ended.
pub fn run(profile: &str, of: u32, env: &Env, ask: impl FnMut() -> Result<CacheEntry> + Send + 'static) -> Result<()> {
    life::leave_session();
    let prepared = prepare(profile, of, env, ask);
    let reply = match &prepared {
        Ok((endpoint, files, token, _)) => Reply::Offer {
            url: endpoint.url(profile),
            token: token.expose().to_owned(),
            files: files.variables().map(|(name, path)| (name.to_owned(), path.into())).collect(),
        },
        Err(error) => Reply::Error(error.clone()),
    };
    tell(&reply)?;
    let (endpoint, _files, _, watch) = prepared?;
    let served = endpoint.run(|| async {
        life::ignore_stop_signals()?;
        watch.ended().await;
        Ok(())
    });
    tracing::info!("the command has ended, and its endpoint with it");
    served
}

type Prepared = (Endpoint, PrivateFiles, Secret, life::Watch);

fn prepare(
    profile: &str,
    of: u32,
    env: &Env,
    ask: impl FnMut() -> Result<CacheEntry> + Send + 'static,
) -> Result<Prepared> {
    // Begun while `of` waits for the reply, so that it is `of` that is watched, and not a later process of that number.
    let watch = life::Watch::of(of)?;
    let mut line = Zeroizing::new(Vec::with_capacity(16 << 10));
    std::io::stdin()
        .take(MAX_REPLY)
        .read_to_end(&mut line)
        .map_err(|e| Error::new(Code::Bug, "the first credentials do not come").because(e.to_string()))?;
    let first = handout::from_line(&line)?;
    let token = Token::fresh()?;
    let shown = token.text();
    let mut endpoint = Endpoint::bind(([127, 0, 0, 1], 0).into(), token)?;
    endpoint.add(refresher::start(profile.to_owned(), Some(first), ask)?);
    Ok((endpoint, PrivateFiles::of(env)?, shown, watch))
}

fn tell(reply: &Reply) -> Result<()> {
    let failed = |why: String| Error::new(Code::Bug, "nobody reads where the endpoint is").because(why);
    let mut line = Zeroizing::new(serde_json::to_vec(reply).map_err(|e| failed(e.to_string()))?);
    line.push(b'\n');
    #[allow(clippy::disallowed_methods, reason = "one process of ours tells another")]
    let mut stdout = std::io::stdout();
    stdout.write_all(&line).and_then(|()| stdout.flush()).map_err(|e| failed(e.to_string()))
}
