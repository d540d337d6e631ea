//! A look at a server from outside, for `doctor`: how it is reached, what certificate it shows, what time it has. Nothing that
//! identifies anybody is sent: one HEAD for `/`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header;
use rustls::pki_types::CertificateDer;
use url::{Host, Url};

use super::loopback::{self, is_loopback};
use super::tls::Trust;
use super::{fault, shown};
use crate::error::{Error, Result};
use crate::time::{self, Timestamp};
use crate::x509::Certificate;

/// Whom to look at.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    /// Only its origin is asked.
    pub url: &'a Url,
    /// Whom errors name: "the IdP at idp.example.com".
    pub name: &'a str,
    pub trust: Trust<'a>,
    /// In place of the environment's.
    pub proxy: Option<&'a Url>,
    pub timeout: Duration,
}

/// What was seen.
#[derive(Debug)]
pub struct Probe {
    /// The proxy on the way, without who logs in to it.
    pub proxy: Option<String>,
    /// Of the server's name, as far as this machine looks it up itself.
    pub addresses: Vec<String>,
    /// The server's certificate first; also of one that is not trusted.
    pub chain: Vec<Certificate>,
    /// The server's clock less this machine's, in seconds, as far as one `Date` can tell.
    pub clock_ahead: Option<i64>,
    /// Any answer will do. The error: why there was none.
    pub answer: std::result::Result<(), Error>,
}

/// Looks at `peer`. Needs a tokio runtime with time and I/O.
///
/// Errors: the trust's files cannot be used, or the proxy's address.
pub async fn probe(peer: Peer<'_>) -> Result<Probe> {
    let seen = Seen::default();
    let proxy = proxy_of(&peer);
    let addresses = if proxy.is_some() { Vec::new() } else { addresses(peer.url, peer.timeout).await };
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .http1_only()
        .connect_timeout(peer.timeout)
        .timeout(peer.timeout)
        .user_agent(concat!("fedcred/", env!("CARGO_PKG_VERSION")));
    if let Some(proxy) = peer.proxy {
        // What the configuration has checked.
        builder = builder.no_proxy().proxy(
            reqwest::Proxy::all(proxy.as_str()).map_err(|e| fault::classify(&e, peer.name, peer.trust.setting))?,
        );
    }
    let client = peer
        .trust
        .apply_seen(loopback::pin(builder, peer.url), &seen)?
        .build()
        .map_err(|e| fault::classify(&e, peer.name, peer.trust.setting))?;
    let mut root = peer.url.clone();
    root.set_path("/");
    root.set_query(None);
    root.set_fragment(None);
    let sent = time::now();
    let answer = client.head(root).send().await;
    let received = time::now();
    let date = answer.as_ref().ok().and_then(|answer| answer.headers().get(header::DATE)?.to_str().ok());
    let clock_ahead = date.and_then(time::from_http_date).map(|date| ahead(date, sent, received));
    let answer = answer.map(drop).map_err(|e| fault::classify(&e, peer.name, peer.trust.setting));
    Ok(Probe { proxy, addresses, chain: seen.chain(), clock_ahead, answer })
}

/// By how much `date`, cut to whole seconds some time between the two, cannot be explained: 0 when it lies between them.
fn ahead(date: Timestamp, sent: Timestamp, received: Timestamp) -> i64 {
    let (date, sent, received) = (date.as_second(), sent.as_second(), received.as_second());
    if date > received { date - received } else { (date + 1 - sent).min(0) }
}

fn proxy_of(peer: &Peer<'_>) -> Option<String> {
    if is_loopback(peer.url) {
        return None;
    }
    if let Some(proxy) = peer.proxy {
        return Some(format!("{} (saml.proxy)", shown(proxy).trim_end_matches('/')));
    }
    let uri: http::Uri = peer.url.as_str().parse().ok()?;
    let proxy = Matcher::from_system().intercept(&uri)?;
    let uri = proxy.uri();
    Some(format!(
        "{}://{} (from the environment or the system)",
        uri.scheme_str().unwrap_or("http"),
        uri.authority().map(|authority| authority.as_str().rsplit('@').next().unwrap_or_default()).unwrap_or_default()
    ))
}

async fn addresses(url: &Url, patience: Duration) -> Vec<String> {
    let (Some(Host::Domain(name)), Some(port)) = (url.host(), url.port_or_known_default()) else { return Vec::new() };
    // Why there is none, the request itself tells better.
    match tokio::time::timeout(patience, tokio::net::lookup_host((name, port))).await {
        Ok(Ok(found)) => {
            let mut addresses: Vec<String> = found.map(|address| address.ip().to_string()).collect();
            addresses.dedup();
            addresses.truncate(4);
            addresses
        }
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

/// The certificates that a server has shown, trusted or not.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<Vec<Vec<u8>>>>);

impl Seen {
    pub(super) fn note(&self, leaf: &CertificateDer<'_>, chain: &[CertificateDer<'_>]) {
        let all = std::iter::once(leaf).chain(chain).map(|certificate| certificate.as_ref().to_vec()).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = all;
    }

    fn chain(&self) -> Vec<Certificate> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter_map(|der| Certificate::parse(der)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_way_cannot_explain_is_a_difference_of_clocks() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        // date, sent, received, ahead
        let table =
            [(10, 10, 10, 0), (9, 10, 10, 0), (12, 10, 14, 0), (8, 10, 14, -1), (20, 10, 14, 6), (-290, 10, 10, -299)];
        for (date, sent, received, expected) in table {
            assert_eq!(ahead(at(date), at(sent), at(received)), expected, "{date} {sent} {received}");
        }
    }
}
