//! Requests to services that issue tokens: an OAuth token endpoint, a metadata service, a CI's or a cluster's API.
//!
//! Each request has its own address, so nothing here is followed: a redirect comes back as an answer, and no secret goes
//! where the caller did not send it. A secret stands in a request only as what [`attempt::send`] made of it, and in no error
//! that repeats what the service says. Answers are small, and are read under the run's deadline.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{self, HeaderName, HeaderValue};
use url::Url;

pub use super::answer::{Answer, OAuthError};
use super::form::{self, Field};
use super::retry::{Attempt, Retries};
use super::shown;
use super::tls::Trust;
use super::transport::{Reply, Transport, Way};
use crate::attempt::{self, Carried, CountedSecret, Ledger};
use crate::config::profile::Retry;
use crate::error::{Code, Error, Result};
use crate::host_name::is_loopback;
use crate::secret::Secret;
use crate::time::Deadline;

/// No token, key set or discovery document is larger.
const MAX_BODY: usize = 1 << 20;
/// Of one attempt: one that hangs leaves time for another.
const ATTEMPT: Duration = Duration::from_secs(8);

/// A service that is asked for tokens.
#[derive(Debug)]
pub struct Api {
    /// Whom errors name: "GitHub's token service".
    name: String,
    reach: Reach,
    connect: Duration,
    ca_bundle: Option<std::path::PathBuf>,
    /// The setting that holds its trust.
    setting: &'static str,
    retry: Retry,
    /// For this machine and the platform's metadata service, past every proxy.
    direct: OnceLock<Transport>,
    proxied: OnceLock<Transport>,
}

/// Where plain http may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To this machine only: everything else is https.
    Internet,
    /// Also to the address of the platform's metadata service, which the machine's own network answers. Past every proxy.
    Platform,
}

/// One request.
#[derive(Debug)]
pub struct Request {
    method: reqwest::Method,
    pub url: Url,
    headers: Vec<(HeaderName, Carried)>,
    /// Media type and text.
    body: Option<(&'static str, Carried)>,
    /// Acting twice on it does no harm.
    may_repeat: bool,
}

impl Request {
    pub fn get(url: Url) -> Self {
        Request { method: reqwest::Method::GET, url, headers: Vec::new(), body: None, may_repeat: true }
    }

    /// A POST of `application/x-www-form-urlencoded`.
    ///
    /// Errors: those of [`attempt::send`].
    pub fn form(url: Url, fields: &[(&str, Field<'_>)], ledger: &dyn Ledger) -> Result<Self> {
        Ok(Request::form_of(url, form::encode(fields, ledger)?))
    }

    /// The same of a text that is encoded already.
    pub fn form_of(url: Url, encoded: Carried) -> Self {
        Request::post(url, "application/x-www-form-urlencoded", encoded)
    }

    /// A POST of `application/json`, without a secret in it.
    pub fn json(url: Url, body: &serde_json::Value) -> Self {
        Request::post(url, "application/json", Carried::plain(Secret::new(body.to_string())))
    }

    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((HeaderName::from_static(name), Carried::plain(Secret::new(value.to_owned()))));
        self
    }

    /// A header with a secret in it.
    pub fn secret_header(mut self, name: &'static str, value: Carried) -> Self {
        self.headers.push((HeaderName::from_static(name), value));
        self
    }

    /// The same, where its name stands in somebody's file. `None`: no header has such a name.
    pub fn named_header(mut self, name: &str, value: Carried) -> Option<Self> {
        self.headers.push((HeaderName::from_bytes(name.as_bytes()).ok()?, value));
        Some(self)
    }

    /// `Authorization: Bearer …` (RFC 6750). Errors: those of [`attempt::send`].
    pub fn bearer(self, token: &CountedSecret, ledger: &dyn Ledger) -> Result<Self> {
        let value = token.send(ledger, |token| Secret::new(["Bearer ", token].concat()))?;
        Ok(self.secret_header("authorization", value))
    }

    /// The POST may be sent again when its answer got lost: it only issues another token.
    pub fn repeatable(mut self) -> Self {
        self.may_repeat = true;
        self
    }

    /// Whether it may be sent again after a connection was made. Never with a counted secret in it.
    fn is_repeatable(&self) -> bool {
        self.may_repeat && !self.carried().any(Carried::has_secret)
    }

    fn carried(&self) -> impl Iterator<Item = &Carried> + Clone {
        self.headers.iter().map(|(_, value)| value).chain(self.body.iter().map(|(_, text)| text))
    }

    fn attempts(&self) -> impl Iterator<Item = &attempt::Attempt> + Clone {
        self.carried().flat_map(Carried::attempts)
    }

    fn post(url: Url, media_type: &'static str, body: Carried) -> Self {
        let body = Some((media_type, body));
        Request { method: reqwest::Method::POST, url, headers: Vec::new(), body, may_repeat: false }
    }
}

impl Api {
    /// `name` is whom errors name. The connection is made at the first request.
    pub fn new(name: impl Into<String>, reach: Reach) -> Self {
        Api {
            name: name.into(),
            reach,
            connect: Duration::from_secs(5),
            ca_bundle: None,
            setting: "SSL_CERT_FILE",
            retry: Retry { total: 3, ..Retry::default() },
            direct: OnceLock::new(),
            proxied: OnceLock::new(),
        }
    }

