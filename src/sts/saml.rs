//! AssumeRoleWithSAML: `role_arn`, `principal_arn`, `duration`, `policy` and `policy_arns` of a profile, and an assertion.

use aws_sdk_sts::types::PolicyDescriptorType;

use super::answer::{self, Clocks};
use super::failure::{self, Asked};
use super::{Sts, patience};
use crate::arn::{ProviderArn, RoleArn};
use crate::config::profile::{Session, StsTarget};
use crate::credentials::Credentials;
use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::time::{self, Deadline};

/// What is asked of STS.
#[derive(Clone, Copy, Debug)]
pub struct SamlCall<'a> {
    pub role_arn: &'a RoleArn,
    pub principal_arn: &'a ProviderArn,
    /// The base64 text as the IdP sent it; carried unchanged.
    pub assertion: &'a Secret,
    pub session: &'a Session,
}

/// Redeems the assertion for credentials of the role, within `deadline`. Needs a tokio runtime with time and I/O.
pub async fn assume_role_with_saml(target: &StsTarget, call: SamlCall<'_>, deadline: &Deadline) -> Result<Credentials> {
    refuse_reserved(call.role_arn)?;
    let sts = Sts::open(target, call.role_arn).await?;
    let asked = Asked {
        peer: &sts.peer,
        region: &sts.region,
        role: call.role_arn,
        provider: call.principal_arn,
        duration: call.session.duration,
        proof: call.assertion,
    };
    patience::persist(deadline, &sts.peer, async || {
        let answer = request(&sts, call).send().await.map_err(|error| failure::explain(&error, &asked))?;
        let clocks = Clocks { ours: time::now(), theirs: sts.carrier.date() };
        answer::credentials(answer.credentials, answer.assumed_role_user, call.role_arn, clocks, &sts.peer)
    })
    .await
}

fn request(
    sts: &Sts,
    call: SamlCall<'_>,
) -> aws_sdk_sts::operation::assume_role_with_saml::builders::AssumeRoleWithSAMLFluentBuilder {
    let policies = call.session.policy_arns.iter().map(|arn| PolicyDescriptorType::builder().arn(arn).build());
    let policies: Vec<_> = policies.collect();
    sts.client
        .assume_role_with_saml()
        .role_arn(call.role_arn.as_str())
        .principal_arn(call.principal_arn.as_str())
        .saml_assertion(call.assertion.expose())
        .set_duration_seconds(call.session.duration.map(|d| i32::try_from(d.as_secs()).unwrap_or(i32::MAX)))
        .set_policy(call.session.policy.clone())
        .set_policy_arns((!policies.is_empty()).then_some(policies))
}

/// Roles of IAM Identity Center trust only its own SAML provider, and only through its portal.
fn refuse_reserved(role: &RoleArn) -> Result<()> {
    if !role.name.starts_with("AWSReservedSSO_") {
        return Ok(());
    }
    Err(Error::new(Code::RoleNotAssumable, format!("{role} cannot be assumed with an assertion"))
        .because("roles named AWSReservedSSO_… belong to IAM Identity Center and are handed out by its portal only")
        .hint("log in there: aws configure sso, then aws sso login"))
}
