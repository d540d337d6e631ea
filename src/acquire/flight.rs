//! One login for all who ask at once: look, lock, look again, ask the guard, log in, settle, keep.
//!
//! [`single_flight`] is the whole story, at one place; how it goes is a [`Policy`], what it brings a [`Flight`]. Whoever gets the
//! lock of the login identity leads and leaves result and memory; the others wait, or go on with what they have. What a leader
//! found out is told from what was known before by the number of its login, never by a time.

use std::time::Duration;

use super::guard::SecretMark;
use super::ledger::{MemoryLedger, Settled};
use super::memory::{Memory, Seen, Wanted};
use super::place::LoginPlace;
use crate::attempt::{CountedSecret, Ledger};
use crate::cache::lock::{Attempt, Lock};
use crate::cache::seal;
use crate::error::{Code, Error, Result};
use crate::time::{self, Deadline, Timestamp};

/// How a caller wants its login.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long others who log in as the same identity are waited for; absent: as long as there is time. After that a policy with
    /// a limit leaves it to them, and one without fails.
    pub wait: Option<Duration>,
    /// What that is there already will do.
    pub accepts: Accepts,
    /// What holds it back, besides a refused secret.
    pub obeys: Obeys,
    /// The secret is sent whatever became of it before: a person wants it so.
    pub pardons: bool,
    /// What a success disproves.
    pub succeeds: fn(&mut Memory, &Wanted),
}

/// What that is there already will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// What needs no refresh.
    Fresh,
    /// What is not used up, or what a leader left while we waited.
    NotUsedUp,
    /// What a leader brought that began later than we did.
    BegunLater,
    Nothing,
}

/// What holds a login back, besides a refused secret. Each includes those below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obeys {
    /// Nothing else: a person asks for it.
    Nothing,
    /// A page that needs a person; what a leader met while we waited.
    Holds,
    /// The back-off after a failure.
    BackOff,
    /// A secret without a verdict: it is saved for those who have no credentials left.
    Thrift,
}

impl Policy {
    /// Ahead of time, with something to fall back on.
    pub fn early(wait: Duration) -> Self {
        let (accepts, obeys) = (Accepts::Fresh, Obeys::Thrift);
        Policy { wait: Some(wait), accepts, obeys, pardons: false, succeeds: Memory::succeed }
    }

    /// With nothing to fall back on.
    pub const COLD: Policy = Policy {
        wait: None,
        accepts: Accepts::NotUsedUp,
        obeys: Obeys::BackOff,
        pardons: false,
        succeeds: Memory::succeed,
    };

    /// `--force`: whatever is cached, and whatever holds the next try back.
    pub const FORCED: Policy = Policy { accepts: Accepts::BegunLater, obeys: Obeys::Holds, ..Policy::COLD };

    /// `fedcred login`: once, in any case, after which nothing that held logins back is remembered.
    pub const BY_HAND: Policy =
        Policy { accepts: Accepts::Nothing, obeys: Obeys::Nothing, pardons: true, succeeds: forget, ..Policy::COLD };

    /// To see who somebody is to STS, which is not asked.
    pub const PROVING: Policy = Policy { pardons: false, succeeds: Memory::prove, ..Policy::BY_HAND };
}

fn forget(memory: &mut Memory, _: &Wanted) {
    memory.forget();
}

/// What is to be had of a login identity, and how it is got.
pub trait Flight {
    type Brought;
    /// What is got before the login begins; what that fails with is not the login's.
    type Prepared;

    /// What is there already and will do.
    fn found(&self, accepts: Accepts, memory: &Memory, seen: &Seen) -> Result<Option<Self::Brought>>;

    /// Whether there is nothing to do for now, although nothing was found: a refresh that failed a short while ago.
    fn rests(&self, place: &LoginPlace, memory: &Memory) -> bool;

    /// The secret that the login would send, as far as it can be told before.
    fn secret(&self, deadline: &Deadline) -> Result<Option<CountedSecret>>;

    fn prepare(&self, accepts: Accepts, memory: &Memory, seen: &Seen, deadline: &Deadline) -> Result<Self::Prepared>;

    /// Logs in, and keeps what that brings. `generation`: the number of this login. Without a place nothing outlasts it.
    fn log_in(
        &self,
        place: Option<&LoginPlace>,
        prepared: Self::Prepared,
        generation: u64,
        ledger: &dyn Ledger,
        deadline: &Deadline,
    ) -> Result<Self::Brought>;
}

/// Why a place gave no result.
pub enum NoResult {
    /// It cannot keep lock and memory; another one may.
    Place(Error),
    Login(Error),
}

