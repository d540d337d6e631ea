//! Stores a connection in AWS Secrets Manager, for `fedcred airflow put`: CreateSecret, or PutSecretValue for a secret that
//! exists.

use serde::{Deserialize, Serialize};

use super::service::{Call, Service};
use crate::config::airflow::backend;
use crate::config::airflow::backend_client::Target;
use crate::credentials::SigningKeys;
use crate::error::{Code, Error, Result};
use crate::hex;
use crate::random;
use crate::secret::Secret;
use crate::time::Deadline;

/// A secret to be stored, under the id `id`.
#[derive(Clone, Copy, Debug)]
pub struct NewSecret<'a> {
    pub id: &'a str,
    pub text: &'a Secret,
    /// The KMS key that encrypts a secret that does not exist yet.
    pub kms_key: Option<&'a str>,
}

/// A secret that was stored.
#[derive(Debug)]
pub struct Stored {
    pub arn: String,
    /// Whether it did not exist before.
    pub is_new: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CreateSecret<'a> {
    name: &'a str,
    client_request_token: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<&'a str>,
    secret_string: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutSecretValue<'a> {
    secret_id: &'a str,
    client_request_token: &'a str,
    secret_string: &'a str,
}

#[derive(Deserialize)]
struct Output {
    #[serde(rename = "ARN", default)]
    arn: String,
}

/// Stores a new secret, or a new version of one that exists. Needs a tokio runtime with time and I/O.
pub async fn store(target: &Target, keys: &SigningKeys, secret: NewSecret<'_>, deadline: &Deadline) -> Result<Stored> {
    let NewSecret { id, text, kms_key } = secret;
    let service = Service::new(backend::Service::SecretsManager, target, keys)?;
    // Names the new version, so that a repeated request makes no second one; 32 to 64 characters.
    let random: [u8; 16] = random::bytes()
        .map_err(|why| Error::new(Code::Bug, "the system has no random numbers").because(why.to_string()))?;
    let token = hex::encode(&random);
    let create = CreateSecret {
        name: id,
        client_request_token: &token,
        description: "An Apache Airflow connection",
        kms_key_id: kms_key,
        secret_string: text.expose(),
    };
    let call = Call { action: "CreateSecret", id, expected: Some("ResourceExistsException") };
    let created: Option<Output> = service.ask(call, &create, deadline).await?;
    if let Some(Output { arn }) = created {
        return Ok(Stored { arn, is_new: true });
    }
    let put = PutSecretValue { secret_id: id, client_request_token: &token, secret_string: text.expose() };
    let call = Call { action: "PutSecretValue", id, expected: None };
    let Output { arn } = service.ask(call, &put, deadline).await?.unwrap_or(Output { arn: String::new() });
    Ok(Stored { arn, is_new: false })
}
