//! Facts for people, in two columns of name and value; and times relative to now.

use jiff::SignedDuration;

use super::output::Text;
use super::table::span;
use crate::time::{Timestamp, whole_seconds};

/// Lines of `name  value`.
#[derive(Debug, Default)]
pub struct Facts(Vec<(&'static str, String)>);

impl Facts {
    /// Adds a line, unless the value is absent or empty.
    pub fn add(&mut self, name: &'static str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.0.push((name, value));
        }
    }

    pub fn text(&self) -> Text {
        let width = self.0.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        self.0.iter().map(|(name, value)| Text::of(format!("{name:width$}  {value}"))).collect()
    }
}

/// Returns `2026-11-21T10:05:00Z (4m left)`, with `(over)` for the past.
pub fn until(at: Timestamp, now: Timestamp) -> String {
    let left = at.duration_since(now);
    let left = if left > SignedDuration::ZERO { format!("{} left", span(left)) } else { "over".to_owned() };
    format!("{} ({left})", whole_seconds(at))
}

/// Returns a heading with each line indented below it; empty without lines.
pub fn listed(heading: &str, lines: impl IntoIterator<Item = String>) -> Text {
    let lines: Text = lines.into_iter().map(|line| Text::of(format!("  {line}"))).collect();
    if lines.is_empty() { lines } else { Text::document(&format!("\n{heading}:\n")) + lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_stand_in_two_columns_and_what_is_not_known_does_not() {
        let mut facts = Facts::default();
        facts.add("issuer", Some("https://idp".into()));
        facts.add("x", None);
        facts.add("y", Some(String::new()));
        facts.add("to", Some("b".into()));
        assert_eq!(&*facts.text(), "issuer  https://idp\nto      b\n");
        assert_eq!(&*listed("roles", []), "");
        assert_eq!(&*listed("roles", ["a".into(), "b".into()]), "\nroles:\n  a\n  b\n");
    }

    #[test]
    fn a_time_is_told_with_what_is_left() {
        let at: Timestamp = "2026-11-21T10:05:00.7Z".parse().unwrap();
        let table = [("2026-11-21T10:00:00Z", "(5m left)"), ("2026-11-21T10:05:00.7Z", "(over)")];
        for (now, expected) in table {
            assert_eq!(until(at, now.parse().unwrap()), format!("2026-11-21T10:05:00Z {expected}"));
        }
    }
}
