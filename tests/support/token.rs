//! An OIDC token as issuers write it, with a signature that only the STS of these tests believes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fedcred::time;
use serde_json::{Value, json};

/// The issuer that the STS of these tests trusts, for this audience.
pub const ISSUER: &str = "https://oidc.example.test/tenant/";
pub const AUDIENCE: &str = "sts.amazonaws.com";
pub const SUBJECT: &str = "repo:octo/app:ref:refs/heads/main";
/// The one that verifies.
pub const SIGNATURE: &str = "c2lnbmF0dXJlLW9mLXRoZS10ZXN0cw";
/// The claims of every token begin so; a leak of any part of one most likely shows it.
pub const OPENING: &str = "eyJhdWQiOiJ";

/// A fresh token of [`SUBJECT`].
pub fn token() -> String {
    token_with(json!({}))
}

/// The same, with these claims in place of its own; null takes one out.
pub fn token_with(claims: Value) -> String {
    let now = time::now().as_second();
    let mut set = json!({ "aud": AUDIENCE, "exp": now + 3600, "iat": now, "iss": ISSUER, "sub": SUBJECT });
    for (claim, value) in claims.as_object().expect("claims") {
        match value {
            Value::Null => set.as_object_mut().expect("claims").remove(claim),
            value => set.as_object_mut().expect("claims").insert(claim.clone(), value.clone()),
        };
    }
    let header = json!({ "alg": "RS256", "kid": "1", "typ": "JWT" });
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{SIGNATURE}", part(header), part(set))
}

/// The claims of a token.
pub fn claims(token: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?).ok()
}
