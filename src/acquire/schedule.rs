//! When to refresh, when to try again: pure functions of times that are handed in.
//!
//! Credentials of lifetime L (from when they came to when they expire) pass through three states:
//!
//! | L | refreshed when less than this is left | cold when less than this is left |
//! |---|---|---|
//! | up to 20 min | L / 3 | min(60 s, L / 6) |
//! | under 89 min | 16 min | 60 s |
//! | longer | 61 min | 60 s |
//!
//! The windows are the SDKs' own and a minute, so that what an SDK is given never makes it ask again at once (botocore 1.44
//! runs the process on every call when 15 min or less are left). `--window` sets another one, of at most L / 2.

use std::time::Duration;

use jiff::SignedDuration;

use crate::time::Timestamp;

/// What to do with credentials that are in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Return them; there is nothing else to do now.
    Fresh,
    /// Try to refresh, and return them if that fails.
    Due,
    /// Not usable any more: log in, or fail.
    Cold,
}

/// When credentials came, by this machine's clock, and when they expire, by that of STS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    pub issued: Timestamp,
    pub expires: Timestamp,
}

/// A failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastFailure {
    pub at: Timestamp,
    /// Number of failures in a row, this one included.
    pub count: u32,
    pub ceiling: Ceiling,
    /// Chosen at the failure and kept, so that every process waits for the same moment: 0 is the earliest, 255 the latest.
    pub jitter: u8,
}

/// The longest back-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceiling {
    /// 30 s: an outage may end at any moment.
    Outage,
    /// 2 min: STS denied the request, and somebody has to change a policy.
    Denial,
}

/// What is dated further ahead than this was dated by a clock that has been set since.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

impl Life {
    /// Returns what to do now. `window`: the user's setting; `failure`: the last attempt, if it failed.
    pub fn state(&self, now: Timestamp, window: Option<Duration>, failure: Option<LastFailure>) -> State {
        let lifetime = self.lifetime();
        let left = self.expires.duration_since(now);
        let from_the_future = self.issued.duration_since(now);
        if lifetime.is_zero() || left <= SignedDuration::ZERO || left < self.cold_threshold() {
            return State::Cold;
        }
        if from_the_future > TOLERANCE {
            // The clock was set back, so the real age is unknown. Within one lifetime a refresh is tried, with these
            // credentials to fall back on; beyond that they are ignored.
            return if from_the_future <= lifetime { self.due(now, failure) } else { State::Cold };
        }
        if left < self.window(window) { self.due(now, failure) } else { State::Fresh }
    }

    /// Returns when to try the next refresh; `now` if it is due.
    pub fn next_refresh(&self, now: Timestamp, window: Option<Duration>, failure: Option<LastFailure>) -> Timestamp {
        let failure = failure.filter(|f| f.counts(now));
        match self.state(now, window, None) {
            State::Fresh => before(self.expires, self.window(window)),
            State::Due => failure.map_or(now, |f| self.retry_in_window(&f)).max(now),
            State::Cold => failure.map_or(now, |f| f.retry_at()).max(now),
        }
    }

    /// Returns how long before expiry a refresh is due.
    pub fn window(&self, chosen: Option<Duration>) -> SignedDuration {
        let lifetime = self.lifetime();
        match chosen {
            Some(chosen) => SignedDuration::try_from(chosen).unwrap_or(SignedDuration::MAX).min(lifetime / 2),
            None if lifetime <= SignedDuration::from_mins(20) => lifetime / 3,
            None if lifetime < SignedDuration::from_mins(89) => SignedDuration::from_mins(16),
            None => SignedDuration::from_mins(61),
        }
    }

    fn due(&self, now: Timestamp, failure: Option<LastFailure>) -> State {
        match failure.filter(|f| f.counts(now)) {
            Some(failure) if now < self.retry_in_window(&failure) => State::Fresh,
            _ => State::Due,
        }
    }

    /// Returns the time of the next attempt after a failure in the window: in 5 to 10 min, but before these credentials are
    /// cold.
    fn retry_in_window(&self, failure: &LastFailure) -> Timestamp {
        failure.retry_ahead_of_time().min(before(self.expires, self.cold_threshold()))
    }

    fn cold_threshold(&self) -> SignedDuration {
        SignedDuration::from_mins(1).min(self.lifetime() / 6)
    }

    fn lifetime(&self) -> SignedDuration {
        self.expires.duration_since(self.issued).max(SignedDuration::ZERO)
    }
}

impl LastFailure {
    /// Returns when a caller without credentials may try again: 1 s after the first failure, doubled with each, up to the
    /// ceiling; of that pause between half and all.
    pub fn retry_at(&self) -> Timestamp {
        let ceiling = match self.ceiling {
            Ceiling::Outage => SignedDuration::from_secs(30),
            Ceiling::Denial => SignedDuration::from_mins(2),
        };
        let doublings = self.count.saturating_sub(1).min(16);
        let pause = SignedDuration::from_secs(1 << doublings).min(ceiling);
        after(self.at, pause / 2 + pause / 2 * i32::from(self.jitter) / 255)
    }

