//! Sends requests and reads answers for all clients: those of identity providers, token services, STS and secrets backends
//! differ in what they request, not in how it is sent.
//!
//! Follows no redirect and keeps no cookie. Decodes gzip, deflate, Brotli and Zstandard; uses HTTP/2 if the server and the
//! login allow it. An answer that is cut off is a broken connection; one whose connection ends without TLS's close_notify is
//! accepted if it is complete.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use super::encoding::{self, text};
use super::fault::{self, Failure, Peer};
use super::handshake::Handshakes;
use super::proxy::{Chosen, Proxy, Refusal};
use super::retry::Attempt;
use super::tls::Trust;
use crate::attempt::{self, Shown};
use crate::error::{Code, Error, Result, printable};
use crate::host_name::{LOCALHOST, is_loopback};
use crate::time::{self, Timestamp};

/// The user agent of all requests but those that have to look like a browser's.
const USER_AGENT: &str = concat!("fedcred/", env!("CARGO_PKG_VERSION"));

/// How requests of one kind are sent.
#[derive(Clone, Debug)]
pub struct Way {
    pub user_agent: String,
    /// The proxy in place of the system's.
    pub proxy: Option<Chosen>,
    /// Uses no proxy, as is always the case for this machine.
    pub is_direct: bool,
    /// HTTP/1.1 and one connection, as Negotiate needs it: some servers bind that to the connection (RFC 4559 §6).
    pub is_http1: bool,
    /// Limit for making a connection.
    pub connect: Duration,
    /// Limit between two reads.
    pub read: Option<Duration>,
    /// Most bytes of an answer, decoded.
    pub max_body: usize,
}

impl Way {
    pub fn new(connect: Duration, max_body: usize) -> Self {
        let user_agent = USER_AGENT.to_owned();
        Way { user_agent, proxy: None, is_direct: false, is_http1: false, connect, read: None, max_body }
    }
}

/// Sends requests of one kind. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Transport {
    client: reqwest::Client,
    way: Way,
    tls: rustls::ClientConfig,
    /// Used in place of `client` once a server has required HTTP/1.1.
    http1: Arc<OnceLock<reqwest::Client>>,
    handshakes: Handshakes,
    setting: &'static str,
}

/// A whole answer, whatever its status.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Zeroizing<Vec<u8>>,
    /// The server's time, in whole seconds.
    pub date: Option<Timestamp>,
    /// DER of the server's certificate, if TLS was used.
    pub certificate: Option<Vec<u8>>,
}

impl Transport {
    /// Prepares requests to `url`, and to other addresses unless `url` is of this machine. Connects at the first request.
    ///
    /// Fails if a file of `trust` or the address of a proxy cannot be used.
    pub fn new(url: &Url, trust: &Trust<'_>, way: Way) -> Result<Self> {
        let way = Way { is_direct: way.is_direct || is_loopback(url), ..way };
        let handshakes = Handshakes::default();
        let tls = trust.config(&handshakes)?;
        let client = client(&way, &tls, way.is_http1)?;
        Ok(Transport { client, way, tls, http1: Arc::default(), handshakes, setting: trust.setting })
    }

    /// What servers have shown in TLS handshakes.
    pub fn handshakes(&self) -> &Handshakes {
        &self.handshakes
    }

    /// The proxy for `url`.
    pub fn proxy(&self, url: &Url) -> Option<Proxy> {
        if self.way.is_direct { None } else { Proxy::of(url, self.way.proxy.as_ref()) }
    }

