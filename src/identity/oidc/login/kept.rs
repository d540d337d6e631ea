//! Where the refresh token of a login lies between two runs: in the keyring, or in a sealed file.

use super::RefreshTokens;
use crate::config::env::Env;
use crate::config::profile::{Account, Oidc};
use crate::error::Result;
use crate::identity::kept;
use crate::secret::Secret;

/// The refresh token of one client at one issuer; profiles with both in common share it.
pub struct KeptToken<'a> {
    account: Account,
    env: &'a Env,
}

impl<'a> KeptToken<'a> {
    pub fn of(settings: &Oidc, env: &'a Env) -> Self {
        KeptToken { account: settings.account(), env }
    }
}

impl RefreshTokens for KeptToken<'_> {
    fn load(&self) -> Result<Option<Secret>> {
        kept::read(&self.account, self.env)
    }

    fn replace(&self, token: &Secret) -> Result<()> {
        kept::replace(&self.account, token, self.env).map(|_| ())
    }

    fn forget(&self) -> Result<()> {
        kept::forget(&self.account, self.env).map(|_| ())
    }
}
