//! AssumeRoleWithWebIdentity, with `role_arn`, `role_session_name`, `duration`, `policy` and `policy_arns` of a profile.

use super::failure::{self, Asked, Call};
use super::{Sts, policies, refuse_reserved, seconds};
use crate::arn::RoleArn;
use crate::config::profile::{Session, StsTarget};
use crate::credentials::Credentials;
use crate::error::Result;
use crate::secret::Secret;
use crate::time::Deadline;

/// The parameters of the call.
#[derive(Clone, Copy, Debug)]
pub struct WebIdentityCall<'a> {
    /// Absent: only MinIO's STS accepts a call without a role.
    pub role_arn: Option<&'a RoleArn>,
    /// `[\w+=,.@-]{2,64}`
    pub role_session_name: &'a str,
    pub token: &'a Secret,
    /// Claims of the token, for errors.
    pub issuer: &'a str,
    pub subject: &'a str,
    pub audiences: &'a [String],
    pub session: &'a Session,
}

/// Exchanges the token for credentials of the role, within `deadline`. Needs a tokio runtime with time and I/O.
pub async fn assume_role_with_web_identity(
    target: &StsTarget,
    call: WebIdentityCall<'_>,
    deadline: &Deadline,
) -> Result<Credentials> {
    let unnamed = RoleArn::unnamed();
    let role = call.role_arn.unwrap_or(&unnamed);
    refuse_reserved(role)?;
    let sts = Sts::open(target, role, None).await?;
    let claims = Call::WebIdentity { issuer: call.issuer, subject: call.subject, audiences: call.audiences };
    let asked = Asked { duration: call.session.duration, ..sts.asked(role, claims, call.token) };
    sts.retries()
        .ask(deadline, &sts.peer, async || {
            let request = sts
                .client
                .assume_role_with_web_identity()
                .set_role_arn(call.role_arn.map(|role| role.as_str().to_owned()))
                .role_session_name(call.role_session_name)
                .web_identity_token(call.token.expose())
                .set_duration_seconds(seconds(call.session.duration))
                .set_policy(call.session.policy.clone())
                .set_policy_arns(policies(call.session));
            let answer = request.send().await.map_err(|error| failure::explain(&error, &asked))?;
            sts.take(answer.credentials, answer.assumed_role_user, role)
        })
        .await
}
