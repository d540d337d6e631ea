//! `fedcred login` where an OpenID provider asks the person: shows the page to visit, waits, and keeps the refresh token.

use super::login::{PATIENCE, keep, kept_where, logged_in};
use crate::acquire::{fetch, login};
use crate::cli::args::SecretStore;
use crate::cli::output::{self, Text};
use crate::cli::prompt;
use crate::config::cache::CacheSettings;
use crate::config::env::Env;
use crate::config::profile::{Oidc, Profile};
use crate::error::{Result, printable};
use crate::identity::keep::Person;
use crate::identity::oidc::claims::Claims;
use crate::identity::oidc::login::kept::Login as Kept;
use crate::identity::oidc::login::{LoginUi, Page, opener};
use crate::quote::shell::fedcred;
use crate::secret::Secret;
use crate::time::Deadline;

pub fn run(oidc: &Oidc, profile: &Profile, settings: &CacheSettings, store: SecretStore, env: &Env) -> Result<()> {
    prompt::terminal()?;
    let terminal = Terminal { env };
    let tokens = fetch::interactive(oidc, env, &terminal, &Deadline::after(PATIENCE))?;
    let place = match &tokens.refresh_token {
        Some(token) => {
            let [whole, short] = Kept::new(token.duplicate(), Some(tokens.token.duplicate())).written();
            let account = oidc.account();
            let keep = || keep(store, &account, &whole, env).or_else(|_| keep(store, &account, &short, env));
            Some(login::alone(profile, settings, env, keep)?)
        }
        None => None,
    };
    let credentials = login::log_in(profile, settings, env, Some(&tokens.token), None)?;
    let mut text = logged_in(profile, &credentials);
    if let Some(who) = who(&tokens.token) {
        text.line(format!("as {who}; if that is not you: {}", fedcred(&["logout"], &profile.name, &[])));
    }
    match place {
        Some(place) => text += kept_where(&place),
        None => text.line("the provider gave no refresh token, so the next login is due then: see `scope`"),
    }
    output::write(&text)
}

/// As whom the provider knows the person: e-mail address or name where the token has one, and `sub`.
fn who(token: &Secret) -> Option<String> {
    let claims = Claims::read(token).ok()?;
    let names = ["email", "preferred_username", "upn", "name"];
    let name = names.iter().find_map(|name| claims.claim(name)?.as_str()).filter(|name| *name != claims.subject());
    let subject = printable(claims.subject(), 100);
    Some(name.map_or(subject.clone(), |name| format!("{} (sub {subject})", printable(name, 100))))
}

/// The person at the terminal, with or without a browser beside it.
struct Terminal<'a> {
    env: &'a Env,
}

impl LoginUi for Terminal<'_> {
    fn visit(&self, page: &Page<'_>) {
        let is_open = opener::open(page.with_code.unwrap_or(page.url), self.env);
        let lead = if is_open { "The login goes on in your browser; if none opens, visit" } else { "To log in, visit" };
        let mut text = Text::of(format!("{lead}:"));
        text.blank();
        text.line(format!("    {}", page.url));
        text.blank();
        if let Some(code) = page.user_code {
            text.line(format!("and enter the code {code}, or see that it is the one shown there."));
            text.blank();
        }
        // A terminal that has gone takes the person with it: the wait has an end.
        prompt::Terminal.tell(&text);
    }
}
