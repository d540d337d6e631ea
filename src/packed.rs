//! Texts that the build has deflated (packaging/build.rs): they are long, and seldom read.

use std::io::Read;

use flate2::read::DeflateDecoder;

/// The text of what the build wrote.
pub fn text(deflated: &[u8]) -> String {
    let mut text = String::new();
    // Nothing else is handed in; of anything else, the text would be empty.
    let _ = DeflateDecoder::new(deflated).read_to_string(&mut text);
    text
}
