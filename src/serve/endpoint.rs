//! The container endpoint: the credentials of its profiles over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;

use super::answers::Answers;
pub use super::listener::Reach;
use super::listener::{Listener, Purpose, Service, json, problem, refused};
use super::path;
use super::request::{self, Wanted};
use super::token::Token;
use crate::error::{Code, Result};
use crate::process::peers;

/// A listener on loopback that gives out the credentials of its profiles.
pub struct Endpoint {
    listener: Listener,
    desk: Desk,
}

/// The state that every connection shares.
struct Desk {
    address: SocketAddr,
    token: Token,
    /// The answers of the first profile, then those of the others.
    profiles: Vec<Arc<Answers>>,
}

const PURPOSE: Purpose = Purpose {
    flag: "--listen",
    of_networks: "credentials may be served on one network, by its address, and not on all",
    why_loopback: "everyone who can reach the endpoint gets credentials with just the token",
    hint: "--listen 127.0.0.1:0; for containers see: fedcred help containers",
};

impl Endpoint {
    /// Listens at `address`. Errors: those of [`Listener::bind`].
    pub fn bind(address: SocketAddr, reach: Reach, token: Token) -> Result<Endpoint> {
        let listener = Listener::bind(address, reach, PURPOSE)?;
        let desk = Desk { address: listener.address, token, profiles: Vec::new() };
        Ok(Endpoint { listener, desk })
    }

    /// Adds a profile. Separate from [`Endpoint::bind`], so that no login is made for an endpoint that cannot listen.
    pub fn add(&mut self, answers: Arc<Answers>) {
        self.desk.profiles.push(answers);
    }

    /// Returns the URL of a profile's credentials: `http://127.0.0.1:PORT/profile/NAME`.
    pub fn url(&self, profile: &str) -> String {
        format!("http://{}{}", self.desk.address, path::of(profile))
    }

    /// Returns the URL of the first profile's credentials, without its name.
    pub fn first_url(&self) -> String {
        format!("http://{}{}", self.desk.address, path::FIRST)
    }

    /// Serves until `end` completes, which is started within the runtime.
    pub fn run<F: Future<Output = Result<()>>>(self, end: impl FnOnce() -> F) -> Result<()> {
        #[cfg(target_os = "linux")]
        crate::process::code_pages::let_go();
        self.listener.run(self.desk, end)
    }
}

impl Service for Desk {
    fn admits(&self, address: SocketAddr, peer: SocketAddr) -> bool {
        !address.ip().is_loopback() || self.token.is_shared() || peers::is_ours(address, peer)
    }

    async fn answer(&self, head: Parts) -> Response<Full<Bytes>> {
        match request::wanted(&head, self.address, &self.token) {
            Ok(Wanted::Credentials(path)) => match self.at(path) {
                Some(answers) => match answers.take().await {
                    Ok(body) => json(StatusCode::OK, body),
                    Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, error.code.as_str(), &error.what),
                },
                None => {
                    problem(StatusCode::NOT_FOUND, Code::ProfileNotFound.as_str(), "no such profile is served here")
                }
            },
            Ok(Wanted::Health) => self.health(),
            Err(refusal) => refused(refusal),
        }
    }
}

impl Desk {
    fn at(&self, path: &str) -> Option<&Answers> {
        let at = path::find(path, self.profiles.iter().map(|answers| answers.profile.as_str()))?;
        self.profiles.get(at).map(Arc::as_ref)
    }

    /// Answers a health check: healthy if every profile has valid credentials. It needs no token, and tells no name.
    fn health(&self) -> Response<Full<Bytes>> {
        if self.profiles.iter().all(|answers| answers.is_valid()) {
            return json(StatusCode::OK, Full::new(Bytes::from_static(br#"{"status":"ok"}"#)));
        }
        problem(StatusCode::SERVICE_UNAVAILABLE, "no-credentials", "a profile has no valid credentials")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_listened_on_unless_a_network_is_allowed_by_name() {
        let bound = |address: &str, reach| {
            let endpoint = Endpoint::bind(address.parse().unwrap(), reach, Token::fresh().unwrap());
            endpoint.err().map(|error| error.code)
        };
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "169.254.170.2:0"] {
            assert_eq!(bound(address, Reach::Loopback), Some(Code::BadFlag), "{address}");
        }
        for address in ["0.0.0.0:0", "[::]:0", "224.0.0.1:0"] {
            assert_eq!(bound(address, Reach::Network), Some(Code::BadFlag), "{address}");
        }
        // An address that this machine does not have (RFC 5737).
        assert_eq!(bound("192.0.2.1:0", Reach::Network), Some(Code::ListenFailed));
        assert_eq!(bound("127.0.0.1:0", Reach::Network), None);
    }
}
