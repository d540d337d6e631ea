//! One profile's credentials renewed ahead of time, with nobody waiting for them: for `fedcred refresh`, and for an endpoint
//! that hands them out.
//!
//! The window is a little wider than that of `get`, by what differs from machine to machine and from profile to profile:
//! timers of a fleet go off in the same second, and must not make it log in then. What a refresh brings has to be kept, so
//! where nothing can be kept it is a failure, and nobody is asked.

use std::time::Duration;

use jiff::SignedDuration;

use super::ask::Ask;
use super::cached::{self, life};
use super::place::{self, Slot};
use super::renew::Renewal;
use super::schedule::{Ceiling, LastFailure, Life, State};
use super::storage::{self, Storage};
use super::{airflow, renew, status};
use crate::cache::entry::CacheEntry;
use crate::config::cache::CacheSettings;
use crate::config::profile::{Identity, Profile};
use crate::config::written::WrittenProfile;
use crate::error::{Code, Error, Kind, Result};
use crate::process::env::Env;
use crate::process::recursion::RecursionGuard;
use crate::tally;
use crate::time::{self, Timestamp};

/// The result of a renewal.
#[derive(Debug)]
pub struct Refreshed {
    pub outcome: Outcome,
    /// When the credentials expire that are cached now; `None` if there are no valid ones.
    pub until: Option<Timestamp>,
    /// When to call again; in the future.
    pub next: Timestamp,
}

#[derive(Debug)]
pub enum Outcome {
    /// There was nothing to do, or another process was doing it.
    Fresh,
    Refreshed,
    Failed(Error),
}

/// Renews what is cached of `profile` if it is due, or fetches it if there is nothing.
pub fn refresh(profile: &WrittenProfile, settings: &CacheSettings, env: &Env) -> Refreshed {
    let ask = Ask::USUAL;
    match airflow::look_up(profile, settings, env, &ask, profile.deadline()) {
        Ok(looked_up) => looked_up_refresh(&looked_up.profile, settings, env),
        Err(error) => Refreshed {
            next: next(None, None, None, Some(error.kind()), time::now()),
            outcome: Outcome::Failed(error),
            until: None,
        },
    }
}

fn looked_up_refresh(profile: &Profile, settings: &CacheSettings, env: &Env) -> Refreshed {
    tally::note_role(profile.role_arn.as_ref());
    if let Identity::Base(_) = profile.identity {
        // Its credentials are not cached, so there is nothing to renew.
        return Refreshed { outcome: Outcome::Fresh, until: None, next: whole(time::after(LONGEST)) };
    }
    let outcome = match renew(profile, settings, env) {
        Ok(false) => Outcome::Fresh,
        Ok(true) => Outcome::Refreshed,
        Err(error) => Outcome::Failed(error),
    };
    let slot = Slot::existing(profile, settings, env).ok().flatten();
    let kept = slot.as_ref().and_then(|slot| slot.read().ok().flatten()).map(|entry| life(&entry));
    let failure = place::last_failure(profile, settings, env, time::now()).map(|failure| failure.last);
    let window = kept.and_then(|life| window(life, slot?.phase(env)));
    let kind = match &outcome {
        Outcome::Failed(error) => Some(error.kind()),
        Outcome::Fresh | Outcome::Refreshed => None,
    };
    let now = time::now();
    Refreshed {
        outcome,
        until: kept.map(|life| life.expires).filter(|expires| *expires > now),
        next: next(kept, window, failure, kind, now),
    }
}

/// Returns credentials of `profile`, cached or not, for a process that gives them to others, and when to ask again.
///
/// If a renewal fails, returns the failure with the credentials that are still valid.
pub fn hand_out(profile: &WrittenProfile, settings: &CacheSettings, env: &Env) -> (Refreshed, Option<CacheEntry>) {
    let ask = Ask::USUAL;
    let failed = |error: Error, failure| {
        let next = next_to_hand_out(None, failure, Some(error.kind()), time::now());
        (Refreshed { outcome: Outcome::Failed(error), until: None, next }, None)
    };
    let looked_up = match airflow::look_up(profile, settings, env, &ask, profile.deadline()) {
        Ok(looked_up) => looked_up,
        Err(error) => return failed(error, None),
    };
    let (profile, ask) = (&*looked_up.profile, looked_up.asked(&ask));
    tally::note_role(profile.role_arn.as_ref());
    let before = time::now();
    // Only the process that keeps the credentials fresh waits for this.
    let given = renew::given(profile, settings, env, &ask, profile.deadline);
    let remembered = place::last_failure(profile, settings, env, time::now());
    let failure = remembered.as_ref().map(|failure| failure.last);
    let entry = match given {
        Ok(given) => given.into_entry(),
        Err(error) => return failed(error, failure),
    };
    let (kept, now) = (life(&entry), time::now());
    let outcome = match (kept.state(now, None, None), remembered) {
        // It was due and was not renewed.
        (State::Due, Some(failure)) => Outcome::Failed(failure.error),
        (State::Due | State::Cold, _) => Outcome::Fresh,
        (State::Fresh, _) if entry.issued >= before => Outcome::Refreshed,
        (State::Fresh, _) => Outcome::Fresh,
    };
    let kind = match &outcome {
        Outcome::Failed(error) => Some(error.kind()),
        Outcome::Fresh | Outcome::Refreshed => None,
    };
    let next = next_to_hand_out(Some(kept), failure, kind, now);
    (Refreshed { outcome, until: Some(kept.expires), next }, Some(entry))
}

