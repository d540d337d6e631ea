//! `fedcred serve`: the container endpoint for programs that were not started by us.

use std::path::Path;

use crate::cli::args::{Global, Serve};
use crate::cli::output::{self, Text};
use crate::config::Config;
use crate::config::env::Env;
use crate::error::Result;
use crate::process::life;
use crate::serve::endpoint::Endpoint;
use crate::serve::refresher;
use crate::serve::token::Token;

pub fn run(asked: &Serve, global: &Global, env: &Env) -> Result<()> {
    let config = Config::load(env, global.config.as_deref())?;
    let mut names = asked.profiles.clone();
    if names.is_empty() {
        names.push(super::profile_name(None, env));
    }
    let profiles = names.iter().map(|name| config.profile(name)).collect::<Result<Vec<_>>>()?;
    let token = match &asked.token_file {
        Some(path) => Token::of_file(path)?,
        None => Token::fresh()?,
    };
    let told = match &asked.token_file {
        Some(path) => ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", absolute(path)),
        None => ("AWS_CONTAINER_AUTHORIZATION_TOKEN", token.text().expose().to_owned()),
    };
    let mut endpoint = Endpoint::bind(asked.listen, token)?;
    for profile in &profiles {
        let ask = super::ask_apart(global, &profile.name, profile.deadline);
        endpoint.add(refresher::start(profile.name.clone(), None, ask)?);
    }
    output::write(&lines(&endpoint, &names, told))?;
    endpoint.run(life::stop_signal)
}

/// An env file: the first profile's address and the token; the others' addresses as comments.
fn lines(endpoint: &Endpoint, names: &[String], (variable, value): (&str, String)) -> Text {
    let mut text = Text::default();
    for (index, name) in names.iter().enumerate() {
        let comment = if index == 0 { "" } else { "# " };
        text.line(format!("{comment}AWS_CONTAINER_CREDENTIALS_FULL_URI={}", endpoint.url(name)));
    }
    text + Text::of(format!("{variable}={value}"))
}

/// Clients run in other directories.
fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
