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
    let prefix = single_prefix(section, key);
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
        let variable = variable(section, key);
        if let Some(text) = env.text(&variable) {
            return Some((env.expanded(text.trim()), format!("${variable}")));
        }
        let text = self.ini.get(section, key).map(|text| text.replace("%%", "%")).filter(|text| !text.is_empty())?;
        Some((env.expanded(&text), format!("{} [{section}] {key}", self.shown)))
    }

    fn kwargs(&self, section: &str, key: &str, env: &Env) -> Result<(Kwargs, String)> {
        let key = format!("{key}_kwargs");
        let from_file =
            |key: &str| self.ini.get(section, key).map(|text| text.replace("%%", "%")).filter(|t| !t.is_empty());
        let suffixes = ["", "_CMD", "_SECRET"];
        // In each source the plain value first; the environment before the file.
        let from_env = suffixes.map(|suffix| {
            let name = variable(section, &key) + suffix;
            Some((env.text(&name)?, format!("${name}")))
        });
        let from_file = suffixes.map(|suffix| {
            let key = format!("{key}{}", suffix.to_lowercase());
            Some((from_file(&key)?, format!("{} [{section}] {key}", self.shown)))
        });
        for source in [from_env, from_file] {
            match source {
                [Some((text, place)), _, _] => return Ok((Kwargs::Text(env.expanded(&text)), place)),
                [None, Some((command, place)), _] => return Ok((Kwargs::Command(argv(&command)?), place)),
                [None, None, Some((name, place))] => return Ok((Kwargs::Secret(name), place)),
                [None, None, None] => (),
            }
        }
        Ok((Kwargs::None, String::new()))
    }

    /// Errors: a misspelt setting such as `backend_kwarg`, in the environment or the file. The backend would be asked with
    /// its defaults, which may lead to another user's secrets.
    fn check_spelling(&self, section: &str, key: &str, env: &Env) -> Result<()> {
        let known = ["", "_cmd", "_secret", "_kwargs", "_kwargs_cmd", "_kwargs_secret"]
            .map(|suffix| variable(section, &format!("{key}{suffix}")));
        let is_known =
            |name: &str| known.iter().any(|known| known == name) || name.starts_with(&single_prefix(section, key));
        // `name` in capitals, as that of a variable.
        let near = |name: &str| {
            let near = nearest(name, known.iter().map(String::as_str).filter(|_| name.contains("BACKEND")));
            near.filter(|near| strsim::osa_distance(name, near) <= 2)
        };
        let unknown = |what: String, near: &str| {
            Err(Error::new(Code::AirflowConnection, format!("{what} is not a setting of Airflow's"))
                .because("Airflow would ignore it and ask the secrets backend for other secrets")
                .hint(format!("did you mean {near}?")))
        };
        for name in env.names().into_iter().filter_map(|name| name.into_string().ok()) {
            let capitals = name.to_uppercase();
            // The names of variables are the same in any case on Windows alone.
            let is_known = is_known(if cfg!(windows) { &capitals } else { &name });
            if let Some(near) = near(&capitals).filter(|_| !is_known) {
                return unknown(format!("${}", redact::name(&name)), near);
            }
        }
        for (name, values) in self.ini.iter() {
            for setting in values.keys() {
                let capitals = variable(name, setting);
                let is_known = name == section && is_known(&capitals);
                if let Some(near) = near(&capitals).filter(|_| !is_known) {
                    let near = near.rsplit("__").next().unwrap_or_default().to_lowercase();
                    let what = format!("{} [{}] {}", self.shown, redact::name(name), redact::name(setting));
                    return unknown(what, &format!("[{section}] {near}"));
                }
            }
        }
        Ok(())
    }
}

/// Returns the variable of a setting.
fn variable(section: &str, key: &str) -> String {
    format!("AIRFLOW__{section}__{key}").to_uppercase()
}

/// Returns the beginning of the variables of single arguments.
fn single_prefix(section: &str, key: &str) -> String {
    variable(section, key) + "_KWARG__"
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
            "AIRFLOW__SECRET__BACKEND_KWARGS",
            "AIRFLOW_SECRETS__BACKEND_KWARGS",
            "AIRFLOW__SECRETS_BACKEND_KWARGS",
            "AIRFLOW__SECRETS__BACKENDKWARGS",
            "AIRFLOW__SECRET__BACKEND",
            "AIRFLOW__WORKER__SECRETS_BACKEND",
            #[cfg(not(windows))]
            "airflow__secrets__backend_kwargs",
        ] {
            assert!(read(&env(name)).unwrap_err().what.contains(name), "{name}");
        }
        for name in [
            "AIRFLOW__SECRETS__USE_CACHE",
            "AIRFLOW__SECRETS__BACKENDS_ORDER",
            "AIRFLOW__SECRETS__BACKEND_KWARG__SEP",
            "AIRFLOW__LINEAGE__BACKEND",
            "AIRFLOW__CORE__XCOM_BACKEND",
        ] {
            assert!(read(&env(name)).is_ok(), "{name}");
        }
        let home = tempfile::tempdir().unwrap();
        for (cfg, what) in [
            ("[secrets]\nbackend = a.B\nbackend_kwarg = {}\n", "[secrets] backend_kwarg "),
            ("[secrets]\nbackend = a.B\n[secret]\nbackend_kwargs = {}\n", "[secret] backend_kwargs "),
            ("[Secrets]\nbackend = a.B\nbackend_kwargs = {}\n", "[Secrets] backend "),
        ] {
            std::fs::write(home.path().join("airflow.cfg"), cfg).unwrap();
            let error = read(&Env::fixed([("AIRFLOW_HOME", home.path())])).unwrap_err();
            assert!(error.what.contains(what) && error.hint.unwrap().contains("[secrets] backend"), "{}", error.what);
        }
    }
}
