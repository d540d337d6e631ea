//! What is remembered of a login identity: the guard of its secrets, and failures that hold the next try back.
//!
//! After a failure at a peer the next attempt waits ([`LastFailure`]), so that a crowd does not overload an identity provider. The
//! [`Step`] that failed decides whom a failure concerns: a refused secret concerns the login identity, a failure at the identity
//! provider all that log in with the same settings, a failure at STS one result. What failed on this machine, before a peer was
//! asked, only puts off a refresh ahead of time. Changed settings start clean.
//!
//! The record is changed under the login's lock, and read without it.

use std::cell::Cell;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::guard::{Guard, SecretMark, shortened};
use super::key::LoginSettings;
use super::policy::{Accepts, Disproves, Obeys, Policy};
use super::schedule::{Ceiling, LastFailure};
use crate::cache::key::{CacheKey, Kind as RecordKind, LoginKey};
use crate::cache::record::{self, Record};
use crate::error::{Error, Kind, Result, Step};
use crate::time::{Timestamp, whole_seconds};

/// The record of one login identity.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Number of logins begun, which is the number of the latest one. It orders results and errors whatever the clock does.
    begun: u64,
    /// Number of the latest login that ended.
    finished: u64,
    pub(super) guard: Guard,
    failures: Vec<Failure>,
    /// It holds something that the fleet does not know, since this machine was alone. Has no meaning without a fleet.
    #[serde(default)]
    pub(super) apart: Cell<bool>,
}

/// How far an identity's logins had come when a process looked: the number of the last one that is not news to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen(u64);

/// What became of the secrets of a login.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settled {
    /// One was refused, or was not sent because it was refused before.
    pub is_refused: bool,
    /// The one that this is about: refused or not sent, else without a verdict, else the first one that was sent.
    pub secret: Option<SecretMark>,
}

/// The purpose of a login and its settings. A failure affects all logins with the same purpose and settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub result: CacheKey,
    pub settings: LoginSettings,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Failure {
    step: Step,
    concerns: Concerns,
    stops: Stops,
    generation: u64,
    at: Timestamp,
    count: u32,
    jitter: u8,
    error: Error,
    /// The secret that was refused or got no verdict; of a page that needs a person, the one that led there.
    secret: Option<SecretMark>,
}

/// Whose concern a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Concerns {
    /// One result: STS, the role, this machine.
    Result(CacheKey),
    /// All that log in with these settings: the identity provider, as these settings lead to it.
    Login(LoginSettings),
    /// All of the login identity: its secret was refused.
    Identity,
}

/// Whom a failure keeps from another attempt. Each of them puts off the next refresh ahead of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stops {
    /// All, until the back-off ends.
    All,
    /// Those with the same secret.
    SameSecret,
    /// Logins without a person, until a person logs in or the settings or the secret change.
    Unattended,
    /// Nobody: it failed on this machine, before a peer was asked, and the cause may be gone for the next process.
    None,
}

/// A failure as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    pub last: LastFailure,
    pub error: Error,
    pub waits: Waits,
}

/// What the next login without a person waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// The end of the back-off.
    BackOff,
    /// Another secret: this one was refused.
    ForAnotherSecret,
    /// A secret without a verdict may be sent again from then on.
    Until(Timestamp),
    /// A login by hand.
    ForAPerson,
}

/// Limit of remembered failures of one identity.
const KEPT: usize = 8;

impl Memory {
    /// Returns how far logins have come for a process that looks now: a login that ends later is news to it; to `--force` only
    /// one that begins later.
    pub fn seen(&self, accepts: Accepts) -> Seen {
        Seen(if accepts == Accepts::BegunLater { self.begun } else { self.finished })
    }

    /// Whether a login has ended since.
    pub fn has_news(&self, seen: Seen) -> bool {
        self.finished > seen.0
    }

