//! The loopback redirect: one page on loopback that takes the answer to an authorization request (RFC 8252 §7.3).
//!
//! Anybody on this machine can connect. Only a request for the right path with the right state counts. All others are refused
//! and the wait goes on, so nobody can end a login or put in another answer. Nor can anybody keep the browser out: a new
//! connection replaces one that has sent no request ([`crate::process::peers`]).

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::error::{Code, Error, Result, printable};
use crate::host_name::is_loopback;
use crate::process::peers::{self, Crowd, Stage};
use crate::secret::Secret;
use crate::time::Deadline;

/// A browser's request head is a few KiB.
const MAX_HEAD: usize = 16 << 10;
/// Limit of one connection. Browsers open connections in advance and may leave them unused.
const CONNECTION: Duration = Duration::from_secs(10);
const CONNECTIONS: usize = 64;

/// A page that waits for the browser.
#[derive(Debug)]
pub struct Callback {
    listener: TcpListener,
    address: IpAddr,
    /// The redirect URI of the requests, with the port that is open.
    pub redirect_uri: Url,
}

#[derive(Debug)]
pub struct Answered {
    pub code: Secret,
    /// `iss` of the answer (RFC 9207).
    pub issuer: Option<String>,
}

#[derive(Debug)]
enum Visit {
    Answer(Answered),
    /// The provider's own refusal.
    Refused(Error),
    /// Another path, such as `/favicon.ico` of a browser.
    Elsewhere,
    /// Not from this login.
    Forged,
}

impl Callback {
    /// Listens at `redirect_uri`, on its port or, without one, on any.
    pub fn open(redirect_uri: &Url) -> Result<Self> {
        let unusable = |why: String| {
            Error::new(Code::InvalidValue, format!("cannot wait for the browser at {redirect_uri}"))
                .because(why)
                .hint("set `redirect_uri` to one that the provider knows, http://127.0.0.1/… or http://localhost/…")
        };
        if redirect_uri.scheme() != "http" || !is_loopback(redirect_uri) {
            return Err(unusable("it is not plain http on this machine".into()));
        }
        let address = match redirect_uri.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let wanted = SocketAddr::new(address, redirect_uri.port().unwrap_or(0));
        let listen = || {
            let listener = StdListener::bind(wanted)?;
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?.port(), TcpListener::from_std(listener)?))
        };
        let (port, listener) = listen().map_err(|e: io::Error| unusable(e.to_string()))?;
        let mut redirect_uri = redirect_uri.clone();
        // A port of a loopback http URL can always be set.
        let _ = redirect_uri.set_port(Some(port));
        Ok(Callback { listener, address, redirect_uri })
    }

    /// Waits for the browser to come back with this state.
    pub async fn wait(&self, state: &str, deadline: &Deadline) -> Result<Answered> {
        let expected = Arc::new((self.redirect_uri.path().to_owned(), state.to_owned()));
        let ours = SocketAddr::new(self.address, self.redirect_uri.port().unwrap_or_default());
        let (mut open, mut crowd) = (JoinSet::new(), Crowd::new(CONNECTIONS));
        let coming = std::future::poll_fn(|context| {
            loop {
                match self.listener.poll_accept(context) {
                    Poll::Ready(Ok((stream, peer))) => {
                        if peers::is_ours(ours, peer) && crowd.make_room() {
                            let stage = Arc::new(Stage::default());
                            crowd.add(open.spawn(receive(stream, expected.clone(), stage.clone())), stage);
                        }
                    }
                    // Most likely no descriptor is free: a connection without a request is closed.
                    Poll::Ready(Err(why)) if crowd.end_one() => {
                        tracing::warn!(%why, "a connection is not accepted");
                        context.waker().wake_by_ref();
                        break;
                    }
                    Poll::Ready(Err(why)) => {
                        let error =
                            Error::new(Code::Connect, "the browser cannot return to fedcred").because(why.to_string());
                        return Poll::Ready(Err(error));
                    }
                    Poll::Pending => break,
                }
            }
            while let Poll::Ready(Some(received)) = open.poll_join_next(context) {
                match received {
                    Ok(Some(Visit::Answer(answered))) => return Poll::Ready(Ok(answered)),
                    Ok(Some(Visit::Refused(error))) => return Poll::Ready(Err(error)),
                    Ok(Some(Visit::Elsewhere | Visit::Forged) | None) | Err(_) => {}
                }
            }
            Poll::Pending
        });
        match tokio::time::timeout(deadline.remaining(), coming).await {
            Ok(outcome) => outcome,
            Err(_) => Err(deadline.error("waiting for the login in the browser").hint("log in again")),
        }
    }
}

