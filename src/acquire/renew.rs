//! The credentials of a profile renewed: what a login for them looks at before it is made, sends, and leaves for others.

use std::time::Duration;

use super::Ask;
use super::cached::{self, life};
use super::fetch;
use super::flight::{Flight, NoResult, at_first_place, single_flight};
use super::memory::{Memory, Seen};
use super::place::{LoginPlace, Slot};
use super::policy::{Accepts, Policy};
use super::schedule::State;
use super::shared::Shared;
use crate::attempt::{CountedSecret, Ledger, NoLedger};
use crate::cache::entry::CacheEntry;
use crate::config::cache::CacheSettings;
use crate::config::profile::{ByHand, Profile};
use crate::credentials::SigningKeys;
use crate::error::{Code, Error, Result};
use crate::identity::Person;
use crate::identity::saml::Assertion;
use crate::identity::trace::Trace;
use crate::identity::{Run, secrets};
use crate::process::env::Env;
use crate::quote::shell::fedcred;
use crate::secret::Secret;
use crate::time::{self, Deadline};

/// A profile, and what is known of it before anybody is asked.
pub struct Renewal<'a> {
    pub profile: &'a Profile,
    pub settings: &'a CacheSettings,
    pub env: &'a Env,
    pub ask: &'a Ask,
    pub slot: Option<Slot>,
    /// Credentials that are due and still good.
    pub due: Option<&'a CacheEntry>,
    /// A secret that a person has just typed, in place of the configured one.
    pub typed: Option<&'a Secret>,
    /// Who waits for the login, and can be asked.
    pub person: Option<&'a dyn Person>,
    pub trace: Option<&'a Trace>,
}

impl Renewal<'_> {
    /// Tries to refresh what is due, which takes no longer than `patience`, of which others who log in as the same identity are
    /// waited for so long. `None`: they are at it, it was tried a short while ago, or nothing new could be kept.
    pub fn refresh(&self, wait: Duration, patience: Duration) -> Result<Option<CacheEntry>> {
        // Only there: what can be kept nowhere would be fetched again by each of the next callers.
        let Some(place) = LoginPlace::in_cache(self.profile, self.settings, self.env) else { return Ok(None) };
        let deadline = Deadline::after(self.profile.deadline.min(patience));
        single_flight(self, &place?, &Policy::early(wait), &deadline).map_err(NoResult::into_error)
    }

    /// New credentials, or the error for having none: there is nothing to fall back on.
    pub fn cold(&self) -> Result<CacheEntry> {
        self.somewhere(self, if self.ask.force { &Policy::FORCED } else { &Policy::COLD })
    }

    /// What `flight` brings at the first place that can keep lock and memory; where there is none, without either.
    pub(super) fn somewhere<F: Flight>(&self, flight: &F, policy: &Policy) -> Result<F::Brought> {
        let deadline = Deadline::after(self.profile.deadline);
        let in_cache = LoginPlace::in_cache(self.profile, self.settings, self.env).map(|place| (place, true));
        let elsewhere = LoginPlace::elsewhere(self.profile, self.env).map(|place| (place, false));
        at_first_place(flight, in_cache.into_iter().chain(elsewhere), policy, &deadline)
            .map_err(|error| self.name_the_way_out(error))
    }

    /// What only a person can give, a person gives by `login`.
    fn name_the_way_out(&self, error: Error) -> Error {
        let name = &self.profile.name;
        match (error.code, &error.hint) {
            (
                Code::PromptNeeded
                | Code::RefreshTokenGone
                | Code::BrowserLoginNeeded
                | Code::LoginAbandoned
                | Code::MfaNeeded,
                None,
            ) => error.hint(fedcred(&["login"], name, &[])),
            (Code::SecretWithoutVerdict, None) => {
                let login = fedcred(&["login", "--use-stored"], name, &[]);
                error.hint(format!("if the secret is right, to try it at once: {login}"))
            }
            (Code::KeyringLocked, None) => {
                error.hint(format!("unlock it, or: {}", fedcred(&["login", "--store", "file"], name, &[])))
            }
            (code, Some(hint)) if is_about_a_page(code) && self.profile.reads_pages() => {
                let save = fedcred(&["inspect"], name, &["--save", "page.html"]);
                let hint = format!("{hint}; to save the page for support: {save}");
                error.hint(hint)
            }
            _ => error,
        }
    }

    /// Without a place for lock and memory nothing can count how often a secret is sent: then none is.
    pub(super) fn check_unlocked(&self, why: Option<Error>) -> Result<()> {
        // And two runs that use one refresh token end its login.
        if self.profile.secret().is_some() || self.profile.keytab().is_some() || self.profile.has_refresh_token() {
            let what = "no secret is sent: there is no directory for the lock and the count of password attempts";
            let hint = "make the cache directory writable, or set FEDCRED_CACHE_DIR or XDG_RUNTIME_DIR to one that is";
            let error = Error::new(Code::CacheWrite, what);
            return Err(match why {
                Some(why) => {
                    let causes = std::iter::once(why.what).chain(why.causes);
                    causes.fold(error, Error::because).hint(why.hint.as_deref().unwrap_or(hint))
                }
                None => error.hint(hint),
            });
        }
        Ok(())
    }

    pub(super) fn run<'r>(&'r self, deadline: &'r Deadline, ledger: &'r dyn Ledger) -> Run<'r> {
        Run { env: self.env, deadline, ledger, typed: self.typed, state: None, person: self.person, trace: self.trace }
    }

    /// The credentials of the profile below. What that fails with, it remembers itself.
    pub(super) fn below(&self, deadline: &Deadline) -> Result<Option<SigningKeys>> {
        fetch::below(self.profile, self.settings, self.ask, self.run(deadline, &NoLedger))
    }

    /// The secret that this login would send, to be compared with earlier ones.
    pub(super) fn own_secret(&self, deadline: &Deadline) -> Result<Option<CountedSecret>> {
        if let Some((setting, source)) = self.profile.secret() {
            return self.run(deadline, &NoLedger).secret(source, setting).map(Some);
        }
        self.profile.keytab().map(|keytab| Ok(CountedSecret::keytab(secrets::keytab(keytab)?))).transpose()
    }

    fn keep(&self, place: &LoginPlace, shared: &Shared<'_>, assertion: &Assertion, generation: u64) {
        if matches!(self.profile.by_hand(), ByHand::Browser | ByHand::Code)
            && let Err(why) = place.note_person(assertion)
        {
            tracing::warn!(%why, "the identity of the login cannot be recorded");
        }
        shared.keep(assertion, generation, place);
    }

    /// The login with the secret that was `typed`, kept where there is a place.
    pub(super) fn bring(
        &self,
        typed: Option<&Secret>,
        place: Option<&LoginPlace>,
        (below, found): (Option<SigningKeys>, Option<Assertion>),
        generation: u64,
        ledger: &dyn Ledger,
        deadline: &Deadline,
    ) -> Result<CacheEntry> {
        let run = Run { state: place.map(|place| place as _), typed, ..self.run(deadline, ledger) };
        let Some(place) = place else {
            let credentials = fetch::fetch(self.profile, below, None, |_| (), run)?;
            return Ok(CacheEntry { credentials, issued: time::now(), generation });
        };
        let shared = Shared::new(self.slot.as_ref(), self.profile, self.env);
        let keep = |assertion: &Assertion| self.keep(place, &shared, assertion, generation);
        let credentials = fetch::fetch(self.profile, below, found, keep, run)?;
        let entry = CacheEntry { credentials, issued: time::now(), generation };
        if let Some(why) = self.slot.as_ref().and_then(|slot| slot.write(&entry, place).err()) {
            // The credentials are good: a full disk costs the next process a login, not this one its answer.
            tracing::warn!(%why, "the result is not cached");
        }
        Ok(entry)
    }
}

