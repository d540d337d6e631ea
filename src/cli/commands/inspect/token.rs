//! A token's claims as lines and as JSON.

use serde_json::{Map, Value, json};

use crate::cli::facts::{Facts, listed, until};
use crate::cli::output::Text;
use crate::error::printable;
use crate::identity::oidc::claims::Claims;
use crate::time::{Timestamp, whole_seconds};

/// Claims that have lines of their own.
const TOLD: [&str; 6] = ["iss", "sub", "aud", "iat", "nbf", "exp"];

pub fn text(claims: &Claims, now: Timestamp) -> Text {
    let mut facts = Facts::default();
    facts.add("issuer", Some(printable(claims.issuer(), 300)));
    facts.add("subject", Some(printable(claims.subject(), 300)));
    facts.add("audience", Some(printable(&claims.audiences().join(", "), 600)));
    facts.add("issued", claims.time("iat").map(whole_seconds));
    facts.add("valid from", claims.time("nbf").map(whole_seconds));
    facts.add("valid until", claims.time("exp").map(|at| until(at, now)));
    let header = claims.headers().iter().map(|(name, value)| format!("{} = {}", printable(name, 60), written(value)));
    facts.add("header", Some(header.collect::<Vec<_>>().join(", ")));
    let others = claims.all().iter().filter(|(name, _)| !TOLD.contains(&name.as_str()));
    let others = others.map(|(name, value)| format!("{}: {}", printable(name, 200), written(value)));
    facts.text() + listed("other claims", others)
}

pub fn json(claims: &Claims, now: Timestamp) -> Value {
    let copy = |fields: &Map<String, Value>| Value::Object(fields.clone());
    json!({
        "kind": "token",
        "issuer": claims.issuer(),
        "subject": claims.subject(),
        "audiences": claims.audiences(),
        "expires": claims.time("exp").map(whole_seconds),
        "seconds_left": claims.time("exp").map(|at| at.duration_since(now).as_secs()),
        "header": copy(claims.headers()),
        "claims": copy(claims.all()),
    })
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => printable(text, 300),
        other => printable(&other.to_string(), 300),
    }
}
