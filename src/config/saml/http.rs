//! How requests to the IdP are made and retried: keys of `[profile.NAME.saml]`, and its `retry` table.

use std::path::PathBuf;
use std::time::Duration;

use crate::address::ProxyUrl;
use crate::config::reader::Section;
use crate::config::{headers, urls, values};

/// `timeout` when none is written.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub struct IdpHttp {
    /// Replaces the system's roots for the IdP.
    pub ca_bundle: Option<PathBuf>,
    /// PEM certificate chain and PEM key, both or neither.
    pub client_cert: Option<(PathBuf, PathBuf)>,
    pub proxy: Option<ProxyUrl>,
    /// Limit of a single request: to connect, and between two reads.
    pub timeout: Duration,
    pub verify: bool,
    pub allow_http: bool,
    /// Further origins (`https://host[:port]`) that may be sent credentials, besides the origin of `idp_url`.
    pub idp_origins: Vec<url::Origin>,
    /// Sent to the IdP's origin only.
    pub headers: Vec<(String, String)>,
    pub user_agent: Option<String>,
    /// Cookies of the first request, for the IdP's origin only. Of an Airflow connection alone, as the next two.
    pub cookies: Vec<(String, String)>,
    /// Content type and body of the first request, which stays a GET.
    pub body: Option<(String, String)>,
    pub follow_redirects: bool,
}

/// `[profile.NAME.saml.retry]`, with the meaning of urllib3's `Retry`.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Retries after the first attempt.
    pub total: u32,
    /// Limits of these after a failed connection, after an incomplete answer, and after a status. Absent: no limit of its own.
    pub connect: Option<u32>,
    pub read: Option<u32>,
    pub status: Option<u32>,
    /// The wait before retry n is `backoff_factor * 2^(n-1)` seconds, with jitter.
    pub backoff_factor: f64,
    pub backoff_max: Duration,
    pub status_forcelist: Vec<u16>,
    pub respect_retry_after: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Retry {
            total: 5,
            connect: None,
            read: None,
            status: None,
            backoff_factor: 0.5,
            backoff_max: Duration::from_secs(5),
            status_forcelist: vec![429, 500, 502, 503, 504],
            respect_retry_after: true,
        }
    }
}

impl IdpHttp {
    pub(super) fn read(saml: &Section<'_, '_>) -> Option<IdpHttp> {
        let allow_http = saml.value("allow_http")?;
        let (certificate, key) = (saml.get("client_cert"), saml.get("client_key"));
        match (saml.find("client_cert"), saml.find("client_key")) {
            (Some(_), None) => saml.log().error(saml.missing("client_key")),
            (None, Some(_)) => saml.log().error(saml.missing("client_cert")),
            _ => (),
        }
        Some(IdpHttp {
            ca_bundle: saml.get("ca_bundle"),
            client_cert: certificate.zip(key),
            proxy: saml.get("proxy"),
            timeout: saml.value("timeout")?,
            verify: saml.value("verify")?,
            allow_http,
            idp_origins: saml
                .value_by("idp_origins", |f| values::list(f, |element| urls::origin(element, allow_http)))?,
            headers: saml.map("headers", headers::header),
            user_agent: saml.read("user_agent", headers::value),
            cookies: Vec::new(),
            body: None,
            follow_redirects: true,
        })
    }
}

impl Retry {
    pub(super) fn read(table: &Section<'_, '_>) -> Option<Retry> {
        let retry = Retry {
            total: table.value("total")?,
            connect: table.get("connect"),
            read: table.get("read"),
            status: table.get("status"),
            backoff_factor: table.value("backoff_factor")?,
            backoff_max: table.value("backoff_max")?,
            status_forcelist: table.value("status_forcelist")?,
            respect_retry_after: table.value("respect_retry_after")?,
        };
        table.finish();
        Some(retry)
    }
}
