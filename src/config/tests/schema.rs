//! The rows of the settings, the readers and the schema say the same.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::config::settings::{self, Kind, Row, Table};

/// A profile that reads this table, with the line `ZZZ` in it, for each value of what a key can go with.
fn files(table: &Table, value: &str) -> String {
    let identity = "[profile.x]\nrole_arn = \"arn:aws:iam::112233334444:role/R\"\n";
    match table.name {
        "" if value == "airflow_conn" => "[profile.x]\nairflow_conn = \"c\"\nZZZ\n".to_owned(),
        "" if value != "none" => "[profile.x]\nZZZ\n".to_owned(),
        "" => "[profile.x]\nZZZ\nsaml.idp_url = \"https://a.example\"\n".to_owned(),
        "saml" => format!("[profile.x.saml]\nidp_url = \"https://a.example\"\nauth = \"{value}\"\nZZZ\n"),
        "saml.retry" => "[profile.x.saml]\nidp_url = \"https://a.example\"\n[profile.x.saml.retry]\nZZZ\n".to_owned(),
        "web_identity" if value == "oidc" => format!(
            "{identity}[profile.x.web_identity]\nissuer = \"https://a.example\"\nclient_id = \"c\"\nsource = \"oidc\"\nZZZ\n"
        ),
        "web_identity" => format!("{identity}[profile.x.web_identity]\nsource = \"{value}\"\nZZZ\n"),
        "assume_role" => format!("{identity}[profile.x.assume_role]\nZZZ\n"),
        other => format!("[{other}]\nZZZ\n"),
    }
}

/// A value that is right for no kind but tells which one the reader takes, in its error.
fn wrong(row: &Row) -> (&'static str, &'static str) {
    match row.kind {
        Kind::Boolean => ("\"zzzzzzzz\"", "must be true or false"),
        Kind::Integer(..) => ("\"zzzzzzzz\"", "must be an integer"),
        Kind::Integers(..) | Kind::Texts(_) | Kind::Paths(_) | Kind::Command => ("1", "must be an array"),
        Kind::Number(..) => ("\"zzzzzzzz\"", "must be a number"),
        Kind::Duration(..) => ("\"zzzzzzzz\"", "must be a duration"),
        Kind::Words(_) | Kind::BooleanOrWords(_) | Kind::WordsOrUrl(_) => ("\"zzzzzzzz\"", "must be one of "),
        Kind::Secret => ("1", "must be a table that names its source"),
        Kind::Table(_) | Kind::Map(_) | Kind::Tables(_) => ("1", "must be a table"),
        Kind::Text | Kind::Pattern(_) | Kind::Path | Kind::Url | Kind::TextOrVariable => ("1", "must be "),
        Kind::True | Kind::Refused { .. } | Kind::Variable => ("", ""),
    }
}

fn errors(file: &str) -> Vec<Error> {
    Home::with(file).load().map_or_else(|error| vec![error], |config| config.check())
}

#[test]
fn every_row_is_read_as_its_kind_says() {
    for table in settings::PROFILE.of_profile().into_iter().chain([&settings::CACHE, &settings::AIRFLOW]) {
        for row in table.settings().filter(|row| row.key != "include") {
            let values = match row.key {
                key @ ("airflow_conn" | "web_identity" | "assume_role") => &[key][..],
                _ if row.with.is_empty() => &["none"][..],
                _ => row.with,
            };
            for value in values {
                let (written, said) = wrong(row);
                let line = format!("{} = {written}", row.key);
                let file: Vec<String> = files(table, value)
                    .lines()
                    // In place of a line that has the key already.
                    .filter(|other| {
                        !other.starts_with(&format!("{} =", row.key)) && !other.starts_with(&format!("{}.", row.key))
                    })
                    .map(|other| format!("{}\n", other.replace("ZZZ", &line)))
                    .collect();
                let found = errors(&file.concat());
                let told = found.iter().any(|e| e.what.contains(&format!("`{}`", row.key)) && e.what.contains(said));
                assert!(told, "{} {} {value}: {found:?}", table.name, row.key);
                assert!(found.iter().all(|e| e.code != Code::Bug), "{found:?}");
            }
        }
    }
}

#[test]
fn every_default_is_a_value_that_the_key_can_have() {
    for table in settings::PROFILE.of_profile().into_iter().chain([&settings::CACHE, &settings::AIRFLOW]) {
        for row in table.settings().filter(|row| row.default.is_some()) {
            let line = format!("{} = {}", row.key, row.default.unwrap().toml());
            let value = row.with.first().copied().unwrap_or("none");
            let file = files(table, value).replace(&format!("{} = \"none\"\n", row.key), "").replace("ZZZ", &line);
            let found = errors(&file);
            assert!(found.iter().all(|e| !e.what.contains(&format!("`{}`", row.key))), "{file}: {found:?}");
        }
    }
}

#[test]
fn a_key_without_a_row_is_unknown_and_the_rest_are_listed() {
    for table in settings::PROFILE.of_profile().into_iter().chain([&settings::CACHE, &settings::AIRFLOW]) {
        let found = errors(&files(table, "none").replace("ZZZ", "zzzzzzzzzz = 1"));
        let unknown = found.iter().find(|error| error.code == Code::UnknownKey);
        let hint = unknown.unwrap_or_else(|| panic!("{}: {found:?}", table.name)).hint.clone().unwrap();
        let known: BTreeSet<&str> = hint.strip_prefix("keys that are allowed there: ").unwrap().split(", ").collect();
        assert_eq!(known, table.keys().collect::<BTreeSet<_>>());
    }
}

#[test]
fn the_schema_has_every_row_and_requires_none_of_a_profile() {
    fn walk(at: &Value, path: &str, count: &mut usize) {
        for (key, property) in at["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            assert!(path.ends_with(".env") || property["description"].is_string(), "{path} says nothing");
            *count += 1;
            walk(property, &path, count);
        }
        assert!(at.get("required").is_none(), "{path}");
        if at["additionalProperties"].is_object() {
            walk(&at["additionalProperties"], &format!("{path}.*"), count);
        }
    }
    let mut count = 0;
    walk(&crate::config::schema::json(), "", &mut count);
    let rows: usize = settings::PROFILE
        .of_profile()
        .into_iter()
        .chain([&settings::CACHE, &settings::AIRFLOW, &settings::FILE])
        .map(|table| table.settings().count())
        .sum();
    let tables = settings::PROFILE.of_profile().into_iter().chain([&settings::CACHE]);
    let secrets = tables.flat_map(Table::settings).filter(|row| matches!(row.kind, Kind::Secret));
    assert_eq!(count, rows + secrets.count() * settings::SECRET.settings().count());
}