    /// Sends one request and reads the whole answer. `peer` is the name in errors. Needs a tokio runtime with time and I/O.
    pub async fn send(&self, request: reqwest::Request, peer: &str) -> std::result::Result<Reply, Failure> {
        let url = request.url().clone();
        if let Some(error) = self.proxy(&url).and_then(|proxy| proxy.kept_back()) {
            return Err(Failure { error, is_unsent: true, may_pass: false });
        }
        let again = request.try_clone();
        let response = match self.http1.get().unwrap_or(&self.client).execute(request).await {
            Err(e) if fault::wants_http1(&e) && !self.way.is_http1 => match (again, self.over_http1()) {
                (Some(again), Ok(client)) => client.execute(again).await,
                (_, Err(error)) => return Err(Failure::lasting(error)),
                (None, _) => Err(e),
            },
            outcome => outcome,
        };
        match response {
            Ok(response) => self.read(response, &url, peer).await,
            Err(e) => Err(self.failure(&e, &url, peer).await),
        }
    }

    /// Makes one of several attempts: notes whether `secrets`, which the request carries, left this machine, and says whether the
    /// request may be sent again. One that is not harmless may only if no connection was made.
    pub async fn attempt(
        &self,
        request: reqwest::Request,
        peer: &str,
        secrets: impl Iterator<Item = &attempt::Attempt> + Clone,
        is_harmless: bool,
    ) -> Attempt<Reply> {
        secrets.clone().for_each(attempt::Attempt::leaves);
        let sent = self.send(request, peer).await;
        let is_unsent = matches!(&sent, Err(Failure { is_unsent: true, .. }));
        secrets.for_each(if is_unsent { attempt::Attempt::did_not_leave } else { attempt::Attempt::left });
        match sent {
            Ok(answer) if is_harmless => {
                let retry_after = answer.header(header::RETRY_AFTER).map(str::to_owned);
                Attempt::Answered { status: answer.status, retry_after, answer }
            }
            Ok(answer) => Attempt::Final(Ok(answer)),
            Err(Failure { error, is_unsent, may_pass: true }) if is_harmless || is_unsent => {
                Attempt::Failed { error, is_connect: is_unsent }
            }
            Err(Failure { error, .. }) => Attempt::Final(Err(error)),
        }
    }

    async fn read(
        &self,
        mut response: reqwest::Response,
        url: &Url,
        peer: &str,
    ) -> std::result::Result<Reply, Failure> {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        if let Some(proxy) = self.proxy(url) {
            if status == 407 {
                let Refusal { error, shown, may_repeat: _ } = proxy.of_answer(&headers);
                proxy.note(shown, Some(&error));
                return Err(Failure { error, is_unsent: true, may_pass: false });
            }
            proxy.note(Shown::Accepted, None);
        }
        let mut body = Zeroizing::new(Vec::new());
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.way.max_body => {
                    return Err(Failure::lasting(fault::too_large(peer, self.way.max_body)));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // RFC 9112 §9.8: an answer that only the connection's end delimits may have been cut by somebody on the way.
                Err(e) if fault::is_without_close_notify(&e) && is_delimited_by_end(&headers) && is_whole(&body) => {
                    break;
                }
                Err(e) => return Err(self.failure(&e, url, peer).await),
            }
        }
        let body = encoding::plain(&headers, body, self.way.max_body, peer)?;
        if status == 403 && body.windows(LATE.len()).any(|words| words == LATE) {
            return Err(Failure::lasting(fault::late_handshake(peer)));
        }
        let shown = response.extensions().get::<reqwest::tls::TlsInfo>().and_then(|info| info.peer_certificate());
        let is_tls = url.scheme() == "https";
        let noted = || url.host_str().filter(|_| is_tls).and_then(|host| self.handshakes.leaf_of(host));
        Ok(Reply {
            status,
            body,
            date: text(&headers, header::DATE).and_then(time::from_http_date),
            // reqwest returns the certificate only if no proxy is used.
            certificate: shown.map(<[u8]>::to_vec).or_else(noted),
            headers,
        })
    }

    async fn failure(&self, error: &reqwest::Error, url: &Url, peer: &str) -> Failure {
        let proxy = self.proxy(url);
        if let Some(proxy) = &proxy {
            if let Some(Refusal { error, shown, may_repeat }) = proxy.explain(error, url, &self.tls).await {
                proxy.note(shown, Some(&error));
                return Failure { error, is_unsent: true, may_pass: may_repeat };
            }
            proxy.note(Proxy::shown_by(error), None);
        }
        let peer = Peer { name: peer, setting: self.setting, handshakes: &self.handshakes };
        let told = fault::classify(error, peer);
        let told = match &proxy {
            Some(proxy) if matches!(told.code, Code::Connect | Code::Timeout) => {
                told.because(format!("the connection uses the proxy {}", proxy.address()))
            }
            Some(_) | None => told,
        };
        Failure { error: told, is_unsent: error.is_connect(), may_pass: fault::worth_a_retry(error) }
    }

    fn over_http1(&self) -> Result<&reqwest::Client> {
        if self.http1.get().is_none() {
            let _ = self.http1.set(client(&self.way, &self.tls, true)?);
        }
        Ok(self.http1.get().unwrap_or(&self.client))
    }
}

