//! The miss path: one login for all who ask at once, its result or its error for each of them, and no secret sent twice.
//!
//! Whoever gets the lock of the login identity leads: it looks again, logs in, leaves result and memory, and gives the lock
//! back. The others wait (cold) or go on with what they have (in the window). What a leader found out is told from what was
//! known before by the number of its login, never by a time.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use super::fetch;
use super::guard::{SecretMark, Spent};
use super::memory::{Memory, Seen};
use super::place::{LoginPlace, Slot};
use super::schedule::State;
use super::{Ask, life};
use crate::cache::entry::CacheEntry;
use crate::cache::lock::{Attempt, Lock};
use crate::cache::seal;
use crate::config::cache::CacheSettings;
use crate::config::env::Env;
use crate::config::profile::{Auth, Identity, Profile};
use crate::error::{Code, Error, Result};
use crate::identity::watch::SecretWatch;
use crate::identity::{Run, secrets};
use crate::time::{self, Deadline, Timestamp};

/// A refresh ahead of time must not keep a caller who has good credentials already.
const EARLY: Duration = Duration::from_secs(5);

/// A profile, and what is known of it before anybody is asked.
pub struct Renewal<'a> {
    pub profile: &'a Profile,
    pub settings: &'a CacheSettings,
    pub env: &'a Env,
    pub ask: &'a Ask,
    pub slot: Option<Slot>,
}

