//! The JSON Schema of the configuration file, for editors, and the texts of the reference page, from the rows in
//! [`settings`].
//!
//! No key is required: another file or an included profile may have it.

use serde_json::{Map, Value, json};

use super::settings::{self, Kind, Literal, Row, Table};

/// The tables of the reference page: heading, rows and texts.
pub const REFERENCE: [(&str, &Table, &str); 8] = [
    ("`[profile.NAME]`", &settings::PROFILE, settings::PROFILE_TEXT),
    ("`[profile.NAME.saml]`", &settings::SAML, settings::SAML_TEXT),
    ("`[profile.NAME.saml.retry]`", &settings::RETRY, settings::RETRY_TEXT),
    ("`[profile.NAME.web_identity]`", &settings::WEB_IDENTITY, settings::WEB_IDENTITY_TEXT),
    ("`[profile.NAME.assume_role]`", &settings::ASSUME_ROLE, settings::ASSUME_ROLE_TEXT),
    ("A secret: `password`, `token`, `otp`, `otp_secret`, `client_secret`", &settings::SECRET, settings::SECRET_TEXT),
    ("`[cache]`", &settings::CACHE, settings::CACHE_TEXT),
    ("`[airflow]`", &settings::AIRFLOW, settings::AIRFLOW_TEXT),
];

/// Returns the schema (JSON Schema, draft 7).
pub fn json() -> Value {
    let mut file = table(&settings::FILE, settings::FILE_TEXT);
    file.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    file.insert("title".to_owned(), json!("fedcred's config.toml"));
    Value::Object(file)
}

/// Returns a sentence about the table.
pub fn about(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}

/// Returns the meaning of a setting, with what it goes with and its default.
pub fn meaning(row: &Row, text: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix(row.key)?.strip_prefix('\t')).unwrap_or_default();
    let with = if row.with.is_empty() { String::new() } else { format!("For {}. ", row.with.join(", ")) };
    let otherwise = match row.default {
        Some(Literal::Nothing) => String::new(),
        Some(Literal::Text(word)) => format!(" Default: {word}."),
        Some(value) => format!(" Default: {}.", value.toml().trim_matches('"')),
        None if row.unset.is_empty() => String::new(),
        None => format!(" Default: {}.", row.unset),
    };
    format!("{with}{}{otherwise}", line.trim())
}

/// Returns the allowed values, in words.
pub fn value(row: &Row) -> String {
    let words =
        |words: fn() -> Vec<&'static str>| words().iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ");
    match row.kind {
        Kind::Text | Kind::Pattern(_) | Kind::Path | Kind::Url | Kind::TextOrVariable => "string".to_owned(),
        Kind::Boolean => "boolean".to_owned(),
        Kind::Integer(..) => "integer".to_owned(),
        Kind::Number(..) => "number".to_owned(),
        Kind::Duration(..) => "duration".to_owned(),
        Kind::Words(of) => words(of),
        Kind::WordsOrUrl(of) => format!("{}, URL", words(of)),
        Kind::Paths(_) => "string, list".to_owned(),
        Kind::BooleanOrWords(of) => format!("boolean, {}", words(of)),
        Kind::Texts(_) | Kind::Integers(..) | Kind::Command => "list".to_owned(),
        Kind::Secret => "secret".to_owned(),
        Kind::True => "`true`".to_owned(),
        Kind::Table(_) | Kind::Map(_) | Kind::Tables(_) => "table".to_owned(),
        Kind::Refused { .. } | Kind::Variable => String::new(),
    }
}

fn table(table: &Table, text: &str) -> Map<String, Value> {
    let properties: Map<String, Value> = table
        .settings()
        .map(|row| {
            let mut property = kind(row.kind);
            property.insert("description".to_owned(), json!(meaning(row, text)));
            property.extend(row.default.map(|value| ("default".to_owned(), default(value))));
            (row.key.to_owned(), Value::Object(property))
        })
        .collect();
    object(json!({
        "type": "object",
        "description": about(text),
        "additionalProperties": false,
        "properties": properties,
    }))
}

/// Returns the schema of the table with these rows.
fn of(rows: &'static Table) -> Map<String, Value> {
    let text = REFERENCE.iter().find(|(_, table, _)| std::ptr::eq(*table, rows)).map_or("", |(_, _, text)| text);
    table(rows, text)
}

fn kind(kind: Kind) -> Map<String, Value> {
    let text = json!({"type": "string"});
    object(match kind {
        Kind::Text | Kind::Path => text,
        Kind::Pattern(pattern) => json!({"type": "string", "pattern": pattern}),
        Kind::Url => json!({"type": "string", "format": "uri"}),
        Kind::TextOrVariable => json!({"anyOf": [text, {
            "type": "object", "additionalProperties": false, "required": ["env"], "properties": {"env": text},
        }]}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Integer(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::Number(least, most) => json!({"type": "number", "minimum": least, "maximum": most}),
        Kind::Duration(least, most) => json!({"anyOf": [
            {"type": "string", "pattern": "^([0-9]+h)?([0-9]+m)?([0-9]+s)?$", "minLength": 2},
            {"type": "integer", "minimum": least, "maximum": most},
        ]}),
        Kind::Words(words) => json!({"enum": words()}),
        Kind::WordsOrUrl(words) => json!({"anyOf": [{"enum": words()}, {"type": "string", "format": "uri"}]}),
        Kind::Paths(most) => {
            json!({"anyOf": [text, {"type": "array", "items": text, "minItems": 1, "maxItems": most}]})
        }
        Kind::BooleanOrWords(words) => json!({"anyOf": [{"type": "boolean"}, {"enum": words()}]}),
        Kind::Texts(most) => json!({"type": "array", "items": text, "maxItems": most}),
        Kind::Integers(least, most) => {
            json!({"type": "array", "items": {"type": "integer", "minimum": least, "maximum": most}})
        }
        Kind::Command => json!({"type": "array", "items": text, "minItems": 1}),
        Kind::Secret => {
            let mut secret = of(&settings::SECRET);
            secret.extend([("minProperties".to_owned(), json!(1)), ("maxProperties".to_owned(), json!(1))]);
            return secret;
        }
        Kind::True => json!({"const": true}),
        Kind::Table(rows) => return of(rows),
        Kind::Map(_) => json!({"type": "object", "additionalProperties": text}),
        Kind::Tables(rows) => json!({"type": "object", "additionalProperties": of(rows)}),
        Kind::Refused { .. } | Kind::Variable => json!({}),
    })
}

fn default(value: Literal) -> Value {
    match value {
        Literal::Text(text) => json!(text),
        Literal::Duration(duration) => json!(super::written_duration(duration)),
        Literal::Integer(number) => json!(number),
        Literal::Number(number) => json!(number),
        Literal::Boolean(truth) => json!(truth),
        Literal::Integers(numbers) => json!(numbers),
        Literal::Nothing => json!([]),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
