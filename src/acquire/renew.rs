//! The credentials of a profile: taken from the cache, or renewed by a login for all that want them.

use std::time::Duration;

use super::ask::{Ask, EARLY, Given};
use super::cached::{self, life};
use super::fetch;
use super::flight::{Flight, Known, Login, NoResult, acquire, acquire_anywhere};
use super::memory::Memory;
use super::place::{self, LoginPlace, Slot};
use super::policy::{Accepts, Policy};
use super::schedule::State;
use super::shared::Shared;
use crate::attempt::{CountedSecret, Ledger, NoLedger};
use crate::cache::entry::CacheEntry;
use crate::config::cache::CacheSettings;
use crate::config::profile::{AssumeRole, Base, ByHand, Identity, Profile};
use crate::credentials::SigningKeys;
use crate::error::{Code, Error, Result};
use crate::identity::Person;
use crate::identity::saml::Assertion;
use crate::identity::trace::Trace;
use crate::identity::{Run, secrets};
use crate::process::env::Env;
use crate::process::recursion::RecursionGuard;
use crate::quote::shell::fedcred;
use crate::secret::Secret;
use crate::time::{self, Deadline};

/// Returns credentials for `profile`. `patience`: how long a refresh ahead of time may take.
pub fn given(profile: &Profile, settings: &CacheSettings, env: &Env, ask: &Ask, patience: Duration) -> Result<Given> {
    let Identity::Base(base) = &profile.identity else {
        return entry(profile, settings, env, ask, patience).map(Given::Entry);
    };
    RecursionGuard::of(env).check(&profile.name)?;
    fetch::base(base, &profile.name, env, &Deadline::after(profile.deadline)).map(Given::Keys)
}

fn entry(profile: &Profile, settings: &CacheSettings, env: &Env, ask: &Ask, patience: Duration) -> Result<CacheEntry> {
    let state = |entry: &CacheEntry| cached::state(entry, ask.window);
    if ask.use_cache
        && !ask.force
        && let Some(entry) = place::at_hand(profile, settings, env)?
        && state(&entry) == State::Fresh
    {
        return Ok(entry);
    }
    let slot = if ask.use_cache { Slot::of(profile, settings, env)? } else { None };
    let kept = match &slot {
        Some(slot) if !ask.force => slot.read()?,
        _ => None,
    };
    let due = match kept.map(|entry| (state(&entry), entry)) {
        Some((State::Fresh, entry)) => return Ok(entry),
        Some((State::Due, entry)) => Some(entry),
        Some((State::Cold, _)) | None => None,
    };
    // Checked before anything is waited for: the process that this profile waits for must not wait for it.
    RecursionGuard::of(env).check(&profile.name)?;
    let renewal = Renewal { slot, due: due.as_ref(), ..Renewal::new(profile, settings, env, ask) };
    if due.is_none() {
        return renewal.cold();
    }
    let fresh = renewal.refresh(Duration::ZERO, patience).unwrap_or_else(|error| {
        tracing::warn!(%error, "no refresh; the cached credentials are still valid");
        None
    });
    fresh.or(due).ok_or_else(|| Error::new(Code::Bug, "what is due is not there"))
}

/// A profile, and what is known of it before a peer is asked.
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
    /// The person who waits for the login and can be asked.
    pub person: Option<&'a dyn Person>,
    pub trace: Option<&'a Trace>,
}

impl<'a> Renewal<'a> {
    /// Returns a renewal of which nothing is cached and nobody can be asked.
    pub fn new(profile: &'a Profile, settings: &'a CacheSettings, env: &'a Env, ask: &'a Ask) -> Self {
        Renewal { profile, settings, env, ask, slot: None, due: None, typed: None, person: None, trace: None }
    }

    /// Tries to refresh what is due within `patience`, and waits up to `wait` of it for others that log in as the same identity.
    /// `None`: others are at it, it was tried a short while ago, or nothing new could be kept.
    pub fn refresh(&self, wait: Duration, patience: Duration) -> Result<Option<CacheEntry>> {
        // Only in the cache: what cannot be kept would be fetched again by each of the next callers.
        let Some(place) = LoginPlace::in_cache(self.profile, self.settings, self.env) else { return Ok(None) };
        let deadline = Deadline::after(self.profile.deadline.min(patience));
        acquire(self, &place?, &Policy::early(wait), &deadline).map_err(NoResult::into_error)
    }

