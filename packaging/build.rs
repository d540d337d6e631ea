//! What is done at the build so that the program need not carry it: the tables for unwinding, the crate that reads Markdown, and
//! the crate unidecode.
//!
//! The table of unidecode is written as text, for `src/config/airflow/slug.rs`. The crate's own is 65,535 pointers. Linked into a program that is loaded at any address, each of them is written anew by the
//! loader at every start: a megabyte and more instructions than all the rest of a cache hit. A text has no pointers. It is
//! deflated: of 300 KB stay 60, and few names need it.

use std::io::{Error, Result, Write};
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::Compression;
use flate2::write::DeflateEncoder;

mod pages;

#[allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "how cargo and a build script talk")]
fn main() -> Result<()> {
    for path in ["packaging/build.rs", "packaging/pages.rs", "packaging/unwinding.ld", TOPICS] {
        println!("cargo::rerun-if-changed={path}");
    }
    let is = |variable, value: &str| env::var(variable).is_ok_and(|is| is == value);
    // A release aborts at a panic, so nobody reads the tables, which the compiler makes all the same.
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        let root = env::var("CARGO_MANIFEST_DIR").map_err(Error::other)?;
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{root}/packaging/unwinding.ld");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| Error::other("cargo sets OUT_DIR"))?);
    deflate(&ascii(), &out.join("ascii.deflate"))?;
    for page in fs::read_dir(TOPICS)? {
        let page = page?.path();
        if page.extension().is_some_and(|extension| extension == "md") {
            let lines = pages::lines(&fs::read_to_string(&page)?);
            deflate(&lines, &out.join(page.with_extension("deflate").file_name().unwrap_or_default()))?;
        }
    }
    Ok(())
}

/// The pages of `fedcred help`.
const TOPICS: &str = "src/cli/topics";

/// What becomes of each character from U+0080 to U+FFFF, a line each.
fn ascii() -> String {
    let characters = '\u{80}'..='\u{ffff}';
    // The line separators become line ends in the crate's table; for the reader they are blanks like any other.
    let table: String = characters.map(|c| unidecode::unidecode_char(c).replace('\n', " ") + "\n").collect();
    assert_eq!(table.lines().count(), ('\u{80}'..='\u{ffff}').count(), "one line a character");
    table
}

fn deflate(text: &str, to: &Path) -> Result<()> {
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::best());
    deflated.write_all(text.as_bytes())?;
    fs::write(to, deflated.finish()?)
}
