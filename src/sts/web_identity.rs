//! AssumeRoleWithWebIdentity: `role_arn`, `role_session_name`, `duration`, `policy` and `policy_arns` of a profile, and an
//! OIDC token.

use super::answer::{self, Clocks};
use super::failure::{self, Asked, Call};
use super::{Sts, policies, refuse_reserved, seconds};
use crate::arn::RoleArn;
use crate::config::profile::{Session, StsTarget};
use crate::credentials::Credentials;
use crate::error::Result;
use crate::secret::Secret;
use crate::time::{self, Deadline};

/// What is asked of STS.
#[derive(Clone, Copy, Debug)]
pub struct WebIdentityCall<'a> {
    /// MinIO can do without one.
    pub role_arn: Option<&'a RoleArn>,
    /// `[\w+=,.@-]{2,64}`
    pub role_session_name: &'a str,
    pub token: &'a Secret,
    /// What the token says of itself, for messages.
    pub issuer: &'a str,
    pub subject: &'a str,
    pub audiences: &'a [String],
    pub session: &'a Session,
}

/// Redeems the token for credentials of the role, within `deadline`. Needs a tokio runtime with time and I/O.
pub async fn assume_role_with_web_identity(
    target: &StsTarget,
    call: WebIdentityCall<'_>,
    deadline: &Deadline,
) -> Result<Credentials> {
    let unnamed = RoleArn::unnamed();
    let role = call.role_arn.unwrap_or(&unnamed);
    refuse_reserved(role)?;
    let sts = Sts::open(target, role, None).await?;
    let asked = Asked {
        peer: &sts.peer,
        region: &sts.region,
        home: sts.home,
        role,
        duration: call.session.duration,
        call: Call::WebIdentity { issuer: call.issuer, subject: call.subject, audiences: call.audiences },
        proof: call.token,
    };
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
            let clocks = Clocks { ours: time::now(), theirs: sts.carrier.date() };
            answer::credentials(answer.credentials, answer.assumed_role_user, role, clocks, &sts.peer)
        })
        .await
}
