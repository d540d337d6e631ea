//! AWS's INI files (`~/.aws/config`, `~/.aws/credentials`) as a lossless document: lines that are not edited are
//! printed as they were.
//!
//! SDKs differ in how they read these files. This reader accepts what any of them accepts as a section or key. botocore
//! uses Python's `configparser` (keys in any case, `=` or `:`, an indented line continues the value above it, names of
//! sections by `shlex`); the SDK for JavaScript reads every line with a `=` as a key, however it is indented; those for
//! Go and Rust accept section names with blanks around them.

mod edit;

use std::ops::Range;

use zeroize::Zeroizing;

pub use self::edit::{Edited, Entry};

/// A file's text, and the meaning of its lines.
pub struct Document {
    text: Zeroizing<String>,
    lines: Vec<Line>,
    headings: Vec<Heading>,
    oddity: Option<&'static str>,
}

struct Line {
    /// Including the line end.
    span: Range<usize>,
    /// Characters of white space before it.
    indent: usize,
    /// The heading above the line; for a heading, itself.
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
    /// A further line of the value above it.
    Continuation,
    /// Blank, a comment, or a line that no SDK reads.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// A key of the section, for every SDK.
    Section,
    /// Indented below a key with a value: a key for some SDKs, a part of that value for others.
    Unclear,
    /// Below a key without a value: its sub-property.
    Nested,
}

/// The text between brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// `profile`, `sso-session`, `services`; absent in `[default]`.
    pub kind: Option<String>,
    pub name: String,
}

impl Heading {
    fn parse(inner: &str) -> Self {
        // A quote that does not close is not part of the name.
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

    /// Whether any SDK reads the section as the default profile, in either file. Python's parser adds the values of the
    /// section `DEFAULT` to every other section.
    pub fn is_default(&self) -> bool {
        // The SDK for JavaScript splits words at every blank of Unicode.
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

/// A heading and the lines below it.
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
        let oddity = oddity.or_else(|| text.contains('\0').then_some("it holds bytes that are not text"));
        Document { lines, headings, oddity, text }
    }

    /// Parses bytes. What is not UTF-8 is replaced.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::parse(String::from_utf8_lossy(bytes).into_owned())
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the reason why SDKs may disagree about which section a line belongs to.
    pub fn oddity(&self) -> Option<&'static str> {
        self.oddity
    }

    /// Returns all sections in their order. A name may occur several times.
    pub fn sections(&self) -> impl DoubleEndedIterator<Item = Section<'_>> {
        (0..self.headings.len()).map(|at| Section { document: self, at })
    }

    /// Returns the text without the lines of certain sections that set certain keys, at any indentation, and without
    /// their continuation lines. `None` if there are no such lines.
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

    /// Returns the value of a key as written; the last one if the key is repeated.
    pub fn value(&self, key: &str) -> Option<&'a str> {
        let mut keys = self.keys().filter(|(name, _)| name.eq_ignore_ascii_case(key));
        let first = keys.next();
        keys.last().or(first).map(|(_, value)| value)
    }

    /// Returns keys and values, without sub-properties.
    pub fn keys(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let document = self.document;
        self.lines().filter_map(move |line| match &line.kind {
            Kind::Key { name, value, depth: Depth::Section | Depth::Unclear } => {
                Some((&document.text[name.clone()], &document.text[value.clone()]))
            }
            Kind::Key { depth: Depth::Nested, .. } | Kind::Heading | Kind::Continuation | Kind::Other => None,
        })
    }

    /// Returns the lines with keys and values, without their ends.
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

/// Returns the value without a comment at its end, for readers that know such comments.
pub fn without_comment(value: &str) -> &str {
    let mut chars = value.char_indices().zip(value.chars().skip(1));
    let comment = chars.find(|((_, before), here)| is_blank(*before) && matches!(here, '#' | ';'));
    comment.map_or(value, |((at, _), _)| value[..at].trim_end_matches(is_blank))
}

/// Whether some SDK strips the character: white space, what Python counts as such, and a byte order mark.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}' | '\u{feff}')
}

/// Splits the text into lines with their ends: LF, CRLF, and a single CR, which ends a line in Python.
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

/// The state of the parser.
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

    /// Returns the range of a part of the text.
    fn range(&self, part: &str) -> Range<usize> {
        let start = part.as_ptr() as usize - self.text.as_ptr() as usize;
        start..start + part.len()
    }
}

#[cfg(test)]
mod tests;
