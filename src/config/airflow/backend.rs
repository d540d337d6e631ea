//! Airflow's secrets backends: the secret that holds a connection, and the form of a connection in Secrets Manager.
//!
//! Nothing is requested here. A backend's other arguments are the extra of a connection, whose credentials are used for
//! the request.

use std::path::PathBuf;

use regex_lite::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::broken::Broken;
use super::connection::{Connection, Extra};
use super::extras::{KNOWN, SPELLINGS};
use super::placeholder;
use super::redact;
use super::spelling;
use super::{json, json_text, uri};
use crate::config::names::Names;
use crate::error::printable;

/// A supported secrets backend of Airflow.
#[derive(Debug)]
pub enum Backend {
    Remote(Box<Remote>),
    LocalFilesystem {
        connections_file: Option<PathBuf>,
    },
    /// The environment or Airflow's database, which Airflow asks in any case.
    BuiltIn,
}

/// A backend in AWS.
#[derive(Debug)]
pub struct Remote {
    pub service: Service,
    /// Absent: connections are not looked up in this backend.
    connections_prefix: Option<String>,
    config_prefix: Option<String>,
    sep: String,
    pattern: Option<Regex>,
    /// Additional names for the fields of a secret, by field.
    extra_words: Vec<(String, Vec<String>)>,
    /// Region, profile, keys, role and endpoint of the request.
    pub connection: Connection,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    SecretsManager,
    ParameterStore,
}

impl Service {
    pub fn name(self) -> &'static str {
        match self {
            Service::SecretsManager => "Secrets Manager",
            Service::ParameterStore => "the SSM Parameter Store",
        }
    }
}

/// Arguments of both backends that say which secret a connection is in.
const OWN: Names = Names("connections_prefix connections_lookup_pattern");
/// Arguments that do not concern connections, or that later providers ignore.
const IGNORED: Names = Names(
    "variables_prefix variables_lookup_pattern config_prefix config_lookup_pattern full_url_mode \
     are_secret_values_urlencoded api_version use_ssl team_name global_secrets_allowed_pattern",
);

impl Backend {
    /// Returns the backend of an Airflow class with these arguments.
    pub fn new(class: &str, kwargs: Map<String, Value>) -> Result<Self, Broken> {
        let amazon = ["airflow.providers.amazon.aws.secrets.", "airflow.contrib.secrets."];
        let name = amazon.iter().find_map(|package| class.strip_prefix(package)).unwrap_or(class);
        match name {
            "secrets_manager.SecretsManagerBackend" | "aws_secrets_manager.SecretsManagerBackend" => {
                Remote::new(Service::SecretsManager, kwargs).map(|remote| Backend::Remote(Box::new(remote)))
            }
            "systems_manager.SystemsManagerParameterStoreBackend"
            | "aws_systems_manager.SystemsManagerParameterStoreBackend" => {
                Remote::new(Service::ParameterStore, kwargs).map(|remote| Backend::Remote(Box::new(remote)))
            }
            "airflow.secrets.local_filesystem.LocalFilesystemBackend" => {
                known(&kwargs, Names("connections_file_path variables_file_path").iter())?;
                placeholder::check_all(&kwargs, "the arguments of the secrets backend")?;
                Ok(Backend::LocalFilesystem {
                    connections_file: text(&kwargs, "connections_file_path")?.map(PathBuf::from),
                })
            }
            "airflow.secrets.environment_variables.EnvironmentVariablesBackend"
            | "airflow.secrets.metastore.MetastoreBackend" => {
                known(&kwargs, Names("").iter()).map(|()| Backend::BuiltIn)
            }
            _ => Err(Broken::new(
                format!("Airflow would ask {} first, which fedcred cannot", redact::value(class)),
                "use SecretsManagerBackend, SystemsManagerParameterStoreBackend or LocalFilesystemBackend, or unset AIRFLOW__SECRETS__BACKEND here",
            )),
        }
    }
}

