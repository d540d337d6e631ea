//! Writes the table of the crate unidecode as text, for `src/config/airflow/slug.rs`.
//!
//! The crate's own is 65,535 pointers. Linked into a program that is loaded at any address, each of them is written anew by the
//! loader at every start: a megabyte and more instructions than all the rest of a cache hit. A text has no pointers. It is
//! deflated: of 300 KB stay 60, and few names need it.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

#[allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "how cargo and a build script talk")]
fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=packaging/build.rs");
    let characters = '\u{80}'..='\u{ffff}';
    // The line separators become line ends in the crate's table; for the reader they are blanks like any other.
    let table: String = characters.map(|c| unidecode::unidecode_char(c).replace('\n', " ") + "\n").collect();
    assert_eq!(table.lines().count(), ('\u{80}'..='\u{ffff}').count(), "one line a character");
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| std::io::Error::other("cargo sets OUT_DIR"))?;
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::best());
    deflated.write_all(table.as_bytes())?;
    std::fs::write(Path::new(&out).join("ascii.deflate"), deflated.finish()?)
}