    /// Trusts this PEM file and nothing else; `setting` is who named it.
    pub fn trusting(mut self, ca_bundle: Option<&Path>, setting: &'static str) -> Self {
        self.ca_bundle = ca_bundle.map(Path::to_owned);
        self.setting = setting;
        self
    }

    /// One quick try: for a service that answers at once where it exists, and is absent elsewhere.
    pub fn probing(mut self, connect: Duration) -> Self {
        self.connect = connect;
        self.retry.total = 0;
        self
    }

    /// Sends the request, again where that does no harm, and gives whatever answer came.
    ///
    /// Errors: [`Code::UrlNotAllowed`], [`Code::Connect`], [`Code::Timeout`], [`Code::TlsUntrusted`], [`Code::PageTooLarge`].
    pub async fn send(&self, request: &Request, deadline: &Deadline) -> Result<Answer> {
        self.check_scheme(&request.url)?;
        let transport = self.transport(&request.url)?;
        let doing = format!("{} at {}", self.name, shown(&request.url));
        tracing::debug!(method = %request.method, url = shown(&request.url), "asking {}", self.name);
        Retries::new(self.retry.clone())
            .at_a_time(ATTEMPT, request.is_repeatable())
            .persist(deadline, &doing, async || self.attempt(transport, request).await)
            .await
    }

    fn check_scheme(&self, url: &Url) -> Result<()> {
        let is_fine = match url.scheme() {
            "https" => true,
            "http" => is_loopback(url) || self.reach == Reach::Platform,
            _ => false,
        };
        if is_fine {
            return Ok(());
        }
        Err(Error::new(Code::UrlNotAllowed, format!("the address of {}, {}, is not https", self.name, shown(url)))
            .because("others on the network could read the tokens"))
    }

    async fn attempt(&self, transport: &Transport, request: &Request) -> Attempt<Answer> {
        let built = match self.build(request) {
            Ok(built) => built,
            Err(error) => {
                request.attempts().for_each(attempt::Attempt::did_not_leave);
                return Attempt::Final(Err(error));
            }
        };
        let outcome = transport.attempt(built, &self.name, request.attempts(), request.is_repeatable()).await;
        outcome.map(|Reply { status, headers, body, date, certificate: _ }| Answer {
            status,
            body,
            date,
            headers,
            sent: request.attempts().cloned().collect(),
            peer: self.name.clone(),
        })
    }

    fn build(&self, request: &Request) -> Result<reqwest::Request> {
        let mut built = reqwest::Request::new(request.method.clone(), request.url.clone());
        let headers = built.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, */*;q=0.5"));
        for (name, value) in &request.headers {
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| {
                let what = format!("the header {name} for {} holds a character that cannot be sent", self.name);
                Error::new(Code::InvalidValue, what).hint("check the token for a line break at its end")
            })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        if let Some((media_type, body)) = &request.body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
            *built.body_mut() = Some(body.expose().to_owned().into());
        }
        Ok(built)
    }

    fn transport(&self, url: &Url) -> Result<&Transport> {
        let is_direct = is_loopback(url) || (url.scheme() == "http" && self.reach == Reach::Platform);
        let place = if is_direct { &self.direct } else { &self.proxied };
        if let Some(transport) = place.get() {
            return Ok(transport);
        }
        let trust =
            Trust { ca_bundle: self.ca_bundle.as_deref(), setting: self.setting, verify: true, client_cert: None };
        let transport = Transport::new(url, &trust, Way { is_direct, ..Way::new(self.connect, MAX_BODY) })?;
        Ok(place.get_or_init(|| transport))
    }
}

#[cfg(test)]
mod tests;
