//! Airflow's own settings, as far as they say where connections are: `[secrets] backend` and its arguments.
//!
//! The environment (`AIRFLOW__SECRETS__BACKEND`, `…_KWARGS`, `…_KWARGS_CMD`, `…_KWARGS_SECRET`, `…_KWARG__NAME`) wins over
//! `airflow.cfg`, which is `$AIRFLOW_CONFIG`, else `$AIRFLOW_HOME/airflow.cfg`, else `~/airflow/airflow.cfg`. What a worker
//! would use instead (`[workers] secrets_backend`) wins over both, as it does there.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::ini::Ini;
use crate::config::env::Env;
use crate::config::file;
use crate::error::{Code, Error, Result};

/// Which class of Airflow's is asked, and with which arguments.
#[derive(Debug)]
pub struct Settings {
    pub class: String,
    pub kwargs: Kwargs,
    /// Single arguments, which win over those of `kwargs`.
    pub single: Map<String, Value>,
    /// Where it says so: `$AIRFLOW__SECRETS__BACKEND`.
    pub said_in: String,
}

/// `backend_kwargs`, or where they are to be had.
#[derive(Debug)]
pub enum Kwargs {
    Text(String),
    /// Program and arguments that print them.
    Command(Vec<String>),
    /// A name in the very backend, asked with its default arguments.
    Secret(String),
    None,
}

/// Arguments that may stand in variables of their own. The environment cannot be searched by prefix.
const SINGLE: [&str; 19] = [
    "connections_prefix",
    "connections_lookup_pattern",
    "connections_file_path",
    "variables_prefix",
    "variables_lookup_pattern",
    "variables_file_path",
    "config_prefix",
    "config_lookup_pattern",
    "sep",
    "region_name",
    "profile_name",
    "endpoint_url",
    "verify",
    "role_arn",
    "external_id",
    "assume_role_method",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
];

/// What is set, if a backend is.
pub fn read(env: &Env) -> Result<Option<Settings>> {
    let cfg = Cfg::read(env)?;
    for (section, key) in [("workers", "secrets_backend"), ("secrets", "backend")] {
        let Some((class, said_in)) = cfg.get(section, key, env) else { continue };
        let prefix = format!("AIRFLOW__{}__{}_KWARG__", section.to_uppercase(), key.to_uppercase());
        let single = SINGLE.iter().filter_map(|name| {
            let value = env.text(&format!("{prefix}{}", name.to_uppercase()))?;
            Some(((*name).to_owned(), Value::String(value)))
        });
        let single = single.collect();
        return Ok(Some(Settings { class, kwargs: cfg.kwargs(section, key, env)?, single, said_in }));
    }
    Ok(None)
}

/// `airflow.cfg`, read.
struct Cfg {
    ini: Ini,
    shown: String,
}

impl Cfg {
    fn read(env: &Env) -> Result<Self> {
        let of_home = || {
            let home = env.path("AIRFLOW_HOME").or_else(|| env.home().map(|home| home.join("airflow")));
            home.map(|home| home.join("airflow.cfg"))
        };
        let path: Option<PathBuf> = env.path("AIRFLOW_CONFIG").or_else(of_home).filter(|path| path.is_absolute());
        let Some(path) = path else { return Ok(Cfg { ini: Ini::default(), shown: String::new() }) };
        let shown = path.display().to_string();
        // It may name a command: read as our own configuration is, from its owner or root alone.
        let Some(text) = file::read(&path, &shown)? else { return Ok(Cfg { ini: Ini::default(), shown }) };
        let ini = Ini::parse(&text).map_err(|line| {
            Error::new(Code::ConfigSyntax, format!("cannot read {shown}"))
                .because(format!("line {line} is neither a section nor a value"))
        })?;
        Ok(Cfg { ini, shown })
    }

    /// The value and where it stands.
    fn get(&self, section: &str, key: &str, env: &Env) -> Option<(String, String)> {
        let variable = format!("AIRFLOW__{}__{}", section.to_uppercase(), key.to_uppercase());
        if let Some(text) = env.text(&variable) {
            return Some((expanded(text.trim(), env), format!("${variable}")));
        }
        let text = self.ini.get(section, key).map(|text| text.replace("%%", "%")).filter(|text| !text.is_empty())?;
        Some((expanded(&text, env), format!("{} [{section}] {key}", self.shown)))
    }

