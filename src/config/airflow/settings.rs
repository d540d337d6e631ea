//! Airflow's settings that say where connections are: `[secrets] backend` and its arguments.
//!
//! The environment (`AIRFLOW__SECRETS__BACKEND`, `…_KWARGS`, `…_KWARGS_CMD`, `…_KWARGS_SECRET`, `…_KWARG__NAME`) takes
//! precedence over `airflow.cfg`, which is `$AIRFLOW_CONFIG`, else `$AIRFLOW_HOME/airflow.cfg`, else
//! `~/airflow/airflow.cfg`. A worker's setting (`[workers] secrets_backend`) takes precedence over both, as in Airflow.

use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::ini::Ini;
use super::redact;
use crate::config::file;
use crate::config::mistakes::nearest;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;

/// The class of Airflow's backend, and its arguments.
#[derive(Debug)]
pub struct Settings {
    pub class: String,
    pub kwargs: Kwargs,
    /// Single arguments, which take precedence over `kwargs`.
    pub single: Map<String, Value>,
    /// The place that names the backend: `$AIRFLOW__SECRETS__BACKEND`.
    pub said_in: String,
    /// The place of `kwargs`.
    pub kwargs_said_in: String,
}

/// `backend_kwargs`, or where to get them.
#[derive(Debug)]
pub enum Kwargs {
    Text(String),
    /// Program and arguments that print them.
    Command(Vec<String>),
    /// The name of a secret in the same backend, asked with its default arguments.
    Secret(String),
    None,
}

/// Reads the settings. `None` if no backend is set.
///
/// Errors: a file that cannot be read, and a setting that resembles one of these, which Airflow would ignore.
pub fn read(env: &Env) -> Result<Option<Settings>> {
    let cfg = Cfg::read(env)?;
    for (section, key) in [("workers", "secrets_backend"), ("secrets", "backend")] {
        cfg.check_spelling(section, key, env)?;
        let Some((class, said_in)) = cfg.get(section, key, env) else { continue };
        let (kwargs, kwargs_said_in) = cfg.kwargs(section, key, env)?;
        return Ok(Some(Settings { class, kwargs, kwargs_said_in, single: single(section, key, env), said_in }));
    }
    Ok(None)
}

/// Reads `AIRFLOW__SECRETS__BACKEND_KWARG__NAME`, each a single argument.
fn single(section: &str, key: &str, env: &Env) -> Map<String, Value> {
    let prefix = format!("AIRFLOW__{}__{}_KWARG__", section.to_uppercase(), key.to_uppercase());
    let argument = |name: OsString| {
        let name = name.into_string().ok()?;
        let argument = name.strip_prefix(&prefix)?.to_lowercase();
        Some((argument, Value::String(env.text(&name)?)))
    };
    env.names().into_iter().filter_map(argument).collect()
}

