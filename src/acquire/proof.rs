//! Who a profile is to STS, for commands that explain it (`doctor`, `inspect`, `roles`, `setup`, `trust-policy`): one login
//! under the lock and the guard of all others, which ends with the assertion, token or keys in hand.
//!
//! As with `--force`, what holds the next try back does not hold a person back who asks; a refused secret is not sent again.

use super::Ask;
use super::fetch;
pub use super::fetch::Proof;
use super::flight::Flight;
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
use crate::time::Deadline;

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
    let ask = Ask { window: None, force: false, use_cache: true };
    let login =
        Renewal { profile, settings, env, ask: &ask, slot: None, due: None, typed: None, person: None, trace: None };
    let policy = Policy { succeeds: Memory::succeed, ..Policy::PROVING };
    login.somewhere(&Redeeming { login: &login, proof }, &policy)
}

/// The end of a login whose proof is there.
struct Redeeming<'a> {
    login: &'a Renewal<'a>,
    proof: &'a Proof,
}

impl Flight for Redeeming<'_> {
    type Brought = Credentials;
    type Prepared = ();

    fn found(&self, _: Accepts, _: &Memory, _: &Seen) -> Result<Option<Credentials>> {
        Ok(None)
    }

    fn rests(&self, _: &LoginPlace, _: &Memory) -> bool {
        false
    }

    /// None: only STS is asked.
    fn secret(&self, _: &Deadline) -> Result<Option<CountedSecret>> {
        Ok(None)
    }

    fn prepare(&self, _: Accepts, _: &Memory, _: &Seen, _: &Deadline) -> Result<()> {
        Ok(())
    }

    fn log_in(
        &self,
        _: Option<&LoginPlace>,
        (): (),
        _: u64,
        ledger: &dyn Ledger,
        deadline: &Deadline,
    ) -> Result<Credentials> {
        fetch::redeem(self.login.profile, self.proof, self.login.run(deadline, ledger))
    }

    fn unlocked(&self, _: Option<Error>) -> Result<()> {
        Ok(())
    }
}

/// The ARN of whoever holds these keys, as STS tells it.
pub fn caller(profile: &Profile, keys: &SigningKeys) -> Result<String> {
    let deadline = Deadline::after(profile.deadline);
    fetch::block_on(caller::arn(&profile.sts, profile.role()?, keys, &deadline))
}
