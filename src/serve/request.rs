//! Decides from the head of a request alone whether it is answered, and with what.
//!
//! A web page can make a browser send requests to loopback, under a name of its own that resolves there (DNS rebinding), so
//! `Host` is checked. A careless proxy would open the endpoint to its clients, so requests with a proxy's headers are refused.
//! No cross-origin header is sent, so that no page may read an answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use http::{Method, StatusCode};

use super::token::Token;

/// What an accepted request asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// The credentials at this path.
    Credentials(&'a str),
    Health,
}

/// Why a request is not answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: &'static str,
}

pub const HEALTH: &str = "/healthz";

/// Headers in which proxies name their clients.
const OF_PROXIES: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "x-forwarded-proto"];

/// Returns what `request`, which came to the endpoint at `address`, asks for.
pub fn wanted<'a>(request: &'a Parts, address: SocketAddr, token: &Token) -> Result<Wanted<'a>, Refusal> {
    let path = addressed(request, address)?;
    if path == HEALTH {
        return Ok(Wanted::Health);
    }
    let mut shown = request.headers.get_all(AUTHORIZATION).iter();
    match (shown.next(), shown.next()) {
        (Some(one), None) if token.is(one.as_bytes()) => Ok(Wanted::Credentials(path)),
        _ => Err(refusal(StatusCode::UNAUTHORIZED, "unauthorized", "the Authorization header is not the token")),
    }
}

/// Returns the path of a request that needs no token. On a network the server does not know its own names.
pub fn readable(request: &Parts, address: SocketAddr) -> Result<&str, Refusal> {
    if address.ip().is_loopback() { addressed(request, address) } else { read_only(request) }
}

/// Returns the path of a request that is for the server at `address` and came through no proxy.
fn addressed(request: &Parts, address: SocketAddr) -> Result<&str, Refusal> {
    let headers = &request.headers;
    if !is_ours(request, address) {
        return Err(refusal(StatusCode::FORBIDDEN, "host-not-allowed", "the Host header names another server"));
    }
    // Requests have few headers, so one pass over them is faster than looking up each of these.
    if headers.keys().any(|name| OF_PROXIES.contains(&name.as_str())) {
        return Err(refusal(StatusCode::FORBIDDEN, "proxied", "requests that come through a proxy are not answered"));
    }
    read_only(request)
}

fn read_only(request: &Parts) -> Result<&str, Refusal> {
    if request.method != Method::GET {
        return Err(refusal(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "only GET is answered"));
    }
    Ok(request.uri.path())
}

/// Whether the request is for this server: by its `Host`, exactly once (RFC 9112 §3.2), and by its target if that names one.
fn is_ours(request: &Parts, address: SocketAddr) -> bool {
    let mut hosts = request.headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let is_target_ours = request.uri.authority().is_none_or(|authority| names_us(authority.as_str(), address));
    is_target_ours && host.to_str().is_ok_and(|host| names_us(host, address))
}

/// A name of loopback or the address itself, with our port or none.
///
/// A port may be left out (RFC 9110 §7.2), and the AWS Common Runtime does so: the name is what reveals a page with DNS
/// rebinding.
fn names_us(host: &str, address: SocketAddr) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        // A colon within brackets is part of an IPv6 address.
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (host, ""),
    };
    let is_digits = port.bytes().all(|byte| byte.is_ascii_digit());
    let is_our_port = port.is_empty() || (is_digits && port.parse() == Ok(address.port()));
    if !is_our_port {
        return false;
    }
    let is_ours = |ip: IpAddr| ip.is_loopback() || ip == address.ip();
    if let Some(ip) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        return ip.parse::<Ipv6Addr>().is_ok_and(|ip| is_ours(ip.to_canonical()));
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || name.parse::<Ipv4Addr>().is_ok_and(|ip| is_ours(ip.into()))
}

