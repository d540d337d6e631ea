//! The leak check: the secrets of a run may stand nowhere but where they belong.
//!
//! Looked for: every password of the lab, the assertions that STS received, the secret keys and session tokens it
//! issued; as they are, percent-encoded, and in base64. Looked at: everything below the test's home (the cache is
//! sealed, so that it is not an exception), what programs wrote to stderr, and the logs of all servers; on stdout for all
//! but what was issued.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use url::form_urlencoded::byte_serialize;

/// A long secret is also found by a piece of it, since logs cut lines: this many characters, from its middle, where it
/// is like no other of its kind.
const PIECE: usize = 48;

/// What must not be found, in all its spellings.
pub struct Needles(Vec<String>);

impl Needles {
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Needles {
        Needles(secrets.into_iter().flat_map(spellings).collect())
    }

    /// Panics if a secret stands in the text.
    pub fn absent_from(&self, what: &str, text: &[u8]) {
        for needle in &self.0 {
            assert!(!contains(text, needle.as_bytes()), "a secret of this run leaked to {what}");
        }
    }

    /// Panics if a secret stands in one of the files below the directory, or in the name of one.
    pub fn absent_below(&self, dir: &Path, wanted: impl Fn(&Path) -> bool + Copy) {
        for entry in fs::read_dir(dir).expect("the directory can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                self.absent_below(&path, wanted);
            } else if path.is_file() && wanted(&path) {
                self.absent_from_file(&path);
            }
        }
    }

    fn absent_from_file(&self, path: &PathBuf) {
        let name = path.display().to_string();
        self.absent_from(&name, name.as_bytes());
        self.absent_from(&name, &fs::read(path).expect("the file can be read"));
    }
}

fn spellings(secret: &str) -> Vec<String> {
    let piece = if secret.len() > 2 * PIECE { &secret[secret.len() / 2..][..PIECE] } else { secret };
    vec![
        piece.to_owned(),
        byte_serialize(piece.as_bytes()).collect(),
        BASE64_STANDARD.encode(piece).trim_end_matches('=').to_owned(),
    ]
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn the_leak_check_finds_what_leaks() {
    let assertion: String = ('a'..='z').cycle().take(500).collect();
    let needles = Needles::new(["s3cret/word", &assertion]);
    let leaks: [&[u8]; 4] =
        [b"login with s3cret/word", b"p=s3cret%2Fword&x", b"auth: czNjcmV0L3dvcmQ=", assertion.as_bytes()];
    for leak in leaks {
        std::panic::catch_unwind(|| needles.absent_from("a log", leak)).expect_err("the leak is found");
    }
    needles.absent_from("a log", b"login as alice");
}
