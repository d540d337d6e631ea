//! Finds a connection: in Airflow's secrets backend, the environment, or a connections file, in this order.
//!
//! Airflow continues after a place that fails (a secret that cannot be read, a broken URI). This stops: the next place
//! would have another connection, and after the last one Airflow uses any credentials it finds.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::backend::{Backend, Remote};
use super::broken::Broken;
use super::connection::Connection;
use super::redact;
use super::settings::{self, Kwargs, Settings};
use super::{backend_client, files, json, json_text, uri};
use crate::error::{Code, Error, Result, printable};
use crate::process::env::Env;
use crate::quote::shell::command;
use crate::region::Region;
use crate::secret::Secret;

/// Requests that the search needs and does not make itself.
pub trait Outside {
    /// Returns the text of a secret or parameter. `None` if there is none of this name.
    fn secret(&self, backend: &Remote, id: &str) -> Result<Option<Secret>>;
    /// Returns the output of a command in Airflow's configuration (`backend_kwargs_cmd`).
    fn output(&self, argv: &[String]) -> Result<Secret>;
}

/// The places that are searched.
pub struct Places<'a> {
    pub env: &'a Env,
    /// `--airflow-connections`
    pub file: Option<&'a Path>,
    pub outside: &'a dyn Outside,
}

/// A connection, and where it was found.
#[derive(Debug)]
pub struct Found {
    pub connection: Connection,
    pub found_in: String,
    /// Further places that define it and are not used.
    pub also_in: Vec<String>,
    pub warnings: Vec<String>,
    /// The connection is not defined, and an empty one is used.
    pub is_fallback: bool,
}

/// Finds the connection `conn_id`.
///
/// Errors: [`Code::AirflowNotFound`], and [`Code::AirflowConnection`] for a connection that cannot be read.
pub fn find(conn_id: &str, places: &Places<'_>) -> Result<Found> {
    check_id(conn_id)?;
    let mut search = Search { conn_id, found: None, also_in: Vec::new(), warnings: Vec::new(), looked_at: Vec::new() };
    let settings = settings::read(places.env)?;
    if let Some(settings) = &settings {
        search.backend(settings, places)?;
    }
    search.environment(places.env)?;
    if let Some(path) = places.file {
        search.file(path)?;
    }
    search.end()
}

/// Errors: a connection's text or a secret in place of the id, which is not shown.
fn check_id(conn_id: &str) -> Result<()> {
    let is_text = conn_id.contains("://") || conn_id.contains('@') || conn_id.starts_with('{');
    if !is_text && !redact::is_secret(conn_id) && !conn_id.is_empty() {
        return Ok(());
    }
    Err(Error::new(Code::AirflowConnection, "a connection's text or a key is in place of the connection's id")
        .because("the value is not shown: it looks like a secret")
        .hint("store the text as AIRFLOW_CONN_NAME, and name it: fedcred get --airflow-conn name"))
}

struct Search<'a> {
    conn_id: &'a str,
    found: Option<(Connection, String)>,
    also_in: Vec<String>,
    warnings: Vec<String>,
    looked_at: Vec<String>,
}

