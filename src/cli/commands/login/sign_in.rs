//! `fedcred login` where an OpenID provider asks the person: shows the page to visit, waits, and keeps the refresh token.

use std::time::Duration;

use super::{PATIENCE, keep, kept_where, logged_in};
use crate::acquire::sign_in::{SignedIn, sign_in};
use crate::cli::args::Login as Asked;
use crate::cli::output::{self, Text};
use crate::cli::prompt;
use crate::config::cache::CacheSettings;
use crate::config::profile::{Oidc, Profile};
use crate::error::{Code, Error, Result, printable};
use crate::identity::Person;
use crate::identity::oidc::claims::Claims;
use crate::identity::oidc::login::stored_login::{InSecretStore, StoredLogin};
use crate::identity::oidc::login::{LoginUi, Page, RefreshTokenStore, Tokens, opener};
use crate::process::env::Env;
use crate::quote::shell::fedcred;
use crate::secret::Secret;

/// How long a first login waits for an objection.
const TO_REFUSE: Duration = Duration::from_secs(5);

pub fn run(oidc: &Oidc, profile: &Profile, settings: &CacheSettings, asked: &Asked, env: &Env) -> Result<()> {
    prompt::terminal()?;
    let terminal = Terminal { env };
    let store = asked.store;
    let profile = Profile { deadline: profile.deadline.max(PATIENCE), ..profile.clone() };
    let keep = |tokens: &Tokens| {
        if !asked.yes {
            refusable(oidc, &tokens.token, &profile, env)?;
        }
        let Some(token) = &tokens.refresh_token else { return Ok(None) };
        let [whole, short] = StoredLogin::new(token.duplicate(), Some(tokens.token.duplicate())).written();
        let account = oidc.account();
        keep(store, &account, &whole, env).or_else(|_| keep(store, &account, &short, env)).map(Some)
    };
    let SignedIn { credentials, token, kept: place } = sign_in(&profile, (oidc, &terminal), settings, env, &keep)?;
    let mut text = logged_in(&profile, &credentials);
    if let Some(who) = who(&token) {
        text.line(format!("as {who}; if that is not you: {}", fedcred(&["logout"], &profile.name, &[])));
    }
    match place {
        Some(place) => text += kept_where(&place),
        None => text.line("the provider issued no refresh token, so you have to log in again then: see `scope`"),
    }
    output::write(&text)
}

/// Asks whether the person is the right one, if the provider names another person than last time, or at the first login: a
/// browser may be logged in as somebody else, and asks nothing then.
///
/// Errors: [`Code::LoginAbandoned`] after a no.
fn refusable(oidc: &Oidc, token: &Secret, profile: &Profile, env: &Env) -> Result<()> {
    let Some(who) = who(token) else { return Ok(()) };
    let sub = Claims::read(token).map(|claims| claims.subject().to_owned()).ok();
    let last = InSecretStore::of(oidc, env).load().ok().flatten().map(StoredLogin::read);
    let last = last.as_ref().and_then(StoredLogin::sub);
    let (question, patience) = match last {
        Some(last) if Some(last) == sub.as_deref() => return Ok(()),
        Some(last) => {
            (format!("Logged in as {who}, and last time as {}. Continue? [Y/n] ", printable(last, 100)), None)
        }
        None => {
            let seconds = TO_REFUSE.as_secs();
            (format!("Logged in as {who}. Continue? [Y/n] (yes after {seconds} s) "), Some(TO_REFUSE))
        }
    };
    match prompt::agrees(&question, patience)? {
        true => Ok(()),
        false => Err(Error::new(
            Code::LoginAbandoned,
            format!("the login as {who} was refused, and nothing of it is stored"),
        )
        .hint(format!(
            "log out of {} in the browser, or use another one, then: {}",
            oidc.issuer,
            fedcred(&["login"], &profile.name, &[])
        ))),
    }
}

/// Returns how the provider names the person: e-mail address or name if the token has one, and `sub`.
pub(in crate::cli::commands) fn who(token: &Secret) -> Option<String> {
    let claims = Claims::read(token).ok()?;
    let names = ["email", "preferred_username", "upn", "name"];
    let name = names.iter().find_map(|name| claims.claim(name)?.as_str()).filter(|name| *name != claims.subject());
    let subject = printable(claims.subject(), 100);
    Some(name.map_or(subject.clone(), |name| format!("{} (sub {subject})", printable(name, 100))))
}

/// The person at the terminal, with or without a browser beside it.
pub(in crate::cli::commands) struct Terminal<'a> {
    pub env: &'a Env,
}

impl LoginUi for Terminal<'_> {
    fn visit(&self, page: &Page<'_>) {
        let is_open = opener::open(page.with_code.unwrap_or(page.url), self.env);
        let lead =
            if is_open { "The login continues in your browser; if none opens, visit" } else { "To log in, visit" };
        let mut text = Text::of(format!("{lead}:"));
        text.blank();
        text.line(format!("    {}", page.url));
        text.blank();
        if let Some(code) = page.user_code {
            text.line(format!("and enter the code {code}, or check that it is the one shown there."));
            text.blank();
        }
        // Without a terminal nobody can answer any more.
        prompt::Terminal.tell(&text);
    }
}
