//! The guard against locking a person out: which secrets must not be sent again.
//!
//! A refused secret is known by a keyed MAC, never kept itself. It stays refused until it changes or a person logs in. An
//! attempt that ended without a verdict (killed, or never answered) may have cost a try at the identity provider, so one more
//! is allowed and no third.

use hmac::Mac;
use serde::{Deserialize, Serialize};

use crate::cache::key::{LoginKey, hex};
use crate::cache::master_key::{Purpose, SealingKey};
use crate::error::{Code, Error};
use crate::time::Timestamp;

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
    /// Lower-case hexadecimal, to compare one that was kept with.
    pub fn to_hex(self) -> String {
        hex(&self.0)
    }
}

/// What became of the secret in a login that failed.
#[derive(Clone, Copy, Debug)]
pub enum Spent<'a> {
    /// None was needed.
    Nothing,
    /// It was not sent, because [`Guard::refuses`] it.
    Refused,
    /// It did not leave: no connection was made.
    Unsent(&'a SecretMark),
    /// It left, and the peer did not let us in.
    Sent(&'a SecretMark),
    /// The peer took it; what failed came later.
    Accepted(&'a SecretMark),
}

/// The secrets of one identity that left us and were refused or not answered.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard(Vec<TriedSecret>);

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TriedSecret {
    mark: SecretMark,
    /// Attempts without a verdict, one in flight included.
    unanswered: u32,
    refusal: Option<Refusal>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Refusal {
    at: Timestamp,
    error: Error,
}

/// So many secrets of one identity are kept.
const KEPT: usize = 8;

/// For so many seconds a refusal is told in its own words, as those who came at the same time expect.
const REFUSAL_IS_NEWS: i64 = 30;

/// An attempt without a verdict allows one more.
const UNANSWERED_ALLOWED: u32 = 2;

impl Guard {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Why a secret must not be sent, if it must not. No flag passes this by.
    pub fn refuses(&self, mark: &SecretMark, now: Timestamp) -> Option<Error> {
        let tried = self.0.iter().find(|tried| tried.mark == *mark)?;
        match &tried.refusal {
            Some(refusal) if now.duration_since(refusal.at).as_secs().abs() < REFUSAL_IS_NEWS => {
                Some(refusal.error.clone())
            }
            Some(refusal) => Some(
                Error::new(Code::SecretRefusedBefore, "the same secret was refused before, and is not sent again")
                    .because(format!("then: {}", refusal.error.what)),
            ),
            None if tried.unanswered >= UNANSWERED_ALLOWED => Some(
                Error::new(
                    Code::SecretRefusedBefore,
                    "the same secret was sent twice without an answer, and is not sent again",
                )
                .because("each time may have counted as a wrong secret, and too many lock the account"),
            ),
            None => None,
        }
    }

    /// Why a secret is not to be sent while there are credentials left, if it is not: the one more attempt after one without
    /// a verdict is for those who have none, and have the patience to hear one.
    pub fn spares(&self, mark: &SecretMark, now: Timestamp) -> Option<Error> {
        let unanswered = || {
            let tried = self.0.iter().find(|tried| tried.mark == *mark)?;
            (tried.unanswered > 0).then(|| {
                Error::new(Code::Timeout, "the secret was sent without an answer, and is spared until it must be sent")
            })
        };
        self.refuses(mark, now).or_else(unanswered)
    }

    /// Notes that a secret is about to be sent. To be saved before it is.
    pub fn spend(&mut self, mark: &SecretMark) {
        let mut tried = self.take(mark).unwrap_or(TriedSecret { mark: *mark, unanswered: 0, refusal: None });
        tried.unanswered += 1;
        self.keep(tried);
    }

    /// The secret was accepted.
    pub fn accept(&mut self, mark: &SecretMark) {
        self.take(mark);
    }

    /// What a failure says about the secret that was sent. True: it was the secret's fault.
    pub fn settle(&mut self, error: &Error, spent: Spent, now: Timestamp) -> bool {
        match spent {
            Spent::Nothing => false,
            Spent::Refused => true,
            Spent::Accepted(mark) => {
                self.take(mark);
                false
            }
            Spent::Unsent(mark) => {
                if let Some(mut tried) = self.take(mark) {
                    tried.unanswered = tried.unanswered.saturating_sub(1);
                    self.keep(tried);
                }
                false
            }
            Spent::Sent(mark) => match error.code {
                Code::IdpRejected | Code::KeytabRefused => {
                    self.take(mark);
                    let refusal = Some(Refusal { at: now, error: error.clone() });
                    self.keep(TriedSecret { mark: *mark, unanswered: 0, refusal });
                    true
                }
                Code::Timeout | Code::Connect => false,
                // Whatever else the peer said, it did not say that.
                _ => {
                    self.take(mark);
                    false
                }
            },
        }
    }

    fn take(&mut self, mark: &SecretMark) -> Option<TriedSecret> {
        let known = self.0.iter().position(|tried| tried.mark == *mark)?;
        Some(self.0.remove(known))
    }

    fn keep(&mut self, tried: TriedSecret) {
        if tried.unanswered > 0 || tried.refusal.is_some() {
            self.0.push(tried);
            self.0.drain(..self.0.len().saturating_sub(KEPT));
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

    fn mark(secret: &str) -> SecretMark {
        SecretMark::new(&key(), &login("alice"), secret.as_bytes())
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    /// `secret` is sent at `second`, and `code` is what comes of it.
    fn attempt(guard: &mut Guard, secret: &str, code: Code, second: i64) -> bool {
        guard.spend(&mark(secret));
        guard.settle(&Error::new(code, "what came of it"), Spent::Sent(&mark(secret)), at(second))
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
    fn a_refused_secret_is_not_sent_again_until_it_changes() {
        for refusal in [Code::IdpRejected, Code::KeytabRefused] {
            let mut guard = Guard::default();
            assert!(attempt(&mut guard, "old", refusal, 0));
            assert_eq!(refuses(&guard, "old", 1), Some(refusal), "at first in its own words");
            for later in [REFUSAL_IS_NEWS, 1_000_000, -1_000_000] {
                assert_eq!(refuses(&guard, "old", later), Some(Code::SecretRefusedBefore), "{later}");
            }
            assert_eq!(refuses(&guard, "new", 1), None);
            // Another profile's right secret does not make the wrong one right.
            guard.spend(&mark("new"));
            guard.accept(&mark("new"));
            assert_eq!(refuses(&guard, "old", 100), Some(Code::SecretRefusedBefore));
        }
    }

    #[test]
    fn an_attempt_without_a_verdict_allows_one_more() {
        let mut killed = Guard::default(); // Nothing follows the spending.
        let [mut tarpitted, mut broken] = [Guard::default(), Guard::default()];
        for second in [0, 100] {
            for guard in [&killed, &tarpitted, &broken] {
                assert_eq!(refuses(guard, "s", second), None);
            }
            killed.spend(&mark("s"));
            attempt(&mut tarpitted, "s", Code::Timeout, second);
            attempt(&mut broken, "s", Code::Connect, second);
        }
        for guard in [&killed, &tarpitted, &broken] {
            assert_eq!(refuses(guard, "s", 200), Some(Code::SecretRefusedBefore));
            assert_eq!(refuses(guard, "changed", 200), None);
        }
    }

    #[test]
    fn after_an_attempt_without_a_verdict_none_is_made_ahead_of_time() {
        let mut guard = Guard::default();
        let spared = |guard: &Guard| guard.spares(&mark("s"), at(100)).map(|error| error.code);
        assert_eq!(spared(&guard), None);
        guard.spend(&mark("s"));
        assert_eq!((spared(&guard), refuses(&guard, "s", 100)), (Some(Code::Timeout), None));
        guard.spend(&mark("s"));
        assert_eq!(spared(&guard), Some(Code::SecretRefusedBefore));
        guard.accept(&mark("s"));
        assert_eq!(spared(&guard), None);
    }

    #[test]
    fn two_secrets_by_turns_are_counted_each() {
        let mut guard = Guard::default();
        for _ in 0..2 {
            guard.spend(&mark("a"));
            guard.spend(&mark("b"));
        }
        assert_eq!(
            (refuses(&guard, "a", 0), refuses(&guard, "b", 0)),
            (Some(Code::SecretRefusedBefore), Some(Code::SecretRefusedBefore))
        );
    }

    #[test]
    fn what_was_not_the_secrets_fault_is_not_held_against_it() {
        for code in [Code::Http5xx, Code::MfaNeeded, Code::XpathNoMatch, Code::IdpDeniedClaim, Code::KdcUnreachable] {
            let mut guard = Guard::default();
            for second in 0..5 {
                assert!(!attempt(&mut guard, "s", code, second), "{code:?}");
            }
            assert_eq!(refuses(&guard, "s", 9), None, "{code:?}");
        }
        let mut guard = Guard::default();
        let timeout = Error::new(Code::Timeout, "no result");
        for second in 0..5 {
            // No connection was made, so nothing was sent; or STS hung after the IdP had let us in.
            for spent in [Spent::Unsent(&mark("s")), Spent::Accepted(&mark("s"))] {
                guard.spend(&mark("s"));
                assert!(!guard.settle(&timeout, spent, at(second)));
                assert_eq!(refuses(&guard, "s", second), None);
            }
        }
    }

    #[test]
    fn an_attempt_that_did_not_leave_does_not_wipe_out_one_that_did() {
        let mut guard = Guard::default();
        attempt(&mut guard, "s", Code::Timeout, 0);
        guard.spend(&mark("s"));
        guard.settle(&Error::new(Code::Connect, "no connection"), Spent::Unsent(&mark("s")), at(1));
        assert_eq!(refuses(&guard, "s", 2), None);
        attempt(&mut guard, "s", Code::Timeout, 3);
        assert_eq!(refuses(&guard, "s", 4), Some(Code::SecretRefusedBefore));
    }

    #[test]
    fn only_the_latest_secrets_are_kept() {
        let mut guard = Guard::default();
        for i in 0..100 {
            attempt(&mut guard, &i.to_string(), Code::IdpRejected, 0);
        }
        assert_eq!((guard.0.len(), refuses(&guard, "99", 0)), (KEPT, Some(Code::IdpRejected)));
    }
}
