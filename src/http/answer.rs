//! What a token service answered, whatever its status.

use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::attempt::Attempt;
use crate::error::{Code, Error, Result, printable};
use crate::secret::Secret;
use crate::time::Timestamp;

/// What came back, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Zeroizing<Vec<u8>>,
    /// The peer's clock, whole seconds.
    pub date: Option<Timestamp>,
    pub(super) headers: HeaderMap,
    /// What was sent for it, to be kept out of what it says.
    pub(super) sent: Vec<Attempt>,
    /// Whom errors name.
    pub(super) peer: String,
}

/// An error as RFC 6749 §5.2 writes it.
#[derive(Debug, Deserialize)]
pub struct OAuthError {
    pub error: String,
    #[serde(default)]
    pub error_description: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The error of an OAuth endpoint, where the body holds one.
    pub fn oauth_error(&self) -> Option<OAuthError> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The answer if it is a success; else the error that its status and OAuth error mean. No body is told but that error.
    pub fn success(self) -> Result<Self> {
        if self.is_success() { Ok(self) } else { Err(self.refusal()) }
    }

    /// The body as JSON of this shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|e| {
            // serde's own words may quote the body.
            let why = format!("its JSON does not fit, at line {} column {}", e.line(), e.column());
            Error::new(Code::HttpUnexpected, format!("the answer of {} cannot be understood", self.peer))
                .because(why)
                .hint("check its address: a proxy or another service may answer there")
        })
    }

    /// The body as text without white space around it, as a metadata service sends a token.
    pub fn text(&self) -> Result<Secret> {
        match std::str::from_utf8(&self.body) {
            Ok(text) => Ok(Secret::new(text.trim().to_owned())),
            Err(_) => Err(Error::new(Code::TokenInvalid, format!("the answer of {} is not text", self.peer))),
        }
    }

    /// What an answer that is not a success means.
    pub fn refusal(&self) -> Error {
        let (status, peer) = (self.status, &self.peer);
        let error = match status {
            429 | 500.. => Error::new(Code::Http5xx, format!("{peer} is unavailable (HTTP {status})")),
            400..=499 => Error::new(Code::TokenRefused, format!("{peer} refused the request (HTTP {status})")),
            _ => Error::new(Code::HttpUnexpected, format!("{peer} answered with HTTP {status}"))
                .hint("check its address: a proxy or another service may answer there"),
        };
        match self.oauth_error() {
            Some(said) if said.error_description.is_empty() => {
                error.because(format!("it says {}", self.without_secrets(printable(&said.error, 80))))
            }
            Some(OAuthError { error: code, error_description }) => {
                let said = format!("{}: {}", printable(&code, 80), printable(&error_description, 200));
                error.because(format!("it says {}", self.without_secrets(said)))
            }
            None => error,
        }
    }

    /// Some services repeat what they were sent.
    fn without_secrets(&self, words: String) -> String {
        self.sent.iter().fold(words, |words, attempt| attempt.taken_out_of(&words).unwrap_or(words))
    }
}
