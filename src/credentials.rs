//! AWS credentials: those that STS issued, and those that sign a call.

use crate::account_id::AccountId;
use crate::secret::Secret;
use crate::time::Timestamp;

/// Short-lived AWS credentials.
#[derive(Debug)]
pub struct Credentials {
    /// `ASIA…`; not a secret: CloudTrail logs it.
    pub access_key_id: String,
    pub secret_access_key: Secret,
    pub session_token: Secret,
    /// When they expire.
    pub expiration: Timestamp,
    /// The role's account; absent if STS is not AWS's.
    pub account_id: Option<AccountId>,
}

impl Credentials {
    /// A second copy, to be wiped on its own.
    pub fn duplicate(&self) -> Self {
        Credentials {
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.duplicate(),
            session_token: self.session_token.duplicate(),
            expiration: self.expiration,
            account_id: self.account_id.clone(),
        }
    }
}

/// AWS credentials that sign a call: long-term keys, or temporary ones of any origin.
#[derive(Debug)]
pub struct SigningKeys {
    pub access_key_id: String,
    pub secret_access_key: Secret,
    /// Absent for long-term keys.
    pub session_token: Option<Secret>,
    /// When they expire, if that is known.
    pub expiration: Option<Timestamp>,
}

impl SigningKeys {
    /// The session token, or the secret access key of long-term keys: what must not appear in an error.
    pub fn most_secret(&self) -> &Secret {
        self.session_token.as_ref().unwrap_or(&self.secret_access_key)
    }

    /// A second copy, to be wiped on its own.
    pub fn duplicate(&self) -> Self {
        SigningKeys {
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.duplicate(),
            session_token: self.session_token.as_ref().map(Secret::duplicate),
            expiration: self.expiration,
        }
    }
}

impl From<Credentials> for SigningKeys {
    fn from(credentials: Credentials) -> Self {
        let Credentials { access_key_id, secret_access_key, session_token, expiration, account_id: _ } = credentials;
        let (session_token, expiration) = (Some(session_token), Some(expiration));
        SigningKeys { access_key_id, secret_access_key, session_token, expiration }
    }
}
