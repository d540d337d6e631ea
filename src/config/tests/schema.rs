//! `config schema` says what the readers take: their keys and their words, no more and no less.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

/// Each table: how errors name it, its path in the schema, and a file that has it with the line `ZZZ` in it.
const TABLES: [(&str, &str, &str); 9] = [
    ("the file's top level", "", "ZZZ\n"),
    ("[cache]", "/properties/cache", "[cache]\nZZZ\n"),
    ("[airflow]", "/properties/airflow", "[airflow]\nZZZ\n"),
    ("[profile.x]", "/definitions/profile", "[profile.x]\nZZZ\nsaml.idp_url = \"https://a.example\"\n"),
    (
        "[profile.x.saml]",
        "/definitions/saml",
        "[profile.x.saml]\nidp_url = \"https://a.example\"\nauth = \"spnego\"\nZZZ\n",
    ),
    (
        "[profile.x.saml.retry]",
        "/definitions/retry",
        "[profile.x.saml]\nidp_url = \"https://a.example\"\n[profile.x.saml.retry]\nZZZ\n",
    ),
    (
        "[profile.x.web_identity]",
        "/definitions/web_identity",
        "[profile.x]\nrole_arn = \"arn:aws:iam::112233334444:role/R\"\n[profile.x.web_identity]\nsource = \"oidc\"\nissuer = \"https://a.example\"\nclient_id = \"c\"\nZZZ\n",
    ),
    (
        "[profile.x.assume_role]",
        "/definitions/assume_role",
        "[profile.x]\nrole_arn = \"arn:aws:iam::112233334444:role/R\"\n[profile.x.assume_role]\ncredential_source = \"environment\"\nZZZ\n",
    ),
    ("[profile.x.saml.headers]", "/definitions/saml/properties/headers", ""),
];

fn schema() -> Value {
    serde_json::from_str(include_str!("../schema.json")).unwrap()
}

/// What is said of a file with this line in it.
fn errors(file: &str, line: &str) -> Vec<Error> {
    Home::with(&file.replace("ZZZ", line)).load().map_or_else(|error| vec![error], |config| config.check())
}

fn properties(path: &str) -> BTreeSet<String> {
    let schema = schema();
    let table = schema.pointer(path).unwrap_or_else(|| panic!("no {path}"));
    assert_eq!(table["additionalProperties"], false, "{path}");
    table["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_schema_has_the_keys_that_the_readers_know() {
    for (heading, path, file) in TABLES.iter().filter(|(_, _, file)| !file.is_empty()) {
        let found = errors(file, "zzzzzzzzzz = 1");
        let unknown = found.iter().find(|error| error.code == Code::UnknownKey && error.what.contains(heading));
        let hint = unknown.unwrap_or_else(|| panic!("{heading}: {found:?}")).hint.clone().unwrap();
        let known = hint.strip_prefix("keys that can stand there: ").unwrap();
        // A key may be known to be refused by name.
        let is_refused = |key: &&str| {
            errors(file, &format!("{key} = []"))
                .iter()
                .any(|e| e.what.contains(&format!("`{key}`")) && e.what.contains("no place"))
        };
        let known: BTreeSet<String> = known.split(", ").filter(|key| !is_refused(key)).map(str::to_owned).collect();
        assert_eq!(properties(path), known, "{heading}");
    }
}

#[test]
fn the_schema_has_the_words_that_the_readers_take() {
    let schema = schema();
    let mut compared = 0;
    for (heading, path, file) in TABLES {
        let properties =
            schema.pointer(path).and_then(|table| table["properties"].as_object()).cloned().unwrap_or_default();
        for (key, property) in properties {
            let Some(words) = property["enum"].as_array() else { continue };
            let words: Vec<&str> = words.iter().map(|word| word.as_str().unwrap()).collect();
            // In place of a line that has the key already.
            let file: String = file
                .lines()
                .filter(|line| !line.starts_with(&format!("{key} =")))
                .map(|line| format!("{line}\n"))
                .collect();
            let found = errors(&file, &format!("{key} = \"zzzzzzzzzz\""));
            let list = format!("one of {}, not", words.join(", "));
            assert!(found.iter().any(|error| error.what.contains(&list)), "{heading} {key}: {found:?}");
            compared += 1;
        }
    }
    assert!(compared >= 8, "{compared}");
}

#[test]
fn what_the_schema_refers_to_is_there_and_everything_is_described() {
    fn walk(root: &Value, at: &Value, path: &str) {
        if let Some(reference) = at["$ref"].as_str() {
            assert!(root.pointer(&reference[1..]).is_some(), "{reference}");
        }
        for (key, property) in at["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            assert!(property["$ref"].is_string() || property["description"].is_string(), "{path} says nothing");
            walk(root, property, &path);
        }
    }
    let schema = schema();
    walk(&schema, &schema, "");
    for (name, definition) in schema["definitions"].as_object().unwrap() {
        walk(&schema, definition, name);
    }
}
