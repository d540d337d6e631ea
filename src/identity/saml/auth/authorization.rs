//! `auth = "basic"` (RFC 7617) and `auth = "bearer"` (RFC 6750): one header, on the requests that `exchange` chooses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::offered;
use crate::attempt::Carried;
use crate::config::profile::SecretSource;
use crate::error::{Code, Error, Result};
use crate::http::challenge::{Challenge, in_words};
use crate::http::client::Response;
use crate::http::shown;
use crate::identity::Run;
use crate::identity::verdict::{self, Sign};
use crate::secret::Secret;

const BASIC: &str = "Basic";

pub struct Authorization {
    header: Carried,
    scheme: &'static str,
    /// What the error of a 401 says was refused.
    name: &'static str,
}

impl Authorization {
    pub fn basic(username: &str, password: &SecretSource, run: Run<'_>) -> Result<Self> {
        let password = run.secret(password, "saml.password")?;
        // Each text is made in one piece, so that no copy of the password stays in freed memory.
        let header = password.send(run.ledger, |password| {
            let pair = Zeroizing::new([username, ":", password].concat());
            let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
            Secret::new(["Basic ", encoded.as_str()].concat())
        })?;
        Ok(Authorization { header, scheme: BASIC, name: "user name or password" })
    }

    pub fn bearer(token: &SecretSource, run: Run<'_>) -> Result<Self> {
        let token = run.secret(token, "saml.token")?;
        let header = token.send(run.ledger, |token| Secret::new(["Bearer ", token].concat()))?;
        Ok(Authorization { header, scheme: "Bearer", name: "token" })
    }

    pub fn value(&self) -> Carried {
        self.header.duplicate()
    }

    pub fn is_password(&self) -> bool {
        self.scheme == BASIC
    }

    pub fn is_offered(&self, answer: &Response) -> bool {
        offered(answer).iter().any(|offer| offer.is(self.scheme))
    }

    /// The error of a 401 to a request with the header. A 401 that offers its scheme refuses the secret.
    pub fn challenged(&self, answer: &Response) -> Error {
        let offers = offered(answer);
        let offers_our_scheme = self.is_offered(answer);
        self.header.settle(verdict::of(Sign::Challenge { offers_our_scheme }));
        let at = shown(&answer.url);
        if offers_our_scheme {
            return Error::new(Code::IdpRejected, format!("the IdP at {at} refused the {}", self.name))
                .because("it answered HTTP 401");
        }
        let error =
            Error::new(Code::SchemeNotOffered, format!("the IdP at {at} does not accept {} logins", self.scheme));
        if offers.is_empty() {
            return error.because("it answered HTTP 401 without an authentication scheme");
        }
        error.because(format!("it answered HTTP 401 and offers {} only", in_words(&offers))).hint(hint(&offers))
    }
}

/// The setting for a scheme that the IdP offers.
fn hint(offers: &[Challenge<'_>]) -> String {
    let is_offered = |scheme: &str| offers.iter().any(|offer| offer.is(scheme));
    let found = [("Negotiate", "spnego"), ("Basic", "basic"), ("Bearer", "bearer")];
    match found.into_iter().find(|(scheme, _)| is_offered(scheme)) {
        Some((scheme, auth)) => format!("it offers {scheme}: set `saml.auth = \"{auth}\"`"),
        None => {
            "have the IdP's administrator allow Basic, Negotiate (Kerberos) or a login form for this address".into()
        }
    }
}