/// `airflow.cfg`
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
        // It may name a command: as fedcred's own configuration, it must be its user's or root's.
        let Some(text) = file::read(&path, &shown)? else { return Ok(Cfg { ini: Ini::default(), shown }) };
        let ini = Ini::parse(&text).map_err(|line| {
            Error::new(Code::ConfigSyntax, format!("cannot read {shown}"))
                .because(format!("line {line} is neither a section nor a value"))
        })?;
        Ok(Cfg { ini, shown })
    }

    /// Returns the value, and where it was found.
    fn get(&self, section: &str, key: &str, env: &Env) -> Option<(String, String)> {
        let variable = format!("AIRFLOW__{}__{}", section.to_uppercase(), key.to_uppercase());
        if let Some(text) = env.text(&variable) {
            return Some((expanded(text.trim(), env), format!("${variable}")));
        }
        let text = self.ini.get(section, key).map(|text| text.replace("%%", "%")).filter(|text| !text.is_empty())?;
        Some((expanded(&text, env), format!("{} [{section}] {key}", self.shown)))
    }

    fn kwargs(&self, section: &str, key: &str, env: &Env) -> Result<(Kwargs, String)> {
        let key = format!("{key}_kwargs");
        let variable = |suffix: &str| format!("AIRFLOW__{}__{}{suffix}", section.to_uppercase(), key.to_uppercase());
        let from_file =
            |key: &str| self.ini.get(section, key).map(|text| text.replace("%%", "%")).filter(|t| !t.is_empty());
        let suffixes = ["", "_CMD", "_SECRET"];
        // In each source the plain value first; the environment before the file.
        let from_env = suffixes.map(|suffix| {
            let name = variable(suffix);
            Some((env.text(&name)?, format!("${name}")))
        });
        let from_file = suffixes.map(|suffix| {
            let key = format!("{key}{}", suffix.to_lowercase());
            Some((from_file(&key)?, format!("{} [{section}] {key}", self.shown)))
        });
        for source in [from_env, from_file] {
            match source {
                [Some((text, place)), _, _] => return Ok((Kwargs::Text(expanded(&text, env)), place)),
                [None, Some((command, place)), _] => return Ok((Kwargs::Command(argv(&command)?), place)),
                [None, None, Some((name, place))] => return Ok((Kwargs::Secret(name), place)),
                [None, None, None] => (),
            }
        }
        Ok((Kwargs::None, String::new()))
    }

    /// Errors: a misspelt setting such as `backend_kwarg`, in the section or the environment. The backend would be
    /// asked with its defaults, which may lead to another user's secrets.
    fn check_spelling(&self, section: &str, key: &str, env: &Env) -> Result<()> {
        let known: Vec<String> = ["", "_cmd", "_secret", "_kwargs", "_kwargs_cmd", "_kwargs_secret"]
            .map(|suffix| format!("{key}{suffix}"))
            .into();
        let near = |name: &str| {
            let is_known = known.iter().any(|known| known == name) || name.starts_with(&format!("{key}_kwarg__"));
            // Other settings of the section are not checked.
            let near =
                nearest(name, known.iter().map(String::as_str).filter(|_| !is_known && name.contains("backend")));
            near.filter(|near| strsim::osa_distance(name, near) <= 2)
        };
        let unknown = |what: String, near: String| {
            Err(Error::new(Code::AirflowConnection, format!("{what} is not a setting of Airflow's"))
                .because("Airflow would ignore it and ask the secrets backend for other secrets")
                .hint(format!("did you mean {near}?")))
        };
        let prefix = format!("AIRFLOW__{}__", section.to_uppercase());
        for variable in env.names().into_iter().filter_map(|name| name.into_string().ok()) {
            let Some(near) = variable.strip_prefix(&prefix).map(str::to_lowercase).and_then(|name| near(&name)) else {
                continue;
            };
            return unknown(format!("${}", redact::name(&variable)), format!("{prefix}{}", near.to_uppercase()));
        }
        let values = self.ini.iter().find(|(name, _)| *name == section).map(|(_, values)| values);
        for name in values.into_iter().flat_map(|values| values.keys()) {
            if let Some(near) = near(name) {
                return unknown(format!("{} [{section}] {}", self.shown, redact::name(name)), near.to_owned());
            }
        }
        Ok(())
    }
}

/// Expands `$NAME` and `${NAME}` of variables that are set, and `~/` at the beginning, once, as Airflow does.
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

/// Splits a command as Python's `shlex.split` does.
fn argv(command: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\\') => word.get_or_insert_default().extend(chars.next()),
            // In double quotes a backslash escapes a double quote or another backslash, and is kept before all else.
            (Some('"'), '\\') => {
                let next = chars.next();
                let kept = Some('\\').filter(|_| !matches!(next, Some('"' | '\\')));
                word.get_or_insert_default().extend(kept.into_iter().chain(next));
            }
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
        return Err(Error::new(Code::InvalidValue, "Airflow's backend_kwargs_cmd is not a command")
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
    #[cfg_attr(windows, ignore = "its paths are Unix's")]
    fn variables_in_a_setting_are_expanded_once() {
        let env = Env::fixed([("HOME", "/h"), ("A", "$B"), ("B", "b")]);
        let table = [("~/x", "/h/x"), ("$A/${B}c$", "$B/bc$"), ("${NOPE}$", "${NOPE}$"), ("a${B", "a${B")];
        for (text, expected) in table {
            assert_eq!(expanded(text, &env), expected, "{text}");
        }
    }

    #[test]
    fn a_command_is_split_without_a_shell() {
        let table: [(&str, &[&str]); 5] = [
            (r#""a\nb\\" 'c\d' \$e"#, &[r"a\nb\", r"c\d", "$e"]),
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

    #[test]
    fn a_setting_that_is_nearly_one_is_an_error() {
        let env = |name: &str| Env::fixed([("HOME", "/nowhere"), (name, "{}"), ("AIRFLOW__SECRETS__BACKEND", "a.B")]);
        for name in [
            "AIRFLOW__SECRETS__BACKEND_KWARG",
            "AIRFLOW__SECRETS__BACKENDS_KWARGS",
            "AIRFLOW__SECRETS__BACKEND_KWARGS_CMDS",
            "AIRFLOW__WORKERS__SECRETS_BACKEND_KWARG",
        ] {
            assert!(read(&env(name)).unwrap_err().what.contains(name), "{name}");
        }
        for name in
            ["AIRFLOW__SECRETS__USE_CACHE", "AIRFLOW__SECRETS__BACKENDS_ORDER", "AIRFLOW__SECRETS__BACKEND_KWARG__SEP"]
        {
            assert!(read(&env(name)).is_ok(), "{name}");
        }
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("airflow.cfg"), "[secrets]\nbackend = a.B\nbackend_kwarg = {}\n").unwrap();
        let error = read(&Env::fixed([("AIRFLOW_HOME", home.path())])).unwrap_err();
        assert!(error.what.contains("[secrets] backend_kwarg") && error.hint.unwrap().contains("backend_kwargs?"));
    }
}
