//! What a login shares with the other machines of a fleet: its lease, its memory, and what it brings.
//!
//! The records are those of this machine's own cache, sealed with the same key under the same names. What comes from there is
//! opened, dated by this machine's clock where another one's runs ahead, and written to the own cache, from which everything
//! else reads it.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::fleet::Fleet;
use super::flight::NoResult;
use super::memory::Memory;
use super::place::LoginPlace;
use crate::cache::assertion::KeptAssertion;
use crate::cache::entry::CacheEntry;
use crate::cache::key::{AssertionKey, CacheKey, FileName, Kind, LoginKey};
use crate::cache::record::{self, Record};
use crate::cache::redis_store::{Lead, Records};
use crate::cache::seal::Miss;
use crate::error::{Code, Error, Result};
use crate::random;
use crate::tally;
use crate::time::{self, Deadline};

/// The shared side of a login's place.
pub struct InFleet {
    fleet: Arc<Fleet>,
    /// What is asked for: its memory, the result, the assertion.
    names: Vec<FileName>,
    lead: RefCell<Option<Lead>>,
}

/// The lease of a login, or the permission of a machine that goes on alone; given back when dropped.
pub struct Lease<'a>(&'a LoginPlace);

/// A follower asks again after so long, and at last this long.
const SHORTEST_PAUSE: Duration = Duration::from_millis(40);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

impl InFleet {
    pub fn new(fleet: Arc<Fleet>, login: &LoginKey, result: &CacheKey, assertion: Option<&AssertionKey>) -> InFleet {
        let mut names = vec![record::name::<Memory>(login), record::name::<CacheEntry>(result)];
        names.extend(assertion.map(record::name::<KeptAssertion>));
        InFleet { fleet, names, lead: RefCell::default() }
    }
}

impl LoginPlace {
    /// Takes over what the other machines have left. Under the login's lock. False: there are none, or they cannot be asked.
    pub(super) fn look_in_fleet(&self) -> bool {
        let Some(InFleet { fleet, names, .. }) = &self.fleet else { return false };
        let Some(records) = fleet.look(&self.store, &self.login, names) else { return false };
        self.take(records);
        true
    }

