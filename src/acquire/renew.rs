//! The miss path: one login for all who ask at once, its result or its error for each of them, and no secret sent twice.
//!
//! Whoever gets the lock of the login identity leads: it looks again, logs in, leaves result and memory, and gives the lock
//! back. The others wait (cold) or go on with what they have (in the window). What a leader found out is told from what was
//! known before by the number of its login, never by a time.

use std::time::Duration;

use super::fetch;
use super::guard::SecretMark;
use super::ledger::{MemoryLedger, NoLedger, Settled};
use super::memory::{Memory, Seen, Wanted};
use super::place::{LoginPlace, Slot};
use super::schedule::State;
use super::shared::Shared;
use super::{Ask, life};
use crate::attempt::Ledger;
use crate::cache::entry::CacheEntry;
use crate::cache::lock::{Attempt, Lock};
use crate::cache::seal;
use crate::config::cache::CacheSettings;
use crate::config::env::Env;
use crate::config::profile::Profile;
use crate::credentials::SigningKeys;
use crate::error::{Code, Error, Result};
use crate::identity::keep::Person;
use crate::identity::saml::Assertion;
use crate::identity::trace::Trace;
use crate::identity::{Run, secrets};
use crate::quote::shell::fedcred;
use crate::secret::Secret;
use crate::time::{self, Deadline, Timestamp};

/// A profile, and what is known of it before anybody is asked.
pub struct Renewal<'a> {
    pub profile: &'a Profile,
    pub settings: &'a CacheSettings,
    pub env: &'a Env,
    pub ask: &'a Ask,
    pub slot: Option<Slot>,
    /// A secret that a person has just typed, in place of the configured one.
    pub typed: Option<&'a Secret>,
    /// Who waits for the login, and can be asked.
    pub person: Option<&'a dyn Person>,
    pub trace: Option<&'a Trace>,
}

