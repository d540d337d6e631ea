//! A connection as JSON: `{"conn_type", "description", "login", "password", "host", "port", "schema", "extra"}`.
//!
//! Read as Airflow's `Connection.from_json`, which takes no other key. Where Airflow would quietly go on without the
//! connection, or without its extra, this is an error that names the place and shows it mended; no value is ever shown.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::broken::Broken;
use super::connection::{Connection, Extra};
use super::uri::normalized_type;
use super::{placeholder, redact};
use crate::secret::Secret;

/// The keys of an object, in the order in which Airflow writes them.
pub const KEYS: [&str; 8] = ["conn_type", "description", "login", "password", "host", "port", "schema", "extra"];

/// Keys of the extra that people write one level too high, and what they mean by them.
const MISPLACED: [(&str, &str); 15] = [
    ("region", "region_name"),
    ("region_name", "region_name"),
    ("role_arn", "role_arn"),
    ("external_id", "external_id"),
    ("profile_name", "profile_name"),
    ("endpoint_url", "endpoint_url"),
    ("session_kwargs", "session_kwargs"),
    ("config_kwargs", "config_kwargs"),
    ("assume_role_method", "assume_role_method"),
    ("assume_role_kwargs", "assume_role_kwargs"),
    ("assume_role_with_saml", "assume_role_with_saml"),
    ("aws_account_id", "aws_account_id"),
    ("aws_iam_role", "aws_iam_role"),
    ("aws_session_token", "aws_session_token"),
    ("service_config", "service_config"),
];

/// Other names for a field, which Secrets Manager's backend takes and nothing else does.
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

/// The connection of these fields.
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

/// Writes the connection as Airflow writes it for an environment variable; absent fields are left out.
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
    let fields: Map<String, Value> =
        fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    Secret::new(Value::Object(fields).to_string())
}

/// An extra that is JSON text; `place` names it in an error.
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

/// What a value is, for an error that must not show it.
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

/// The value of `text`; `place` is the key that holds it, empty for the connection itself.
pub fn value(text: &str, place: &str) -> Result<Value, Broken> {
    let value = serde_json::from_str(text).map_err(|why| not_json(text, place, &why))?;
    // Python's reader takes the last one, and a role in the first is lost.
    match serde_json::from_str::<Once>(text) {
        Ok(Once) => Ok(value),
        Err(_) => Err(Broken::new(
            format!("a key stands twice in {}: Airflow would take the last one", in_words(place)),
            "write it once",
        )),
    }
}

fn in_words(place: &str) -> String {
    if place.is_empty() { "the JSON".to_owned() } else { format!("`{place}`") }
}

/// A document none of whose objects has a key twice.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Once)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Once;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys that stand once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
        let mut keys = HashSet::new();
        while let Some((key, Once)) = map.next_entry::<String, Once>()? {
            if !keys.insert(key) {
                return Err(A::Error::custom("a key stands twice"));
            }
        }
        Ok(Once)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Once, A::Error> {
        while items.next_element::<Once>()?.is_some() {}
        Ok(Once)
    }

    fn visit_unit<E>(self) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_str<E>(self, _: &str) -> Result<Once, E> {
        Ok(Once)
    }
}

/// As Python's `if extra:`, after which text is parsed and everything else is taken as it is.
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

/// A number, or the digits of one.
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
    let mended = if let Some((_, meant)) = MISPLACED.iter().find(|(name, _)| *name == key) {
        format!("write it into the extra: \"extra\": {{\"{meant}\": …}}")
    } else if let Some((_, meant)) = ALIASES.iter().find(|(name, _)| *name == key) {
        format!("write \"{meant}\": …")
    } else if key == "conn_id" {
        "remove `conn_id`: the connection's id is the name it is stored under".to_owned()
    } else if key == "uri" {
        "store the URI itself, without JSON around it".to_owned()
    } else {
        format!("remove it, or write it into \"extra\"; the keys are {}", KEYS.join(", "))
    };
    Broken::new(why, mended)
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

/// The comma before the closing bracket at `end`, with the name of the value before it.
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

/// The name of the last member of an object in `text`, when its value is a simple one.
fn name_before(text: &str) -> Option<&str> {
    let (before, _) = text.rsplit_once("\":").or_else(|| text.rsplit_once("\" :"))?;
    let name = &before[before.rfind('"')? + 1..];
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(name)
}

/// The byte at a line and column as serde_json counts them: columns are bytes, from 1.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    start + column.saturating_sub(1)
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
