//! `auth = "basic"` (RFC 7617) and `auth = "bearer"` (RFC 6750): one header on every request to the IdP.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::config::profile::SecretSource;
use crate::error::{Code, Error, Result};
use crate::http::client::Response;
use crate::http::shown;
use crate::identity::Run;
use crate::secret::Secret;

pub struct Authorization {
    header: Secret,
    /// What was refused, in the error of a 401.
    name: &'static str,
}

impl Authorization {
    pub fn basic(username: &str, password: &SecretSource, run: Run<'_>) -> Result<Self> {
        let password = run.secret(password, "saml.password")?;
        run.watch.spend(password.expose().as_bytes())?;
        let pair = Zeroizing::new(format!("{username}:{}", password.expose()));
        let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        Ok(Authorization { header: Secret::new(format!("Basic {}", *encoded)), name: "user name or password" })
    }

    pub fn bearer(token: &SecretSource, run: Run<'_>) -> Result<Self> {
        let token = run.secret(token, "saml.token")?;
        run.watch.spend(token.expose().as_bytes())?;
        Ok(Authorization { header: Secret::new(format!("Bearer {}", token.expose())), name: "token" })
    }

    pub fn value(&self) -> Secret {
        self.header.duplicate()
    }

    /// The header goes out with the first request, so a 401 is a refusal.
    pub fn rejected(&self, answer: &Response) -> Error {
        Error::new(Code::IdpRejected, format!("the IdP at {} refused the {}", shown(&answer.url), self.name))
            .because("it answered HTTP 401")
    }
}