impl Renewal<'_> {
    /// Tries to refresh `kept`, which is due, within `patience`: whatever goes wrong, it is still good.
    pub fn early(&self, kept: CacheEntry, patience: Duration) -> CacheEntry {
        match self.refresh(&kept, Duration::ZERO, patience) {
            Ok(Some(fresh)) => fresh,
            Ok(None) => kept,
            Err(error) => {
                tracing::warn!(%error, "no refresh; the cached credentials are still good");
                kept
            }
        }
    }

    /// `None`: somebody else is at it, it was tried a short while ago, or nothing new could be kept.
    /// It takes no longer than `patience`, and of that waits `for_others` who log in as the same identity.
    pub(super) fn refresh(
        &self,
        kept: &CacheEntry,
        for_others: Duration,
        patience: Duration,
    ) -> Result<Option<CacheEntry>> {
        // Only there: what can be kept nowhere would be fetched again by each of the next callers.
        let Some(place) = LoginPlace::in_cache(self.profile, self.settings, self.env) else { return Ok(None) };
        let place = place?;
        if !self.is_due(kept, &place, &place.memory()?) {
            return Ok(None);
        }
        let for_others = Deadline::after(for_others);
        let deadline = Deadline::after(self.profile.deadline.min(patience));
        let lock = match Lock::acquire(&place.store, &place.login, &for_others, time::after(deadline.remaining()))? {
            Attempt::Acquired(lock) => lock,
            Attempt::Held(_) => return Ok(None),
        };
        if let Some(entry) = self.read()?
            && life(&entry).state(time::now(), self.ask.window, None) == State::Fresh
        {
            return Ok(Some(entry));
        }
        // A try that failed between the look and the lock counts, too: a crowd makes one.
        let mut memory = place.memory()?;
        if !self.is_due(kept, &place, &memory) {
            return Ok(None);
        }
        if let Some((error, settled)) = self.objection_to_early(&place, &memory, &deadline) {
            memory.begin();
            memory.fail(&place.wanted, &error, &settled, time::now(), jitter());
            memory.save(&place.store, &place.sealing, &place.login)?;
            return Err(error);
        }
        self.lead(&place, &lock, memory, &Reuse::Any, &deadline).map(Some).map_err(NoResult::into_error)
    }

    fn is_due(&self, kept: &CacheEntry, place: &LoginPlace, memory: &Memory) -> bool {
        let failure = memory.last_failure(&place.wanted, time::now()).map(|failure| failure.last);
        life(kept).state(time::now(), self.ask.window, failure) == State::Due
    }

    /// Why a refresh ahead of time is not even tried.
    fn objection_to_early(&self, place: &LoginPlace, memory: &Memory, deadline: &Deadline) -> Option<(Error, Settled)> {
        let own = match self.own_secret(place, memory, deadline) {
            Ok(own) => own,
            Err(error) => return Some((error, Settled::default())),
        };
        let spared = own.and_then(|own| memory.spares(&own, time::now()));
        let spared = spared.map(|error| (error, Settled { is_refused: true, secret: own }));
        spared.or_else(|| {
            let error = memory.waits_for_a_person(&place.wanted, own.as_ref())?;
            Some((error, Settled { is_refused: false, secret: own }))
        })
    }

    /// New credentials, or the error for having none: there is nothing to fall back on.
    pub fn cold(&self) -> Result<CacheEntry> {
        self.somewhere(|place, deadline| self.cold_at(place, deadline), |deadline| self.unlocked(deadline))
    }

    /// What `work` gives at the first place that can keep lock and memory; where there is none, what `unlocked` gives.
    pub(super) fn somewhere<T>(
        &self,
        work: impl Fn(&LoginPlace, &Deadline) -> std::result::Result<T, NoResult>,
        unlocked: impl FnOnce(&Deadline) -> Result<T>,
    ) -> Result<T> {
        self.anywhere(work, unlocked).map_err(|error| self.name_the_way_out(error))
    }

    fn anywhere<T>(
        &self,
        work: impl Fn(&LoginPlace, &Deadline) -> std::result::Result<T, NoResult>,
        unlocked: impl FnOnce(&Deadline) -> Result<T>,
    ) -> Result<T> {
        let deadline = Deadline::after(self.profile.deadline);
        let at = |place: Result<LoginPlace>| place.map_err(NoResult::Place).and_then(|place| work(&place, &deadline));
        let mut no_place = None;
        if let Some(place) = LoginPlace::in_cache(self.profile, self.settings, self.env) {
            match at(place) {
                Ok(entry) => return Ok(entry),
                // A cache that is open to others is to be mended, not passed over.
                Err(NoResult::Place(why)) if why.code != Code::InsecurePermissions => no_place = Some(why),
                Err(NoResult::Place(error) | NoResult::Login(error)) => return Err(error),
            }
        }
        for place in LoginPlace::elsewhere(self.profile, self.env) {
            match at(place) {
                Ok(entry) => return Ok(entry),
                Err(NoResult::Login(error)) => return Err(error),
                Err(NoResult::Place(why)) => {
                    tracing::info!(%why, "no lock here");
                    no_place.get_or_insert(why);
                }
            }
        }
        self.check_unlocked(no_place)?;
        unlocked(&deadline)
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
                let hint = format!("{hint}; for somebody who can help: {save}");
                error.hint(hint)
            }
            _ => error,
        }
    }

    fn cold_at(&self, place: &LoginPlace, deadline: &Deadline) -> std::result::Result<CacheEntry, NoResult> {
        let seen = place.memory().map(|memory| if self.ask.force { memory.seen_begun() } else { memory.seen() });
        let seen = seen.map_err(NoResult::Place)?;
        let lock = place.lock(deadline)?;
        let memory = place.memory().map_err(NoResult::Place)?;
        if let Some(entry) = self.read().map_err(NoResult::Login)?
            && self.serves(&entry, &memory, &seen)
        {
            return Ok(entry);
        }
        let own = self.own_secret(place, &memory, deadline).map_err(NoResult::Login)?;
        let own = own.as_ref();
        let now = time::now();
        let objection = own
            .and_then(|own| memory.refuses(own, now))
            .or_else(|| memory.waits_for_a_person(&place.wanted, own))
            .or_else(|| memory.news(&seen, &place.wanted, own, now).cloned())
            .or_else(|| {
                let back_off = memory.holds_back(&place.wanted, own, now).filter(|_| !self.ask.force);
                back_off.map(|(until, error)| held_back(error, until))
            })
            .or_else(|| deadline.is_nearly_over().then(too_late));
        match objection {
            Some(error) => Err(NoResult::Login(error)),
            None if self.ask.force => self.lead(place, &lock, memory, &Reuse::Since(seen), deadline),
            None => self.lead(place, &lock, memory, &Reuse::Any, deadline),
        }
    }

    /// Whether an entry that was found under the lock will do: one that is not used up, or, unexpired, one that a leader
    /// left while we waited. `--force` takes only that of a leader that began later than we did.
    fn serves(&self, entry: &CacheEntry, memory: &Memory, seen: &Seen) -> bool {
        let now = time::now();
        let is_news = entry.credentials.expiration > now && memory.is_news(seen, entry.generation);
        is_news || !self.ask.force && life(entry).state(now, self.ask.window, None) != State::Cold
    }

    /// Logs in under the lock, and leaves result and memory for the others.
    pub(super) fn lead(
        &self,
        place: &LoginPlace,
        lock: &Lock,
        memory: Memory,
        reuse: &Reuse,
        deadline: &Deadline,
    ) -> std::result::Result<CacheEntry, NoResult> {
        let below = self.below(deadline).map_err(NoResult::Login)?;
        let shared = Shared::new(self.slot.as_ref(), self.profile, self.env);
        let found = shared.find(|generation| reuse.allows(generation, &memory));
        self.guarded(place, lock, memory, deadline, Memory::succeed, |run, generation| {
            let keep = |assertion: &Assertion| {
                if self.profile.is_as_whom_they_choose()
                    && let Err(why) = place.note_person(assertion)
                {
                    tracing::warn!(%why, "who logged in is not noted");
                }
                shared.keep(assertion, generation);
            };
            let credentials = fetch::fetch(self.profile, below, found, keep, run)?;
            let entry = CacheEntry { credentials, issued: time::now(), generation };
            if let Some(why) = self.slot.as_ref().and_then(|slot| slot.write(&entry).err()) {
                // The credentials are good: a full disk costs the next process a login, not this one its answer.
                tracing::warn!(%why, "the result is not kept");
            }
            Ok(entry)
        })
    }

    /// Runs `login`, which is told the number of this login, with its secret counted and its failure remembered.
    ///
    /// `succeed`: what a success disproves.
    pub(super) fn guarded<T>(
        &self,
        place: &LoginPlace,
        _lock: &Lock,
        mut memory: Memory,
        deadline: &Deadline,
        succeed: impl FnOnce(&mut Memory, &Wanted),
        login: impl FnOnce(Run<'_>, u64) -> Result<T>,
    ) -> std::result::Result<T, NoResult> {
        let generation = memory.begin();
        memory.save(&place.store, &place.sealing, &place.login).map_err(NoResult::Place)?;
        let ledger = MemoryLedger::new(place, memory, deadline);
        let outcome = login(Run { keep: Some(place), ..self.run(deadline, &ledger) }, generation);
        let (mut memory, settled) = ledger.settle(outcome.as_ref().err());
        match &outcome {
            Ok(_) => succeed(&mut memory, &place.wanted),
            Err(error) => memory.fail(&place.wanted, error, &settled, time::now(), jitter()),
        }
        if let Err(why) = memory.save(&place.store, &place.sealing, &place.login) {
            tracing::warn!(%why, "what came of the login is not remembered");
        }
        outcome.map_err(NoResult::Login)
    }

    /// The credentials of the profile below. What that fails with, it remembers itself.
    pub(super) fn below(&self, deadline: &Deadline) -> Result<Option<SigningKeys>> {
        fetch::below(self.profile, self.settings, self.ask, self.run(deadline, &NoLedger))
    }

    /// Without a place for lock and memory nothing can count how often a secret is sent: then none is.
    fn check_unlocked(&self, why: Option<Error>) -> Result<()> {
        // And two runs that use one refresh token end its login.
        if self.profile.secret().is_some() || self.profile.keytab().is_some() || self.profile.has_refresh_token() {
            let error = Error::new(
                Code::CacheWrite,
                "there is no place for a lock and the count of password attempts, so no secret is sent",
            )
            .hint("make the cache directory writable, or set FEDCRED_CACHE_DIR or XDG_RUNTIME_DIR to one that is");
            return Err(why.map_or(error.clone(), |why| error.because(why.what)));
        }
        Ok(())
    }

    pub(super) fn unlocked(&self, deadline: &Deadline) -> Result<CacheEntry> {
        let below = self.below(deadline)?;
        let credentials = fetch::fetch(self.profile, below, None, |_| (), self.run(deadline, &NoLedger))?;
        Ok(CacheEntry { credentials, issued: time::now(), generation: 0 })
    }

    pub(super) fn run<'r>(&'r self, deadline: &'r Deadline, ledger: &'r dyn Ledger) -> Run<'r> {
        Run { env: self.env, deadline, ledger, typed: self.typed, keep: None, person: self.person, trace: self.trace }
    }

    fn read(&self) -> Result<Option<CacheEntry>> {
        self.slot.as_ref().map_or(Ok(None), Slot::read)
    }

    /// The mark of the secret that this login would send, when there is anything to compare it with: reading it may cost a
    /// command.
    pub(super) fn own_secret(
        &self,
        place: &LoginPlace,
        memory: &Memory,
        deadline: &Deadline,
    ) -> Result<Option<SecretMark>> {
        if !memory.knows_secrets() {
            return Ok(None);
        }
        let mark = |secret: &[u8]| SecretMark::new(&place.sealing, &place.login, secret);
        if let Some((setting, source)) = self.profile.secret() {
            let secret = self.run(deadline, &NoLedger).secret(source, setting)?;
            return Ok(secret.mark().map(mark));
        }
        self.profile.keytab().map(|keytab| Ok(mark(&secrets::keytab(keytab)?))).transpose()
    }
}

