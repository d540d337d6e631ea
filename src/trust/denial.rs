//! What an AccessDenied of any AWS service says: who asked, for what, and which policy stood in the way (IAM User Guide,
//! "Troubleshoot access denied error messages").

use super::request::{Request, shown};
use crate::arn::RoleArn;
use crate::error::{Code, Error, printable};
use crate::quote::shell::{command, fedcred};

/// A refusal, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// ARN as the service wrote it; absent where it names nobody, as for a federated call.
    pub principal: Option<String>,
    /// `s3:GetObject`
    pub action: Option<String>,
    pub resource: Option<String>,
    pub reason: Reason,
}

/// Which policy it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    IdentityPolicy,
    ResourcePolicy,
    SessionPolicy,
    Boundary,
    ServiceControlPolicy,
    ResourceControlPolicy,
    VpcEndpointPolicy,
    /// The role's trust policy, or the caller's own where there is one.
    Trust,
    /// The service does not say.
    Untold,
    /// Encoded, for those who may decode it.
    Encoded,
}

impl Reason {
    /// The stable name in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Reason::IdentityPolicy => "identity-policy",
            Reason::ResourcePolicy => "resource-policy",
            Reason::SessionPolicy => "session-policy",
            Reason::Boundary => "permissions-boundary",
            Reason::ServiceControlPolicy => "service-control-policy",
            Reason::ResourceControlPolicy => "resource-control-policy",
            Reason::VpcEndpointPolicy => "vpc-endpoint-policy",
            Reason::Trust => "trust-policy",
            Reason::Untold => "untold",
            Reason::Encoded => "encoded",
        }
    }
}

/// How a refusal looks in a service's answer or a program's log. `None`: this is none.
pub fn read(text: &str) -> Option<Denial> {
    let text = printable(text, 4000);
    let lower = text.to_ascii_lowercase();
    let is_denial =
        ["not authorized to perform", "accessdenied", "access denied", "unauthorizedoperation", "explicit deny"];
    if !is_denial.iter().any(|words| lower.contains(words)) {
        return None;
    }
    let after = |words: &str| {
        let at = lower.find(words)? + words.len();
        let word = text.get(at..)?.split_whitespace().next()?;
        let word = word.trim_matches(|c: char| matches!(c, '"' | '\'' | ',' | ';' | ')' | '(' | '.'));
        Some(word.to_owned()).filter(|word| !word.is_empty())
    };
    let principal = after("user: ").filter(|arn| arn.starts_with("arn:"));
    let action =
        after("authorized to perform: ").or_else(|| after("authorized to perform ")).filter(|a| a.contains(':'));
    let resource =
        after("on resource: ").or_else(|| after("on the resource ")).filter(|resource| resource != "because");
    let reason = reason(&lower, action.as_deref(), principal.is_some());
    Some(Denial { principal, action, resource, reason })
}

fn reason(lower: &str, action: Option<&str>, has_principal: bool) -> Reason {
    let table = [
        ("encoded authorization failure message", Reason::Encoded),
        ("service control policy", Reason::ServiceControlPolicy),
        ("resource control policy", Reason::ResourceControlPolicy),
        ("permissions boundary", Reason::Boundary),
        ("session policy", Reason::SessionPolicy),
        ("vpc endpoint policy", Reason::VpcEndpointPolicy),
        ("resource-based policy", Reason::ResourcePolicy),
        ("identity-based policy", Reason::IdentityPolicy),
        ("role trust policy", Reason::Trust),
    ];
    let told = table.iter().find(|(words, _)| lower.contains(words)).map(|(_, reason)| *reason);
    let is_federated = action.is_some_and(|action| action.starts_with("sts:AssumeRoleWith"));
    told.unwrap_or(if is_federated || (!has_principal && action.is_some_and(|a| a.starts_with("sts:"))) {
        Reason::Trust
    } else {
        Reason::Untold
    })
}

