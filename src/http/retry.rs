//! When a request is sent again, and after which wait: to the IdP, to token services, to AWS. One driver for all; only its
//! settings differ.
//!
//! Serves `[saml.retry]`, with the meaning of urllib3's `Retry` where that has the setting. The only file that names `backoff`.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;

use super::fault;
use crate::config::profile::Retry;
use crate::error::{Code, Error, Kind, Result};
use crate::time::{self, Deadline, Timestamp};

/// The retries of one login, counted over all its requests, so that a long conversation does not multiply them.
pub struct Retries {
    /// The counts are of the retries that are left.
    settings: Retry,
    waits: ExponentialBackoff,
    limit: Option<Limit>,
}

/// The limit of a single attempt, so that one that hangs leaves time for a second.
struct Limit {
    time: Duration,
    /// An attempt that ran into the limit may be repeated: the request is harmless if it is acted upon twice.
    may_repeat: bool,
}

/// The outcome of an attempt.
pub enum Attempt<T> {
    /// The outcome of all attempts.
    Final(Result<T>),
    /// No connection (`is_connect`) or no whole answer; the request may be sent again.
    Failed { error: Error, is_connect: bool },
    /// An answer, whose status may call for another attempt.
    Answered { answer: T, status: u16, retry_after: Option<String> },
}

impl<T> Attempt<T> {
    /// Applies `read` to an answer.
    pub fn map<U>(self, read: impl FnOnce(T) -> U) -> Attempt<U> {
        match self {
            Attempt::Final(outcome) => Attempt::Final(outcome.map(read)),
            Attempt::Failed { error, is_connect } => Attempt::Failed { error, is_connect },
            Attempt::Answered { answer, status, retry_after } => {
                Attempt::Answered { answer: read(answer), status, retry_after }
            }
        }
    }
}

/// What a retry is counted as.
enum Cause {
    Connect,
    Read,
    Status,
}

impl Retries {
    pub fn new(settings: Retry) -> Self {
        let first = Duration::from_secs_f64(settings.backoff_factor.clamp(0.0, 3600.0)).min(settings.backoff_max);
        // Doubled each time, and spread over ±50 % so that many clients do not return at the same time.
        let waits = ExponentialBackoff {
            current_interval: first,
            initial_interval: first,
            randomization_factor: 0.5,
            multiplier: 2.0,
            max_interval: settings.backoff_max,
            max_elapsed_time: None, // the run's own deadline limits it
            ..ExponentialBackoff::default()
        };
        Retries { settings, waits, limit: None }
    }

    /// Limits each attempt to `time`; after one that ran into the limit another follows only if `may_repeat`.
    pub fn at_a_time(self, time: Duration, may_repeat: bool) -> Self {
        Retries { limit: Some(Limit { time, may_repeat }), ..self }
    }

    /// The retries of a call of an AWS SDK, whose own are switched off: they respect neither the run's deadline nor our error
    /// codes. Absent: five attempts of 8 s each.
    pub fn of_aws(attempts: Option<u32>, time: Option<Duration>) -> Self {
        let total = attempts.map_or(4, |attempts| attempts.saturating_sub(1));
        let retries = Retries::new(Retry { total, backoff_factor: 0.4, ..Retry::default() });
        // An assertion may be redeemed again, so the request may be repeated after its answer was lost.
        retries.at_a_time(time.unwrap_or(Duration::from_secs(8)), true)
    }

    /// For a call that carries a code for one use: an attempt that ran into the limit is not repeated.
    pub fn once(self) -> Self {
        Retries { limit: self.limit.map(|limit| Limit { may_repeat: false, ..limit }), ..self }
    }

    /// Makes attempts while they fail with [`Kind::Unavailable`].
    pub async fn ask<T>(
        &mut self,
        deadline: &Deadline,
        peer: &str,
        attempt: impl AsyncFnMut() -> Result<T>,
    ) -> Result<T> {
        self.ask_while(deadline, peer, || true, attempt).await
    }

