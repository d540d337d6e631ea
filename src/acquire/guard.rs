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

use std::cmp::max_by_key;

use hmac::Mac;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::attempt::Shown;
use crate::cache::key::LoginKey;
use crate::cache::sealing_key::{Purpose, SealingKey};
use crate::error::{Code, Error, printable};
use crate::time::{Timestamp, whole_seconds};

/// Recognises a secret that was sent before. Without the sealing key it tells nothing about the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretMark([u8; 32]);

impl SecretMark {
    /// Marks the text of a password or token, or the content of a keytab. Two identities with the same secret have different
    /// marks.
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

/// The secrets of one identity that were sent and were refused or got no verdict.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard(Vec<TriedSecret>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TriedSecret {
    mark: SecretMark,
    /// Attempts without a verdict, one in flight included; not read after a refusal.
    unanswered: u32,
    /// When the latest of them began.
    last: Timestamp,
    /// What the latest of them failed with; `None`: the process was killed.
    why: Option<Error>,
    refusal: Option<Refusal>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Refusal {
    at: Timestamp,
    error: Error,
}

/// What was known of a secret before an attempt; restored if the secret was not sent.
#[derive(Debug)]
pub struct Before(TriedSecret);

/// Limit of remembered secrets of one identity.
const KEPT: usize = 8;

/// How long a refusal is reported in its own words, for processes that started at the same time.
const REFUSAL_IS_NEWS: SignedDuration = SignedDuration::from_secs(30);

/// An attempt without a verdict allows one more at once.
const AT_ONCE: u32 = 2;

/// After that, one each time this much has passed since the latest.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// An attempt dated further ahead than this was dated by a clock that has been set since.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

impl Guard {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns why a secret must not be sent. No flag overrides this.
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

    /// Returns when a secret without a verdict may be sent again; `None` if it may be sent now.
    pub fn waits_until(&self, mark: &SecretMark, now: Timestamp) -> Option<Timestamp> {
        self.find(mark).filter(|tried| tried.refusal.is_none())?.waits_until(now)
    }

    /// Returns why a refresh ahead of time must not send this secret. After an attempt without a verdict, the next one is saved
    /// for callers that have no credentials left.
    pub fn spares(&self, mark: &SecretMark, now: Timestamp) -> Option<Error> {
        let what =
            "the IdP did not say whether the secret is right; the next attempt waits until no credentials are left";
        let unanswered = || self.find(mark).map(|_| Error::new(Code::SecretWithoutVerdict, what));
        self.refuses(mark, now).or_else(unanswered)
    }

    /// Notes that a secret is about to be sent. The caller saves this before sending.
    pub fn begin(&mut self, mark: &SecretMark, now: Timestamp) -> Option<Before> {
        let before = self.take(mark);
        let unanswered = before.as_ref().map_or(0, |tried| tried.unanswered).saturating_add(1);
        let refusal = before.as_ref().and_then(|tried| tried.refusal.clone());
        self.keep(TriedSecret { mark: *mark, unanswered, last: now, why: None, refusal });
        before.map(Before)
    }

    /// Forgets what is known of the secret: a person asks to send it.
    pub fn pardon(&mut self, mark: &SecretMark) {
        self.take(mark);
    }

    /// Notes what the peer showed of an attempt that [`Guard::begin`] noted. `failure`: what the login failed with.
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
                self.keep(TriedSecret { refusal: Some(Refusal { at: now, error }), ..tried });
            }
        }
    }

    /// Adds what another record knows of secrets: a refusal, more attempts or a later one win, wherever they were met.
    pub fn add(&mut self, other: &Guard) {
        let weight = |tried: &TriedSecret| (tried.refusal.is_some(), tried.unanswered, tried.last);
        for tried in &other.0 {
            let known = self.take(&tried.mark).unwrap_or_else(|| tried.clone());
            self.keep(max_by_key(known, tried.clone(), weight));
        }
    }

    /// Dates everything `now` at the latest: other machines' clocks may run ahead.
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
        // Not if dated by a clock that was wrong: the next attempt is dated by the right one.
        let is_dated = self.last.duration_since(now) <= TOLERANCE;
        let until = self.last.checked_add(PAUSE).unwrap_or(Timestamp::MAX);
        (self.unanswered >= AT_ONCE && is_dated && now < until).then_some(until)
    }
}

impl Refusal {
    /// Returns the refusal in its own words at first; later the error that it was refused before, when and with which words.
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

/// Shortens an error so that a record fits into [`crate::cache::seal::MAX_FILE`], however long a peer's answer was.
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
mod tests;
