//! The pages of `fedcred help`, and README: two are generated, and what stands on them works.
//!
//! `FEDCRED_CASES=write cargo test --test cli` writes the generated ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{read, write_private};
use fedcred::cli::args::Arguments;
use fedcred::cli::topics;
use fedcred::config::Config;
use fedcred::config::schema;
use fedcred::error::{Code, Kind};
use fedcred::process::env::Env;
use serde_json::Value;

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn errors() -> String {
    let mut page = String::from(
        "# Error codes, their causes and what to do\n\n\
         An error is printed as `error[CODE]: what failed`, `caused by: why` and `hint: the next step`. The exit status \
         tells its kind.\n",
    );
    for kind in Kind::by_status() {
        page += &format!("\n## Exit status {}: {}\n\n{}\n\n", kind.status(), kind.name(), kind.meaning());
        page += "| code | cause | what to do |\n|---|---|---|\n";
        for code in Code::ALL.iter().copied().filter(|code| code.kind() == kind) {
            page += &format!("| `{}` | {} | {} |\n", code.as_str(), cell(code.meaning()), cell(code.hint()));
        }
    }
    page
}

fn settings() -> String {
    let mut page = String::from(
        "# Settings\n\n\
         The file is `~/.config/fedcred/config.toml` (macOS: `~/Library/Application Support/fedcred/config.toml`). It adds \
         to the machine's `/etc/fedcred/config.toml` and overrides it. It must belong to you or root, and others must not \
         be able to write it. `fedcred config check` finds mistakes, `fedcred config show PROFILE` shows where each value \
         comes from. `fedcred config schema > fedcred.schema.json`, and `#:schema ./fedcred.schema.json` as the first line \
         of the file, let editors complete and check it.\n",
    );
    for (heading, table, text) in schema::REFERENCE {
        page += &format!("\n## {heading}\n\n{}\n\n| key | value | meaning |\n|---|---|---|\n", schema::about(text));
        for row in table.settings() {
            page +=
                &format!("| `{}` | {} | {} |\n", row.key, cell(&schema::value(row)), cell(&schema::meaning(row, text)));
        }
    }
    page
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
#[cfg_attr(windows, ignore = "the pages have the hints of Unix")]
fn the_generated_pages_are_those_of_the_codes_and_of_the_settings() {
    for (name, expected) in [("errors", errors()), ("settings", settings())] {
        let path = root(&format!("src/cli/topics/{name}.md"));
        if Env::process().text("FEDCRED_CASES").as_deref() == Some("write") {
            fs::write(path, expected).unwrap();
        } else {
            assert!(read(&path) == expected, "{name}.md: FEDCRED_CASES=write cargo test --test cli");
        }
    }
}

/// README, and the pages.
fn pages() -> Vec<(String, String)> {
    let readme = read(&root("README.md"));
    let topics = topics::ALL
        .iter()
        .map(|topic| (topic.name.to_owned(), read(&root(&format!("src/cli/topics/{}.md", topic.name)))));
    std::iter::once(("README.md".to_owned(), readme)).chain(topics).collect()
}

/// The fenced blocks of this language on all pages.
fn snippets(language: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (page, text) in pages() {
        for block in text.split("\n```").skip(1).step_by(2) {
            if let Some(body) = block.strip_prefix(language).and_then(|body| body.strip_prefix('\n')) {
                all.push((page.clone(), format!("{body}\n")));
            }
        }
    }
    all
}

#[test]
fn every_toml_snippet_passes_the_reader() {
    let snippets = snippets("toml");
    for (page, toml) in &snippets {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config.toml");
        write_private(&path, toml);
        let config = Config::load(&Env::fixed([("HOME", home.path())]), Some(&path)).unwrap();
        assert_eq!(config.check(), [], "{page}:\n{toml}");
    }
    assert!(snippets.len() >= 12, "{}", snippets.len());
}

#[test]
fn every_toml_snippet_passes_the_schema() {
    let schema = schema::json();
    for (page, toml) in snippets("toml") {
        let file: Value = toml::from_str(&toml).unwrap();
        let mut faults = Vec::new();
        judge(&schema, &schema, &file, "", &mut faults);
        assert_eq!(faults, [""; 0], "{page}:\n{toml}");
    }
}

/// The words of JSON Schema that ours uses.
fn judge(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        return judge(root, root.pointer(&reference[1..]).unwrap(), value, at, faults);
    }
    for all in schema["allOf"].as_array().into_iter().flatten() {
        judge(root, all, value, at, faults);
    }
    for (word, least, most) in [("anyOf", 1, usize::MAX), ("oneOf", 1, 1)] {
        if let Some(options) = schema[word].as_array() {
            let fits = |option: &&Value| {
                let mut faults = Vec::new();
                judge(root, option, value, at, &mut faults);
                faults.is_empty()
            };
            let count = options.iter().filter(fits).count();
            if count < least || count > most {
                faults.push(format!("{at}: {count} of {word}"));
            }
        }
    }
    let is_type = |name: &str| match name {
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other}"),
    };
    if schema["type"].as_str().is_some_and(|name| !is_type(name)) {
        faults.push(format!("{at}: not {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        faults.push(format!("{at}: {value} is not one of {}", schema["enum"]));
    }
    for key in schema["required"].as_array().into_iter().flatten() {
        if value.get(key.as_str().unwrap()).is_none() {
            faults.push(format!("{at}: without {key}"));
        }
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{key}");
        match (&schema["properties"][key], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => faults.push(format!("{at}: unknown")),
            (Value::Null, Value::Object(_)) => judge(root, &schema["additionalProperties"], value, &at, faults),
            (Value::Null, _) => {}
            (property, _) => judge(root, property, value, &at, faults),
        }
    }
}

#[test]
#[cfg_attr(windows, ignore = "it runs sh")]
fn every_shell_snippet_is_shell_and_its_commands_are_commands() {
    let mut tried = 0;
    for (page, script) in snippets("sh") {
        let checked = Command::new("sh").args(["-n", "-c", &script]).output().unwrap();
        assert!(checked.status.success(), "{page}:\n{script}{}", String::from_utf8_lossy(&checked.stderr));
        let script = script.replace("\\\n", " ");
        for line in script.lines().filter(|line| line.starts_with("fedcred ")) {
            let words = shlex::split(line.split(" #").next().unwrap()).unwrap();
            // What follows a redirection or a pipe is the shell's.
            let ours = words.into_iter().take_while(|word| !["|", ">", ">>", "&&"].contains(&word.as_str()));
            let parsed = Arguments::parse(&ours.map(Into::into).collect::<Vec<_>>(), 100);
            assert!(parsed.is_ok(), "{page}: {line}: {:?}", parsed.err());
            tried += 1;
        }
    }
    assert!(tried >= 25, "{tried}");
}

#[test]
fn every_yaml_and_json_snippet_can_be_read() {
    for (page, text) in snippets("json") {
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{page}: {text}");
    }
    for (page, text) in snippets("yaml") {
        use saphyr_parser::Parser;
        assert!(Parser::new_from_str(&text).all(|event| event.is_ok()), "{page}: {text}");
    }
}

#[test]
fn readme_is_short_and_links_to_pages_that_are_there() {
    let readme = read(&root("README.md"));
    assert!(readme.lines().count() <= 200, "{}", readme.lines().count());
    let mut linked = 0;
    for target in readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        if !target.contains("://") {
            assert!(root(target.split('#').next().unwrap()).exists(), "{target}");
            linked += 1;
        }
    }
    for topic in &topics::ALL {
        assert!(readme.contains(&format!("src/cli/topics/{}.md", topic.name)), "{} is not linked", topic.name);
    }
    assert!(linked >= topics::ALL.len(), "{linked}");
}
