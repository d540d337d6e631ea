//! What one profile needs of a configuration file: the file without the tables of the other profiles.
//!
//! Parsing thirty other profiles would cost a cache hit three times what all the rest of it does. Here a table is looked at no
//! further than to its heading. What leaves a table out must not need to understand what is in it, hence the argument: in a
//! file that has no multi-line string, a line that begins with `[profile.` is a heading, because no value begins so. The next
//! line that begins with a bracket ends the table, or it is part of an array; then the excerpt holds the closing bracket of
//! an array without its opening one, and is no TOML. So an excerpt that parses says what the file says. One that does not,
//! and anything that is wrong with the profile, is judged by the whole file.

use std::ops::Range;
use std::path::Path;

use memchr::{memchr_iter, memmem, memrchr};

use super::Config;
use super::cache::CacheSettings;
use super::env::Env;
use super::file::{self, Text};
use super::locations::Locations;
use super::tree::{Lines, Table};
use super::written::WrittenProfile;
use crate::error::Result;

impl Config {
    /// What `get` asks for: the profile and `[cache]`, from no more of the files than they need.
    ///
    /// Errors: those of [`Config::load`], [`Config::profile`] and [`Config::cache`].
    pub fn load_profile(env: &Env, explicit: Option<&Path>, name: &str) -> Result<(WrittenProfile, CacheSettings)> {
        Config::read_profile_of(Locations::of(env, explicit), env, name)
    }

    /// The same, from these places.
    pub fn read_profile_of(locations: Locations, env: &Env, name: &str) -> Result<(WrittenProfile, CacheSettings)> {
        let texts = file::texts(&locations)?;
        if let Some(part) = Config::part(&locations, env, &texts, name)
            && let (Ok(profile), Ok(cache)) = (part.profile(name), part.cache())
        {
            return Ok((profile, cache));
        }
        let whole = Config::of(&locations, env, &texts, |text| Table::parse(&text.content, &text.shown))?;
        Ok((whole.profile(name)?, whole.cache()?))
    }

    /// As much as the profile needs, with those it includes and those it stands on.
    fn part(locations: &Locations, env: &Env, texts: &[Text], name: &str) -> Option<Config> {
        let mut profiles = vec![name.to_owned()];
        loop {
            let parse = |Text { content, shown, .. }: &Text| match of(content, &profiles) {
                Some(excerpt) => Table::parse_lines(&excerpt.text, &excerpt.lines, shown),
                None => Table::parse(content, shown),
            };
            let config = Config::of(locations, env, texts, parse).ok()?;
            let needed = profiles.iter().flat_map(|name| config.needed_by(name));
            let next = needed.filter(|next| profiles.iter().all(|name| name != next)).map(str::to_owned).next();
            match next {
                Some(next) => profiles.push(next),
                None => return Some(config),
            }
        }
    }
}

/// The rest of a file, and where its lines stood.
#[derive(Default)]
struct Excerpt {
    text: String,
    lines: Lines,
    /// Lines of the file before `counted`.
    number: u32,
    counted: usize,
}

impl Excerpt {
    /// Adds what stands there in the file, whole lines. Ranges come in their order.
    fn add(&mut self, file: &str, range: Range<usize>) {
        let bytes = file.as_bytes();
        self.number += memchr_iter(b'\n', &bytes[self.counted..range.start]).count() as u32;
        let mut line = range.start;
        for end in memchr_iter(b'\n', &bytes[range.clone()]).map(|at| range.start + at + 1).chain([range.end]) {
            if line < end {
                self.lines.push(self.text.len() + line - range.start, self.number + 1);
                self.number += u32::from(bytes[end - 1] == b'\n');
            }
            line = end;
        }
        self.text.push_str(&file[range.clone()]);
        self.counted = range.end;
    }
}

/// `text` without the tables of all profiles but these. `None`: it cannot be told where they end.
fn of(text: &str, profiles: &[String]) -> Option<Excerpt> {
    if ["\"\"\"", "'''"].iter().any(|quotes| memmem::find(text.as_bytes(), quotes.as_bytes()).is_some()) {
        return None;
    }
    let mut excerpt = Excerpt::default();
    let mut headings =
        memchr_iter(b'[', text.as_bytes()).filter_map(|bracket| Some((line_of(text, bracket)?, bracket)));
    let (mut start, mut bracket) = (0, text.len() - text.trim_start().len());
    loop {
        let next = headings.next();
        let end = next.map_or(text.len(), |(line, _)| line);
        if !is_of_another(&text[bracket..], profiles) {
            excerpt.add(text, start..end);
        }
        (start, bracket) = match next {
            Some(next) => next,
            None => return Some(excerpt),
        };
    }
}

