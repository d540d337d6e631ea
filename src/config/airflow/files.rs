//! Connections files: what `airflow connections export` writes and `LocalFilesystemBackend` reads, as JSON, YAML or
//! `.env`.
//!
//! The file name's ending decides the format. Airflow ignores the whole file without a warning if one entry is wrong,
//! so that is an error here, whichever connection is asked for.

use std::path::Path;

use serde_json::{Map, Value};

use super::aws_profiles::read_text;
use super::broken::Broken;
use super::connection::Connection;
use super::redact;
use super::{json, json_text, uri, yaml};
use crate::error::{Code, Error, Result};
use crate::file::kind;
use crate::quote::shell::on_path;

/// Returns all connections of the file, in its order.
///
/// Errors: a file that is missing or cannot be read, and any wrong entry.
pub fn read(path: &Path) -> Result<Vec<Connection>> {
    let shown = path.display().to_string();
    let text = read_text(path, &kind::AIRFLOW)?.ok_or_else(|| {
        Error::new(Code::ConfigUnreadable, format!("there is no connections file {shown}"))
            .hint(on_path(&["airflow", "connections", "export"], path))
    })?;
    parse(&text, path)
}

/// Parses a text; `path` gives the format, and its name for errors.
pub fn parse(text: &str, path: &Path) -> Result<Vec<Connection>> {
    let shown = path.display().to_string();
    let unusable = |broken: Broken| {
        Error::new(Code::AirflowConnection, format!("the connections file {shown} cannot be read"))
            .because(broken.why)
            .hint(broken.mended)
    };
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_lowercase();
    let entries = match name.rsplit('.').next() {
        Some("json") => object(json_text::value(text, "").map_err(unusable)?).map_err(unusable)?,
        Some("yaml" | "yml") => {
            let value = yaml::parse(text).map_err(|(line, why)| {
                unusable(Broken::new(format!("line {line}: {why}"), "airflow connections export writes it anew"))
            })?;
            object(value).map_err(unusable)?
        }
        Some("env") => lines(text).map_err(unusable)?,
        _ => {
            let mended = "name it .json, .yaml, .yml or .env, after what is in it";
            return Err(unusable(Broken::new("the ending of its name says nothing that is known", mended)));
        }
    };
    let connection = |(id, value): (String, Value)| connection(&id, value).map_err(|broken| broken.at(&id, &shown));
    entries.into_iter().map(connection).collect()
}

fn object(value: Value) -> std::result::Result<Vec<(String, Value)>, Broken> {
    match value {
        Value::Object(map) => Ok(map.into_iter().collect()),
        other => Err(Broken::new(
            format!("it holds {}, not an object of connections by their ids", json_text::kind(&other)),
            "write {\"my_conn\": \"aws://…\"}",
        )),
    }
}

/// Parses lines of the form `id=URI`. Nothing is unquoted.
fn lines(text: &str) -> std::result::Result<Vec<(String, Value)>, Broken> {
    let mut entries: Vec<(String, Value)> = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.is_empty() && !l.trim_start().starts_with('#')) {
        let broken = |why: &str, mended: &str| Broken::new(format!("line {}: {why}", number + 1), mended);
        let (id, value) = line.split_once('=').ok_or_else(|| broken("there is no =", "write my_conn=aws://…"))?;
        if id.is_empty() || value.is_empty() {
            return Err(broken("there is nothing on one side of the =", "write my_conn=aws://…"));
        }
        if id.starts_with("export ") {
            return Err(broken("`export` becomes part of the connection's id", "remove the word export"));
        }
        if id.to_uppercase().starts_with("AIRFLOW_CONN_") {
            return Err(broken(
                "AIRFLOW_CONN_ becomes part of the connection's id",
                "write the id alone: my_conn=aws://…",
            ));
        }
        if entries.iter().any(|(other, _)| other == id) {
            return Err(broken("the connection's id is repeated", "remove one of the lines"));
        }
        if value.trim_start().starts_with('{') {
            return Err(broken(
                "JSON in an .env file is read as a URI, of which nothing is left",
                "write the URI (fedcred airflow uri), or use a .json file",
            ));
        }
        entries.push((id.to_owned(), Value::String(value.to_owned())));
    }
    Ok(entries)
}

