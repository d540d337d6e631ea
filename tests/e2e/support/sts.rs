//! An instance of the STS stand-in for one test alone: its faults and its journal meet no other test's.

use serde_json::Value;

use super::lab;
use super::remote::{get, post};

/// What proves an identity to STS; everything else in its journal of secrets, it issued itself.
const PROOFS: [&str; 2] = ["SAMLAssertion", "WebIdentityToken"];

pub struct Sts {
    /// `http://127.0.0.1:PORT`
    pub url: String,
}

impl Sts {
    /// Asks the lab's instance for another one.
    pub fn new() -> Sts {
        Sts { url: post(lab().variable("AWS_ENDPOINT_URL_STS"), "/_lab/instances", "") }
    }

    /// The next call fails as `query` says: `code=…&status=…`, `hang=SECONDS`, `drop`, `times=N`, `action=…`.
    pub fn fail(&self, query: &str) {
        post(&self.url, &format!("/_lab/fail?{query}"), "");
    }

    /// Sessions last so long from now on, whatever is asked for.
    pub fn lifetime(&self, seconds: u32) {
        post(&self.url, &format!("/_lab/lifetime?seconds={seconds}"), "");
    }

    /// How the calls of this action ended, in order: `ok`, an error's code, or `no answer`.
    pub fn results(&self, action: &str) -> Vec<String> {
        let calls: Vec<Value> = serde_json::from_str(&get(&self.url, "/_lab/calls")).expect("JSON");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        calls.iter().filter(|call| call["action"] == action).map(|call| text(&call["result"])).collect()
    }

    /// The assertions and tokens that were received.
    pub fn proofs(&self) -> Vec<String> {
        self.secrets(|what| PROOFS.contains(&what))
    }

    /// The secret keys and session tokens that were issued.
    pub fn issued(&self) -> Vec<String> {
        self.secrets(|what| !PROOFS.contains(&what))
    }

    fn secrets(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let secrets: Vec<Value> = serde_json::from_str(&get(&self.url, "/_lab/secrets")).expect("JSON");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        secrets.iter().filter(|secret| wanted(&text(&secret["what"]))).map(|secret| text(&secret["value"])).collect()
    }
}