    /// Returns the fleet's memory, with what this machine learned while it was alone. Other machines' clocks may run ahead: what
    /// they did is dated `now` at the latest.
    pub fn joined(&self, shared: Memory, now: Timestamp) -> Memory {
        let mut joined = Memory { apart: Cell::new(self.apart.get()), ..shared };
        joined.begun = joined.begun.max(self.begun);
        joined.finished = joined.finished.max(self.finished);
        joined.guard.not_after(now);
        for failure in &mut joined.failures {
            failure.at = failure.at.min(now);
        }
        if self.apart.get() {
            joined.guard.add(&self.guard);
            for own in &self.failures {
                let is_same = |other: &Failure| other.concerns == own.concerns && other.stops == own.stops;
                match joined.failures.iter_mut().find(|other| is_same(other)) {
                    Some(other) if other.at >= own.at => {}
                    Some(other) => *other = own.clone(),
                    None => joined.failures.push(own.clone()),
                }
            }
            joined.failures.drain(..joined.failures.len().saturating_sub(KEPT));
        }
        joined
    }

    /// Whether what the login of this number left is news. A number higher than the latest was counted by an earlier record that
    /// was lost.
    pub fn is_news(&self, seen: Seen, generation: u64) -> bool {
        generation > seen.0 && generation <= self.begun
    }

