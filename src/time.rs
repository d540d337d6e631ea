//! Instants, deadlines, and the only place that reads the clocks.
//!
//! Code that depends on the time takes a [`Timestamp`] or a [`Deadline`]; `clippy.toml` bans the system clocks elsewhere.

use std::time::{Duration, Instant, SystemTime};

use crate::error::{Code, Error, Result};

/// A point in time, UTC. Printed as RFC 3339.
pub use jiff::Timestamp;

/// Reads the wall clock.
#[allow(clippy::disallowed_methods, reason = "the one place where the clock is read")]
pub fn now() -> Timestamp {
    #[cfg(test)]
    if let Some(set) = stopped_clock::read() {
        return set;
    }
    // Not `Timestamp::now`, which panics after the year 9999: the code for its message takes 118 KB of the small program. With such
    // a clock everything has expired.
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::MAX)
}

/// A clock that a test sets, for its own thread.
#[cfg(test)]
pub mod stopped_clock {
    use std::cell::Cell;

    use super::Timestamp;

    thread_local!(static CLOCK: Cell<Option<Timestamp>> = const { Cell::new(None) });

    pub fn set(at: Timestamp) {
        CLOCK.set(Some(at));
    }

    pub(super) fn read() -> Option<Timestamp> {
        CLOCK.get()
    }
}

/// Formats `2026-11-21T23:59:59Z`: UTC with `Z` and whole seconds, which every reader of a `credential_process` accepts.
pub fn whole_seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// Returns the time of the wall clock after `wait`.
pub fn after(wait: Duration) -> Timestamp {
    now().saturating_add(wait).unwrap_or(Timestamp::MAX)
}

/// Sleeps. The only place that does, so that every wait can be found.
#[allow(clippy::disallowed_methods, reason = "the one place that sleeps")]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Parses a `Date` header (RFC 9110 §5.6.7), such as `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn from_http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp())
}

/// The deadline of a run, which applies to everything in it, by the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    whole: Duration,
}

impl Deadline {
    #[allow(clippy::disallowed_methods, reason = "the one place where the monotonic clock is read")]
    pub fn after(whole: Duration) -> Self {
        Deadline { at: Instant::now() + whole, whole }
    }

    /// Returns the time that is left; zero after the deadline.
    #[allow(clippy::disallowed_methods, reason = "the one place where the monotonic clock is read")]
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    pub fn has_passed(&self) -> bool {
        self.remaining().is_zero()
    }

    /// Whether too little is left for an answer: at most a quarter, and at most 2 s.
    pub fn is_nearly_over(&self) -> bool {
        self.remaining() <= (self.whole / 4).min(Duration::from_secs(2))
    }

    pub fn instant(&self) -> Instant {
        self.at
    }

    /// Returns the error of a deadline that passed while `doing` ("waiting for the IdP at …").
    pub fn error(&self, doing: &str) -> Error {
        Error::new(Code::Timeout, format!("no result within {} s, {doing}", self.whole.as_secs_f32().round()))
    }

    pub fn check(&self, doing: &str) -> Result<()> {
        if self.has_passed() { Err(self.error(doing)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_cut_not_rounded_up() {
        let at: Timestamp = "2026-11-21T23:59:59.987654Z".parse().unwrap();
        assert_eq!(whole_seconds(at), "2026-11-21T23:59:59Z");
    }

    #[test]
    fn a_date_header_is_a_point_in_time() {
        let at: Timestamp = "1994-11-06T08:49:37Z".parse().unwrap();
        assert_eq!(from_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(at));
        assert_eq!(from_http_date("yesterday"), None);
    }

    #[test]
    fn a_deadline_of_nothing_has_passed() {
        let deadline = Deadline::after(Duration::ZERO);
        assert!(deadline.has_passed() && deadline.is_nearly_over());
        assert!(!Deadline::after(Duration::from_secs(3600)).is_nearly_over());
        assert_eq!(deadline.check("testing").unwrap_err().code, Code::Timeout);
    }
}
