//! Texts that the build compresses (packaging/build.rs), since they are long and rarely read.

use std::io::Read;

use flate2::read::DeflateDecoder;

/// Decompresses a text that the build wrote.
pub fn text(deflated: &[u8]) -> String {
    let mut text = String::new();
    // Other input, which is never passed, yields an empty text.
    let _ = DeflateDecoder::new(deflated).read_to_string(&mut text);
    text
}
