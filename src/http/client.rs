//! Requests to an identity provider: what is sent to whom.
//!
//! The IdP's origin (that of `idp_url`) gets everything; the origins in `idp_origins` get cookies and logins; every other
//! origin gets a bare request. Redirects are not followed here: each hop is a request of its own, decided anew.
//! Serves `ca_bundle`, `client_cert`, `client_key`, `proxy`, `timeout`, `verify`, `headers`, `user_agent`, `idp_origins`.

use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use url::{Origin, Url};
use zeroize::Zeroizing;

use super::cookies::{Jar, KeptCookie};
use super::fault;
use super::loopback::{self, is_loopback};
use super::shown;
use super::tls::Trust;
use crate::config::profile::IdpHttp;
use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::time::{self, Deadline, Timestamp};

/// A page larger than this is no login page.
const MAX_BODY: usize = 4 << 20;

/// What a client of the ECP profile says it can do.
const PAOS: &str = "ver=\"urn:liberty:paos:2003-08\";\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\"";

/// The setting that holds the IdP's trust.
const BUNDLE: &str = "saml.ca_bundle";

/// One request; a form makes it a POST.
#[derive(Debug)]
pub struct Request {
    pub url: Url,
    /// `application/x-www-form-urlencoded` text.
    pub form: Option<Secret>,
    /// A SOAP envelope in its place, for SAML's ECP profile.
    pub soap: Option<String>,
    /// The whole value of `Authorization`. Sent to allowed origins only.
    pub authorization: Option<Secret>,
    /// The first one, whose body is that of the settings, if they have one.
    pub is_first: bool,
    /// A password is in it. Sending it again may count as a second try, and too many lock an account.
    pub carries_password: bool,
}

/// What came back.
#[derive(Debug)]
pub struct Response {
    pub url: Url,
    pub status: u16,
    pub location: Option<String>,
    /// Every `WWW-Authenticate` value, in order.
    pub www_authenticate: Vec<String>,
    pub content_type: Option<String>,
    pub retry_after: Option<String>,
    /// The peer's clock, whole seconds.
    pub date: Option<Timestamp>,
    pub body: Zeroizing<Vec<u8>>,
    /// DER of the leaf certificate, on TLS.
    pub peer_certificate: Option<Vec<u8>>,
}

/// A request that got no response.
#[derive(Debug)]
pub struct Failure {
    pub error: Error,
    /// The same request may be sent again: nothing of it can have been acted upon, or acting twice does no harm.
    pub may_repeat: bool,
    /// No connection came about.
    pub is_connect: bool,
}

/// The connection to one IdP: its cookies, its trust, its limits. Lives for one login.
pub struct Client {
    settings: IdpHttp,
    home: Origin,
    jar: Jar,
    default_user_agent: String,
    /// Built at first need.
    carriers: Vec<(Carrier, reqwest::Client)>,
}

/// What makes two requests need different connections.
#[derive(Clone, Copy, PartialEq)]
struct Carrier {
    /// Never through a proxy.
    is_direct: bool,
    /// Shows the client certificate.
    is_home: bool,
}

impl Client {
    pub fn new(settings: IdpHttp, idp_url: &Url, default_user_agent: String) -> Self {
        let mut jar = Jar::default();
        let cookies: Vec<String> =
            settings.cookies.iter().map(|(name, value)| format!("{name}={value}; Path=/")).collect();
        jar.store(idp_url, cookies.iter().map(String::as_str));
        Client { settings, home: idp_url.origin(), jar, default_user_agent, carriers: Vec::new() }
    }

    /// Whether logins and cookies may go to this URL's origin.
    pub fn is_allowed(&self, url: &Url) -> bool {
        let origin = url.origin();
        origin == self.home || self.settings.idp_origins.contains(&origin)
    }

    /// Cookies of an earlier login. They go to allowed origins only, as all do.
    pub fn restore_cookies(&mut self, cookies: &[KeptCookie]) {
        self.jar.restore(cookies, time::now());
    }