/// Where the line of this bracket begins, if the bracket is its first character and it is not the file's first line.
fn line_of(text: &str, bracket: usize) -> Option<usize> {
    let before = &text.as_bytes()[..bracket];
    match before.last()? {
        b'\n' => Some(bracket),
        byte if byte.is_ascii_graphic() => None,
        _ => {
            let line = memrchr(b'\n', before)? + 1;
            text[line..bracket].trim_start().is_empty().then_some(line)
        }
    }
}

/// Whether the table that begins here is `[profile.NAME…` with a NAME that is none of these. A way to write one that people do
/// not is taken for none.
///
/// A name is not read to its end: a bare one that does not begin with the wanted one, or goes on behind it, is another.
fn is_of_another(table: &str, profiles: &[String]) -> bool {
    let Some(rest) = table.strip_prefix("[profile.") else { return false };
    let is_bare = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match rest.strip_prefix('"') {
        Some(quoted) => quoted
            .split_once('"')
            .filter(|(name, rest)| !name.contains('\\') && rest.starts_with(['.', ']']))
            .is_some_and(|(name, _)| profiles.iter().all(|wanted| wanted != name)),
        None => {
            let rest = rest.as_bytes();
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

    use super::super::tree::Value;
    use super::*;

    fn parse(excerpt: &Excerpt) -> Option<Table> {
        Table::parse_lines(&excerpt.text, &excerpt.lines, "f").ok()
    }

    fn excerpt(text: &str) -> Option<String> {
        of(text, &["mine".into()]).map(|excerpt| excerpt.text)
    }

    #[test]
    fn other_profiles_are_left_out_and_nothing_else() {
        let text = "top = 1\n[profile.mine]\na = 1\n[profile.other]\nb = 1\n[profile.\"an other\".saml]\nc = 1\n\
                    [profile.mine.saml]\nd = 1\n[profile.mine-too]\ne = 1\n[profile.min]\ng = 1\n[cache]\nf = 1\n";
        let kept = "top = 1\n[profile.mine]\na = 1\n[profile.mine.saml]\nd = 1\n[cache]\nf = 1\n";
        assert_eq!(excerpt(text).unwrap(), kept);
    }

    #[test]
    fn what_stands_in_an_excerpt_keeps_its_line() {
        let excerpt = of("[profile.other]\na = 1\n\n[profile.mine]\nb = 1", &["mine".into()]).unwrap();
        let root = parse(&excerpt).unwrap();
        let Value::Table(profiles) = &root.get("profile").unwrap().value else { panic!() };
        let mine = profiles.get("mine").unwrap();
        let Value::Table(table) = &mine.value else { panic!() };
        assert_eq!((mine.line, table.get("b").unwrap().line), (4, 5));
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
            let excerpt = of(&text, &["mine".into()]).unwrap();
            assert_eq!(parse(&excerpt).is_some(), is_whole, "{array}");
        }
    }

    /// Lines that TOML gives several meanings to, of which most arrangements are no TOML.
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
        fn an_excerpt_that_parses_says_what_the_file_says(text in document()) {
            let (Ok(whole), Some(excerpt)) = (Table::parse(&text, "f"), of(&text, &["mine".into()])) else { return Ok(()) };
            let Some(part) = parse(&excerpt) else { return Ok(()) };
            for (key, node) in part.iter().filter(|(key, _)| *key != "profile") {
                prop_assert!(whole.get(key).is_some_and(|same| same.line == node.line), "{key}");
            }
            let mine = |root: &Table| match root.get("profile").map(|node| &node.value) {
                Some(Value::Table(profiles)) => profiles.get("mine").map(|node| node.line),
                _ => None,
            };
            prop_assert_eq!(mine(&whole), mine(&part));
            prop_assert!(whole.iter().filter(|(key, _)| *key != "profile").all(|(key, _)| part.get(key).is_some()));
        }
    }
}
