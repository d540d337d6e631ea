//! The SSM Parameter Store: GetParameter, decrypted.

use serde::{Deserialize, Serialize};

use super::service::Service;
use crate::error::Result;
use crate::secret::Secret;
use crate::time::Deadline;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter<'a> {
    name: &'a str,
    with_decryption: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    parameter: Option<Parameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    value: Option<String>,
}

pub(super) async fn read(service: &Service<'_>, id: &str, deadline: &Deadline) -> Result<Option<Secret>> {
    let input = GetParameter { name: id, with_decryption: true };
    let output: Option<Output> = service.ask("GetParameter", id, &input, Some("ParameterNotFound"), deadline).await?;
    Ok(output.and_then(|output| output.parameter?.value).map(Secret::new))
}
