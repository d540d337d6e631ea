//! How answers arrive, whoever is asked: encoded, cut short, over HTTP/2.

use std::io::Write;

use crate::support::assertion::Assertion;
use crate::support::idp::{Site, assertion_page, at_first, login_page};
use crate::support::raw::Raw;
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::support::tls::{Authority, LOOPBACK_NAMES};
use crate::support::{idp, pages};
use crate::world::World;

fn page() -> Vec<u8> {
    let assertion = Assertion::default().base64();
    pages::auto_submit("https://signin.aws.amazon.com/saml", &[("SAMLResponse", &assertion)]).into_bytes()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// One uncompressed meta-block (RFC 7932 §9.2), and the empty last one.
fn brotli(text: &[u8]) -> Vec<u8> {
    let head = ((text.len() as u32 - 1) << 4) | 1 << 20;
    [&head.to_le_bytes()[..3], text, &[3]].concat()
}

/// One raw block in a frame that tells its size (RFC 8878 §3.1.1).
fn zstd(text: &[u8]) -> Vec<u8> {
    let size = text.len() as u32;
    [&[0x28, 0xb5, 0x2f, 0xfd, 0xa0], &size.to_le_bytes()[..], &(size << 3 | 1).to_le_bytes()[..3], text].concat()
}

#[test]
fn what_is_encoded_as_we_ask_for_is_read() {
    let page = page();
    let encoded = [("gzip", gzip(&page)), ("deflate", deflate(&page)), ("br", brotli(&page)), ("zstd", zstd(&page))];
    for (name, body) in encoded {
        let answer = Reply::html(body).with("Content-Encoding", name);
        let world = World::open(Site::new().get("/sso", move |_: &Request| answer.clone()));
        world.get().succeeds();
        assert!(world.idp.journal()[0].header("accept-encoding").is_some_and(|asked| asked.contains(name)), "{name}");
    }
}

#[test]
fn deflate_without_the_frame_of_zlib_is_read_too_and_asked_for_again_where_it_is_cut() {
    let page = page();
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&page).unwrap();
    let raw = encoder.finish().unwrap();
    let zlib = deflate(&page);
    for whole in [&raw, &zlib] {
        for cut in [whole.len(), whole.len() / 2] {
            let (whole, cut) = (whole.clone(), whole[..cut].to_vec());
            let answers = at_first(
                1,
                Reply::html(cut).with("Content-Encoding", "deflate"),
                Reply::html(whole).with("Content-Encoding", "Deflate"),
            );
            World::open(Site::new().get("/sso", answers)).get().succeeds();
        }
    }
    // Some servers only say that they do.
    World::open(Site::new().get("/sso", Reply::html(page).with("Content-Encoding", "deflate"))).get().succeeds();
    let broken = Reply::html(b"\xff\xff\xff\xff".to_vec()).with("Content-Encoding", "deflate");
    World::open(Site::new().get("/sso", broken)).get().fails_as("http-unexpected").saying("cannot be decoded");
}

#[test]
fn another_encoding_is_named() {
    let answer = Reply::html(gzip(&page())).with("Content-Encoding", "compress");
    let world = World::open(Site::new().get("/sso", answer));
    world.get().fails_as("http-unexpected").saying("compress");
    assert_eq!(world.idp.journal().len(), 1);
}

#[test]
fn an_answer_that_is_cut_short_is_asked_for_again() {
    let (page, zipped) = (page(), gzip(&page()));
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
    let with = |lines: &str, body: Vec<u8>| [format!("{head}{lines}\r\n").into_bytes(), body].concat();
    let table = [
        ("a length that is not reached", with("Content-Length: 99999\r\n", page.clone())),
        ("a chunk that is cut", with("Transfer-Encoding: chunked\r\n", b"ffff\r\n<html>".to_vec())),
        ("chunks without the last one", with("Transfer-Encoding: chunked\r\n", b"6\r\n<html>\r\n".to_vec())),
        (
            "a gzip stream without its end",
            with(&format!("Content-Encoding: gzip\r\nContent-Length: {}\r\n", half(&zipped).len()), half(&zipped)),
        ),
        (
            "gzip, and a length that is not reached",
            with(&format!("Content-Encoding: gzip\r\nContent-Length: {}\r\n", zipped.len()), half(&zipped)),
        ),
        ("a head that is cut", b"HTTP/1.1 200 OK\r\nContent-".to_vec()),
        ("nothing", Vec::new()),
    ];
    for (what, cut) in table {
        let whole = with(&format!("Content-Length: {}\r\n", page.len()), page.clone());
        let peer = Raw::start(move |number, _| if number == 0 { cut.clone() } else { whole.clone() });
        let world = World::open(Site::new()).set("saml.idp_url", format!("http://{}/sso", peer.authority()));
        let run = world.get();
        assert_eq!(run.status, Some(0), "{what}: {}", run.stderr);
        assert_eq!(peer.heard().len(), 2, "{what}");
    }
}

