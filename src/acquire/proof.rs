//! Who a profile is to STS, for commands that explain it (`doctor`, `inspect`, `roles`, `setup`, `trust-policy`): one login
//! under the lock and the guard of all others, which ends with the assertion, token or keys in hand.
//!
//! As with `--force`, the back-off does not hold a person back; a refused secret is not sent again.

use std::cell::RefCell;

use super::ask::Ask;
use super::fetch;
pub use super::fetch::Proof;
use super::flight::{Flight, Known, Login};
use super::policy::{Disproves, Policy};
use super::renew::Renewal;
use crate::attempt::CountedSecret;
use crate::config::cache::CacheSettings;
use crate::config::profile::{Oidc, Profile};
use crate::credentials::{Credentials, SigningKeys};
use crate::error::{Error, Result};
use crate::identity::Person;
use crate::identity::Run;
use crate::identity::oidc::login::{LoginUi, Tokens};
use crate::identity::trace::Trace;
use crate::process::env::Env;
use crate::process::recursion::RecursionGuard;
use crate::secret::Secret;
use crate::sts::caller;
use crate::time::Deadline;

/// Logs in as `profile` and stops before STS. `trace` notes what comes on the way, also of a login that fails.
pub fn prove(profile: &Profile, settings: &CacheSettings, env: &Env, trace: &Trace) -> Result<Proof> {
    prove_attended(profile, settings, env, (None, None), trace)
}

/// Does the same with a secret that a person has just typed, which is sent even if it was refused before, and with a person who can
/// be asked for more.
pub fn prove_attended(
    profile: &Profile,
    settings: &CacheSettings,
    env: &Env,
    (typed, person): (Option<&Secret>, Option<&dyn Person>),
    trace: &Trace,
) -> Result<Proof> {
    let login = Renewal { typed, person, trace: Some(trace), ..Renewal::new(profile, settings, env, &Ask::USUAL) };
    run(&Proving { login: &login, at: None, tokens: RefCell::default() })
}

/// Has a person log in at the OpenID provider of `profile`, guided by `ui`. Returns the proof, and the tokens.
pub fn prove_signed_in(
    profile: &Profile,
    oidc: &Oidc,
    settings: &CacheSettings,
    env: &Env,
    ui: &dyn LoginUi,
) -> Result<(Proof, Option<Tokens>)> {
    let login = Renewal::new(profile, settings, env, &Ask::USUAL);
    let proving = Proving { login: &login, at: Some((oidc, ui)), tokens: RefCell::default() };
    let proof = run(&proving)?;
    Ok((proof, proving.tokens.take()))
}

fn run(proving: &Proving<'_>) -> Result<Proof> {
    RecursionGuard::of(proving.login.env).check(&proving.login.profile.name)?;
    let policy = Policy { pardons: proving.login.typed.is_some(), ..Policy::PROVING };
    proving.login.somewhere(proving, &policy)
}

/// A login that ends with the proof.
struct Proving<'a> {
    login: &'a Renewal<'a>,
    /// The provider at which a person logs in first.
    at: Option<(&'a Oidc, &'a dyn LoginUi)>,
    /// What that has brought.
    tokens: RefCell<Option<Tokens>>,
}

impl Flight for Proving<'_> {
    type Brought = Proof;
    type Prepared = Option<SigningKeys>;

    fn secret(&self, deadline: &Deadline) -> Result<Option<CountedSecret>> {
        self.login.own_secret(deadline)
    }

    fn prepare(&self, _: &Known<'_>, deadline: &Deadline) -> Result<Option<SigningKeys>> {
        self.login.below(deadline)
    }

    fn log_in(&self, below: Option<SigningKeys>, login: &Login<'_>) -> Result<Proof> {
        let run = Run { state: login.place.map(|place| place as _), ..self.login.run(login.deadline, login.ledger) };
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

/// Returns the credentials that STS gives for `proof`, which [`prove`] returned. They are not cached; the failures that they
/// disprove are forgotten.
pub fn redeem(profile: &Profile, settings: &CacheSettings, proof: &Proof, env: &Env) -> Result<Credentials> {
    let login = Renewal::new(profile, settings, env, &Ask::USUAL);
    let policy = Policy { disproves: Disproves::ItsOwn, ..Policy::PROVING };
    login.somewhere(&Redeeming { login: &login, proof }, &policy)
}

/// The last step of a login whose proof exists. It sends no secret: only STS is asked.
struct Redeeming<'a> {
    login: &'a Renewal<'a>,
    proof: &'a Proof,
}

impl Flight for Redeeming<'_> {
    type Brought = Credentials;
    type Prepared = ();

    fn prepare(&self, _: &Known<'_>, _: &Deadline) -> Result<()> {
        Ok(())
    }

    fn log_in(&self, (): (), login: &Login<'_>) -> Result<Credentials> {
        fetch::redeem(self.login.profile, self.proof, self.login.run(login.deadline, login.ledger))
    }

    fn unlocked(&self, _: Option<Error>) -> Result<()> {
        Ok(())
    }
}

/// Returns the ARN that STS knows for these keys.
pub fn caller(profile: &Profile, keys: &SigningKeys) -> Result<String> {
    let deadline = Deadline::after(profile.deadline);
    fetch::block_on(caller::arn(&profile.sts, profile.role()?, keys, &deadline))
}
