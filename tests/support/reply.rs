//! What a server here answers, the unfriendly ways included: silence, a hung-up connection, a body without end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::Response;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::watch;

#[derive(Clone, Debug)]
pub enum Reply {
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        payload: Payload,
    },
    /// The connection stays open and nothing comes.
    Silence,
    /// The connection is closed without an answer.
    HangUp,
    /// Over HTTP/2: the request is to be made again over HTTP/1.1.
    Http1Required,
    /// This answer, when the gate opens.
    Held(Gate, Box<Reply>),
}

/// Holds answers back until a test lets them go.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    /// Lets go what waits, and all that comes after.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(super) async fn opened(&self) {
        // The sender is ours, so the wait ends with an open gate only.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

#[derive(Clone, Debug)]
pub enum Payload {
    Whole(Bytes),
    /// The connection breaks after these bytes, although twice as many were announced.
    Cut(Bytes),
    /// A chunk, over and over, until `total` bytes went out; its length is not announced.
    Repeat {
        chunk: Bytes,
        total: usize,
    },
}

impl Reply {
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Reply {
        let headers = vec![("Content-Type".to_string(), content_type.to_string())];
        Reply::Answer { status, headers, payload: Payload::Whole(body.into()) }
    }

    /// A page, status 200.
    pub fn html(body: impl Into<Bytes>) -> Reply {
        Reply::new(200, "text/html; charset=utf-8", body)
    }

    /// A status with a line of text, as front servers send it.
    pub fn status(status: u16) -> Reply {
        Reply::new(status, "text/plain", format!("status {status}\n"))
    }

    pub fn redirect(status: u16, location: impl Into<String>) -> Reply {
        Reply::status(status).with("Location", location)
    }

    /// Adds a header; a name may come several times.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Reply {
        if let Reply::Answer { headers, .. } = &mut self {
            headers.push((name.to_string(), value.into()));
        }
        self
    }

    pub fn payload(mut self, replacement: Payload) -> Reply {
        if let Reply::Answer { payload, .. } = &mut self {
            *payload = replacement;
        }
        self
    }

    /// For hyper; `None` hangs up. Silence and waiting are the server's business.
    pub(super) fn into_response(self) -> Option<Response<Outgoing>> {
        let Reply::Answer { status, headers, payload } = self else { return None };
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value.into_bytes());
        }
        Some(response.body(Outgoing { left: payload.len(), payload }).expect("a test's headers are valid"))
    }
}

impl Payload {
    fn len(&self) -> usize {
        match self {
            Payload::Whole(bytes) | Payload::Cut(bytes) => bytes.len(),
            Payload::Repeat { total, .. } => *total,
        }
    }
}

/// A body on its way out.
pub struct Outgoing {
    payload: Payload,
    left: usize,
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            let broken = matches!(self.payload, Payload::Cut(_));
            return Poll::Ready(broken.then(|| Err(io::ErrorKind::ConnectionReset.into())));
        }
        let chunk = match &self.payload {
            Payload::Whole(bytes) | Payload::Cut(bytes) => bytes.clone(),
            Payload::Repeat { chunk, .. } => chunk.slice(..chunk.len().min(self.left)),
        };
        self.left -= chunk.len();
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.payload {
            Payload::Whole(_) => SizeHint::with_exact(self.left as u64),
            Payload::Cut(_) => SizeHint::with_exact(self.left as u64 * 2),
            Payload::Repeat { .. } => SizeHint::default(),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 && !matches!(self.payload, Payload::Cut(_))
    }
}
