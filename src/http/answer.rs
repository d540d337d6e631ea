//! The answers of token services.

use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::attempt;
use crate::error::{Code, Error, Result, printable};
use crate::secret::Secret;
use crate::time::Timestamp;

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Zeroizing<Vec<u8>>,
    /// The server's time, in whole seconds.
    pub date: Option<Timestamp>,
    pub(super) headers: HeaderMap,
    /// The name in errors.
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

    /// Returns the error of an OAuth endpoint. `None` if the body is not one.
    pub fn oauth_error(&self) -> Option<OAuthError> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Returns the answer if it is a success, else [`Answer::refusal`].
    pub fn success(self) -> Result<Self> {
        if self.is_success() { Ok(self) } else { Err(self.refusal()) }
    }

    /// Parses the body as JSON of this type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|e| {
            // serde's own message may quote the body.
            let why = format!("its JSON does not fit, at line {} column {}", e.line(), e.column());
            Error::new(Code::HttpUnexpected, format!("the answer of {} cannot be understood", self.peer))
                .because(why)
                .hint("check its address: a proxy or another service may answer there")
        })
    }

    /// Returns the body as text without surrounding white space, as metadata services send tokens.
    pub fn text(&self) -> Result<Secret> {
        match std::str::from_utf8(&self.body) {
            Ok(text) => Ok(Secret::new(text.trim().to_owned())),
            Err(_) => Err(Error::new(Code::TokenInvalid, format!("the answer of {} is not text", self.peer))),
        }
    }

    /// Returns the error of an answer that is not a success, from its status and OAuth error; nothing else of the body is shown.
    pub fn refusal(&self) -> Error {
        let (status, peer) = (self.status, &self.peer);
        let error = match status {
            429 | 500.. => Error::new(Code::Http5xx, format!("{peer} is unavailable (HTTP {status})")),
            400..=499 => Error::new(Code::TokenRefused, format!("{peer} refused the request (HTTP {status})")),
            _ => Error::new(Code::HttpUnexpected, format!("{peer} answered with HTTP {status}"))
                .hint("check its address: a proxy or another service may answer there"),
        };
        let Some(OAuthError { error: code, error_description }) = self.oauth_error() else { return error };
        let mut said = printable(&code, 80);
        if !error_description.is_empty() {
            said = format!("{said}: {}", printable(&error_description, 200));
        }
        attempt::take_secrets_out_of(&mut said);
        error.because(format!("it says {said}"))
    }
}