/// The refusal in sentences, for somebody with this role; the last is the next step.
pub fn explain(denial: &Denial, profile: &str, role: Option<&RoleArn>) -> Vec<String> {
    let mut said = vec![who(denial, profile, role)];
    let action = denial.action.as_deref().unwrap_or("the action");
    let on = denial.resource.as_deref().map(|resource| format!(" on {resource}")).unwrap_or_default();
    said.push(format!("it asked for {action}{on}"));
    let name =
        denial.principal.as_deref().and_then(role_name).or(role.map(|role| role.name.as_str())).unwrap_or("ROLE");
    let statement = || {
        let resource = denial.resource.as_deref().unwrap_or("RESOURCE");
        format!("{{\"Effect\": \"Allow\", \"Action\": \"{action}\", \"Resource\": \"{resource}\"}}")
    };
    let (lack, step) = match denial.reason {
        Reason::IdentityPolicy => {
            ("no policy of the role allows it".to_owned(), format!("add to a policy of {name}: {}", statement()))
        }
        Reason::ResourcePolicy => (
            "the resource's own policy does not allow it: across accounts both sides have to".to_owned(),
            "have the resource's owner add the role to its policy (a bucket's, a key's, a secret's)".to_owned(),
        ),
        Reason::SessionPolicy => (
            "the session policy of this login does not allow it, whatever the role may do".to_owned(),
            format!("widen `policy` or `policy_arns`: {}", fedcred(&["config", "show"], profile, &[])),
        ),
        Reason::Boundary => (
            "the role's permissions boundary does not allow it, whatever its policies say".to_owned(),
            format!("see it with: {}", get_role(name, "Role.PermissionsBoundary")),
        ),
        Reason::ServiceControlPolicy => (
            "a service control policy of the organization forbids it for the whole account".to_owned(),
            "ask the organization's administrators: nobody in the account can allow it".to_owned(),
        ),
        Reason::ResourceControlPolicy => (
            "a resource control policy of the organization forbids it on this resource".to_owned(),
            "ask the organization's administrators: nobody in the account can allow it".to_owned(),
        ),
        Reason::VpcEndpointPolicy => (
            "the policy of the VPC endpoint on the way forbids it".to_owned(),
            "see it with: aws ec2 describe-vpc-endpoints --query 'VpcEndpoints[].PolicyDocument'".to_owned(),
        ),
        Reason::Trust => (
            "the role's trust policy does not let this identity in, or the role is not there: AWS says no more"
                .to_owned(),
            compare(name, profile),
        ),
        Reason::Encoded => (
            "the service tells why only to those who may decode it".to_owned(),
            "aws sts decode-authorization-message --encoded-message MESSAGE".to_owned(),
        ),
        Reason::Untold => (
            "the service does not say which policy: the role's own, the resource's, or one of the organization's"
                .to_owned(),
            format!("look first whether a policy of {name} has: {}", statement()),
        ),
    };
    said.push(lack);
    said.push(step);
    said
}

/// STS's AccessDenied, with what the identity has for a trust policy to look at, and how to compare the two.
pub fn enrich(error: Error, request: &Request, profile: &str, role: &RoleArn) -> Error {
    if error.code != Code::StsAccessDenied {
        return error;
    }
    let keys: Vec<String> = request.context.all().map(|(key, values)| format!("{key} is {}", shown(values))).collect();
    let offered = format!("{} has for its trust policy: {}", request.proof, keys.join(", "));
    let needed = format!("the policy has to allow {} to {}", request.actions.join(" and "), request.principal.id());
    let step = compare(&role.name, profile);
    // What STS's message means; how to look is told better here.
    let meaning = error.hint.clone().and_then(|hint| hint.split("; see").next().map(str::to_owned));
    let error = meaning.into_iter().chain([needed, printable(&offered, 900)]).fold(error, Error::because);
    error.hint(step)
}

fn get_role(name: &str, query: &str) -> String {
    command(["aws", "iam", "get-role", "--role-name", name, "--query", query])
}

/// The command that shows where the role's trust policy keeps the profile out.
fn compare(role: &str, profile: &str) -> String {
    let policy = get_role(role, "Role.AssumeRolePolicyDocument");
    format!("{policy} | {}", fedcred(&["trust-policy"], profile, &["--check", "-"]))
}

fn who(denial: &Denial, profile: &str, role: Option<&RoleArn>) -> String {
    let Some(principal) = &denial.principal else {
        return format!(
            "whoever asked is not named; the profile {profile:?} asks for {}",
            role.map_or("any role", RoleArn::as_str)
        );
    };
    let account = principal.split(':').nth(4).unwrap_or_default();
    match (role_name(principal), role) {
        (Some(name), Some(role)) if name == role.name && account == role.account_id => {
            format!("{principal} asked: it is the role of the profile {profile:?}")
        }
        (Some(name), Some(role)) if name == role.name => format!(
            "{principal} asked: a role of the same name, but of account {account}; that of the profile {profile:?} is {role}"
        ),
        (_, Some(role)) => format!(
            "{principal} asked, which is not the role of the profile {profile:?} ({role}): other credentials were used; \
             see which with: aws sts get-caller-identity"
        ),
        (_, None) => format!("{principal} asked"),
    }
}

