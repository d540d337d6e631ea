//! The places in AWS that hold Airflow's connections: AWS Secrets Manager and the SSM Parameter Store.
//!
//! They are called with the given keys and nothing else: no profile file, environment or metadata service is read.

mod failure;
mod service;
mod store;

use serde_json::{Map, Value, json};

use self::service::{Call, Service};
pub use self::store::{NewSecret, Stored, store};
use crate::config::airflow::backend;
use crate::config::airflow::backend_client::Target;
use crate::credentials::SigningKeys;
use crate::error::{Code, Error, Result, printable};
use crate::quote::shell::command;
use crate::secret::Secret;
use crate::time::Deadline;

/// Reads the secret or parameter `id`. Returns `None` if there is none of this name. Needs a tokio runtime with time and I/O.
pub async fn read(
    kind: backend::Service,
    target: &Target,
    keys: &SigningKeys,
    id: &str,
    deadline: &Deadline,
) -> Result<Option<Secret>> {
    let service = Service::new(kind, target, keys)?;
    let (action, expected, input, place) = match kind {
        backend::Service::SecretsManager => {
            ("GetSecretValue", "ResourceNotFoundException", json!({ "SecretId": id }), "/SecretString")
        }
        backend::Service::ParameterStore => {
            ("GetParameter", "ParameterNotFound", json!({ "Name": id, "WithDecryption": true }), "/Parameter/Value")
        }
    };
    let call = Call { action, id, expected: Some(expected) };
    let output: Option<Map<String, Value>> = service.ask(call, &input, deadline).await?;
    let Some(mut output) = output.map(Value::Object) else { return Ok(None) };
    match (output.pointer_mut(place).map(Value::take), kind) {
        (Some(Value::String(text)), _) => Ok(Some(Secret::new(text))),
        (_, backend::Service::SecretsManager) => Err(binary(id, &service.peer)),
        (_, backend::Service::ParameterStore) => Ok(None),
    }
}

fn binary(id: &str, peer: &str) -> Error {
    let id = printable(id, 200);
    let words =
        ["aws", "secretsmanager", "put-secret-value", "--secret-id", &id, "--secret-string", "file://connection.json"];
    Error::new(Code::SecretBinary, format!("the secret {id:?} in {peer} is binary, and not a connection"))
        .because("Airflow reads only SecretString, and ignores a binary secret without a message")
        .hint(format!("store it as text: {}", command(words)))
}
