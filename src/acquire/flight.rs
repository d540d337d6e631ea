//! One login for all that ask at once: look, lock, look again, ask the guard, log in, settle, keep.
//!
//! [`acquire`] is the whole story. How it goes is a [`Policy`], what it brings a [`Flight`]. The process that gets the lock of the
//! login identity leads, and leaves its result and the memory; the others wait for it, or go on with what they have. Where
//! machines share a store, the fleet is looked at and locked in the same way once this machine's lock is held. A result or error
//! is newer than another by the number of its login, never by a time.

use std::borrow::Borrow;
use std::time::Duration;

use super::guard::SecretMark;
use super::in_fleet::Lease;
use super::ledger::MemoryLedger;
use super::memory::{Memory, Seen, Settled};
use super::place::LoginPlace;
use super::policy::{Accepts, Obeys, Policy};
use crate::attempt::{CountedSecret, Ledger, NoLedger};
use crate::cache::lock::{Attempt, Lock};
use crate::error::{Code, Error, Result};
use crate::random;
use crate::time::{self, Deadline};

/// What can be had of a login identity, and how to get it.
pub trait Flight {
    type Brought;
    /// What is fetched before the login begins. A failure to get it is not a failure of this login.
    type Prepared;

    /// Returns an existing result, if it can be used.
    fn found(&self, _known: &Known<'_>) -> Result<Option<Self::Brought>> {
        Ok(None)
    }

    /// Whether there is nothing to do for now although nothing was found: a refresh that failed a short while ago.
    fn rests(&self, _place: &LoginPlace, _memory: &Memory) -> bool {
        false
    }

    /// Returns the secret that the login would send, as far as it can be told before.
    fn secret(&self, _deadline: &Deadline) -> Result<Option<CountedSecret>> {
        Ok(None)
    }

    fn prepare(&self, known: &Known<'_>, deadline: &Deadline) -> Result<Self::Prepared>;

    /// Logs in, and keeps what that brings.
    fn log_in(&self, prepared: Self::Prepared, login: &Login<'_>) -> Result<Self::Brought>;

    /// Fails if the login must not be made without lock and memory. `why`: why the first place cannot hold them.
    fn unlocked(&self, why: Option<Error>) -> Result<()>;
}

/// What is known of an identity's logins, and which results of them will do.
pub struct Known<'a> {
    pub accepts: Accepts,
    memory: &'a Memory,
    seen: Seen,
}

impl Known<'_> {
    /// Whether the result of the login of this number came after this process did.
    pub fn is_news(&self, generation: u64) -> bool {
        self.memory.is_news(self.seen, generation)
    }
}

/// A login that has begun.
pub struct Login<'a> {
    /// `None`: nothing of it can be kept.
    pub place: Option<&'a LoginPlace>,
    pub generation: u64,
    pub ledger: &'a dyn Ledger,
    pub deadline: &'a Deadline,
}

/// Why a place gave no result.
pub enum NoResult {
    /// It cannot hold lock and memory; another one may.
    Place(Error),
    Login(Error),
}

impl NoResult {
    pub fn into_error(self) -> Error {
        match self {
            NoResult::Place(error) | NoResult::Login(error) => error,
        }
    }
}

/// Returns what `flight` brings; `None` if others are at it, or if it was tried a short while ago.
pub fn acquire<F: Flight>(
    flight: &F,
    place: &LoginPlace,
    policy: &Policy,
    deadline: &Deadline,
) -> std::result::Result<Option<F::Brought>, NoResult> {
    let story = || {
        let mut acquiring = Acquiring::begin(flight, place, policy, deadline)?;
        acquiring.look()?;
        let _lock = acquiring.lock()?;
        acquiring.look_again()?;
        let _lease = acquiring.lock_in_fleet()?;
        acquiring.ask_the_guard()?;
        acquiring.log_in_settle_and_keep()
    };
    match story() {
        Ok(brought) => Ok(Some(brought)),
        Err(End::WithoutLogin(found)) => Ok(found),
        Err(End::Failed(why)) => Err(why),
    }
}

