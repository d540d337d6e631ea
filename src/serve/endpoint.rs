//! The listener: connections, their bounds, and answers as HTTP.

use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::answers::Answers;
use super::path;
use super::request::{self, Refusal, Wanted};
use super::token::Token;
use crate::error::{Code, Error, Result};
use crate::process::peers::{self, Crowd, Stage};
use crate::text::escaped;
use crate::time::Deadline;

/// Connections at a time; a new one takes the place of one that asks nothing. An SDK has one, and not for long.
const CONNECTIONS: usize = 256;
/// In which the first request has to come: SDKs connect to ask.
const FIRST_REQUEST: Duration = Duration::from_secs(5);
/// How often a connection is looked at: one on which no request has come since the last look is closed, and one that has been
/// there for the longest time, however busy. Whoever does not read its answers holds a place no longer than this.
const LOOK: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(600);
/// For the answers that are under way when a connection's time is over.
const GRACE: Duration = Duration::from_secs(1);
/// Of a request's head: a service account's token and what SDKs say of themselves.
const MAX_HEAD: usize = 32 << 10;
const MAX_HEADERS: usize = 64;

/// A listener on loopback that hands out what its profiles hold.
pub struct Endpoint {
    listener: TcpListener,
    desk: Desk,
}

/// What every connection shares.
struct Desk {
    address: SocketAddr,
    token: Token,
    /// Those of the first profile, then the others'.
    profiles: Vec<Arc<Answers>>,
}

/// Who can reach an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This machine alone.
    Loopback,
    /// Whoever is on the network of the address that it listens on.
    Network,
}

impl Endpoint {
    /// Listens at `address`, port 0 for a free one.
    ///
    /// Errors: [`Code::BadFlag`] if more can reach it there than `reach` allows, or if it is no single address;
    /// [`Code::ListenFailed`].
    pub fn bind(address: SocketAddr, reach: Reach, token: Token) -> Result<Endpoint> {
        let ip = address.ip();
        if reach == Reach::Network && (ip.is_unspecified() || ip.is_multicast()) {
            return Err(Error::new(Code::BadFlag, format!("{address} is every network of this machine"))
                .because("credentials may be given to the one network that is named, and to no other")
                .hint("name the bridge's own address: fedcred help containers"));
        }
        if reach == Reach::Loopback && !ip.is_loopback() {
            return Err(Error::new(Code::BadFlag, format!("{address} is not a loopback address"))
                .because("whoever reaches the endpoint needs only a token to be given credentials")
                .hint("--listen 127.0.0.1:0; for containers see: fedcred help containers"));
        }
        let failed = |e: std::io::Error| {
            Error::new(Code::ListenFailed, format!("cannot listen on {address}")).because(e.to_string())
        };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Endpoint { listener, desk: Desk { address, token, profiles: Vec::new() } })
    }

    /// Hands out this one, too. Apart from [`Endpoint::bind`], so that nobody logs in for an endpoint that cannot be.
    pub fn add(&mut self, answers: Arc<Answers>) {
        self.desk.profiles.push(answers);
    }

    /// Where a profile's credentials are: `http://127.0.0.1:PORT/profile/NAME`.
    pub fn url(&self, profile: &str) -> String {
        format!("http://{}{}", self.desk.address, path::of(profile))
    }

    /// Where the credentials of the first profile are, without its name.
    pub fn first_url(&self) -> String {
        format!("http://{}{}", self.desk.address, path::FIRST)
    }

    /// Serves until `end` comes, which is begun within the runtime.
    pub fn run<F: Future<Output = Result<()>>>(self, end: impl FnOnce() -> F) -> Result<()> {
        let failed = |e: std::io::Error| Error::new(Code::Bug, "the endpoint does not start").because(e.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        #[cfg(target_os = "linux")]
        crate::process::code::let_go();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener).map_err(failed)?;
            tokio::spawn(accept(listener, Arc::new(self.desk)));
            end().await
        })
        // Here the runtime ends, and with it what connections there are: an answer takes no time but to be sent.
    }
}

