//! Edits a section of the config file. Lines that need no change stay as they are.

use super::{Depth, Document, Kind, Line, Section, is_blank};
use crate::error::{Code, Error, Result};
use crate::quote::aws_ini;

/// A line that a section should have.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub key: &'a str,
    pub value: &'a str,
    /// Whether an existing value is kept.
    pub yields: bool,
}

/// The edited text.
#[derive(Debug, PartialEq, Eq)]
pub struct Edited {
    pub text: String,
    /// The removed and added lines, with `-` and `+` before them, below the section's heading. Empty if nothing
    /// changes.
    pub changes: Vec<String>,
}

impl Document {
    /// Returns the sections that SDKs read as the profile in the config file, where `[default]` needs no word
    /// `profile`.
    pub fn profile(&self, name: &str) -> impl DoubleEndedIterator<Item = Section<'_>> {
        self.sections().filter(move |section| {
            let heading = section.heading();
            let has_kind = heading.kind.as_deref() == Some("profile");
            heading.name == name && (has_kind || (heading.kind.is_none() && name == "default"))
        })
    }

    /// Sets the entries in the profile's section, or in a new one at the end. Of several sections, the last one with
    /// the first entry's key is edited, else the last one.
    ///
    /// Errors: a name that cannot be written, and a file that SDKs do not read.
    pub fn with_profile(&self, name: &str, entries: &[Entry<'_>]) -> Result<Edited> {
        if let Some(oddity) = self.oddity() {
            return Err(Error::new(Code::AwsProfileWrong, "AWS's tools cannot read the file ~/.aws/config")
                .because(oddity)
                .hint("correct that line, then run it again"));
        }
        let has_first = |section: &Section<'_>| entries.first().is_some_and(|entry| section.value(entry.key).is_some());
        let place = self.profile(name).rfind(has_first).or_else(|| self.profile(name).next_back());
        let Some(section) = place else {
            return Ok(self.with_new(&aws_ini::heading(name)?, entries));
        };
        let mut edit = Edit { document: self, section, replaced: Vec::new(), added: Vec::new(), changes: Vec::new() };
        for entry in entries {
            let is_there = |section: Section<'_>| section.value(entry.key).is_some();
            if !(entry.yields && self.profile(name).any(is_there)) {
                edit.set(entry);
            }
        }
        Ok(edit.done())
    }

    fn with_new(&self, heading: &str, entries: &[Entry<'_>]) -> Edited {
        let end = self.line_end();
        let lines = entries.iter().map(|entry| format!("{} = {}", entry.key, entry.value));
        let lines: Vec<String> = std::iter::once(heading.to_owned()).chain(lines).collect();
        let mut text = self.text().to_owned();
        if !text.is_empty() && !text.ends_with(['\n', '\r']) {
            text.push_str(end);
        }
        if self.lines.last().is_some_and(|line| !self.text[line.span.clone()].trim_matches(is_blank).is_empty()) {
            text.push_str(end);
        }
        text.extend(lines.iter().flat_map(|line| [line.as_str(), end]));
        Edited { text, changes: lines.iter().map(|line| format!("+{line}")).collect() }
    }

    /// Returns the line end that the file uses.
    fn line_end(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }
}

/// An edit of a section's lines.
struct Edit<'a> {
    document: &'a Document,
    section: Section<'a>,
    /// The number of a line, and its replacement; empty: the line is removed.
    replaced: Vec<(usize, String)>,
    /// Lines added below the heading.
    added: Vec<String>,
    changes: Vec<String>,
}

