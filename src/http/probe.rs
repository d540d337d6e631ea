//! Examines a server for `doctor`: how it is reached, its certificate, and its time. Sends one HEAD for `/`, and nothing that
//! identifies anybody.

use std::time::Duration;

use http::HeaderMap;
use url::{Host, Url};

use super::proxy::Chosen;
use super::tls::Trust;
use super::transport::{Transport, Way};
use crate::error::{Error, Result};
use crate::time::{self, Timestamp};
use crate::x509::Certificate;

/// The answer to a HEAD has no body.
const MAX_BODY: usize = 1 << 20;

/// The server to examine.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    /// Only its origin is used.
    pub url: &'a Url,
    /// The name in errors: "the IdP at idp.example.com".
    pub name: &'a str,
    pub trust: Trust<'a>,
    /// The proxy in place of the environment's.
    pub proxy: Option<&'a Chosen>,
    pub timeout: Duration,
}

/// The result of an examination.
#[derive(Debug)]
pub struct Probe {
    /// The proxy that was used, without user name and password.
    pub proxy: Option<String>,
    /// The addresses of the server's name; empty if a proxy looks it up.
    pub addresses: Vec<String>,
    /// The server's certificates, its own first, also if they are not trusted.
    pub chain: Vec<Certificate>,
    /// The server's time minus this machine's, in seconds, as far as a `Date` shows it.
    pub clock_ahead: Option<i64>,
    /// The answer's headers, some of which identify the server's software.
    pub headers: HeaderMap,
    /// Ok for any answer. The error says why there was none.
    pub answer: std::result::Result<(), Error>,
}

/// Examines `peer`. Needs a tokio runtime with time and I/O.
///
/// Fails if a file of the trust or the address of the proxy cannot be used.
pub async fn probe(peer: Peer<'_>) -> Result<Probe> {
    let way = Way { proxy: peer.proxy.cloned(), read: Some(peer.timeout), ..Way::new(peer.timeout, MAX_BODY) };
    let transport = Transport::new(peer.url, &peer.trust, way)?;
    let proxy = transport.proxy(peer.url).map(|proxy| format!("{} ({})", proxy.address(), proxy.setting()));
    let addresses = if proxy.is_some() { Vec::new() } else { addresses(peer.url, peer.timeout).await };
    let mut root = peer.url.clone();
    root.set_path("/");
    root.set_query(None);
    root.set_fragment(None);
    let mut request = reqwest::Request::new(reqwest::Method::HEAD, root);
    *request.timeout_mut() = Some(peer.timeout);
    let sent = time::now();
    let answer = transport.send(request, peer.name).await;
    let received = time::now();
    let date = answer.as_ref().ok().and_then(|reply| reply.date);
    let clock_ahead = date.map(|date| ahead(date, sent, received));
    let chain = transport.handshakes().chain().iter().filter_map(|der| Certificate::parse(der)).collect();
    let (headers, answer) = match answer {
        Ok(reply) => (reply.headers, Ok(())),
        Err(failure) => (HeaderMap::new(), Err(failure.error)),
    };
    Ok(Probe { proxy, addresses, chain, clock_ahead, headers, answer })
}

/// Returns the least difference of the clocks that explains `date`, which is cut to whole seconds: 0 if it is between the two.
fn ahead(date: Timestamp, sent: Timestamp, received: Timestamp) -> i64 {
    let (date, sent, received) = (date.as_second(), sent.as_second(), received.as_second());
    if date > received { date - received } else { (date + 1 - sent).min(0) }
}

async fn addresses(url: &Url, patience: Duration) -> Vec<String> {
    let (Some(Host::Domain(name)), Some(port)) = (url.host(), url.port_or_known_default()) else { return Vec::new() };
    // The request itself reports why there is none.
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
