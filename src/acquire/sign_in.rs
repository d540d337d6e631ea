//! `login` where an OpenID provider asks the person: a flight like any other, in the middle of which a person brings the token.

use super::Ask;
use super::fetch;
use super::flight::Flight;
use super::memory::{Memory, Seen};
use super::place::{LoginPlace, Slot};
use super::policy::{Accepts, Policy};
use super::renew::Renewal;
use crate::attempt::{CountedSecret, Ledger};
use crate::cache::entry::CacheEntry;
use crate::config::cache::CacheSettings;
use crate::config::profile::{Oidc, Profile};
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::identity::oidc::login::{LoginUi, Tokens};
use crate::process::env::Env;
use crate::secret::Secret;
use crate::time::Deadline;

/// What came of it.
pub struct SignedIn<K> {
    pub credentials: Credentials,
    /// As whom the provider knows the person.
    pub token: Secret,
    pub kept: K,
}

/// Has a person log in at the provider `oidc`, which is that of `profile`, as `ui` shows them how, and takes the token to STS.
///
/// `keep` takes the refresh token, before STS is asked and while nobody else logs in as this identity.
pub fn sign_in<K>(
    profile: &Profile,
    oidc: &Oidc,
    settings: &CacheSettings,
    env: &Env,
    ui: &dyn LoginUi,
    keep: &dyn Fn(&Tokens) -> Result<K>,
) -> Result<SignedIn<K>> {
    let ask = Ask { window: None, force: true, use_cache: true };
    let slot = Slot::of(profile, settings, env)?;
    let renewal =
        Renewal { profile, settings, env, ask: &ask, slot, due: None, typed: None, person: None, trace: None };
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

    fn found(&self, _: Accepts, _: &Memory, _: &Seen) -> Result<Option<Self::Brought>> {
        Ok(None)
    }

    fn rests(&self, _: &LoginPlace, _: &Memory) -> bool {
        false
    }

    fn secret(&self, deadline: &Deadline) -> Result<Option<CountedSecret>> {
        self.renewal.own_secret(deadline)
    }

    fn prepare(&self, _: Accepts, _: &Memory, _: &Seen, _: &Deadline) -> Result<()> {
        Ok(())
    }

    fn log_in(
        &self,
        place: Option<&LoginPlace>,
        (): (),
        generation: u64,
        ledger: &dyn Ledger,
        deadline: &Deadline,
    ) -> Result<Self::Brought> {
        let tokens = fetch::interactive(self.oidc, self.renewal.profile, self.ui, self.renewal.run(deadline, ledger))?;
        let kept = (self.keep)(&tokens)?;
        let entry = self.renewal.bring(Some(&tokens.token), place, (None, None), generation, ledger, deadline)?;
        Ok((entry, tokens, kept))
    }

    fn unlocked(&self, why: Option<Error>) -> Result<()> {
        self.renewal.check_unlocked(why)
    }
}
