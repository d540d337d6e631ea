//! What is remembered of a login identity: the guard of its secrets, and failures that hold the next try back.
//!
//! After a failure at a peer the next try waits ([`LastFailure`]), so that a crowd does not storm an identity provider. What
//! failed here, before anybody was asked, is mended here, and only puts off a refresh ahead of time. Failures of reachability and of the person's
//! login are the identity's, shared by all its profiles; what STS or a role said is one result's only.
//!
//! The record is changed under the login's lock, and read without it.

use serde::{Deserialize, Serialize};

use super::guard::{Guard, SecretMark, Spent};
use super::schedule::{Ceiling, LastFailure};
use crate::cache::file_store::FileStore;
use crate::cache::key::{CacheKey, FileName, LoginKey};
use crate::cache::master_key::SealingKey;
use crate::cache::seal::{self, Kind as FileKind};
use crate::error::{Code, Error, Kind, Result, printable};
use crate::time::Timestamp;

/// The record of one login identity.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Logins begun so far; the number of the latest one. It dates results and errors whatever the clock does.
    begun: u64,
    /// The latest login that came to an end.
    finished: u64,
    guard: Guard,
    failures: Vec<Failure>,
}

/// How far an identity's logins had come when somebody looked: the number of the last one that is no news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen(u64);

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Failure {
    /// The result that was wanted; `None`: it is every result's of this identity.
    of: Option<CacheKey>,
    stops: Stops,
    generation: u64,
    at: Timestamp,
    count: u32,
    jitter: u8,
    error: Error,
}

/// Whom a failure keeps from another try. All of them put off the next refresh ahead of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stops {
    /// Everybody, until the back-off ends.
    All,
    /// Whoever has the same secret.
    SameSecret,
    /// Nobody: it failed here, before a peer was asked, and may be mended by now or be otherwise for the next process.
    None,
}

/// So many failures of one identity are kept.
const KEPT: usize = 8;

impl Memory {
    /// The record of `login`; an empty one when there is none that can be read.
    ///
    /// Errors: those of [`FileStore::read`].
    pub fn load(store: &FileStore, key: &SealingKey, login: &LoginKey) -> Result<Self> {
        let file = store.read(&FileName::Record(*login))?;
        Ok(file.and_then(|file| Memory::open(key, login, &file)).unwrap_or_default())
    }

