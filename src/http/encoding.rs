//! The encoding of answers (`Content-Encoding`). reqwest decodes gzip, Brotli and Zstandard while it reads; this file decodes
//! deflate, and reports an encoding that was not requested.

use std::io::{self, Read};

use reqwest::header::{self, HeaderMap, HeaderName};
use zeroize::Zeroizing;

use super::fault::{self, Failure};
use crate::error::{Code, Error, Result, printable};

/// The value of `Accept-Encoding`.
pub(super) const ASKED_FOR: &str = "gzip, deflate, br, zstd";

/// The value of a header, if it is ASCII.
pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Decodes the body, of which at most `max` bytes are accepted.
pub(super) fn plain(
    headers: &HeaderMap,
    body: Zeroizing<Vec<u8>>,
    max: usize,
    peer: &str,
) -> std::result::Result<Zeroizing<Vec<u8>>, Failure> {
    let body = inflated(headers, body, max, peer)?;
    check(headers, &body, peer).map_err(Failure::lasting)?;
    Ok(body)
}

/// Decodes `deflate`, which servers write with zlib's header, as RFC 9110 §8.4.1.2 requires, or without; browsers accept both.
fn inflated(
    headers: &HeaderMap,
    body: Zeroizing<Vec<u8>>,
    max: usize,
    peer: &str,
) -> std::result::Result<Zeroizing<Vec<u8>>, Failure> {
    let is_deflated = text(headers, header::CONTENT_ENCODING).is_some_and(|e| e.trim().eq_ignore_ascii_case("deflate"));
    let [first, second, ..] = body.as_slice() else { return Ok(body) };
    // RFC 1950 §2.2: method 8, and a check over both bytes.
    let is_zlib = first & 0x0f == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0;
    if !is_deflated {
        return Ok(body);
    }
    let limit = max as u64 + 1;
    let mut plain = Zeroizing::new(Vec::new());
    let outcome = match is_zlib {
        true => flate2::read::ZlibDecoder::new(body.as_slice()).take(limit).read_to_end(&mut plain),
        false => flate2::read::DeflateDecoder::new(body.as_slice()).take(limit).read_to_end(&mut plain),
    };
    match outcome {
        Ok(_) if plain.len() > max => Err(Failure::lasting(fault::too_large(peer, max))),
        Ok(_) => Ok(plain),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof && !body.starts_with(b"<") => {
            Err(Failure { error: fault::cut_short(peer), is_unsent: false, may_pass: true })
        }
        // It is not encoded, in spite of its header.
        Err(_) if body.trim_ascii_start().starts_with(b"<") => Ok(body),
        Err(_) => Err(Failure::lasting(fault::undecodable(peer))),
    }
}

/// Refuses a `Content-Encoding` that was not requested and cannot be decoded. Some servers put a character set there, which
/// browsers ignore: a body that is text is accepted.
fn check(headers: &HeaderMap, body: &[u8], peer: &str) -> Result<()> {
    let Some(encoding) = text(headers, header::CONTENT_ENCODING).map(str::trim) else { return Ok(()) };
    let is_plain = ["", "identity", "deflate"].iter().any(|known| encoding.eq_ignore_ascii_case(known));
    let first = body.trim_ascii_start().first();
    if is_plain || matches!(first, None | Some(b'<' | b'{' | b'[')) || std::str::from_utf8(body).is_ok() {
        return Ok(());
    }
    let name = printable(encoding, 60);
    Err(Error::new(
        Code::HttpUnexpected,
        format!("the answer of {peer} is encoded as {name:?}, which is not known here"),
    )
    .because("fedcred accepts gzip, deflate, br and zstd only")
    .hint("ask the administrator of the server or proxy to disable that encoding"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_nobody_asked_for_is_named_unless_the_body_is_text() {
        let table: [(&str, &[u8], bool); 6] = [
            ("compress", b"\x1f\x9d\x90\xff", false),
            ("gzip, br", b"\x8b\x00\xff", false),
            ("utf-8", b"<html>", true),
            ("UTF-8", b"{}", true),
            ("identity", b"\xff\xfe", true),
            ("compress", b"", true),
        ];
        for (encoding, body, expected) in table {
            let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, encoding.parse().unwrap())]);
            let outcome = check(&headers, body, "it");
            assert_eq!(outcome.is_ok(), expected, "{encoding}");
            assert!(outcome.err().is_none_or(|error| error.what.contains(encoding)));
        }
    }
}
