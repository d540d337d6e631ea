//! What is known of a profile's credentials without asking anybody: for `fedcred status`.
//!
//! It reads what runs have left, takes no lock and makes nothing, not even a key or a directory.

use super::cached::life;
use super::memory::{Remembered, Waits};
use super::place::{self, Slot};
use super::schedule::{Life, State as Age};
use super::storage::{self, Choice};
use super::{airflow, key};
use crate::cache::key_place::KeyPlace;
use crate::config::cache::CacheSettings;
use crate::config::profile::{Identity, Profile};
use crate::config::written::WrittenProfile;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::quote::shell::fedcred;
use crate::time::Timestamp;

/// The state of a profile's credentials.
#[derive(Debug)]
pub struct Status {
    pub state: State,
    /// When what is cached expires; in the past if it has.
    pub expires: Option<Timestamp>,
    pub next: Next,
    /// The last attempt, if it failed: when, how, and what the next one waits for.
    pub failure: Option<Remembered>,
    /// Who asks, in words for people.
    pub who: Option<String>,
    /// Why nothing of this profile is cached; `None` if it is.
    pub unkept: Option<Error>,
    /// The role, also where an Airflow connection names it.
    pub role_arn: Option<String>,
    /// When the cached Airflow connection came from its secrets backend.
    pub connection_since: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Used as they are.
    Fresh,
    /// Used after an attempt to refresh them.
    Due,
    /// Not usable any more; the next caller logs in.
    Expired,
    /// There is nothing usable, and the last login failed.
    Failed,
    /// There is nothing, and no failure is remembered.
    None,
}

/// When the next login is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// For a caller from then on.
    From(Timestamp),
    /// For the next caller.
    WhenAsked,
    /// Not before the secret changes or a person logs in: this one was refused.
    WithNewSecret,
    /// Not before a person logs in or the settings change: the identity provider wants a person.
    WithPerson,
}

/// Returns what is known of `profile` at `now`. Errors: an Airflow connection that is defined nowhere, or is broken.
pub fn of(profile: &WrittenProfile, settings: &CacheSettings, env: &Env, now: Timestamp) -> Result<Status> {
    let Some(looked_up) = airflow::offline(profile, settings, env)? else {
        return Ok(unread(profile, settings, env));
    };
    let status = of_profile(&looked_up.profile, settings, env, now);
    Ok(Status { connection_since: looked_up.kept_since, ..status })
}

/// Returns the status of a connection that was never read: the key of its credentials is unknown.
fn unread(profile: &WrittenProfile, settings: &CacheSettings, env: &Env) -> Status {
    let unread = || {
        let get = fedcred(&["get"], profile.name(), &[]);
        nothing_kept().because("its Airflow connection has not been read yet").hint(format!("read it: {get}"))
    };
    Status {
        state: State::None,
        expires: None,
        next: Next::WhenAsked,
        failure: None,
        who: None,
        unkept: Some(no_cache(settings, env).unwrap_or_else(unread)),
        role_arn: profile.role_arn().map(ToString::to_string),
        connection_since: None,
    }
}

/// Returns the status of a profile that is looked up.
pub fn of_profile(profile: &Profile, settings: &CacheSettings, env: &Env, now: Timestamp) -> Status {
    let (kept, unreadable) =
        match Slot::existing(profile, settings, env).and_then(|slot| slot.map_or(Ok(None), |s| s.read())) {
            Ok(kept) => (kept.as_ref().map(life), None),
            Err(error) => (None, Some(error)),
        };
    let failure = place::last_failure(profile, settings, env, now);
    Status {
        state: state(kept, failure.is_some(), now),
        expires: kept.map(|life| life.expires),
        next: next(kept, failure.as_ref(), now),
        who: key::asker(&profile.identity, env),
        unkept: unreadable.or_else(|| unkept(profile, settings, env)),
        failure,
        role_arn: profile.role_arn.as_ref().map(|role| role.to_string()),
        connection_since: None,
    }
}

/// Returns why nothing that this profile gives is kept, as far as that can be told without writing.
pub fn unkept(profile: &Profile, settings: &CacheSettings, env: &Env) -> Option<Error> {
    no_cache(settings, env).or_else(|| unknowable(profile, env))
}

/// Returns why what this profile gives must not outlive the process: it is unknown who asks.
pub fn unknowable(profile: &Profile, env: &Env) -> Option<Error> {
    if let Identity::Base(_) = profile.identity {
        return Some(
            nothing_kept().because("it uses AWS credentials directly, without a login").hint("nothing has to be done"),
        );
    }
    let why = key::unknowable(profile, env)?;
    Some(
        nothing_kept()
            .because(why)
            .hint(format!("see who logs in: {}", fedcred(&["config", "show"], &profile.name, &[]))),
    )
}

