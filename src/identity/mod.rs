//! Proofs of identity: SAML assertions, OIDC tokens, and AWS credentials that exist already.

pub mod aws;
pub mod oidc;
pub mod saml;
pub mod secret_store;
pub mod secrets;
pub mod trace;
pub mod verdict;

use std::path::PathBuf;

use self::trace::Trace;
use crate::attempt::{CountedSecret, Ledger};
use crate::config::profile::SecretSource;
use crate::error::{Result, Step};
use crate::process::env::Env;
use crate::secret::Secret;
use crate::time::Deadline;

/// The state that one login identity stores between two logins. The caller holds the login's lock, so nobody else uses
/// it meanwhile.
pub trait LoginState {
    /// Returns a private directory for a browser profile, and creates it if needed.
    fn directory(&self) -> Result<PathBuf>;

    /// Returns what the last login stored: cookies, or a refresh token.
    fn load(&self) -> Option<Secret>;

    /// Replaces what is stored. A failure is only logged: the next login then takes a step more.
    fn store(&self, text: &Secret);
}

/// The person at the terminal who waits for this login.
pub trait Person {
    /// Shows the question and reads one line without echo.
    fn ask(&self, question: &str) -> Result<Secret>;

    fn tell(&self, text: &str);
}

/// What every login needs besides its settings.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    pub env: &'a Env,
    pub deadline: &'a Deadline,
    /// Records an attempt before its secret is sent.
    pub ledger: &'a dyn Ledger,
    /// A secret that a person has just typed; it replaces the configured one.
    pub typed: Option<&'a Secret>,
    /// `None` if nothing can be stored for the next login.
    pub state: Option<&'a dyn LoginState>,
    /// `None` if nobody can be asked.
    pub person: Option<&'a dyn Person>,
    /// Records the answers, for a command that explains the login.
    pub trace: Option<&'a Trace>,
}

impl<'a> Run<'a> {
    /// An unattended login that stores nothing.
    pub fn alone(env: &'a Env, deadline: &'a Deadline, ledger: &'a dyn Ledger) -> Self {
        Run { env, deadline, ledger, typed: None, state: None, person: None, trace: None }
    }

    /// Returns the typed secret, or else reads the one that `setting` names.
    pub fn secret(&self, source: &SecretSource, setting: &str) -> Result<CountedSecret> {
        let secret = match self.typed {
            Some(typed) => typed.duplicate(),
            None => secrets::read(source, setting, self.env, self.deadline).map_err(|error| error.at(Step::Local))?,
        };
        Ok(CountedSecret::new(secret))
    }
}