impl Remote {
    fn new(service: Service, mut kwargs: Map<String, Value>) -> Result<Self, Broken> {
        let of_service = match service {
            Service::SecretsManager => Names("sep extra_conn_words"),
            Service::ParameterStore => Names(""),
        };
        // `profile` and `federation` are for a hook's connection, not for a backend.
        let of_connection = KNOWN.iter().filter(|key| !["profile", "federation"].contains(key));
        known(&kwargs, OWN.iter().chain(IGNORED.iter()).chain(of_service.iter()).chain(of_connection))?;
        placeholder::check_all(&kwargs, "the arguments of the secrets backend")?;
        let config_prefix = prefix(&kwargs, "config_prefix", service.default_prefix("config"))?;
        let connections_prefix = prefix(&kwargs, "connections_prefix", service.default_prefix("connections"))?;
        let sep = text(&kwargs, "sep")?.unwrap_or_else(|| "/".to_owned());
        let pattern = text(&kwargs, "connections_lookup_pattern")?.map(|pattern| regex(&pattern)).transpose()?;
        let extra_words = words(kwargs.get("extra_conn_words").unwrap_or(&Value::Null))?;
        for key in OWN.iter().chain(IGNORED.iter()).chain(of_service.iter()) {
            kwargs.shift_remove(key);
        }
        // The Parameter Store's backend has no separator of its own.
        let sep = if service == Service::ParameterStore { "/".to_owned() } else { sep };
        let conn_id = match service {
            Service::SecretsManager => "SecretsManagerBackend__connection",
            Service::ParameterStore => "SystemsManagerParameterStoreBackend__connection",
        };
        let strip = |prefix: Option<String>| prefix.map(|p| p.trim_end_matches(|c| sep.contains(c)).to_owned());
        Ok(Remote {
            service,
            connections_prefix: strip(connections_prefix),
            config_prefix: strip(config_prefix),
            sep: sep.clone(),
            pattern,
            extra_words,
            connection: Connection {
                conn_id: conn_id.to_owned(),
                conn_type: Some("aws".to_owned()),
                extra: Extra::new(kwargs),
                ..Connection::default()
            },
        })
    }

    /// Returns the name of the secret or parameter of a connection. `None` if this backend is not asked for it.
    pub fn id(&self, conn_id: &str) -> Option<String> {
        let prefix = self.connections_prefix.as_ref()?;
        if self.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(conn_id)) {
            return None;
        }
        Some(self.path(prefix, conn_id))
    }

    /// Returns the name of the secret or parameter with `*` for the connection's id.
    pub fn any_id(&self) -> Option<String> {
        Some(self.path(self.connections_prefix.as_ref()?, "*"))
    }

    /// Returns the name of the secret or parameter of one of Airflow's settings.
    pub fn config_id(&self, name: &str) -> Option<String> {
        Some(self.path(self.config_prefix.as_ref()?, name))
    }

    /// Parses the text of a secret. Returns the connection, and warnings.
    pub fn connection(&self, conn_id: &str, text: &str) -> Result<(Connection, Vec<String>), Broken> {
        let text = text.trim();
        match (text.starts_with('{'), self.service) {
            (false, _) if text.is_empty() => Err(Broken::new("it is empty", "store a URI or JSON there")),
            (false, _) => uri::parse(conn_id, text).map(|connection| (connection, Vec::new())),
            (true, Service::ParameterStore) => json::parse(conn_id, text).map(|connection| (connection, Vec::new())),
            (true, Service::SecretsManager) => self.standardized(conn_id, text),
        }
    }

    /// Parses the JSON of Secrets Manager's backend: for each field, the first key in the document that is a name for
    /// it. Other keys are dropped.
    fn standardized(&self, conn_id: &str, text: &str) -> Result<(Connection, Vec<String>), Broken> {
        let Value::Object(secret) = json_text::value(text, "")? else {
            return Err(Broken::new("the JSON is not an object", "write {\"conn_type\": \"aws\", …}"));
        };
        let mut fields = Map::new();
        let mut used: Vec<&str> = Vec::new();
        for (field, standard) in WORDS {
            let more = self.extra_words.iter().filter(|(name, _)| name == field).flat_map(|(_, words)| words);
            let words: Vec<&str> = standard.iter().copied().chain(more.map(String::as_str)).collect();
            used.extend(&words);
            if let Some((_, value)) = secret.iter().find(|(key, _)| words.contains(&key.as_str())) {
                fields.insert(field.to_owned(), value.clone());
            }
        }
        let dropped: Vec<&str> = secret.keys().map(String::as_str).filter(|key| !used.contains(key)).collect();
        if let Some(key) = dropped.iter().find(|key| KNOWN.has(key)) {
            return Err(Broken::new(
                format!("`{key}` in the secret is dropped by Airflow: only the extra may hold it"),
                format!("write it into the extra: \"extra\": {{\"{key}\": …}}"),
            ));
        }
        spelling::check("", dropped.iter().copied(), KNOWN, &SPELLINGS)?;
        let warning =
            |key: &&str| format!("`{}` in the secret is dropped: only the extra may hold it", redact::name(key));
        let warnings = dropped.iter().map(warning).collect();
        Ok((json::from_fields(conn_id, fields)?, warnings))
    }

    fn path(&self, prefix: &str, name: &str) -> String {
        let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}{}{name}", self.sep) };
        match self.service {
            Service::ParameterStore if !path.starts_with('/') => format!("/{path}"),
            Service::ParameterStore | Service::SecretsManager => path,
        }
    }
}

