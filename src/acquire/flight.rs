//! One login for all who ask at once: look, lock, look again, ask the guard, log in, settle, keep.
//! Where machines share a store, it is looked, locked and looked again in this machine first, and then in the fleet.
//!
//! [`single_flight`] is the whole story, at one place; how it goes is a [`Policy`], what it brings a [`Flight`]. Whoever gets the
//! lock of the login identity leads and leaves result and memory; the others wait, or go on with what they have. What a leader
//! found out is told from what was known before by the number of its login, never by a time.

use std::borrow::Borrow;
use std::time::Duration;

use super::guard::SecretMark;
use super::in_fleet::Lease;
use super::ledger::{MemoryLedger, Settled};
use super::memory::{Memory, Seen};
use super::place::LoginPlace;
use super::policy::{Accepts, Obeys, Policy};
use crate::attempt::{CountedSecret, Ledger, NoLedger};
use crate::cache::lock::{Attempt, Lock};
use crate::error::{Code, Error, Result};
use crate::random;
use crate::time::{self, Deadline};

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

    /// Whether it may be made where nothing can keep lock and memory. `why`: why the first place cannot.
    fn unlocked(&self, why: Option<Error>) -> Result<()>;
}

/// Why a place gave no result.
pub enum NoResult {
    /// It cannot keep lock and memory; another one may.
    Place(Error),
    Login(Error),
}

/// The whole story: look, lock, look again and ask the guard, in this machine and then in the fleet; log in, settle, keep.
/// `None`: others are at it, or it was tried a short while ago.
pub fn single_flight<F: Flight>(
    flight: &F,
    place: &LoginPlace,
    policy: &Policy,
    deadline: &Deadline,
) -> std::result::Result<Option<F::Brought>, NoResult> {
    let (mut held, mut memory) = (Held::default(), place.memory().map_err(NoResult::Place)?);
    let mut seen = policy.seen(&memory);
    for circle in [Circle::Machine, Circle::Fleet] {
        // Look.
        if circle == Circle::Fleet {
            if !place.look_in_fleet() {
                break;
            }
            let known = policy.seen(&memory);
            memory = place.memory().map_err(NoResult::Place)?;
            // What others did before we came is not news.
            seen = if policy.seen(&memory) == known { seen } else { policy.seen(&memory) };
        }
        if let Some(end) = ended(flight, place, policy, &memory, &seen)? {
            return Ok(end);
        }
        // Lock.
        if !held.take(circle, place, policy.wait, deadline)? {
            return Ok(None);
        }
        // Look again: a crowd makes one try, and takes its result or its error.
        memory = place.memory().map_err(NoResult::Place)?;
        if let Some(end) = ended(flight, place, policy, &memory, &seen)? {
            return Ok(end);
        }
        // A failure that was met here meanwhile need not be asked for elsewhere.
        if circle == Circle::Machine && memory.has_news(&seen) {
            ask_the_guard(flight, place, policy, &mut memory, &seen, deadline)?;
        }
    }
    ask_the_guard(flight, place, policy, &mut memory, &seen, deadline)?;
    // Log in.
    let prepared = flight.prepare(policy.accepts, &memory, &seen, deadline).map_err(NoResult::Login)?;
    let generation = memory.begin();
    place.remember(&memory).map_err(|why| match why.code {
        Code::LockTimeout => NoResult::Login(why),
        _ => NoResult::Place(why),
    })?;
    let ledger = MemoryLedger::new(place, memory, policy.pardons, deadline);
    let outcome = flight.log_in(Some(place), prepared, generation, &ledger, deadline);
    // Settle.
    let (mut memory, settled) = ledger.settle(outcome.as_ref().err());
    match &outcome {
        Ok(_) => (policy.succeeds)(&mut memory, &place.wanted),
        Err(error) => memory.fail(&place.wanted, error, &settled, time::now(), random::jitter()),
    }
    // Keep.
    if let Err(why) = place.remember(&memory) {
        tracing::warn!(%why, "the result of the login cannot be recorded");
    }
    outcome.map(Some).map_err(NoResult::Login)
}

