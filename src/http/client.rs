//! Requests to an identity provider: which origin is sent what.
//!
//! The IdP's origin (that of `idp_url`) is sent everything; the origins in `idp_origins` are sent cookies and logins; every
//! other origin is sent a request without either. Follows no redirect: the caller makes a new request for each.
//! Serves `ca_bundle`, `client_cert`, `client_key`, `proxy`, `timeout`, `verify`, `headers`, `user_agent`, `idp_origins`.

use reqwest::Method;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use url::{Origin, Url};
use zeroize::Zeroizing;

use super::cookies::{Jar, KeptCookie};
use super::proxy::Chosen;
use super::retry::Attempt;
use super::shown;
use super::tls::Trust;
use super::transport::{Reply, Transport, Way};
use crate::attempt::{self, Carried};
use crate::config::profile::IdpHttp;
use crate::error::{Code, Error, Result};
use crate::host_name::is_loopback;
use crate::time::{self, Deadline, Timestamp};

/// A page larger than this is not a login page.
const MAX_BODY: usize = 4 << 20;

/// What a client of the ECP profile says it can do.
const PAOS: &str = "ver=\"urn:liberty:paos:2003-08\";\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\"";

/// The setting that holds the IdP's trust.
const BUNDLE: &str = "saml.ca_bundle";

/// One request; a form makes it a POST.
#[derive(Debug)]
pub struct Request {
    pub url: Url,
    /// The body of a form, and its media type.
    pub form: Option<(Carried, String)>,
    /// A SOAP envelope in place of a form, for SAML's ECP profile.
    pub soap: Option<String>,
    /// The value of `Authorization`, sent to allowed origins only.
    pub authorization: Option<Carried>,
    /// Whether it is the first request, which has the body of the settings, if any.
    pub is_first: bool,
}

impl Request {
    /// Whether the request may be acted upon twice. A POST may have been acted upon once a connection was made, and a request with
    /// a secret may have been counted as an attempt.
    pub fn is_harmless(&self) -> bool {
        self.form.is_none() && !self.carried().any(Carried::has_secret)
    }

    fn carried(&self) -> impl Iterator<Item = &Carried> + Clone {
        self.form.iter().map(|(body, _)| body).chain(&self.authorization)
    }

    fn attempts(&self) -> impl Iterator<Item = &attempt::Attempt> + Clone {
        self.carried().flat_map(Carried::attempts)
    }
}

/// The answer to a request.
#[derive(Debug)]
pub struct Response {
    pub url: Url,
    pub status: u16,
    pub location: Option<String>,
    /// Every `WWW-Authenticate` value, in order.
    pub www_authenticate: Vec<String>,
    pub content_type: Option<String>,
    /// The header of this name, which browsers read like the page's `<meta http-equiv="refresh">`.
    pub refresh: Option<String>,
    pub retry_after: Option<String>,
    /// The server's time, in whole seconds.
    pub date: Option<Timestamp>,
    pub body: Zeroizing<Vec<u8>>,
    /// DER of the server's certificate, if TLS was used.
    pub peer_certificate: Option<Vec<u8>>,
}

/// A client for one login at one IdP, with its cookies, trust and limits.
pub struct Client {
    settings: IdpHttp,
    home: Origin,
    jar: Jar,
    default_user_agent: String,
    /// Whether Kerberos may be needed, which requires HTTP/1.1.
    is_negotiate: bool,
    /// Built at first need.
    carriers: Vec<(Carrier, Transport)>,
}

/// The properties by which requests need different connections.
#[derive(Clone, Copy, PartialEq)]
struct Carrier {
    /// Uses no proxy.
    is_direct: bool,
    /// Presents the client certificate.
    is_home: bool,
}

impl Client {
    /// `is_negotiate` says whether a challenge may be answered with Kerberos, which binds a login to one connection.
    pub fn new(settings: IdpHttp, idp_url: &Url, default_user_agent: String, is_negotiate: bool) -> Self {
        let mut jar = Jar::default();
        let cookies: Vec<String> =
            settings.cookies.iter().map(|(name, value)| format!("{name}={value}; Path=/")).collect();
        jar.store(idp_url, cookies.iter().map(String::as_str));
        Client { settings, home: idp_url.origin(), jar, default_user_agent, is_negotiate, carriers: Vec::new() }
    }

    /// Whether logins and cookies may go to this URL's origin.
    pub fn is_allowed(&self, url: &Url) -> bool {
        let origin = url.origin();
        origin == self.home || self.settings.idp_origins.contains(&origin)
    }

    /// Adds the cookies of an earlier login. Like all cookies, they are sent to allowed origins only.
    pub fn restore_cookies(&mut self, cookies: &[KeptCookie]) {
        self.jar.restore(cookies, time::now());
    }

    /// Returns the cookies that expire after this login.
    pub fn lasting_cookies(&self) -> Vec<KeptCookie> {
        self.jar.lasting()
    }

