//! Checks the claims of a token whose signature was verified (OpenID Connect Core §3.1.3.7).

use crate::error::{Code, Error, Result, printable};
use crate::identity::oidc::claims::Claims;
use crate::identity::oidc::jws::KeySet;
use crate::secret::Secret;
use crate::time::Timestamp;

/// Allowed difference between the issuer's clock and ours, in seconds, as in AWS.
const LEEWAY: i64 = 300;

pub struct Expected<'a> {
    pub issuer: &'a str,
    /// The audience of an id_token. `None` if the audience is not checked.
    pub client_id: Option<&'a str>,
    /// The nonce of the authorization request, which ties the token to this login.
    pub nonce: Option<&'a str>,
}

impl Expected<'_> {
    /// Errors: [`Code::TokenInvalid`], [`Code::TokenExpired`], with claim and value.
    pub fn verify(&self, keys: &KeySet, token: &Secret, now: Timestamp) -> Result<()> {
        keys.verify::<serde::de::IgnoredAny>(token)?;
        self.check(&Claims::read(token)?, now)
    }

    fn check(&self, claims: &Claims, now: Timestamp) -> Result<()> {
        let text = |name: &str| claims.claim(name).and_then(|value| value.as_str());
        if claims.issuer() != self.issuer {
            return Err(unexpected("iss", Some(claims.issuer()), self.issuer));
        }
        if let Some(client_id) = self.client_id {
            let audiences = claims.audiences();
            if !audiences.iter().any(|audience| audience == client_id) {
                return Err(unexpected("aud", Some(&audiences.join(" ")), client_id));
            }
            // With several audiences, `azp` has to name the client, and it has to be ours.
            let is_ours = text("azp").map_or(audiences.len() == 1, |azp| azp == client_id);
            if !is_ours {
                return Err(unexpected("azp", text("azp"), client_id));
            }
        }
        if let Some(nonce) = self.nonce
            && text("nonce") != Some(nonce)
        {
            return Err(invalid("its `nonce` is not that of this login"));
        }
        let now = now.as_second();
        let seconds = |name| claims.time(name).map(Timestamp::as_second);
        match seconds("exp") {
            None => return Err(invalid("it has no `exp`")),
            Some(exp) if exp + LEEWAY <= now => {
                let why = format!("its `exp` was {} s ago", now - exp);
                return Err(Error::new(Code::TokenExpired, "the token has expired already")
                    .because(why)
                    .hint("set this machine's clock"));
            }
            Some(_) => {}
        }
        if seconds("nbf").is_some_and(|nbf| nbf > now + LEEWAY) {
            return Err(invalid("its `nbf` is in the future").hint("set this machine's clock"));
        }
        Ok(())
    }
}

fn unexpected(claim: &str, value: Option<&str>, expected: &str) -> Error {
    let value = value.map_or("absent".to_owned(), |value| format!("{:?}", printable(value, 200)));
    invalid(format!("its `{claim}` is {value}, not {expected:?}"))
}

fn invalid(why: impl Into<String>) -> Error {
    Error::new(Code::TokenInvalid, "the token cannot be trusted").because(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    const NOW: i64 = 1_800_000_000;

    fn decoded(claims: &Value) -> Claims {
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let token = format!("{}.{}.c2ln", part(&json!({ "alg": "RS256" })), part(claims));
        Claims::read(&Secret::new(token)).unwrap()
    }

    fn check(changes: Value) -> Result<()> {
        let mut claims =
            json!({ "iss": "https://idp/", "sub": "alice", "aud": "us", "nonce": "n", "exp": NOW + 60, "iat": NOW });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let expected = Expected { issuer: "https://idp/", client_id: Some("us"), nonce: Some("n") };
        expected.check(&decoded(&claims), Timestamp::from_second(NOW).unwrap())
    }

    #[test]
    fn a_token_is_from_the_issuer_for_us_for_this_login_and_for_now() {
        let good = [
            json!({}),
            json!({ "aud": ["us"] }),
            json!({ "aud": ["us", "them"], "azp": "us" }),
            json!({ "azp": "us" }),
            json!({ "exp": NOW as f64 + 0.5 }),
            json!({ "exp": NOW - 299, "nbf": NOW + 299 }),
        ];
        for changes in good {
            assert_eq!(check(changes.clone()), Ok(()), "{changes}");
        }
        let bad = [
            (json!({ "iss": "https://idp" }), "its `iss` is \"https://idp\""),
            (json!({ "aud": "them" }), "its `aud` is \"them\", not \"us\""),
            (json!({ "aud": ["us", "them"] }), "its `azp` is absent"),
            (json!({ "aud": ["us", "them"], "azp": "them" }), "its `azp` is \"them\""),
            (json!({ "azp": "them" }), "its `azp` is \"them\""),
            (json!({ "aud": null }), "its `aud` is \"\""),
            (json!({ "nonce": "m" }), "its `nonce` is not"),
            (json!({ "nonce": null }), "its `nonce` is not"),
            (json!({ "exp": null }), "no `exp`"),
            (json!({ "exp": NOW - 301 }), "301 s ago"),
            (json!({ "nbf": NOW + 301 }), "its `nbf`"),
        ];
        for (changes, expected) in bad {
            let error = check(changes.clone()).unwrap_err();
            assert!(error.causes[0].contains(expected), "{changes}: {error:?}");
        }
        assert_eq!(check(json!({ "exp": NOW - 301 })).unwrap_err().code, Code::TokenExpired);
    }

    #[test]
    fn an_access_token_is_for_somebody_else_and_has_no_nonce() {
        let claims = json!({ "iss": "i", "sub": "alice", "aud": "urn:aws", "exp": NOW + 60 });
        let expected = Expected { issuer: "i", client_id: None, nonce: None };
        assert!(expected.check(&decoded(&claims), Timestamp::from_second(NOW).unwrap()).is_ok());
    }
}
