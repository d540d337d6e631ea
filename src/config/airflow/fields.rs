//! Typed reading of an `extra`: each value is right, or an error that names its key, what it is and what it should be.
//!
//! No value is ever shown. Where a URI can only hold text, text that is JSON is taken for the object it means, as Airflow's
//! own `connections add` does since 3.2; in tasks Airflow stops there with an `AttributeError`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::broken::Broken;
use super::json_text::kind;
use crate::config::names::Names;

/// An object somewhere in the extra, with its path there for errors.
pub struct Fields<'a> {
    path: String,
    map: Cow<'a, Map<String, Value>>,
}

impl<'a> Fields<'a> {
    pub fn top(map: &'a Map<String, Value>) -> Self {
        Fields { path: String::new(), map: Cow::Borrowed(map) }
    }

    /// The key as Airflow's documentation names it: `assume_role_with_saml.idp_url`.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.map.keys().map(String::as_str)
    }

    pub fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// The value unless it is absent or null.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// The value also when it is null.
    pub fn written(&self, key: &str) -> Option<&Value> {
        self.map.get(key)
    }

    pub fn text(&self, key: &str) -> Result<Option<String>, Broken> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.wrong(key, other, "text in quotes")),
        }
    }

    /// Text that has something in it; Airflow's `if value:`.
    pub fn nonempty(&self, key: &str) -> Result<Option<String>, Broken> {
        Ok(self.text(key)?.filter(|text| !text.is_empty()))
    }

    /// Text that has something in it, where an empty one would be passed over: a variable that was empty was put there.
    pub fn stated(&self, key: &str) -> Result<Option<String>, Broken> {
        match self.text(key)? {
            Some(text) if text.trim().is_empty() => {
                let path = self.path_of(key);
                let why =
                    format!("`{path}` in the extra is empty: Airflow would pass it over and take other credentials");
                Err(Broken::new(why, format!("write a value for \"{key}\", or remove it")))
            }
            text => Ok(text),
        }
    }

    pub fn required(&self, key: &str, example: &str) -> Result<String, Broken> {
        self.nonempty(key)?.ok_or_else(|| self.missing(key, example))
    }

    /// A boolean, or the text of one, which is all that a URI can hold.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, Broken> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(other) => Err(self.wrong(key, other, "true or false")),
        }
    }

    /// A number that is not negative, or the text of one.
    pub fn number(&self, key: &str) -> Result<Option<f64>, Broken> {
        let number = match self.get(key) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        match number.filter(|number: &f64| number.is_finite() && *number >= 0.0) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(key, self.get(key).unwrap_or(&Value::Null), "a number, not below 0")),
        }
    }

    pub fn object(&self, key: &str) -> Result<Option<Fields<'_>>, Broken> {
        let map = match self.get(key) {
            None => return Ok(None),
            Some(Value::Object(map)) => Cow::Borrowed(map),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(value @ Value::String(text)) => match serde_json::from_str(text) {
                Ok(Value::Object(map)) => Cow::Owned(map),
                _ => return Err(self.wrong(key, value, "an object {…}")),
            },
            Some(other) => return Err(self.wrong(key, other, "an object {…}")),
        };
        Ok(Some(Fields { path: self.path_of(key), map }))
    }

    /// Each element as `element` takes it, or the error of the first that it does not.
    pub fn list<T>(&self, key: &str, expected: &str, element: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, Broken> {
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(value @ Value::Array(items)) => {
                items.iter().map(|item| element(item).ok_or_else(|| self.wrong(key, value, expected))).collect()
            }
            Some(other) => Err(self.wrong(key, other, expected)),
        }
    }

    /// The first key that is not among `known`.
    pub fn unknown(&self, known: Names) -> Option<&str> {
        self.keys().find(|key| !known.has(key))
    }

    pub fn missing(&self, key: &str, example: &str) -> Broken {
        Broken::new(format!("`{}` is missing in the extra", self.path_of(key)), format!("write \"{key}\": {example}"))
    }

    pub fn wrong(&self, key: &str, value: &Value, expected: &str) -> Broken {
        let path = self.path_of(key);
        let mended = format!("write {expected} for \"{key}\"");
        Broken::new(format!("`{path}` in the extra is {}, not {expected}", a_kind(value)), mended)
    }
}

/// Text of the wrong form is told from text where there should be none.
fn a_kind(value: &Value) -> &'static str {
    match value {
        Value::String(text) if text.is_empty() => "empty",
        other => kind(other),
    }
}
