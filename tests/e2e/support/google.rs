//! An instance of Google's side for one test alone: its journal meets no other test's. Its key and issuer are the lab's.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::lab;
use super::remote::{get, post};

pub struct Google {
    /// `http://localhost:PORT`
    pub origin: String,
}

impl Google {
    pub fn new() -> Google {
        Google { origin: post(issuer(), "/_lab/instances", "") }
    }

    /// The credential file of this kind, for this instance; the kinds are in `tests/lab/gcp/adc.py`.
    pub fn credentials(&self, kind: &str) -> String {
        let path = Path::new(lab().variable("LAB_GCP_DIR")).join(format!("{kind}.json"));
        fs::read_to_string(path).expect("the lab's credential file").replace(issuer(), &self.origin)
    }

    /// `localhost:PORT`, for GCE_METADATA_HOST.
    pub fn host(&self) -> &str {
        self.origin.strip_prefix("http://").expect("a plain URL")
    }

    /// What was asked, oldest first: `line`, `query`, `headers`, `fields`.
    pub fn requests(&self) -> Vec<Value> {
        serde_json::from_str(&get(&self.origin, "/_lab/requests")).expect("JSON")
    }
}

/// What the tokens of this side say they are from.
pub fn issuer() -> &'static str {
    lab().variable("LAB_GCP_ORIGIN")
}

/// A token with a right signature that claims what `changes` says.
pub fn token_claiming(changes: &Value) -> String {
    #[expect(clippy::disallowed_methods, reason = "the lab runs by the real clock")]
    let now = jiff::Timestamp::now().as_second();
    let mut claims =
        json!({ "iss": issuer(), "aud": "sts.amazonaws.com", "sub": "somebody", "iat": now, "exp": now + 600 });
    for (name, value) in changes.as_object().expect("claims") {
        claims[name] = value.clone();
    }
    post(issuer(), "/_lab/token", &claims.to_string())
}
