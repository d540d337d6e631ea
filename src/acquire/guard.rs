//! The guard against locking a person out: when a secret may be sent again.
//!
//! | shown | the same secret again |
//! |---|---|
//! | not sent | as if nothing had been tried |
//! | accepted | at any time |
//! | refused | never, until it changes or a person logs in |
//! | no verdict | once more, then once an hour |
//!
//! A secret is known by a keyed MAC, never kept itself. An attempt that nothing was shown of (killed, never answered, answered
//! with an error) may have cost a try at the identity provider, and is counted as one.

use hmac::Mac;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::attempt::Shown;
use crate::cache::key::LoginKey;
use crate::cache::sealing_key::{Purpose, SealingKey};
use crate::error::{Code, Error, printable};
use crate::time::{Timestamp, whole_seconds};

/// Recognises a secret that was tried before. Says nothing about it without the sealing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretMark([u8; 32]);

impl SecretMark {
    /// Of a password's or token's text, or a keytab's content. Two identities with the same secret have different marks.
    pub fn new(key: &SealingKey, login: &LoginKey, secret: &[u8]) -> Self {
        let mac = key.mac(Purpose::Secrets).chain_update(login.as_bytes()).chain_update(secret);
        SecretMark(mac.finalize().into_bytes().into())
    }
}

impl SecretMark {
    /// To compare one that was kept with.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

/// The secrets of one identity that left us and were refused or got no verdict.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard(Vec<TriedSecret>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TriedSecret {
    mark: SecretMark,
    /// Attempts without a verdict, one in flight included.
    unanswered: u32,
    /// When the latest of them began.
    last: Timestamp,
    /// What the latest of them failed with; absent: nobody lived to tell.
    why: Option<Error>,
    refusal: Option<Refusal>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Refusal {
    at: Timestamp,
    error: Error,
}

/// What was known of a secret before an attempt, for one that did not leave.
#[derive(Debug)]
pub struct Before(TriedSecret);

/// So many secrets of one identity are kept.
const KEPT: usize = 8;

/// For so long a refusal is told in its own words, as those who came at the same time expect.
const REFUSAL_IS_NEWS: SignedDuration = SignedDuration::from_secs(30);

/// An attempt without a verdict allows one more at once.
const AT_ONCE: u32 = 2;

/// After that, one each time this much has passed since the latest.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// An attempt dated further ahead was not dated by the clock we have now.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

impl Guard {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns why a secret must not be sent, if it must not. No flag passes this by.
    pub fn refuses(&self, mark: &SecretMark, now: Timestamp) -> Option<Error> {
        let tried = self.find(mark)?;
        if let Some(refusal) = &tried.refusal {
            return Some(refusal.met_again(now));
        }
        let until = tried.waits_until(now)?;
        let times = tried.unanswered;
        let what = format!(
            "the same secret was sent {times} times without a verdict, and is not sent again before {}",
            whole_seconds(until)
        );
        let error = Error::new(Code::SecretWithoutVerdict, what);
        let why = match &tried.why {
            Some(why) => format!("the last time, {}: {}", whole_seconds(tried.last), why.what),
            None => "the last attempt ended before its result was known".to_owned(),
        };
        Some(
            error
                .because(why)
                .because("each attempt may have counted as a wrong secret, and too many lock the account"),
        )
    }

    /// When a secret without a verdict may be sent again, if not now.
    pub fn waits_until(&self, mark: &SecretMark, now: Timestamp) -> Option<Timestamp> {
        self.find(mark).filter(|tried| tried.refusal.is_none())?.waits_until(now)
    }

    /// Returns why a refresh ahead of time must not send this secret. After an attempt without a verdict, the next one is saved
    /// for callers that have no credentials left.
    pub fn spares(&self, mark: &SecretMark, now: Timestamp) -> Option<Error> {
        let unanswered = || {
            self.find(mark).filter(|tried| tried.unanswered > 0).map(|_| {
                Error::new(
                    Code::SecretWithoutVerdict,
                    "the IdP did not say whether the secret is right; the next attempt waits until no credentials are left",
                )
            })
        };
        self.refuses(mark, now).or_else(unanswered)
    }

    /// Notes that a secret is about to be sent. To be saved before it is.
    pub fn begin(&mut self, mark: &SecretMark, now: Timestamp) -> Option<Before> {
        let before = self.take(mark);
        let unanswered = before.as_ref().map_or(0, |tried| tried.unanswered).saturating_add(1);
        let refusal = before.as_ref().and_then(|tried| tried.refusal.clone());
        self.keep(TriedSecret { mark: *mark, unanswered, last: now, why: None, refusal });
        before.map(Before)
    }

    /// The secret counts as never tried: a person wants it sent.
    pub fn pardon(&mut self, mark: &SecretMark) {
        self.take(mark);
    }

