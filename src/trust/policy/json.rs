//! JSON with the names that occur twice in an object: `serde_json` keeps the last one, and which one IAM keeps is not
//! documented.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// Reads a document, and the names that occur twice in an object of it, also if they differ only by case.
pub fn read(text: &str) -> Result<(Value, Vec<String>), serde_json::Error> {
    let mut twice = Vec::new();
    serde_json::from_str::<Node>(text)?.collect_twice(&mut twice);
    Ok((serde_json::from_str(text)?, twice))
}

/// A value, as far as it has names.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Node {
    Object(Fields),
    Array(Vec<Node>),
    Leaf(IgnoredAny),
}

struct Fields(Vec<(String, Node)>);

impl Node {
    fn collect_twice(&self, twice: &mut Vec<String>) {
        match self {
            Node::Object(Fields(fields)) => {
                for (at, (name, value)) in fields.iter().enumerate() {
                    if fields[..at].iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                        twice.push(name.clone());
                    }
                    value.collect_twice(twice);
                }
            }
            Node::Array(all) => all.iter().for_each(|value| value.collect_twice(twice)),
            Node::Leaf(_) => {}
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Fields;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Fields, A::Error> {
                let mut all = Vec::new();
                while let Some(field) = fields.next_entry()? {
                    all.push(field);
                }
                Ok(Fields(all))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_occur_twice_are_reported() {
        let table = [
            (r#"{"a": 1, "b": [true, null, -2, 1.5, "x"]}"#, vec![]),
            (r#"{"a": 1, "a": 2}"#, vec!["a"]),
            (r#"{"x": [{"aud": 1, "AUD": 2}]}"#, vec!["AUD"]),
            (r#"{"x": {"a": 1}, "y": {"a": 1}}"#, vec![]),
        ];
        for (text, expected) in table {
            let (value, twice) = read(text).unwrap();
            assert_eq!(twice, expected, "{text}");
            assert_eq!(value, serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
        for text in ["{} x", "", "{\"a\":", &"[".repeat(200)] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
