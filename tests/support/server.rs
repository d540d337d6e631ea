//! One HTTP listener on 127.0.0.1, in a thread and a runtime of its own, plain or TLS, with a journal of all it was
//! asked. HTTP/1.1, or HTTP/2 where TLS has negotiated it.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Uri, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use super::reply::Reply;

/// A request as it came, with the origin it was sent to.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub version: Version,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// `http://127.0.0.1:PORT` of the server that got it.
    pub origin: String,
}

impl Request {
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// `POST /login`
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of ours is ASCII"))
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.header("cookie")?.split("; ");
        pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The fields of the posted form. A field that comes twice keeps its last value.
    pub fn fields(&self) -> BTreeMap<String, String> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    pub fn field(&self, name: &str) -> Option<String> {
        self.fields().remove(name)
    }

    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.uri.query().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes()).into_owned().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

/// What decides a server's answers.
pub type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// A running server; dropping it closes the listener and every connection.
pub struct Server {
    port: u16,
    origin: String,
    seen: Arc<Seen>,
    accepting: AbortHandle,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
}

impl Server {
    /// Listens on a free port; with `tls` every connection must speak it.
    pub fn start(
        tls: Option<Arc<ServerConfig>>,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let origin = format!("{}://127.0.0.1:{port}", if tls.is_some() { "https" } else { "http" });
        let seen = Arc::new(Seen::default());
        let desk = Arc::new(Desk { origin: origin.clone(), seen: seen.clone(), handler: Box::new(handler) });

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (sender, started) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let accepting = tokio::spawn(accept(listener, tls.map(TlsAcceptor::from), desk));
                let _ = sender.send(accepting.abort_handle());
                let _ = accepting.await;
            });
            // The runtime ends here, and with it the connections that are still open.
        });
        let accepting = started.recv().map_err(io::Error::other)?;
        Ok(Server { port, origin, seen, accepting, thread: Some(thread) })
    }

    /// `http://127.0.0.1:PORT`, no slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Every request so far, in order.
    pub fn journal(&self) -> Vec<Request> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// The journal as `["GET /sso", "POST /login"]`.
    pub fn lines(&self) -> Vec<String> {
        self.journal().iter().map(Request::line).collect()
    }

    /// Connections accepted so far, those whose TLS handshake failed included.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What every connection of a server shares.
struct Desk {
    origin: String,
    seen: Arc<Seen>,
    handler: Box<Handler>,
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, desk: Arc<Desk>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener that does not block");
    while let Ok((stream, _)) = listener.accept().await {
        desk.seen.connections.fetch_add(1, Ordering::SeqCst);
        let desk = desk.clone();
        // The half that writes shuts the connection down when it is dropped, though programs that were started meanwhile have it,
        // too: on Windows they inherit what a listener has accepted.
        let (reader, writer) = stream.into_split();
        let stream = tokio::io::join(reader, writer);
        match tls.clone() {
            None => drop(tokio::spawn(serve(TokioIo::new(stream), false, desk))),
            Some(tls) => drop(tokio::spawn(async move {
                if let Ok(stream) = tls.accept(stream).await {
                    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    serve(TokioIo::new(stream), is_http2, desk).await;
                }
            })),
        }
    }
}

async fn serve<S: Read + Write + Unpin + Send + 'static>(stream: S, is_http2: bool, desk: Arc<Desk>) {
    let service = service_fn(move |request| {
        let desk = desk.clone();
        async move { answer(request, &desk).await }
    });
    // A connection ends in an error whenever the peer or a scripted fault breaks it.
    let _ = match is_http2 {
        false => hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await,
        true => hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await,
    };
}

async fn answer(
    request: hyper::Request<Incoming>,
    desk: &Desk,
) -> Result<hyper::Response<super::reply::Outgoing>, h2::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| h2::Reason::PROTOCOL_ERROR)?.to_bytes();
    let request = Request {
        method: head.method,
        uri: head.uri,
        version: head.version,
        headers: head.headers,
        body,
        origin: desk.origin.clone(),
    };
    desk.seen.requests.lock().unwrap().push(request.clone());
    let mut reply = (desk.handler)(&request);
    while let Reply::Held(gate, then) = reply {
        gate.opened().await;
        reply = *then;
    }
    match reply {
        Reply::Silence => std::future::pending().await,
        Reply::Http1Required => Err(h2::Reason::HTTP_1_1_REQUIRED.into()),
        reply => reply.into_response().ok_or(h2::Reason::CANCEL.into()),
    }
}
