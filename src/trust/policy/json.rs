//! JSON of which the names that stand twice in an object are known: `serde_json` keeps the last, and which one IAM keeps is
//! not documented.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The document, and the names that stand twice, also those that differ by case alone.
pub fn read(text: &str) -> Result<(Value, Vec<String>), serde_json::Error> {
    let twice = RefCell::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Document { twice: &twice }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, twice.into_inner()))
}

#[derive(Clone, Copy)]
struct Document<'a> {
    twice: &'a RefCell<Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if all.keys().any(|known| known.eq_ignore_ascii_case(&name)) {
                self.twice.borrow_mut().push(name.clone());
            }
            all.insert(name, fields.next_value_seed(self)?);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_stand_twice_are_told() {
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
        assert!(read("{} x").is_err() && read("").is_err());
    }
}