/// Serves one connection with one request. `None` if no request came.
async fn receive(mut stream: TcpStream, expected: Arc<(String, String)>, stage: Arc<Stage>) -> Option<Visit> {
    let (path, state) = &*expected;
    let talk = async {
        let head = read_head(&mut stream).await?;
        stage.asked();
        let visit = visit(&head, path, state);
        stream.write_all(page(&visit).as_bytes()).await.ok()?;
        Some(visit)
    };
    tokio::time::timeout(CONNECTION, talk).await.ok()?
}

/// Reads the request up to its empty line. The query holds the code.
async fn read_head(stream: &mut TcpStream) -> Option<Secret> {
    // Never reallocated, so that no copy of the code stays behind.
    let mut head = Zeroizing::new(Vec::with_capacity(MAX_HEAD));
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if head.len() >= MAX_HEAD || stream.read_buf(&mut *head).await.ok()? == 0 {
            return None;
        }
    }
    String::from_utf8(std::mem::take(&mut *head)).ok().map(Secret::new)
}

/// Classifies a request by its first line.
fn visit(head: &Secret, path: &str, state: &str) -> Visit {
    let line = head.expose().lines().next().unwrap_or_default();
    let target = line.strip_prefix("GET ").and_then(|rest| rest.strip_suffix(" HTTP/1.1"));
    let Some((asked, query)) = target.and_then(|target| target.split_once('?')) else { return Visit::Elsewhere };
    if asked != path {
        return Visit::Elsewhere;
    }
    // A parameter must not occur twice (RFC 6749 §3.1).
    let one = |name: &str| {
        let mut values = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
        let value = values.next()?.1.into_owned();
        values.next().is_none().then_some(value)
    };
    if one("state").as_deref() != Some(state) {
        return Visit::Forged;
    }
    if let Some(error) = one("error") {
        let said = one("error_description").map_or(error.clone(), |description| format!("{error}: {description}"));
        let refused = Error::new(Code::TokenRefused, "the login was refused in the browser");
        return Visit::Refused(refused.because(format!("the provider says {}", printable(&said, 200))));
    }
    match one("code") {
        Some(code) => Visit::Answer(Answered { code: Secret::new(code), issuer: one("iss") }),
        None => Visit::Forged,
    }
}

