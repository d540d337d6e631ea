//! AWS's INI files (`~/.aws/config`, `~/.aws/credentials`) as one lossless document: read, judged, edited, and printed without
//! a change to what was not touched.
//!
//! No two SDKs read these files alike. This reader is the most permissive of them all: what any of them takes for a section or
//! a key is one here. botocore reads by Python's `configparser` (keys in any case, `=` or `:`, an indented line goes on with the
//! value above it, names of sections by `shlex`); the SDK for JavaScript takes every line with a `=` for a key, however it is
//! indented; those for Go and Rust take names of sections with blanks around them.

mod edit;

use std::ops::Range;

use zeroize::Zeroizing;

pub use self::edit::{Edited, Entry};

/// A file's text, and what its lines are.
pub struct Document {
    text: Zeroizing<String>,
    lines: Vec<Line>,
    headings: Vec<Heading>,
    oddity: Option<&'static str>,
}

struct Line {
    /// With its end.
    span: Range<usize>,
    /// Characters of white space before it.
    indent: usize,
    /// The heading that it stands below; for a heading, itself.
    section: Option<usize>,
    kind: Kind,
}

#[derive(Debug, PartialEq)]
enum Kind {
    Heading,
    Key {
        name: Range<usize>,
        value: Range<usize>,
        depth: Depth,
    },
    /// Of the value above it.
    Continuation,
    /// Blank, a comment, or nothing that anybody reads.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// A key of the section, to every reader.
    Section,
    /// Indented below a key with a value: a key to some readers, a part of that value to others.
    Unclear,
    /// Below a key without a value: a sub-property of it.
    Nested,
}

/// What stands between brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// `profile`, `sso-session`, `services`; absent in `[default]`.
    pub kind: Option<String>,
    pub name: String,
}

impl Heading {
    fn parse(inner: &str) -> Self {
        // Quotes that do not close are part of no name.
        let plain = || inner.split(is_blank).map(|word| word.trim_matches(['"', '\'']).to_owned());
        let words: Vec<String> = match shlex::split(inner) {
            Some(words) if !words.is_empty() => words,
            Some(_) | None => plain().filter(|word| !word.is_empty()).collect(),
        };
        let words: Vec<&str> = words.iter().map(|word| word.trim_matches(is_blank)).collect();
        match words.as_slice() {
            [kind @ ("profile" | "sso-session" | "services" | "plugins"), name @ ..] if !name.is_empty() => {
                Heading { kind: Some((*kind).to_owned()), name: name.join(" ") }
            }
            words => Heading { kind: None, name: words.join(" ") },
        }
    }

    /// Whether some SDK takes the section for the default profile, in either file. The section `DEFAULT` of Python's reader has
    /// its values in every other section too.
    pub fn is_default(&self) -> bool {
        // The SDK for JavaScript parts the words at every blank that Unicode knows.
        let whole = self.to_string();
        let words: Vec<&str> = whole.split(is_blank).filter(|word| !word.is_empty()).collect();
        matches!(words.as_slice(), [name] | ["profile", name] if name.eq_ignore_ascii_case("default"))
    }
}

impl std::fmt::Display for Heading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            Some(kind) => write!(f, "{kind} {}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A heading and what stands below it.
#[derive(Clone, Copy)]
pub struct Section<'a> {
    document: &'a Document,
    at: usize,
}

impl Document {
    pub fn parse(text: String) -> Self {
        let text = Zeroizing::new(text);
        let mut reader = Reader { text: &text, headings: Vec::new(), above: None, oddity: None };
        let lines = spans(&text).map(|span| reader.line(span)).collect();
        let Reader { headings, oddity, .. } = reader;
        Document { lines, headings, oddity, text }
    }