    /// The cookies that outlast this login.
    pub fn lasting_cookies(&self) -> Vec<KeptCookie> {
        self.jar.lasting()
    }

    /// Refuses what may not be asked at all: plain http to anything but this machine, unless allowed by name.
    pub fn check_scheme(&self, url: &Url) -> Result<()> {
        let is_fine = match url.scheme() {
            "https" => true,
            "http" => is_loopback(url) || self.settings.allow_http,
            _ => false,
        };
        if is_fine {
            return Ok(());
        }
        Err(Error::new(Code::OriginNotAllowed, format!("the login leads to {}, which is not https", shown(url)))
            .hint("ask the IdP's administrator for an https address; `saml.allow_http = true` accepts plain http, where anyone on the way can read the login"))
    }

    /// Sends one request and reads the whole answer, within the deadline.
    pub async fn send(&mut self, request: &Request, deadline: &Deadline) -> std::result::Result<Response, Failure> {
        let failed = |error| Failure { error, may_repeat: false, is_connect: false };
        let built = self.build(request, deadline).map_err(failed)?;
        let peer = format!("the IdP at {}", shown(&request.url));
        // A POST may have been acted upon once the connection stood, and so may whatever carries a password.
        let is_harmless = request.form.is_none() && !request.carries_password;
        let sending = async {
            let response = built.send().await.map_err(|e| {
                let may_repeat = fault::worth_a_retry(&e) && (is_harmless || fault::never_sent(&e));
                Failure { error: fault::classify(&e, &peer, BUNDLE), may_repeat, is_connect: fault::never_sent(&e) }
            })?;
            self.read(request, response).await.map_err(|error| {
                let may_repeat = is_harmless && matches!(error.code, Code::Connect | Code::Timeout);
                Failure { error, may_repeat, is_connect: false }
            })
        };
        match tokio::time::timeout(deadline.remaining(), sending).await {
            Ok(Err(failure)) => {
                // The next connection is given its part of what is then left.
                self.carriers.clear();
                Err(failure)
            }
            Ok(Ok(response)) => Ok(response),
            Err(_) => Err(failed(deadline.error(&format!("waiting for {peer}")))),
        }
    }

    fn build(&mut self, request: &Request, deadline: &Deadline) -> Result<reqwest::RequestBuilder> {
        self.check_scheme(&request.url)?;
        let is_home = request.url.origin() == self.home;
        let is_allowed = self.is_allowed(&request.url);
        let client = self.carrier(&request.url, is_home, deadline)?;
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8"));
        if is_home {
            for (name, value) in &self.settings.headers {
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad_header(name))?;
                let mut value = HeaderValue::from_str(value).map_err(|_| bad_header(name.as_str()))?;
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
        if is_allowed {
            if let Some(cookies) = self.jar.header(&request.url) {
                headers.insert(header::COOKIE, sensitive(&cookies)?);
            }
            if let Some(authorization) = &request.authorization {
                headers.insert(header::AUTHORIZATION, sensitive(authorization)?);
            }
        }
        let body = self.settings.body.as_ref().filter(|_| request.is_first && is_home);
        let built = match (&request.form, body) {
            (None, _) if request.soap.is_some() => {
                // SAML 2.0 Profiles §4.2.4.1; SOAP 1.1 §6.1.
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
                headers.insert(header::ACCEPT, HeaderValue::from_static("text/xml, application/vnd.paos+xml"));
                headers.insert("paos", HeaderValue::from_static(PAOS));
                headers.insert("soapaction", HeaderValue::from_static("http://www.oasis-open.org/committees/security"));
                client.post(request.url.clone()).body(request.soap.clone().unwrap_or_default())
            }
            (None, None) => client.get(request.url.clone()),
            (None, Some((content_type, body))) => {
                let content_type = HeaderValue::from_str(content_type).map_err(|_| bad_header("Content-Type"))?;
                headers.entry(header::CONTENT_TYPE).or_insert(content_type);
                client.get(request.url.clone()).body(body.clone())
            }
            (Some(form), _) => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
                client.post(request.url.clone()).body(form.expose().to_owned())
            }
        };
        Ok(built.headers(headers))
    }

