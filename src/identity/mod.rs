//! Where a proof of identity comes from.

pub mod saml;
pub mod secrets;
pub mod watch;

use crate::config::env::Env;
use crate::time::Deadline;

use self::watch::SecretWatch;

/// What every login needs besides its settings.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    pub env: &'a Env,
    pub deadline: &'a Deadline,
    pub watch: &'a dyn SecretWatch,
}
