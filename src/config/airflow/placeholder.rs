//! A variable or template that was not expanded (`$AWS_KEY`, `${VAR}`, `%VAR%`, `{{ var }}`), because of single quotes,
//! an env file or a missing step. As a credential no service would accept it.

use serde_json::{Map, Value};

use super::broken::Broken;
use super::connection::Connection;
use super::redact;

/// Whether the whole text is a placeholder.
pub fn is_whole(text: &str) -> bool {
    let text = text.trim();
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.:-".contains(c))
    };
    let between = |open: &str, close: &str| text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    // Of shells, Compose, GitHub, Make and PowerShell.
    text.strip_prefix('$').is_some_and(is_name)
        || [("${", "}"), ("$(", ")"), ("$[", "]"), ("{{", "}}"), ("#{", "}"), ("#{", "}#"), ("%(", ")s"), ("<%", "%>")]
            .into_iter()
            .any(|(open, close)| between(open, close).is_some())
        || between("%", "%").is_some_and(is_name)
        || between("<", ">").is_some_and(is_name)
}

/// Whether the text contains a placeholder that cannot be part of a value.
pub fn is_within(text: &str) -> bool {
    is_whole(text) || ["${", "$(", "{{", "#{"].iter().any(|open| text.contains(open))
}

/// Checks the fields of a connection.
///
/// Errors: a placeholder as a value, named by its key.
pub fn check(connection: &Connection) -> Result<(), Broken> {
    let of_fields = [
        ("login", connection.login.as_deref()),
        ("password", connection.password.as_ref().map(|password| password.expose())),
        ("host", connection.host.as_deref()),
    ];
    for (name, text) in of_fields {
        if text.is_some_and(is_within) {
            return Err(unexpanded(&format!("`{name}`")));
        }
        if text.is_some_and(|text| text.contains('\u{fffd}')) {
            return Err(Broken::new(
                format!(
                    "`{name}` has a % escape that is not UTF-8 text: an unexpanded %VARIABLE%, or a % that is its own"
                ),
                format!("write %25 for each % in `{name}` that is not an escape"),
            ));
        }
    }
    check_all(connection.extra.fields(), "the extra")
}

/// Checks all values.
///
/// Errors: a placeholder, or a path that begins with one.
pub fn check_all(fields: &Map<String, Value>, place: &str) -> Result<(), Broken> {
    fields.iter().try_for_each(|(key, value)| check_value(&redact::name(key), value, place))
}

/// Whether a path begins with a variable.
fn is_path_of_one(text: &str) -> bool {
    text.starts_with('$') && text.split('/').next().is_some_and(is_whole) && text.contains('/')
}

fn check_value(path: &str, value: &Value, place: &str) -> Result<(), Broken> {
    match value {
        Value::String(text) if is_whole(text) || is_path_of_one(text) => {
            Err(unexpanded(&format!("`{path}` in {place}")))
        }
        Value::Array(items) => items.iter().try_for_each(|item| check_value(path, item, place)),
        Value::Object(map) => {
            let inner =
                |(key, value): (&String, &Value)| check_value(&format!("{path}.{}", redact::name(key)), value, place);
            map.iter().try_for_each(inner)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn unexpanded(what: &str) -> Broken {
    Broken::new(
        format!("{what} is a variable or template that was not expanded"),
        "write the value itself, or let the shell expand it: double quotes, not single ones",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_values() {
        let placeholders = [
            "$AWS_KEY",
            "${AWS_KEY}",
            "${AWS_KEY:-x}",
            "$(pass show aws)",
            "%AWS_KEY%",
            "{{ var.value.key }}",
            "{{key}}",
            "${{ secrets.KEY }}",
            "$env:AWS_KEY",
            "#{Key}#",
            "#{key}",
            "%(key)s",
            "<your-key>",
            "<KEY>",
            " $KEY\n",
            "<%= key %>",
            "$[key]",
        ];
        for text in placeholders {
            assert!(is_whole(text) && is_within(text), "{text}");
        }
        for text in [
            "",
            "AKIAIOSFODNN7EXAMPLE",
            "a$b",
            "100%",
            "$",
            "$1",
            "{\"a\": 1}",
            "wJalr/+=",
            "<p>a",
            "//x[@a='$b']",
            "%41%",
        ] {
            assert!(!is_whole(text), "{text}");
        }
        assert!(is_within("x${KEY}") && is_within("{{a}}b") && !is_within("a{b}c$d"));
    }
}
