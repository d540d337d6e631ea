//! Header and claims of a token, decoded and not verified. STS verifies; this finds a token that cannot succeed before it is
//! sent, and names the claim.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Map, Value};

use crate::error::{Code, Error, Result, printable};
use crate::secret::Secret;
use crate::time::{self, Timestamp};

/// How long IAM accepts an expired token (IAM User Guide, "Create an OpenID Connect identity provider").
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// The header and the claims set of a JWT (RFC 7519).
#[derive(Debug)]
pub struct Claims {
    header: Map<String, Value>,
    set: Map<String, Value>,
    issuer: String,
    subject: String,
    audiences: Vec<String>,
}

impl Claims {
    /// Decodes a token. Errors: [`Code::TokenInvalid`] if it is no JWT, or has no `iss` or `sub`, which IAM requires.
    pub fn read(token: &Secret) -> Result<Self> {
        let parts: Vec<&str> = token.expose().split('.').collect();
        let [header, set, signature] = parts.as_slice() else {
            let what = match parts.len() {
                5 => "encrypted, and STS cannot read it",
                _ => "not of the form HEADER.CLAIMS.SIGNATURE",
            };
            return Err(invalid(what).hint("STS does not accept an opaque access token: request an id_token, a JWT"));
        };
        let header = decode(header, "header")?;
        let set = decode(set, "claims")?;
        if signature.is_empty() || header.get("alg").is_some_and(|alg| alg == "none") {
            return Err(invalid("not signed"));
        }
        let issuer = required(&set, "iss")?;
        let subject = required(&set, "sub")?;
        let audiences = audiences(&set);
        Ok(Claims { header, set, issuer, subject, audiences })
    }

    /// Refuses a token that has expired for longer than IAM tolerates. Errors: [`Code::TokenExpired`].
    pub fn check(&self, now: Timestamp) -> Result<()> {
        if let Some(expires) = self.time("exp")
            && now.duration_since(expires) > TOLERANCE
        {
            let ago = SignedDuration::from_secs(now.as_second() - expires.as_second());
            return Err(Error::new(Code::TokenExpired, "the token has expired")
                .because(format!("exp is {}, {ago:#} ago by this machine's clock", time::whole_seconds(expires)))
                .because(format!("it was issued by {}", printable(&self.issuer, 200)))
                .hint("have its issuer renew it; if it is fresh, set this machine's clock"));
        }
        if let Some(issued) = self.time("iat")
            && issued.duration_since(now) > TOLERANCE
        {
            tracing::info!(
                iat = time::whole_seconds(issued),
                "the token is from the future: is this machine's clock right?"
            );
        }
        if self.audiences.is_empty() {
            tracing::info!("the token has no audience; STS will look for one in `azp`");
        }
        Ok(())
    }

    /// `iss` as written: a trailing slash counts, in the provider of IAM as well.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// All claims, as written.
    pub fn all(&self) -> &Map<String, Value> {
        &self.set
    }

    pub fn headers(&self) -> &Map<String, Value> {
        &self.header
    }

    /// `aud`, one or a list.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// A claim in seconds since 1970, with or without a fraction (RFC 7519 §2, NumericDate).
    pub fn time(&self, claim: &str) -> Option<Timestamp> {
        Timestamp::from_second(self.set.get(claim)?.as_f64()? as i64).ok()
    }

    /// A member of the header, such as `kid` or `alg`.
    pub fn header(&self, name: &str) -> Option<&Value> {
        self.header.get(name)
    }

    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.set.get(name)
    }
}

fn decode(part: &str, which: &str) -> Result<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| invalid(&format!("not a JWT: its {which} cannot be decoded as base64url")))?;
    serde_json::from_slice(&bytes)
        .map_err(|_| invalid(&format!("not a JWT: its {which} cannot be read as a JSON object")))
}

fn required(set: &Map<String, Value>, claim: &str) -> Result<String> {
    match set.get(claim) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        found => {
            let is = match found {
                None => "is missing".to_owned(),
                Some(value) => format!("is {}", printable(&value.to_string(), 60)),
            };
            let mut known: Vec<&str> = set.keys().take(20).map(String::as_str).collect();
            known.sort_unstable();
            let known = known.join(", ");
            Err(invalid("incomplete, and STS would refuse it")
                .because(format!("the claim `{claim}` {is}; there are {}", printable(&known, 200)))
                .hint("ask the issuer for an id_token with `iss` and `sub`"))
        }
    }
}

fn audiences(set: &Map<String, Value>) -> Vec<String> {
    match set.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

fn invalid(what: &str) -> Error {
    Error::new(Code::TokenInvalid, format!("the token is {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> Secret {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        Secret::new(format!("{}.{}.c2ln", part(header), part(claims)))
    }

    fn read(claims: &str) -> Result<Claims> {
        Claims::read(&token(r#"{"alg":"RS256","kid":"k"}"#, claims))
    }

    #[test]
    fn claims_come_out_as_they_are_written() {
        let claims = read(r#"{"iss":"https://oidc.example/t/","sub":"s","aud":["a","b"],"exp":1800000000.5}"#).unwrap();
        assert_eq!((claims.issuer(), claims.subject()), ("https://oidc.example/t/", "s"), "the slash stays");
        assert_eq!(claims.audiences(), ["a", "b"]);
        assert_eq!(claims.time("exp"), Timestamp::from_second(1_800_000_000).ok());
        assert_eq!(claims.header("kid"), Some(&Value::from("k")));
        assert_eq!(read(r#"{"iss":"i","sub":"s","aud":"a"}"#).unwrap().audiences(), ["a"]);
    }

    #[test]
    fn what_sts_could_not_use_is_told_by_claim() {
        let table = [
            (token(r#"{"alg":"RS256"}"#, r#"{"iss":"i","aud":"a"}"#), "`sub` is missing; there are aud, iss"),
            (token(r#"{"alg":"RS256"}"#, r#"{"iss":7,"sub":"s"}"#), "`iss` is 7"),
            (token(r#"{"alg":"RS256"}"#, r#"{"iss":"","sub":"s"}"#), "`iss` is \"\""),
            (token(r#"{"alg":"none"}"#, r#"{"iss":"i","sub":"s"}"#), "not signed"),
            (token(r#"{"alg":"RS256"}"#, "[]"), "as a JSON object"),
            (Secret::new("ya29.opaque".into()), "HEADER.CLAIMS.SIGNATURE"),
            (Secret::new("a.b.c.d.e".into()), "encrypted"),
            (Secret::new("*.*.*".into()), "as base64url"),
            (Secret::new("a.b.".into()), "not"),
        ];
        for (token, why) in table {
            let error = Claims::read(&token).unwrap_err();
            assert_eq!(error.code, Code::TokenInvalid);
            let said = format!("{} {}", error.what, error.causes.join(" "));
            assert!(said.contains(why), "{why}: {said}");
            assert!(!said.contains(token.expose()), "{said}");
        }
    }

    #[test]
    fn a_token_is_refused_once_iam_would_not_tolerate_its_age() {
        let claims = read(r#"{"iss":"i","sub":"s","exp":1000000}"#).unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        for second in [0, 1_000_000, 1_000_300] {
            assert_eq!(claims.check(at(second)), Ok(()), "{second}");
        }
        let error = claims.check(at(1_003_600)).unwrap_err();
        assert_eq!(error.code, Code::TokenExpired);
        assert_eq!(error.causes[0], "exp is 1970-01-12T13:46:40Z, 1h ago by this machine's clock");
        assert!(read(r#"{"iss":"i","sub":"s"}"#).unwrap().check(at(2_000_000_000)).is_ok(), "without exp");
    }
}
