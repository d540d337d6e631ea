//! What a refusal of any AWS service says: who asked, for what, and which policy stood in the way (IAM User Guide,
//! "Troubleshoot access denied error messages").

mod explain;
mod line;
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

/// A refusal, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// ARN as the service wrote it; absent where it names nobody, as for a federated call.
    pub principal: Option<String>,
    /// `s3:GetObject`
    pub action: Option<String>,
    /// Of the API, where a program names it: `GetObject`.
    pub operation: Option<String>,
    pub resource: Option<String>,
    /// Whether the line ends before the message does, so that nothing is to be offered by what is there.
    pub is_cut: bool,
    /// Whether its shape is that of an S3 that is not AWS's.
    pub is_of_another_s3: bool,
    pub policy: Policy,
    pub effect: Effect,
    /// The policy that denies, where the service names it.
    pub policy_arn: Option<String>,
}

/// The profile that somebody asks about.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    pub profile: &'a str,
    pub role: Option<&'a RoleArn>,
    /// The role below it, whose credentials ask for the role.
    pub base: Option<&'a RoleArn>,
    pub region: Option<&'a str>,
}

/// Which policy it was.
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
    /// Encoded, for those who may decode it.
    Encoded,
}

/// How the policy stood in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A Deny, which wins over every Allow.
    Denied,
    /// No Allow.
    NotAllowed,
    /// The service leaves open which of the two.
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

/// STS's AccessDenied, with what the identity has for a trust policy to look at, and how to compare the two.
pub fn enrich(error: Error, request: &Request, profile: &str, role: &RoleArn) -> Error {
    if error.code != Code::StsAccessDenied {
        return error;
    }
    let keys: Vec<String> = request.context.all().map(|(key, values)| format!("{key} is {}", shown(values))).collect();
    let offered = format!("{} has for its trust policy: {}", request.proof, keys.join(", "));
    if failure::is_of_another_maker(&error) {
        return error.because(printable(&offered, 900));
    }
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

#[cfg(test)]
mod tests;
