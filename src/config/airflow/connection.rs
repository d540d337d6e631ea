//! An Airflow connection as written: its fields, without their meaning.

use std::fmt;

use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::secret::Secret;

/// The fields of `airflow.models.Connection`. An empty text differs from an absent one, as in Airflow.
#[derive(Debug, Default)]
pub struct Connection {
    pub conn_id: String,
    /// In lower case if it was the scheme of a URI, with `_` for `-`. Absent: Airflow uses `aws`.
    pub conn_type: Option<String>,
    pub description: Option<String>,
    /// The access key id.
    pub login: Option<String>,
    /// The secret access key.
    pub password: Option<Secret>,
    pub host: Option<String>,
    pub port: Option<i64>,
    pub schema: Option<String>,
    pub extra: Extra,
}

/// Returns the type as Airflow stores it: `postgres` for `postgresql`, and `_` for `-`.
pub fn normalized_type(conn_type: &str) -> String {
    if conn_type == "postgresql" { "postgres".to_owned() } else { conn_type.replace('-', "_") }
}

/// The `extra` object. Any value may be a secret: `Debug` shows the keys only, and the values are wiped on drop.
#[derive(Default, Clone, PartialEq)]
pub struct Extra(Map<String, Value>);

impl Extra {
    pub fn new(fields: Map<String, Value>) -> Self {
        Extra(fields)
    }

    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Drop for Extra {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let fields = serde_json::json!({"aws_secret_access_key": "hunter2"});
        let connection = Connection {
            password: Some(Secret::new("hunter2".into())),
            extra: Extra::new(fields.as_object().unwrap().clone()),
            ..Connection::default()
        };
        let shown = format!("{connection:?}");
        assert!(shown.contains("aws_secret_access_key") && !shown.contains("hunter2"), "{shown}");
    }
}