    /// The record in `file`, if it is that of `login`, sealed with `key` and unchanged since.
    pub fn open(key: &SealingKey, login: &LoginKey, file: &[u8]) -> Option<Self> {
        let (_, json) = seal::open::<0>(key, &FILE_KIND, login.as_bytes(), file).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Keeps the record. Whoever spends a secret calls this before it leaves, and does not go on if it fails.
    ///
    /// Errors: those of [`FileStore::write`].
    pub fn save(&self, store: &FileStore, key: &SealingKey, login: &LoginKey) -> Result<()> {
        let json = serde_json::to_vec(self)
            .map_err(|e| Error::new(Code::Bug, "a record cannot be written as JSON").because(e.to_string()))?;
        store.write(&FileName::Record(*login), &seal::seal(key, &FILE_KIND, login.as_bytes(), &[], &json)?)
    }

    /// To whoever looks now, a login that ends later is news.
    pub fn seen(&self) -> Seen {
        Seen(self.finished)
    }

    /// The same for `--force`, to which only a login that begins later is news.
    pub fn seen_begun(&self) -> Seen {
        Seen(self.begun)
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
        !self.guard.is_empty()
    }

    /// Why a secret must not be sent, if it must not. No flag passes this by.
    pub fn refuses(&self, mark: &SecretMark, now: Timestamp) -> Option<Error> {
        self.guard.refuses(mark, now)
    }

    /// A person wants this secret sent, whatever became of it before.
    pub fn pardon(&mut self, mark: &SecretMark) {
        self.guard.accept(mark);
    }

    /// Why a secret is not to be sent ahead of time, while there are credentials left.
    pub fn spares(&self, mark: &SecretMark, now: Timestamp) -> Option<Error> {
        self.guard.spares(mark, now)
    }

    /// Notes that a secret is about to be sent. To be saved before it is.
    pub fn spend(&mut self, mark: &SecretMark) {
        self.guard.spend(mark);
    }

    /// The login begun last gave the result `of`, for which the secret `spent` was sent.
    pub fn succeed(&mut self, of: &CacheKey, spent: Option<&SecretMark>) {
        self.accept(spent);
        self.failures.retain(|failure| !failure.concerns(of));
    }

    /// The login begun last ended well, without a result: whatever kept one from coming may still do so.
    pub fn accept(&mut self, spent: Option<&SecretMark>) {
        self.finished = self.begun;
        if let Some(mark) = spent {
            self.guard.accept(mark);
        }
    }

    /// The login begun last failed.
    ///
    /// `jitter`: any byte; it moves the time of the next try.
    pub fn fail(&mut self, of: &CacheKey, error: &Error, spent: Spent, now: Timestamp, jitter: u8) {
        self.finished = self.begun;
        let error = shortened(error);
        let refused = self.guard.settle(&error, spent, now);
        let (of, stops) = match Scope::of(error.code) {
            _ if refused => (None, Stops::SameSecret),
            Scope::Local => (Some(*of), Stops::None),
            Scope::Identity => (None, Stops::All),
            Scope::Result => (Some(*of), Stops::All),
        };
        let known = self.failures.iter().position(|failure| failure.of == of && failure.stops == stops);
        let known = known.map(|known| self.failures.remove(known));
        self.failures.push(Failure {
            of,
            stops,
            generation: self.begun,
            at: now,
            count: known.map_or(0, |known| known.count).saturating_add(1),
            jitter,
            error,
        });
        self.failures.drain(..self.failures.len().saturating_sub(KEPT));
    }

    /// A person logged in, or wants everything tried anew: all is forgotten but the numbers.
    pub fn forget(&mut self) {
        self.finished = self.begun;
        self.guard = Guard::default();
        self.failures.clear();
    }

    /// The last failure that concerns the result `of`, and its error: for [`super::schedule::Life::state`] and for `status`.
    pub fn last_failure(&self, of: &CacheKey) -> Option<(LastFailure, &Error)> {
        let failure = self.failures.iter().filter(|f| f.concerns(of)).max_by_key(|f| f.generation)?;
        Some((failure.as_last(), &failure.error))
    }

    /// The error that whoever has no credentials for `of` is given in place of a try, and when the next one is allowed.
    ///
    /// A refused secret is not among these: it holds back only itself ([`Memory::refuses`]). Nor is what failed here.
    pub fn holds_back(&self, of: &CacheKey, now: Timestamp) -> Option<(Timestamp, &Error)> {
        let of_peers = self.failures.iter().filter(|f| f.concerns(of) && f.stops == Stops::All);
        let waiting = of_peers.filter(|f| f.as_last().holds_back(now));
        waiting.map(|f| (f.as_last().retry_at(), &f.error)).max_by_key(|(until, _)| *until)
    }

    /// The error of a login that ended since `seen`: what whoever waited for it has to tell.
    ///
    /// `own`: the waiting process's secret, if it has read it. The refusal of another one is no news to it.
    pub fn news(&self, seen: &Seen, of: &CacheKey, own: Option<&SecretMark>, now: Timestamp) -> Option<&Error> {
        let own_may_go = own.is_some_and(|own| self.guard.refuses(own, now).is_none());
        let news = self.failures.iter().filter(|f| self.is_news(seen, f.generation) && f.concerns(of));
        let for_us = news.filter(|f| match f.stops {
            Stops::All => true,
            Stops::SameSecret => !own_may_go,
            Stops::None => false,
        });
        for_us.max_by_key(|f| f.generation).map(|f| &f.error)
    }
}

const FILE_KIND: FileKind = *b"fc-memo\x01";

impl Failure {
    fn concerns(&self, of: &CacheKey) -> bool {
        self.of.is_none_or(|only| only == *of)
    }

    fn as_last(&self) -> LastFailure {
        let denied = self.error.kind() == Kind::Refused && self.error.code.as_str().starts_with("sts-");
        let ceiling = if denied { Ceiling::Denial } else { Ceiling::Outage };
        LastFailure { at: self.at, count: self.count, ceiling, jitter: self.jitter }
    }
}

/// The error as it is kept: however much a peer had to say, a record fits into [`seal::MAX_FILE`].
fn shortened(error: &Error) -> Error {
    Error {
        code: error.code,
        what: printable(&error.what, 300),
        causes: error.causes.iter().take(3).map(|cause| printable(cause, 200)).collect(),
        hint: error.hint.as_ref().map(|hint| printable(hint, 200)),
    }
}

/// Whose failure it is.
enum Scope {
    /// Nobody was asked yet.
    Local,
    /// Every result's of the login identity.
    Identity,
    /// One result's.
    Result,
}

impl Scope {
    fn of(code: Code) -> Self {
        match code {
            Code::NoKerberosTicket
            | Code::KerberosTicketExpired
            | Code::PromptNeeded
            | Code::BrowserLoginNeeded
            | Code::LoginAbandoned
            | Code::LockTimeout => Scope::Local,
            // One region's or partition's STS says nothing about another.
            Code::StsThrottled | Code::StsUnavailable => Scope::Result,
            _ => match code.kind() {
                Kind::Usage | Kind::Configuration | Kind::Storage | Kind::Internal => Scope::Local,
                Kind::LoginRequired | Kind::Unavailable => Scope::Identity,
                Kind::Unusable | Kind::Refused => Scope::Result,
            },
        }
    }
}

#[cfg(test)]
mod tests;
