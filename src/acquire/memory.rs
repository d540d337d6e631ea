//! What is remembered of a login identity: the guard of its secrets, and failures that hold the next try back.
//!
//! After a failure at a peer the next try waits ([`LastFailure`]), so that a crowd does not storm an identity provider. Whose
//! concern a failure is tells the step that made it ([`Step`]): a refused secret is the login identity's, what the identity
//! provider did is that of all who log in with the same settings, what STS or a role said is one result's. What failed here,
//! before anybody was asked, is mended here, and only puts off a refresh ahead of time. Changed settings start clean.
//!
//! The record is changed under the login's lock, and read without it.

use std::cell::Cell;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::guard::{Guard, SecretMark, shortened};
use super::key::LoginSettings;
use super::ledger::Settled;
use super::policy::{Obeys, Policy};
use super::schedule::{Ceiling, LastFailure};
use crate::cache::key::{CacheKey, Kind as RecordKind, LoginKey};
use crate::cache::record::{self, Record};
use crate::error::{Code, Error, Kind, Result, Step};
use crate::time::{Timestamp, whole_seconds};

/// The record of one login identity.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Logins begun so far; the number of the latest one. It dates results and errors whatever the clock does.
    begun: u64,
    /// The latest login that came to an end.
    finished: u64,
    pub(super) guard: Guard,
    failures: Vec<Failure>,
    /// There is something in it that the fleet does not know: this machine was alone. Of no meaning without a fleet.
    #[serde(default)]
    pub(super) apart: Cell<bool>,
}

/// How far an identity's logins had come when somebody looked: the number of the last one that is not new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen(u64);

/// What is wanted of a login identity, and with which settings: a failure concerns whoever wants the same.
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

/// Whom a failure keeps from another try. All of them put off the next refresh ahead of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stops {
    /// Everybody, until the back-off ends.
    All,
    /// Whoever has the same secret.
    SameSecret,
    /// Everybody who is not a person, until a person logs in or the settings or the secret change.
    Unattended,
    /// Nobody: it failed here, before a peer was asked, and may be mended by now or be otherwise for the next process.
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

/// So many failures of one identity are kept.
const KEPT: usize = 8;

impl Memory {
    /// To whoever looks now, a login that ends later is news.
    pub fn seen(&self) -> Seen {
        Seen(self.finished)
    }

    /// The same for `--force`, to which only a login that begins later is news.
    pub fn seen_begun(&self) -> Seen {
        Seen(self.begun)
    }

    /// Whether a login has ended since.
    pub fn has_news(&self, seen: &Seen) -> bool {
        self.finished > seen.0
    }

    /// This machine's memory with what the other machines of the fleet know: theirs, and what was learned here apart from them.
    /// Their clocks may run ahead; what they did is not later than `now`.
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

    /// Whether what the login of this number left is news. A number that was not reached yet was counted by another record,
    /// which was lost.
    pub fn is_news(&self, seen: &Seen, generation: u64) -> bool {
        generation > seen.0 && generation <= self.begun
    }