async fn accept(listener: tokio::net::TcpListener, desk: Arc<Desk>) {
    let mut crowd = Crowd::new(CONNECTIONS);
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(why) => {
                // No descriptor is free, most likely: who asks nothing has to go first.
                tracing::warn!(%why, "a connection is not accepted");
                crowd.end_one();
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // Routes that let the network reach loopback exist (`route_localnet`).
        if desk.address.ip().is_loopback() && !peer.ip().is_loopback() {
            tracing::warn!(%peer, "a peer that is not on loopback is not answered");
            continue;
        }
        if desk.address.ip().is_loopback() && !desk.token.is_shared() && !peers::is_ours(desk.address, peer) {
            continue;
        }
        if !crowd.make_room() {
            tracing::warn!("more than {CONNECTIONS} connections are being answered");
            continue;
        }
        let stage = Arc::new(Stage::default());
        let task = tokio::spawn(converse(stream, desk.clone(), stage.clone()));
        crowd.add(task.abort_handle(), stage);
    }
}

async fn converse(stream: TcpStream, desk: Arc<Desk>, stage: Arc<Stage>) {
    let _ = stream.set_nodelay(true);
    // A flag, where hyper would have set a timer anew for each request.
    let has_asked = AtomicBool::new(false);
    let service = service_fn(|request| {
        has_asked.store(true, Ordering::Relaxed);
        stage.asked();
        let (desk, stage) = (&desk, &stage);
        async move {
            let answered = answer(request, desk).await;
            stage.idle();
            answered
        }
    });
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let longest = Deadline::after(LONGEST);
    // A connection ends in an error whenever the peer breaks it off.
    if timeout(FIRST_REQUEST, connection.as_mut()).await.is_ok() || !stage.has_asked() {
        return;
    }
    while timeout(LOOK, connection.as_mut()).await.is_err() {
        if !has_asked.swap(false, Ordering::Relaxed) || longest.has_passed() {
            connection.as_mut().graceful_shutdown();
            let _ = timeout(GRACE, connection).await;
            return;
        }
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    desk: &Desk,
) -> std::result::Result<Response<Full<Bytes>>, std::convert::Infallible> {
    // The body is not looked at: hyper closes a connection whose request has one that is not read.
    let (head, _) = request.into_parts();
    Ok(match request::wanted(&head, desk.address, &desk.token) {
        Ok(Wanted::Credentials(path)) => match desk.at(path) {
            Some(answers) => match answers.take().await {
                Ok(body) => json(StatusCode::OK, body),
                Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, error.code.as_str(), &error.what),
            },
            None => problem(StatusCode::NOT_FOUND, Code::ProfileNotFound.as_str(), "no such profile is served here"),
        },
        Ok(Wanted::Health) => desk.health(),
        Err(Refusal { status, code, message }) => {
            tracing::info!(status = status.as_u16(), code, "a request is refused");
            problem(status, code, message)
        }
    })
}

impl Desk {
    fn at(&self, path: &str) -> Option<&Answers> {
        let at = path::find(path, self.profiles.iter().map(|answers| answers.profile.as_str()))?;
        self.profiles.get(at).map(Arc::as_ref)
    }

    /// Healthy is who can answer for every profile. Whoever asks needs no token, and is told no name.
    fn health(&self) -> Response<Full<Bytes>> {
        if self.profiles.iter().all(|answers| answers.is_valid()) {
            return json(StatusCode::OK, Full::new(Bytes::from_static(br#"{"status":"ok"}"#)));
        }
        problem(StatusCode::SERVICE_UNAVAILABLE, "no-credentials", "a profile has no valid credentials")
    }
}

/// The shape of a failure that SDKs show (`EcsCredentialsError` in theirs).
#[derive(Serialize)]
struct Problem<'a> {
    code: &'a str,
    message: &'a str,
}

fn problem(status: StatusCode, code: &str, message: &str) -> Response<Full<Bytes>> {
    // SDKs show it as it stands.
    let body = serde_json::to_string(&Problem { code, message }).unwrap_or_default();
    let mut response = json(status, Full::new(escaped(&body).into_owned().into()));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    }
    response
}

fn json(status: StatusCode, body: Full<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
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