    /// The lease of this login, waited for as [`LoginPlace::lock`] waits, and what its last holder left.
    pub(super) fn lease(
        &self,
        wait: Option<Duration>,
        deadline: &Deadline,
    ) -> std::result::Result<Option<Lease<'_>>, NoResult> {
        let Some(InFleet { fleet, names, lead }) = &self.fleet else { return Ok(Some(Lease(self))) };
        let own = wait.map(Deadline::after);
        let (patience, mut pause) = (own.as_ref().unwrap_or(deadline), SHORTEST_PAUSE);
        loop {
            match fleet.lease(&self.store, &self.login, names) {
                None => return Ok(Some(Lease(self))),
                Some(Some((leads, records))) => {
                    lead.replace(Some(leads));
                    self.take(records);
                    return Ok(Some(Lease(self)));
                }
                Some(None) => {}
            }
            let left = patience.remaining();
            match wait {
                Some(_) if left.is_zero() => return Ok(None),
                None if left.is_zero() => return Err(NoResult::Login(waited_in_vain())),
                _ => {}
            }
            if pause == SHORTEST_PAUSE {
                tracing::info!(
                    "another machine of the fleet is logging in as the same identity; waiting for its result"
                );
            }
            let now = random::jittered(pause).min(left);
            tally::note_pause(pause == SHORTEST_PAUSE, now);
            time::pause(now);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Shares a record, if this machine leads. `None`: it does not, or goes on alone; false: another one has led since.
    pub(super) fn share<R: Record>(&self, key: &R::Key, record: &R) -> Result<Option<bool>> {
        let Some(InFleet { fleet, lead, .. }) = &self.fleet else { return Ok(None) };
        let Some(lead) = &*lead.borrow() else { return Ok(None) };
        let file = record::seal(&self.store.sealing, key, &self.login, record)?;
        let until = record.until(time::now());
        Ok(fleet.put(&self.store, lead, &self.login, &record::name::<R>(key), file, until))
    }

    /// The same of what a login brought: what is not shared only costs another machine a login.
    pub(super) fn share_brought<R: Record>(&self, key: &R::Key, record: &R) {
        match self.share(key, record) {
            Ok(Some(false)) => tracing::warn!("another machine has led since: the result stays on this machine"),
            Ok(Some(true) | None) => {}
            Err(why) => tracing::warn!(%why, "the result is not shared"),
        }
    }

    /// Forgets this result and everything else of its login but other results.
    pub(super) fn forget_in_fleet(&self) -> Result<()> {
        let Some(InFleet { fleet, names, .. }) = &self.fleet else { return Ok(()) };
        let goes = |name: &FileName| names.contains(name) || !matches!(name, FileName::Sealed(Kind::Entry, _));
        fleet.forget(&self.store, &self.login, goes).map(drop)
    }

    /// Writes what came to the own cache, where it is the newer.
    fn take(&self, records: Records) {
        let Some(InFleet { names, .. }) = &self.fleet else { return };
        for (name, file) in names.iter().zip(records) {
            let FileName::Sealed(kind, digest) = *name else { continue };
            let Some(file) = file else { continue };
            let taken = match kind {
                Kind::Memory => self.take_memory(&file),
                Kind::Entry => self.take_entry(&CacheKey::from(digest), &file),
                Kind::Assertion => self.take_assertion(&AssertionKey::from(digest), &file),
                Kind::Session | Kind::Text | Kind::Secret | Kind::Away => Ok(()),
            };
            if let Err(why) = taken {
                tracing::warn!(%why, "what the fleet has is passed over");
            }
        }
    }

    fn take_memory(&self, file: &[u8]) -> Result<()> {
        let shared: Memory = self.opened(&self.login, file)?;
        let own = self.memory()?;
        let joined = own.joined(shared, time::now());
        match joined == own {
            true => Ok(()),
            false => self.store.put(&self.login, &self.login, &joined),
        }
    }

    /// Which of two is the newer tells STS's clock, the same for all machines.
    fn take_entry(&self, key: &CacheKey, file: &[u8]) -> Result<()> {
        let shared: CacheEntry = self.opened(key, file)?;
        let own = self.store.get::<CacheEntry>(key)?;
        if own.is_some_and(|own| own.credentials.expiration >= shared.credentials.expiration) {
            return Ok(());
        }
        let issued = shared.issued.min(time::now());
        tally::note(|tally| tally.store = Some(tally::Store::Redis));
        self.store.put(key, &self.login, &CacheEntry { issued, ..shared })
    }

    fn take_assertion(&self, key: &AssertionKey, file: &[u8]) -> Result<()> {
        let shared: KeptAssertion = self.opened(key, file)?;
        let own = self.store.get::<KeptAssertion>(key)?;
        if own.is_some_and(|own| own.until >= shared.until) {
            return Ok(());
        }
        let received = shared.received.min(time::now());
        self.store.put(key, &self.login, &KeptAssertion { received, ..shared })
    }

    fn opened<R: Record>(&self, key: &R::Key, file: &[u8]) -> Result<R> {
        record::open(&self.store.sealing, key, file)
            .map_err(|miss: Miss| Error::new(Code::FileUnreadable, format!("a shared record is of no use: {miss}")))
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let Some(InFleet { fleet, lead, .. }) = &self.0.fleet else { return };
        if let Some(lead) = lead.take() {
            fleet.release(&self.0.store, &lead, &self.0.login);
        }
    }
}

/// The error of a leader that was stopped for so long that another machine has led since.
pub fn lost_lead() -> Error {
    Error::new(Code::LockTimeout, "another machine of the fleet has taken this login over")
        .because("this process was stopped, or its machine, for longer than its lease")
}

fn waited_in_vain() -> Error {
    Error::new(Code::LockTimeout, "another machine of the fleet is logging in, and was waited for in vain")
}