    /// Makes attempts while they fail with [`Kind::Unavailable`] and `may_repeat` returns true.
    pub async fn ask_while<T>(
        &mut self,
        deadline: &Deadline,
        peer: &str,
        may_repeat: impl Fn() -> bool,
        mut attempt: impl AsyncFnMut() -> Result<T>,
    ) -> Result<T> {
        self.persist(deadline, peer, async || match attempt().await {
            Err(error) if may_pass(&error) && may_repeat() => Attempt::Failed { error, is_connect: false },
            outcome => Attempt::Final(outcome),
        })
        .await
    }

    /// Makes attempts until one is final or none is left. `peer` is the name in errors.
    pub async fn persist<T>(
        &mut self,
        deadline: &Deadline,
        peer: &str,
        mut attempt: impl AsyncFnMut() -> Attempt<T>,
    ) -> Result<T> {
        let mut before: Option<Error> = None;
        for tried in 1_u32.. {
            if deadline.has_passed() {
                return Err(before.unwrap_or_else(|| deadline.error(&format!("waiting for {peer}"))));
            }
            let outcome = match &self.limit {
                None => attempt().await,
                Some(Limit { time, may_repeat }) => {
                    let time = (*time).min(deadline.remaining());
                    match tokio::time::timeout(time, attempt()).await {
                        Ok(outcome) => outcome,
                        Err(_) => {
                            let error = Error::new(
                                Code::Timeout,
                                format!("no answer from {peer} in {:.1} s", time.as_secs_f32()),
                            );
                            // The error of an attempt that began shortly before the deadline says less than the one before it.
                            let error = before.take().filter(|_| deadline.has_passed()).unwrap_or(error);
                            if *may_repeat {
                                Attempt::Failed { error, is_connect: false }
                            } else {
                                Attempt::Final(Err(error))
                            }
                        }
                    }
                }
            };
            let (outcome, wait) = match outcome {
                Attempt::Final(outcome) => (outcome, None),
                Attempt::Failed { error, is_connect } => (Err(error), self.after_failure(is_connect, deadline)),
                Attempt::Answered { answer, status, retry_after } => {
                    (Ok(answer), self.after_response(status, retry_after.as_deref(), time::now(), deadline))
                }
            };
            let Some(wait) = wait else {
                let told = |error: Error| {
                    if tried == 1 { error } else { error.because(format!("{tried} attempts were made")) }
                };
                return outcome.map_err(told);
            };
            before = outcome.err();
            tracing::info!(error = before.as_ref().map(tracing::field::display), ?wait, "another try at {peer}");
            tokio::time::sleep(wait).await;
        }
        Err(Error::new(Code::Bug, "attempts without end"))
    }

    /// Returns the wait before the same request is sent again after this response. `None` if the response is final.
    fn after_response(
        &mut self,
        status: u16,
        retry_after: Option<&str>,
        now: Timestamp,
        deadline: &Deadline,
    ) -> Option<Duration> {
        let asked =
            retry_after.filter(|_| self.settings.respect_retry_after).and_then(|text| wait_of(status, text, now));
        // A server that says when to try again is asked again, whether its status is listed or not.
        if asked.is_none() && !self.settings.status_forcelist.contains(&status) {
            return None;
        }
        self.next(Cause::Status, asked, deadline)
    }

    /// Returns the wait before a request that got no connection (`is_connect`) or no whole answer is sent again. `None` if none
    /// is left.
    fn after_failure(&mut self, is_connect: bool, deadline: &Deadline) -> Option<Duration> {
        self.next(if is_connect { Cause::Connect } else { Cause::Read }, None, deadline)
    }

    fn next(&mut self, cause: Cause, asked: Option<Duration>, deadline: &Deadline) -> Option<Duration> {
        let left = match cause {
            Cause::Connect => &mut self.settings.connect,
            Cause::Read => &mut self.settings.read,
            Cause::Status => &mut self.settings.status,
        };
        if let Some(left) = left {
            *left = left.checked_sub(1)?;
        }
        self.settings.total = self.settings.total.checked_sub(1)?;
        // Taken even where the server names the wait: the next one is longer all the same.
        let wait = self.waits.next_backoff()?;
        let wait = asked.unwrap_or(wait);
        // A wait beyond the deadline only delays the error.
        (wait < deadline.remaining()).then_some(wait)
    }
}

