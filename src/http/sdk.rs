//! Sends the AWS SDK's requests with this room's transport, so that there is one TLS stack.
//!
//! The proxy is the system's (`HTTPS_PROXY`, `NO_PROXY`), never for loopback. No redirect is followed: AWS sends none, and
//! the body is an assertion.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use url::Url;

use super::proxy::Chosen;
use super::tls::Trust;
use super::transport::{Transport, Way};
use crate::error::{Code, Error, Result};
use crate::time::Timestamp;

/// A hundred times more than any answer of STS.
const MAX_BODY: usize = 1024 * 1024;

/// The SDK's HTTP client. Its failures are an [`Error`] that the SDK wraps in its own.
#[derive(Clone, Debug)]
pub struct Carrier {
    transport: Transport,
    /// For plain http to any endpoint: without a proxy, since a metadata service is not reached through one.
    direct: Option<Transport>,
    /// The name in errors.
    peer: String,
    date: Arc<Mutex<Option<Timestamp>>>,
    has_sent: Arc<AtomicBool>,
}

impl Carrier {
    /// A client for `endpoint`. `connect` is the only limit for making a connection; `proxy` replaces the system's.
    pub fn new(
        endpoint: &Url,
        proxy: Option<Chosen>,
        peer: String,
        trust: &Trust<'_>,
        connect: Duration,
    ) -> Result<Self> {
        let transport = Transport::new(endpoint, trust, Way { proxy, ..Way::new(connect, MAX_BODY) })?;
        Ok(Carrier { transport, direct: None, peer, date: Arc::default(), has_sent: Arc::default() })
    }

    /// A client for any endpoint that an AWS profile or the environment may name: AWS, and a metadata service over plain http,
    /// without a proxy.
    pub fn ambient(peer: String, trust: &Trust<'_>, connect: Duration) -> Result<Self> {
        let anywhere = anywhere()?;
        let direct = Transport::new(&anywhere, trust, Way { is_direct: true, ..Way::new(connect, MAX_BODY) })?;
        Ok(Carrier { direct: Some(direct), ..Carrier::new(&anywhere, None, peer, trust, connect)? })
    }

    /// Returns the server's time, from the `Date` of its last answer.
    pub fn date(&self) -> Option<Timestamp> {
        *self.date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a connection was made for the last request, so that the server may have acted upon it.
    pub fn has_sent(&self) -> bool {
        self.has_sent.load(Ordering::Relaxed)
    }

    async fn send(&self, request: HttpRequest, limit: Option<Duration>) -> Result<HttpResponse> {
        let is_plain = request.uri().starts_with("http://");
        let transport = self.direct.as_ref().filter(|_| is_plain).unwrap_or(&self.transport);
        let request = self.translate(request, limit)?;
        // Set first, for an attempt that is cancelled.
        self.has_sent.store(true, Ordering::Relaxed);
        let outcome = transport.send(request, &self.peer).await;
        self.has_sent.store(!outcome.as_ref().is_err_and(|failure| failure.is_unsent), Ordering::Relaxed);
        let reply = outcome.map_err(|failure| match failure.error.code {
            Code::PageTooLarge => Error { code: Code::StsBadAnswer, ..failure.error },
            _ => failure.error,
        })?;
        *self.date.lock().unwrap_or_else(PoisonError::into_inner) = reply.date;
        let bad = |why: String| {
            Error::new(Code::StsBadAnswer, format!("the answer of {} is malformed", self.peer)).because(why)
        };
        let mut translated = http::Response::new(SdkBody::from(reply.body.to_vec()));
        *translated.status_mut() = http::StatusCode::from_u16(reply.status).map_err(|e| bad(e.to_string()))?;
        *translated.headers_mut() = reply.headers;
        HttpResponse::try_from(translated).map_err(|e| bad(e.to_string()))
    }

    fn translate(&self, request: HttpRequest, limit: Option<Duration>) -> Result<reqwest::Request> {
        let bug =
            |why: String| Error::new(Code::Bug, format!("the request to {} cannot be made", self.peer)).because(why);
        let (parts, body) = request.try_into_http1x().map_err(|e| bug(e.to_string()))?.into_parts();
        let body = body.bytes().ok_or_else(|| bug("its body is a stream".into()))?.to_vec();
        let mut request =
            reqwest::Request::try_from(http::Request::from_parts(parts, body)).map_err(|e| bug(e.to_string()))?;
        *request.timeout_mut() = limit;
        Ok(request)
    }
}

/// A URL of AWS, for a client whose requests have endpoints of their own.
pub fn anywhere() -> Result<Url> {
    Url::parse("https://amazonaws.com/").map_err(|e| Error::new(Code::Bug, e.to_string()))
}

impl HttpClient for Carrier {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        // The transport limits the connection; the SDK's limits apply to connection and answer together.
        let limit = settings.read_timeout().map(|read| read + settings.connect_timeout().unwrap_or_default());
        SharedHttpConnector::new(Connector { carrier: self.clone(), limit })
    }
}

#[derive(Debug)]
struct Connector {
    carrier: Carrier,
    limit: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (carrier, limit) = (self.carrier.clone(), self.limit);
        HttpConnectorFuture::new(async move {
            carrier.send(request, limit).await.map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}
