//! AWS Secrets Manager: GetSecretValue, and CreateSecret and PutSecretValue for `fedcred airflow put`.

use aws_sdk_secretsmanager::error::ProvideErrorMetadata;

use super::{client, failure, peer};
use crate::config::airflow::backend::Service;
use crate::config::airflow::backend_client::Target;
use crate::credentials::SigningKeys;
use crate::error::{Code, Error, Result, printable};
use crate::http::retry::Retries;
use crate::quote::shell::command;
use crate::secret::Secret;
use crate::time::Deadline;

pub(super) async fn read(
    target: &Target,
    keys: &SigningKeys,
    id: &str,
    peer: &str,
    deadline: &Deadline,
) -> Result<Option<Secret>> {
    let client = client!(aws_sdk_secretsmanager, target, keys, peer);
    Retries::of_aws(None, None)
        .ask(deadline, peer, async || match client.get_secret_value().secret_id(id).send().await {
            Ok(answer) => match (answer.secret_string, answer.secret_binary) {
                (Some(text), _) => Ok(Some(Secret::new(text))),
                (None, _) => Err(binary(id, peer)),
            },
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(failure::explain(&error, peer, id, "secretsmanager:GetSecretValue")),
        })
        .await
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
    let peer = peer(Service::SecretsManager, target);
    let client = client!(aws_sdk_secretsmanager, target, keys, &peer);
    Retries::of_aws(None, None)
        .ask(deadline, &peer, async || {
            let created = client
                .create_secret()
                .name(id)
                .description("An Apache Airflow connection")
                .secret_string(text.expose())
                .set_kms_key_id(kms_key.map(str::to_owned))
                .send()
                .await;
            match created {
                Ok(answer) => return Ok(Stored { arn: answer.arn.unwrap_or_default(), is_new: true }),
                Err(error) if error.code() == Some("ResourceExistsException") => (),
                Err(error) => return Err(failure::explain(&error, &peer, id, "secretsmanager:CreateSecret")),
            }
            let put = client.put_secret_value().secret_id(id).secret_string(text.expose()).send().await;
            let answer = put.map_err(|error| failure::explain(&error, &peer, id, "secretsmanager:PutSecretValue"))?;
            Ok(Stored { arn: answer.arn.unwrap_or_default(), is_new: false })
        })
        .await
}
