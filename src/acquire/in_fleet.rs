//! What a login shares with the other machines of a fleet: its lease, its memory, and its results.
//!
//! The records are those of this machine's own cache, sealed with the same key under the same names. A record from there is
//! opened, dated by this machine's clock where another one's runs ahead, and written to the own cache, from which everything else
//! reads it.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::fleet::{Asked, Fleet};
use super::memory::Memory;
use crate::cache::assertion::KeptAssertion;
use crate::cache::entry::CacheEntry;
use crate::cache::key::{AssertionKey, CacheKey, FileName, Kind, LoginKey};
use crate::cache::record::{self, Record};
use crate::cache::redis_store::{LEASE, Lead, Records};
use crate::cache::seal::Miss;
use crate::error::{Code, Error, Result};
use crate::time::{self, Deadline};
use crate::{random, tally};

/// The shared side of a login's place.
pub struct InFleet {
    fleet: Arc<Fleet>,
    login: LoginKey,
    /// The names of its memory, the result and the assertion.
    names: Vec<FileName>,
    lead: RefCell<Option<Lead>>,
}

/// The lease of a login, or the permission of a machine to work alone; released when dropped.
pub struct Lease<'a>(&'a InFleet);

/// Pauses between the questions of a follower: the first and the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(40);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

impl InFleet {
    pub fn new(fleet: Arc<Fleet>, login: &LoginKey, result: &CacheKey, assertion: Option<&AssertionKey>) -> InFleet {
        let mut names = vec![record::name::<Memory>(login), record::name::<CacheEntry>(result)];
        names.extend(assertion.map(record::name::<KeptAssertion>));
        InFleet { fleet, login: *login, names, lead: RefCell::default() }
    }

    /// Takes over what the other machines have left. Called under the login's lock. Returns false if they cannot be asked.
    pub fn look(&self) -> bool {
        let records = self.fleet.look(&self.login, &self.names);
        records.map(|records| self.take(records)).is_some()
    }

    /// Waits for the lease of this login until `deadline`, and takes over what its last holder left. With a limit of its own,
    /// `wait`, returns `None` when that has passed; without one, an error.
    ///
    /// A store that fails while another machine leads (a failover) is asked for as long as that machine's lease may
    /// last, before this one works alone: otherwise all that wait would log in at once.
    pub fn lease(&self, wait: Option<Duration>, deadline: &Deadline) -> Result<Option<Lease<'_>>> {
        let own = wait.map(Deadline::after);
        let (patience, mut pause) = (own.as_ref().unwrap_or(deadline), SHORTEST_PAUSE);
        let mut leader: Option<Deadline> = None;
        loop {
            match self.fleet.lease(&self.login, &self.names, leader.is_some_and(|leader| !leader.has_passed())) {
                Asked::Alone => return Ok(Some(Lease(self))),
                Asked::Leads(lead, records) => {
                    self.lead.replace(Some(lead));
                    self.take(records);
                    return Ok(Some(Lease(self)));
                }
                Asked::Follows => leader = Some(Deadline::after(LEASE)),
                Asked::Unanswered => {}
            }
            let left = patience.remaining();
            match wait {
                Some(_) if left.is_zero() => return Ok(None),
                None if left.is_zero() => return Err(waited_in_vain()),
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

    /// Shares a record if this machine leads. `None` if it does not, or works alone; false if another machine has led
    /// since.
    pub fn share<R: Record>(&self, key: &R::Key, record: &R) -> Result<Option<bool>> {
        let Some(lead) = &*self.lead.borrow() else { return Ok(None) };
        let file = record::seal(&self.fleet.store.sealing, key, &self.login, record)?;
        Ok(self.fleet.put(lead, &record::name::<R>(key), file, record.until(time::now())))
    }

    /// Shares a result. A failure only costs another machine a login.
    pub fn share_result<R: Record>(&self, key: &R::Key, record: &R) {
        match self.share(key, record) {
            Ok(Some(false)) => tracing::warn!("another machine has led since: the result stays on this machine"),
            Ok(Some(true) | None) => {}
            Err(why) => tracing::warn!(%why, "the result is not shared"),
        }
    }

    /// Removes this result and everything else of its login except other results.
    pub fn forget(&self) -> Result<()> {
        let goes = |name: &FileName| self.names.contains(name) || !matches!(name, FileName::Sealed(Kind::Entry, _));
        self.fleet.forget(&self.login, goes).map(drop)
    }

    /// Writes these records to the own cache where they are newer.
    fn take(&self, records: Records) {
        for (name, file) in self.names.iter().zip(records) {
            let FileName::Sealed(kind, digest) = *name else { continue };
            let Some(file) = file else { continue };
            let taken = match kind {
                Kind::Memory => self.take_memory(&file),
                Kind::Entry => self.take_entry(&CacheKey::from(digest), &file),
                Kind::Assertion => self.take_assertion(&AssertionKey::from(digest), &file),
                Kind::Session | Kind::Text | Kind::Secret | Kind::Away => Ok(()),
            };
            if let Err(why) = taken {
                tracing::warn!(%why, "a record of the fleet is ignored");
            }
        }
    }

    fn take_memory(&self, file: &[u8]) -> Result<()> {
        let shared: Memory = self.opened(&self.login, file)?;
        let own: Memory = self.fleet.store.get(&self.login)?.unwrap_or_default();
        let joined = own.joined(shared, time::now());
        match joined == own {
            true => Ok(()),
            false => self.fleet.store.put(&self.login, &self.login, &joined),
        }
    }

    /// Takes an entry that expires later: STS's clock is the same for all machines.
    fn take_entry(&self, key: &CacheKey, file: &[u8]) -> Result<()> {
        let shared: CacheEntry = self.opened(key, file)?;
        let own = self.fleet.store.get::<CacheEntry>(key)?;
        if own.is_some_and(|own| own.credentials.expiration >= shared.credentials.expiration) {
            return Ok(());
        }
        let issued = shared.issued.min(time::now());
        tally::note(|tally| tally.store = Some(tally::Store::Redis));
        self.fleet.store.put(key, &self.login, &CacheEntry { issued, ..shared })
    }

    fn take_assertion(&self, key: &AssertionKey, file: &[u8]) -> Result<()> {
        let shared: KeptAssertion = self.opened(key, file)?;
        let own = self.fleet.store.get::<KeptAssertion>(key)?;
        if own.is_some_and(|own| own.until >= shared.until) {
            return Ok(());
        }
        let received = shared.received.min(time::now());
        self.fleet.store.put(key, &self.login, &KeptAssertion { received, ..shared })
    }

    fn opened<R: Record>(&self, key: &R::Key, file: &[u8]) -> Result<R> {
        record::open(&self.fleet.store.sealing, key, file)
            .map_err(|miss: Miss| Error::new(Code::FileUnreadable, format!("a shared record cannot be used: {miss}")))
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(lead) = self.0.lead.take() {
            self.0.fleet.release(&lead);
        }
    }
}

/// Returns the error of a leader that was stopped for so long that another machine has led since.
pub fn lost_lead() -> Error {
    Error::new(Code::LockTimeout, "another machine of the fleet has taken this login over")
        .because("this process was stopped, or its machine, for longer than its lease")
}

fn waited_in_vain() -> Error {
    Error::new(Code::LockTimeout, "another machine of the fleet is logging in and did not finish in time")
}
