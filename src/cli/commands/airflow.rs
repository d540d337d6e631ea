//! `fedcred airflow show`: what a connection of Apache Airflow's means, without acting on it.

use crate::cli::args::{Airflow, AirflowConnection, AirflowShow, Global};
use crate::cli::output;
use crate::config::Config;
use crate::config::airflow::aws_profiles::AwsProfiles;
use crate::config::airflow::backend::Remote;
use crate::config::airflow::connection::Connection;
use crate::config::airflow::find::{Found, Outside, Places, find};
use crate::config::airflow::meaning::{self, Ask, Compat};
use crate::config::airflow::policy::Policy;
use crate::config::airflow::show;
use crate::config::env::Env;
use crate::config::profile::DEFAULT_DEADLINE;
use crate::error::{Code, Error, Result};
use crate::process::command;
use crate::secret::Secret;
use crate::time::{self, Deadline};

pub fn run(command: &Airflow, global: &Global, env: &Env) -> Result<()> {
    let policy = Config::load(env, global.config.as_deref())?.airflow()?;
    match command {
        Airflow::Show(arguments) => explain(arguments, &policy, env),
    }
}

fn explain(arguments: &AirflowShow, policy: &Policy, env: &Env) -> Result<()> {
    let found = found(&arguments.id, &arguments.connection, env)?;
    let ask = Ask {
        compat: if arguments.connection.airflow_compat.is_some() { Compat::Nine } else { Compat::Documented },
        region: None,
        sts_endpoints: policy.sts_endpoints.clone(),
    };
    let mut plan = meaning::plan(&found.connection, &ask, &AwsProfiles::read(env)?, env)
        .map_err(|broken| broken.at(&found.connection.conn_id, &found.found_in))?;
    plan.warnings.splice(0..0, found.warnings);
    let shown = show::to_json(&found.connection, &found.found_in, &found.also_in, &plan, time::now());
    match arguments.json {
        true => output::write(&format!("{shown:#}\n")),
        false => output::write(&show::to_text(&shown)),
    }
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