impl Renewal<'_> {
    /// Tries to refresh `kept`, which is due, without keeping the caller: whatever goes wrong, it is still good.
    pub fn early(&self, kept: CacheEntry) -> CacheEntry {
        match self.refresh(&kept, EARLY) {
            Ok(Some(fresh)) => fresh,
            Ok(None) => kept,
            Err(error) => {
                tracing::warn!(%error, "no refresh; the cached credentials are still good");
                kept
            }
        }
    }

    /// `None`: somebody else is at it, or it was tried a short while ago. It takes no longer than `patience`.
    pub(super) fn refresh(&self, kept: &CacheEntry, patience: Duration) -> Result<Option<CacheEntry>> {
        let at_once = Deadline::after(Duration::ZERO);
        for place in LoginPlace::candidates(self.profile, self.settings, self.env) {
            let memory = place.memory()?;
            let failure = memory.last_failure(&place.result).map(|(failure, _)| failure);
            if life(kept).state(time::now(), self.ask.window, failure) != State::Due {
                return Ok(None);
            }
            let deadline = Deadline::after(self.profile.deadline.min(patience));
            let lock = match Lock::acquire(&place.store, &place.login, &at_once, time::after(deadline.remaining())) {
                Ok(Attempt::Acquired(lock)) => lock,
                Ok(Attempt::Held(_)) => return Ok(None),
                Err(why) => {
                    tracing::info!(%why, "no lock here");
                    continue;
                }
            };
            if let Some(entry) = self.read()?
                && life(&entry).state(time::now(), self.ask.window, None) == State::Fresh
            {
                return Ok(Some(entry));
            }
            return self.lead(&place, &lock, &deadline, |_, _| None).map(Some);
        }
        Ok(None)
    }

    /// New credentials, or the error for having none: there is nothing to fall back on.
    pub fn cold(&self) -> Result<CacheEntry> {
        let deadline = Deadline::after(self.profile.deadline);
        let mut no_place = None;
        for place in LoginPlace::candidates(self.profile, self.settings, self.env) {
            match self.cold_at(&place, &deadline) {
                Err(error) if matches!(error.code, Code::CacheWrite | Code::InsecurePermissions) => {
                    tracing::info!(why = %error, "no lock here");
                    no_place = Some(error);
                }
                outcome => return outcome,
            }
        }
        self.unlocked(no_place, &deadline)
    }

    fn cold_at(&self, place: &LoginPlace, deadline: &Deadline) -> Result<CacheEntry> {
        let seen = place.memory()?.seen();
        let lock = match Lock::acquire(&place.store, &place.login, deadline, time::after(deadline.remaining()))? {
            Attempt::Acquired(lock) => lock,
            Attempt::Held(held) => return Err(held.error(time::now())),
        };
        if let Some(entry) = self.read()?
            && self.serves(&entry, &seen)
        {
            return Ok(entry);
        }
        self.lead(place, &lock, deadline, |memory, own| {
            let now = time::now();
            if let Some(error) = own.and_then(|own| memory.refuses(own, now)) {
                return Some(error);
            }
            if self.ask.force {
                return None;
            }
            let news = memory.news(&seen, &place.result, own, now).cloned();
            news.or_else(|| memory.holds_back(&place.result, now).map(|(until, error)| held_back(error, until)))
        })
    }

    /// Whether an entry that was found under the lock will do: one that is not used up, or, unexpired, one that a leader
    /// left while we waited. `--force` takes only that of a leader that began later than we did.
    fn serves(&self, entry: &CacheEntry, seen: &Seen) -> bool {
        let now = time::now();
        let is_unexpired = entry.credentials.expiration > now;
        if self.ask.force {
            return is_unexpired && seen.is_before(entry.generation);
        }
        is_unexpired && seen.is_news(entry.generation) || life(entry).state(now, self.ask.window, None) != State::Cold
    }

    /// Logs in under the lock, unless `objection` knows better, and leaves result and memory for the others.
    fn lead(
        &self,
        place: &LoginPlace,
        _lock: &Lock,
        deadline: &Deadline,
        objection: impl Fn(&Memory, Option<&SecretMark>) -> Option<Error>,
    ) -> Result<CacheEntry> {
        let mut memory = place.memory()?;
        // Reading the secret may cost a command: only when there is something to compare it with.
        let own = if memory.knows_secrets() { self.own_secret(place, deadline)? } else { None };
        if let Some(error) = objection(&memory, own.as_ref()) {
            return Err(error);
        }
        let generation = memory.begin();
        memory.save(&place.store, &place.sealing, &place.login)?;
        let watch = Watch { place, memory: RefCell::new(memory), spending: Cell::new(Spending::Nothing) };
        let outcome = fetch::fetch(self.profile, Run { env: self.env, deadline, watch: &watch });
        let (mut memory, spending) = (watch.memory.into_inner(), watch.spending.get());
        let outcome = match outcome {
            Ok(credentials) => {
                let entry = CacheEntry { credentials, issued: time::now(), generation };
                if let Some(why) = self.slot.as_ref().and_then(|slot| slot.write(&entry).err()) {
                    // The credentials are good: a full disk costs the next process a login, not this one its answer.
                    tracing::warn!(%why, "the result is not kept");
                }
                memory.succeed(&place.result, spending.mark());
                Ok(entry)
            }
            Err(error) => {
                let [jitter] = seal::random().unwrap_or([128]);
                memory.fail(&place.result, &error, spending.as_spent(), time::now(), jitter);
                Err(error)
            }
        };
        if let Err(why) = memory.save(&place.store, &place.sealing, &place.login) {
            tracing::warn!(%why, "what came of the login is not remembered");
        }
        outcome
    }

    /// Without a place for lock and memory nothing can count how often a secret is sent: then none is.
    fn unlocked(&self, why: Option<Error>, deadline: &Deadline) -> Result<CacheEntry> {
        let spends = match &self.profile.identity {
            Identity::Saml(saml) => spends_secret(&saml.auth),
        };
        if spends {
            let error =
                Error::new(Code::CacheWrite, "there is no place to keep count of password attempts, so none is sent")
                    .hint(
                        "make the cache directory writable, or set FEDCRED_CACHE_DIR or XDG_RUNTIME_DIR to one that is",
                    );
            return Err(why.map_or(error.clone(), |why| error.because(why.what)));
        }
        let run = Run { env: self.env, deadline, watch: &Unwatched };
        let credentials = fetch::fetch(self.profile, run)?;
        Ok(CacheEntry { credentials, issued: time::now(), generation: 0 })
    }

    fn read(&self) -> Result<Option<CacheEntry>> {
        self.slot.as_ref().map_or(Ok(None), Slot::read)
    }

    /// The mark of the secret that this login would send.
    fn own_secret(&self, place: &LoginPlace, deadline: &Deadline) -> Result<Option<SecretMark>> {
        let read = |source, setting| secrets::read(source, setting, self.env, deadline);
        let mark = |secret: &[u8]| Some(SecretMark::new(&place.sealing, &place.login, secret));
        let Identity::Saml(saml) = &self.profile.identity;
        Ok(match &saml.auth {
            Auth::None => None,
            Auth::Basic { password, .. } => mark(read(password, "saml.password")?.expose().as_bytes()),
            Auth::Form(form) => mark(read(&form.password, "saml.password")?.expose().as_bytes()),
            Auth::Bearer { token } => mark(read(token, "saml.token")?.expose().as_bytes()),
            Auth::Spnego(spnego) => match &spnego.keytab {
                Some(keytab) => mark(&secrets::keytab(keytab)?),
                None => None,
            },
        })
    }
}

