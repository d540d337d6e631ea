//! The next step after a refusal: where a Deny is found, or which Allow is missing.

use super::offer::{bucket, statement};
use super::who::{Who, is_own_session};
use super::{Denial, Effect, Own, Policy, compare, get_role};
use crate::quote::shell::{command, fedcred};

const VPC_ENDPOINTS: &str = "see it with: aws ec2 describe-vpc-endpoints --query 'VpcEndpoints[].PolicyDocument'";
const LAKE_FORMATION: &str =
    "have an administrator of the data lake grant it: aws lakeformation grant-permissions help";
const DECODE: &str = "aws sts decode-authorization-message --encoded-message MESSAGE";

/// Returns the step after a Deny, which wins over every Allow: it has to be found and changed.
pub fn against_deny(denial: &Denial, who: &Who<'_>, own: Own<'_>) -> String {
    let named = who.named();
    match denial.policy {
        Policy::Identity => match who {
            Who::Role(name) => format!(
                "find the Deny, which may have conditions, in: {}; {}",
                iam("list-attached-role-policies", "--role-name", name),
                iam("list-role-policies", "--role-name", name)
            ),
            Who::User(name) => format!(
                "find the Deny in the policies of the user and of its groups: {}; {}",
                iam("list-attached-user-policies", "--user-name", name),
                iam("list-groups-for-user", "--user-name", name)
            ),
            Who::Nobody | Who::Anonymous | Who::FederatedUser(_) | Who::Root | Who::Masked | Who::Other(_) => {
                format!("find the Deny in the policies of {named}")
            }
        },
        Policy::Resource => format!(
            "have the resource's owner change the Deny in its policy (a bucket's, a key's, a secret's){}",
            bucket(denial)
        ),
        Policy::Session if is_own_session(denial, who, own) => {
            "change the Deny in `policy` or in one of `policy_arns` of the profile".to_owned()
        }
        Policy::Session => format!("find the Deny in the policy that was passed when the session of {named} was created"),
        Policy::Boundary => boundary(who, None).unwrap_or_else(|| format!("look at the boundary of {named}")),
        Policy::ServiceControl | Policy::ResourceControl => {
            "ask the organization's administrators to change the Deny: nobody in the account can lift it".to_owned()
        }
        Policy::VpcEndpoint => VPC_ENDPOINTS.to_owned(),
        Policy::LakeFormation => LAKE_FORMATION.to_owned(),
        Policy::Encoded => DECODE.to_owned(),
        Policy::Trust => {
            "find the Deny in the role's trust policy: aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument"
                .to_owned()
        }
        Policy::Untold => {
            format!("look for a Deny in the policies of {named}, of the resource, and of the organization")
        }
    }
}

/// Returns the step that adds the missing Allow.
pub fn to_allow(denial: &Denial, who: &Who<'_>, own: Own<'_>) -> String {
    let named = who.named();
    match denial.policy {
        Policy::Identity => add(denial, who, own, "add to"),
        Policy::Resource if denial.effect == Effect::Either => {
            "look at the resource's policy first (a key's: aws kms get-key-policy --key-id KEY --policy-name default)".to_owned()
        }
        Policy::Resource if matches!(who, Who::Anonymous) => {
            "have the client send credentials: this request was not signed (--no-sign-request, an anonymous provider, or none found)"
                .to_owned()
        }
        Policy::Resource => format!(
            "have the resource's owner add {named} to its policy (a bucket's, a key's, a secret's){}",
            bucket(denial)
        ),
        Policy::Session if is_own_session(denial, who, own) => {
            format!("widen `policy` or `policy_arns`: {}", fedcred(&["config", "show"], own.profile, &[]))
        }
        Policy::Session => format!("widen the policy that was passed when the session of {named} was created"),
        Policy::Boundary => {
            let role = own.role.filter(|_| matches!(who, Who::Nobody)).map_or("ROLE", |role| &role.name);
            boundary(who, Some(role)).unwrap_or_default()
        }
        Policy::ServiceControl | Policy::ResourceControl => {
            "ask the organization's administrators: nobody in the account can allow it".to_owned()
        }
        Policy::VpcEndpoint => VPC_ENDPOINTS.to_owned(),
        Policy::LakeFormation => LAKE_FORMATION.to_owned(),
        Policy::Encoded => DECODE.to_owned(),
        Policy::Trust => compare(trusting_role(denial, own), own.profile),
        Policy::Untold => match (requested_role(denial), statement(denial, own)) {
            (Some(role), _) => format!(
                "{}; and look at the other side: {}",
                add(denial, who, own, "look first whether there is, in"),
                compare(role, own.profile)
            ),
            (None, Some(statement)) => format!("look first whether {} has: {statement}", holder(who, own)),
            (None, None) => add(denial, who, own, "look first whether there is, in"),
        },
    }
}

/// The suggestion for the policies of the caller, as far as the message says what is missing.
fn add(denial: &Denial, who: &Who<'_>, own: Own<'_>, first: &str) -> String {
    let holder = holder(who, own);
    match (statement(denial, own), &denial.action) {
        (Some(statement), _) => format!("{first} {holder}: {statement}"),
        (None, Some(action)) => {
            format!("{first} {holder} an Allow of {action} for the resource, of which the line does not show all")
        }
        (None, None) if denial.is_of_another_s3 => {
            "look into that server's own log and policies: an S3 that is not AWS's writes such errors".to_owned()
        }
        (None, None) => {
            format!("see in CloudTrail what was asked for, and add it to {holder}: aws cloudtrail lookup-events")
        }
    }
}

/// Whose policy may be given the missing Allow: "a policy of Dev".
pub fn holder(who: &Who<'_>, own: Own<'_>) -> String {
    match who {
        Who::User(name) => format!("a policy of the user {name}, or of a group it is in"),
        Who::Nobody => format!("a policy of {}", own.role.map_or("ROLE", |role| role.name.as_str())),
        Who::Role(name) => format!("a policy of {name}"),
        Who::Anonymous | Who::FederatedUser(_) | Who::Root | Who::Masked | Who::Other(_) => {
            format!("a policy of {}", who.named())
        }
    }
}

/// The command that shows the permissions boundary; `role` is used if the message names neither role nor user.
fn boundary(who: &Who<'_>, role: Option<&str>) -> Option<String> {
    let command = match who {
        Who::User(name) => format!("{} --query User.PermissionsBoundary", iam("get-user", "--user-name", name)),
        Who::Role(name) => get_role(name, "Role.PermissionsBoundary"),
        Who::Nobody | Who::Anonymous | Who::FederatedUser(_) | Who::Root | Who::Masked | Who::Other(_) => {
            get_role(role?, "Role.PermissionsBoundary")
        }
    };
    Some(format!("see it with: {command}"))
}

fn iam(operation: &str, option: &str, name: &str) -> String {
    command(["aws", "iam", operation, option, name])
}

/// The role whose trust policy stood in the way: the requested one, or the profile's.
pub fn trusting_role<'a>(denial: &'a Denial, own: Own<'a>) -> &'a str {
    requested_role(denial).or(own.role.map(|role| role.name.as_str())).unwrap_or("ROLE")
}

/// The role that was to be assumed, if the action is one that assumes a role.
pub fn requested_role(denial: &Denial) -> Option<&str> {
    let action = denial.action.as_deref()?;
    let is_of_role =
        action.starts_with("sts:AssumeRole") || ["sts:TagSession", "sts:SetSourceIdentity"].contains(&action);
    let resource = denial.resource.as_deref().filter(|_| is_of_role)?;
    resource.contains(":role/").then(|| resource.rsplit('/').next()).flatten()
}