#[test]
fn a_password_is_not_sent_again_for_an_answer_that_was_cut_short() {
    let login = pages::login_form("/login").into_bytes();
    let head = |length: usize| {
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n")
    };
    let peer = Raw::start(move |_, heard| match heard.starts_with(b"GET ") {
        true => [head(login.len()).as_bytes(), &login].concat(),
        false => [head(99999).as_bytes(), b"<html>"].concat(),
    });
    let world = World::form(Site::new()).set("saml.idp_url", format!("http://{}/sso", peer.authority()));
    world.get().fails_as("connect").saying("ended before its end");
    assert_eq!(peer.times("POST /login"), 1);
}

/// A server that ends its answer with the connection, and the connection without a close_notify.
fn without_close_notify(authority: &Authority, body: Vec<u8>) -> Raw {
    let config = authority.server(LOOPBACK_NAMES);
    Raw::serve(move |_, heard, stream| {
        let mut tls = rustls::ServerConnection::new(config.clone()).unwrap();
        // The first flight was read already.
        let mut first = heard;
        while !first.is_empty() {
            tls.read_tls(&mut first).unwrap();
        }
        if tls.process_new_packets().is_err() {
            return;
        }
        let mut tls = rustls::StreamOwned::new(tls, stream);
        let _ = std::io::Read::read(&mut tls, &mut [0; 8192]);
        let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n");
        let _ = tls.write_all(&body);
        let _ = tls.flush();
    })
}

#[test]
fn a_whole_page_is_taken_without_a_close_notify_and_half_a_page_is_not() {
    let authority = Authority::new();
    let half = page()[..page().len() / 2].to_vec();
    for (body, is_whole) in [(page(), true), (half, false)] {
        let peer = without_close_notify(&authority, body);
        let world = World::open(Site::new())
            .set("saml.idp_url", format!("https://{}/sso", peer.authority()))
            .set("saml.retry.total", 0)
            .trusting(&authority.pem());
        let run = world.get();
        if is_whole {
            run.succeeds();
        } else {
            run.fails_as("connect");
            assert!(!run.stderr.contains("://docs"), "{}", run.stderr);
        }
    }
}

#[test]
fn an_idp_that_speaks_http2_alone_is_spoken_to_in_http2() {
    let authority = Authority::new();
    let site = Site::with_login(Assertion::default());
    let server = crate::support::server::Server::start(Some(authority.server_speaking(&["h2"])), move |request| {
        site.respond(request)
    });
    let world = World::form_at(server.unwrap()).trusting(&authority.pem());
    world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /sso", "GET /login", "POST /login"]);
    assert!(world.idp.journal().iter().all(|request| request.version == hyper::Version::HTTP_2));
    assert_eq!(world.idp.connections(), 1);
}

#[test]
fn a_server_that_wants_http1_for_a_request_gets_it_so() {
    let authority = Authority::new();
    let site = Site::new().get("/sso", login_page("/login")).post("/login", idp::assertion_page(Assertion::default()));
    let server =
        crate::support::server::Server::start(Some(authority.server_speaking(&["h2", "http/1.1"])), move |request| {
            match (request.version, request.path()) {
                // As IIS does for what its HTTP/2 cannot do (RFC 9113 §7, HTTP_1_1_REQUIRED).
                (hyper::Version::HTTP_2, "/login") => Reply::Http1Required,
                _ => site.respond(request),
            }
        });
    let world = World::form_at(server.unwrap()).trusting(&authority.pem());
    world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /sso", "POST /login", "POST /login"]);
}

#[test]
fn a_status_that_asks_for_patience_is_outlasted_over_http2_too() {
    let authority = Authority::new();
    let site = Site::new().get("/sso", at_first(1, Reply::status(503), assertion_page(Assertion::default())));
    let server = crate::support::server::Server::start(Some(authority.server_speaking(&["h2"])), move |request| {
        site.respond(request)
    });
    let world = World::at(server.unwrap(), "none").trusting(&authority.pem());
    world.get().succeeds();
    assert_eq!(world.idp.journal().len(), 2);
}
