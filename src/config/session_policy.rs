//! Checks `policy` and `policy_arns` by the rules of STS, so that an invalid session policy is found before a login
//! (AWS STS API Reference, AssumeRole: `Policy`, `PolicyArns`). The limit of ten ARNs is checked where they are read.

use super::profile::Session;
use super::reader::Section;
use crate::arn::RoleArn;
use crate::error::Code;

/// Maximum number of characters in the inline policy and the ARNs together. Their packed size is known to STS only.
const MOST: usize = 2048;

/// Faults go into the section's log.
pub fn check(top: &Section<'_, '_>, role: Option<&RoleArn>, session: &Session) {
    let Session { policy, policy_arns, duration: _ } = session;
    let report = |key: &'static str, code: Code, said: String, hint: &str| {
        if let Some(found) = top.find(key) {
            top.log().error(found.error(code, said).hint(hint));
        }
    };
    if let Some(role) = role {
        let is_foreign = |arn: &&String| {
            let fields: Vec<&str> = arn.split(':').collect();
            let of = |at: usize, ours: &str| fields.get(at).is_some_and(|field| *field == ours);
            !of(1, role.partition.id()) || !(of(4, "aws") || of(4, &role.owner))
        };
        if let Some(arn) = policy_arns.iter().find(is_foreign) {
            report(
                "policy_arns",
                Code::InvalidArn,
                format!(
                    "has {arn}, which is not of the role's account {} and partition {}",
                    role.owner, role.partition
                ),
                "STS takes managed policies of the role's own account, and AWS's own (arn:aws:iam::aws:policy/…) of its partition",
            );
        }
    }
    let inline = policy.as_deref().unwrap_or_default();
    if let Some(strange) = inline.chars().find(|c| !matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}')) {
        report(
            "policy",
            Code::InvalidValue,
            format!("has the character U+{:04X}, which STS does not take there", u32::from(strange)),
            "write it as JSON's escape, \\uXXXX",
        );
    }
    let size = inline.chars().count() + policy_arns.iter().map(String::len).sum::<usize>();
    if size > MOST {
        let key = if inline.is_empty() { "policy_arns" } else { "policy" };
        report(
            key,
            Code::InvalidValue,
            format!("has {size} characters with `policy_arns`; STS takes {MOST}"),
            "leave out white space, or move statements into a managed policy and name it in `policy_arns`",
        );
    }
}