impl Service {
    fn default_prefix(self, what: &str) -> String {
        match self {
            Service::SecretsManager => format!("airflow/{what}"),
            Service::ParameterStore => format!("/airflow/{what}"),
        }
    }
}

/// The names for each field, in Airflow's order.
const WORDS: [(&str, &[&str]); 7] = [
    ("login", &["login", "user", "username", "user_name"]),
    ("password", &["password", "pass", "key"]),
    ("host", &["host", "remote_host", "server"]),
    ("port", &["port"]),
    ("schema", &["database", "schema"]),
    ("conn_type", &["conn_type", "conn_id", "connection_type", "engine"]),
    ("extra", &["extra"]),
];

/// Reads a prefix: absent is the default, null switches the lookup off.
///
/// Errors: a character that no secret's name can have (Secrets Manager CreateSecret, SSM PutParameter), such as that of
/// an unexpanded variable.
fn prefix(kwargs: &Map<String, Value>, key: &str, default: String) -> Result<Option<String>, Broken> {
    let prefix = match kwargs.get(key) {
        None => return Ok(Some(default)),
        Some(_) => text(kwargs, key)?,
    };
    match prefix.as_deref().and_then(|prefix| prefix.chars().find(|c| !is_of_a_name(*c))) {
        None => Ok(prefix),
        Some(odd) => Err(Broken::new(
            format!("`{key}` of the secrets backend has {odd:?}, which no secret's name has"),
            format!("write the prefix itself, with every variable in it expanded: \"{key}\": \"airflow/…\""),
        )),
    }
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/_+=.@-".contains(c)
}

/// Checks the names of a backend's arguments.
///
/// Errors: an unknown argument, in place of which Airflow would use its default.
fn known(kwargs: &Map<String, Value>, known: impl Iterator<Item = &'static str>) -> Result<(), Broken> {
    let known: Vec<&str> = known.collect();
    let Some(key) = kwargs.keys().find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
    let shown = redact::name(key);
    let mended = match spelling::meant(key, &known, &SPELLINGS) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("remove \"{shown}\""),
    };
    Err(Broken::new(
        format!("`{shown}` is not an argument of the secrets backend: Airflow would use its default in its place"),
        mended,
    ))
}

fn text(kwargs: &Map<String, Value>, key: &str) -> Result<Option<String>, Broken> {
    match kwargs.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => {
            let why = format!("`{key}` of the secrets backend is {}, not text", json_text::kind(other));
            Err(Broken::new(why, format!("write \"{key}\": \"…\"")))
        }
    }
}

/// Compiles a pattern for `re.match(pattern, conn_id, re.IGNORECASE)`, which is anchored at the start only.
fn regex(pattern: &str) -> Result<Regex, Broken> {
    RegexBuilder::new(&format!("^(?:{pattern})")).case_insensitive(true).size_limit(1 << 20).build().map_err(|why| {
        Broken::new(
            format!(
                "`connections_lookup_pattern` of the secrets backend cannot be used: {}",
                printable(&why.to_string(), 200)
            ),
            "write a plain regular expression, without look-around",
        )
    })
}

fn words(value: &Value) -> Result<Vec<(String, Vec<String>)>, Broken> {
    let broken = || {
        Broken::new(
            "`extra_conn_words` of the secrets backend names an unknown field, or is not an object of lists",
            "write \"extra_conn_words\": {\"login\": [\"…\"]}",
        )
    };
    let Value::Object(map) = value else { return if value.is_null() { Ok(Vec::new()) } else { Err(broken()) } };
    let field = |(name, words): (&String, &Value)| {
        // `user` is the former name of the field.
        let name = if name == "user" { "login" } else { name };
        let words =
            words.as_array()?.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?;
        WORDS.iter().any(|(field, _)| *field == name).then(|| (name.to_owned(), words))
    };
    map.iter().map(|entry| field(entry).ok_or_else(broken)).collect()
}

#[cfg(test)]
mod tests;