/// Returns what `flight` brings at the first of these places that can hold lock and memory; where there is none, without either.
/// Beside each place: whether it is the configured one.
pub fn acquire_anywhere<F: Flight>(
    flight: &F,
    places: impl IntoIterator<Item = (Result<impl Borrow<LoginPlace>>, bool)>,
    policy: &Policy,
    deadline: &Deadline,
) -> Result<F::Brought> {
    let mut no_place = None;
    for (place, is_configured) in places {
        let place = place.map_err(NoResult::Place);
        match place.and_then(|place| acquire(flight, place.borrow(), policy, deadline)) {
            Ok(Some(brought)) => return Ok(brought),
            Ok(None) => return Err(Error::new(Code::Bug, "a login that has to be made was left to others")),
            Err(NoResult::Login(error)) => return Err(error),
            // The configured cache has to be repaired if others can read it; a fall-back directory may be anybody's.
            Err(NoResult::Place(why)) if is_configured && why.code == Code::InsecurePermissions => return Err(why),
            Err(NoResult::Place(why)) => {
                tracing::info!(%why, "no lock here");
                no_place.get_or_insert(why);
            }
        }
    }
    flight.unlocked(no_place)?;
    let memory = Memory::default();
    let known = Known { accepts: policy.accepts, memory: &memory, seen: memory.seen(policy.accepts) };
    let prepared = flight.prepare(&known, deadline)?;
    flight.log_in(prepared, &Login { place: None, generation: 0, ledger: &NoLedger, deadline })
}

/// One process on its way to what a flight brings.
struct Acquiring<'a, F> {
    flight: &'a F,
    place: &'a LoginPlace,
    policy: &'a Policy,
    deadline: &'a Deadline,
    memory: Memory,
    /// How far logins had come when this process first looked.
    seen: Seen,
}

/// Why the story ends before its last step.
enum End<T> {
    /// Something was found that will do; `None`: there is nothing to do for now.
    WithoutLogin(Option<T>),
    Failed(NoResult),
}

impl<T> From<NoResult> for End<T> {
    fn from(why: NoResult) -> Self {
        End::Failed(why)
    }
}

/// Errors of a step are the login's, except where they say that this place is unfit.
impl<T> From<Error> for End<T> {
    fn from(why: Error) -> Self {
        End::Failed(NoResult::Login(why))
    }
}

impl<'a, F: Flight> Acquiring<'a, F> {
    fn begin(
        flight: &'a F,
        place: &'a LoginPlace,
        policy: &'a Policy,
        deadline: &'a Deadline,
    ) -> std::result::Result<Self, NoResult> {
        let memory = place.memory().map_err(NoResult::Place)?;
        let seen = memory.seen(policy.accepts);
        Ok(Acquiring { flight, place, policy, deadline, memory, seen })
    }

    /// Ends the story if there is something that will do, or nothing to do for now.
    fn look(&self) -> std::result::Result<(), End<F::Brought>> {
        if let Some(found) = self.flight.found(&self.known())? {
            return Err(End::WithoutLogin(Some(found)));
        }
        if self.flight.rests(self.place, &self.memory) { Err(End::WithoutLogin(None)) } else { Ok(()) }
    }

    fn lock(&self) -> std::result::Result<Lock, End<F::Brought>> {
        self.place.lock(self.policy.wait, self.deadline)?.ok_or(End::WithoutLogin(None))
    }

    /// Looks at what was left while this process waited: a crowd makes one attempt, and takes its result or its error.
    fn look_again(&mut self) -> std::result::Result<(), End<F::Brought>> {
        self.memory = self.place.memory().map_err(NoResult::Place)?;
        self.look()
    }

