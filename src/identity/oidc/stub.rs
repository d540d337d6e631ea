//! For tests: an HTTP/1.1 service on loopback that answers by a closure and keeps what it was sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Sent {
    /// `POST /token`, without the query.
    pub line: String,
    pub query: String,
    headers: Vec<(String, String)>,
    pub body: String,
    fields: Vec<(String, String)>,
}

pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: String,
}

pub struct Stub {
    authority: String,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Sent {
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// A field of the posted form.
    pub fn field(&self, name: &str) -> Option<&str> {
        find(&self.fields, name)
    }
}

impl Stub {
    /// Answers with a status and JSON.
    pub fn start(answer: impl Fn(&Sent) -> (u16, Value) + Send + 'static) -> Stub {
        Stub::start_replying(move |sent| {
            let (status, body) = answer(sent);
            Reply { status, headers: vec![("Content-Type", "application/json")], body: body.to_string() }
        })
    }

    pub fn start_replying(answer: impl Fn(&Sent) -> Reply + Send + 'static) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let sent: Arc<Mutex<Vec<Sent>>> = Arc::default();
        let journal = sent.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                // A connection that was opened and not used is none.
                let Some(request) = receive(&stream) else { continue };
                journal.lock().unwrap().push(request.clone());
                let _ = respond(stream, &answer(&request));
            }
        });
        Stub { authority, sent }
    }

    /// `127.0.0.1:PORT`
    pub fn authority(&self) -> &str {
        &self.authority
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority)
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }
}

/// Runs a future as the miss path does.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn receive(stream: &TcpStream) -> Option<Sent> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned()).filter(|line| !line.is_empty())
    };
    let request = line()?;
    let (method, target) = request.strip_suffix(" HTTP/1.1")?.split_once(' ')?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, String)> = std::iter::from_fn(line)
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())))
        .collect();
    let length = find(&headers, "content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let fields = url::form_urlencoded::parse(&body).into_owned().collect();
    let body = String::from_utf8(body).unwrap();
    Some(Sent { line: format!("{method} {path}"), query: query.to_owned(), headers, body, fields })
}

fn respond(mut stream: TcpStream, reply: &Reply) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n", reply.status, reply.body.len())?;
    for (name, value) in &reply.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "\r\n{}", reply.body)
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
