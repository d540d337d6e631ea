//! A client of the container endpoint, as plain as one can be.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// Where credentials are and what to show for them, as the environment of an SDK says it.
#[derive(Clone, Debug)]
pub struct Client {
    pub address: String,
    pub path: String,
    pub token: String,
}

#[cfg_attr(windows, allow(dead_code, reason = "as above"))]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

#[cfg_attr(windows, allow(dead_code, reason = "some of it is for the endpoint of Unix alone"))]
impl Client {
    /// From `NAME=value` lines.
    pub fn of(lines: &str) -> Client {
        let value = |name: &str| {
            let line = lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.unwrap_or_else(|| panic!("no {name} in:\n{lines}")).to_owned()
        };
        let url = value("AWS_CONTAINER_CREDENTIALS_FULL_URI");
        let url = url.strip_prefix("http://").unwrap();
        let (address, path) = url.split_at(url.find('/').unwrap());
        // Some clients know the one variable, some the other.
        let token = value("AWS_CONTAINER_AUTHORIZATION_TOKEN");
        assert_eq!(std::fs::read_to_string(value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")).unwrap().trim(), token);
        Client { address: address.to_owned(), path: path.to_owned(), token }
    }

    /// As an SDK asks.
    pub fn ask(&self) -> Answer {
        self.send("GET", &self.path, &[("Host", &self.address), ("Authorization", &self.token)])
    }

    /// The credentials that are there.
    pub fn credentials(&self) -> Value {
        let answer = self.ask();
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.raw(&format!("{method} {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n"))
    }

    /// Whatever it answers to these bytes; status 0: nothing.
    pub fn raw(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("the endpoint listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // It may have been refused before it is written as a whole.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8(answer).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub fn listens(&self) -> bool {
        TcpStream::connect(&self.address).is_ok()
    }
}