/// Of a role's session: `arn:aws:sts::112233334444:assumed-role/NAME/SESSION`.
fn role_name(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':').nth(5)?.split('/');
    (parts.next()? == "assumed-role").then(|| parts.next()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &str = "arn:aws:sts::112233334444:assumed-role/Dev/alice";

    fn role() -> RoleArn {
        RoleArn::parse("arn:aws:iam::112233334444:role/team/Dev").unwrap()
    }

    #[test]
    fn refusals_are_taken_apart_as_services_write_them() {
        // As the IAM User Guide and public reports show them.
        let table = [
            (
                format!("An error occurred (AccessDenied) when calling the GetObject operation: User: {SESSION} is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::bucket/key\" because no identity-based policy allows the s3:GetObject action"),
                (Some(SESSION), Some("s3:GetObject"), Some("arn:aws:s3:::bucket/key"), Reason::IdentityPolicy),
            ),
            (
                format!("User: {SESSION} is not authorized to perform: ec2:RunInstances with an explicit deny in a service control policy"),
                (Some(SESSION), Some("ec2:RunInstances"), None, Reason::ServiceControlPolicy),
            ),
            (
                format!("User: {SESSION} is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:1:key/x because no resource-based policy allows the kms:Decrypt action"),
                (Some(SESSION), Some("kms:Decrypt"), Some("arn:aws:kms:eu-west-1:1:key/x"), Reason::ResourcePolicy),
            ),
            (
                format!("User: {SESSION} is not authorized to perform: s3:ListBucket because no session policy allows the s3:ListBucket action"),
                (Some(SESSION), Some("s3:ListBucket"), None, Reason::SessionPolicy),
            ),
            (
                "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned(),
                (None, Some("sts:AssumeRoleWithWebIdentity"), None, Reason::Trust),
            ),
            (
                "An error occurred (UnauthorizedOperation) when calling the RunInstances operation: You are not authorized to perform this operation. Encoded authorization failure message: AbC".to_owned(),
                (None, None, None, Reason::Encoded),
            ),
            (
                "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the ListBuckets operation: Access Denied".to_owned(),
                (None, None, None, Reason::Untold),
            ),
        ];
        for (text, (principal, action, resource, reason)) in table {
            let expected = Denial {
                principal: principal.map(str::to_owned),
                action: action.map(str::to_owned),
                resource: resource.map(str::to_owned),
                reason,
            };
            assert_eq!(read(&text), Some(expected), "{text}");
        }
        assert_eq!(read("Segmentation fault"), None);
    }

    #[test]
    fn it_is_told_whether_the_profiles_own_role_was_refused() {
        let denied =
            |principal: &str| read(&format!("User: {principal} is not authorized to perform: s3:GetObject")).unwrap();
        let table = [
            (SESSION, "it is the role of the profile"),
            ("arn:aws:sts::999988887777:assumed-role/Dev/alice", "of the same name, but of account 999988887777"),
            ("arn:aws:iam::112233334444:user/bob", "other credentials were used"),
        ];
        for (principal, expected) in table {
            let said = explain(&denied(principal), "dev", Some(&role()));
            assert!(said[0].contains(expected), "{said:?}");
        }
    }

    #[test]
    fn each_reason_has_its_own_next_step() {
        let reasons = [
            (Reason::IdentityPolicy, "\"Action\": \"s3:GetObject\""),
            (Reason::ResourcePolicy, "the resource's owner"),
            (Reason::SessionPolicy, "fedcred config show dev"),
            (Reason::Boundary, "PermissionsBoundary"),
            (Reason::ServiceControlPolicy, "organization"),
            (Reason::ResourceControlPolicy, "organization"),
            (Reason::VpcEndpointPolicy, "describe-vpc-endpoints"),
            (Reason::Trust, "fedcred trust-policy dev --check -"),
            (Reason::Encoded, "decode-authorization-message"),
            (Reason::Untold, "look first"),
        ];
        for (reason, expected) in reasons {
            let denial =
                Denial { principal: Some(SESSION.into()), action: Some("s3:GetObject".into()), resource: None, reason };
            let said = explain(&denial, "dev", Some(&role()));
            assert!(said.last().unwrap().contains(expected), "{said:?}");
        }
    }
}
