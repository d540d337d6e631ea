//! What is suggested for a missing Allow: a statement that IAM accepts, if the message says enough for one.

use super::line::is_masked;
use super::{Denial, Own};
use crate::account_id::AccountId;
use crate::arn::Partition;
use crate::quote::shell::command;
use crate::trust::permissions::Place;

/// Returns the command that shows the bucket's policy; empty if the resource is not in a bucket.
pub fn bucket(denial: &Denial) -> String {
    let name = denial.resource.as_deref().and_then(|arn| arn.split_once(":s3:::")).map(|(_, rest)| rest);
    let name = name.and_then(|rest| rest.split('/').next()).filter(|name| !name.is_empty() && !is_masked(name));
    name.map(|name| format!("; see it with: {}", command(["aws", "s3api", "get-bucket-policy", "--bucket", name])))
        .unwrap_or_default()
}

/// Returns the statement that would allow it. `None` if the action is not known, or the resource only in part: the stars
/// that mask a name would be wildcards.
pub fn statement(denial: &Denial, own: Own<'_>) -> Option<String> {
    let action = denial.action.as_deref()?;
    let name = denial.resource.as_deref().and_then(|arn| arn.splitn(6, ':').nth(5)).unwrap_or_default();
    if denial.is_cut || name.split(['/', ':']).any(|part| part != "*" && is_masked(part)) {
        return None;
    }
    let resource = as_resource(denial, action, own);
    Some(serde_json::json!({ "Effect": "Allow", "Action": action, "Resource": resource }).to_string())
}

/// The resource as IAM accepts it in a policy: services may name it by less than its ARN, and logs mask parts of it.
fn as_resource(denial: &Denial, action: &str, own: Own<'_>) -> String {
    let resource = denial.resource.as_deref().unwrap_or("*");
    if resource.starts_with("arn:") {
        let part = |(at, part): (usize, &str)| match at {
            3 | 4 if is_masked(part) => "*".to_owned(),
            _ => part.to_owned(),
        };
        return resource.splitn(6, ':').enumerate().map(part).collect::<Vec<_>>().join(":");
    }
    let of_principal =
        denial.principal.as_deref().and_then(|arn| arn.split(':').nth(4)).filter(|id| AccountId::parse(id).is_some());
    let place = Place {
        partition: own.role.map_or(Partition::Aws, |role| role.partition),
        region: own.region.unwrap_or("*"),
        account_id: of_principal.or(own.role.map(|role| &*role.owner)).unwrap_or("*"),
    };
    let is_name = resource != "*" && !resource.contains([' ', ':']);
    match action.split(':').next() {
        Some("secretsmanager") if is_name => place.secret(resource),
        Some("ssm") if is_name => place.parameter(resource),
        Some(_) | None => "*".to_owned(),
    }
}