/// Credentials without a login are looked at again after this time: their connection may have changed.
const LONGEST: Duration = Duration::from_secs(3600);

/// Removes expired entries and what was not used for 30 days.
pub fn prune(settings: &CacheSettings, env: &Env) {
    for Storage { store, .. } in storage::used(settings, env) {
        match store.prune(time::now()) {
            Ok(files) => tracing::debug!(files, "pruned {}", store.dir().display()),
            Err(why) => tracing::info!(%why, "not pruned"),
        }
    }
}

/// Renews a profile. Returns whether there was something to do.
fn renew(profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<bool> {
    if let Some(why) = status::no_cache(settings, env) {
        return Err(why);
    }
    let slot = Slot::of(profile, settings, env)?;
    let kept = slot.as_ref().map_or(Ok(None), Slot::read)?;
    let window = kept.as_ref().zip(slot.as_ref()).and_then(|(entry, slot)| window(life(entry), slot.phase(env)));
    let ask = Ask { window, ..Ask::USUAL };
    let state = kept.as_ref().map(|entry| cached::state(entry, window));
    if state == Some(State::Fresh) {
        return Ok(false);
    }
    RecursionGuard::of(env).check(&profile.name)?;
    let due = kept.as_ref().filter(|_| state == Some(State::Due));
    let renewal = Renewal { profile, settings, env, ask: &ask, slot, due, typed: None, person: None, trace: None };
    let renewed = match due {
        Some(entry) => match renewal.refresh(profile.deadline, profile.deadline)? {
            Some(renewed) => renewed,
            // It failed a short while ago and is held back, or another process is at it.
            None => {
                let held_back = place::last_failure(profile, settings, env, time::now())
                    .filter(|failure| life(entry).state(time::now(), window, Some(failure.last)) == State::Fresh);
                return held_back.map_or(Ok(false), |failure| Err(failure.error));
            }
        },
        None => renewal.cold()?,
    };
    check_kept(&renewal, &renewed).map(|()| true)
}

/// Fails if the credentials were not cached: they would be lost with this process.
fn check_kept(renewal: &Renewal<'_>, renewed: &CacheEntry) -> Result<()> {
    let kept = renewal.slot.as_ref().map_or(Ok(None), Slot::read)?;
    if kept.is_some_and(|kept| kept.generation >= renewed.generation) {
        return Ok(());
    }
    let lost = || Error::new(Code::CacheWrite, "the login succeeded, but its credentials cannot be cached");
    Err(status::unknowable(renewal.profile, renewal.env).unwrap_or_else(lost))
}

/// Returns the rule's window and up to a quarter more; `None` if the rule's is as wide as a chosen one can get.
fn window(life: Life, phase: u8) -> Option<Duration> {
    let rule = life.window(None);
    let wider = rule + rule / 4 * i32::from(phase) / 255;
    Duration::try_from(wider).ok().filter(|wider| life.window(Some(*wider)) > rule)
}

/// Returns when to call again: when the credentials are due, or the back-off ends.
fn next(
    kept: Option<Life>,
    window: Option<Duration>,
    failure: Option<LastFailure>,
    failed: Option<Kind>,
    now: Timestamp,
) -> Timestamp {
    let due = match (kept, failure) {
        (Some(life), failure) => life.next_refresh(now, window, failure),
        (None, Some(failure)) if failure.holds_back(now) => failure.retry_at(),
        (None, _) => now,
    };
    let soonest = match failed {
        None => SignedDuration::from_secs(1),
        Some(Kind::Unavailable) => SignedDuration::from_secs(5),
        // A person has to change something first; a program that needs credentials after that asks for them itself.
        Some(_) => SignedDuration::from_mins(5),
    };
    let next = due.max(now.saturating_add(soonest).unwrap_or(Timestamp::MAX));
    whole(next)
}

/// Returns the same for a process that has to have credentials to give: without any it asks as soon as that may help.
fn next_to_hand_out(
    kept: Option<Life>,
    failure: Option<LastFailure>,
    failed: Option<Kind>,
    now: Timestamp,
) -> Timestamp {
    // Credentials that are due and were not renewed, without a failure: another process is renewing them.
    let other = LastFailure { at: now, count: 1, ceiling: Ceiling::Outage, jitter: 128 };
    let is_held = kept.is_some_and(|life| life.state(now, None, None) != State::Cold);
    let due = match kept {
        Some(life) => life.next_refresh(now, None, failure.or(Some(other))),
        None => failure.unwrap_or(other).retry_at(),
    };
    let soonest = match failed {
        _ if is_held => SignedDuration::ZERO,
        // An outage may end at any moment.
        None | Some(Kind::Unavailable | Kind::Storage | Kind::Internal) => SignedDuration::ZERO,
        // After a login a person expects to see the effect.
        Some(Kind::LoginRequired) => SignedDuration::from_secs(30),
        // A person has to change something first.
        Some(Kind::Usage | Kind::Unusable | Kind::Refused | Kind::Configuration) => SignedDuration::from_mins(5),
    };
    due.max(now.saturating_add(soonest).unwrap_or(Timestamp::MAX))
}

/// Rounds up: a call a fraction of a second too early would find nothing to do.
fn whole(next: Timestamp) -> Timestamp {
    Timestamp::from_second(next.as_second().saturating_add(1)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: i64 = 60;
    const HOUR: i64 = 3600;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn of(lifetime: i64) -> Life {
        Life { issued: at(0), expires: at(lifetime) }
    }

    #[test]
    fn a_scheduled_refresh_comes_up_to_a_quarter_of_the_window_earlier() {
        // lifetime, the phase, refreshed when less than this is left
        let table = [
            (HOUR, 0, 16 * MIN),
            (HOUR, 51, 16 * MIN + 48),
            (HOUR, 255, 20 * MIN),
            (12 * HOUR, 255, 61 * MIN + 915),
            (15 * MIN, 255, 375),
            (24 * MIN, 255, 16 * MIN), // the rule's is wider than half the lifetime already
            (36 * MIN, 255, 18 * MIN), // half the lifetime
        ];
        for (lifetime, phase, expected) in table {
            let window = window(of(lifetime), phase);
            assert_eq!(of(lifetime).window(window), SignedDuration::from_secs(expected), "{lifetime} {phase}");
        }
    }

    #[test]
    fn the_next_call_comes_when_it_is_due_but_after_a_failure_not_at_once() {
        let failure =
            |second, count| Some(LastFailure { at: at(second), count, ceiling: Ceiling::Outage, jitter: 255 });
        let hour = Some(of(HOUR));
        let (unavailable, refused) = (Some(Kind::Unavailable), Some(Kind::Refused));
        // cached, remembered, what this call came to, now, next (rounded up by a second)
        let table = [
            (hour, None, None, 0, 44 * MIN + 1),
            (hour, None, None, 50 * MIN, 50 * MIN + 2), // another process is at it
            (hour, failure(45 * MIN, 1), unavailable, 45 * MIN, 55 * MIN + 1),
            (hour, failure(45 * MIN, 1), refused, 45 * MIN, 55 * MIN + 1),
            (hour, failure(HOUR, 9), unavailable, HOUR, HOUR + 31),
            (None, failure(0, 1), unavailable, 0, 6),
            (None, failure(0, 9), unavailable, 0, 31),
            (None, failure(0, 9), refused, 0, 5 * MIN + 1),
            (None, None, Some(Kind::LoginRequired), 0, 5 * MIN + 1),
            (None, failure(HOUR, 9), None, 0, 2), // dated by a clock that has been set since
        ];
        for (row, (kept, remembered, failed, now, expected)) in table.into_iter().enumerate() {
            assert_eq!(next(kept, None, remembered, failed, at(now)), at(expected), "row {row}");
        }
        assert_eq!(next(None, None, None, None, Timestamp::MAX), Timestamp::MAX);
    }

    #[test]
    fn who_hands_out_asks_when_it_is_due_and_after_failures_later() {
        let failure =
            |second, count| Some(LastFailure { at: at(second), count, ceiling: Ceiling::Outage, jitter: 255 });
        let hour = Some(of(HOUR));
        let due = 44 * MIN;
        // held, remembered, what this call came to, now, next in milliseconds
        let table = [
            (hour, None, None, 0, due * 1000),
            (hour, failure(due, 1), Some(Kind::Unavailable), due + 1, (due + 10 * MIN) * 1000),
            (hour, failure(due, 1), Some(Kind::Refused), due + 1, (due + 10 * MIN) * 1000),
            (hour, failure(HOUR - 70, 1), Some(Kind::Unavailable), HOUR - 70, (HOUR - 60) * 1000), // until it is cold
            (hour, failure(HOUR - 70, 1), Some(Kind::Refused), HOUR - 70, (HOUR - 60) * 1000),
            (None, failure(0, 9), Some(Kind::Unavailable), 0, 30_000),
            (None, None, Some(Kind::Unavailable), 0, 750),
            (None, None, Some(Kind::LoginRequired), 0, 30_000),
            (None, failure(0, 1), Some(Kind::Refused), 0, 5 * MIN * 1000),
            (None, None, Some(Kind::Configuration), 0, 5 * MIN * 1000),
        ];
        for (row, (held, remembered, failed, now, expected)) in table.into_iter().enumerate() {
            let next = next_to_hand_out(held, remembered, failed, at(now)).duration_since(at(0));
            assert!((next.as_millis() - i128::from(expected)).abs() < 5, "row {row}: {next:?}");
        }
        let another = next_to_hand_out(hour, None, None, at(50 * MIN));
        assert!(another > at(55 * MIN) && another < at(60 * MIN), "another process is at it");
    }
}