    /// Begins a login, under the lock; its number, for [`crate::cache::entry::CacheEntry::generation`].
    pub fn begin(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    /// Whether there is anything to compare a secret with.
    pub fn knows_secrets(&self) -> bool {
        !self.guard.is_empty() || self.failures.iter().any(|failure| failure.secret.is_some())
    }

    /// The login begun last gave what was wanted.
    pub fn succeed(&mut self, wanted: &Wanted) {
        self.finished = self.begun;
        self.failures.retain(|failure| !failure.is_of(wanted));
    }

    /// The login begun last gave a proof of identity, and STS was not asked: what STS said may still be so.
    pub fn prove(&mut self, wanted: &Wanted) {
        self.finished = self.begun;
        self.failures.retain(|failure| !failure.is_of(wanted) || failure.step == Step::Sts);
    }

    /// The login begun last failed.
    ///
    /// `jitter`: any byte; it moves the time of the next try.
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

    /// A person logged in, or wants everything tried anew: all is forgotten but the numbers.
    pub fn forget(&mut self) {
        self.finished = self.begun;
        self.guard = Guard::default();
        self.failures.clear();
    }

    /// The last failure that concerns what is wanted: for [`super::schedule::Life::state`] and for `status`.
    pub fn last_failure(&self, wanted: &Wanted, now: Timestamp) -> Option<Remembered> {
        let failure = self.failures.iter().filter(|f| f.is_of(wanted)).max_by_key(|f| f.generation)?;
        let of_secret = || {
            let secret = failure.secret?;
            self.guard.waits_until(&secret, now).map(Waits::Until)
        };
        let is_held = self.failures.iter().any(|f| f.is_of(wanted) && f.stops == Stops::Unattended);
        let waits = match failure.stops {
            // A refresh ahead of time that was not made for it may be told since.
            _ if is_held => Waits::ForAPerson,
            Stops::Unattended => Waits::ForAPerson,
            Stops::SameSecret => of_secret().unwrap_or(Waits::ForAnotherSecret),
            Stops::All | Stops::None => of_secret().unwrap_or(Waits::BackOff),
        };
        Some(Remembered { last: failure.as_last(), error: failure.error.clone(), waits })
    }

    /// Why a login by this policy is not made now, if it is not, and what that counts as.
    ///
    /// `own`: the secret that it would send, if it is read already. `seen`: how far logins had come when it was first looked.
    pub fn objection(
        &self,
        policy: &Policy,
        wanted: &Wanted,
        own: Option<&SecretMark>,
        seen: &Seen,
        now: Timestamp,
    ) -> Option<(Error, Settled)> {
        let is_thrifty = policy.obeys == Obeys::Thrift;
        let of_guard = |own| if is_thrifty { self.guard.spares(own, now) } else { self.guard.refuses(own, now) };
        if let Some(error) = own.and_then(of_guard) {
            return Some((error, Settled { is_refused: true, secret: own.copied() }));
        }
        // Each of these is obeyed by those who obey more. Ahead of time nobody waited for a leader's word.
        let held = || self.waits_for_a_person(wanted, own).filter(|_| policy.obeys >= Obeys::Holds);
        let waited = policy.obeys >= Obeys::Holds && policy.wait.is_none();
        let news = || self.news(seen, wanted, own, now).filter(|_| waited).cloned();
        let back_off = || self.holds_back(wanted, own, now).filter(|_| policy.obeys == Obeys::BackOff);
        let error = held().or_else(news).or_else(back_off)?;
        Some((error, Settled { is_refused: false, secret: own.copied() }))
    }

    /// The error that whoever has no credentials is given in place of a try.
    ///
    /// A refused secret is not among these: it holds back only itself. Nor is what failed here. A changed secret is tried at once.
    fn holds_back(&self, wanted: &Wanted, own: Option<&SecretMark>, now: Timestamp) -> Option<Error> {
        let of_peers = self.failures.iter().filter(|f| f.is_of(wanted) && f.is_with(own) && f.stops == Stops::All);
        let waiting = of_peers.filter(|f| f.as_last().holds_back(now));
        let failure = waiting.max_by_key(|f| f.as_last().retry_at())?;
        let until = whole_seconds(failure.as_last().retry_at());
        let why = format!("this failed a short while ago; the next attempt is allowed from {until}");
        Some(failure.error.clone().because(why))
    }

    /// Returns what a login without a person is told in place of meeting a page again that needs one. Another secret than led to
    /// that page is tried.
    fn waits_for_a_person(&self, wanted: &Wanted, own: Option<&SecretMark>) -> Option<Error> {
        let met = self.failures.iter().filter(|f| f.is_of(wanted) && f.is_with(own));
        let met = met.filter(|f| f.stops == Stops::Unattended).max_by_key(|f| f.generation)?;
        Some(met.error.clone().because(format!(
            "this failed at {}; it is not tried again until `fedcred login`, or until the settings change",
            whole_seconds(met.at)
        )))
    }

    /// The error of a login that ended since `seen`: what whoever waited for it has to tell. The refusal of another secret is no
    /// news.
    fn news(&self, seen: &Seen, wanted: &Wanted, own: Option<&SecretMark>, now: Timestamp) -> Option<&Error> {
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

    fn until(&self, now: Timestamp) -> Timestamp {
        record::unused(now)
    }

    fn body(&self) -> Result<Zeroizing<Vec<u8>>> {
        let json = serde_json::to_vec(self).map(Zeroizing::new);
        json.map_err(|e| Error::new(Code::Bug, "a record cannot be written as JSON").because(e.to_string()))
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

    /// Whether the same would come of it with the secret `own`, as far as is known.
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