    /// Refuses plain http to other machines, unless a setting allows it, and all other schemes.
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
    pub async fn send(&mut self, request: &Request, deadline: &Deadline) -> Attempt<Response> {
        let (transport, built) = match self.build(request, deadline) {
            Ok(built) => built,
            Err(error) => {
                request.attempts().for_each(attempt::Attempt::did_not_leave);
                return Attempt::Final(Err(error));
            }
        };
        let peer = format!("the IdP at {}", shown(&request.url));
        let is_harmless = request.is_harmless();
        let sending = transport.attempt(built, &peer, request.attempts(), is_harmless);
        match tokio::time::timeout(deadline.remaining(), sending).await {
            Ok(outcome) => {
                if !matches!(outcome, Attempt::Answered { .. } | Attempt::Final(Ok(_))) {
                    // The limits of the next connection are computed from the time that is left then.
                    self.carriers.clear();
                }
                outcome.map(|reply| self.keep(request, reply))
            }
            Err(_) => Attempt::Final(Err(deadline.error(&format!("waiting for {peer}")))),
        }
    }

    fn build(&mut self, request: &Request, deadline: &Deadline) -> Result<(Transport, reqwest::Request)> {
        self.check_scheme(&request.url)?;
        let is_home = request.url.origin() == self.home;
        let is_allowed = self.is_allowed(&request.url);
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
                headers.insert(header::COOKIE, sensitive(cookies.expose())?);
            }
            if let Some(authorization) = &request.authorization {
                headers.insert(header::AUTHORIZATION, sensitive(authorization.expose())?);
            }
        }
        let body = self.settings.body.as_ref().filter(|_| request.is_first && is_home);
        let (method, body): (_, Option<Vec<u8>>) = match (&request.form, &request.soap, body) {
            (Some((form, media_type)), _, _) => {
                let media_type = HeaderValue::from_str(media_type).map_err(|_| bad_header("Content-Type"))?;
                headers.insert(header::CONTENT_TYPE, media_type);
                (Method::POST, Some(form.expose().as_bytes().to_vec()))
            }
            (None, Some(soap), _) => {
                // SAML 2.0 Profiles §4.2.4.1; SOAP 1.1 §6.1.
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
                headers.insert(header::ACCEPT, HeaderValue::from_static("text/xml, application/vnd.paos+xml"));
                headers.insert("paos", HeaderValue::from_static(PAOS));
                headers.insert("soapaction", HeaderValue::from_static("http://www.oasis-open.org/committees/security"));
                (Method::POST, Some(soap.clone().into_bytes()))
            }
            (None, None, Some((content_type, body))) => {
                let content_type = HeaderValue::from_str(content_type).map_err(|_| bad_header("Content-Type"))?;
                headers.entry(header::CONTENT_TYPE).or_insert(content_type);
                (Method::GET, Some(body.clone().into_bytes()))
            }
            (None, None, None) => (Method::GET, None),
        };
        let mut built = reqwest::Request::new(method, request.url.clone());
        *built.headers_mut() = headers;
        *built.body_mut() = body.map(reqwest::Body::from);
        Ok((self.carrier(&request.url, is_home, deadline)?, built))
    }

    /// Keeps the cookies of an answer, and returns what the login needs of it.
    fn keep(&mut self, request: &Request, reply: Reply) -> Response {
        let Reply { status, headers, body, date, certificate } = reply;
        // Some servers put UTF-8 into headers.
        let all = |name: HeaderName| -> Vec<String> {
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
        };
        if self.is_allowed(&request.url) {
            self.jar.store(&request.url, all(header::SET_COOKIE).iter().map(String::as_str));
        }
        let one = |name| all(name).into_iter().next();
        Response {
            url: request.url.clone(),
            status,
            location: one(header::LOCATION),
            www_authenticate: all(header::WWW_AUTHENTICATE),
            content_type: one(header::CONTENT_TYPE),
            refresh: one(header::REFRESH),
            retry_after: one(header::RETRY_AFTER),
            date,
            body,
            peer_certificate: certificate,
        }
    }

    fn carrier(&mut self, url: &Url, is_home: bool, deadline: &Deadline) -> Result<Transport> {
        let kind = Carrier { is_direct: is_loopback(url), is_home };
        if let Some((_, transport)) = self.carriers.iter().find(|(k, _)| *k == kind) {
            return Ok(transport.clone());
        }
        let settings = &self.settings;
        let way = Way {
            user_agent: settings.user_agent.clone().unwrap_or_else(|| self.default_user_agent.clone()),
            proxy: settings.proxy.clone().map(|url| Chosen { url, setting: "saml.proxy" }),
            is_http1: self.is_negotiate,
            read: Some(settings.timeout),
            // Ends before the deadline, so that a server that was not reached can be told from one that was sent a password and
            // does not answer.
            ..Way::new(settings.timeout.min(deadline.remaining() * 3 / 4), MAX_BODY)
        };
        let client_cert = settings.client_cert.as_ref().filter(|_| kind.is_home);
        let trust = Trust {
            ca_bundle: settings.ca_bundle.as_deref(),
            setting: BUNDLE,
            verify: settings.verify,
            client_cert: client_cert.map(|(cert, key)| (cert.as_path(), key.as_path())),
        };
        let transport = Transport::new(url, &trust, way)?;
        self.carriers.push((kind, transport.clone()));
        Ok(transport)
    }
}

fn sensitive(value: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::new(Code::InvalidValue, "the secret holds a character that no HTTP header can carry")
            .hint("check for a line break or a control character at its end")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn bad_header(name: &str) -> Error {
    Error::new(Code::InvalidValue, format!("the header {name:?} in `saml.headers` cannot be sent"))
}
