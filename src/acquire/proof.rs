//! Who a profile is to STS, for commands that explain it (`doctor`, `inspect`, `roles`, `setup`, `trust-policy`): one login
//! under the lock and the guard of all others, which ends with the assertion, token or keys in hand.
//!
//! As with `--force`, what holds the next try back does not hold a person back who asks; a refused secret is not sent again.

use std::cell::RefCell;

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
use crate::config::profile::{Oidc, Profile};
use crate::credentials::{Credentials, SigningKeys};
use crate::error::{Error, Result};
use crate::identity::Person;
use crate::identity::Run;
use crate::identity::oidc::login::{LoginUi, Tokens};
use crate::identity::trace::Trace;
use crate::process::callers::Callers;
use crate::process::env::Env;
use crate::secret::Secret;
use crate::sts::caller;
use crate::time::Deadline;

/// Logs in as `profile` and stops before STS. What comes on the way is noted in `trace`, also of a login that fails.
pub fn prove(profile: &Profile, settings: &CacheSettings, env: &Env, trace: &Trace) -> Result<Proof> {
    prove_attended(profile, settings, env, (None, None), trace)
}

/// The same with a secret that a person has just typed, which is tried also if it was refused before; and with the person, who
/// can be asked for more.
pub fn prove_attended(
    profile: &Profile,
    settings: &CacheSettings,
    env: &Env,
    (typed, person): (Option<&Secret>, Option<&dyn Person>),
    trace: &Trace,
) -> Result<Proof> {
    let proving = |login: &Renewal<'_>| run(&Proving { login, at: None, tokens: RefCell::default() });
    with_login(profile, settings, env, (typed, person), trace, proving)
}

/// The proof of a person who logs in at the OpenID provider of `profile` now, as `ui` shows them how; and what that leaves.
pub fn prove_signed_in(
    profile: &Profile,
    oidc: &Oidc,
    settings: &CacheSettings,
    env: &Env,
    ui: &dyn LoginUi,
) -> Result<(Proof, Option<Tokens>)> {
    let trace = Trace::default();
    with_login(profile, settings, env, (None, None), &trace, |login| {
        let proving = Proving { login, at: Some((oidc, ui)), tokens: RefCell::default() };
        let proof = run(&proving)?;
        Ok((proof, proving.tokens.take()))
    })
}

fn with_login<T>(
    profile: &Profile,
    settings: &CacheSettings,
    env: &Env,
    (typed, person): (Option<&Secret>, Option<&dyn Person>),
    trace: &Trace,
    prove: impl FnOnce(&Renewal<'_>) -> Result<T>,
) -> Result<T> {
    Callers::of(env).check(&profile.name)?;
    // What this profile stands on is asked as anybody would ask it.
    let ask = Ask { window: None, force: false, use_cache: true };
    prove(&Renewal { profile, settings, env, ask: &ask, slot: None, due: None, typed, person, trace: Some(trace) })
}

fn run(proving: &Proving<'_>) -> Result<Proof> {
    let policy = Policy { pardons: proving.login.typed.is_some(), ..Policy::PROVING };
    proving.login.somewhere(proving, &policy)
}

/// The same login, which ends with the proof.
struct Proving<'a> {
    login: &'a Renewal<'a>,
    /// Where a person logs in first.
    at: Option<(&'a Oidc, &'a dyn LoginUi)>,
    /// What that has left.
    tokens: RefCell<Option<Tokens>>,
}

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
        self.login.own_secret(deadline)
    }

    fn prepare(&self, _: Accepts, _: &Memory, _: &Seen, deadline: &Deadline) -> Result<Option<SigningKeys>> {
        self.login.below(deadline)
    }

    fn log_in(
        &self,
        place: Option<&LoginPlace>,
        below: Option<SigningKeys>,
        _: u64,
        ledger: &dyn Ledger,
        deadline: &Deadline,
    ) -> Result<Proof> {
        let run = Run { state: place.map(|place| place as _), ..self.login.run(deadline, ledger) };
        let Some((oidc, ui)) = self.at else { return fetch::prove(self.login.profile, below, run) };
        let tokens = fetch::interactive(oidc, self.login.profile, ui, run)?;
        let proof = fetch::prove(self.login.profile, below, Run { typed: Some(&tokens.token), ..run })?;
        self.tokens.replace(Some(tokens));
        Ok(proof)
    }

    fn unlocked(&self, why: Option<Error>) -> Result<()> {
        self.login.check_unlocked(why)
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
