//! Typed reading of an `extra`. An error names the key, the kind of its value, and the kind that is right; it never
//! shows a value.
//!
//! A URI can hold only text. JSON text is parsed as the object it stands for, as Airflow's own `connections add` does
//! since 3.2; in tasks Airflow raises an `AttributeError`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::broken::Broken;
use super::json_text::kind;
use crate::config::names::Names;

/// An object in the extra, with its path for errors.
pub struct Fields<'a> {
    path: String,
    map: Cow<'a, Map<String, Value>>,
}

impl<'a> Fields<'a> {
    pub fn top(map: &'a Map<String, Value>) -> Self {
        Fields { path: String::new(), map: Cow::Borrowed(map) }
    }

    /// Returns the key as Airflow's documentation names it: `assume_role_with_saml.idp_url`.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.map.keys().map(String::as_str)
    }

    pub fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// Returns the value, unless it is absent or null.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// Returns the value, which may be null.
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

    /// Returns a text that is not empty, as Airflow's `if value:` does.
    pub fn nonempty(&self, key: &str) -> Result<Option<String>, Broken> {
        Ok(self.text(key)?.filter(|text| !text.is_empty()))
    }

    /// Returns a text.
    ///
    /// Errors: it is empty, which Airflow would ignore; probably a variable was empty.
    pub fn stated(&self, key: &str) -> Result<Option<String>, Broken> {
        match self.text(key)? {
            Some(text) if text.trim().is_empty() => {
                let path = self.path_of(key);
                let why = format!("`{path}` in the extra is empty: Airflow would ignore it and use other credentials");
                Err(Broken::new(why, format!("write a value for \"{key}\", or remove it")))
            }
            text => Ok(text),
        }
    }

    pub fn required(&self, key: &str, example: &str) -> Result<String, Broken> {
        self.nonempty(key)?.ok_or_else(|| self.missing(key, example))
    }

    /// Reads a boolean, or its text, which is all that a URI can hold.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, Broken> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(other) => Err(self.wrong(key, other, "true or false")),
        }
    }

    /// Reads a number that is not negative, or its text.
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

    /// Reads each element with `element`.
    ///
    /// Errors: the first element that it does not accept.
    pub fn list<T>(&self, key: &str, expected: &str, element: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, Broken> {
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(value @ Value::Array(items)) => {
                items.iter().map(|item| element(item).ok_or_else(|| self.wrong(key, value, expected))).collect()
            }
            Some(other) => Err(self.wrong(key, other, expected)),
        }
    }

    /// Returns the first key that is not in `known`.
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

/// Returns the kind of the value, or "empty" for an empty text.
fn a_kind(value: &Value) -> &'static str {
    match value {
        Value::String(text) if text.is_empty() => "empty",
        other => kind(other),
    }
}