    /// Returns new credentials, or the error of having none: there is nothing to fall back on.
    pub fn cold(&self) -> Result<CacheEntry> {
        self.somewhere(self, if self.ask.force { &Policy::FORCED } else { &Policy::COLD })
    }

    /// Returns what `flight` brings at the first place that can hold lock and memory; where there is none, without either.
    pub(super) fn somewhere<F: Flight>(&self, flight: &F, policy: &Policy) -> Result<F::Brought> {
        let deadline = Deadline::after(self.profile.deadline);
        let in_cache = LoginPlace::in_cache(self.profile, self.settings, self.env).map(|place| (place, true));
        let elsewhere = LoginPlace::elsewhere(self.profile, self.env).map(|place| (place, false));
        acquire_anywhere(flight, in_cache.into_iter().chain(elsewhere), policy, &deadline)
            .map_err(|error| self.name_the_way_out(error))
    }

    /// Adds the command that helps: what only a person can give, a person gives by `login`.
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

    /// Fails if the login sends a secret: without a place for lock and memory nothing counts how often it is sent.
    pub(super) fn check_unlocked(&self, why: Option<Error>) -> Result<()> {
        // Two runs that use one refresh token end its login.
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

    /// Gets the credentials of the profile that this one is based on, as any caller would: ten roles on one login cost one login.
    /// Their failures are remembered by that profile's own login.
    pub(super) fn below(&self, deadline: &Deadline) -> Result<Option<SigningKeys>> {
        let Identity::AssumeRole(role) = &self.profile.identity else { return Ok(None) };
        self.check_code(role)?;
        let Base::Profile(base) = &role.base else { return Ok(None) };
        let base = Profile { deadline: base.deadline.min(deadline.remaining()), ..(**base).clone() };
        // The window is that of the credentials which were asked for.
        let below = given(&base, self.settings, self.env, &Ask { window: None, ..*self.ask }, EARLY);
        below
            .map(|given| Some(given.into_keys()))
            .map_err(|error| error.because(format!("the profile {:?} is based on {:?}", self.profile.name, base.name)))
    }

    /// Fails if a code of an MFA device is needed and no person has typed one.
    fn check_code(&self, role: &AssumeRole) -> Result<()> {
        match &role.serial_number {
            Some(device) if self.typed.is_none() => {
                let name = &self.profile.name;
                let what = format!("the profile {name:?} needs a code of the device {device}");
                let login = fedcred(&["login"], name, &[]);
                Err(Error::new(Code::PromptNeeded, what).because("`get` does not prompt").hint(login))
            }
            _ => Ok(()),
        }
    }

    /// Reads the secret that this login would send, to be compared with earlier ones.
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

    /// Logs in with the secret that was `typed`, and keeps the result where there is a place.
    pub(super) fn log_in_with(
        &self,
        typed: Option<&Secret>,
        (below, found): (Option<SigningKeys>, Option<Assertion>),
        login: &Login<'_>,
    ) -> Result<CacheEntry> {
        let Login { place, generation, ledger, deadline } = *login;
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

    fn found(&self, known: &Known<'_>) -> Result<Option<CacheEntry>> {
        if known.accepts == Accepts::Nothing {
            return Ok(None);
        }
        let now = time::now();
        let is_news = |entry: &CacheEntry| entry.credentials.expiration > now && known.is_news(entry.generation);
        let state = |entry: &CacheEntry| cached::state(entry, self.ask.window);
        let entry = self.slot.as_ref().map_or(Ok(None), Slot::read)?;
        Ok(entry.filter(|entry| match known.accepts {
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

    fn prepare(&self, known: &Known<'_>, deadline: &Deadline) -> Result<(Option<SigningKeys>, Option<Assertion>)> {
        let below = self.below(deadline)?;
        let shared = Shared::new(self.slot.as_ref(), self.profile, self.env);
        let found = shared.find(|generation| match known.accepts {
            // A person wants to log in.
            Accepts::Nothing => false,
            Accepts::BegunLater => known.is_news(generation),
            Accepts::Fresh | Accepts::NotUsedUp => true,
        });
        Ok((below, found))
    }

    fn log_in(&self, prepared: (Option<SigningKeys>, Option<Assertion>), login: &Login<'_>) -> Result<CacheEntry> {
        self.log_in_with(self.typed, prepared, login)
    }

    fn unlocked(&self, why: Option<Error>) -> Result<()> {
        self.check_unlocked(why)
    }
}

/// Whether support needs the page to explain this error.
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
