//! The count of a secret while a login sends it: before it leaves, the attempt stands on disk.

use std::cell::{Cell, RefCell};

use super::guard::{SecretMark, Spent};
use super::memory::Memory;
use super::place::LoginPlace;
use crate::error::{Code, Error, Result};
use crate::identity::watch::SecretWatch;
use crate::time::{self, Deadline};

/// Keeps count of the secret of one login.
pub struct Watch<'a> {
    place: &'a LoginPlace,
    deadline: &'a Deadline,
    memory: RefCell<Memory>,
    spending: Cell<Spending>,
}

impl<'a> Watch<'a> {
    pub fn new(place: &'a LoginPlace, memory: Memory, deadline: &'a Deadline) -> Self {
        Watch { place, deadline, memory: RefCell::new(memory), spending: Cell::new(Spending::Nothing) }
    }

    /// What was counted, and how far the secret came.
    pub fn into_parts(self) -> (Memory, Spending) {
        (self.memory.into_inner(), self.spending.get())
    }
}

/// How far the secret has come.
#[derive(Clone, Copy)]
pub enum Spending {
    Nothing,
    Refused,
    Unsent(SecretMark),
    Sent(SecretMark),
    Accepted(SecretMark),
}

impl Spending {
    pub fn mark(&self) -> Option<&SecretMark> {
        match self {
            Spending::Nothing | Spending::Refused => None,
            Spending::Unsent(mark) | Spending::Sent(mark) | Spending::Accepted(mark) => Some(mark),
        }
    }

    pub fn as_spent(&self) -> Spent<'_> {
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
        // Whoever leaves before the answer comes does not know whether it counted as a wrong secret.
        if self.deadline.is_nearly_over() {
            return Err(self.deadline.error("and too little of it was left to send a secret and hear the answer"));
        }
        // Whoever asks for another secret has taken the one before.
        if let Some(before) = self.spending.get().mark().filter(|before| **before != mark) {
            memory.pardon(before);
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
pub struct Unwatched;

impl SecretWatch for Unwatched {
    fn spend(&self, _secret: &[u8]) -> Result<()> {
        Err(Error::new(Code::Bug, "a secret was to be sent by a login that has none"))
    }

    fn unsent(&self) {}

    fn accepted(&self) {}
}