    /// Looks, locks and looks again in the fleet. `None` if this machine shares nothing, or works alone.
    fn lock_in_fleet(&mut self) -> std::result::Result<Option<Lease<'a>>, End<F::Brought>> {
        let Some(fleet) = &self.place.fleet else { return Ok(None) };
        // A failure that was met on this machine meanwhile needs no question elsewhere.
        if self.memory.has_news(self.seen) {
            self.ask_the_guard()?;
        }
        if !fleet.look() {
            return Ok(None);
        }
        let known = self.memory.seen(self.policy.accepts);
        self.memory = self.place.memory().map_err(NoResult::Place)?;
        let now_known = self.memory.seen(self.policy.accepts);
        // What other machines did before this process came is not news.
        if now_known != known {
            self.seen = now_known;
        }
        self.look()?;
        let lease = fleet.lease(self.policy.wait, self.deadline)?.ok_or(End::WithoutLogin(None))?;
        self.look_again()?;
        Ok(Some(lease))
    }

    /// Fails with the reason why this login must not be made now, if there is one.
    fn ask_the_guard(&mut self) -> std::result::Result<(), End<F::Brought>> {
        let Some((error, settled)) = self.objection() else { return Ok(()) };
        if self.policy.obeys == Obeys::Thrift {
            // It counts as an attempt: the next one ahead of time comes later.
            self.memory.begin();
            self.memory.fail(&self.place.wanted, &error, &settled, time::now(), random::jitter());
            self.place.remember(&self.memory)?;
        }
        Err(error.into())
    }

    /// Returns why this login must not be made now, and what that counts as.
    fn objection(&mut self) -> Option<(Error, Settled)> {
        let LoginPlace { store, login, wanted, .. } = self.place;
        // Reading the secret may run a command, so it is read only if there is something to compare it with.
        let secret = match self.memory.knows_secrets().then(|| self.flight.secret(self.deadline)).transpose() {
            Ok(secret) => secret.flatten(),
            Err(error) => return Some((error, Settled::default())),
        };
        let own =
            secret.as_ref().and_then(CountedSecret::mark).map(|mark| SecretMark::new(&store.sealing, login, mark));
        if let Some(own) = own.filter(|_| self.policy.pardons) {
            self.memory.guard.pardon(&own);
        }
        let objection = self.memory.objection(self.policy, wanted, own.as_ref(), self.seen, time::now());
        let too_late = || (too_late(), Settled { is_refused: false, secret: own });
        let obeys_time = matches!(self.policy.obeys, Obeys::Holds | Obeys::BackOff);
        objection.or_else(|| (obeys_time && self.deadline.is_nearly_over()).then(too_late))
    }

    fn log_in_settle_and_keep(mut self) -> std::result::Result<F::Brought, End<F::Brought>> {
        let Acquiring { flight, place, policy, deadline, .. } = self;
        let prepared = flight.prepare(&self.known(), deadline)?;
        let generation = self.memory.begin();
        place.remember(&self.memory).map_err(|why| match why.code {
            Code::LockTimeout => NoResult::Login(why),
            _ => NoResult::Place(why),
        })?;
        let ledger = MemoryLedger::new(place, self.memory, policy.pardons, deadline);
        let outcome = flight.log_in(prepared, &Login { place: Some(place), generation, ledger: &ledger, deadline });
        let (mut memory, settled) = ledger.settle(outcome.as_ref().err());
        match &outcome {
            Ok(_) => memory.succeed(&place.wanted, policy.disproves),
            Err(error) => memory.fail(&place.wanted, error, &settled, time::now(), random::jitter()),
        }
        if let Err(why) = place.remember(&memory) {
            tracing::warn!(%why, "the result of the login cannot be recorded");
        }
        Ok(outcome?)
    }

    fn known(&self) -> Known<'_> {
        Known { accepts: self.policy.accepts, memory: &self.memory, seen: self.seen }
    }
}

impl LoginPlace {
    /// Waits for the lock until `deadline`, by which the work under it will have ended as well. With a limit of its own, `wait`,
    /// returns `None` when that has passed; without one, an error.
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
