//! Where a proof of identity comes from.

pub mod aws;
pub mod keep;
pub mod kept;
pub mod oidc;
pub mod saml;
pub mod secrets;
pub mod trace;
pub mod watch;

use self::keep::{Keep, Person};
use self::trace::Trace;
use crate::attempt::{CountedSecret, Ledger};
use crate::config::env::Env;
use crate::config::profile::SecretSource;
use crate::error::{Result, Step};
use crate::secret::Secret;
use crate::time::Deadline;

/// What every login needs besides its settings.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    pub env: &'a Env,
    pub deadline: &'a Deadline,
    /// Where an attempt with a secret is written down before it leaves.
    pub ledger: &'a dyn Ledger,
    /// A secret that a person has just typed. It goes before the one that is configured.
    pub typed: Option<&'a Secret>,
    /// What outlasts the login. `None`: there is no place for it.
    pub keep: Option<&'a dyn Keep>,
    /// Who waits for it and can be asked. `None`: nobody.
    pub person: Option<&'a dyn Person>,
    /// Where to note what comes, for somebody who will explain it.
    pub trace: Option<&'a Trace>,
}

impl<'a> Run<'a> {
    /// A login that nobody waits for, and of which nothing is kept.
    pub fn alone(env: &'a Env, deadline: &'a Deadline, ledger: &'a dyn Ledger) -> Self {
        Run { env, deadline, ledger, typed: None, keep: None, person: None, trace: None }
    }

    /// The secret that `setting` names.
    pub fn secret(&self, source: &SecretSource, setting: &str) -> Result<CountedSecret> {
        let secret = match self.typed {
            Some(typed) => typed.duplicate(),
            None => secrets::read(source, setting, self.env, self.deadline).map_err(|error| error.at(Step::Local))?,
        };
        Ok(CountedSecret::new(secret))
    }
}
