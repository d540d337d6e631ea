//! Who a profile is to STS, for commands that explain it (`doctor`, `inspect`, `roles`, `setup`, `trust-policy`): one login
//! under the lock and the guard of all others, which ends with the assertion, token or keys in hand.
//!
//! As with `--force`, what holds the next try back does not hold a person back who asks; a refused secret is not sent again.

use super::Ask;
use super::fetch;
pub use super::fetch::Proof;
use super::flight::Flight;
use super::ledger::NoLedger;
use super::memory::{Memory, Seen};
use super::place::LoginPlace;
use super::policy::{Accepts, Policy};
use super::renew::Renewal;
use crate::attempt::{CountedSecret, Ledger};
use crate::config::cache::CacheSettings;
use crate::config::env::Env;
use crate::config::profile::Profile;
use crate::credentials::{Credentials, SigningKeys};
use crate::error::{Error, Result};
use crate::identity::Run;
use crate::identity::trace::Trace;
use crate::process::callers::Callers;
use crate::secret::Secret;
use crate::sts::caller;
use crate::time::{self, Deadline};

/// Logs in as `profile` and stops before STS. What comes on the way is noted in `trace`, also of a login that fails.
pub fn prove(profile: &Profile, settings: &CacheSettings, env: &Env, trace: &Trace) -> Result<Proof> {
    prove_with(profile, settings, env, None, trace)
}

/// The same with a secret that a person has just typed: it is tried, also if it was refused before.
pub fn prove_typed(
    profile: &Profile,
    settings: &CacheSettings,
    env: &Env,
    typed: &Secret,
    trace: &Trace,
) -> Result<Proof> {
    prove_with(profile, settings, env, Some(typed), trace)
}

fn prove_with(
    profile: &Profile,
    settings: &CacheSettings,
    env: &Env,
    typed: Option<&Secret>,
    trace: &Trace,
) -> Result<Proof> {
    Callers::of(env).check(&profile.name)?;
    // What this profile stands on is asked as anybody would ask it.
    let ask = Ask { window: None, force: false, use_cache: true };
    let login =
        Renewal { profile, settings, env, ask: &ask, slot: None, due: None, typed, person: None, trace: Some(trace) };
    let policy = Policy { pardons: typed.is_some(), ..Policy::PROVING };
    login.somewhere(&Proving(&login), &policy)
}

/// The same login, which ends with the proof.
struct Proving<'a>(&'a Renewal<'a>);

impl Flight for Proving<'_> {
    type Brought = Proof;
    type Prepared = Option<SigningKeys>;

    fn found(&self, _: Accepts, _: &Memory, _: &Seen) -> Result<Option<Proof>> {
        Ok(None)
    }

    fn rests(&self, _: &LoginPlace, _: &Memory) -> bool {
        false
    }

    fn secret(&self, deadline: &Deadline) -> Result<Option<CountedSecret>> {
        self.0.own_secret(deadline)
    }

    fn prepare(&self, _: Accepts, _: &Memory, _: &Seen, deadline: &Deadline) -> Result<Option<SigningKeys>> {
        self.0.below(deadline)
    }

    fn log_in(
        &self,
        place: Option<&LoginPlace>,
        below: Option<SigningKeys>,
        _: u64,
        ledger: &dyn Ledger,
        deadline: &Deadline,
    ) -> Result<Proof> {
        let run = Run { keep: place.map(|place| place as _), ..self.0.run(deadline, ledger) };
        fetch::prove(self.0.profile, below, run)
    }

    fn unlocked(&self, why: Option<Error>) -> Result<()> {
        self.0.check_unlocked(why)
    }
}

/// The credentials that STS gives for `proof`, which [`prove`] gave. They are not kept; what they disprove is forgotten.
pub fn redeem(profile: &Profile, settings: &CacheSettings, proof: &Proof, env: &Env) -> Result<Credentials> {
    let deadline = Deadline::after(profile.deadline);
    let credentials = fetch::redeem(
        profile,
        proof,
        Run { env, deadline: &deadline, ledger: &NoLedger, typed: None, keep: None, person: None, trace: None },
    )?;
    for place in LoginPlace::existing(profile, settings, env).unwrap_or_default() {
        if let Err(why) = disproved(&place, &deadline) {
            tracing::info!(%why, "what failed before is still remembered");
        }
    }
    Ok(credentials)
}

/// What is remembered of this result's failures is so no more.
fn disproved(place: &LoginPlace, deadline: &Deadline) -> Result<()> {
    if place.memory()?.last_failure(&place.wanted, time::now()).is_none() {
        return Ok(());
    }
    let _lock = place.locked(deadline)?;
    let mut memory = place.memory()?;
    memory.succeed(&place.wanted);
    place.remember(&memory)
}

/// The ARN of whoever holds these keys, as STS tells it.
pub fn caller(profile: &Profile, keys: &SigningKeys) -> Result<String> {
    let deadline = Deadline::after(profile.deadline);
    fetch::block_on(caller::arn(&profile.sts, profile.role()?, keys, &deadline))
}
