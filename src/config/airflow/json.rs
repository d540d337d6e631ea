//! A connection as JSON: `{"conn_type", "description", "login", "password", "host", "port", "schema", "extra"}`.
//!
//! Read as Airflow's `Connection.from_json`, which accepts no other key. Airflow would continue without the connection
//! or its extra; here that is an error, which names the place and shows the corrected text, but no value.

use serde_json::{Map, Value};

use super::broken::Broken;
use super::connection::{Connection, Extra, normalized_type};
use super::extras;
use super::json_text::{kind, object, value};
use super::redact;
use crate::config::names::Names;
use crate::secret::Secret;

/// The keys of an object, in the order in which Airflow writes them.
pub const KEYS: Names = Names("conn_type description login password host port schema extra");

/// Other names for a field, which only Secrets Manager's backend accepts.
const ALIASES: [(&str, &str); 6] = [
    ("user", "login"),
    ("username", "login"),
    ("user_name", "login"),
    ("pass", "password"),
    ("key", "password"),
    ("type", "conn_type"),
];

/// Reads `text`, which starts with `{`, as the connection `conn_id`.
pub fn parse(conn_id: &str, text: &str) -> Result<Connection, Broken> {
    match value(text, "")? {
        Value::Object(fields) => from_fields(conn_id, fields),
        _ => Err(Broken::new("the JSON is not an object", "write {\"conn_type\": \"aws\", …}")),
    }
}

/// Returns the connection with these fields.
pub fn from_fields(conn_id: &str, fields: Map<String, Value>) -> Result<Connection, Broken> {
    let mut connection = Connection { conn_id: conn_id.to_owned(), ..Connection::default() };
    for (key, value) in fields {
        match key.as_str() {
            "conn_type" => {
                connection.conn_type = text(&key, value)?.filter(|t| !t.is_empty()).map(|t| normalized_type(&t))
            }
            "description" => connection.description = text(&key, value)?,
            "login" => connection.login = text(&key, value)?,
            "password" => connection.password = text(&key, value)?.map(Secret::new),
            "host" => connection.host = text(&key, value)?,
            "schema" => connection.schema = text(&key, value)?,
            "port" => connection.port = port(value)?,
            "extra" => connection.extra = extra(value)?,
            _ => return Err(unknown_key(&key)),
        }
    }
    Ok(connection)
}

/// Writes the connection as Airflow writes it for an environment variable. Absent fields are left out.
pub fn write(connection: &Connection) -> Secret {
    let text = |text: &Option<String>| text.clone().filter(|t| !t.is_empty()).map(Value::String);
    let fields = [
        ("conn_type", Some(Value::String(connection.conn_type.clone().unwrap_or_else(|| "aws".to_owned())))),
        ("description", text(&connection.description)),
        ("login", text(&connection.login)),
        ("password", connection.password.as_ref().map(|p| Value::String(p.expose().to_owned()))),
        ("host", text(&connection.host)),
        ("port", connection.port.map(Value::from)),
        ("schema", text(&connection.schema)),
        (
            "extra",
            Some(Value::Object(connection.extra.fields().clone())).filter(|_| !connection.extra.fields().is_empty()),
        ),
    ];
    Secret::new(Value::Object(object(fields)).to_string())
}

/// Parses an extra that is JSON text; `place` names it in an error.
pub fn extra_text(text: &str, place: &str) -> Result<Extra, Broken> {
    if text.is_empty() {
        return Ok(Extra::default());
    }
    match value(text, place)? {
        Value::Object(fields) => Ok(Extra::new(fields)),
        other => Err(Broken::new(
            format!("`{place}` is {}, not a JSON object", kind(&other)),
            format!("write {place} as {{\"region_name\": \"…\", …}}"),
        )),
    }
}

/// Reads the extra as Python's `if extra:` does: text is parsed, other values are used as they are.
fn extra(value: Value) -> Result<Extra, Broken> {
    match value {
        Value::Null | Value::Bool(false) => Ok(Extra::default()),
        Value::String(text) => extra_text(&text, "extra"),
        Value::Object(fields) => Ok(Extra::new(fields)),
        Value::Array(items) if items.is_empty() => Ok(Extra::default()),
        other => Err(Broken::new(
            format!("`extra` is {}, not an object", kind(&other)),
            "write \"extra\": {\"region_name\": \"…\", …}",
        )),
    }
}

