//! INI files as Python's `configparser` reads them: `airflow.cfg`, `~/.aws/config`, and the files that `s3_config_file`
//! names.
//!
//! Keys are in lower case, `=` or `:` ends a key, an indented line continues the value before it, and a comment has a
//! line of its own. There is no interpolation.

use std::collections::BTreeMap;

/// Sections by name, each with its values by key.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ini(BTreeMap<String, BTreeMap<String, String>>);

/// The section whose values all other sections inherit.
const DEFAULT_SECTION: &str = "DEFAULT";

impl Ini {
    /// Parses `text`. The error is the number of the line that cannot be read.
    pub fn parse(text: &str) -> Result<Ini, usize> {
        let mut sections: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut section: Option<String> = None;
        let mut last: Option<(String, usize)> = None;
        for (number, line) in text.lines().enumerate() {
            let content = line.trim();
            let indent = line.len() - line.trim_start().len();
            if content.is_empty() || content.starts_with(['#', ';']) {
                continue;
            }
            let values = section.as_ref().and_then(|name| sections.get_mut(name));
            if let (Some((key, key_indent)), Some(values)) = (&last, values)
                && indent > *key_indent
            {
                let value = values.entry(key.clone()).or_default();
                value.push('\n');
                value.push_str(content);
                continue;
            }
            last = None;
            if let Some(name) = content.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')).map(|(name, _)| name) {
                sections.entry(name.to_owned()).or_default();
                section = Some(name.to_owned());
                continue;
            }
            let values = section.as_ref().and_then(|name| sections.get_mut(name)).ok_or(number + 1)?;
            let (key, value) = content.split_once(['=', ':']).ok_or(number + 1)?;
            let key = key.trim().to_lowercase();
            values.insert(key.clone(), value.trim().to_owned());
            last = Some((key, indent));
        }
        Ok(Ini(sections))
    }

    /// Returns the sections as written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, String>)> {
        self.0.iter().map(|(name, values)| (name.as_str(), values))
    }

    pub fn has(&self, section: &str) -> bool {
        section != DEFAULT_SECTION && self.0.contains_key(section)
    }

    /// Returns the value. `None` also if there is no such section.
    pub fn get(&self, section: &str, key: &str) -> Option<&str> {
        let own = self.0.get(section)?;
        own.get(key).or_else(|| self.0.get(DEFAULT_SECTION)?.get(key)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_configparser_reads_them() {
        let text = "[DEFAULT]\nshared = d\n; comment\n[a]\nKey = v # no comment\nother: x = y\n[profile b]\n  s3 =\n    nested = 1\n\n  last=\n";
        let ini = Ini::parse(text).unwrap();
        let table = [
            ("a", "key", Some("v # no comment")),
            ("a", "other", Some("x = y")),
            ("a", "shared", Some("d")),
            ("profile b", "s3", Some("\nnested = 1")),
            ("profile b", "last", Some("")),
            ("profile b", "nested", None),
            ("nope", "shared", None),
        ];
        for (section, key, expected) in table {
            assert_eq!(ini.get(section, key), expected, "{section} {key}");
        }
        assert!(ini.has("a") && !ini.has("DEFAULT"));
    }

    #[test]
    fn a_line_without_meaning_is_named() {
        for (text, line) in [("key = 1", 1), ("[a]\nk = 1\nword", 3)] {
            assert_eq!(Ini::parse(text), Err(line), "{text:?}");
        }
    }
}
