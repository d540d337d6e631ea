//! Existing AWS credentials: `aws_profile` and `credential_source` of an `assume_role` table.
//!
//! Only the configured source is read. An AWS profile without credentials is an error; no metadata service is asked instead.

use std::error::Error as StdError;
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use crate::config::aws_files::AwsFiles;
use crate::credentials::SigningKeys;
use crate::error::{Code, Error, Result, printable};
use crate::http::sdk::Carrier;
use crate::http::tls::Trust;
use crate::process::env::Env;
use crate::process::recursion::{self, RecursionGuard, VARIABLE};
use crate::quote::shell::command;
use crate::secret::Secret;
use crate::time::{Deadline, Timestamp};

/// Limits for a metadata service, which is near or does not exist.
const CONNECT: Duration = Duration::from_secs(1);
const READ: Duration = Duration::from_secs(3);

/// Reads `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, for temporary credentials, `AWS_SESSION_TOKEN`.
pub fn of_environment(env: &Env) -> Result<SigningKeys> {
    let variable = |name: &str| {
        env.text(name).ok_or_else(|| {
            Error::new(Code::NoAwsCredentials, "there are no AWS credentials in the environment")
                .because(format!("${name} is not set"))
                .hint(format!("set {name}, or use another `credential_source`"))
        })
    };
    Ok(SigningKeys {
        access_key_id: variable("AWS_ACCESS_KEY_ID")?,
        secret_access_key: Secret::new(variable("AWS_SECRET_ACCESS_KEY")?),
        session_token: env.text("AWS_SESSION_TOKEN").map(Secret::new),
        // Some programs that set credentials set this as well.
        expiration: env.text("AWS_CREDENTIAL_EXPIRATION").and_then(|text| text.parse().ok()),
    })
}

/// Reads the credentials of an AWS profile, for the fedcred profile `caller`. Like the functions below, it needs a tokio runtime
/// with time and I/O.
pub async fn of_profile(name: &str, caller: &str, env: &Env, deadline: &Deadline) -> Result<SigningKeys> {
    recursion::check_depth()?;
    let provider = ProfileFileCredentialsProvider::builder()
        .configure(&configuration(env)?)
        .profile_files(guarded(&AwsFiles::read(env), &RecursionGuard::of(env).with(caller)))
        .profile_name(name)
        .build();
    let whose = format!("the AWS profile {name:?}");
    let hint = format!("test it: {}", command(["aws", "sts", "get-caller-identity", "--profile", name]));
    provide(provider, &whose, &hint, deadline).await
}

/// Reads the credentials of the EC2 instance's role, by version 2 of the instance metadata service (session tokens).
pub async fn of_instance(env: &Env, deadline: &Deadline) -> Result<SigningKeys> {
    let configuration = configuration(env)?;
    let client = imds::Client::builder()
        .configure(&configuration)
        .connect_timeout(CONNECT)
        .read_timeout(READ)
        .max_attempts(2)
        .build();
    let provider = ImdsCredentialsProvider::builder().configure(&configuration).imds_client(client).build();
    let hint = "attach a role to the instance; in a container on it, allow the metadata service a hop limit of 2";
    provide(provider, "the EC2 instance", hint, deadline).await
}

/// Reads the credentials of the ECS task's or EKS pod's role.
pub async fn of_container(env: &Env, deadline: &Deadline) -> Result<SigningKeys> {
    let provider = EcsCredentialsProvider::builder()
        .configure(&configuration(env)?)
        .connect_timeout(CONNECT)
        .read_timeout(READ)
        .build();
    let hint = "give the task or pod a role: AWS sets AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI then";
    provide(provider, "the container", hint, deadline).await
}

fn configuration(env: &Env) -> Result<ProviderConfig> {
    let ca_bundle = env.path("AWS_CA_BUNDLE");
    let trust = Trust { ca_bundle: ca_bundle.as_deref(), setting: "AWS_CA_BUNDLE", verify: true, client_cert: None };
    let carrier = Carrier::ambient("the source of the AWS credentials".into(), &trust, CONNECT * 2)?;
    // Set here, so that the SDK does not look for it, for example at a metadata service.
    let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| env.text(name));
    let region = region.unwrap_or_else(|| "us-east-1".to_owned());
    Ok(ProviderConfig::without_region()
        .with_region(Some(aws_sdk_sts::config::Region::new(region)))
        .with_http_client(carrier))
}

/// The user's AWS files, with the recursion guard in the environment of each `credential_process`.
fn guarded(files: &AwsFiles, waiting: &str) -> EnvConfigFiles {
    let mut over = String::new();
    for (profile, command) in files.processes() {
        let command = if cfg!(windows) {
            format!("set {VARIABLE}={waiting}&& {command}")
        } else {
            format!("export {VARIABLE}={waiting}&& {command}")
        };
        over.push_str(&format!("[profile {profile}]\ncredential_process = {command}\n"));
    }
    EnvConfigFiles::builder()
        .include_default_config_file(true)
        .include_default_credentials_file(true)
        .with_contents(EnvConfigFileKind::Config, over)
        .build()
}

async fn provide(
    provider: impl ProvideCredentials,
    whose: &str,
    hint: &str,
    deadline: &Deadline,
) -> Result<SigningKeys> {
    let given = tokio::time::timeout(deadline.remaining(), provider.provide_credentials())
        .await
        .map_err(|_| deadline.error(&format!("waiting for the AWS credentials of {whose}")))?;
    let given = given.map_err(|error| {
        if let Some(ours) = causes(&error).find_map(|cause| cause.downcast_ref::<Error>()) {
            return ours.clone().because(format!("{whose} was asked for AWS credentials")).hint(hint);
        }
        let why = causes(&error).last().map(ToString::to_string).unwrap_or_default();
        recursion::refusal_in(&why).unwrap_or_else(|| {
            Error::new(Code::NoAwsCredentials, format!("{whose} has no AWS credentials"))
                .because(printable(&why, 300))
                .hint(hint)
        })
    })?;
    Ok(SigningKeys {
        access_key_id: given.access_key_id().to_owned(),
        secret_access_key: Secret::new(given.secret_access_key().to_owned()),
        session_token: given.session_token().map(|token| Secret::new(token.to_owned())),
        expiration: given.expiry().and_then(|expiry| Timestamp::try_from(expiry).ok()),
    })
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}