fn refusal(status: StatusCode, code: &'static str, message: &'static str) -> Refusal {
    Refusal { status, code, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    const TOKEN: &str = "abcdefghijklmnop";

    fn ask(method: &str, path: &str, headers: &[(&str, &str)], address: &str) -> Result<String, u16> {
        let token = Token::Fresh(Secret::new(TOKEN.into()));
        let request = http::Request::builder().method(method).uri(path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        match wanted(&parts, address.parse().unwrap(), &token) {
            Ok(wanted) => Ok(format!("{wanted:?}")),
            Err(refusal) => Err(refusal.status.as_u16()),
        }
    }

    /// Where the endpoint listens, what a request names as its host, and whether it is answered.
    const HOSTS: &[(&str, &str, bool)] = &[
        ("127.0.0.1:4000", "127.0.0.1:4000", true),
        ("127.0.0.1:4000", "localhost:4000", true),
        ("127.0.0.1:4000", "LOCALHOST:4000", true),
        ("127.0.0.1:4000", "localhost.:4000", true),
        ("127.0.0.1:4000", "localhost.", true),
        ("127.0.0.1:4000", "localhost", true),
        ("127.0.0.1:4000", "127.0.0.1", true),
        ("127.0.0.1:4000", "127.0.0.1:", true),
        ("127.0.0.1:4000", "127.0.0.2:4000", true),
        ("127.0.0.1:4000", "[::1]:4000", true),
        ("127.0.0.1:4000", "[::1]", true),
        ("127.0.0.1:4000", "[::ffff:127.0.0.1]:4000", true),
        ("127.0.0.1:80", "127.0.0.1", true),
        ("[::1]:4000", "[::1]:4000", true),
        ("[::1]:4000", "[0:0:0:0:0:0:0:1]", true),
        ("[::1]:80", "localhost", true),
        ("169.254.170.2:4000", "169.254.170.2:4000", true),
        ("169.254.170.2:4000", "169.254.170.2", true),
        ("127.0.0.1:4000", "169.254.170.2:4000", false),
        ("127.0.0.1:4000", "127.0.0.1:4001", false),
        ("127.0.0.1:4000", "localhost:80", false),
        ("127.0.0.1:4000", "localhost:+4000", false),
        ("127.0.0.1:4000", "evil.example:4000", false),
        ("127.0.0.1:4000", "evil.example", false),
        ("127.0.0.1:4000", "127.0.0.1.evil.example:4000", false),
        ("127.0.0.1:4000", "127.0.0.1.evil.example", false),
        ("127.0.0.1:4000", "localhost.evil.example", false),
        ("127.0.0.1:4000", "evil.localhost", false),
        ("127.0.0.1:4000", "128.0.0.1", false),
        ("127.0.0.1:4000", "10.0.0.1:4000", false),
        ("127.0.0.1:4000", "0.0.0.0:4000", false),
        ("127.0.0.1:4000", "[::]:4000", false),
        ("127.0.0.1:4000", "[fe80::1]:4000", false),
        ("127.0.0.1:4000", "localhost..", false),
        ("127.0.0.1:4000", "user@localhost:4000", false),
        ("127.0.0.1:4000", "LocalHost.", true),
        ("127.0.0.1:4000", "127.0.0.1.:4000", true),
        ("[::1]:4000", "127.0.0.1:4000", true),
        ("127.0.0.1:4000", "localhost:4000.", false),
        ("127.0.0.1:4000", "user@localhost", false),
        ("127.0.0.1:4000", "user:4000@evil.example:4000", false),
        ("127.0.0.1:4000", "localhost@evil.example", false),
        ("127.0.0.1:4000", "localhost/", false),
        ("127.0.0.1:4000", "EVIL.example.", false),
        ("127.0.0.1:4000", "::1", false),
        ("127.0.0.1:4000", "[::1].:4000", false),
        ("127.0.0.1:4000", "[::1", false),
        ("127.0.0.1:4000", "[127.0.0.1]:4000", false),
        ("127.0.0.1:4000", "127.1:4000", false),
        ("127.0.0.1:4000", "2130706433", false),
        ("127.0.0.1:4000", "", false),
        ("127.0.0.1:4000", ".", false),
        ("127.0.0.1:4000", ":4000", false),
        ("127.0.0.1:4000", "localhost:4000:4000", false),
    ];

    #[test]
    fn the_host_must_be_ours() {
        for &(address, host, expected) in HOSTS {
            let headers = [("Host", host), ("Authorization", TOKEN)];
            let answer = ask("GET", "/", &headers, address);
            assert_eq!(answer, if expected { Ok("Credentials(\"/\")".into()) } else { Err(403) }, "{address} {host:?}");
        }
        let twice = [("Host", "127.0.0.1:4000"), ("Host", "127.0.0.1:4000"), ("Authorization", TOKEN)];
        assert_eq!(ask("GET", "/", &twice, "127.0.0.1:4000"), Err(403));
        assert_eq!(ask("GET", "/", &[("Authorization", TOKEN)], "127.0.0.1:4000"), Err(403));
        let ours = [("Host", "127.0.0.1:4000"), ("Authorization", TOKEN)];
        for (target, expected) in [
            ("http://localhost:4000/", true),
            ("http://LOCALHOST.:4000/", true),
            ("http://[::1]/", true),
            ("http://user@localhost:4000/", false),
            ("http://localhost:4001/", false),
            ("http://evil.example/", false),
        ] {
            assert_eq!(ask("GET", target, &ours, "127.0.0.1:4000").is_ok(), expected, "{target}");
        }
    }

    #[test]
    fn a_request_shows_the_token_and_comes_from_no_proxy() {
        type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)], Result<&'static str, u16>);
        let table: &[Row] = &[
            ("GET", "/", &[], Err(401)),
            ("GET", "/", &[("Authorization", "abcdefghijklmnoq")], Err(401)),
            ("GET", "/", &[("Authorization", "Bearer abcdefghijklmnop")], Err(401)),
            ("GET", "/", &[("Authorization", TOKEN), ("Authorization", TOKEN)], Err(401)),
            ("GET", "/profile/dev?x=y", &[("Authorization", TOKEN)], Ok("Credentials(\"/profile/dev\")")),
            ("GET", "/", &[("Authorization", TOKEN), ("X-Forwarded-For", "10.0.0.1")], Err(403)),
            ("GET", "/", &[("Authorization", TOKEN), ("Forwarded", "for=10.0.0.1")], Err(403)),
            ("GET", "/", &[("Authorization", TOKEN), ("Via", "1.1 proxy")], Err(403)),
            ("POST", "/", &[("Authorization", TOKEN)], Err(405)),
            ("OPTIONS", "/", &[("Origin", "https://evil.example")], Err(405)),
            ("HEAD", "/", &[("Authorization", TOKEN)], Err(405)),
            ("GET", "/healthz", &[], Ok("Health")),
            ("GET", "/healthz", &[("X-Forwarded-For", "10.0.0.1")], Err(403)),
        ];
        for (method, path, headers, expected) in table {
            let headers = [&[("Host", "127.0.0.1:4000")], *headers].concat();
            let answer = ask(method, path, &headers, "127.0.0.1:4000");
            assert_eq!(answer.as_deref().map_err(|status| *status), *expected, "{method} {path} {headers:?}");
        }
    }
}