impl Edit<'_> {
    fn set(&mut self, entry: &Entry<'_>) {
        let document = self.document;
        let is_set = |(_, line): &(usize, &Line)| match &line.kind {
            Kind::Key { name, depth: Depth::Section | Depth::Unclear, .. } => {
                line.section == Some(self.section.at) && document.text[name.clone()].eq_ignore_ascii_case(entry.key)
            }
            Kind::Key { depth: Depth::Nested, .. } | Kind::Heading | Kind::Continuation | Kind::Other => false,
        };
        let line = format!("{} = {}", entry.key, entry.value);
        let Some((at, old)) = document.lines.iter().enumerate().rfind(is_set) else {
            self.changes.push(format!("+{line}"));
            self.added.push(line);
            return;
        };
        let further = self.further(at);
        let is_same = matches!(&old.kind, Kind::Key { value, .. } if document.text[value.clone()] == *entry.value);
        if is_same && further.is_empty() {
            return;
        }
        let text = &document.text[old.span.clone()];
        let (indent, end) = (&text[..text.len() - text.trim_start_matches(is_blank).len()], line_end_of(text));
        self.changes.push(format!("-{}", text.trim_end_matches(is_blank)));
        for number in further {
            let text = &document.text[document.lines[number].span.clone()];
            self.changes.push(format!("-{}", text.trim_end_matches(is_blank)));
            self.replaced.push((number, String::new()));
        }
        self.changes.push(format!("+{indent}{line}"));
        self.replaced.push((at, format!("{indent}{line}{end}")));
    }

    /// Returns the lines that continue the value at this one.
    fn further(&self, at: usize) -> Vec<usize> {
        let (lines, indent) = (&self.document.lines, self.document.lines[at].indent);
        let after = (at + 1..lines.len()).take_while(|number| match lines[*number].kind {
            Kind::Heading => false,
            Kind::Key { .. } | Kind::Continuation => lines[*number].indent > indent,
            Kind::Other => true,
        });
        after.filter(|number| !matches!(lines[*number].kind, Kind::Other)).collect()
    }

    /// Returns the line after which new lines are added: the heading, or an indented line before the first key, which
    /// would otherwise continue a new value.
    fn below(&self, heading: usize) -> usize {
        let lines = self.document.lines.iter().enumerate().skip(heading + 1);
        let before = lines.take_while(|(_, line)| !matches!(line.kind, Kind::Heading | Kind::Key { .. }));
        let goes_on = |(_, line): &(usize, &Line)| {
            let content = self.document.text[line.span.clone()].trim_matches(is_blank);
            line.indent > 0 && !content.is_empty() && !content.starts_with(['#', ';'])
        };
        before.filter(goes_on).last().map_or(heading, |(number, _)| number)
    }

    fn done(mut self) -> Edited {
        let document = self.document;
        // New lines are indented as the first key, which would otherwise continue their value.
        let first = self.section.lines().find(|line| matches!(line.kind, Kind::Key { .. }));
        let indent = first.map_or("", |line| {
            let text = &document.text[line.span.clone()];
            &text[..text.len() - text.trim_start_matches(is_blank).len()]
        });
        let heading = document
            .lines
            .iter()
            .position(|line| matches!(line.kind, Kind::Heading) && line.section == Some(self.section.at));
        let place = heading.map(|heading| self.below(heading));
        let mut text = String::with_capacity(document.text.len() + 200);
        for (number, line) in document.lines.iter().enumerate() {
            let replacement = self.replaced.iter().find(|(at, _)| *at == number);
            text.push_str(replacement.map_or(&document.text[line.span.clone()], |(_, text)| text));
            if Some(number) != place {
                continue;
            }
            if !self.added.is_empty() && !text.ends_with(['\n', '\r']) {
                text.push_str(document.line_end());
            }
            for line in &self.added {
                text.push_str(&format!("{indent}{line}{}", document.line_end()));
            }
        }
        if let (Some(number), false) = (heading, self.changes.is_empty()) {
            let heading = document.text[document.lines[number].span.clone()].trim_matches(is_blank);
            self.changes.insert(0, format!(" {heading}"));
        }
        Edited { text, changes: self.changes }
    }
}

