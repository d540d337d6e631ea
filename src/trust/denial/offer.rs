//! What is offered against a missing Allow: a statement that IAM takes, where the line says enough for one.

use super::line::is_masked;
use super::{Denial, Own};
use crate::account_id::AccountId;
use crate::quote::shell::command;

/// How to see a bucket's policy, where it is one.
pub fn bucket(denial: &Denial) -> String {
    let name = denial.resource.as_deref().and_then(|arn| arn.split_once(":s3:::")).map(|(_, rest)| rest);
    let name = name.and_then(|rest| rest.split('/').next()).filter(|name| !name.is_empty() && !is_masked(name));
    name.map(|name| format!("; see it with: {}", command(["aws", "s3api", "get-bucket-policy", "--bucket", name])))
        .unwrap_or_default()
}

/// The statement that would allow it. `None` where the action is not known, or the resource not as a whole: the stars that
/// mask a name would be wildcards.
pub fn statement(denial: &Denial, own: Own<'_>) -> Option<String> {
    let action = denial.action.as_deref()?;
    let name = denial.resource.as_deref().and_then(|arn| arn.splitn(6, ':').nth(5)).unwrap_or_default();
    if denial.is_cut || name.split(['/', ':']).any(|part| part != "*" && is_masked(part)) {
        return None;
    }
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
    let of_principal =
        denial.principal.as_deref().and_then(|arn| arn.split(':').nth(4)).filter(|id| AccountId::parse(id).is_some());
    let account = of_principal.or(own.role.map(|role| &*role.owner)).unwrap_or("*");
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