impl Reply {
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        text(&self.headers, name)
    }
}

/// The text of Apache's page if it cannot ask for a client certificate in an established TLS 1.3 connection.
const LATE: &[u8] = b"Post-Handshake Authentication";

fn client(way: &Way, tls: &rustls::ClientConfig, is_http1: bool) -> Result<reqwest::Client> {
    let mut tls = tls.clone();
    tls.alpn_protocols = if is_http1 { vec![b"http/1.1".to_vec()] } else { vec![b"h2".to_vec(), b"http/1.1".to_vec()] };
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(way.connect)
        .user_agent(&way.user_agent)
        .default_headers(HeaderMap::from_iter([(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static(encoding::ASKED_FOR),
        )]))
        .tls_backend_preconfigured(tls)
        .tls_info(true);
    if let Some(read) = way.read {
        builder = builder.read_timeout(read);
    }
    if is_http1 {
        builder = builder.http1_only().pool_max_idle_per_host(1);
    }
    builder = match &way.proxy {
        _ if way.is_direct => builder.no_proxy(),
        None => builder,
        Some(Chosen { url, setting }) => builder.no_proxy().proxy(reqwest::Proxy::all(url.as_str()).map_err(|_| {
            Error::new(Code::InvalidValue, format!("`{setting}` is not a proxy's URL"))
                .hint("write it as http://host:port or socks5h://host:port")
        })?),
    };
    pinned(builder)
        .build()
        .map_err(|e| Error::new(Code::Bug, "no HTTP client can be made").because(printable(&e.to_string(), 200)))
}

/// Resolves `localhost` to the loopback addresses (RFC 6761 §6.3), whatever the resolver says.
fn pinned(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    // Port 0 stands for the port of the URL.
    let here = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
    builder.resolve_to_addrs(LOCALHOST, &here).resolve_to_addrs(&format!("{LOCALHOST}."), &here)
}

fn is_delimited_by_end(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::CONTENT_LENGTH) && !headers.contains_key(header::TRANSFER_ENCODING)
}

/// Whether an HTML, XML or JSON document is complete, as far as its end shows.
fn is_whole(body: &[u8]) -> bool {
    let body = body.trim_ascii_end();
    let last_tag = body.iter().rposition(|byte| *byte == b'<').map(|at| &body[at..]);
    match body.last() {
        Some(b'>') => last_tag.is_some_and(|tag| tag.starts_with(b"</")),
        Some(b'}') => true,
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_whole_where_it_closes_what_it_opened() {
        let table: [(&str, bool); 8] = [
            ("<html><body>x</body></html>\r\n", true),
            ("<form><input></form>", true),
            ("{\"a\": 1}\n", true),
            ("<html><body><input name=\"a\">", false),
            ("<html><body>x</bo", false),
            ("<html><body>x", false),
            ("{\"a\": ", false),
            ("", false),
        ];
        for (body, expected) in table {
            assert_eq!(is_whole(body.as_bytes()), expected, "{body:?}");
        }
    }
}