    /// Begins a login, under the lock. Returns its number, for [`crate::cache::entry::CacheEntry::generation`].
    pub fn begin(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    /// Whether there is anything to compare a secret with.
    pub fn knows_secrets(&self) -> bool {
        !self.guard.is_empty() || self.failures.iter().any(|failure| failure.secret.is_some())
    }

    /// Notes that the latest login gave what was wanted.
    pub fn succeed(&mut self, wanted: &Wanted, disproves: Disproves) {
        self.finished = self.begun;
        match disproves {
            Disproves::ItsOwn => self.failures.retain(|failure| !failure.is_of(wanted)),
            Disproves::AllButSts => {
                self.failures.retain(|failure| !failure.is_of(wanted) || failure.step == Step::Sts);
            }
            Disproves::Everything => {
                self.guard = Guard::default();
                self.failures.clear();
            }
        }
    }

    /// Notes that the latest login failed. `jitter`: any byte; it moves the time of the next attempt.
    pub fn fail(&mut self, wanted: &Wanted, error: &Error, settled: &Settled, now: Timestamp, jitter: u8) {
        self.finished = self.begun;
        let (error, step) = (shortened(error), error.step());
        let (concerns, stops) = match step {
            _ if settled.is_refused => (Concerns::Identity, Stops::SameSecret),
            Step::Local => (Concerns::Result(wanted.result), Stops::None),
            Step::IdentityProvider => (Concerns::Login(wanted.settings), Stops::All),
            Step::Person => (Concerns::Login(wanted.settings), Stops::Unattended),
            Step::Sts | Step::Base => (Concerns::Result(wanted.result), Stops::All),
        };
        let known = self.failures.iter().position(|failure| failure.concerns == concerns && failure.stops == stops);
        let known = known.map(|known| self.failures.remove(known));
        self.failures.push(Failure {
            step,
            concerns,
            stops,
            generation: self.begun,
            at: now,
            count: known.map_or(0, |known| known.count).saturating_add(1),
            jitter,
            error,
            secret: settled.secret,
        });
        self.failures.drain(..self.failures.len().saturating_sub(KEPT));
    }

    /// Returns the last failure that concerns what is wanted: for [`super::schedule::Life::state`] and for `status`.
    pub fn last_failure(&self, wanted: &Wanted, now: Timestamp) -> Option<Remembered> {
        let failure = self.failures.iter().filter(|f| f.is_of(wanted)).max_by_key(|f| f.generation)?;
        let of_secret = || {
            let secret = failure.secret?;
            self.guard.waits_until(&secret, now).map(Waits::Until)
        };
        let is_held = self.failures.iter().any(|f| f.is_of(wanted) && f.stops == Stops::Unattended);
        let waits = match failure.stops {
            // A refresh ahead of time that was held back by it may have been noted since.
            _ if is_held => Waits::ForAPerson,
            Stops::Unattended => Waits::ForAPerson,
            Stops::SameSecret => of_secret().unwrap_or(Waits::ForAnotherSecret),
            Stops::All | Stops::None => of_secret().unwrap_or(Waits::BackOff),
        };
        Some(Remembered { last: failure.as_last(), error: failure.error.clone(), waits })
    }

    /// Returns why a login by this policy must not be made now, and what that counts as.
    ///
    /// `own`: the secret that it would send, if it has been read. `seen`: how far logins had come when the process came.
    pub fn objection(
        &self,
        policy: &Policy,
        wanted: &Wanted,
        own: Option<&SecretMark>,
        seen: Seen,
        now: Timestamp,
    ) -> Option<(Error, Settled)> {
        let is_thrifty = policy.obeys == Obeys::Thrift;
        let of_guard = |own| if is_thrifty { self.guard.spares(own, now) } else { self.guard.refuses(own, now) };
        if let Some(error) = own.and_then(of_guard) {
            return Some((error, Settled { is_refused: true, secret: own.copied() }));
        }
        // A refresh ahead of time has not waited for the result of a leader.
        let held = || self.waits_for_a_person(wanted, own).filter(|_| policy.obeys >= Obeys::Holds);
        let waited = policy.obeys >= Obeys::Holds && policy.wait.is_none();
        let news = || self.news(seen, wanted, own, now).filter(|_| waited).cloned();
        let back_off = || self.holds_back(wanted, own, now).filter(|_| policy.obeys == Obeys::BackOff);
        let error = held().or_else(news).or_else(back_off)?;
        Some((error, Settled { is_refused: false, secret: own.copied() }))
    }

    /// Returns the error that a caller without credentials is given during a back-off.
    ///
    /// A refused secret holds back only itself, and a failure on this machine nobody. A changed secret is tried at once.
    fn holds_back(&self, wanted: &Wanted, own: Option<&SecretMark>, now: Timestamp) -> Option<Error> {
        let of_peers = self.failures.iter().filter(|f| f.is_of(wanted) && f.is_with(own) && f.stops == Stops::All);
        let waiting = of_peers.filter(|f| f.as_last().holds_back(now));
        let failure = waiting.max_by_key(|f| f.as_last().retry_at())?;
        let until = whole_seconds(failure.as_last().retry_at());
        let why = format!("this failed a short while ago; the next attempt is allowed from {until}");
        Some(failure.error.clone().because(why))
    }

    /// Returns the error of a login without a person that would meet a page again that needs one. A secret other than the one that
    /// led to that page is tried.
    fn waits_for_a_person(&self, wanted: &Wanted, own: Option<&SecretMark>) -> Option<Error> {
        let met = self.failures.iter().filter(|f| f.is_of(wanted) && f.is_with(own));
        let met = met.filter(|f| f.stops == Stops::Unattended).max_by_key(|f| f.generation)?;
        Some(met.error.clone().because(format!(
            "this failed at {}; it is not tried again until `fedcred login`, or until the settings change",
            whole_seconds(met.at)
        )))
    }

    /// Returns the error of a login that ended since `seen`, for a process that waited for it. The refusal of another secret is
    /// not news.
    fn news(&self, seen: Seen, wanted: &Wanted, own: Option<&SecretMark>, now: Timestamp) -> Option<&Error> {
        let own_may_go = own.is_some_and(|own| self.guard.refuses(own, now).is_none());
        let news = self.failures.iter().filter(|f| self.is_news(seen, f.generation) && f.is_of(wanted));
        let for_us = news.filter(|f| match f.stops {
            Stops::All | Stops::Unattended => true,
            Stops::SameSecret => !own_may_go,
            Stops::None => false,
        });
        for_us.max_by_key(|f| f.generation).map(|f| &f.error)
    }
}

impl Record for Memory {
    const KIND: RecordKind = RecordKind::Memory;
    type Key = LoginKey;

    fn body(&self) -> Result<Zeroizing<Vec<u8>>> {
        record::json(self)
    }

    fn of_body(body: &[u8], _: Timestamp) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }
}

impl Failure {
    fn is_of(&self, wanted: &Wanted) -> bool {
        match self.concerns {
            Concerns::Result(result) => result == wanted.result,
            Concerns::Login(settings) => settings == wanted.settings,
            Concerns::Identity => true,
        }
    }

    /// Whether a login with the secret `own` would fail in the same way, as far as is known.
    fn is_with(&self, own: Option<&SecretMark>) -> bool {
        match (own, &self.secret) {
            (Some(own), Some(secret)) => own == secret,
            (None, _) | (_, None) => true,
        }
    }

    fn as_last(&self) -> LastFailure {
        let denied = self.step == Step::Sts && self.error.kind() == Kind::Refused;
        let ceiling = if denied { Ceiling::Denial } else { Ceiling::Outage };
        LastFailure { at: self.at, count: self.count, ceiling, jitter: self.jitter }
    }
}

#[cfg(test)]
mod tests;
