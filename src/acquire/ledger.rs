//! The ledger of one login: before a secret leaves, the attempt stands on disk in the memory of its login identity.

use std::cell::{Cell, RefCell};

use super::guard::{Before, SecretMark};
use super::memory::Memory;
use super::place::LoginPlace;
use crate::attempt::{Attempt, Ledger, Shown};
use crate::error::{Code, Error, Result};
use crate::time::{self, Deadline};

/// Writes attempts down in the memory of the login identity whose lock is held.
pub struct MemoryLedger<'a> {
    place: &'a LoginPlace,
    deadline: &'a Deadline,
    memory: RefCell<Memory>,
    begun: RefCell<Vec<Begun>>,
    /// The first secret that was accepted and then sent again.
    accepted: Cell<Option<SecretMark>>,
    /// The secret that was not sent because of what became of it before.
    kept_back: Cell<Option<SecretMark>>,
}

/// One attempt that was written down.
struct Begun {
    mark: SecretMark,
    attempt: Attempt,
    before: Option<Before>,
}

/// What became of the secrets of a login.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settled {
    /// One was refused, or was kept back because of what became of it before.
    pub is_refused: bool,
    /// The one that this is about: refused or kept back, else without a verdict, else whichever was sent first.
    pub secret: Option<SecretMark>,
}

impl<'a> MemoryLedger<'a> {
    pub fn new(place: &'a LoginPlace, memory: Memory, deadline: &'a Deadline) -> Self {
        MemoryLedger {
            place,
            deadline,
            memory: RefCell::new(memory),
            begun: RefCell::default(),
            accepted: Cell::default(),
            kept_back: Cell::default(),
        }
    }

    /// Settles every attempt by what the peers showed. `failure`: what the login failed with, unless it succeeded, by which all
    /// of its secrets were accepted.
    pub fn settle(self, failure: Option<&Error>) -> (Memory, Settled) {
        let mut memory = self.memory.into_inner();
        let (mut refused, mut open, mut first) = (self.kept_back.get(), None, self.accepted.get());
        for Begun { mark, attempt, before } in self.begun.into_inner() {
            let shown = match failure {
                Some(_) => attempt.shown(),
                None => Shown::Accepted,
            };
            match shown {
                Shown::NotSent => {}
                // What a proxy took, or said nothing of, tells nothing of the login's own secret.
                Shown::Accepted | Shown::NoVerdict if attempt.is_of_proxy() => {}
                Shown::Accepted => first = first.or(Some(mark)),
                Shown::NoVerdict => open = open.or(Some(mark)),
                Shown::Refused => refused = Some(mark),
            }
            memory.guard.settle(&mark, shown, before, failure, time::now());
        }
        let settled = Settled { is_refused: refused.is_some(), secret: refused.or(open).or(first) };
        (memory, settled)
    }

    /// Settles an earlier attempt with this secret that is over, and that allows another one: the next one counts from there.
    fn settle_earlier(&self, mark: &SecretMark) {
        let mut begun = self.begun.borrow_mut();
        let is_over = |attempt: &Attempt| matches!(attempt.shown(), Shown::Accepted | Shown::NotSent);
        let Some(earlier) = begun.iter().position(|begun| begun.mark == *mark && is_over(&begun.attempt)) else {
            return;
        };
        let Begun { mark, attempt, before } = begun.remove(earlier);
        if attempt.shown() == Shown::Accepted && !attempt.is_of_proxy() {
            self.accepted.set(self.accepted.get().or(Some(mark)));
        }
        self.memory.borrow_mut().guard.settle(&mark, attempt.shown(), before, None, time::now());
    }

    fn check(&self, mark: &SecretMark) -> Result<()> {
        if let Some(error) = self.memory.borrow().guard.refuses(mark, time::now()) {
            self.kept_back.set(Some(*mark));
            return Err(error);
        }
        let is_sent =
            |begun: &Begun| begun.mark == *mark && matches!(begun.attempt.shown(), Shown::NoVerdict | Shown::Refused);
        if self.begun.borrow().iter().any(is_sent) {
            return Err(Error::new(
                Code::SecretWithoutVerdict,
                "the secret is wanted a second time, and is sent once in a login",
            ));
        }
        // Whoever leaves before the answer comes does not know whether it counted as a wrong secret.
        if self.deadline.is_nearly_over() {
            return Err(self.deadline.error("and too little of it was left to send a secret and hear the answer"));
        }
        Ok(())
    }
}

impl Ledger for MemoryLedger<'_> {
    fn begin(&self, mark: &[u8], attempt: &Attempt) -> Result<()> {
        let mark = SecretMark::new(&self.place.store.sealing, &self.place.login, mark);
        self.settle_earlier(&mark);
        self.check(&mark)?;
        // On disk before the secret leaves: a process that is killed in between has counted.
        let mut memory = self.memory.borrow_mut();
        let before = memory.guard.begin(&mark, time::now());
        self.place.remember(&memory)?;
        self.begun.borrow_mut().push(Begun { mark, attempt: attempt.clone(), before });
        Ok(())
    }
}

/// For logins that send no secret.
pub struct NoLedger;

impl Ledger for NoLedger {
    fn begin(&self, _: &[u8], _: &Attempt) -> Result<()> {
        Err(Error::new(Code::Bug, "a secret was to be sent by a login that has none"))
    }

    fn is_kept(&self) -> bool {
        false
    }
}

/// For a login by hand outside of the broker: the person who waits for it sees what becomes of the secret.
pub struct AtHand;

impl Ledger for AtHand {
    fn begin(&self, _: &[u8], _: &Attempt) -> Result<()> {
        Ok(())
    }
}
