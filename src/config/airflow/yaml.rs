//! YAML as PyYAML's `safe_load` reads it: YAML 1.1's plain scalars (`yes` is true, `010` is eight), anchors and merge
//! keys.
//!
//! Depth and number of nodes are limited, and every alias is counted, so that a small file cannot grow without limit.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Value};

const MAX_DEPTH: usize = 64;
const MAX_NODES: usize = 100_000;

/// Parses the first document. The error is the line (from 1) and the fault; it shows nothing of the text.
pub fn parse(text: &str) -> Result<Value, (usize, &'static str)> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| (error.marker().line(), "it is not YAML"))?;
        let line = span.start.line();
        if let Some(done) = builder.take(event).map_err(|why| (line, why))? {
            return Ok(done);
        }
    }
    Ok(Value::Null)
}

/// A collection whose end was not read yet.
enum Open {
    List(Vec<Value>, usize),
    /// `key` waits for its value; `merged` are the maps of merge keys.
    Map {
        fields: Map<String, Value>,
        key: Option<String>,
        merged: Vec<Value>,
        anchor: usize,
    },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Value>,
    nodes: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Result<Option<Value>, &'static str> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, tag.as_deref())?;
                self.add(value, anchor)
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned().ok_or("an alias names no anchor before it")?;
                self.add(value, 0)
            }
            Event::SequenceStart(anchor, _) => self.begin(Open::List(Vec::new(), anchor)),
            Event::MappingStart(anchor, _) => {
                self.begin(Open::Map { fields: Map::new(), key: None, merged: Vec::new(), anchor })
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(items, anchor)) => self.add(Value::Array(items), anchor),
                Some(Open::Map { fields, merged, anchor, .. }) => self.add(with_merged(fields, merged), anchor),
                None => Ok(None),
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(None)
            }
        }
    }

    fn begin(&mut self, open: Open) -> Result<Option<Value>, &'static str> {
        if self.open.len() == MAX_DEPTH {
            return Err("it is nested too deeply");
        }
        self.open.push(open);
        Ok(None)
    }

    /// Adds a finished value to the innermost open collection. Without one it is the document.
    fn add(&mut self, value: Value, anchor: usize) -> Result<Option<Value>, &'static str> {
        self.nodes += count(&value);
        if self.nodes > MAX_NODES {
            return Err("it has too many values, aliases included");
        }
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut() {
            None => return Ok(Some(value)),
            Some(Open::List(items, _)) => items.push(value),
            Some(Open::Map { fields, key, merged, .. }) => match key.take() {
                None => *key = Some(key_text(value)?),
                Some(key) if key == "<<" => merged.push(value),
                Some(key) => {
                    fields.insert(key, value);
                }
            },
        }
        Ok(None)
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(count).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

fn key_text(value: Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Array(_) | Value::Object(_) => Err("a key is not text"),
    }
}

/// Merges maps: a map's own keys take precedence, then those of the first merged map.
fn with_merged(mut fields: Map<String, Value>, merged: Vec<Value>) -> Value {
    let maps = merged.into_iter().flat_map(|value| match value {
        Value::Array(items) => items,
        other => vec![other],
    });
    for (key, value) in maps.filter_map(|map| if let Value::Object(map) = map { Some(map) } else { None }).flatten() {
        fields.entry(key).or_insert(value);
    }
    Value::Object(fields)
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, &'static str> {
    match tag {
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => Ok(Value::String(text.to_owned())),
        Some(tag) if tag.handle == "!" && tag.suffix.is_empty() => Ok(Value::String(text.to_owned())),
        Some(tag) if tag.is_yaml_core_schema() && ["int", "float", "bool", "null"].contains(&tag.suffix.as_str()) => {
            Ok(plain(text))
        }
        Some(_) => Err("it has a tag that means a Python object"),
        None if style == ScalarStyle::Plain => Ok(plain(text)),
        None => Ok(Value::String(text.to_owned())),
    }
}

/// Reads the implicit types of YAML 1.1 as PyYAML does. Its dates and base-60 numbers stay text.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => (),
    }
    if let Some(number) = integer(text) {
        return Value::from(number);
    }
    float(text).and_then(serde_json::Number::from_f64).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn integer(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = unsigned.replace('_', "");
    let magnitude = if let Some(binary) = digits.strip_prefix("0b") {
        i64::from_str_radix(binary, 2)
    } else if let Some(hex) = digits.strip_prefix("0x") {
        i64::from_str_radix(hex, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(&digits, 8)
    } else {
        digits.parse()
    };
    let is_number = unsigned.starts_with(|c: char| c.is_ascii_digit());
    let magnitude = magnitude.ok().filter(|_| is_number)?;
    Some(if text.starts_with('-') { -magnitude } else { magnitude })
}

/// Parses a float, which has a point; an exponent needs a sign.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let is_mantissa = mantissa.contains('.')
        && mantissa.bytes().all(|b| b.is_ascii_digit() || b"._".contains(&b))
        && mantissa.bytes().any(|b| b.is_ascii_digit());
    let is_exponent = exponent.is_none_or(|e| {
        e.strip_prefix(['-', '+'])
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    });
    (is_mantissa && is_exponent).then(|| text.replace('_', "").parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_those_of_pyyaml() {
        // Recorded with PyYAML 6.
        let table = [
            ("a: yes\nb: 'yes'\nc: off", json!({"a": true, "b": "yes", "c": false})),
            (
                "a: 010\nb: 0x1f\nc: 1_000\nd: -5\ne: 08\nf: 0b11",
                json!({"a": 8, "b": 31, "c": 1000, "d": -5, "e": "08", "f": 3}),
            ),
            (
                "a: 1.5\nb: 1e3\nc: 1.0e+3\nd: .5\ne: 1.2.3",
                json!({"a": 1.5, "b": "1e3", "c": 1000.0, "d": 0.5, "e": "1.2.3"}),
            ),
            ("a: ~\nb:\nc: ''\nd: null", json!({"a": null, "b": null, "c": "", "d": null})),
            ("a: !!str 5\nb: \"x\\ty\"\nc: |\n  two\n  lines\n", json!({"a": "5", "b": "x\ty", "c": "two\nlines\n"})),
            ("b: &b {x: 1, y: 2}\na:\n  <<: *b\n  y: 3\n", json!({"b": {"x": 1, "y": 2}, "a": {"x": 1, "y": 3}})),
            ("- aws://a:b@\n- {k: [1, two]}\n", json!(["aws://a:b@", {"k": [1, "two"]}])),
            ("a: 1\na: 2", json!({"a": 2})),
            ("", json!(null)),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_harms_is_refused() {
        let bomb: String = (1..10).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
            let last = format!("*a{}, ", n - 1);
            text + &format!("a{n}: &a{n} [{}]\n", last.repeat(9))
        });
        let deep = "[".repeat(1000);
        for text in [bomb.as_str(), deep.as_str(), "a: !!python/object:os.system x", "a: *nope", "a: [", "a: b: c"] {
            assert!(parse(text).is_err(), "{}", &text[..text.len().min(40)]);
        }
    }
}
