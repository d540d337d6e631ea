//! The places in AWS where Airflow's connections are kept: one secret read, or one written.
//!
//! They are asked with the keys that are given and nothing else: no profile file, no ambient key and no metadata service is
//! looked at.

mod failure;
mod parameter_store;
pub mod secrets_manager;
mod service;

use self::service::Service;
use crate::config::airflow::backend;
use crate::config::airflow::backend_client::Target;
use crate::credentials::SigningKeys;
use crate::error::Result;
use crate::secret::Secret;
use crate::time::Deadline;

/// The text of the secret or parameter `id`; `None`: there is none of this name. Needs a tokio runtime with time and I/O.
pub async fn read(
    kind: backend::Service,
    target: &Target,
    keys: &SigningKeys,
    id: &str,
    deadline: &Deadline,
) -> Result<Option<Secret>> {
    let service = Service::new(kind, target, keys)?;
    match kind {
        backend::Service::SecretsManager => secrets_manager::read(&service, id, deadline).await,
        backend::Service::ParameterStore => parameter_store::read(&service, id, deadline).await,
    }
}