    /// Reads text that need not be UTF-8; what is not, is replaced.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let mut document = Self::parse(String::from_utf8_lossy(bytes).into_owned());
        if bytes.contains(&0) {
            document.oddity = Some("it holds bytes that are not text");
        }
        document
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Why readers may disagree about which section a line belongs to, if they may.
    pub fn oddity(&self) -> Option<&'static str> {
        self.oddity
    }

    /// All sections, as they come; one name may come several times.
    pub fn sections(&self) -> impl DoubleEndedIterator<Item = Section<'_>> {
        (0..self.headings.len()).map(|at| Section { document: self, at })
    }

    /// The text without the lines of some sections that set some keys, whatever their indentation, and without what goes on
    /// with these lines. `None`: there are no such lines.
    pub fn without(
        &self,
        is_section: impl Fn(&Heading) -> bool,
        is_key: impl Fn(&str) -> bool,
    ) -> Option<Zeroizing<String>> {
        let mut kept = Zeroizing::new(String::with_capacity(self.text.len()));
        let mut dropped: Option<usize> = None;
        for line in &self.lines {
            let is_dropped = match &line.kind {
                Kind::Heading => {
                    dropped = None;
                    false
                }
                Kind::Key { name, .. } => {
                    let is_meant = line.section.is_some_and(|at| is_section(&self.headings[at]))
                        && is_key(&self.text[name.clone()].to_ascii_lowercase());
                    if is_meant {
                        dropped = Some(dropped.map_or(line.indent, |above| above.min(line.indent)));
                    } else if dropped.is_some_and(|above| line.indent <= above) {
                        dropped = None;
                    }
                    dropped.is_some()
                }
                Kind::Continuation => dropped.is_some(),
                Kind::Other => false,
            };
            if !is_dropped {
                kept.push_str(&self.text[line.span.clone()]);
            }
        }
        (kept.len() < self.text.len()).then_some(kept)
    }
}

impl<'a> Section<'a> {
    pub fn heading(&self) -> &'a Heading {
        &self.document.headings[self.at]
    }

    /// The value of a key as it is written, the last one where it stands twice.
    pub fn value(&self, key: &str) -> Option<&'a str> {
        let mut keys = self.keys().filter(|(name, _)| name.eq_ignore_ascii_case(key));
        let first = keys.next();
        keys.last().or(first).map(|(_, value)| value)
    }

    /// Keys and values, sub-properties left out.
    pub fn keys(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let document = self.document;
        self.lines().filter_map(move |line| match &line.kind {
            Kind::Key { name, value, depth: Depth::Section | Depth::Unclear } => {
                Some((&document.text[name.clone()], &document.text[value.clone()]))
            }
            Kind::Key { depth: Depth::Nested, .. } | Kind::Heading | Kind::Continuation | Kind::Other => None,
        })
    }

    /// The lines that say something, without their ends.
    pub fn said(&self) -> impl Iterator<Item = &'a str> {
        let document = self.document;
        let says = |line: &&Line| matches!(line.kind, Kind::Key { .. } | Kind::Continuation);
        self.lines().filter(says).map(move |line| document.text[line.span.clone()].trim_end_matches(is_blank))
    }

    fn lines(&self) -> impl Iterator<Item = &'a Line> {
        let at = self.at;
        self.document.lines.iter().filter(move |line| line.section == Some(at))
    }
}

/// The value without a comment behind it, as those read it who know such comments.
pub fn without_comment(value: &str) -> &str {
    let mut chars = value.char_indices().zip(value.chars().skip(1));
    let comment = chars.find(|((_, before), here)| is_blank(*before) && matches!(here, '#' | ';'));
    comment.map_or(value, |((at, _), _)| value[..at].trim_end_matches(is_blank))
}

/// What some reader strips: white space, what Python takes for it, and a byte order mark.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}' | '\u{feff}')
}

/// The lines with their ends: LF, CRLF, and a CR alone, which Python takes for one.
fn spans(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let end = match rest.find(['\n', '\r']) {
            Some(at) if rest[at..].starts_with("\r\n") => at + 2,
            Some(at) => at + 1,
            None => rest.len(),
        };
        let span = start..start + end;
        start = span.end;
        Some(span)
    })
}

