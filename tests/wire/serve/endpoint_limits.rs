//! The endpoint of `serve` under clients that ask too much, too slowly, or nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::endpoint::{serve, world};
use crate::background::eventually;

#[test]
fn what_is_no_request_or_too_much_of_one_ends_the_connection() {
    let world = world();
    let (_run, client) = serve(&world, &["dev"]);
    let header =
        |bytes: usize| format!("GET / HTTP/1.1\r\nHost: {}\r\nX: {}\r\n\r\n", client.address, "x".repeat(bytes));
    let headers = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(1000));
    for (request, expected) in [
        (header(1_000_000), &[0, 431][..]),
        (headers, &[0, 431]),
        ("\0\0\0\0\r\n\r\n".to_owned(), &[0, 400]),
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(), &[400, 403]),
        (format!("GET http://{}/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", client.address), &[403]),
    ] {
        let answer = client.raw(&request);
        assert!(expected.contains(&answer.status), "{}: {:.60}", answer.status, request);
    }
    client.credentials();
}

#[test]
fn who_does_not_finish_a_request_is_not_waited_for() {
    let world = world();
    let (_run, client) = serve(&world, &["dev"]);
    client.credentials();
    let begun = format!("GET / HTTP/1.1\r\nHost: {}\r\nAuthorization: ", client.address);
    std::thread::scope(|scope| {
        for request in ["", begun.as_str()] {
            let client = &client;
            scope.spawn(move || assert!(matches!(client.raw(request).status, 0 | 408), "{request:?}"));
        }
    });
}

#[test]
fn a_body_is_not_read() {
    let world = world();
    let (_run, client) = serve(&world, &["dev"]);
    client.credentials();
    let head = format!("GET / HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n", client.address, client.token);
    // What is smuggled in a body would be a second request (CWE-444).
    let inner = format!("{head}\r\n");
    let answer = client.raw(&format!("{head}Content-Length: {}\r\n\r\n{inner}", inner.len()));
    assert_eq!(answer.body.matches("\"SecretAccessKey\"").count() + answer.body.matches("HTTP/1.1").count(), 1);
}

#[test]
fn too_many_connections_are_closed_and_the_others_served() {
    let world = world();
    let (_run, client) = serve(&world, &["dev"]);
    client.credentials();
    let request = format!("GET / HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n\r\n", client.address, client.token);
    let mut streams: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(&client.address).unwrap()).collect();
    let mut served = 0;
    for stream in &mut streams {
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut answer = [0; 12];
        if stream.write_all(request.as_bytes()).is_ok() && stream.read_exact(&mut answer).is_ok() {
            assert_eq!(&answer, b"HTTP/1.1 200");
            served += 1;
        }
    }
    assert_eq!(served, 256);
    drop(streams);
    eventually("there is room again", || {
        client.raw(&request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).status == 200
    });
}

#[test]
fn a_connection_carries_many_requests() {
    let world = world();
    let (_run, client) = serve(&world, &["dev"]);
    let one = format!("GET / HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n\r\n", client.address, client.token);
    let last = one.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let answer = client.raw(&(one.repeat(50) + &last));
    assert_eq!(answer.body.matches("\"SecretAccessKey\"").count(), 51);
}

#[test]
fn a_crowd_that_asks_nothing_does_not_keep_others_out() {
    let world = world();
    let (_run, client) = serve(&world, &["dev"]);
    client.credentials();
    let connect = || TcpStream::connect(&client.address).unwrap();
    let _idle: Vec<TcpStream> = (0..400).map(|_| connect()).collect();
    let _begun: Vec<TcpStream> = (0..400)
        .map(|_| {
            let mut stream = connect();
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: ");
            stream
        })
        .collect();
    for _ in 0..5 {
        client.credentials();
    }
}
