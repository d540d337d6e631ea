//! An excerpt of a configuration file for one profile: the file without the tables of other profiles.
//!
//! Parsing thirty other profiles would cost a cache hit three times as much as all the rest. Here only the heading of a
//! table is read. A table must be left out without understanding it, for this reason: in a file without multi-line
//! strings, a line that begins with `[profile.` is a heading, because no value begins so. The next line that begins
//! with a bracket ends the table, or is part of an array; the excerpt then has the closing bracket of an array without
//! its opening one, and is not TOML. So an excerpt that parses has the meaning of the file. If it does not parse, or
//! the profile has a fault, the whole file is read. Line numbers of an excerpt are its own; they are never shown,
//! because every error is from the whole file.
//!
//! The file is read in blocks into one buffer. Memory for a whole large file would cost more than everything else,
//! since each page is requested from the system at its first use.

use std::path::Path;

use memchr::{memchr, memchr_iter, memmem, memrchr};

use super::Config;
use super::cache::CacheSettings;
use super::file::{self, Opened};
use super::locations::Locations;
use super::tree::Table;
use super::written::WrittenProfile;
use crate::error::Result;
use crate::process::env::Env;

/// Bytes that are read at a time. A longer line makes the whole file be read.
const BLOCK: usize = 32 << 10;

impl Config {
    /// Reads the profile and `[cache]` for `get`, from as little of the files as possible.
    ///
    /// Errors: those of [`Config::load`], [`Config::profile`] and [`Config::cache`].
    pub fn load_profile(env: &Env, explicit: Option<&Path>, name: &str) -> Result<(WrittenProfile, CacheSettings)> {
        Config::read_profile_of(Locations::of(env, explicit), env, name)
    }

    /// Reads the same from these places.
    pub fn read_profile_of(locations: Locations, env: &Env, name: &str) -> Result<(WrittenProfile, CacheSettings)> {
        let files = file::open(&locations)?;
        if let Some(part) = Config::part(&locations, env, &files, name)
            && let (Ok(profile), Ok(cache)) = (part.profile(name), part.cache())
        {
            return Ok((profile, cache));
        }
        let whole = Config::of(&locations, env, &files, Opened::parse)?;
        Ok((whole.profile(name)?, whole.cache()?))
    }

    /// Reads the profile, those it includes, and those below it.
    fn part(locations: &Locations, env: &Env, files: &[Opened], name: &str) -> Option<Config> {
        let mut profiles = vec![name.to_owned()];
        loop {
            let parse = |file: &Opened| {
                // One byte more than the file: a block that is not full is the last one.
                let block = BLOCK.min(usize::try_from(file.content.size()).unwrap_or(BLOCK).saturating_add(1));
                match of(|into, from| file.content.fill(into, from).ok(), block, &profiles) {
                    Some(excerpt) => Table::parse(&excerpt, &file.found.shown),
                    None => file.parse(),
                }
            };
            let config = Config::of(locations, env, files, parse).ok()?;
            let needed = profiles.iter().flat_map(|name| config.needed_by(name));
            let next = needed.filter(|next| profiles.iter().all(|name| name != next)).map(str::to_owned).next();
            match next {
                Some(next) => profiles.push(next),
                None => return Some(config),
            }
        }
    }
}

/// Returns a file without the tables of profiles other than these. `None` if their ends cannot be found.
///
/// `read` fills a buffer of `block` bytes from an offset of the file, and returns the number of bytes.
fn of(mut read: impl FnMut(&mut [u8], u64) -> Option<usize>, block: usize, profiles: &[String]) -> Option<String> {
    let mut excerpt = Excerpt { profiles, kept: Vec::new(), is_wanted: true };
    let mut buffer = vec![0; block];
    let (mut from, mut filled) = (0, 0);
    loop {
        let more = read(&mut buffer[filled..], from)?;
        (from, filled) = (from + more as u64, filled + more);
        if filled < block {
            excerpt.add(&buffer[..filled])?;
            return String::from_utf8(excerpt.kept).ok();
        }
        let lines = memrchr(b'\n', &buffer)? + 1;
        excerpt.add(&buffer[..lines])?;
        buffer.copy_within(lines.., 0);
        filled = block - lines;
    }
}

