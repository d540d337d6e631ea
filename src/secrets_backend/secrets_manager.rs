//! AWS Secrets Manager: GetSecretValue, and CreateSecret and PutSecretValue for `fedcred airflow put`.

use serde::{Deserialize, Serialize};

use super::service::Service;
use crate::config::airflow::backend;
use crate::config::airflow::backend_client::Target;
use crate::credentials::SigningKeys;
use crate::error::{Code, Error, Result, printable};
use crate::hex;
use crate::quote::shell::command;
use crate::random;
use crate::secret::Secret;
use crate::time::Deadline;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue<'a> {
    secret_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretValue {
    secret_string: Option<String>,
}

pub(super) async fn read(service: &Service<'_>, id: &str, deadline: &Deadline) -> Result<Option<Secret>> {
    let input = GetSecretValue { secret_id: id };
    match service.ask("GetSecretValue", id, &input, Some("ResourceNotFoundException"), deadline).await? {
        Some(SecretValue { secret_string: Some(text) }) => Ok(Some(Secret::new(text))),
        Some(SecretValue { secret_string: None }) => Err(binary(id, &service.peer)),
        None => Ok(None),
    }
}

fn binary(id: &str, peer: &str) -> Error {
    let id = printable(id, 200);
    Error::new(Code::SecretBinary, format!("the secret {id:?} in {peer} is binary, and no connection"))
        .because("Airflow reads SecretString alone, and passes a binary secret over without a word")
        .hint(format!(
            "store it as text: {}",
            command([
                "aws",
                "secretsmanager",
                "put-secret-value",
                "--secret-id",
                &id,
                "--secret-string",
                "file://connection.json"
            ])
        ))
}

/// What became of a secret that was stored.
#[derive(Debug)]
pub struct Stored {
    pub arn: String,
    /// It was not there before.
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

/// Stores `text` as the secret `id`: a new one, encrypted under `kms_key` if one is named, or a new version of the one that is
/// there. Needs a tokio runtime with time and I/O.
pub async fn store(
    target: &Target,
    keys: &SigningKeys,
    id: &str,
    text: &Secret,
    kms_key: Option<&str>,
    deadline: &Deadline,
) -> Result<Stored> {
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
    let created: Option<Output> =
        service.ask("CreateSecret", id, &create, Some("ResourceExistsException"), deadline).await?;
    if let Some(Output { arn }) = created {
        return Ok(Stored { arn, is_new: true });
    }
    let put = PutSecretValue { secret_id: id, client_request_token: &token, secret_string: text.expose() };
    let Output { arn } =
        service.ask("PutSecretValue", id, &put, None, deadline).await?.unwrap_or(Output { arn: String::new() });
    Ok(Stored { arn, is_new: false })
}