impl Flight for Renewal<'_> {
    type Brought = CacheEntry;
    /// The keys of the profile below, and the assertion of an earlier login.
    type Prepared = (Option<SigningKeys>, Option<Assertion>);

    fn found(&self, accepts: Accepts, memory: &Memory, seen: &Seen) -> Result<Option<CacheEntry>> {
        if accepts == Accepts::Nothing {
            return Ok(None);
        }
        let now = time::now();
        let is_news = |entry: &CacheEntry| entry.credentials.expiration > now && memory.is_news(seen, entry.generation);
        let state = |entry: &CacheEntry| cached::state(entry, self.ask.window);
        let entry = self.slot.as_ref().map_or(Ok(None), Slot::read)?;
        Ok(entry.filter(|entry| match accepts {
            Accepts::Fresh => state(entry) == State::Fresh,
            Accepts::NotUsedUp => is_news(entry) || state(entry) != State::Cold,
            Accepts::BegunLater => is_news(entry),
            Accepts::Nothing => false,
        }))
    }

    fn rests(&self, place: &LoginPlace, memory: &Memory) -> bool {
        let failure = memory.last_failure(&place.wanted, time::now()).map(|failure| failure.last);
        self.due.is_some_and(|due| life(due).state(time::now(), self.ask.window, failure) != State::Due)
    }

    fn secret(&self, deadline: &Deadline) -> Result<Option<CountedSecret>> {
        self.own_secret(deadline)
    }

    fn prepare(
        &self,
        accepts: Accepts,
        memory: &Memory,
        seen: &Seen,
        deadline: &Deadline,
    ) -> Result<(Option<SigningKeys>, Option<Assertion>)> {
        let below = self.below(deadline)?;
        let shared = Shared::new(self.slot.as_ref(), self.profile, self.env);
        let found = shared.find(|generation| match accepts {
            // A person wants to log in.
            Accepts::Nothing => false,
            Accepts::BegunLater => memory.is_news(seen, generation),
            Accepts::Fresh | Accepts::NotUsedUp => true,
        });
        Ok((below, found))
    }

    fn log_in(
        &self,
        place: Option<&LoginPlace>,
        (below, found): (Option<SigningKeys>, Option<Assertion>),
        generation: u64,
        ledger: &dyn Ledger,
        deadline: &Deadline,
    ) -> Result<CacheEntry> {
        self.bring(self.typed, place, (below, found), generation, ledger, deadline)
    }

    fn unlocked(&self, why: Option<Error>) -> Result<()> {
        self.check_unlocked(why)
    }
}

/// What can be told better with the page at hand.
fn is_about_a_page(code: Code) -> bool {
    matches!(
        code,
        Code::XpathNoMatch
            | Code::LoginPage
            | Code::LoginFormUnclear
            | Code::NotASamlResponse
            | Code::TooManyRedirects
            | Code::PasswordChangeRequired
    )
}
