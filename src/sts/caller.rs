//! GetCallerIdentity: whose AWS credentials are these? Everybody may ask it of their own.

use super::Sts;
use super::failure::{self, Asked, Call};
use crate::arn::RoleArn;
use crate::config::profile::StsTarget;
use crate::credentials::SigningKeys;
use crate::error::{Code, Error, Result};
use crate::time::Deadline;

/// The ARN of the user or the role's session that holds `keys`. `role`: which partition's STS is asked.
pub async fn arn(target: &StsTarget, role: &RoleArn, keys: &SigningKeys, deadline: &Deadline) -> Result<String> {
    let sts = Sts::open(target, role, Some(keys)).await?;
    let asked = Asked {
        peer: &sts.peer,
        region: &sts.region,
        home: sts.home,
        role,
        duration: None,
        call: Call::AssumeRole { access_key_id: &keys.access_key_id },
        proof: keys.session_token.as_ref().unwrap_or(&keys.secret_access_key),
    };
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