/// Which earlier login's assertion will do in place of a login.
pub(super) enum Reuse {
    /// A person wants to log in.
    Never,
    Any,
    /// `--force`: that of a login that began later than we did.
    Since(Seen),
}

impl Reuse {
    fn allows(&self, generation: u64, memory: &Memory) -> bool {
        match self {
            Reuse::Never => false,
            Reuse::Any => true,
            Reuse::Since(seen) => memory.is_news(seen, generation),
        }
    }
}

/// Why a place gave no result.
pub(super) enum NoResult {
    /// It cannot keep lock and memory; another one may.
    Place(Error),
    Login(Error),
}

impl NoResult {
    pub(super) fn into_error(self) -> Error {
        match self {
            NoResult::Place(error) | NoResult::Login(error) => error,
        }
    }
}

impl LoginPlace {
    pub(super) fn memory(&self) -> Result<Memory> {
        Memory::load(&self.store, &self.sealing, &self.login)
    }

    /// The lock, waited for until `deadline`, by which the work under it will have ended as well.
    pub(super) fn lock(&self, deadline: &Deadline) -> std::result::Result<Lock, NoResult> {
        let until = time::after(deadline.remaining());
        match Lock::acquire(&self.store, &self.login, deadline, until).map_err(NoResult::Place)? {
            Attempt::Acquired(lock) => Ok(lock),
            Attempt::Held(held) => Err(NoResult::Login(held.error(time::now()))),
        }
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

/// Any byte: moves the time of the next try.
fn jitter() -> u8 {
    seal::random().map_or(128, |[jitter]| jitter)
}

fn too_late() -> Error {
    Error::new(Code::LockTimeout, "other processes were logging in until there was no time left to do it here")
        .hint("try again; `deadline` sets how long a run may take")
}

fn held_back(error: &Error, until: Timestamp) -> Error {
    let error = error.clone();
    error.because(format!("this was a short while ago; the next try is allowed from {}", time::whole_seconds(until)))
}