/// Whether the same attempt may succeed a moment later.
fn may_pass(error: &Error) -> bool {
    error.kind() == Kind::Unavailable && !error.causes.iter().any(|cause| fault::is_no_such_name(cause))
}

/// Reads `Retry-After`, seconds or a date, for the statuses for which urllib3 respects it.
fn wait_of(status: u16, text: &str, now: Timestamp) -> Option<Duration> {
    if ![413, 429, 503].contains(&status) {
        return None;
    }
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = time::from_http_date(text)?;
    Some(Duration::from_secs(u64::try_from(at.as_second() - now.as_second()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn waits_double_within_their_spread_and_end_after_the_total() {
        let settings = Retry { total: 4, backoff_factor: 1.0, backoff_max: Duration::from_secs(4), ..Retry::default() };
        let mut retries = Retries::new(settings);
        let long = Deadline::after(Duration::from_secs(600));
        for middle in [1.0, 2.0, 4.0, 4.0] {
            let wait = retries.after_failure(true, &long).unwrap().as_secs_f64();
            assert!((middle * 0.5..=middle * 1.5).contains(&wait), "{wait} around {middle}");
        }
        assert!(retries.after_failure(true, &long).is_none());
    }

    #[test]
    fn retry_after_is_taken_at_its_word_for_the_statuses_that_carry_it() {
        let table = [
            (503, "7", Some(7)),
            (429, "Sat, 21 Nov 2026 10:00:30 GMT", Some(30)),
            (503, "Sat, 21 Nov 2026 09:00:00 GMT", Some(0)),
            (503, "soon", None),
            (500, "7", None),
        ];
        for (status, header, expected) in table {
            assert_eq!(wait_of(status, header, now()), expected.map(Duration::from_secs), "{status} {header}");
        }
    }

    #[test]
    fn a_name_that_does_not_exist_is_final_and_a_resolver_in_trouble_is_not() {
        let table = [
            ("failed to lookup address information: Name or service not known", false),
            ("failed to lookup address information: No address associated with hostname", false),
            ("failed to lookup address information: nodename nor servname provided, or not known", false),
            ("failed to lookup address information: Name does not resolve", false),
            ("No such host is known. (os error 11001)", false),
            ("failed to lookup address information: Temporary failure in name resolution", true),
            ("failed to lookup address information: Try again", true),
            ("Connection refused (os error 111)", true),
        ];
        for (cause, expected) in table {
            assert_eq!(may_pass(&Error::new(Code::Connect, "x").because(cause)), expected, "{cause}");
        }
        assert!(!may_pass(&Error::new(Code::IdpForbidden, "x")));
    }

    #[test]
    fn each_cause_has_its_own_count_within_the_total() {
        let long = Deadline::after(Duration::from_secs(600));
        let settings = Retry { total: 3, connect: Some(1), status: Some(0), backoff_factor: 0.0, ..Retry::default() };
        let mut retries = Retries::new(settings);
        assert!(retries.after_failure(true, &long).is_some());
        assert!(retries.after_failure(true, &long).is_none(), "one connection is tried again");
        assert!(retries.after_response(503, None, now(), &long).is_none(), "no status is");
        assert!(retries.after_failure(false, &long).is_some());
        assert!(retries.after_failure(false, &long).is_some());
        assert!(retries.after_failure(false, &long).is_none(), "the total is used up");
    }

    #[test]
    fn only_listed_statuses_are_tried_again_and_never_past_the_deadline() {
        let long = Deadline::after(Duration::from_secs(600));
        let short = Deadline::after(Duration::from_secs(5));
        assert!(Retries::new(Retry::default()).after_response(404, None, now(), &long).is_none());
        assert!(Retries::new(Retry::default()).after_response(503, None, now(), &long).is_some());
        assert!(Retries::new(Retry::default()).after_response(503, Some("60"), now(), &short).is_none());
        let none = Retry { total: 0, ..Retry::default() };
        assert!(Retries::new(none).after_response(503, None, now(), &long).is_none());
    }
}
