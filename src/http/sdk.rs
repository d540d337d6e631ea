//! The AWS SDK's requests, carried by our own HTTP client, so that one TLS stack serves both sides.
//!
//! The proxy is the system's (`HTTPS_PROXY`, `NO_PROXY`), never for loopback. No redirect is followed: AWS sends none, and
//! the body is an assertion.

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

use super::tls::Trust;
use super::{fault, loopback};
use crate::error::{Code, Error, Result};
use crate::time::{self, Timestamp};

/// More than any answer of STS by two orders of magnitude.
const MAX_BODY: usize = 1024 * 1024;

/// The SDK's way to one endpoint. What goes wrong under way comes out of the SDK as an [`Error`] of ours, wrapped.
#[derive(Clone, Debug)]
pub struct Carrier {
    client: reqwest::Client,
    /// For plain http, where the endpoint is not one: past every proxy, which is no neighbour of a metadata service.
    direct: Option<reqwest::Client>,
    /// Whom an error names.
    peer: String,
    /// The setting that holds the trust, which an error names too.
    setting: &'static str,
    date: Arc<Mutex<Option<Timestamp>>>,
}

impl Carrier {
    /// A client for `endpoint`. `connect` limits the making of a connection, as nothing else does.
    pub fn new(endpoint: &Url, peer: String, trust: &Trust<'_>, connect: Duration) -> Result<Self> {
        Carrier::through(None, endpoint, peer, trust, connect)
    }

    /// The same through this `proxy`, in place of the system's.
    pub fn through(
        proxy: Option<&Url>,
        endpoint: &Url,
        peer: String,
        trust: &Trust<'_>,
        connect: Duration,
    ) -> Result<Self> {
        let builder = match proxy {
            None => reqwest::Client::builder(),
            Some(url) => {
                let proxy = reqwest::Proxy::all(url.clone()).map_err(|e| fault::classify(&e, &peer, trust.setting))?;
                reqwest::Client::builder().proxy(proxy)
            }
        };
        let builder =
            builder.redirect(reqwest::redirect::Policy::none()).referer(false).no_gzip().connect_timeout(connect);
        let client = loopback::pin(trust.apply(builder)?, endpoint)
            .build()
            .map_err(|e| fault::classify(&e, &peer, trust.setting))?;
        Ok(Carrier { client, direct: None, peer, setting: trust.setting, date: Arc::default() })
    }

    /// A client for whatever endpoints an AWS profile or the environment leads to: a metadata service over plain http, which
    /// is asked directly, and AWS.
    pub fn ambient(peer: String, trust: &Trust<'_>, connect: Duration) -> Result<Self> {
        let anywhere = Url::parse("https://amazonaws.com/").map_err(|e| Error::new(Code::Bug, e.to_string()))?;
        let carrier = Carrier::new(&anywhere, peer, trust, connect)?;
        let direct = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_gzip()
            .no_proxy()
            .connect_timeout(connect);
        let direct = trust.apply(direct)?.build().map_err(|e| fault::classify(&e, &carrier.peer, trust.setting))?;
        Ok(Carrier { direct: Some(direct), ..carrier })
    }

    /// The peer's clock, as the `Date` of its last answer told it.
    pub fn date(&self) -> Option<Timestamp> {
        *self.date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, request: HttpRequest, limit: Option<Duration>) -> Result<HttpResponse> {
        let is_plain = request.uri().starts_with("http://");
        let client = self.direct.as_ref().filter(|_| is_plain).unwrap_or(&self.client);
        let mut answer = client.execute(self.translate(request, limit)?).await.map_err(|e| self.fault(e))?;
        if let Some(date) = answer.headers().get(http::header::DATE).and_then(|date| date.to_str().ok()) {
            *self.date.lock().unwrap_or_else(PoisonError::into_inner) = time::from_http_date(date);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| self.fault(e))? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(Error::new(
                    Code::StsBadAnswer,
                    format!("the answer of {} is larger than 1 MiB", self.peer),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        let mut translated = http::Response::new(SdkBody::from(body));
        *translated.status_mut() = answer.status();
        *translated.headers_mut() = std::mem::take(answer.headers_mut());
        HttpResponse::try_from(translated).map_err(|e| {
            Error::new(Code::StsBadAnswer, format!("the answer of {} is malformed", self.peer)).because(e.to_string())
        })
    }

    fn translate(&self, request: HttpRequest, limit: Option<Duration>) -> Result<reqwest::Request> {
        let bug =
            |why: String| Error::new(Code::Bug, format!("the request to {} cannot be made", self.peer)).because(why);
        let (parts, body) = request.try_into_http1x().map_err(|e| bug(e.to_string()))?.into_parts();
        let body = body.bytes().ok_or_else(|| bug("its body is a stream".into()))?.to_vec();
        let mut request =
            reqwest::Request::try_from(http::Request::from_parts(parts, body)).map_err(|e| self.fault(e))?;
        *request.timeout_mut() = limit;
        Ok(request)
    }

    fn fault(&self, error: reqwest::Error) -> Error {
        fault::classify(&error, &self.peer, self.setting)
    }
}

impl HttpClient for Carrier {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        // The connection's own limit is the client's; what the SDK asks for bounds connection and answer together.
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
