//! The base credentials of a connection: its own keys, or those that botocore's default chain finds. Nothing is
//! requested.
//!
//! The order is botocore's: environment, a profile that assumes a role, a web identity, SSO, the credentials file, a
//! command, the configuration file, the container, the instance. Only for the last two it stays unknown whether they
//! have credentials.

use super::aws_profiles::AwsProfiles;
use super::broken::Broken;
use super::sts_params::{Action, SessionParams};
use crate::config::profile::{self, Profile};
use crate::process::env::Env;
use crate::secret::Secret;

/// The credentials that sign the STS call, or that are the result if there is no call.
#[derive(Debug)]
pub enum Base {
    Keys(Keys),
    Chain(Chain),
    /// `federation.profile`: a profile of fedcred, as the session factory for Airflow in packaging/python reads it.
    Federation {
        profile: String,
        /// The profile, once it was found in the configuration.
        found: Option<Box<Profile>>,
    },
    /// No signature: an assertion or a token proves the identity.
    Unused,
}

/// A key pair in the connection.
#[derive(Debug)]
pub struct Keys {
    /// The fields that have it: `login and password`.
    pub from: &'static str,
    pub access_key_id: String,
    pub secret_access_key: Secret,
    pub session_token: Option<Secret>,
}

/// The default chain.
#[derive(Debug)]
pub struct Chain {
    /// `profile_name`. With it the keys of the environment are ignored.
    pub profile_name: Option<String>,
    pub source: Source,
}

/// The source of credentials in the chain.
#[derive(Debug)]
pub enum Source {
    Environment,
    /// A call before the connection's own.
    Role(Box<Hop>),
    Sso {
        profile: String,
    },
    /// Keys in one of AWS's files.
    ProfileKeys {
        profile: String,
    },
    CredentialProcess {
        profile: String,
    },
    /// A container's endpoint.
    Container,
    /// The instance's metadata service, if there is one.
    Instance,
}

impl Source {
    /// Returns the base that fedcred uses for the source, or the call of the environment, which needs a profile of its own.
    pub fn into_base(self) -> Result<profile::Base, Box<Hop>> {
        Ok(match self {
            Source::Environment => profile::Base::Environment,
            Source::Sso { profile } | Source::ProfileKeys { profile } | Source::CredentialProcess { profile } => {
                profile::Base::AwsProfile(profile)
            }
            Source::Role(hop) => profile::Base::AwsProfile(hop.profile.clone().ok_or(hop)?),
            Source::Container => profile::Base::Container,
            Source::Instance => profile::Base::Instance,
        })
    }
}

/// A call that the chain makes.
#[derive(Debug)]
pub struct Hop {
    pub action: Action,
    pub role_arn: String,
    pub params: SessionParams,
    /// The AWS profile that makes the call. Absent: the environment.
    pub profile: Option<String>,
}

impl Chain {
    /// Finds the source. `profile` is the connection's own; `in_force` is that, the environment's, or `default`.
    pub fn follow(profile: Option<String>, in_force: &str, files: &AwsProfiles, env: &Env) -> Result<Self, Broken> {
        let source = source(profile.is_some(), in_force, files, env)?;
        Ok(Chain { profile_name: profile, source })
    }
}

fn source(is_explicit: bool, profile: &str, files: &AwsProfiles, env: &Env) -> Result<Source, Broken> {
    let get = |key: &str| files.get(profile, key);
    if !is_explicit && env.text("AWS_ACCESS_KEY_ID").is_some() {
        return match env.text("AWS_SECRET_ACCESS_KEY") {
            Some(_) => Ok(Source::Environment),
            None => Err(Broken::new(
                "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not",
                "set both, or unset AWS_ACCESS_KEY_ID",
            )),
        };
    }
    if let Some(role_arn) = get("role_arn").filter(|_| get("web_identity_token_file").is_none()) {
        return Ok(Source::Role(Box::new(assumed(role_arn, profile, files)?)));
    }
    // From the environment, else from the profile; from the profile alone if the connection names it.
    let either = |variable: &str, key: &str| {
        let from_env = (!is_explicit).then(|| env.text(variable)).flatten();
        from_env.or_else(|| get(key).map(str::to_owned))
    };
    if either("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file").is_some() {
        let role_arn = either("AWS_ROLE_ARN", "role_arn").ok_or_else(|| {
            Broken::new(
                "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not",
                "set AWS_ROLE_ARN to the role of the token",
            )
        })?;
        let role_session_name = either("AWS_ROLE_SESSION_NAME", "role_session_name");
        let params = SessionParams { role_session_name, ..SessionParams::default() };
        let action = Action::AssumeRoleWithWebIdentity;
        return Ok(Source::Role(Box::new(Hop {
            action,
            role_arn,
            params,
            profile: is_explicit.then(|| profile.to_owned()),
        })));
    }
    let profile = profile.to_owned();
    if get("sso_session").or(get("sso_start_url")).is_some() {
        return Ok(Source::Sso { profile });
    }
    let has_keys = get("aws_access_key_id").is_some();
    if has_keys {
        return Ok(Source::ProfileKeys { profile });
    }
    if get("credential_process").is_some() {
        return Ok(Source::CredentialProcess { profile });
    }
    let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
    if container.iter().any(|name| env.os(name).is_some()) {
        return Ok(Source::Container);
    }
    Ok(Source::Instance)
}

fn assumed(role_arn: &str, profile: &str, files: &AwsProfiles) -> Result<Hop, Broken> {
    let get = |key: &str| files.get(profile, key);
    let text = |key: &str| get(key).map(str::to_owned);
    match (get("source_profile"), get("credential_source")) {
        (Some(_), Some(_)) | (None, None) => Err(Broken::new(
            format!(
                "the AWS profile {profile:?} has a role_arn, and not exactly one of source_profile and credential_source"
            ),
            "set one of the two in ~/.aws/config",
        )),
        (Some(source), None) if !files.has(source) => Err(Broken::new(
            format!("the AWS profile {profile:?} names {source:?} as its source_profile, which does not exist"),
            "correct source_profile in ~/.aws/config",
        )),
        _ => Ok(Hop {
            action: Action::AssumeRole,
            role_arn: role_arn.to_owned(),
            params: SessionParams {
                role_session_name: text("role_session_name"),
                external_id: text("external_id"),
                serial_number: text("mfa_serial"),
                duration_seconds: get("duration_seconds").and_then(|seconds| seconds.parse().ok()),
                ..SessionParams::default()
            },
            profile: Some(profile.to_owned()),
        }),
    }
}