    /// Returns when a caller with credentials to fall back on may try again: in 5 to 10 min.
    fn retry_ahead_of_time(&self) -> Timestamp {
        let pause = SignedDuration::from_mins(5) + SignedDuration::from_mins(5) * i32::from(self.jitter) / 255;
        after(self.at, pause)
    }

    /// Whether an attempt ahead of time must still wait.
    pub fn puts_off(&self, now: Timestamp) -> bool {
        self.counts(now) && now < self.retry_ahead_of_time()
    }

    /// Whether a caller without credentials must still wait.
    pub fn holds_back(&self, now: Timestamp) -> bool {
        self.counts(now) && now < self.retry_at()
    }

    /// A failure dated ahead would hold attempts back for as long as the clock was wrong.
    fn counts(&self, now: Timestamp) -> bool {
        self.at.duration_since(now) <= TOLERANCE
    }
}

fn before(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

fn after(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::State::{Cold, Due, Fresh};
    use super::*;

    const MIN: i64 = 60;
    const HOUR: i64 = 3600;

    /// Issued at this second; everything else is told from here.
    const EPOCH: i64 = 1_800_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(EPOCH + second).unwrap()
    }

    fn life(lifetime: i64) -> Life {
        Life { issued: at(0), expires: at(lifetime) }
    }

    fn failed(second: i64, count: u32, jitter: u8) -> Option<LastFailure> {
        Some(LastFailure { at: at(second), count, ceiling: Ceiling::Outage, jitter })
    }

    #[test]
    fn credentials_age_from_fresh_to_due_to_cold() {
        // lifetime, seconds left at the last fresh second, at the last due second
        let table = [
            (15 * MIN, 5 * MIN, 60),
            (20 * MIN, 400, 60),
            (20 * MIN + 1, 16 * MIN, 60),
            (HOUR, 16 * MIN, 60),
            (89 * MIN - 1, 16 * MIN, 60),
            (89 * MIN, 61 * MIN, 60),
            (90 * MIN, 61 * MIN, 60),
            (12 * HOUR, 61 * MIN, 60),
            (5 * MIN, 100, 50),
            (6, 2, 1),
        ];
        for (lifetime, last_fresh, last_due) in table {
            let life = life(lifetime);
            let left = |seconds: i64| life.state(at(lifetime - seconds), None, None);
            assert_eq!((left(lifetime), left(last_fresh)), (Fresh, Fresh), "{lifetime} s");
            assert_eq!((left(last_fresh - 1), left(last_due)), (Due, Due), "{lifetime} s");
            assert_eq!((left(last_due - 1), left(0), left(-1), left(-HOUR)), (Cold, Cold, Cold, Cold), "{lifetime} s");
            assert_eq!(life.next_refresh(at(0), None, None), at(lifetime - last_fresh), "{lifetime} s");
            assert_eq!(life.next_refresh(at(lifetime - 1), None, None), at(lifetime - 1), "{lifetime} s");
        }
    }

    #[test]
    fn a_chosen_window_is_taken_up_to_half_the_lifetime() {
        let table = [
            (HOUR, 0, 0),
            (HOUR, 10 * MIN, 10 * MIN),
            (HOUR, 30 * MIN, 30 * MIN),
            (HOUR, 31 * MIN, 30 * MIN),
            (15 * MIN, HOUR, 15 * MIN / 2),
            (12 * HOUR, 2 * HOUR, 2 * HOUR),
            (12 * HOUR, i64::MAX, 6 * HOUR),
        ];
        for (lifetime, chosen, expected) in table {
            let chosen = Duration::from_secs(chosen.unsigned_abs());
            assert_eq!(
                life(lifetime).window(Some(chosen)),
                SignedDuration::from_secs(expected),
                "{lifetime} {chosen:?}"
            );
        }
        let none = Some(Duration::ZERO);
        assert_eq!(
            (life(HOUR).state(at(HOUR - 60), none, None), life(HOUR).state(at(HOUR - 59), none, None)),
            (Fresh, Cold)
        );
        assert_eq!(life(HOUR).state(at(0), Some(Duration::MAX), None), Fresh);
    }

    #[test]
    fn a_clock_set_back_makes_credentials_due_or_ignored_never_longer_lived() {
        let table = [
            (HOUR, -60, Fresh), // within the tolerance of two processes' clocks
            (HOUR, -61, Due),   // from the future: refreshed, kept as something to fall back on
            (HOUR, -HOUR, Due),
            (HOUR, -HOUR - 1, Cold), // by more than they can live
            (15 * MIN, -15 * MIN, Due),
            (15 * MIN, -HOUR, Cold),
            (12 * HOUR, -24 * HOUR, Cold),
        ];
        for (lifetime, now, expected) in table {
            assert_eq!(life(lifetime).state(at(now), None, None), expected, "{lifetime} s, {now} s");
            let next = if expected == Fresh { at(lifetime - 16 * MIN) } else { at(now) };
            assert_eq!(life(lifetime).next_refresh(at(now), None, None), next, "{lifetime} s, {now} s");
        }
    }

    #[test]
    fn a_clock_set_forward_ends_credentials_early() {
        for (forward, expected) in
            [(HOUR - 16 * MIN, Fresh), (HOUR - 15 * MIN, Due), (HOUR, Cold), (100 * 365 * 24 * HOUR, Cold)]
        {
            assert_eq!(life(HOUR).state(at(forward), None, None), expected, "{forward} s");
        }
    }

    #[test]
    fn credentials_that_came_expired_are_cold_at_any_time() {
        for (issued, expires) in [(0, 0), (HOUR, 0), (20, 10)] {
            let life = Life { issued: at(issued), expires: at(expires) };
            for now in [-HOUR, 0, issued, HOUR] {
                assert_eq!(life.state(at(now), None, None), Cold, "{issued} {expires} {now}");
            }
        }
    }

    #[test]
    fn a_failed_refresh_is_tried_again_in_five_to_ten_minutes_but_before_the_end() {
        let due = HOUR - 16 * MIN;
        // failed at, jitter, next try
        let table = [
            (due + 1, 0, due + 1 + 5 * MIN),
            (due + 1, 255, due + 1 + 10 * MIN),
            (due + 1, 51, due + 1 + 6 * MIN),
            (HOUR - 6 * MIN, 0, HOUR - MIN),
            (HOUR - 7 * MIN, 255, HOUR - MIN),
            (HOUR - 2 * MIN, 0, HOUR - MIN),
        ];
        for (failed_at, jitter, retry) in table {
            let failure = failed(failed_at, 1, jitter);
            let state = |second: i64| life(HOUR).state(at(second), None, failure);
            assert_eq!((state(failed_at), state(retry - 1)), (Fresh, Fresh), "{failed_at} {jitter}");
            assert_eq!(state(retry), Due, "{failed_at} {jitter}");
            assert_eq!(state(HOUR - 59), Cold, "{failed_at} {jitter}");
            assert_eq!(life(HOUR).next_refresh(at(failed_at), None, failure), at(retry), "{failed_at} {jitter}");
        }
    }

    #[test]
    fn a_failure_from_the_future_holds_nobody_back() {
        let failure = failed(HOUR, 9, 255);
        for (now, held_back) in [(HOUR - 60, true), (HOUR - 61, false)] {
            assert_eq!(failure.unwrap().holds_back(at(now)), held_back, "{now}");
        }
        let puts_off = |second: i64, now: i64| failed(second, 1, 0).unwrap().puts_off(at(now));
        assert_eq!(
            [(0, 0), (0, 299), (0, 300), (HOUR, 0)].map(|(at, now)| puts_off(at, now)),
            [true, true, false, false]
        );
        assert_eq!(life(HOUR).state(at(HOUR - 10 * MIN), None, failure), Due);
        assert_eq!(life(HOUR).next_refresh(at(HOUR - 10 * MIN), None, failure), at(HOUR - 10 * MIN));
    }

    #[test]
    fn back_off_doubles_from_a_second_to_its_ceiling() {
        let outage = [1, 2, 4, 8, 16, 30, 30, 30];
        let denial = [1, 2, 4, 8, 16, 32, 64, 120];
        for (ceiling, pauses) in [(Ceiling::Outage, outage), (Ceiling::Denial, denial)] {
            for (count, pause) in (1..).zip(pauses) {
                let retry = |count, jitter| LastFailure { at: at(0), count, ceiling, jitter }.retry_at();
                assert_eq!(retry(count, 255), at(pause), "{count} {ceiling:?}");
                let half = Timestamp::from_millisecond((EPOCH + pause) * 1000 - pause * 500).unwrap();
                assert_eq!(retry(count, 0), half, "{count} {ceiling:?}");
                assert!(retry(count, 100) > half && retry(count, 100) < at(pause));
            }
        }
        let failure = |count| LastFailure { at: at(0), count, ceiling: Ceiling::Outage, jitter: 255 };
        assert_eq!((failure(0).retry_at(), failure(u32::MAX).retry_at()), (at(1), at(30)));
        assert!(failure(u32::MAX).holds_back(at(29)) && !failure(u32::MAX).holds_back(at(30)));
        assert_eq!(
            life(HOUR).next_refresh(at(HOUR), None, failed(HOUR, 9, 255)),
            at(HOUR + 30),
            "cold: not before the back-off ends"
        );
    }

    #[test]
    fn no_times_make_it_panic() {
        let ends = [Timestamp::MIN, at(0), Timestamp::MAX];
        for choice in 0..27 {
            let [issued, expires, now] = [choice % 3, choice / 3 % 3, choice / 9].map(|end: usize| ends[end]);
            let life = Life { issued, expires };
            let failure = Some(LastFailure { at: expires, count: 1, ceiling: Ceiling::Denial, jitter: 255 });
            for window in [None, Some(Duration::MAX)] {
                life.state(now, window, failure);
                assert!(life.next_refresh(now, window, failure) >= Timestamp::MIN);
            }
        }
    }
}