/// The page for the browser. It contains nothing of the request, and its address is neither cached nor sent as Referer.
fn page(visit: &Visit) -> String {
    let (status, text) = match visit {
        Visit::Answer(_) => ("200 OK", "You are logged in. This window can be closed."),
        Visit::Refused(_) => ("200 OK", "The login was refused. See the terminal."),
        Visit::Elsewhere => ("404 Not Found", "Nothing is served at this address."),
        Visit::Forged => ("400 Bad Request", "This is not the login that was started."),
    };
    let body = format!("<!doctype html><title>fedcred</title><p>{text}\n");
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::oidc::stub::run;
    use std::io::{Read, Write};

    fn seen(line: &str) -> String {
        let head = Secret::new(format!("{line}\r\nHost: 127.0.0.1\r\n\r\n"));
        match visit(&head, "/callback", "S") {
            Visit::Answer(answered) => {
                format!("code {} from {}", answered.code.expose(), answered.issuer.unwrap_or_default())
            }
            Visit::Refused(error) => format!("refused, {}", error.causes.join("")),
            Visit::Elsewhere => "elsewhere".into(),
            Visit::Forged => "forged".into(),
        }
    }

    #[test]
    fn only_the_answer_to_our_own_request_counts() {
        let table = [
            ("GET /callback?code=a%2Bb&state=S HTTP/1.1", "code a+b from "),
            ("GET /callback?state=S&code=c&iss=https%3A%2F%2Fidp HTTP/1.1", "code c from https://idp"),
            (
                "GET /callback?error=access_denied&error_description=no%1b%5b&state=S HTTP/1.1",
                "refused, the provider says access_denied: no [",
            ),
            ("GET /callback?code=c&state=T HTTP/1.1", "forged"),
            ("GET /callback?code=c HTTP/1.1", "forged"),
            ("GET /callback?error=access_denied HTTP/1.1", "forged"),
            ("GET /callback?code=c&state=S&state=T HTTP/1.1", "forged"),
            ("GET /callback?code=c&code=d&state=S HTTP/1.1", "forged"),
            ("GET /callback?state=S HTTP/1.1", "forged"),
            ("POST /callback?code=c&state=S HTTP/1.1", "elsewhere"),
            ("GET /callback HTTP/1.1", "elsewhere"),
            ("GET /callback/?code=c&state=S HTTP/1.1", "elsewhere"),
            ("GET /favicon.ico HTTP/1.1", "elsewhere"),
            ("GET http://x/callback?code=c&state=S HTTP/1.1", "elsewhere"),
            ("", "elsewhere"),
        ];
        for (line, expected) in table {
            assert_eq!(seen(line), expected, "{line}");
        }
    }

    #[test]
    fn idle_broken_and_forged_connections_do_not_keep_the_browser_out() {
        let (answered, page) = run(async {
            let callback = Callback::open(&Url::parse("http://127.0.0.1/callback").unwrap()).unwrap();
            let port = callback.redirect_uri.port().unwrap();
            let browser = std::thread::spawn(move || {
                let connect = || std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
                let idle = connect();
                drop(connect());
                connect().write_all(&[b'x'; 40_000]).ok();
                let get = |target: &str| {
                    let mut stream = connect();
                    write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
                    let mut page = String::new();
                    stream.read_to_string(&mut page).unwrap();
                    page
                };
                assert!(get("/favicon.ico").starts_with("HTTP/1.1 404 "));
                assert!(get("/callback?code=forged&state=T").starts_with("HTTP/1.1 400 "));
                let page = get("/callback?code=right&state=S");
                drop(idle);
                page
            });
            let answered = callback.wait("S", &Deadline::after(Duration::from_secs(20))).await.unwrap();
            (answered, browser.join().unwrap())
        });
        assert_eq!(answered.code.expose(), "right");
        assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("logged in") && !page.contains("right"), "{page}");
    }

    #[test]
    fn a_crowd_that_asks_nothing_does_not_keep_the_browser_out() {
        let answered = run(async {
            let callback = Callback::open(&Url::parse("http://127.0.0.1/callback").unwrap()).unwrap();
            let port = callback.redirect_uri.port().unwrap();
            let browser = std::thread::spawn(move || {
                let connect = || std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
                let idle: Vec<_> = (0..400).map(|_| connect()).collect();
                let mut stream = connect();
                write!(stream, "GET /callback?code=right&state=S HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
                let mut page = String::new();
                stream.read_to_string(&mut page).unwrap();
                drop(idle);
                page
            });
            let answered = callback.wait("S", &Deadline::after(Duration::from_secs(20))).await.unwrap();
            assert!(browser.join().unwrap().contains("logged in"));
            answered
        });
        assert_eq!(answered.code.expose(), "right");
    }

    #[test]
    #[cfg_attr(windows, ignore = "wine has one space of ports for IPv4 and IPv6")]
    fn the_way_back_is_on_this_machine_and_its_absence_has_an_end() {
        run(async {
            for uri in ["https://127.0.0.1/", "http://example.com/", "http://0.0.0.0/", "urn:ietf:wg:oauth:2.0:oob"] {
                assert_eq!(Callback::open(&Url::parse(uri).unwrap()).unwrap_err().code, Code::InvalidValue, "{uri}");
            }
            let callback = Callback::open(&Url::parse("http://localhost/x").unwrap()).unwrap();
            let taken = Callback::open(&callback.redirect_uri).unwrap_err();
            assert!(taken.causes[0].contains("in use"), "{taken:?}");
            let late = callback.wait("S", &Deadline::after(Duration::from_millis(20))).await.unwrap_err();
            assert_eq!(late.code, Code::Timeout);
        });
    }
}