fn text(key: &str, value: Value) -> Result<Option<String>, Broken> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => Err(Broken::new(
            format!("`{key}` is {}, not text", kind(&other)),
            format!("write \"{key}\": \"…\", in quotes"),
        )),
    }
}

/// Reads a number, or the digits of one.
fn port(value: Value) -> Result<Option<i64>, Broken> {
    let broken =
        |what: &str| Broken::new(format!("`port` is {what}, not a number"), "write \"port\": 443, or remove it");
    match value {
        Value::Null | Value::Bool(false) => Ok(None),
        Value::Number(number) => number.as_i64().map(Some).ok_or_else(|| broken("out of range")),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) => text.trim().parse().map(Some).map_err(|_| broken("text")),
        other => Err(broken(kind(&other))),
    }
}

fn unknown_key(key: &str) -> Broken {
    let shown = redact::name(key);
    let why = format!("`{shown}` is not a key of a connection: Airflow drops the whole connection for it");
    let mended = if key == "region" || extras::KNOWN.has(key) {
        let meant = if key == "region" { "region_name" } else { key };
        format!("write it into the extra: \"extra\": {{\"{meant}\": …}}")
    } else if let Some((_, meant)) = ALIASES.iter().find(|(name, _)| *name == key) {
        format!("write \"{meant}\": …")
    } else if key == "conn_id" {
        "remove `conn_id`: the connection's id is the name it is stored under".to_owned()
    } else if key == "uri" {
        "store the URI itself, without JSON around it".to_owned()
    } else {
        format!("remove it, or write it into \"extra\"; the keys are {}", KEYS.listed())
    };
    Broken::new(why, mended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_broken_json_is_shown_mended_and_without_its_secrets() {
        let table = [
            (
                r#"{"login": "hunter2", "extra": {"region_name": "hunter2",}}"#,
                "column 57 a comma is followed by '}'",
                "remove the comma: \"region_name\": …} instead of",
            ),
            (r#"{"extra": {"a": {"b": 1},}}"#, "a comma is followed by '}'", "}} instead of },}"),
            (r#"{"extra": {"a": ["hunter2",]}}"#, "followed by ']'", "…] instead of …,]"),
            ("{\n \"password\": \"hunter2\"\n \"login\": 1}", "line 3 column 2", "missing quote, comma or brace"),
            ("{'password': 'hunter2'}", "single quotes", "write \" for each '"),
            ("{“password”: “hunter2”}", "typographic quotes", "write \" for each"),
            ("{{ var.value.hunter2 }}", "was not expanded", "store the URI"),
            (r#"{"password": "hunter2""#, "ends in the middle", "missing"),
            (r#"{"password": "hunter2", "region": "x"}"#, "`region` is not a key", "\"extra\": {\"region_name\": …}"),
            (r#"{"user": "hunter2"}"#, "`user` is not a key", "write \"login\""),
            (r#"{"conn_id": "x"}"#, "`conn_id` is not a key", "remove `conn_id`"),
            (r#"{"port": "hunter2"}"#, "`port` is text", "443"),
            (r#"{"password": 5}"#, "`password` is a number", "in quotes"),
            (r#"{"extra": "hunter2"}"#, "at line 1 column 1 of `extra` it is not JSON", "missing"),
            (r#"{"extra": ["hunter2"]}"#, "`extra` is a list", "\"region_name\""),
            (r#"{"extra": "[1]"}"#, "`extra` is a list", "\"region_name\""),
        ];
        for (text, why, mended) in table {
            let broken = parse("x", text).unwrap_err();
            assert!(broken.why.contains(why) && broken.mended.contains(mended), "{text}: {broken:?}");
            assert!(!format!("{broken:?}").contains("hunter2"), "{broken:?}");
        }
    }

    #[test]
    fn values_are_taken_as_python_takes_them() {
        let connection =
            parse("x", r#"{"login": "a%2Fb", "port": "443", "host": null, "extra": "{\"a\": 1}"}"#).unwrap();
        assert_eq!((connection.login.as_deref(), connection.port, connection.host), (Some("a%2Fb"), Some(443), None));
        assert_eq!(connection.extra.fields()["a"], 1);
        for nothing in ["null", "\"\"", "{}", "false", "[]"] {
            let connection = parse("x", &format!("{{\"extra\": {nothing}}}")).unwrap();
            assert!(connection.extra.fields().is_empty(), "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fall_over(text in "\\{[{}\\[\\]\",:' a1é\\\\\n]{0,40}") {
            let _ = parse("x", &text);
        }
    }
}