/// What the flight brings at the first of these places that can keep lock and memory; where there is none, without either.
/// Beside each: whether it is the configured one.
pub fn at_first_place<F: Flight>(
    flight: &F,
    places: impl IntoIterator<Item = (Result<impl Borrow<LoginPlace>>, bool)>,
    policy: &Policy,
    deadline: &Deadline,
) -> Result<F::Brought> {
    let mut no_place = None;
    for (place, is_configured) in places {
        let place = place.map_err(NoResult::Place);
        match place.and_then(|place| single_flight(flight, place.borrow(), policy, deadline)) {
            Ok(Some(brought)) => return Ok(brought),
            Ok(None) => return Err(Error::new(Code::Bug, "a login that has to be made was left to others")),
            Err(NoResult::Login(error)) => return Err(error),
            // A cache that is open to others is to be mended, not passed over; a fall-back is anybody's.
            Err(NoResult::Place(why)) if is_configured && why.code == Code::InsecurePermissions => return Err(why),
            Err(NoResult::Place(why)) => {
                tracing::info!(%why, "no lock here");
                no_place.get_or_insert(why);
            }
        }
    }
    flight.unlocked(no_place)?;
    let (memory, accepts) = (Memory::default(), policy.accepts);
    let prepared = flight.prepare(accepts, &memory, &memory.seen(), deadline)?;
    flight.log_in(None, prepared, 0, &NoLedger, deadline)
}

/// Who is to make one login together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Circle {
    /// The processes of this machine.
    Machine,
    /// The machines of a fleet, each by the process that has the lock.
    Fleet,
}

/// The lock, and the lease, which is given back first.
#[derive(Default)]
struct Held<'a> {
    lease: Option<Lease<'a>>,
    lock: Option<Lock>,
}

impl<'a> Held<'a> {
    /// False: others have it, and the policy leaves it to them.
    fn take(
        &mut self,
        circle: Circle,
        place: &'a LoginPlace,
        wait: Option<Duration>,
        deadline: &Deadline,
    ) -> std::result::Result<bool, NoResult> {
        Ok(match circle {
            Circle::Machine => {
                self.lock = place.lock(wait, deadline)?;
                self.lock.is_some()
            }
            Circle::Fleet => {
                self.lease = place.lease(wait, deadline)?;
                self.lease.is_some()
            }
        })
    }
}

/// What ends it without a login, if so: something that will do, or nothing to do for now.
#[allow(clippy::option_option, reason = "whether it ends, and with what")]
fn ended<F: Flight>(
    flight: &F,
    place: &LoginPlace,
    policy: &Policy,
    memory: &Memory,
    seen: &Seen,
) -> std::result::Result<Option<Option<F::Brought>>, NoResult> {
    let found = flight.found(policy.accepts, memory, seen).map_err(NoResult::Login)?;
    Ok(match found {
        Some(found) => Some(Some(found)),
        None => flight.rests(place, memory).then_some(None),
    })
}

/// Fails with why this login is not made, if it is not.
fn ask_the_guard<F: Flight>(
    flight: &F,
    place: &LoginPlace,
    policy: &Policy,
    memory: &mut Memory,
    seen: &Seen,
    deadline: &Deadline,
) -> std::result::Result<(), NoResult> {
    let Err((error, settled)) = objection(flight, place, policy, memory, seen, deadline) else { return Ok(()) };
    if policy.obeys == Obeys::Thrift {
        // It counts as a try: the next one ahead of time comes later.
        memory.begin();
        memory.fail(&place.wanted, &error, &settled, time::now(), random::jitter());
        place.remember(memory).map_err(NoResult::Login)?;
    }
    Err(NoResult::Login(error))
}

/// Why this login is not made, if it is not, and what that counts as.
fn objection<F: Flight>(
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
    if let Some(own) = own.filter(|_| policy.pardons) {
        memory.guard.pardon(&own);
    }
    if let Some(objection) = memory.objection(policy, &place.wanted, own.as_ref(), seen, time::now()) {
        return Err(objection);
    }
    if matches!(policy.obeys, Obeys::Holds | Obeys::BackOff) && deadline.is_nearly_over() {
        return Err((too_late(), Settled { is_refused: false, secret: own }));
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
}

fn too_late() -> Error {
    Error::new(Code::LockTimeout, "other processes were logging in until the deadline of this one")
        .hint("try again; `deadline` sets how long a run may take")
}

#[cfg(test)]
mod tests;