    fn kwargs(&self, section: &str, key: &str, env: &Env) -> Result<Kwargs> {
        let key = format!("{key}_kwargs");
        let variable = |suffix: &str| format!("AIRFLOW__{}__{}{suffix}", section.to_uppercase(), key.to_uppercase());
        let from_file = |suffix: &str| {
            self.ini
                .get(section, &format!("{key}{suffix}"))
                .map(|text| text.replace("%%", "%"))
                .filter(|t| !t.is_empty())
        };
        let suffixes = ["", "_CMD", "_SECRET"];
        // Of each source the plain value first; the environment before the file.
        let from_env = suffixes.map(|suffix| env.text(&variable(suffix)));
        let from_file = suffixes.map(|suffix| from_file(&suffix.to_lowercase()));
        for source in [from_env, from_file] {
            match source {
                [Some(text), _, _] => return Ok(Kwargs::Text(expanded(&text, env))),
                [None, Some(command), _] => return argv(&command).map(Kwargs::Command),
                [None, None, Some(name)] => return Ok(Kwargs::Secret(name)),
                [None, None, None] => (),
            }
        }
        Ok(Kwargs::None)
    }
}

/// `$NAME` and `${NAME}` of variables that are set, and `~/` at the beginning, as Airflow expands each setting once.
fn expanded(text: &str, env: &Env) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    if let (Some(after), Some(home)) = (text.strip_prefix("~/"), env.home()) {
        out.push_str(&format!("{}/", home.display()));
        rest = after;
    }
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, end) = match after.strip_prefix('{').and_then(|inner| Some((inner.split('}').next()?, inner))) {
            Some((name, inner)) if name.len() < inner.len() => (name, name.len() + 2),
            _ => {
                let name = after.split(|c| !is_name(c)).next().unwrap_or_default();
                (name, name.len())
            }
        };
        match env.text(name).filter(|_| !name.is_empty()) {
            Some(value) => {
                out.push_str(&value);
                rest = &after[end..];
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out + rest
}

/// Words of a command as Python's `shlex.split` divides them: quotes and backslashes, and no shell.
fn argv(command: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_ascii_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if quote.is_some() || words.is_empty() {
        return Err(Error::new(Code::InvalidValue, "Airflow's backend_kwargs_cmd is no command")
            .because(if quote.is_some() { "a quote is not closed" } else { "it is empty" }));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_wins_over_the_file_and_the_worker_over_both() {
        let home = tempfile::tempdir().unwrap();
        let cfg = "[secrets]\nbackend = a.File\nbackend_kwargs = {\"sep\": \"%%\"}\n";
        std::fs::write(home.path().join("airflow.cfg"), cfg).unwrap();
        let with = |pairs: &[(&str, &str)]| {
            let mut all = vec![("AIRFLOW_HOME".to_owned(), home.path().as_os_str().to_owned())];
            all.extend(pairs.iter().map(|(k, v)| (k.to_string(), v.into())));
            read(&Env::fixed(all)).unwrap().unwrap()
        };
        let settings = with(&[]);
        assert_eq!(settings.class, "a.File");
        assert!(matches!(settings.kwargs, Kwargs::Text(text) if text == "{\"sep\": \"%\"}"));
        let settings =
            with(&[("AIRFLOW__SECRETS__BACKEND", "b.Env"), ("AIRFLOW__SECRETS__BACKEND_KWARGS_CMD", "show 'a b'")]);
        assert_eq!((settings.class.as_str(), settings.said_in.as_str()), ("b.Env", "$AIRFLOW__SECRETS__BACKEND"));
        assert!(matches!(settings.kwargs, Kwargs::Command(argv) if argv == ["show", "a b"]));
        let settings = with(&[
            ("AIRFLOW__WORKERS__SECRETS_BACKEND", "c.Worker"),
            ("AIRFLOW__SECRETS__BACKEND", "b.Env"),
            ("AIRFLOW__WORKERS__SECRETS_BACKEND_KWARG__SEP", "-"),
        ]);
        assert_eq!((settings.class.as_str(), settings.single["sep"].as_str()), ("c.Worker", Some("-")));
    }

    #[test]
    fn variables_in_a_setting_are_expanded_once() {
        let env = Env::fixed([("HOME", "/h"), ("A", "$B"), ("B", "b")]);
        let table = [("~/x", "/h/x"), ("$A/${B}c$", "$B/bc$"), ("${NOPE}$", "${NOPE}$"), ("a${B", "a${B")];
        for (text, expected) in table {
            assert_eq!(expanded(text, &env), expected, "{text}");
        }
    }

    #[test]
    fn a_command_is_split_without_a_shell() {
        let table: [(&str, &[&str]); 4] = [
            ("a b  c", &["a", "b", "c"]),
            ("a 'b c' \"d \\\" e\"", &["a", "b c", "d \" e"]),
            ("a\\ b ''", &["a b", ""]),
            ("a;b|$(c)", &["a;b|$(c)"]),
        ];
        for (command, expected) in table {
            assert_eq!(argv(command).unwrap(), expected, "{command}");
        }
        assert!(argv("a 'b").is_err() && argv(" ").is_err());
    }
}
