//! A refusal in sentences, for somebody with this profile; the last is the next step.

use super::line::is_masked;
use super::{Denial, Effect, Policy, compare, get_role};
use crate::arn::RoleArn;
use crate::quote::shell::{command, fedcred};

/// The profile that somebody asks about.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    pub profile: &'a str,
    pub role: Option<&'a RoleArn>,
    /// The role below it, whose credentials ask for the role.
    pub base: Option<&'a RoleArn>,
    pub region: Option<&'a str>,
}

/// Who was refused.
enum Who<'a> {
    /// The service does not name anybody.
    Nobody,
    Anonymous,
    /// A role, by a session of it.
    Role(&'a str),
    User(&'a str),
    FederatedUser(&'a str),
    Root,
    /// What has no name of IAM's.
    Other(&'a str),
}

impl<'a> Who<'a> {
    fn of(principal: Option<&'a str>) -> Who<'a> {
        let Some(arn) = principal else { return Who::Nobody };
        if arn == "anonymous" {
            return Who::Anonymous;
        }
        let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
        let last = resource.rsplit('/').next().unwrap_or_default();
        match resource.split_once('/') {
            Some(("assumed-role", rest)) => Who::Role(rest.split('/').next().unwrap_or(rest)),
            Some(("role", _)) => Who::Role(last),
            Some(("user", _)) => Who::User(last),
            Some(("federated-user", _)) => Who::FederatedUser(last),
            None if resource == "root" => Who::Root,
            Some(_) | None => Who::Other(arn),
        }
    }

    /// As it stands in a sentence: "the role Dev".
    fn named(&self) -> String {
        match self {
            Who::Nobody | Who::Anonymous => "whoever asked".to_owned(),
            Who::Role(name) => format!("the role {name}"),
            Who::User(name) => format!("the user {name}"),
            Who::FederatedUser(name) => format!("the federated user {name}"),
            Who::Root => "the account's root user".to_owned(),
            Who::Other(arn) => (*arn).to_owned(),
        }
    }
}

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
        Effect::Denied => denied(denial, &who),
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
    let is = |role: &&RoleArn| {
        matches!(who, Who::Role(name) if *name == role.name) && (account == role.account_id || !is_account(account))
    };
    if let Some(role) = own.role.filter(is) {
        let masked = if is_account(account) { "" } else { ", as far as the masked text shows" };
        return format!("{principal} asked: it is the role of the profile {profile:?} ({}){masked}", role.name);
    }
    if own.base.is_some_and(|base| is(&base)) {
        return format!("{principal} asked: it is the role below the profile {profile:?}, which asks for its role");
    }
    match (who, own.role) {
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
fn denied(denial: &Denial, who: &Who<'_>) -> (String, String) {
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
                Who::Nobody | Who::Anonymous | Who::FederatedUser(_) | Who::Root | Who::Other(_) => {
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
            "change the Deny in `policy` or in one of `policy_arns` of the profile".to_owned(),
        ),
        Policy::Boundary => (
            format!("the permissions boundary of {named}{found} denies it, {wins}"),
            match who {
                Who::User(name) => format!("see it with: {} --query User.PermissionsBoundary", iam("get-user", "--user-name", name)),
                Who::Role(name) => format!("see it with: {}", get_role(name, "Role.PermissionsBoundary")),
                Who::Nobody | Who::Anonymous | Who::FederatedUser(_) | Who::Root | Who::Other(_) => {
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
        Who::Anonymous | Who::FederatedUser(_) | Who::Root | Who::Other(_) => format!("a policy of {named}"),
    };
    let offer = statement(denial, own);
    let add = |first: &str| match &offer {
        Some(statement) => format!("{first} {holder}: {statement}"),
        None => format!("see in CloudTrail what was asked for, and add it to {holder}: aws cloudtrail lookup-events"),
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
        Policy::Resource => (
            "the resource's own policy does not allow it: across accounts both sides have to".to_owned(),
            format!("have the resource's owner add {named} to its policy (a bucket's, a key's, a secret's){}", bucket(denial)),
        ),
        Policy::Session => (
            "the session policy of this login does not allow it, whatever the role may do".to_owned(),
            format!("widen `policy` or `policy_arns`: {}", fedcred(&["config", "show"], own.profile, &[])),
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
            match &offer {
                Some(statement) => format!("look first whether {holder} has: {statement}"),
                None => add(""),
            },
        ),
    }
}

fn iam(operation: &str, option: &str, name: &str) -> String {
    command(["aws", "iam", operation, option, name])
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
        Who::Anonymous | Who::User(_) | Who::FederatedUser(_) | Who::Root | Who::Other(_) => None,
    }
}

/// How to see a bucket's policy, where it is one.
fn bucket(denial: &Denial) -> String {
    let name = denial.resource.as_deref().and_then(|arn| arn.split_once(":s3:::")).map(|(_, rest)| rest);
    let name = name.and_then(|rest| rest.split('/').next()).filter(|name| !name.is_empty() && !is_masked(name));
    name.map(|name| format!("; see it with: {}", command(["aws", "s3api", "get-bucket-policy", "--bucket", name])))
        .unwrap_or_default()
}

/// The statement that would allow it. `None` where the action is not known.
fn statement(denial: &Denial, own: Own<'_>) -> Option<String> {
    let action = denial.action.as_deref()?;
    let resource = as_resource(denial, action, own);
    Some(serde_json::json!({ "Effect": "Allow", "Action": action, "Resource": resource }).to_string())
}

/// The resource as IAM takes it in a policy: services may name it otherwise, and logs mask parts of it.
fn as_resource(denial: &Denial, action: &str, own: Own<'_>) -> String {
    let resource = denial.resource.as_deref().unwrap_or("*");
    if resource.starts_with("arn:") {
        let parts: Vec<&str> = resource.splitn(6, ':').collect();
        let part = |(at, part): (usize, &&str)| match at {
            3 | 4 if is_masked(part) => "*".to_owned(),
            _ => (*part).to_owned(),
        };
        return parts.iter().enumerate().map(part).collect::<Vec<_>>().join(":");
    }
    let of_principal = denial.principal.as_deref().and_then(|arn| arn.split(':').nth(4)).filter(|id| is_account(id));
    let account = of_principal.or(own.role.map(|role| role.account_id.as_str())).unwrap_or("*");
    let region = own.region.unwrap_or("*");
    let partition = own.role.map_or("aws", |role| role.partition.id());
    let is_name = resource != "*" && !resource.contains([' ', ':']);
    match action.split(':').next() {
        // A secret's ARN ends in a dash and six characters of AWS's own.
        Some("secretsmanager") if is_name => {
            let end = if resource.ends_with('*') { "" } else { "-??????" };
            format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{resource}{end}")
        }
        Some("ssm") if is_name => {
            format!("arn:{partition}:ssm:{region}:{account}:parameter/{}", resource.trim_start_matches('/'))
        }
        Some(_) | None => "*".to_owned(),
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}
