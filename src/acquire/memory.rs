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
        self.finished = self.begun;
        if let Some(mark) = spent {
            self.guard.accept(mark);
        }
        self.failures.retain(|failure| !failure.concerns(of));
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
            Code::NoKerberosTicket | Code::KerberosTicketExpired | Code::PromptNeeded | Code::LockTimeout => {
                Scope::Local
            }
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
mod tests {
    use super::*;
    use crate::cache::key::KeyBuilder;

    fn key() -> SealingKey {
        SealingKey::from_bytes([7; 32])
    }

    fn login(user: &str) -> LoginKey {
        KeyBuilder::new(&key()).field("user", user).login_key()
    }

    fn role(name: &str) -> CacheKey {
        KeyBuilder::new(&key()).field("role", name).cache_key()
    }

    fn mark(secret: &str) -> SecretMark {
        SecretMark::new(&key(), &login("alice"), secret.as_bytes())
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn error(code: Code) -> Error {
        Error::new(code, format!("it was {}", code.as_str()))
    }

    /// A login that sends `secret` and ends with `code`.
    fn attempt(memory: &mut Memory, secret: &str, code: Code, second: i64) {
        memory.begin();
        memory.spend(&mark(secret));
        memory.fail(&role("a"), &error(code), Spent::Sent(&mark(secret)), at(second), 255);
    }

    fn code(error: Option<Error>) -> Option<Code> {
        error.map(|e| e.code)
    }

    #[test]
    fn a_pardoned_secret_may_be_sent_and_another_refused_one_may_not() {
        let mut memory = Memory::default();
        for secret in ["typed", "stored"] {
            memory.begin();
            memory.spend(&mark(secret));
            let refused = Error::new(Code::IdpRejected, "no");
            memory.fail(&role("a"), &refused, Spent::Sent(&mark(secret)), at(0), 0);
        }
        memory.pardon(&mark("typed"));
        assert_eq!(memory.refuses(&mark("typed"), at(1)), None);
        assert!(memory.refuses(&mark("stored"), at(1)).is_some());
    }

    #[test]
    fn a_failure_is_of_the_identity_or_of_one_result_or_holds_nobody_back() {
        // code, holds back the same result, holds back another result of the identity
        let table = [
            (Code::Connect, true, true),
            (Code::Timeout, true, true),
            (Code::Http5xx, true, true),
            (Code::KdcUnreachable, true, true),
            (Code::MfaNeeded, true, true),
            (Code::PasswordChangeRequired, true, true),
            (Code::XpathNoMatch, true, false),
            (Code::IdpDeniedClaim, true, false),
            (Code::TlsUntrusted, true, false),
            (Code::RoleNotOffered, true, false),
            (Code::StsAccessDenied, true, false),
            (Code::StsThrottled, true, false),
            (Code::NoKerberosTicket, false, false),
            (Code::PromptNeeded, false, false),
            (Code::LockTimeout, false, false),
            (Code::InvalidValue, false, false),
            (Code::SecretCommand, false, false),
        ];
        for (failed, same, other) in table {
            let mut memory = Memory::default();
            memory.begin();
            memory.fail(&role("a"), &error(failed), Spent::Nothing, at(0), 255);
            let held = |role: &CacheKey| memory.holds_back(role, at(0)).map(|(until, e)| (until, e.code));
            let expected = Some((at(1), failed));
            assert_eq!(held(&role("a")), expected.filter(|_| same), "{failed:?}");
            assert_eq!(held(&role("b")), expected.filter(|_| other), "{failed:?}");
            let last = memory.last_failure(&role("a")).map(|(_, error)| error.code);
            assert_eq!(last, Some(failed), "whatever it was, it puts off a refresh ahead of time");
            let waited = Memory::default().seen();
            assert_eq!(memory.news(&waited, &role("a"), None, at(0)).is_some(), same, "{failed:?}");
        }
    }

    #[test]
    fn failures_in_a_row_are_counted_until_a_success() {
        let mut memory = Memory::default();
        for (code, longest) in [(Code::Connect, 30), (Code::StsAccessDenied, 120)] {
            for count in 1..12 {
                memory.begin();
                memory.fail(&role("a"), &error(code), Spent::Nothing, at(0), 255);
                let (until, _) = memory.holds_back(&role("a"), at(0)).unwrap();
                assert_eq!(memory.last_failure(&role("a")).unwrap().0.count, count);
                assert_eq!(until, at(longest.min(1 << (count - 1))).max(if longest == 120 { at(30) } else { at(0) }));
            }
        }
        memory.begin();
        memory.fail(&role("b"), &error(Code::RoleNotOffered), Spent::Nothing, at(0), 255);
        memory.succeed(&role("a"), None);
        assert_eq!(memory.last_failure(&role("a")), None);
        assert_eq!(memory.last_failure(&role("b")).unwrap().1.code, Code::RoleNotOffered, "its own stays");
    }

    #[test]
    fn those_who_waited_hear_the_leaders_error_and_nobody_an_old_one() {
        let mut memory = Memory::default();
        attempt(&mut memory, "s", Code::Http5xx, 0);
        let seen = memory.seen();
        let news = |memory: &Memory, of: &str, own: Option<&SecretMark>| {
            memory.news(&seen, &role(of), own, at(2)).map(|e| e.code)
        };
        assert_eq!(news(&memory, "a", None), None, "it ended before");

        let generation = memory.begin();
        assert!(memory.is_news(&seen, generation) && !memory.is_news(&memory.seen_begun(), generation));
        assert!(!memory.is_news(&seen, generation + 1), "no login of this record");
        assert_eq!(news(&memory, "a", None), None, "it has not ended");
        memory.fail(&role("a"), &error(Code::StsAccessDenied), Spent::Nothing, at(1), 0);
        assert_eq!((news(&memory, "a", None), news(&memory, "b", None)), (Some(Code::StsAccessDenied), None));

        attempt(&mut memory, "s", Code::IdpRejected, 2);
        assert_eq!(
            (news(&memory, "a", None), news(&memory, "b", None)),
            (Some(Code::IdpRejected), Some(Code::IdpRejected))
        );
        assert_eq!(news(&memory, "b", Some(&mark("s"))), Some(Code::IdpRejected));
        assert_eq!(news(&memory, "b", Some(&mark("changed"))), None, "it may try its own");
    }

    #[test]
    fn a_refusal_met_again_counts_as_a_failed_try_of_the_window() {
        let mut memory = Memory::default();
        attempt(&mut memory, "s", Code::IdpRejected, 0);
        for (second, told) in [(10, Code::IdpRejected), (1000, Code::SecretRefusedBefore)] {
            let again = memory.refuses(&mark("s"), at(second)).unwrap();
            memory.begin();
            memory.fail(&role("b"), &again, Spent::Refused, at(second), 0);
            for name in ["a", "b"] {
                let (last, error) = memory.last_failure(&role(name)).unwrap();
                assert_eq!((last.at, error.code), (at(second), told), "{name}");
                assert_eq!(memory.holds_back(&role(name), at(second)), None, "{name}");
            }
        }
        assert_eq!(code(memory.refuses(&mark("s"), at(2000))), Some(Code::SecretRefusedBefore));
    }

    #[test]
    fn a_record_can_be_kept_however_many_talkative_failures_there_were() {
        let home = tempfile::tempdir().unwrap();
        let store = FileStore::new(home.path().join("cache"));
        let mut memory = Memory::default();
        for i in 0..100 {
            let secret = mark(&i.to_string());
            for code in [Code::IdpRejected, Code::StsAccessDenied] {
                let mut long = Error::new(code, "ä\"".repeat(10_000));
                long.causes = vec!["ä\"".repeat(10_000); 100];
                memory.begin();
                memory.spend(&secret);
                memory.fail(&role(&i.to_string()), &long, Spent::Sent(&secret), at(i), 0);
            }
        }
        memory.save(&store, &key(), &login("alice")).unwrap();
        assert!(memory.last_failure(&role("99")).is_some_and(|(_, e)| e.code == Code::StsAccessDenied));
    }

    #[test]
    fn a_login_clears_everything_but_the_numbers() {
        let mut memory = Memory::default();
        attempt(&mut memory, "s", Code::IdpRejected, 0);
        memory.forget();
        assert_eq!((memory.refuses(&mark("s"), at(1)), memory.last_failure(&role("a"))), (None, None));
        assert_eq!(memory.begin(), 2);
    }

    #[test]
    fn a_record_comes_back_as_it_was_kept_and_a_strangers_is_none() {
        let home = tempfile::tempdir().unwrap();
        let store = FileStore::new(home.path().join("cache"));
        let load = |user: &str| Memory::load(&store, &key(), &login(user)).unwrap();
        assert_eq!(load("alice"), Memory::default());

        let mut memory = Memory::default();
        attempt(&mut memory, "hunter2", Code::IdpRejected, 0);
        attempt(&mut memory, "hunter2", Code::Timeout, 1);
        memory.save(&store, &key(), &login("alice")).unwrap();
        assert_eq!(load("alice"), memory);

        let file = store.read(&FileName::Record(login("alice"))).unwrap().unwrap();
        assert!(!String::from_utf8_lossy(&file).contains("idp-rejected"), "it is sealed");
        for changed in [file.clone(), file[..file.len() - 1].to_vec(), b"junk".to_vec()] {
            store.write(&FileName::Record(login("bob")), &changed).unwrap();
            assert_eq!(load("bob"), Memory::default());
        }
    }
}