/// What came so far.
struct Reader<'a> {
    text: &'a str,
    headings: Vec<Heading>,
    /// The last key of the section itself.
    above: Option<Above>,
    oddity: Option<&'static str>,
}

struct Above {
    indent: usize,
    has_value: bool,
}

impl Reader<'_> {
    fn line(&mut self, span: Range<usize>) -> Line {
        let whole = &self.text[span.clone()];
        let content = whole.trim_matches(is_blank);
        let indent = whole.chars().filter(|c| *c != '\u{feff}').take_while(|c| is_blank(*c)).count();
        let kind = if content.is_empty() || content.starts_with(['#', ';']) {
            Kind::Other
        } else if let Some(inner) = content.strip_prefix('[') {
            self.heading(inner, indent);
            Kind::Heading
        } else {
            self.key(content, indent)
        };
        Line { span, indent, section: self.headings.len().checked_sub(1), kind }
    }

    fn heading(&mut self, inner: &str, indent: usize) {
        if self.above.take().is_some_and(|above| indent > above.indent) {
            self.oddity = Some("a section begins on a line that is indented below a key");
        }
        let inner = inner.split_once(']').map_or_else(
            || {
                self.oddity = Some("the bracket of a section does not close");
                inner
            },
            |(inner, _)| inner,
        );
        self.headings.push(Heading::parse(inner));
    }

    fn key(&mut self, content: &str, indent: usize) -> Kind {
        let depth = match &self.above {
            Some(above) if indent > above.indent && above.has_value => Depth::Unclear,
            Some(above) if indent > above.indent => Depth::Nested,
            Some(_) | None => Depth::Section,
        };
        let Some(at) = content.find(['=', ':']).filter(|at| *at > 0) else {
            return if depth == Depth::Section { Kind::Other } else { Kind::Continuation };
        };
        let name = content[..at].trim_end_matches(is_blank);
        let value = content[at + 1..].trim_matches(is_blank);
        if depth == Depth::Section {
            self.above = Some(Above { indent, has_value: !value.is_empty() });
        }
        Kind::Key { name: self.range(name), value: self.range(value), depth }
    }

    /// Where a part of the text stands in it.
    fn range(&self, part: &str) -> Range<usize> {
        let start = part.as_ptr() as usize - self.text.as_ptr() as usize;
        start..start + part.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headings(text: &str) -> Vec<String> {
        Document::parse(text.to_owned()).sections().map(|section| section.heading().to_string()).collect()
    }

    #[test]
    fn the_default_section_is_one_to_whoever_parts_words_at_any_blank() {
        for (heading, expected) in [
            ("[default]", true),
            ("[profile default]", true),
            ("[profile\u{a0}default]", true),
            ("[profile\u{2003}DEFAULT ]", true),
            ("[profile my default]", false),
            ("[services default]", false),
            ("[defaults]", false),
        ] {
            let document = Document::parse(format!("{heading}\na = b\n"));
            assert_eq!(document.sections().next().unwrap().heading().is_default(), expected, "{heading:?}");
        }
    }

    #[test]
    fn a_section_is_found_however_its_name_is_written() {
        for (line, expected) in [
            ("[default]", "default"),
            ("[ default ]", "default"),
            ("\t[default] # mine", "default"),
            ("[default]junk", "default"),
            ("\u{feff}[default]", "default"),
            ("['default']", "default"),
            ("[profile default]", "profile default"),
            ("[profile\tdefault]", "profile default"),
            ("[ profile  \"default\" ]", "profile default"),
            ("[profile 'my prof']", "profile my prof"),
            ("[profile \"my prof\"]", "profile my prof"),
            ("[profile my prof]", "profile my prof"),
            ("[profile it's]", "profile it's"),
            ("[sso-session corp]", "sso-session corp"),
            ("[profile]", "profile"),
            ("[dev]", "dev"),
        ] {
            assert_eq!(headings(&format!("{line}\n")), [expected], "{line}");
        }
        let is_default = |line: &str| Heading::parse(line).is_default();
        for line in ["default", "DEFAULT", "profile default", "profile 'Default'", " default "] {
            assert!(is_default(line), "{line}");
        }
        for line in ["profile default-2", "sso-session default", "my default", "profile"] {
            assert!(!is_default(line), "{line}");
        }
    }

    #[test]
    fn a_key_is_read_as_the_most_permissive_reader_reads_it() {
        let text = "[a]\r\n  Region = x\r\n\taws_key : y ; why\r\ns3 =\r\n  nested = 1\r\n# no = comment\r\nlast = z\r\n  deep = d\r\n  goes on\r\n[b]\nlast=1\rlast = 2 = 3\n";
        let document = Document::parse(text.to_owned());
        let [a, b] = document.sections().collect::<Vec<_>>()[..] else { panic!("two sections") };
        let keys: Vec<(&str, &str)> = a.keys().collect();
        let expected = [("Region", "x"), ("aws_key", "y ; why"), ("s3", ""), ("last", "z"), ("deep", "d")];
        assert_eq!(keys, expected);
        assert_eq!((a.value("REGION"), a.value("nested"), b.value("last")), (Some("x"), None, Some("2 = 3")));
        assert_eq!(a.said().count(), 7, "with the sub-property and the value's second line");
        assert_eq!((without_comment("y ; why"), without_comment("a#b"), without_comment("é #")), ("y", "a#b", "é"));
    }

    #[test]
    fn lines_about_which_readers_disagree_are_told() {
        for (text, is_odd) in [
            ("[a]\nk = v\n[b]\n", false),
            ("  [a]\n  k = v\n  [b]\n", false),
            ("[a]\nk = v\n  [b]\n", true),
            ("[a\nk = v\n", true),
        ] {
            assert_eq!(Document::parse(text.to_owned()).oddity().is_some(), is_odd, "{text:?}");
        }
        assert!(Document::of_bytes(b"[a]\0\n").oddity().is_some());
        assert!(Document::of_bytes(b"[a]\nk = \xff\n").oddity().is_none());
    }

    #[test]
    fn what_is_left_out_takes_what_goes_on_with_it() {
        let table = [
            ("[d]\nx = 1\n  y = 2\nz = 3\n", Some("[d]\nz = 3\n")),
            ("[d]\n  x = 1\n  z = 3\n", Some("[d]\n  z = 3\n")),
            ("[d]\nz = 3\n  x = 1\n", Some("[d]\nz = 3\n")),
            ("[d]\ns3 =\n  x = 1\n  y = 2\n", Some("[d]\ns3 =\n  y = 2\n")),
            ("[d]\nX: 1\n  b\n\n# c\nz = r\n", Some("[d]\n\n# c\nz = r\n")),
            ("[d]\n\t x =1\r\n\tz = 2\r\n", Some("[d]\n\tz = 2\r\n")),
            ("[e]\nx = 1\n[d]\nz = 1\n", None),
        ];
        for (text, expected) in table {
            let document = Document::parse(text.to_owned());
            let kept = document.without(|heading| heading.name == "d", |key| key == "x");
            assert_eq!(kept.as_ref().map(|kept| kept.as_str()), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_not_touched_is_printed_as_it_was(text in "([a-z=:#; \\t\\[\\]'\"\\r\\n\u{feff}é]{0,6}(\n|\r\n|\r)?){0,12}") {
            let document = Document::parse(text.clone());
            let lines: String = document.lines.iter().map(|line| &document.text[line.span.clone()]).collect();
            prop_assert_eq!(&lines, &text);
            prop_assert!(document.without(|_| true, |_| false).is_none());
            for section in document.sections() {
                for (key, value) in section.keys() {
                    prop_assert!(text.contains(key) && text.contains(value));
                }
            }
        }
    }
}