struct Excerpt<'a> {
    profiles: &'a [String],
    kept: Vec<u8>,
    /// Whether the current table is kept.
    is_wanted: bool,
}

impl Excerpt<'_> {
    /// Adds the next lines of the file. `None` if they are not text, or have a multi-line string.
    fn add(&mut self, lines: &[u8]) -> Option<()> {
        let is_text = lines.is_ascii() || std::str::from_utf8(lines).is_ok();
        if !is_text || ["\"\"\"", "'''"].iter().any(|quotes| memmem::find(lines, quotes.as_bytes()).is_some()) {
            return None;
        }
        let mut start = 0;
        for bracket in memchr_iter(b'[', lines) {
            let Some(line) = line_of(lines, bracket) else { continue };
            self.keep(&lines[start..line]);
            self.is_wanted = !is_of_another(&lines[bracket..], self.profiles);
            start = line;
        }
        self.keep(&lines[start..]);
        Some(())
    }

    fn keep(&mut self, lines: &[u8]) {
        if self.is_wanted {
            self.kept.extend_from_slice(lines);
        }
    }
}

/// Returns the start of the bracket's line, if the bracket is its first character.
fn line_of(lines: &[u8], bracket: usize) -> Option<usize> {
    let before = &lines[..bracket];
    match before.last() {
        None | Some(b'\n') => Some(bracket),
        Some(byte) if byte.is_ascii_graphic() => None,
        Some(_) => {
            let line = memrchr(b'\n', before).map_or(0, |end| end + 1);
            before[line..].trim_ascii_start().is_empty().then_some(line)
        }
    }
}

