//! A look at a server from outside, for `doctor`: how it is reached, what certificate it shows, what time it has. Nothing that
//! identifies anybody is sent: one HEAD for `/`.

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

/// Whom to look at.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    /// Only its origin is asked.
    pub url: &'a Url,
    /// Whom errors name: "the IdP at idp.example.com".
    pub name: &'a str,
    pub trust: Trust<'a>,
    /// In place of the environment's.
    pub proxy: Option<&'a Chosen>,
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
    /// The answer's headers, of which some tell who made the server.
    pub headers: HeaderMap,
    /// Any answer will do. The error: why there was none.
    pub answer: std::result::Result<(), Error>,
}

/// Looks at `peer`. Needs a tokio runtime with time and I/O.
///
/// Errors: the trust's files cannot be used, or the proxy's address.
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

/// By how much `date`, cut to whole seconds some time between the two, cannot be explained: 0 when it lies between them.
fn ahead(date: Timestamp, sent: Timestamp, received: Timestamp) -> i64 {
    let (date, sent, received) = (date.as_second(), sent.as_second(), received.as_second());
    if date > received { date - received } else { (date + 1 - sent).min(0) }
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
