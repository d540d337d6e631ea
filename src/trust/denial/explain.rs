//! Explains a refusal to a user of this profile: the caller, the action, and the policy that refused it. The last
//! sentence is the next step.

use super::next_step;
use super::who::{Who, is_role};
use super::{Denial, Effect, Own, Policy};
use crate::account_id::AccountId;
use crate::arn::RoleArn;

/// Returns the refusal in sentences; the last one is the next step.
pub fn explain(denial: &Denial, own: Own<'_>) -> Vec<String> {
    let who = Who::of(denial.principal.as_deref());
    let asked = match (&denial.action, &denial.operation) {
        (Some(action), _) => action.clone(),
        (None, Some(operation)) => format!("the operation {operation}"),
        (None, None) => "something that the message does not name".to_owned(),
    };
    let on = denial.resource.as_deref().map(|resource| format!(" on {resource}")).unwrap_or_default();
    let (reason, step) = match denial.effect {
        Effect::Denied => (denied_by(denial, &who), next_step::against_deny(denial, &who, own)),
        Effect::NotAllowed | Effect::Either => {
            (not_allowed_by(denial, &who, own), next_step::to_allow(denial, &who, own))
        }
    };
    vec![whose(denial, &who, own), format!("it asked for {asked}{on}"), reason, step]
}

/// Whether the caller had the profile's own credentials.
fn whose(denial: &Denial, who: &Who<'_>, own: Own<'_>) -> String {
    let profile = own.profile;
    let Some(principal) = &denial.principal else {
        let role = own.role.map_or("any role", RoleArn::as_str);
        return format!("the message does not name the caller; the profile {profile:?} is for {role}");
    };
    let account = principal.split(':').nth(4).unwrap_or_default();
    let is = |role: &&RoleArn| is_role(who, account, role);
    if let Some(role) = own.role.filter(is) {
        let masked = if AccountId::parse(account).is_some() { "" } else { ", as far as the masked text shows" };
        return format!("{principal} asked: it is the role of the profile {profile:?} ({}){masked}", role.name);
    }
    if own.base.is_some_and(|base| is(&base)) {
        return format!("{principal} asked: it is the base role of the profile {profile:?}, which assumes its role");
    }
    match (who, own.role) {
        (Who::Masked, Some(role)) => format!(
            "{principal} asked: the name is masked, so whether it is the role of the profile {profile:?} ({}) cannot be seen",
            role.name
        ),
        (Who::Anonymous, _) => "the caller is anonymous: the request had no credentials".to_owned(),
        (Who::Role(name), Some(role)) if *name == role.name => format!(
            "{principal} asked: a role of the same name, but of account {account}; that of the profile {profile:?} is {role}"
        ),
        (_, Some(role)) => format!(
            "{principal} asked, which is not the role of the profile {profile:?} ({role}): other credentials were used; \
             see which with: aws sts get-caller-identity"
        ),
        (_, None) => format!("{principal} asked"),
    }
}

const LAKE_FORMATION: &str = "Lake Formation does not permit it, whatever IAM's policies say";
const ENCODED: &str = "the service says why only to those who may decode its message";

fn denied_by(denial: &Denial, who: &Who<'_>) -> String {
    let named = who.named();
    let policy = match denial.policy {
        Policy::Identity => format!("a policy of {named}"),
        Policy::Resource => "the resource's own policy".to_owned(),
        Policy::Session => "the session policy of this login".to_owned(),
        Policy::Boundary => format!("the permissions boundary of {named}"),
        Policy::ServiceControl => "a service control policy of the organization".to_owned(),
        Policy::ResourceControl => "a resource control policy of the organization".to_owned(),
        Policy::VpcEndpoint => "the policy of the VPC endpoint".to_owned(),
        Policy::Trust => "the role's trust policy".to_owned(),
        Policy::LakeFormation => return LAKE_FORMATION.to_owned(),
        Policy::Encoded => return ENCODED.to_owned(),
        Policy::Untold => {
            return "some policy denies it, and a Deny wins over every Allow; the service does not say which"
                .to_owned();
        }
    };
    let arn = denial.policy_arn.as_deref().map(|arn| format!(" ({arn})")).unwrap_or_default();
    format!("{policy}{arn} denies it, and a Deny wins over every Allow")
}

fn not_allowed_by(denial: &Denial, who: &Who<'_>, own: Own<'_>) -> String {
    let named = who.named();
    match denial.policy {
        Policy::Identity if matches!(who, Who::Nobody) => "no policy of the role allows it".to_owned(),
        Policy::Identity => format!("no policy of {named} allows it"),
        Policy::Resource if denial.effect == Effect::Either => {
            "the resource does not exist, or its own policy denies it or does not allow it: the service does not say which"
                .to_owned()
        }
        Policy::Resource if matches!(who, Who::Anonymous) => {
            "the resource's own policy does not allow it to everybody".to_owned()
        }
        Policy::Resource => {
            "the resource's own policy does not allow it: across accounts both sides have to".to_owned()
        }
        Policy::Session => "the session policy of this login does not allow it, whatever the role may do".to_owned(),
        Policy::Boundary => {
            format!("the permissions boundary of {named} does not allow it, whatever its policies say")
        }
        Policy::ServiceControl => "no service control policy of the organization allows it for the account".to_owned(),
        Policy::ResourceControl => "no resource control policy of the organization allows it on this resource".to_owned(),
        Policy::VpcEndpoint => "the policy of the VPC endpoint does not allow it".to_owned(),
        Policy::LakeFormation => LAKE_FORMATION.to_owned(),
        Policy::Encoded => ENCODED.to_owned(),
        Policy::Trust => {
            let role = next_step::trusting_role(denial, own);
            let named = if matches!(who, Who::Nobody) { "this identity" } else { &named };
            format!("the trust policy of {role} does not allow {named}, or the role does not exist: AWS does not say which")
        }
        Policy::Untold => match next_step::requested_role(denial) {
            Some(role) => format!(
                "either {} does not allow it, or the trust policy of {role} does not: the service does not say which",
                next_step::holder(who, own)
            ),
            None => "the service does not say which policy: one of the caller, of the resource or of the organization"
                .to_owned(),
        },
    }
}