/// Whether the table that begins here is `[profile.NAME…` with another NAME than these. `false` for an unusual
/// spelling.
///
/// A name need not be read to its end: a bare name is another one if it does not begin with a wanted name, or continues
/// after it.
fn is_of_another(table: &[u8], profiles: &[String]) -> bool {
    let Some(rest) = table.strip_prefix(b"[profile.") else { return false };
    let is_bare = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match rest.strip_prefix(b"\"") {
        Some(quoted) => memchr(b'"', quoted).is_some_and(|end| {
            let (name, behind) = (&quoted[..end], quoted.get(end + 1));
            !name.contains(&b'\\')
                && matches!(behind, Some(b'.' | b']'))
                && profiles.iter().all(|wanted| wanted.as_bytes() != name)
        }),
        None => {
            let is = |wanted: &String| {
                rest.strip_prefix(wanted.as_bytes()).is_some_and(|behind| !behind.first().is_some_and(is_bare))
            };
            rest.first().is_some_and(is_bare) && !profiles.iter().any(is)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tree::{Node, Value};
    use super::*;

    /// Of a file that is read in blocks of so many bytes.
    fn in_blocks(text: &str, block: usize) -> Option<String> {
        let read = |into: &mut [u8], from: u64| {
            let rest = &text.as_bytes()[usize::try_from(from).unwrap()..];
            let count = rest.len().min(into.len());
            into[..count].copy_from_slice(&rest[..count]);
            Some(count)
        };
        of(read, block, &["mine".into()])
    }

    fn excerpt(text: &str) -> Option<String> {
        in_blocks(text, BLOCK)
    }

    fn parse(excerpt: &str) -> Option<Table> {
        Table::parse(excerpt, "f").ok()
    }

    #[test]
    fn other_profiles_are_left_out_and_nothing_else() {
        let text = "top = 1\n[profile.mine]\na = 1\n[profile.other]\nb = 1\n[profile.\"an other\".saml]\nc = 1\n\
                    [profile.mine.saml]\nd = 1\n[profile.mine-too]\ne = 1\n[profile.min]\ng = 1\n[cache]\nf = 1\n";
        let kept = "top = 1\n[profile.mine]\na = 1\n[profile.mine.saml]\nd = 1\n[cache]\nf = 1\n";
        assert_eq!(excerpt(text).unwrap(), kept);
    }

    #[test]
    fn the_blocks_that_a_file_is_read_in_change_nothing_but_that_a_longer_line_makes_the_whole_be_read() {
        let text = "top = 1\n[profile.other]\nb = \"ä\"\n[profile.mine]\na = 1\n  [cache]\nf = 1\n";
        for block in 1..80 {
            let longest = text.split_inclusive('\n').map(str::len).max().unwrap();
            let expected = (block >= longest).then(|| excerpt(text).unwrap());
            assert!(in_blocks(text, block) == expected || block < longest, "{block}");
        }
        assert_eq!(in_blocks(text, 8), None);
    }

    #[test]
    fn what_is_no_text_is_for_the_whole_to_tell() {
        assert_eq!(
            of(
                |into, _| {
                    into[0] = 0xff;
                    Some(1)
                },
                BLOCK,
                &["mine".into()]
            ),
            None
        );
    }

    #[test]
    fn what_cannot_be_told_by_its_heading_stays_or_makes_the_whole_be_read() {
        for kept in ["[ profile.other]\n", "[profile . other]\n", "[profile.'other']\n", "[\"profile\".other]\n"] {
            assert_eq!(excerpt(kept).as_deref(), Some(kept));
        }
        for unclear in ["a = \"\"\"\n[profile.other]\n\"\"\"", "a = '''\n[profile.other]\n'''"] {
            assert_eq!(excerpt(unclear), None);
        }
    }

    #[test]
    fn an_array_over_several_lines_is_left_out_whole_or_makes_the_excerpt_no_toml() {
        let arrays =
            [("[\n\"a\",\n]", true), ("[\n[\"a\"],\n]", false), ("[\n[\"a\"]\n]", false), ("[\n[[\"a\"]]\n]", false)];
        for (array, is_whole) in arrays {
            let text = format!("[profile.other]\na = {array}\n[profile.mine]\nb = 1\n");
            assert!(Table::parse(&text, "f").is_ok(), "{array}");
            let excerpt = excerpt(&text).unwrap();
            assert_eq!(parse(&excerpt).is_some(), is_whole, "{array}");
        }
    }

    /// Lines that TOML gives several meanings to, of which most arrangements are not TOML.
    fn document() -> impl Strategy<Value = String> {
        let lines = [
            "[profile.mine]",
            "[profile.other]",
            "[profile.other.saml]",
            "[cache]",
            "[[profile.list]]",
            "a = 1",
            "b = [",
            "c = [[1],",
            "[1],",
            "[[1]]",
            "[\"x\"]",
            "[\"cache\"]",
            "]",
            "],",
            "]]",
            "d = \"[profile.mine]\"",
            "# [profile.mine]",
            "e = { f = [",
            "] }",
            "  [profile.mine.saml]",
            "\"[\",",
        ];
        prop::collection::vec(prop::sample::select(lines.to_vec()), 0..12).prop_map(|lines| lines.join("\n"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn an_excerpt_that_parses_says_what_the_file_says(text in document(), block in 24..96usize) {
            let (Ok(whole), Some(excerpt)) = (Table::parse(&text, "f"), in_blocks(&text, block)) else { return Ok(()) };
            let Some(part) = parse(&excerpt) else { return Ok(()) };
            prop_assert!(whole.iter().filter(|(key, _)| *key != "profile").all(|(key, _)| part.get(key).is_some()));
            prop_assert!(part.iter().all(|(key, node)| key == "profile" || is_same(whole.get(key), Some(node))));
            prop_assert!(is_same(mine(&whole), mine(&part)));
        }
    }

    fn mine(root: &Table) -> Option<&Node> {
        match root.get("profile").map(|node| &node.value) {
            Some(Value::Table(profiles)) => profiles.get("mine"),
            _ => None,
        }
    }

    /// Whether they hold the same, wherever they stand.
    fn is_same(left: Option<&Node>, right: Option<&Node>) -> bool {
        match (left.map(|node| &node.value), right.map(|node| &node.value)) {
            (None, None) => true,
            (Some(Value::Text(left)), Some(Value::Text(right))) => left == right,
            (Some(Value::Integer(left)), Some(Value::Integer(right))) => left == right,
            (Some(Value::Array(left)), Some(Value::Array(right))) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| is_same(Some(left), Some(right)))
            }
            (Some(Value::Table(left)), Some(Value::Table(right))) => {
                left.iter().count() == right.iter().count()
                    && left.iter().all(|(key, node)| is_same(Some(node), right.get(key)))
            }
            _ => false,
        }
    }
}
