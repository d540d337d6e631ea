//! `fedcred airflow show|uri|json|import|put`: connections of Apache Airflow's, explained, written, taken over and stored.

mod put;

use crate::acquire::airflow::{Backends, Reading};
use crate::cli::args::{Airflow, AirflowConnection, AirflowExport, AirflowImport, AirflowShow, Global};
use crate::cli::output::{self, Text};
use crate::config::airflow::base::Base;
use crate::config::airflow::broken::Broken;
use crate::config::airflow::compat::Compat;
use crate::config::airflow::connection::Connection;
use crate::config::airflow::find::Found;
use crate::config::airflow::plan::Plan;
use crate::config::airflow::source::AirflowSource;
use crate::config::airflow::toml::LeftOpen;
use crate::config::airflow::trust::Asked;
use crate::config::airflow::{export, json, show, toml, uri};
use crate::config::profile::{DEFAULT_DEADLINE, Identity, ProfileName};
use crate::config::written::WrittenProfile;
use crate::config::{Config, add};
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::secret::Secret;
use crate::text;
use crate::time;

pub fn run(command: &Airflow, global: &Global, env: &Env) -> Result<()> {
    let config = Config::load(env, global.config.as_deref())?;
    match command {
        Airflow::Show(arguments) => explain(arguments, &config, env),
        Airflow::Uri(arguments) => export(arguments, &config, global, env, uri::write),
        Airflow::Json(arguments) => export(arguments, &config, global, env, json::write),
        Airflow::Put(arguments) => put::run(arguments, &config, global, env),
        Airflow::Import(arguments) => import(arguments, &config, global, env),
    }
}

/// Returns the profile that a connection is, before it is looked up.
pub fn profile(id: &str, arguments: &AirflowConnection, config: &Config) -> Result<WrittenProfile> {
    source(id, arguments, config)?.into_profile()
}

fn source(id: &str, arguments: &AirflowConnection, config: &Config) -> Result<AirflowSource> {
    Ok(AirflowSource {
        conn_id: id.to_owned(),
        connections: arguments.airflow_connections.clone(),
        compat: if arguments.airflow_compat.is_some() { Compat::Nine } else { Compat::Documented },
        fallback: arguments.airflow_fallback,
        region: None,
        policy: config.airflow()?,
        configuration: config.locations(),
    })
}

fn explain(arguments: &AirflowShow, config: &Config, env: &Env) -> Result<()> {
    let source = source(&arguments.id, &arguments.connection, config)?;
    let (found, mut plan) = planned(&source, config, env)?;
    if let Err(Broken { why, mended, .. }) = Asked::by(&plan).permitted(&source.policy) {
        plan.warnings.push(format!("{why}; {mended}"));
    }
    let shown = show::to_json(&found.connection, &found.found_in, &found.also_in, &plan, time::now());
    match arguments.json {
        true => output::json(&shown),
        false => output::write(&show::to_lines(&shown).iter().map(Text::of).collect()),
    }
}

fn export(
    arguments: &AirflowExport,
    config: &Config,
    global: &Global,
    env: &Env,
    write: fn(&Connection) -> Secret,
) -> Result<()> {
    let name = super::profile_name(arguments.profile.as_deref(), env);
    let connection = as_connection(&name, &name, config, global, env)?;
    output::exactly(&format!("{}\n", text::escaped(write(&connection).expose())))
}

/// Returns the profile as the connection `id`, without what the variables of this shell set.
fn as_connection(profile: &str, id: &str, config: &Config, global: &Global, env: &Env) -> Result<Connection> {
    let elsewhere = Config::load(&env.without_aws(), global.config.as_deref())?;
    let profile = elsewhere.profile(profile).map_err(|error| match config.profile(profile) {
        Ok(_) => error
            .because("variables of this shell are not written: they apply to this shell only")
            .hint("write what the profile needs into it, or use an empty connection: aws://"),
        Err(error) => error,
    })?;
    match &profile {
        WrittenProfile::Profile(profile) => export::connection(profile, id),
        // Unchanged, with the secrets that are in it.
        WrittenProfile::Connection(connection) => Ok(planned(&connection.source, config, env)?.0.connection),
        WrittenProfile::RoleOnConnection(role) => Err(export::on_profile(role.identity.base.name())),
    }
}

fn import(arguments: &AirflowImport, config: &Config, global: &Global, env: &Env) -> Result<()> {
    let name = ProfileName::parse(arguments.name.as_ref().unwrap_or(&arguments.id))?;
    let source = source(&arguments.id, &arguments.connection, config)?;
    let (found, mut plan, elsewhere) = planned_elsewhere(&source, config, env)?;
    let open = LeftOpen::by(&plan, found.connection.extra.fields());
    source.look_up_profile(&mut plan, &elsewhere)?;
    let is_profile = matches!(&plan.base, Base::Federation { .. } if plan.call.is_none());
    let (id, place) = (found.connection.conn_id, found.found_in);
    let profile = plan.into_profile(&name, &source.policy, &elsewhere).map_err(|broken| broken.at(&id, &place))?;
    if matches!(profile.identity, Identity::Base(_)) || is_profile {
        return Err(Error::new(Code::AirflowConnection, format!("the Airflow connection {id:?} has no login"))
            .because("it has only keys, the default credentials, or an existing profile; only a login can be imported")
            .hint("aws configure"));
    }
    let path = add::profile(env, global.config.as_deref(), &name, &toml::profile(&profile, &name, &open)?)?;
    output::line(format!("profile {name} written into {}", path.display()))
}

/// Returns the connection as found here, its plan without this shell's variables of AWS, and the environment without them.
fn planned_elsewhere(source: &AirflowSource, config: &Config, env: &Env) -> Result<(Found, Plan, Env)> {
    let settings = config.cache()?;
    let backends = Backends::new(&settings, env, Reading::Anew, DEFAULT_DEADLINE);
    let elsewhere = env.without_aws();
    let (found, plan) = source.plan_in(env, &elsewhere, &backends.for_policy(&source.policy))?;
    Ok((found, plan, elsewhere))
}

/// Returns the connection and its plan; a secrets backend is read anew.
fn planned(source: &AirflowSource, config: &Config, env: &Env) -> Result<(Found, Plan)> {
    let settings = config.cache()?;
    let backends = Backends::new(&settings, env, Reading::Anew, DEFAULT_DEADLINE);
    source.plan(env, &backends.for_policy(&source.policy))
}
