//! `login` where an OpenID provider asks the person: a login like any other, for which a person brings the token.

use super::ask::Ask;
use super::fetch;
use super::flight::{Flight, Known, Login};
use super::place::Slot;
use super::policy::Policy;
use super::renew::Renewal;
use crate::attempt::CountedSecret;
use crate::cache::entry::CacheEntry;
use crate::config::cache::CacheSettings;
use crate::config::profile::{Oidc, Profile};
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::identity::oidc::login::{LoginUi, Tokens};
use crate::process::env::Env;
use crate::secret::Secret;
use crate::time::Deadline;

/// The result of [`sign_in`].
pub struct SignedIn<K> {
    pub credentials: Credentials,
    /// The token that names the person.
    pub token: Secret,
    pub kept: K,
}

/// Has a person log in at `oidc`, the provider of `profile`, guided by `ui`, and sends the token to STS.
///
/// `keep` stores the refresh token, before STS is asked and while no other process logs in as this identity.
pub fn sign_in<K>(
    profile: &Profile,
    (oidc, ui): (&Oidc, &dyn LoginUi),
    settings: &CacheSettings,
    env: &Env,
    keep: &dyn Fn(&Tokens) -> Result<K>,
) -> Result<SignedIn<K>> {
    let ask = Ask { force: true, ..Ask::USUAL };
    let renewal = Renewal { slot: Slot::of(profile, settings, env)?, ..Renewal::new(profile, settings, env, &ask) };
    let (entry, tokens, kept) = renewal.somewhere(&SignIn { renewal: &renewal, oidc, ui, keep }, &Policy::BY_HAND)?;
    Ok(SignedIn { credentials: entry.credentials, token: tokens.token, kept })
}

struct SignIn<'a, K> {
    renewal: &'a Renewal<'a>,
    oidc: &'a Oidc,
    ui: &'a dyn LoginUi,
    keep: &'a dyn Fn(&Tokens) -> Result<K>,
}

impl<K> Flight for SignIn<'_, K> {
    type Brought = (CacheEntry, Tokens, K);
    type Prepared = ();

    fn secret(&self, deadline: &Deadline) -> Result<Option<CountedSecret>> {
        self.renewal.own_secret(deadline)
    }

    fn prepare(&self, _: &Known<'_>, _: &Deadline) -> Result<()> {
        Ok(())
    }

    fn log_in(&self, (): (), login: &Login<'_>) -> Result<Self::Brought> {
        let SignIn { renewal, oidc, ui, keep } = self;
        let tokens = fetch::interactive(oidc, renewal.profile, *ui, renewal.run(login.deadline, login.ledger))?;
        let kept = keep(&tokens)?;
        let entry = renewal.log_in_with(Some(&tokens.token), (None, None), login)?;
        Ok((entry, tokens, kept))
    }

    fn unlocked(&self, why: Option<Error>) -> Result<()> {
        self.renewal.check_unlocked(why)
    }
}
