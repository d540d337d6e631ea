//! Parses JSON text. An error names the place of the fault and shows the corrected text, but no value.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::broken::Broken;
use super::{placeholder, redact};

/// Returns the object of those fields that have a value.
pub fn object<'k>(fields: impl IntoIterator<Item = (&'k str, Option<Value>)>) -> Map<String, Value> {
    fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// Returns the kind of a value, for an error that must not show it.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Parses `text`; `place` is the key that has it, empty for the connection itself.
pub fn value(text: &str, place: &str) -> Result<Value, Broken> {
    let value = serde_json::from_str(text).map_err(|why| not_json(text, place, &why))?;
    // Python's parser uses the last one, and the role of the first one would be lost.
    match serde_json::from_str::<UniqueKeys>(text) {
        Ok(UniqueKeys) => Ok(value),
        Err(_) => Err(Broken::new(
            format!("a key is repeated in {}: Airflow would use the last one", in_words(place)),
            "write it once",
        )),
    }
}

fn in_words(place: &str) -> String {
    if place.is_empty() { "the JSON".to_owned() } else { format!("`{place}`") }
}

/// A document in which no object has a key twice.
struct UniqueKeys;

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueKeys)
    }
}

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = UniqueKeys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys that stand once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UniqueKeys, A::Error> {
        let mut keys = HashSet::new();
        while let Some((key, UniqueKeys)) = map.next_entry::<String, UniqueKeys>()? {
            if !keys.insert(key) {
                return Err(A::Error::custom("a key stands twice"));
            }
        }
        Ok(UniqueKeys)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<UniqueKeys, A::Error> {
        while items.next_element::<UniqueKeys>()?.is_some() {}
        Ok(UniqueKeys)
    }

    fn visit_unit<E>(self) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_bool<E>(self, _: bool) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_i64<E>(self, _: i64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_u64<E>(self, _: u64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_f64<E>(self, _: f64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_str<E>(self, _: &str) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }
}

fn not_json(text: &str, place: &str, why: &serde_json::Error) -> Broken {
    let inside = if place.is_empty() { String::new() } else { format!("of `{}` ", redact::name(place)) };
    let at = format!("at line {} column {} {inside}", why.line(), why.column());
    if let Some(comma) = trailing_comma(text, byte_of(text, why.line(), why.column())) {
        return Broken::new(
            format!("{at}a comma is followed by {:?}, where JSON takes none", comma.closing),
            comma.mended,
        );
    }
    if text.contains('\'') && !text.contains('"') {
        return Broken::new(
            format!("{at}it has single quotes, which JSON does not know"),
            "write \" for each ' around a name or value",
        );
    }
    if text.contains(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}']) {
        return Broken::new(
            format!("{at}it has typographic quotes, which JSON does not know"),
            "write \" for each of them around a name or value",
        );
    }
    if placeholder::is_whole(text) {
        return Broken::new("the whole text is a template that was not expanded", "store the URI or JSON itself");
    }
    let reason = match why.classify() {
        serde_json::error::Category::Eof => "the JSON ends in the middle",
        _ => "it is not JSON",
    };
    Broken::new(
        format!("{at}{reason}"),
        "look there for a missing quote, comma or brace; `python3 -m json.tool` checks the text",
    )
}

struct TrailingComma {
    closing: char,
    mended: String,
}

/// Finds the comma before the closing bracket at `end`, and the name of the value before it.
fn trailing_comma(text: &str, end: usize) -> Option<TrailingComma> {
    let closing = text.get(end..)?.chars().next().filter(|c| "}]".contains(*c))?;
    let before = text[..end].trim_end().strip_suffix(',')?.trim_end();
    let value = if before.ends_with(['}', ']']) { &before[before.len() - 1..] } else { "…" };
    let name = if value == "…" && closing == '}' { name_before(before) } else { None };
    let member = name.map(|name| format!("\"{}\": ", redact::name(name))).unwrap_or_default() + value;
    Some(TrailingComma {
        closing,
        mended: format!("remove the comma: {member}{closing} instead of {member},{closing}"),
    })
}

/// Returns the name of the last member of an object in `text`, if its value is a simple one.
fn name_before(text: &str) -> Option<&str> {
    let (before, _) = text.rsplit_once("\":").or_else(|| text.rsplit_once("\" :"))?;
    let name = &before[before.rfind('"')? + 1..];
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(name)
}

/// Returns the byte at a line and column. serde_json counts columns in bytes, from 1.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    start + column.saturating_sub(1)
}
