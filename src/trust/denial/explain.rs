//! A refusal in sentences, for somebody with this profile; the last is the next step.

use super::offer::{bucket, statement};
use super::who::{Who, is_own_session, is_role};
use super::{Denial, Effect, Own, Policy, compare, get_role};
use crate::account_id::AccountId;
use crate::arn::RoleArn;
use crate::quote::shell::{command, fedcred};

/// The refusal in sentences; the last is the next step.
pub fn explain(denial: &Denial, own: Own<'_>) -> Vec<String> {
    let who = Who::of(denial.principal.as_deref());
    let asked = match (&denial.action, &denial.operation) {
        (Some(action), _) => action.clone(),
        (None, Some(operation)) => format!("the operation {operation}"),
        (None, None) => "something that the message does not name".to_owned(),
    };
    let on = denial.resource.as_deref().map(|resource| format!(" on {resource}")).unwrap_or_default();
    let (lack, step) = match denial.effect {
        Effect::Denied => denied(denial, &who, own),
        Effect::NotAllowed | Effect::Either => not_allowed(denial, &who, own),
    };
    vec![whose(denial, &who, own), format!("it asked for {asked}{on}"), lack, step]
}

/// Whether it was the profile's own credentials that asked.
fn whose(denial: &Denial, who: &Who<'_>, own: Own<'_>) -> String {
    let profile = own.profile;
    let Some(principal) = &denial.principal else {
        let role = own.role.map_or("any role", RoleArn::as_str);
        return format!("whoever asked is not named; the profile {profile:?} asks for {role}");
    };
    let account = principal.split(':').nth(4).unwrap_or_default();
    let is = |role: &&RoleArn| is_role(who, account, role);
    if let Some(role) = own.role.filter(is) {
        let masked = if AccountId::parse(account).is_some() { "" } else { ", as far as the masked text shows" };
        return format!("{principal} asked: it is the role of the profile {profile:?} ({}){masked}", role.name);
    }
    if own.base.is_some_and(|base| is(&base)) {
        return format!("{principal} asked: it is the role below the profile {profile:?}, which asks for its role");
    }
    match (who, own.role) {
        (Who::Masked, Some(role)) => format!(
            "{principal} asked: the name is masked, so whether it is the role of the profile {profile:?} ({}) cannot be seen",
            role.name
        ),
        (Who::Anonymous, _) => "nobody asked: the request had no credentials with it".to_owned(),
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

/// A Deny wins over every Allow: it has to be found and changed.
fn denied(denial: &Denial, who: &Who<'_>, own: Own<'_>) -> (String, String) {
    let wins = "and a Deny wins over every Allow";
    let named = who.named();
    let found = denial.policy_arn.as_deref().map(|arn| format!(" ({arn})")).unwrap_or_default();
    let organization = "ask the organization's administrators to change the Deny: nobody in the account can lift it";
    match denial.policy {
        Policy::Identity => (
            format!("a policy of {named}{found} denies it, {wins}"),
            match who {
                Who::Role(name) => format!("find the Deny, by its conditions too, in: {}; {}", iam("list-attached-role-policies", "--role-name", name), iam("list-role-policies", "--role-name", name)),
                Who::User(name) => format!("find the Deny in the policies of the user and of its groups: {}; {}", iam("list-attached-user-policies", "--user-name", name), iam("list-groups-for-user", "--user-name", name)),
                Who::Nobody | Who::Anonymous | Who::FederatedUser(_) | Who::Root | Who::Masked | Who::Other(_) => {
                    format!("find the Deny in the policies of {named}")
                }
            },
        ),
        Policy::Resource => (
            format!("the resource's own policy{found} denies it, {wins}"),
            format!("have the resource's owner change the Deny in its policy (a bucket's, a key's, a secret's){}", bucket(denial)),
        ),
        Policy::Session => (
            format!("the session policy of this login{found} denies it, {wins}"),
            match is_own_session(denial, who, own) {
                true => "change the Deny in `policy` or in one of `policy_arns` of the profile".to_owned(),
                false => format!("find the Deny in the policy that was handed over when the session of {named} was made"),
            },
        ),
        Policy::Boundary => (
            format!("the permissions boundary of {named}{found} denies it, {wins}"),
            match who {
                Who::User(name) => format!("see it with: {} --query User.PermissionsBoundary", iam("get-user", "--user-name", name)),
                Who::Role(name) => format!("see it with: {}", get_role(name, "Role.PermissionsBoundary")),
                Who::Nobody | Who::Anonymous | Who::FederatedUser(_) | Who::Root | Who::Masked | Who::Other(_) => {
                    format!("look at the boundary of {named}")
                }
            },
        ),
        Policy::ServiceControl => {
            (format!("a service control policy of the organization{found} denies it, {wins}"), organization.to_owned())
        }
        Policy::ResourceControl => {
            (format!("a resource control policy of the organization{found} denies it, {wins}"), organization.to_owned())
        }
        Policy::VpcEndpoint => (
            format!("the policy of the VPC endpoint on the way{found} denies it, {wins}"),
            "see it with: aws ec2 describe-vpc-endpoints --query 'VpcEndpoints[].PolicyDocument'".to_owned(),
        ),
        Policy::LakeFormation => lake_formation(),
        Policy::Trust => (
            format!("the role's trust policy{found} denies it, {wins}"),
            "find the Deny in the role's trust policy: aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument"
                .to_owned(),
        ),
        Policy::Encoded => encoded(),
        Policy::Untold => (
            format!("some policy denies it, {wins}; the service does not say which"),
            format!("look for a Deny in the policies of {named}, in the resource's own, and in the organization's"),
        ),
    }
}

fn not_allowed(denial: &Denial, who: &Who<'_>, own: Own<'_>) -> (String, String) {
    let named = who.named();
    let holder = match who {
        Who::User(name) => format!("a policy of the user {name}, or of a group it is in"),
        Who::Nobody => format!("a policy of {}", own.role.map_or("ROLE", |role| role.name.as_str())),
        Who::Role(name) => format!("a policy of {name}"),
        Who::Anonymous | Who::FederatedUser(_) | Who::Root | Who::Masked | Who::Other(_) => {
            format!("a policy of {named}")
        }
    };
    let offer = statement(denial, own);
    let add = |first: &str| match (&offer, &denial.action) {
        (Some(statement), _) => format!("{first} {holder}: {statement}"),
        (None, Some(action)) => {
            format!("{first} {holder} an Allow of {action} for the resource, of which the line does not show all")
        }
        (None, None) if denial.is_of_another_s3 => {
            "look into that server's own log and policies: an S3 that is not AWS's writes its errors so".to_owned()
        }
        (None, None) => {
            format!("see in CloudTrail what was asked for, and add it to {holder}: aws cloudtrail lookup-events")
        }
    };
    match denial.policy {
        Policy::Identity => (
            match who {
                Who::Nobody => "no policy of the role allows it".to_owned(),
                _ => format!("no policy of {named} allows it"),
            },
            add("add to"),
        ),
        Policy::Resource if denial.effect == Effect::Either => (
            "the resource is not there, or its own policy denies it or does not allow it: the service does not say which".to_owned(),
            "look at the resource's policy first (a key's: aws kms get-key-policy --key-id KEY --policy-name default)".to_owned(),
        ),
        Policy::Resource if matches!(who, Who::Anonymous) => (
            "the resource's own policy does not allow it to everybody".to_owned(),
            "have the client send credentials: this request was not signed (--no-sign-request, an anonymous provider, or none found)"
                .to_owned(),
        ),
        Policy::Resource => (
            "the resource's own policy does not allow it: across accounts both sides have to".to_owned(),
            format!("have the resource's owner add {named} to its policy (a bucket's, a key's, a secret's){}", bucket(denial)),
        ),
        Policy::Session => (
            "the session policy of this login does not allow it, whatever the role may do".to_owned(),
            match is_own_session(denial, who, own) {
                true => format!("widen `policy` or `policy_arns`: {}", fedcred(&["config", "show"], own.profile, &[])),
                false => format!("widen the policy that was handed over when the session of {named} was made"),
            },
        ),
        Policy::Boundary => (
            format!("the permissions boundary of {named} does not allow it, whatever its policies say"),
            match who {
                Who::User(name) => format!("see it with: {} --query User.PermissionsBoundary", iam("get-user", "--user-name", name)),
                _ => format!("see it with: {}", get_role(name_of(who, own).unwrap_or("ROLE"), "Role.PermissionsBoundary")),
            },
        ),
        Policy::ServiceControl => (
            "no service control policy of the organization allows it for the account".to_owned(),
            "ask the organization's administrators: nobody in the account can allow it".to_owned(),
        ),
        Policy::ResourceControl => (
            "no resource control policy of the organization allows it on this resource".to_owned(),
            "ask the organization's administrators: nobody in the account can allow it".to_owned(),
        ),
        Policy::VpcEndpoint => (
            "the policy of the VPC endpoint on the way does not allow it".to_owned(),
            "see it with: aws ec2 describe-vpc-endpoints --query 'VpcEndpoints[].PolicyDocument'".to_owned(),
        ),
        Policy::LakeFormation => lake_formation(),
        Policy::Trust => {
            let role = asked_role(denial).or(own.role.map(|role| role.name.as_str())).unwrap_or("ROLE");
            (
                format!("the trust policy of {role} does not let {} in, or the role is not there: AWS says no more", match who {
                    Who::Nobody => "this identity".to_owned(),
                    _ => named,
                }),
                compare(role, own.profile),
            )
        }
        Policy::Encoded => encoded(),
        Policy::Untold if asked_role(denial).is_some() => {
            let role = asked_role(denial).unwrap_or("ROLE");
            (
                format!("either {holder} does not allow it, or the trust policy of {role} does not let it in: the service does not say which"),
                format!("{}; and look at the other side: {}", add("look first whether there is, in"), compare(role, own.profile)),
            )
        }
        Policy::Untold => (
            "the service does not say which policy: that of who asked, the resource's, or one of the organization's".to_owned(),
            match (&offer, &denial.action) {
                (Some(statement), _) => format!("look first whether {holder} has: {statement}"),
                (None, Some(_)) => add("look first whether there is, in"),
                (None, None) => add(""),
            },
        ),
    }
}

fn iam(operation: &str, option: &str, name: &str) -> String {
    command(["aws", "iam", operation, option, name])
}

fn lake_formation() -> (String, String) {
    (
        "Lake Formation does not permit it, whatever IAM's policies say".to_owned(),
        "have an administrator of the data lake grant it: aws lakeformation grant-permissions help".to_owned(),
    )
}

fn encoded() -> (String, String) {
    (
        "the service tells why only to those who may decode it".to_owned(),
        "aws sts decode-authorization-message --encoded-message MESSAGE".to_owned(),
    )
}

/// The role that was asked for, of an action that assumes one.
fn asked_role(denial: &Denial) -> Option<&str> {
    let action = denial.action.as_deref()?;
    let is_of_role =
        action.starts_with("sts:AssumeRole") || ["sts:TagSession", "sts:SetSourceIdentity"].contains(&action);
    let resource = denial.resource.as_deref().filter(|_| is_of_role)?;
    resource.contains(":role/").then(|| resource.rsplit('/').next()).flatten()
}

fn name_of<'a>(who: &Who<'a>, own: Own<'a>) -> Option<&'a str> {
    match who {
        Who::Role(name) => Some(name),
        Who::Nobody => own.role.map(|role| role.name.as_str()),
        Who::Anonymous | Who::User(_) | Who::FederatedUser(_) | Who::Root | Who::Masked | Who::Other(_) => None,
    }
}