impl Search<'_> {
    fn backend(&mut self, settings: &Settings, places: &Places<'_>) -> Result<()> {
        let kwargs = self.kwargs(settings, places)?;
        let backend = Backend::new(&settings.class, kwargs).map_err(|broken| misconfigured(settings, broken))?;
        match backend {
            Backend::BuiltIn => Ok(()),
            Backend::LocalFilesystem { connections_file: None } => Ok(()),
            Backend::LocalFilesystem { connections_file: Some(path) } => self.file(&path),
            Backend::Remote(remote) => {
                let service = remote.service.name();
                let Some(id) = remote.id(self.conn_id) else {
                    self.looked_at.push(format!("{service}: not asked for this id (prefix or pattern)"));
                    return Ok(());
                };
                let place = format!("{service}: {}", printable(&id, 300));
                match places.outside.secret(&remote, &id)? {
                    None => {
                        let region = backend_client::region(&remote, places.env);
                        let region = region.as_ref().map_or("no region", Region::as_str);
                        self.looked_at.push(format!("{place}: there is none of this name in {region}"));
                    }
                    Some(text) => {
                        let read = remote.connection(self.conn_id, text.expose());
                        let (connection, warnings) = read.map_err(|broken| broken.at(self.conn_id, &place))?;
                        self.warnings.extend(warnings);
                        self.found = Some((connection, place));
                    }
                }
                Ok(())
            }
        }
    }

    /// Returns the arguments of the backend.
    ///
    /// Errors: they are not a JSON object. Airflow would use its defaults, which may lead to another user's secrets.
    fn kwargs(&self, settings: &Settings, places: &Places<'_>) -> Result<Map<String, Value>> {
        let text = match &settings.kwargs {
            Kwargs::None => None,
            Kwargs::Text(text) => Some(Secret::new(text.clone())),
            Kwargs::Command(argv) => Some(places.outside.output(argv)?),
            Kwargs::Secret(name) => {
                let backend =
                    Backend::new(&settings.class, Map::new()).map_err(|broken| misconfigured(settings, broken))?;
                let id = match &backend {
                    Backend::Remote(remote) => remote.config_id(name).map(|id| (remote, id)),
                    Backend::LocalFilesystem { .. } | Backend::BuiltIn => None,
                };
                let text = id.map(|(remote, id)| places.outside.secret(remote, &id)).transpose()?.flatten();
                let missing = || {
                    Broken::new("the backend has no secret of this name", "correct the name, or write the arguments")
                };
                Some(text.ok_or_else(|| misconfigured_by(&settings.kwargs_said_in, missing()))?)
            }
        };
        let read = |text: Secret| match json_text::value(text.expose(), "")? {
            Value::Object(map) => Ok(map),
            Value::Null => Ok(Map::new()),
            other => {
                let why = format!("it is {}, not a JSON object", json_text::kind(&other));
                Err(Broken::new(why, "write {\"connections_prefix\": \"…\"}"))
            }
        };
        let read = text.filter(|text| !text.expose().trim().is_empty()).map_or(Ok(Map::new()), read);
        let mut kwargs = read.map_err(|broken| misconfigured_by(&settings.kwargs_said_in, broken))?;
        kwargs.extend(settings.single.clone());
        Ok(kwargs)
    }

    fn environment(&mut self, env: &Env) -> Result<()> {
        let variable = format!("AIRFLOW_CONN_{}", self.conn_id.to_uppercase());
        let shown = format!("${}", printable(&variable, 300));
        let Some(value) = env.os(&variable) else {
            self.looked_at.push(format!("{shown}: not set"));
            return Ok(());
        };
        if self.found.is_some() {
            self.also_in.push(shown);
            return Ok(());
        }
        let text = value.into_string().map(Secret::new).map_err(|_| {
            Error::new(Code::AirflowConnection, format!("{shown} is not UTF-8 text"))
                .hint(command(["unset", &variable]))
        })?;
        let text = text.expose().trim();
        let read = match text.chars().next() {
            None => Err(Broken::new("it is blank", "store a URI or JSON there, or unset it")),
            Some('{') => json::parse(self.conn_id, text),
            Some(_) => uri::parse(self.conn_id, text),
        };
        let connection = read.map_err(|broken| broken.at(self.conn_id, &shown))?;
        self.found = Some((connection, shown));
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<()> {
        let shown = PathBuf::from(path).display().to_string();
        if self.found.is_some() {
            // A broken file that is not used is no error.
            let has_it = files::read(path).is_ok_and(|all| all.iter().any(|c| c.conn_id == self.conn_id));
            self.also_in.extend(has_it.then_some(shown));
            return Ok(());
        }
        match files::read(path)?.into_iter().find(|connection| connection.conn_id == self.conn_id) {
            Some(connection) => self.found = Some((connection, shown)),
            None => self.looked_at.push(format!("{shown}: not in it")),
        }
        Ok(())
    }

    fn end(self) -> Result<Found> {
        let Some((connection, found_in)) = self.found else {
            let id = printable(self.conn_id, 250);
            let error = Error::new(Code::AirflowNotFound, format!("the Airflow connection {id:?} is defined nowhere"));
            return Err(self.looked_at.into_iter().fold(error, Error::because).hint(
                "airflow connections export connections.json --file-format json, then add --airflow-connections connections.json",
            ));
        };
        Ok(Found { connection, found_in, also_in: self.also_in, warnings: self.warnings, is_fallback: false })
    }
}

fn misconfigured_by(place: &str, broken: Broken) -> Error {
    Error::new(Code::AirflowConnection, format!("the arguments of Airflow's secrets backend in {place} cannot be used"))
        .because(broken.why)
        .hint(broken.mended)
}

fn misconfigured(settings: &Settings, broken: Broken) -> Error {
    let of_kwargs =
        if settings.kwargs_said_in.is_empty() { String::new() } else { format!(", with {}", settings.kwargs_said_in) };
    Error::new(
        Code::AirflowConnection,
        format!("the secrets backend that {} names{of_kwargs} cannot be used", settings.said_in),
    )
    .because(broken.why)
    .hint(broken.mended)
}