/// The whole story. `None`: others are at it, or it was tried a short while ago.
pub fn single_flight<F: Flight>(
    flight: &F,
    place: &LoginPlace,
    policy: &Policy,
    deadline: &Deadline,
) -> std::result::Result<Option<F::Brought>, NoResult> {
    // Look.
    let memory = place.memory().map_err(NoResult::Place)?;
    let seen = if policy.accepts == Accepts::BegunLater { memory.seen_begun() } else { memory.seen() };
    if flight.rests(place, &memory) {
        return Ok(None);
    }
    // Lock.
    let Some(_lock) = place.lock(policy.wait, deadline)? else { return Ok(None) };
    // Look again: a crowd makes one try, and takes its result or its error.
    let mut memory = place.memory().map_err(NoResult::Place)?;
    if let Some(found) = flight.found(policy.accepts, &memory, &seen).map_err(NoResult::Login)? {
        return Ok(Some(found));
    }
    if flight.rests(place, &memory) {
        return Ok(None);
    }
    // Ask the guard.
    if let Err((error, settled)) = ask_the_guard(flight, place, policy, &mut memory, &seen, deadline) {
        if policy.obeys == Obeys::Thrift {
            // It counts as a try: the next one ahead of time comes later.
            memory.begin();
            memory.fail(&place.wanted, &error, &settled, time::now(), jitter());
            place.remember(&memory).map_err(NoResult::Login)?;
        }
        return Err(NoResult::Login(error));
    }
    // Log in.
    let prepared = flight.prepare(policy.accepts, &memory, &seen, deadline).map_err(NoResult::Login)?;
    let generation = memory.begin();
    place.remember(&memory).map_err(NoResult::Place)?;
    let ledger = MemoryLedger::new(place, memory, deadline);
    let outcome = flight.log_in(Some(place), prepared, generation, &ledger, deadline);
    // Settle.
    let (mut memory, settled) = ledger.settle(outcome.as_ref().err());
    match &outcome {
        Ok(_) => (policy.succeeds)(&mut memory, &place.wanted),
        Err(error) => memory.fail(&place.wanted, error, &settled, time::now(), jitter()),
    }
    // Keep.
    if let Err(why) = place.remember(&memory) {
        tracing::warn!(%why, "what came of the login is not remembered");
    }
    outcome.map(Some).map_err(NoResult::Login)
}

/// Why this login is not made, if it is not, and which secret is kept back by that.
fn ask_the_guard<F: Flight>(
    flight: &F,
    place: &LoginPlace,
    policy: &Policy,
    memory: &mut Memory,
    seen: &Seen,
    deadline: &Deadline,
) -> std::result::Result<(), (Error, Settled)> {
    let failed = |error| (error, Settled::default());
    // Reading it may cost a command, so it is read only if there is something to compare it with.
    let secret = if memory.knows_secrets() { flight.secret(deadline).map_err(failed)? } else { None };
    let mark = |mark: &[u8]| SecretMark::new(&place.store.sealing, &place.login, mark);
    let own = secret.as_ref().and_then(CountedSecret::mark).map(mark);
    let (wanted, now) = (&place.wanted, time::now());
    if let Some(own) = &own {
        if policy.pardons {
            memory.pardon(own);
        }
        let objection = if policy.obeys == Obeys::Thrift { memory.spares(own, now) } else { memory.refuses(own, now) };
        if let Some(error) = objection {
            return Err((error, Settled { is_refused: true, secret: Some(*own) }));
        }
    }
    let kept_back = |error| (error, Settled { is_refused: false, secret: own });
    if policy.obeys >= Obeys::Holds {
        let held = memory.waits_for_a_person(wanted, own.as_ref());
        // Ahead of time nobody waited for a leader's word.
        let news = || memory.news(seen, wanted, own.as_ref(), now).filter(|_| policy.wait.is_none()).cloned();
        if let Some(error) = held.or_else(news) {
            return Err(kept_back(error));
        }
    }
    if policy.obeys == Obeys::BackOff
        && let Some((until, error)) = memory.holds_back(wanted, own.as_ref(), now)
    {
        return Err(kept_back(held_back(error, until)));
    }
    if matches!(policy.obeys, Obeys::Holds | Obeys::BackOff) && deadline.is_nearly_over() {
        return Err(kept_back(too_late()));
    }
    Ok(())
}

impl NoResult {
    pub fn into_error(self) -> Error {
        match self {
            NoResult::Place(error) | NoResult::Login(error) => error,
        }
    }
}

impl LoginPlace {
    /// The lock, waited for until `deadline`, by which the work under it will have ended as well. With a limit of its own, nothing
    /// after that; an error otherwise.
    pub(super) fn lock(
        &self,
        wait: Option<Duration>,
        deadline: &Deadline,
    ) -> std::result::Result<Option<Lock>, NoResult> {
        let until = time::after(deadline.remaining());
        let own = wait.map(Deadline::after);
        let waited = Lock::acquire(&self.store.files, &self.login, own.as_ref().unwrap_or(deadline), until);
        match (waited.map_err(NoResult::Place)?, wait) {
            (Attempt::Acquired(lock), _) => Ok(Some(lock)),
            (Attempt::Held(_), Some(_)) => Ok(None),
            (Attempt::Held(held), None) => Err(NoResult::Login(held.error(time::now()))),
        }
    }

    /// The same, without a limit of its own.
    pub(super) fn locked(&self, deadline: &Deadline) -> Result<Option<Lock>> {
        self.lock(None, deadline).map_err(NoResult::into_error)
    }
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

#[cfg(test)]
mod tests;