impl LoginPlace {
    fn memory(&self) -> Result<Memory> {
        Memory::load(&self.store, &self.sealing, &self.login)
    }
}

fn spends_secret(auth: &Auth) -> bool {
    match auth {
        Auth::Basic { .. } | Auth::Bearer { .. } | Auth::Form(_) => true,
        Auth::Spnego(spnego) => spnego.keytab.is_some(),
        Auth::None => false,
    }
}

fn held_back(error: &Error, until: Timestamp) -> Error {
    let error = error.clone();
    error.because(format!("this was a short while ago; the next try is allowed from {}", time::whole_seconds(until)))
}

/// Keeps count of the secret of one login.
struct Watch<'a> {
    place: &'a LoginPlace,
    memory: RefCell<Memory>,
    spending: Cell<Spending>,
}

/// How far the secret has come.
#[derive(Clone, Copy)]
enum Spending {
    Nothing,
    Refused,
    Unsent(SecretMark),
    Sent(SecretMark),
    Accepted(SecretMark),
}

impl Spending {
    fn mark(&self) -> Option<&SecretMark> {
        match self {
            Spending::Nothing | Spending::Refused => None,
            Spending::Unsent(mark) | Spending::Sent(mark) | Spending::Accepted(mark) => Some(mark),
        }
    }

    fn as_spent(&self) -> Spent<'_> {
        match self {
            Spending::Nothing => Spent::Nothing,
            Spending::Refused => Spent::Refused,
            Spending::Unsent(mark) => Spent::Unsent(mark),
            Spending::Sent(mark) => Spent::Sent(mark),
            Spending::Accepted(mark) => Spent::Accepted(mark),
        }
    }
}

impl SecretWatch for Watch<'_> {
    fn spend(&self, secret: &[u8]) -> Result<()> {
        let mark = SecretMark::new(&self.place.sealing, &self.place.login, secret);
        let mut memory = self.memory.borrow_mut();
        if let Some(error) = memory.refuses(&mark, time::now()) {
            self.spending.set(Spending::Refused);
            return Err(error);
        }
        // On disk before the secret leaves: a process that is killed in between has counted.
        memory.spend(&mark);
        memory.save(&self.place.store, &self.place.sealing, &self.place.login)?;
        self.spending.set(Spending::Sent(mark));
        Ok(())
    }

    fn unsent(&self) {
        if let Spending::Sent(mark) = self.spending.get() {
            self.spending.set(Spending::Unsent(mark));
        }
    }

    fn accepted(&self) {
        if let Spending::Sent(mark) = self.spending.get() {
            self.spending.set(Spending::Accepted(mark));
        }
    }
}

/// For logins that send no secret.
struct Unwatched;

impl SecretWatch for Unwatched {
    fn spend(&self, _secret: &[u8]) -> Result<()> {
        Err(Error::new(Code::Bug, "a secret was to be sent by a login that has none"))
    }

    fn unsent(&self) {}

    fn accepted(&self) {}
}
