//! `fedcred airflow show|uri|json|import`: connections of Apache Airflow's, explained, written and taken over.

use crate::cli::args::{Airflow, AirflowConnection, AirflowExport, AirflowImport, AirflowShow, Global};
use crate::cli::output;
use crate::config::airflow::aws_profiles::AwsProfiles;
use crate::config::airflow::backend::Remote;
use crate::config::airflow::connection::Connection;
use crate::config::airflow::find::{Found, Outside, Places, find};
use crate::config::airflow::meaning::{self, Ask, Compat};
use crate::config::airflow::plan::Plan;
use crate::config::airflow::policy::Policy;
use crate::config::airflow::profile::Meaning;
use crate::config::airflow::{export, json, show, toml, uri};
use crate::config::env::Env;
use crate::config::profile::DEFAULT_DEADLINE;
use crate::config::{Config, add};
use crate::error::{Code, Error, Result};
use crate::process::command;
use crate::secret::Secret;
use crate::time::{self, Deadline};

pub fn run(command: &Airflow, global: &Global, env: &Env) -> Result<()> {
    let config = Config::load(env, global.config.as_deref())?;
    match command {
        Airflow::Show(arguments) => explain(arguments, &config.airflow()?, env),
        Airflow::Uri(arguments) => export(arguments, &config, env, uri::write),
        Airflow::Json(arguments) => export(arguments, &config, env, json::write),
        Airflow::Import(arguments) => import(arguments, &config.airflow()?, global, env),
    }
}

fn explain(arguments: &AirflowShow, policy: &Policy, env: &Env) -> Result<()> {
    let (found, plan) = planned(&arguments.id, &arguments.connection, policy, env)?;
    let shown = show::to_json(&found.connection, &found.found_in, &found.also_in, &plan, time::now());
    match arguments.json {
        true => output::write(&format!("{shown:#}\n")),
        false => output::write(&show::to_text(&shown)),
    }
}

fn export(arguments: &AirflowExport, config: &Config, env: &Env, write: fn(&Connection) -> Secret) -> Result<()> {
    let profile = config.profile(&super::profile_name(arguments.profile.as_deref(), env))?;
    let connection = export::connection(&profile, &profile.name)?;
    output::write(&format!("{}\n", write(&connection).expose()))
}

fn import(arguments: &AirflowImport, policy: &Policy, global: &Global, env: &Env) -> Result<()> {
    let name = arguments.name.as_ref().unwrap_or(&arguments.id);
    let (found, plan) = planned(&arguments.id, &arguments.connection, policy, env)?;
    let (id, place) = (found.connection.conn_id, found.found_in);
    let profile = match plan.into_meaning(name, policy, env).map_err(|broken| broken.at(&id, &place))? {
        Meaning::Profile(profile) => profile,
        Meaning::Credentials(_) => {
            return Err(Error::new(Code::AirflowConnection, format!("the Airflow connection {id:?} logs in nowhere"))
                .because("it is keys, or the default credentials; a profile is a login")
                .hint("aws configure"));
        }
    };
    let path = add::profile(env, global.config.as_deref(), name, &toml::profile(&profile, name)?)?;
    output::write(&format!("profile {name} written into {}\n", path.display()))
}

/// Where the connection is and what it means; the warnings of both in the plan.
fn planned(id: &str, arguments: &AirflowConnection, policy: &Policy, env: &Env) -> Result<(Found, Plan)> {
    let mut found = found(id, arguments, env)?;
    let ask = Ask {
        compat: if arguments.airflow_compat.is_some() { Compat::Nine } else { Compat::Documented },
        region: None,
        sts_endpoints: policy.sts_endpoints.clone(),
    };
    let mut plan = meaning::plan(&found.connection, &ask, &AwsProfiles::read(env)?, env)
        .map_err(|broken| broken.at(&found.connection.conn_id, &found.found_in))?;
    plan.warnings.splice(0..0, std::mem::take(&mut found.warnings));
    Ok((found, plan))
}

/// The connection; with `--airflow-fallback` an empty one in the place of one that is nowhere.
fn found(id: &str, arguments: &AirflowConnection, env: &Env) -> Result<Found> {
    let places = Places { env, file: arguments.airflow_connections.as_deref(), outside: &Here };
    match find(id, &places) {
        Err(error) if error.code == Code::AirflowNotFound && arguments.airflow_fallback => Ok(Found {
            connection: Connection { conn_id: id.to_owned(), ..Connection::default() },
            found_in: "nowhere".to_owned(),
            also_in: Vec::new(),
            warnings: vec!["defined nowhere: the default credentials are taken (--airflow-fallback)".to_owned()],
        }),
        found => found,
    }
}

/// This machine, with its programs; no backend is reached yet.
struct Here;

impl Outside for Here {
    fn secret(&self, backend: &Remote, id: &str) -> Result<Option<Secret>> {
        let what = format!("reading {id:?} from {} is not in this version", backend.service.name());
        Err(Error::new(Code::NotYetAvailable, what)
            .hint("airflow connections export connections.json, unset AIRFLOW__SECRETS__BACKEND, and add --airflow-connections connections.json"))
    }

    fn output(&self, argv: &[String]) -> Result<Secret> {
        let setting = "backend_kwargs_cmd";
        let printed = command::secret_output(argv, setting, &Deadline::after(DEFAULT_DEADLINE))?;
        let text = std::str::from_utf8(&printed).map_err(|_| {
            Error::new(Code::SecretCommand, format!("what the command of `{setting}` prints is not UTF-8"))
        })?;
        Ok(Secret::new(text.to_owned()))
    }
}
