//! A listener's connections and their bounds: the one of the endpoint and of `--metrics`.

use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::request::Refusal;
use crate::error::{Code, Error, Result};
use crate::process::peers::{Crowd, Stage};
use crate::text::escaped;
use crate::time::Deadline;

/// Connections at a time; a new one takes the place of one that asks nothing. An SDK has one, and not for long.
const CONNECTIONS: usize = 256;
/// In which the first request has to come: SDKs connect to ask.
const FIRST_REQUEST: Duration = Duration::from_secs(5);
/// How often a connection is looked at: one on which no request has come since the last look is closed, and one that
/// has been there for the longest time, however busy. A client that does not read its answers keeps its place no longer
/// than this.
const LOOK: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(600);
/// For the answers that are under way when a connection's time is over.
const GRACE: Duration = Duration::from_secs(1);
/// Of a request's head: a service account's token and what SDKs say of themselves.
const MAX_HEAD: usize = 32 << 10;
const MAX_HEADERS: usize = 64;

/// Who can reach a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This machine alone.
    Loopback,
    /// Everyone on the network of the address that it listens on.
    Network,
}

impl Reach {
    pub fn of(allow_non_loopback: bool) -> Reach {
        if allow_non_loopback { Reach::Network } else { Reach::Loopback }
    }
}

/// What a listener is for, in the words of the errors about its address.
#[derive(Clone, Copy, Debug)]
pub struct Purpose {
    /// The flag that names its address.
    pub flag: &'static str,
    /// Why it is not opened to every network, if it may be opened to one.
    pub of_networks: &'static str,
    pub why_loopback: &'static str,
    pub hint: &'static str,
}

/// Answers the requests of a listener.
pub trait Service: Send + Sync + 'static {
    /// Whether the process at the other end may ask anything.
    fn admits(&self, address: SocketAddr, peer: SocketAddr) -> bool;

    fn answer(&self, head: Parts) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// An address that is listened on.
pub struct Listener {
    listener: TcpListener,
    pub address: SocketAddr,
}

impl Listener {
    /// Listens at `address`, port 0 for a free one.
    ///
    /// Errors: [`Code::BadFlag`] if more can reach it there than `reach` allows, or if it is no single address;
    /// [`Code::ListenFailed`].
    pub fn bind(address: SocketAddr, reach: Reach, purpose: Purpose) -> Result<Listener> {
        let ip = address.ip();
        if reach == Reach::Network && (ip.is_unspecified() || ip.is_multicast()) {
            return Err(Error::new(Code::BadFlag, format!("{address} is every network of this machine"))
                .because(purpose.of_networks)
                .hint("name the bridge's own address: fedcred help containers"));
        }
        if reach == Reach::Loopback && !ip.is_loopback() {
            return Err(Error::new(Code::BadFlag, format!("{address} is not a loopback address"))
                .because(purpose.why_loopback)
                .hint(purpose.hint));
        }
        let failed = |e: std::io::Error| {
            let error = Error::new(Code::ListenFailed, format!("cannot listen on {address}")).because(e.to_string());
            error.hint(format!("choose another address with `{}`; port 0 is any free port", purpose.flag))
        };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Listener { listener, address })
    }

    /// Serves until `end` comes, which is begun within the runtime.
    pub fn run<F: Future<Output = Result<()>>>(self, service: impl Service, end: impl FnOnce() -> F) -> Result<()> {
        let failed = |e: std::io::Error| Error::new(Code::Bug, "the endpoint does not start").because(e.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener).map_err(failed)?;
            tokio::spawn(accept(listener, self.address, Arc::new(service)));
            end().await
        })
        // Here the runtime ends, and with it what connections there are: an answer takes no time but to be sent.
    }
}

async fn accept(listener: tokio::net::TcpListener, address: SocketAddr, service: Arc<impl Service>) {
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
        if address.ip().is_loopback() && !peer.ip().is_loopback() {
            tracing::warn!(%peer, "a peer that is not on loopback is not answered");
            continue;
        }
        if !service.admits(address, peer) {
            continue;
        }
        if !crowd.make_room() {
            tracing::warn!("more than {CONNECTIONS} connections are being answered");
            continue;
        }
        let stage = Arc::new(Stage::default());
        let task = tokio::spawn(converse(stream, service.clone(), stage.clone()));
        crowd.add(task.abort_handle(), stage);
    }
}

async fn converse(stream: TcpStream, service: Arc<impl Service>, stage: Arc<Stage>) {
    let _ = stream.set_nodelay(true);
    // A flag, where hyper would have set a timer anew for each request.
    let has_asked = AtomicBool::new(false);
    let answers = service_fn(|request: hyper::Request<Incoming>| {
        has_asked.store(true, Ordering::Relaxed);
        stage.asked();
        let (service, stage) = (&service, &stage);
        async move {
            // The body is not looked at: hyper closes a connection whose request has one that is not read.
            let (head, _) = request.into_parts();
            let answered = service.answer(head).await;
            stage.idle();
            Ok::<_, std::convert::Infallible>(answered)
        }
    });
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), answers);
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

/// The answer to a request that is refused.
pub fn refused(Refusal { status, code, message }: Refusal) -> Response<Full<Bytes>> {
    tracing::info!(status = status.as_u16(), code, "a request is refused");
    problem(status, code, message)
}

/// The shape of a failure that SDKs show (`EcsCredentialsError` in theirs).
#[derive(Serialize)]
struct Problem<'a> {
    code: &'a str,
    message: &'a str,
}

pub fn problem(status: StatusCode, code: &str, message: &str) -> Response<Full<Bytes>> {
    // SDKs show it as it stands.
    let body = serde_json::to_string(&Problem { code, message }).unwrap_or_default();
    let mut response = json(status, Full::new(escaped(&body).into_owned().into()));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    }
    response
}

pub fn json(status: StatusCode, body: Full<Bytes>) -> Response<Full<Bytes>> {
    of_type("application/json", status, body)
}

pub fn of_type(content_type: &'static str, status: StatusCode, body: Full<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