fn line_end_of(line: &str) -> &str {
    &line[line.trim_end_matches(['\n', '\r']).len()..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRIES: [Entry<'static>; 2] = [
        Entry { key: "credential_process", value: "/bin/fedcred get dev", yields: false },
        Entry { key: "region", value: "eu-west-1", yields: true },
    ];

    fn edited(old: &str, name: &str) -> Edited {
        Document::parse(old.to_owned()).with_profile(name, &ENTRIES).unwrap()
    }

    #[test]
    fn a_section_is_added_at_the_end_or_changed_where_it_is() {
        let ours = "credential_process = /bin/fedcred get dev\n";
        let both = format!("{ours}region = eu-west-1\n");
        let table = [
            ("", format!("[profile dev]\n{both}"), 3),
            ("# mine\n[default]\nregion = a", format!("# mine\n[default]\nregion = a\n\n[profile dev]\n{both}"), 3),
            (
                "[profile dev]\n# why\noutput = json\n\n[profile other]\nregion = b\n",
                format!("[profile dev]\n{both}# why\noutput = json\n\n[profile other]\nregion = b\n"),
                3,
            ),
            (
                "[profile dev]\nregion = mine\ncredential_process = old tool\ns3 =\n  region = x\n",
                format!("[profile dev]\nregion = mine\n{ours}s3 =\n  region = x\n"),
                3,
            ),
            // What is read as one section is one: in either quoting, and the last of two.
            ("[profile 'dev']\nregion = r\n", format!("[profile 'dev']\n{ours}region = r\n"), 2),
            ("[ profile \"dev\" ] # x\nregion = r", format!("[ profile \"dev\" ] # x\n{ours}region = r"), 2),
            (
                "[profile dev]\nregion = r\n[profile dev]\noutput = json\n",
                format!("[profile dev]\nregion = r\n[profile dev]\n{ours}output = json\n"),
                2,
            ),
            ("[profile dev]", format!("[profile dev]\n{both}"), 3),
            // An indented key would go on with a value that is not.
            (
                "[profile dev]\n\toutput = json\n\tregion = r\n",
                "[profile dev]\n\tcredential_process = /bin/fedcred get dev\n\toutput = json\n\tregion = r\n"
                    .to_owned(),
                2,
            ),
            // What is not a key would do so with ours.
            (
                "[profile dev]\n# why\n  junk\nregion = r\n",
                format!("[profile dev]\n# why\n  junk\n{ours}region = r\n"),
                2,
            ),
            (
                "[profile dev]\n  credential_process = old\n    on and on\n  region = r\n",
                "[profile dev]\n  credential_process = /bin/fedcred get dev\n  region = r\n".to_owned(),
                4,
            ),
        ];
        for (old, expected, changes) in table {
            let new = edited(old, "dev");
            assert_eq!((new.text.as_str(), new.changes.len()), (expected.as_str(), changes), "{:#?}", new.changes);
            let again = edited(&new.text, "dev");
            assert_eq!(again, Edited { text: new.text, changes: vec![] }, "a second time nothing changes");
        }
        assert!(edited("", "default").text.starts_with("[default]\n"));
        assert!(edited("['default']\noutput = x\n", "default").text.starts_with("['default']\ncredential_process"));
        assert!(edited("[profile default]\n", "default").text.starts_with("[profile default]\ncredential_process"));
    }

    #[test]
    fn lines_keep_their_ends() {
        let new = edited("[profile dev]\r\noutput = json\r\n", "dev").text;
        assert!(new.lines().count() == 4 && new.matches("\r\n").count() == 4, "{new:?}");
    }

    #[test]
    fn a_name_that_cannot_be_written_is_an_error() {
        assert!(Document::parse(String::new()).with_profile("a\nb", &ENTRIES).is_err());
        for odd in ["[profile dev\nregion = x\n", "[profile dev]\n\0\n", "[a]\nk = v\n  [profile dev]\n"] {
            assert!(Document::parse(odd.to_owned()).with_profile("dev", &ENTRIES).is_err(), "{odd:?}");
        }
    }
}
