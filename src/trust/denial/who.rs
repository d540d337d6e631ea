//! Who was refused, as far as a message says it.

use super::line::is_masked;
use super::{Denial, Own};
use crate::account_id::AccountId;
use crate::arn::RoleArn;

/// Who was refused.
pub enum Who<'a> {
    /// The service does not name the caller.
    Nobody,
    Anonymous,
    /// A role, or a session of it.
    Role(&'a str),
    User(&'a str),
    FederatedUser(&'a str),
    Root,
    /// The name was masked before the text came here.
    Masked,
    /// A principal without a name in IAM.
    Other(&'a str),
}

impl<'a> Who<'a> {
    pub fn of(principal: Option<&'a str>) -> Who<'a> {
        let Some(arn) = principal else { return Who::Nobody };
        if arn == "anonymous" {
            return Who::Anonymous;
        }
        let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
        let last = resource.rsplit('/').next().unwrap_or_default();
        let name = match resource.split_once('/') {
            Some(("assumed-role", rest)) => rest.split('/').next().unwrap_or(rest),
            Some(_) | None => last,
        };
        match resource.split_once('/') {
            Some(_) if is_masked(name) => Who::Masked,
            Some(("assumed-role", _)) => Who::Role(name),
            Some(("role", _)) => Who::Role(last),
            Some(("user", _)) => Who::User(last),
            Some(("federated-user", _)) => Who::FederatedUser(last),
            None if resource == "root" => Who::Root,
            Some(_) | None => Who::Other(arn),
        }
    }

    /// The caller as a part of a sentence: "the role Dev".
    pub fn named(&self) -> String {
        match self {
            Who::Nobody | Who::Anonymous => "the caller".to_owned(),
            Who::Role(name) => format!("the role {name}"),
            Who::User(name) => format!("the user {name}"),
            Who::FederatedUser(name) => format!("the federated user {name}"),
            Who::Root => "the account's root user".to_owned(),
            Who::Masked => "the caller, whose name is masked".to_owned(),
            Who::Other(arn) => (*arn).to_owned(),
        }
    }
}

/// Whether the caller is this role; a masked account counts as the role's.
pub fn is_role(who: &Who<'_>, account: &str, role: &RoleArn) -> bool {
    matches!(who, Who::Role(name) if *name == role.name)
        && (*account == *role.owner || AccountId::parse(account).is_none())
}

/// Whether the session is the profile's, whose settings hold its session policy.
pub fn is_own_session(denial: &Denial, who: &Who<'_>, own: Own<'_>) -> bool {
    let account = denial.principal.as_deref().and_then(|arn| arn.split(':').nth(4)).unwrap_or_default();
    denial.principal.is_none() || own.role.is_some_and(|role| is_role(who, account, role))
}
