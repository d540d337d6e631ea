//! Remote control of the lab's servers, over HTTP/1.0, so that an answer ends with its connection.

use std::io::{Read, Write};
use std::net::TcpStream;

pub fn get(origin: &str, target: &str) -> String {
    succeed(origin, &format!("GET {target} HTTP/1.0\r\n\r\n"))
}

pub fn post(origin: &str, target: &str, json: &str) -> String {
    let head =
        format!("POST {target} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", json.len());
    succeed(origin, &(head + json))
}

fn succeed(origin: &str, request: &str) -> String {
    let address = origin.strip_prefix("http://").expect("a plain URL");
    let mut stream = TcpStream::connect(address).expect("the lab's server answers");
    stream.write_all(request.as_bytes()).expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer is text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    assert!(head.contains(" 200 "), "{}: {head}", request.lines().next().unwrap_or_default());
    body.to_owned()
}
