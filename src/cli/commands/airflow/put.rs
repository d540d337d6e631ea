//! `fedcred airflow put`: stores a connection in Secrets Manager for Amazon MWAA, and prints the policy that lets MWAA read it.

use serde_json::{Map, json};

use crate::acquire::airflow::store;
use crate::arn::Partition;
use crate::cli::args::{AirflowPut, Global};
use crate::cli::output::{self, Text};
use crate::cli::prompt;
use crate::config::Config;
use crate::config::airflow::backend::{Backend, Remote};
use crate::config::airflow::backend_client::{self, BackendClient};
use crate::config::airflow::json as json_form;
use crate::config::airflow::policy::Policy;
use crate::config::airflow::reader_policy::{self, SecretPlace};
use crate::config::profile::DEFAULT_DEADLINE;
use crate::error::{Code, Error, Result, printable};
use crate::process::env::Env;
use crate::region::Region;
use crate::secret::Secret;
use crate::secrets_backend::NewSecret;

const CLASS: &str = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend";

pub fn run(asked: &AirflowPut, config: &Config, global: &Global, env: &Env) -> Result<()> {
    let remote = backend(asked)?;
    let name = remote.id(&asked.id).unwrap_or_else(|| asked.id.clone());
    if asked.print_policy {
        let region = backend_client::region(&remote, env);
        let place = place(&name, region.as_ref(), None, asked.kms_key.as_deref());
        return output::json(&reader_policy::policy(&place));
    }
    let client = BackendClient::of(&remote, &Policy::default(), DEFAULT_DEADLINE, env)?;
    let text = connection(asked, config, global, env)?;
    let question =
        format!("Store the connection {:?} as the secret {name} in {}? [y/N] ", asked.id, client.target.region);
    if !asked.yes && !prompt::confirm(&question).map_err(|error| error.hint("for scripts: --yes"))? {
        return output::line("nothing was stored");
    }
    let secret = NewSecret { id: &name, text: &text, kms_key: asked.kms_key.as_deref() };
    let stored = store(&client, &config.cache()?, env, secret)?;
    let done = if stored.is_new { "a new secret" } else { "a new version of the secret" };
    let place = place(&name, Some(&client.target.region), Some(&stored.arn), asked.kms_key.as_deref());
    let mut told = Text::of(format!("stored as {done}: {}", printable(&stored.arn, 300)));
    told.line("its readers need this policy:");
    told.json(&reader_policy::policy(&place))?;
    output::write(&told)
}

/// Returns the settings of Airflow's backend that finds the connection.
fn backend(asked: &AirflowPut) -> Result<Remote> {
    let mut kwargs = Map::from_iter([("connections_prefix".to_owned(), json!(asked.secret_prefix))]);
    kwargs.extend(asked.region.as_ref().map(|region| ("region_name".to_owned(), json!(region.as_str()))));
    match Backend::new(CLASS, kwargs) {
        Ok(Backend::Remote(remote)) => Ok(*remote),
        Ok(Backend::LocalFilesystem { .. } | Backend::BuiltIn) => Err(Error::new(Code::Bug, "no backend in AWS")),
        Err(broken) => Err(Error::new(Code::BadFlag, broken.why).hint(broken.mended)),
    }
}

/// Returns the profile as a connection, or the connection of this id as found here.
fn connection(asked: &AirflowPut, config: &Config, global: &Global, env: &Env) -> Result<Secret> {
    let named = asked.profile.as_deref().or_else(|| config.profile_names().into_iter().find(|name| *name == asked.id));
    let connection = match named {
        Some(name) => super::as_connection(name, &asked.id, config, global, env)?,
        None => super::planned(&super::source(&asked.id, &asked.connection, config)?, config, env)?.0.connection,
    };
    Ok(json_form::write(&connection))
}

/// Returns the policy. `arn` is the secret's, if it exists already.
fn place<'a>(
    name: &'a str,
    region: Option<&'a Region>,
    arn: Option<&'a str>,
    kms_key: Option<&'a str>,
) -> SecretPlace<'a> {
    let account = |arn: &'a str| arn.split(':').nth(4).filter(|id| !id.is_empty());
    let partition = region.map_or(Partition::Aws, Partition::of_region);
    SecretPlace {
        partition,
        region: region.map_or("*", Region::as_str),
        account_id: arn.and_then(account).or_else(|| kms_key.and_then(account)).unwrap_or("*"),
        name,
        kms_key,
    }
}
