//! `fedcred serve`: the container endpoint for programs that fedcred did not start.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::cli::args::{Global, Serve};
use crate::cli::output::{self, Text};
use crate::cli::report;
use crate::cli::style::Style;
use crate::config::Config;
use crate::error::{Code, Error, Result, printable};
use crate::process::env::Env;
use crate::process::watch;
use crate::secret::Secret;
use crate::serve::aws_files::PrivateFiles;
use crate::serve::endpoint::{Endpoint, Reach};
use crate::serve::fetch_child::FetchChild;
use crate::serve::path;
use crate::serve::refresher::{self, Change, Served};
use crate::serve::token::Token;
use crate::time::whole_seconds;

pub fn run(asked: &Serve, global: &Global, env: &Env) -> Result<()> {
    if asked.probe {
        return probe(asked.listen);
    }
    let config = Config::load(env, global.config.as_deref())?;
    let names = names(asked, env)?;
    let served = names.iter().map(|name| {
        let profile = config.profile(name)?;
        Ok(Served { name: name.clone(), patience: profile.deadline(), first: None })
    });
    let served = served.collect::<Result<Vec<_>>>()?;
    let token = match &asked.token_file {
        Some(path) => Token::of_file(path)?,
        None => Token::fresh()?,
    };
    let shown = token.text();
    let mut files = PrivateFiles::default();
    let token_file = match &asked.token_file {
        Some(path) => Some(absolute(path)),
        None => {
            files.token(&shown, env);
            files.variables().next().map(|(_, path)| path.display().to_string())
        }
    };
    let reach = Reach::of(asked.allow_non_loopback);
    let mut endpoint = Endpoint::bind(asked.listen, reach, token)?;
    if !asked.listen.ip().is_loopback() {
        output::to_stderr(&Text::of(format!(
            "warning: everyone who can reach {} and has the token gets credentials; http does not encrypt them",
            asked.listen.ip()
        )));
    }
    let metrics = super::metrics::start(&asked.metrics, reach)?;
    let child = FetchChild::new(global.as_arguments(), true);
    let tell = Box::new(|change: &Change<'_>| output::to_stderr(&in_words(change)));
    for answers in refresher::start(served, child, metrics, tell)? {
        endpoint.add(answers);
    }
    output::write(&lines(&endpoint, &names, &shown, token_file.as_deref()))?;
    endpoint.run(watch::stop_signal)
}

/// Fails unless the endpoint at `address` says that each of its profiles has valid credentials.
fn probe(address: SocketAddr) -> Result<()> {
    let failed = |why: String| {
        Error::new(Code::Connect, format!("the endpoint at {address} is not ready"))
            .because(why)
            .hint("read the stderr of `serve`")
    };
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream
            .write_all(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
        let mut answer = Vec::new();
        stream.take(4 << 10).read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().map_err(|why| failed(why.to_string()))?;
    if answer.starts_with(b"HTTP/1.1 200") {
        return Ok(());
    }
    Err(failed("a profile has no valid credentials".to_owned()))
}

const PATIENCE: Duration = Duration::from_secs(2);

/// Returns the names of the profiles to serve, each once.
///
/// Errors: [`Code::BadFlag`] for two names whose paths some clients do not distinguish.
fn names(asked: &Serve, env: &Env) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for name in &asked.profiles {
        if names.contains(name) {
            continue;
        }
        if let Some(other) = names.iter().find(|other| path::is_ambiguous(name, other)) {
            let what = format!(
                "some clients do not distinguish the paths of {:?} and {:?}",
                printable(name, 80),
                printable(other, 80)
            );
            return Err(Error::new(Code::BadFlag, what)
                .because("one name is the other, percent-encoded")
                .hint("serve them by two processes"));
        }
        names.push(name.clone());
    }
    if names.is_empty() {
        names.push(super::profile_name(None, env));
    }
    Ok(names)
}

/// Returns an env file: the first profile's address, the token in both variables, and the other addresses as comments.
fn lines(endpoint: &Endpoint, names: &[String], token: &Secret, token_file: Option<&str>) -> Text {
    let mut text = Text::default();
    for (index, name) in names.iter().enumerate() {
        let comment = if index == 0 { "" } else { "# " };
        text.line(format!("{comment}AWS_CONTAINER_CREDENTIALS_FULL_URI={}", endpoint.url(name)));
    }
    text.line(format!("AWS_CONTAINER_AUTHORIZATION_TOKEN={}", token.expose()));
    if let Some(path) = token_file {
        text.line(format!("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={path}"));
    }
    text
}

fn in_words(change: &Change<'_>) -> Text {
    match change {
        Change::Fails { profile, error, good_until } => {
            let mut error = (*error).clone();
            error.what = format!("no new credentials for {}: {}", printable(profile, 80), error.what);
            if let Some(until) = good_until {
                error.what.push_str(&format!("; the current ones are valid until {}", whole_seconds(*until)));
            }
            report::text(&error, Style::plain())
        }
        Change::Works { profile, good_until } => {
            Text::of(format!("{profile}: new credentials again, valid until {}", whole_seconds(*good_until)))
        }
    }
}

/// Makes the path absolute, since clients run in other directories.
fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
