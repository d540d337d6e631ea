//! `fedcred login` where an OpenID provider asks the person: shows the page to visit, waits, and keeps the refresh token.

use std::cell::RefCell;
use std::fs::File;
use std::io::Write;

use super::login::{PATIENCE, keep, kept_where, logged_in};
use crate::acquire::{fetch, login};
use crate::cli::args::SecretStore;
use crate::cli::{output, prompt};
use crate::config::cache::CacheSettings;
use crate::config::env::Env;
use crate::config::profile::{Oidc, Profile};
use crate::error::Result;
use crate::identity::oidc::login::{LoginUi, Page, opener};
use crate::time::Deadline;

pub fn run(oidc: &Oidc, profile: &Profile, settings: &CacheSettings, store: SecretStore, env: &Env) -> Result<()> {
    let terminal = Terminal { device: RefCell::new(prompt::terminal()?), env };
    let tokens = fetch::interactive(oidc, env, &terminal, &Deadline::after(PATIENCE))?;
    let place = match &tokens.refresh_token {
        Some(token) => {
            let keep = || keep(store, &oidc.account(), token, env);
            Some(login::alone(profile, settings, env, keep)?)
        }
        None => None,
    };
    let credentials = login::log_in(profile, settings, env, Some(&tokens.token), None)?;
    let mut text = logged_in(profile, &credentials);
    match place {
        Some(place) => text.push_str(&kept_where(&place)),
        None => text.push_str("the provider gave no refresh token, so the next login is due then: see `scope`\n"),
    }
    output::write(&text)
}

/// The person at the terminal, with or without a browser beside it.
struct Terminal<'a> {
    device: RefCell<File>,
    env: &'a Env,
}

impl LoginUi for Terminal<'_> {
    fn visit(&self, page: &Page<'_>) {
        let is_open = opener::open(page.with_code.unwrap_or(page.url), self.env);
        let lead = if is_open { "The login goes on in your browser; if none opens, visit" } else { "To log in, visit" };
        let mut text = format!("{lead}:\n\n    {}\n\n", page.url);
        if let Some(code) = page.user_code {
            text.push_str(&format!("and enter the code {code}, or see that it is the one shown there.\n\n"));
        }
        // A terminal that has gone takes the person with it: the wait has an end.
        let _ = self.device.borrow_mut().write_all(text.as_bytes());
    }
}