fn connection(id: &str, value: Value) -> std::result::Result<Connection, Broken> {
    match value {
        Value::String(text) if text.trim_start().starts_with('{') => Err(Broken::new(
            "JSON in quotes is read as a URI here, of which nothing is left",
            "remove the quotes around the object",
        )),
        Value::String(text) => uri::parse(id, &text),
        Value::Object(fields) => of_fields(id, fields),
        Value::Array(mut items) if items.len() == 1 && !items[0].is_array() => connection(id, items.remove(0)),
        Value::Array(_) => {
            Err(Broken::new("it is a list, and not of one connection", "keep one connection for the id"))
        }
        other => Err(Broken::new(
            format!("it is {}, neither a URI nor an object", json_text::kind(&other)),
            "write \"aws://…\" or {\"conn_type\": \"aws\", …}",
        )),
    }
}

/// Parses the arguments of Airflow's constructor, with `extra_dejson` in place of `extra`.
fn of_fields(id: &str, mut fields: Map<String, Value>) -> std::result::Result<Connection, Broken> {
    if let Some(other) = fields.shift_remove("conn_id")
        && other.as_str() != Some(id)
    {
        return Err(Broken::new("`conn_id` differs from the key of the entry", "remove `conn_id`"));
    }
    fields.shift_remove("team_name");
    if let Some(extra) = fields.shift_remove("extra_dejson") {
        if fields.contains_key("extra") {
            return Err(Broken::new("it has both `extra` and `extra_dejson`", "remove `extra_dejson`"));
        }
        fields.insert("extra".to_owned(), extra);
    }
    match fields.shift_remove("uri") {
        Some(Value::String(text)) if fields.values().all(Value::is_null) => uri::parse(id, &text),
        Some(Value::String(_)) => {
            let names: Vec<String> = fields.keys().map(|name| redact::name(name)).collect();
            Err(Broken::new(format!("it has `uri` and also {}", names.join(", ")), "keep one of the two"))
        }
        Some(_) => Err(Broken::new("`uri` is not text", "write \"uri\": \"aws://…\"")),
        None => json::from_fields(id, fields),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_airflow_reads_is_read() {
        let table = [
            ("c.json", r#"{"a": "aws://AK:s@"}"#),
            ("c.json", r#"{"a": ["aws://AK:s@"]}"#),
            (
                "c.json",
                r#"{"a": {"conn_type": "aws", "login": "AK", "password": "s", "conn_id": "a", "extra_dejson": {}}}"#,
            ),
            ("c.json", r#"{"a": {"uri": "aws://AK:s@"}}"#),
            ("C.YAML", "a:\n  conn_type: aws\n  login: AK\n  password: s\n  extra: null\n"),
            ("c.yml", "a: aws://AK:s@\n"),
            ("c.env", "# comment\n\na=aws://AK:s@\n"),
            (".env", "a=aws://AK:s@"),
        ];
        for (name, text) in table {
            let connections = parse(text, Path::new(name)).unwrap();
            let (id, login) = (&connections[0].conn_id, connections[0].login.as_deref());
            assert_eq!((connections.len(), id.as_str(), login), (1, "a", Some("AK")), "{name} {text}");
            assert_eq!(connections[0].password.as_ref().unwrap().expose(), "s");
        }
    }

    #[test]
    fn one_bad_entry_makes_the_file_an_error_without_a_secret_in_it() {
        let table = [
            ("c.txt", "a=aws://", "ending"),
            ("c.json", r#"["aws://"]"#, "a list"),
            (
                "c.json",
                r#"{"a": "aws://", "b": {"conn_type": "aws", "region_name": "hunter2"}}"#,
                "`region_name` is not a key",
            ),
            ("c.json", r#"{"a": {"extra": {}, "extra_dejson": {}}}"#, "both `extra`"),
            ("c.json", r#"{"a": {"conn_id": "b"}}"#, "differs from"),
            ("c.json", r#"{"a": ["aws://", "aws://"]}"#, "a list"),
            ("c.json", r#"{"a": {"uri": "aws://", "login": "hunter2"}}"#, "and also login"),
            ("c.yaml", "a: [", "line"),
            ("c.env", "export a=aws://", "`export`"),
            ("c.env", "a=aws://\na=aws://", "is repeated"),
            ("c.env", "a={\"login\": \"hunter2\"}", "JSON in an .env"),
            ("c.env", "a", "no ="),
        ];
        for (name, text, why) in table {
            let error = parse(text, Path::new(name)).unwrap_err();
            assert_eq!(error.code, Code::AirflowConnection);
            assert!(error.causes[0].contains(why), "{name} {text}: {error:?}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
