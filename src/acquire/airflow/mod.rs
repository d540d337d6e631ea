//! Airflow connections, looked up: where a secrets backend has one, its text is kept sealed beside the results.
//!
//! A hit takes the text that is kept, and asks nobody. When the credentials are due, the text is read anew first: a connection
//! that was changed is another profile. Ahead of time that must cost nobody good credentials, so an outage of the backend
//! goes unnoticed then, and a crowd asks it once.

mod backend;
mod kept;

use std::borrow::Cow;
use std::time::Duration;

use jiff::SignedDuration;

pub use self::backend::{Backends, store};
pub use self::kept::Reading;
use super::ask::Ask;
use super::cached;
use super::place::{self, Slot};
use super::schedule::State;
use crate::config::cache::CacheSettings;
use crate::config::profile::{Base, Identity, Profile};
use crate::config::written::WrittenProfile;
use crate::error::Result;
use crate::process::env::Env;
use crate::time::{self, Timestamp};

/// A text that came more recently than this was read by another process that started at the same time as this one.
const OF_A_CROWD: SignedDuration = SignedDuration::from_secs(5);

/// The profile that a written profile stands for.
pub struct LookedUp<'p> {
    pub profile: Cow<'p, Profile>,
    /// Whether results may be kept; not if `--airflow-fallback` took the default credentials.
    may_keep: bool,
    /// When the oldest cached text of a backend came.
    pub kept_since: Option<Timestamp>,
}

impl LookedUp<'_> {
    /// Returns `ask`, without the cache if results must not be kept.
    pub fn asked(&self, ask: &Ask) -> Ask {
        Ask { use_cache: ask.use_cache && self.may_keep, ..*ask }
    }
}

/// Looks a profile up for a caller that wants credentials. `patience`: how long a reading ahead of time may take.
pub fn look_up<'p>(
    profile: &'p WrittenProfile,
    settings: &CacheSettings,
    env: &Env,
    ask: &Ask,
    patience: Duration,
) -> Result<LookedUp<'p>> {
    let anew = |reading| resolved(profile, settings, env, reading);
    match ask {
        Ask { use_cache: false, .. } => return anew(Reading::Unkept),
        Ask { force: true, .. } => return anew(Reading::Anew),
        Ask { window: _, force: false, use_cache: true } => (),
    }
    let looked_up = anew(Reading::Kept)?;
    let Some(since) = looked_up.kept_since else { return Ok(looked_up) };
    match state(&looked_up.profile, settings, env, ask)? {
        Some(State::Fresh) => Ok(looked_up),
        Some(State::Due) => anew(Reading::Early(patience)),
        Some(State::Cold) | None => match time::now().duration_since(since) {
            // Negative if the text was dated by a clock that was wrong.
            age if !age.is_negative() && age < OF_A_CROWD => Ok(looked_up),
            _ => anew(Reading::Anew),
        },
    }
}

/// Looks a profile up in the cache only; `None` if it is in a secrets backend of which nothing is cached.
pub fn offline<'p>(profile: &'p WrittenProfile, settings: &CacheSettings, env: &Env) -> Result<Option<LookedUp<'p>>> {
    match resolved(profile, settings, env, Reading::Offline) {
        Ok(looked_up) => Ok(Some(looked_up)),
        Err(error) if kept::is_not_read(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Looks a profile up in the backends, whatever is cached.
pub fn online<'p>(profile: &'p WrittenProfile, settings: &CacheSettings, env: &Env) -> Result<LookedUp<'p>> {
    resolved(profile, settings, env, Reading::Anew)
}

/// Removes the cached texts of the backends that `profile` is in. Returns how many there were.
pub fn forget(profile: &WrittenProfile, settings: &CacheSettings, env: &Env) -> usize {
    let backends = Backends::new(settings, env, Reading::Forget, profile.deadline());
    // The connection itself is not found, since nothing is read.
    let _ = resolve(profile, env, &backends);
    backends.forgotten()
}

/// Returns the state of the cached credentials, taking into account a failure that puts off the next attempt.
fn state(profile: &Profile, settings: &CacheSettings, env: &Env, ask: &Ask) -> Result<Option<State>> {
    if let Some(entry) = place::at_hand(profile, settings, env)?
        && cached::state(&entry, ask.window) == State::Fresh
    {
        return Ok(Some(State::Fresh));
    }
    let kept = Slot::existing(profile, settings, env)?.map_or(Ok(None), |slot| slot.read())?;
    let failure = || place::last_failure(profile, settings, env, time::now()).map(|failure| failure.last);
    Ok(kept.map(|entry| match cached::state(&entry, ask.window) {
        State::Due => cached::life(&entry).state(time::now(), ask.window, failure()),
        state => state,
    }))
}

fn resolved<'p>(
    profile: &'p WrittenProfile,
    settings: &CacheSettings,
    env: &Env,
    reading: Reading,
) -> Result<LookedUp<'p>> {
    let backends = Backends::new(settings, env, reading, profile.deadline());
    let (profile, may_keep) = resolve(profile, env, &backends)?;
    Ok(LookedUp { profile, may_keep, kept_since: backends.kept_since() })
}

/// Returns what `profile` stands for, and whether results may be kept.
fn resolve<'p>(profile: &'p WrittenProfile, env: &Env, backends: &Backends<'_>) -> Result<(Cow<'p, Profile>, bool)> {
    match profile {
        WrittenProfile::Profile(profile) => Ok((Cow::Borrowed(profile), true)),
        WrittenProfile::Connection(connection) => {
            let source = &connection.source;
            let backends = backends.for_policy(&source.policy);
            let resolved = source.resolve(&connection.name, connection.deadline, env, &backends)?;
            Ok((Cow::Owned(resolved.profile), !resolved.is_fallback))
        }
        WrittenProfile::RoleOnConnection(role) => {
            let (base, may_keep) = resolve(&role.identity.base, env, backends)?;
            let Profile { name, role_arn, sts, session, deadline, identity: role } = (**role).clone();
            let (role, _) = role.put_on(Base::Profile(Box::new(base.into_owned())));
            let identity = Identity::AssumeRole(Box::new(role));
            Ok((Cow::Owned(Profile { name, role_arn, sts, session, deadline, identity }), may_keep))
        }
    }
}
