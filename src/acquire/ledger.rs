//! The ledger of one login: before a secret leaves, the attempt stands on disk in the memory of its login identity.

use std::cell::{Cell, RefCell};

use super::guard::{Before, SecretMark};
use super::memory::{Memory, Settled};
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
    /// A person wants every secret sent, also one that was refused before.
    pardons: bool,
    /// The first secret that was accepted and then sent again.
    accepted: Cell<Option<SecretMark>>,
    /// The secret that was not sent because of an earlier attempt, and the words of that error.
    kept_back: RefCell<Option<(SecretMark, String)>>,
}

/// One attempt that was written down.
struct Begun {
    mark: SecretMark,
    attempt: Attempt,
    before: Option<Before>,
}

impl<'a> MemoryLedger<'a> {
    pub fn new(place: &'a LoginPlace, memory: Memory, pardons: bool, deadline: &'a Deadline) -> Self {
        MemoryLedger {
            place,
            deadline,
            memory: RefCell::new(memory),
            begun: RefCell::default(),
            pardons,
            accepted: Cell::default(),
            kept_back: RefCell::default(),
        }
    }

    /// Settles every attempt by what the peers showed. `failure`: what the login failed with; a success proves that all of its
    /// secrets were accepted.
    pub fn settle(self, failure: Option<&Error>) -> (Memory, Settled) {
        let mut memory = self.memory.into_inner();
        // A proxy's password that was not sent is the cause only if it was needed: not every request goes through the proxy.
        let is_told = |(_, what): &(_, String)| failure.is_some_and(|failure| failure.what == *what);
        let kept_back = self.kept_back.into_inner().filter(is_told).map(|(mark, _)| mark);
        let (mut refused, mut open, mut first) = (kept_back, None, self.accepted.get());
        for Begun { mark, attempt, before } in self.begun.into_inner() {
            let shown = match failure {
                None if !attempt.is_of_proxy() => Shown::Accepted,
                // The login may have succeeded without the proxy.
                Some(_) | None => attempt.shown(),
            };
            match shown {
                Shown::NotSent => {}
                // What a proxy accepted or did not answer says nothing about the login's own secret.
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

    /// Settles an earlier attempt with this secret if it is over and allows another one.
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
            self.kept_back.replace(Some((*mark, error.what.clone())));
            return Err(error);
        }
        let shown = |begun: &Begun| (begun.mark == *mark).then(|| begun.attempt.shown());
        // After a provider has accepted it, it is sent again until the person has finished, whatever it answers in between.
        let is_proven = self.pardons && self.accepted.get() == Some(*mark);
        let forbids = |shown| match shown {
            Shown::Refused => true,
            Shown::NoVerdict => !is_proven,
            Shown::Accepted | Shown::NotSent => false,
        };
        if self.begun.borrow().iter().filter_map(shown).any(forbids) {
            return Err(Error::new(
                Code::SecretWithoutVerdict,
                "the secret is requested a second time, and is sent only once in a login",
            ));
        }
        // A process that ends before the answer comes does not know whether the attempt counted as a wrong secret.
        if self.deadline.is_nearly_over() {
            return Err(self.deadline.error("too little of it was left to send a secret and to receive the answer"));
        }
        Ok(())
    }
}

impl Ledger for MemoryLedger<'_> {
    fn begin(&self, mark: &[u8], attempt: &Attempt) -> Result<()> {
        let mark = SecretMark::new(&self.place.store.sealing, &self.place.login, mark);
        // Only earlier logins are pardoned: this one counts its own attempts.
        if self.pardons && self.begun.borrow().iter().all(|begun| begun.mark != mark) {
            self.memory.borrow_mut().guard.pardon(&mark);
        }
        self.settle_earlier(&mark);
        self.check(&mark)?;
        // On disk before the secret leaves: the attempt of a process that is killed in between is counted.
        let mut memory = self.memory.borrow_mut();
        let before = memory.guard.begin(&mark, time::now());
        self.place.remember(&memory)?;
        self.begun.borrow_mut().push(Begun { mark, attempt: attempt.clone(), before });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
