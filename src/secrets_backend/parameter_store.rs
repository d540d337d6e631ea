//! The SSM Parameter Store: GetParameter, decrypted.

use aws_sdk_ssm::error::ProvideErrorMetadata;

use super::{client, failure};
use crate::config::airflow::backend_client::Target;
use crate::credentials::SigningKeys;
use crate::error::Result;
use crate::http::retry::Retries;
use crate::secret::Secret;
use crate::time::Deadline;

pub(super) async fn read(
    target: &Target,
    keys: &SigningKeys,
    id: &str,
    peer: &str,
    deadline: &Deadline,
) -> Result<Option<Secret>> {
    let client = client!(aws_sdk_ssm, target, keys, peer);
    Retries::of_aws(None, None)
        .ask(deadline, peer, async || match client.get_parameter().name(id).with_decryption(true).send().await {
            Ok(answer) => Ok(answer.parameter.and_then(|parameter| parameter.value).map(Secret::new)),
            Err(error) if error.code() == Some("ParameterNotFound") => Ok(None),
            Err(error) => Err(failure::explain(&error, peer, id, "ssm:GetParameter")),
        })
        .await
}