    async fn read(&mut self, request: &Request, mut response: reqwest::Response) -> Result<Response> {
        let peer = format!("the IdP at {}", shown(&request.url));
        if self.is_allowed(&request.url) {
            let cookies = response.headers().get_all(header::SET_COOKIE).iter().filter_map(|v| v.to_str().ok());
            self.jar.store(&request.url, cookies);
        }
        let one = |name: HeaderName| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let mut answer = Response {
            url: request.url.clone(),
            status: response.status().as_u16(),
            // Some servers put UTF-8 there.
            location: response
                .headers()
                .get(header::LOCATION)
                .map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned()),
            www_authenticate: response
                .headers()
                .get_all(header::WWW_AUTHENTICATE)
                .iter()
                .filter_map(|v| v.to_str().ok().map(str::to_owned))
                .collect(),
            content_type: one(header::CONTENT_TYPE),
            retry_after: one(header::RETRY_AFTER),
            date: one(header::DATE).and_then(|d| time::from_http_date(&d)),
            body: Zeroizing::new(Vec::new()),
            peer_certificate: response
                .extensions()
                .get::<reqwest::tls::TlsInfo>()
                .and_then(|info| info.peer_certificate().map(<[u8]>::to_vec)),
        };
        while let Some(chunk) = response.chunk().await.map_err(|e| fault::classify(&e, &peer, BUNDLE))? {
            if answer.body.len() + chunk.len() > MAX_BODY {
                return Err(Error::new(Code::PageTooLarge, format!("the page of {peer} is larger than 4 MiB"))
                    .hint("check that `saml.idp_url` is the address of the login page"));
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    fn carrier(&mut self, url: &Url, is_home: bool, deadline: &Deadline) -> Result<reqwest::Client> {
        let kind = Carrier { is_direct: is_loopback(url), is_home };
        if let Some((_, client)) = self.carriers.iter().find(|(k, _)| *k == kind) {
            return Ok(client.clone());
        }
        let settings = &self.settings;
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // One connection for all legs of a Negotiate exchange, which some servers bind to the connection.
            .http1_only()
            .pool_max_idle_per_host(1)
            // It ends before the deadline does, so that a peer that was never reached is told from one that was sent a
            // password and is silent.
            .connect_timeout(settings.timeout.min(deadline.remaining() * 3 / 4))
            .read_timeout(settings.timeout)
            .user_agent(settings.user_agent.as_deref().unwrap_or(&self.default_user_agent));
        if let Some(proxy) = &settings.proxy {
            let proxy = reqwest::Proxy::all(proxy.as_str()).map_err(|_| {
                Error::new(Code::InvalidValue, "`saml.proxy` is not a proxy's URL")
                    .hint("write it as http://host:port or socks5h://host:port")
            })?;
            builder = builder.no_proxy().proxy(proxy);
        }
        builder = loopback::pin(builder, url);
        let client_cert = settings.client_cert.as_ref().filter(|_| kind.is_home);
        let trust = Trust {
            ca_bundle: settings.ca_bundle.as_deref(),
            setting: BUNDLE,
            verify: settings.verify,
            client_cert: client_cert.map(|(cert, key)| (cert.as_path(), key.as_path())),
        };
        let client = trust.apply(builder)?.build().map_err(|e| fault::classify(&e, "the IdP", BUNDLE))?;
        self.carriers.push((kind, client.clone()));
        Ok(client)
    }
}

fn sensitive(value: &Secret) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(value.expose()).map_err(|_| {
        Error::new(Code::InvalidValue, "the secret holds a character that no HTTP header can carry")
            .hint("check for a line break or a control character at its end")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn bad_header(name: &str) -> Error {
    Error::new(Code::InvalidValue, format!("the header {name:?} in `saml.headers` cannot be sent"))
}
