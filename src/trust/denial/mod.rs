//! What a refusal of any AWS service says: who asked, for what, and which policy denied it or does not allow it (IAM User
//! Guide, "Troubleshoot access denied error messages").

mod explain;
mod line;
mod next_step;
mod offer;
mod read;
mod who;

pub use self::explain::explain;
pub use self::line::readings;
pub use self::read::read;
use super::request::{Request, shown};
use crate::arn::RoleArn;
use crate::error::{Code, Error, printable};
use crate::quote::shell::{command, fedcred};
use crate::sts::failure;

/// The profile for which a refusal is explained.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    pub profile: &'a str,
    pub role: Option<&'a RoleArn>,
    /// The base role, whose credentials assume the role.
    pub base: Option<&'a RoleArn>,
    pub region: Option<&'a str>,
}

/// The parts of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The caller's ARN as the service wrote it; absent if it names nobody, as for a federated call.
    pub principal: Option<String>,
    /// `s3:GetObject`
    pub action: Option<String>,
    /// The operation of the API, if a program names it: `GetObject`.
    pub operation: Option<String>,
    pub resource: Option<String>,
    /// Whether the line ends before the message does, so that no statement is suggested.
    pub is_cut: bool,
    /// Whether the message has the form that S3 servers other than AWS's write.
    pub is_of_another_s3: bool,
    pub policy: Policy,
    pub effect: Effect,
    /// The policy that denies, if the service names it.
    pub policy_arn: Option<String>,
}

/// The kind of the policy that denies or does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    Identity,
    Resource,
    Session,
    Boundary,
    ServiceControl,
    ResourceControl,
    VpcEndpoint,
    /// Permissions on tables, beside IAM's.
    LakeFormation,
    /// The role's trust policy, or the caller's own where there is one.
    Trust,
    /// The service does not say.
    Untold,
    /// The service encodes it for those who may decode it.
    Encoded,
}

/// Whether the policy denies, or does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A Deny, which wins over every Allow.
    Denied,
    /// No Allow.
    NotAllowed,
    /// The service does not say which of the two.
    Either,
}

impl Policy {
    /// The stable name in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Policy::Identity => "identity-policy",
            Policy::Resource => "resource-policy",
            Policy::Session => "session-policy",
            Policy::Boundary => "permissions-boundary",
            Policy::ServiceControl => "service-control-policy",
            Policy::ResourceControl => "resource-control-policy",
            Policy::VpcEndpoint => "vpc-endpoint-policy",
            Policy::LakeFormation => "lake-formation",
            Policy::Trust => "trust-policy",
            Policy::Untold => "untold",
            Policy::Encoded => "encoded",
        }
    }
}

impl Effect {
    /// The stable name in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Effect::Denied => "explicit-deny",
            Effect::NotAllowed => "no-allow",
            Effect::Either => "untold",
        }
    }
}

/// Adds to STS's AccessDenied the condition keys that the identity has, and the command that compares them with the role's trust
/// policy.
pub fn enrich(error: Error, request: &Request, profile: &str, role: &RoleArn) -> Error {
    if error.code != Code::StsAccessDenied {
        return error;
    }
    let keys: Vec<String> = request.context.all().map(|(key, values)| format!("{key} is {}", shown(values))).collect();
    let offered = format!("{} has the condition keys: {}", request.proof, keys.join(", "));
    if failure::is_of_another_maker(&error) {
        return error.because(printable(&offered, 900));
    }
    let needed = format!("the policy has to allow {} to {}", request.actions.join(" and "), request.principal.id());
    let step = compare(&role.name, profile);
    // The meaning of STS's message is kept; the command here replaces its own.
    let meaning = error.hint.clone().and_then(|hint| hint.split("; see").next().map(str::to_owned));
    let error = meaning.into_iter().chain([needed, printable(&offered, 900)]).fold(error, Error::because);
    error.hint(step)
}

fn get_role(name: &str, query: &str) -> String {
    command(["aws", "iam", "get-role", "--role-name", name, "--query", query])
}

/// The command that shows which line of the role's trust policy does not allow the profile.
fn compare(role: &str, profile: &str) -> String {
    let policy = get_role(role, "Role.AssumeRolePolicyDocument");
    format!("{policy} | {}", fedcred(&["trust-policy"], profile, &["--check", "-"]))
}

#[cfg(test)]
mod tests;