/// Returns why nothing at all is kept, as far as that can be told without writing.
pub fn no_cache(settings: &CacheSettings, env: &Env) -> Option<Error> {
    match storage::choose(settings, env) {
        Ok(Choice { storage: None, why }) => why,
        Ok(Choice { storage: Some(storage), .. }) => match storage.key {
            KeyPlace::File(_) | KeyPlace::Given(_) => None,
            KeyPlace::Keyring { .. } => storage.key.read().err(),
        },
        Err(error) => Some(error),
    }
}

fn nothing_kept() -> Error {
    Error::new(Code::CacheWrite, "the credentials are not cached")
}

fn state(kept: Option<Life>, has_failed: bool, now: Timestamp) -> State {
    match kept.map(|life| life.state(now, None, None)) {
        Some(Age::Fresh) => State::Fresh,
        Some(Age::Due) => State::Due,
        _ if has_failed => State::Failed,
        Some(Age::Cold) => State::Expired,
        None => State::None,
    }
}

fn next(kept: Option<Life>, failure: Option<&Remembered>, now: Timestamp) -> Next {
    let last = failure.map(|failure| failure.last);
    let scheduled = match kept {
        Some(life) => Some(life.next_refresh(now, None, last)),
        None => last.filter(|last| last.holds_back(now)).map(|last| last.retry_at()),
    };
    let from = match failure.map(|failure| failure.waits) {
        Some(Waits::ForAnotherSecret) => return Next::WithNewSecret,
        Some(Waits::ForAPerson) => return Next::WithPerson,
        Some(Waits::Until(until)) => Some(scheduled.map_or(until, |scheduled| scheduled.max(until))),
        Some(Waits::BackOff) | None => scheduled,
    };
    from.filter(|from| *from > now).map_or(Next::WhenAsked, Next::From)
}

#[cfg(test)]
mod tests {
    use super::super::schedule::{Ceiling, LastFailure};
    use super::*;

    const MIN: i64 = 60;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn failed(waits: Waits, second: i64, count: u32) -> Option<Remembered> {
        let last = LastFailure { at: at(second), count, ceiling: Ceiling::Outage, jitter: 255 };
        Some(Remembered { last, error: Error::new(Code::Connect, "it failed"), waits })
    }

    #[test]
    fn each_state_says_when_the_next_login_is() {
        use Next::*;
        let hour = Some(Life { issued: at(0), expires: at(60 * MIN) });
        // cached, failure, now, state, next
        let table = [
            (hour, None, 0, State::Fresh, From(at(44 * MIN))),
            (hour, None, 44 * MIN + 1, State::Due, WhenAsked),
            (hour, failed(Waits::BackOff, 45 * MIN, 1), 46 * MIN, State::Due, From(at(55 * MIN))),
            (hour, None, 59 * MIN + 1, State::Expired, WhenAsked),
            (hour, failed(Waits::BackOff, 60 * MIN, 6), 60 * MIN + 1, State::Failed, From(at(60 * MIN + 30))),
            (hour, failed(Waits::ForAnotherSecret, 45 * MIN, 1), 46 * MIN, State::Due, WithNewSecret),
            (hour, failed(Waits::ForAPerson, 45 * MIN, 1), 46 * MIN, State::Due, WithPerson),
            (None, failed(Waits::Until(at(60 * MIN)), 0, 1), MIN, State::Failed, From(at(60 * MIN))),
            (None, failed(Waits::Until(at(60 * MIN)), 0, 1), 60 * MIN, State::Failed, WhenAsked),
            (None, None, 0, State::None, WhenAsked),
            (None, failed(Waits::BackOff, 0, 3), 1, State::Failed, From(at(4))),
            (None, failed(Waits::BackOff, 0, 3), 4, State::Failed, WhenAsked),
            (None, failed(Waits::ForAnotherSecret, 0, 1), 99 * MIN, State::Failed, WithNewSecret),
            (None, failed(Waits::BackOff, 99 * MIN, 9), 0, State::Failed, WhenAsked), // from a clock that was wrong
        ];
        for (row, (kept, failure, now, expected, then)) in table.into_iter().enumerate() {
            assert_eq!(state(kept, failure.is_some(), at(now)), expected, "row {row}");
            assert_eq!(next(kept, failure.as_ref(), at(now)), then, "row {row}");
        }
    }
}
