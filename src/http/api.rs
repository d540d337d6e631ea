//! Requests to services that issue tokens: an OAuth token endpoint, a metadata service, the API of a CI or a cluster.
//!
//! Follows no redirect: it is returned as an answer, so that no secret is sent to an address that the caller did not choose. A
//! request contains secrets only as returned by [`attempt::send`]; they are removed from errors that repeat what the service
//! says. Answers are small, and are read within the run's deadline.

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

/// Most bytes of a token, key set or discovery document.
const MAX_BODY: usize = 1 << 20;
/// Limit of a single attempt, so that one that hangs leaves time for a second.
const ATTEMPT: Duration = Duration::from_secs(8);

/// A service that issues tokens.
#[derive(Debug)]
pub struct Api {
    /// The name in errors: "GitHub's token service".
    name: String,
    reach: Reach,
    connect: Duration,
    ca_bundle: Option<std::path::PathBuf>,
    /// The setting for its trust.
    setting: &'static str,
    retry: Retry,
    /// For this machine and the platform's metadata service, without a proxy.
    direct: OnceLock<Transport>,
    proxied: OnceLock<Transport>,
}

/// The servers for which plain http is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This machine only.
    Internet,
    /// Also the platform's metadata service, which is in the machine's own network. Without a proxy.
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
    /// Whether it may be acted upon twice.
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

    /// A POST of a form that is already encoded.
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

    /// A header with a secret in it, whose name comes from a file. `None` if the name is not valid.
    pub fn named_header(mut self, name: &str, value: Carried) -> Option<Self> {
        self.headers.push((HeaderName::from_bytes(name.as_bytes()).ok()?, value));
        Some(self)
    }

    /// Adds `Authorization: Bearer …` (RFC 6750). Errors: those of [`attempt::send`].
    pub fn bearer(self, token: &CountedSecret, ledger: &dyn Ledger) -> Result<Self> {
        let value = token.send(ledger, |token| Secret::new(["Bearer ", token].concat()))?;
        Ok(self.secret_header("authorization", value))
    }

    /// Allows the POST to be sent again after its answer was lost: it only issues another token.
    pub fn repeatable(mut self) -> Self {
        self.may_repeat = true;
        self
    }

    /// Whether it may be sent again after a connection was made. A request with a counted secret never is.
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
    /// `name` is the name in errors. Connects at the first request.
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

    /// Trusts only this PEM file; `setting` names it in errors.
    pub fn trusting(mut self, ca_bundle: Option<&Path>, setting: &'static str) -> Self {
        self.ca_bundle = ca_bundle.map(Path::to_owned);
        self.setting = setting;
        self
    }

    /// Makes a single attempt, for a service that answers at once if it exists.
    pub fn probing(mut self, connect: Duration) -> Self {
        self.connect = connect;
        self.retry.total = 0;
        self
    }

    /// Sends the request, repeatedly if that is harmless, and returns the answer, whatever its status.
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
