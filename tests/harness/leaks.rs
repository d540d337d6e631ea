//! The search for leaks: a secret of a run may be only where it belongs.
//!
//! Looked for: passwords, assertions and tokens that were sent, keys and session tokens that STS issued; as they are,
//! and as they look in a URL, a form, a page, a `Debug` output, JSON or base64.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use memchr::memmem;
use url::form_urlencoded::byte_serialize;

/// A long secret is also found by a piece of it, since logs cut lines: this many characters, from its middle, where it
/// is like no other of its kind.
const PIECE: usize = 48;

/// A secret that must not be found, in all its spellings.
pub struct Needles(Vec<String>);

impl Needles {
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Needles {
        let mut needles: Vec<String> = secrets.into_iter().flat_map(spellings).collect();
        needles.sort_unstable();
        needles.dedup();
        Needles(needles)
    }

    /// Panics if a secret is in the text.
    #[track_caller]
    pub fn absent_from(&self, what: &str, text: &[u8]) {
        for needle in &self.0 {
            let found = memmem::find(text, needle.as_bytes());
            assert!(found.is_none(), "{needle:?} leaked to {what}:\n{}", String::from_utf8_lossy(text));
        }
    }

    /// Panics if a secret stands in one of the files, or in the name of one.
    #[track_caller]
    pub fn absent_from_files<'a>(&self, files: impl IntoIterator<Item = &'a PathBuf>) {
        for path in files {
            let name = path.display().to_string();
            self.absent_from(&name, name.as_bytes());
            // A pipe or a socket has no text; a file may be gone.
            if path.is_file() {
                self.absent_from(&name, &fs::read(path).unwrap_or_default());
            }
        }
    }
}

fn spellings(secret: &str) -> [String; 6] {
    let piece = if secret.len() > 2 * PIECE { &secret[secret.len() / 2..][..PIECE] } else { secret };
    let form: String = byte_serialize(piece.as_bytes()).collect();
    let quoted = format!("{piece:?}");
    [
        piece.to_owned(),
        form.replace('+', "%20"),
        form,
        quoted[1..quoted.len() - 1].to_owned(),
        piece.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"),
        BASE64_STANDARD.encode(piece).trim_end_matches('=').to_owned(),
    ]
}

#[test]
fn the_leak_check_finds_what_leaks() {
    let assertion: String = ('a'..='z').cycle().take(500).collect();
    let needles = Needles::new(["s3cret/\"word", &assertion]);
    let leaks: [&[u8]; 6] = [
        b"login with s3cret/\"word",
        b"p=s3cret%2F%22word&x",
        b"value=\"s3cret/&quot;word\"",
        b"Secret(\"s3cret/\\\"word\")",
        b"auth: czNjcmV0LyJ3b3Jk",
        assertion.as_bytes(),
    ];
    for leak in leaks {
        std::panic::catch_unwind(|| needles.absent_from("a log", leak)).expect_err("the leak is found");
    }
    needles.absent_from("a log", b"login as alice");
}
