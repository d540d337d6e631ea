//! GetCallerIdentity, which every caller is allowed.

use super::Sts;
use super::failure::{self, Call};
use crate::arn::RoleArn;
use crate::config::profile::StsTarget;
use crate::credentials::SigningKeys;
use crate::error::{Code, Error, Result};
use crate::time::Deadline;

/// Returns the ARN of the user or session that holds `keys`. `role` says which partition's STS is called.
pub async fn arn(target: &StsTarget, role: &RoleArn, keys: &SigningKeys, deadline: &Deadline) -> Result<String> {
    let sts = Sts::open(target, role, Some(keys)).await?;
    let asked = sts.asked(role, Call::AssumeRole { access_key_id: &keys.access_key_id }, keys.most_secret());
    sts.retries()
        .ask(deadline, &sts.peer, async || {
            let answer =
                sts.client.get_caller_identity().send().await.map_err(|error| failure::explain(&error, &asked))?;
            answer.arn.ok_or_else(|| {
                Error::new(Code::StsBadAnswer, format!("{} does not tell the caller's identity", sts.peer))
            })
        })
        .await
}