    /// What the peer showed of an attempt that [`Guard::begin`] noted. `failure`: what the login failed with.
    pub fn settle(
        &mut self,
        mark: &SecretMark,
        shown: Shown,
        before: Option<Before>,
        failure: Option<&Error>,
        now: Timestamp,
    ) {
        let Some(tried) = self.take(mark) else { return };
        match shown {
            Shown::Accepted => {}
            Shown::NotSent => self.0.extend(before.map(|Before(tried)| tried)),
            Shown::NoVerdict => self.keep(TriedSecret { why: failure.map(shortened), ..tried }),
            Shown::Refused => {
                let refused = || Error::new(Code::IdpRejected, "the secret was refused");
                let error = failure.map_or_else(refused, shortened);
                self.keep(TriedSecret { unanswered: 0, why: None, refusal: Some(Refusal { at: now, error }), ..tried });
            }
        }
    }

    /// Adds what another record knows of secrets: a refusal counts whoever met it, and so does each attempt.
    pub fn add(&mut self, other: &Guard) {
        for tried in &other.0 {
            match self.take(&tried.mark) {
                Some(known) if known.refusal.is_some() || known.unanswered > tried.unanswered => self.keep(known),
                Some(_) | None => self.keep(tried.clone()),
            }
        }
    }

    /// Nothing was tried later than now: other machines' clocks may run ahead.
    pub fn not_after(&mut self, now: Timestamp) {
        for tried in &mut self.0 {
            tried.last = tried.last.min(now);
            if let Some(refusal) = &mut tried.refusal {
                refusal.at = refusal.at.min(now);
            }
        }
    }

    fn find(&self, mark: &SecretMark) -> Option<&TriedSecret> {
        self.0.iter().find(|tried| tried.mark == *mark)
    }

    fn take(&mut self, mark: &SecretMark) -> Option<TriedSecret> {
        let known = self.0.iter().position(|tried| tried.mark == *mark)?;
        Some(self.0.remove(known))
    }

