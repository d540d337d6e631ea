//! The credentials, region and endpoint for requests to a secrets backend. Its other arguments are the extra of a
//! connection; `endpoint_url` and `verify` count here, because they are for service clients.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::aws_profiles::AwsProfiles;
use super::backend::{Remote, Service};
use super::broken::Broken;
use super::compat::Compat;
use super::fields::Fields;
use super::meaning::{self, Ask};
use super::policy::Policy;
use crate::config::profile::{Profile, ProfileName};
use crate::error::{Code, Error, Result};
use crate::host_name::is_loopback;
use crate::process::env::Env;
use crate::quote::shell::command;
use crate::region::Region;

/// The credentials and the server for requests to a backend.
#[derive(Debug)]
pub struct BackendClient {
    pub asks: Profile,
    pub target: Target,
}

/// One service in one region.
#[derive(Debug)]
pub struct Target {
    pub region: Region,
    /// Absent: AWS's own.
    pub endpoint_url: Option<Url>,
    pub ca_bundle: Option<PathBuf>,
    /// The setting that names `ca_bundle`.
    pub trusted_by: &'static str,
    pub verify: bool,
}

impl Target {
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint_url.as_ref().map(Url::as_str)
    }
}

impl BackendClient {
    /// Errors: invalid arguments, or no region.
    pub fn of(remote: &Remote, policy: &Policy, deadline: Duration, env: &Env) -> Result<Self> {
        let (asks, target) = read(remote, policy, env)?.map_err(|Broken { why, mended, .. }| {
            let what =
                format!("the arguments of Airflow's secrets backend for {} cannot be used", remote.service.name());
            Error::new(Code::AirflowConnection, what).because(why).hint(mended)
        })?;
        Ok(BackendClient { asks: Profile { deadline, ..asks }, target })
    }
}

/// Returns the region of requests to a backend, if it is known.
pub fn region(remote: &Remote, env: &Env) -> Option<Region> {
    let files = AwsProfiles::read(env).ok()?;
    meaning::plan(&remote.connection, &Ask::default(), &files, env).ok()?.region.named().cloned()
}

fn read(remote: &Remote, policy: &Policy, env: &Env) -> Result<std::result::Result<(Profile, Target), Broken>> {
    let files = AwsProfiles::read(env)?;
    let ask = Ask { compat: Compat::Documented, region: None };
    let name = ProfileName::parse(&remote.connection.conn_id)?;
    Ok(meaning::plan(&remote.connection, &ask, &files, env).and_then(|plan| {
        let target = target(remote, plan.region.named(), env)?;
        Ok((plan.into_profile(&name, policy, env)?, target))
    }))
}

fn target(remote: &Remote, region: Option<&Region>, env: &Env) -> std::result::Result<Target, Broken> {
    let extra = Fields::top(remote.connection.extra.fields());
    let region = region.cloned().ok_or_else(|| {
        Broken::new("no region is set", "write \"region_name\" into backend_kwargs, or set AWS_DEFAULT_REGION")
    })?;
    let from_env = || env.path("AWS_CA_BUNDLE");
    let (verify, ca_bundle, trusted_by) = match extra.get("verify") {
        Some(Value::Bool(false)) => (false, None, "verify"),
        Some(Value::String(path)) if !path.is_empty() => (true, Some(PathBuf::from(path)), "verify"),
        _ => (true, from_env(), "AWS_CA_BUNDLE"),
    };
    Ok(Target { region, endpoint_url: endpoint_url(remote.service, &extra, env)?, ca_bundle, trusted_by, verify })
}

/// Returns the endpoint, by Airflow's order and then botocore's.
fn endpoint_url(service: Service, extra: &Fields<'_>, env: &Env) -> std::result::Result<Option<Url>, Broken> {
    let (name, variable) = match service {
        Service::SecretsManager => ("secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
        Service::ParameterStore => ("ssm", "AWS_ENDPOINT_URL_SSM"),
    };
    let service_config = extra.object("service_config")?;
    let of_service = service_config.as_ref().map(|config| config.object(name)).transpose()?.flatten();
    let of_service = of_service.as_ref().map(|config| config.nonempty("endpoint_url")).transpose()?.flatten();
    let written = of_service.or(extra.nonempty("endpoint_url")?).or(extra.nonempty("host")?);
    let is_ignored = env.is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    let from_env = || env.text(variable).or_else(|| env.text("AWS_ENDPOINT_URL")).filter(|_| !is_ignored);
    let Some(text) = written.or_else(from_env) else { return Ok(None) };
    let url = Url::parse(&text).ok().filter(|url| url.has_host() && url.username().is_empty());
    let url = url.ok_or_else(|| {
        Broken::new("its endpoint is not a URL", format!("write https://…, or {}", command(["unset", variable])))
    })?;
    if url.scheme() == "https" || is_loopback(&url) {
        return Ok(Some(url));
    }
    Err(Broken::new(
        "its endpoint is plain http: others on the network could read the connection",
        "write https:// for http://; plain http is allowed for this machine only",
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::backend::Backend;
    use super::*;

    #[test]
    fn the_endpoint_is_the_arguments_else_the_environments_and_never_plain_http_elsewhere() {
        let table = [
            (json!({"region_name": "eu-west-1"}), None, Ok(None)),
            (json!({"region_name": "eu-west-1"}), Some("http://127.0.0.1:1"), Ok(Some("http://127.0.0.1:1/"))),
            (
                json!({"region_name": "eu-west-1", "endpoint_url": "https://vpce.example"}),
                Some("http://127.0.0.1:1"),
                Ok(Some("https://vpce.example/")),
            ),
            (json!({"region_name": "eu-west-1", "endpoint_url": "http://localstack:4566"}), None, Err("plain http")),
            (json!({}), None, Err("no region")),
        ];
        for (kwargs, variable, expected) in table {
            let env = Env::fixed(variable.map(|url| ("AWS_ENDPOINT_URL_SECRETS_MANAGER", url)));
            let class = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend";
            let Ok(Backend::Remote(remote)) = Backend::new(class, kwargs.as_object().unwrap().clone()) else {
                panic!()
            };
            let client = BackendClient::of(&remote, &Policy::default(), Duration::from_secs(1), &env);
            match (client, expected) {
                (Ok(client), Ok(url)) => assert_eq!(client.target.endpoint(), url, "{kwargs}"),
                (Err(error), Err(why)) => assert!(error.causes[0].contains(why), "{error:?}"),
                (client, _) => panic!("{kwargs}: {client:?}"),
            }
        }
    }
}