    fn keep(&mut self, tried: TriedSecret) {
        self.0.push(tried);
        self.0.drain(..self.0.len().saturating_sub(KEPT));
    }
}

impl TriedSecret {
    fn waits_until(&self, now: Timestamp) -> Option<Timestamp> {
        // From a clock that was wrong: the next attempt is dated by the right one.
        let is_dated = self.last.duration_since(now) <= TOLERANCE;
        let until = self.last.checked_add(PAUSE).unwrap_or(Timestamp::MAX);
        (self.unanswered >= AT_ONCE && is_dated && now < until).then_some(until)
    }
}

impl Refusal {
    /// In its own words, at first; then as what was refused before, by whom and when, with what the peer said.
    fn met_again(&self, now: Timestamp) -> Error {
        if now.duration_since(self.at).abs() < REFUSAL_IS_NEWS {
            return self.error.clone();
        }
        let what = "the same secret was refused before, and is not sent again";
        let error = Error::new(Code::SecretRefusedBefore, what);
        let error = error.because(format!("{}: {}", whole_seconds(self.at), self.error.what));
        self.error.causes.iter().fold(error, |error, cause| error.because(cause.clone()))
    }
}

/// The error as it is kept: however much a peer had to say, a record fits into [`crate::cache::seal::MAX_FILE`].
pub(super) fn shortened(error: &Error) -> Error {
    Error {
        code: error.code,
        what: printable(&error.what, 300),
        causes: error.causes.iter().take(3).map(|cause| printable(cause, 200)).collect(),
        hint: error.hint.as_ref().map(|hint| printable(hint, 200)),
        step: None,
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

    fn mark(secret: &str) -> SecretMark {
        SecretMark::new(&key(), &login("alice"), secret.as_bytes())
    }

    const HOUR: i64 = 3600;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    /// `secret` is sent at `second`, and this is what is shown of it.
    fn attempt(guard: &mut Guard, secret: &str, shown: Shown, second: i64) {
        let before = guard.begin(&mark(secret), at(second));
        let failure = Error::new(Code::IdpRejected, "what came of it").because("it says: no");
        guard.settle(&mark(secret), shown, before, Some(&failure), at(second));
    }

    fn refuses(guard: &Guard, secret: &str, second: i64) -> Option<Code> {
        guard.refuses(&mark(secret), at(second)).map(|error| error.code)
    }

    #[test]
    fn a_mark_is_of_one_secret_one_identity_and_one_sealing_key() {
        let other_key = SealingKey::from_bytes([8; 32]);
        assert_eq!(mark("a"), mark("a"));
        for other in [
            mark("b"),
            SecretMark::new(&key(), &login("bob"), b"a"),
            SecretMark::new(&other_key, &login("alice"), b"a"),
        ] {
            assert_ne!(mark("a"), other);
        }
    }

    #[test]
    fn a_refused_secret_is_not_sent_again_until_it_changes_and_its_refusal_stays_told() {
        let mut guard = Guard::default();
        attempt(&mut guard, "old", Shown::Refused, 0);
        assert_eq!(refuses(&guard, "old", 1), Some(Code::IdpRejected), "at first in its own words");
        for later in [30, 1_000_000, -1_000_000] {
            let told = guard.refuses(&mark("old"), at(later)).unwrap();
            assert_eq!(told.code, Code::SecretRefusedBefore, "{later}");
            assert_eq!(told.causes, ["2027-01-15T08:00:00Z: what came of it", "it says: no"]);
        }
        assert_eq!(refuses(&guard, "new", 1), None);
        // Another profile's right secret does not make the wrong one right.
        attempt(&mut guard, "new", Shown::Accepted, 2);
        assert_eq!(refuses(&guard, "old", 100), Some(Code::SecretRefusedBefore));
        guard.pardon(&mark("old"));
        assert_eq!(refuses(&guard, "old", 100), None);
    }

    #[test]
    fn without_a_verdict_there_is_one_more_and_then_one_an_hour() {
        let mut killed = Guard::default(); // Nothing follows the beginning.
        let mut silent = Guard::default();
        for second in [0, 100, 100 + HOUR, 100 + 2 * HOUR, 50 + 10 * HOUR] {
            for guard in [&killed, &silent] {
                assert_eq!(refuses(guard, "s", second), None, "{second}");
            }
            killed.begin(&mark("s"), at(second));
            attempt(&mut silent, "s", Shown::NoVerdict, second);
            if second > 0 {
                for guard in [&killed, &silent] {
                    for still in [0, 1, HOUR - 1] {
                        assert_eq!(refuses(guard, "s", second + still), Some(Code::SecretWithoutVerdict), "{second}");
                    }
                    assert_eq!(guard.waits_until(&mark("s"), at(second)), Some(at(second + HOUR)));
                    assert_eq!(refuses(guard, "changed", second), None);
                }
            }
        }
        // A clock that was set back by more than it can be wrong: one attempt, dated anew.
        assert_eq!(refuses(&silent, "s", -HOUR), None);
        attempt(&mut silent, "s", Shown::NoVerdict, -HOUR);
        assert_eq!(refuses(&silent, "s", -60), Some(Code::SecretWithoutVerdict));
        attempt(&mut silent, "s", Shown::Accepted, 0);
        assert_eq!((refuses(&silent, "s", 1), silent.is_empty()), (None, true));
    }

    #[test]
    fn after_an_attempt_without_a_verdict_none_is_made_ahead_of_time() {
        let mut guard = Guard::default();
        let spared = |guard: &Guard| guard.spares(&mark("s"), at(100)).is_some();
        assert!(!spared(&guard));
        guard.begin(&mark("s"), at(0));
        assert!(spared(&guard) && refuses(&guard, "s", 100).is_none());
        guard.begin(&mark("s"), at(1));
        assert!(spared(&guard));
        guard.pardon(&mark("s"));
        assert!(!spared(&guard));
    }

    #[test]
    fn an_attempt_that_did_not_leave_changes_nothing() {
        let mut guard = Guard::default();
        for second in 0..5 {
            attempt(&mut guard, "s", Shown::NotSent, second);
        }
        assert!(guard.is_empty());
        attempt(&mut guard, "s", Shown::NoVerdict, 10);
        attempt(&mut guard, "s", Shown::NotSent, 20);
        assert_eq!(refuses(&guard, "s", 21), None, "one more is left");
        attempt(&mut guard, "s", Shown::NoVerdict, 30);
        attempt(&mut guard, "s", Shown::NotSent, 30 + HOUR);
        assert_eq!(guard.waits_until(&mark("s"), at(40)), Some(at(30 + HOUR)));
        let mut refused = Guard::default();
        attempt(&mut refused, "s", Shown::Refused, 0);
        attempt(&mut refused, "s", Shown::NotSent, 100);
        assert_eq!(refuses(&refused, "s", 200), Some(Code::SecretRefusedBefore));
    }

    #[test]
    fn two_secrets_by_turns_are_counted_each() {
        let mut guard = Guard::default();
        for _ in 0..2 {
            guard.begin(&mark("a"), at(0));
            guard.begin(&mark("b"), at(0));
        }
        assert!(refuses(&guard, "a", 1).is_some() && refuses(&guard, "b", 1).is_some());
    }

    #[test]
    fn only_the_latest_secrets_are_kept() {
        let mut guard = Guard::default();
        for i in 0..100 {
            attempt(&mut guard, &i.to_string(), Shown::Refused, 0);
        }
        assert_eq!((guard.0.len(), refuses(&guard, "99", 0)), (KEPT, Some(Code::IdpRejected)));
    }
}
