//! Amazon Resource Names of roles, SAML providers and managed policies.
//!
//! Shapes as in the IAM User Guide, "IAM identifiers": `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.

use std::fmt;
use std::ops::Deref;

use crate::account_id::AccountId;
use crate::error::{Code, Error, Result};
use crate::text::redact::looks_like_a_secret;

mod partition;

pub use self::partition::Partition;

/// `arn:aws:iam::112233334444:role/path/Analyst`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleArn {
    text: String,
    /// `aws` for a partition that is not AWS's.
    pub partition: Partition,
    pub owner: Owner,
    /// The role's name without its path.
    pub name: String,
}

/// `arn:aws:iam::112233334444:saml-provider/corp`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProviderArn {
    text: String,
    pub partition: Partition,
    pub account_id: AccountId,
    pub name: String,
}

/// The owner of a role: the fifth field of its ARN.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    Account(AccountId),
    /// At an STS that is not AWS's: a tenant's name, or an empty text.
    Tenant(String),
}

impl Owner {
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Owner::Account(id) => Some(id),
            Owner::Tenant(_) => None,
        }
    }
}

/// The owner as written in the ARN.
impl Deref for Owner {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Owner::Account(id) => id,
            Owner::Tenant(name) => name,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl RoleArn {
    /// Parses `text`.
    ///
    /// Errors: [`Code::InvalidArn`], which says the wrong part.
    pub fn parse(text: &str) -> Result<Self> {
        // The pair of a SAML attribute. IAM allows these characters in a path, but nobody uses them there.
        if text.contains(",arn:") {
            return Err(Error::new(Code::InvalidArn, "there are two ARNs in place of the role's")
                .hint("write the role as `role_arn`, and the provider, if at all, as `saml.principal_arn`"));
        }
        let (partition, account_id, resource) = iam_resource(text, "role")?;
        Self::named(text, partition, Owner::Account(account_id), resource)
    }

    /// Parses `text` as [`RoleArn::parse`] does, and accepts the roles of other servers: Ceph writes a tenant's name or
    /// nothing in place of the account, MinIO a partition of its own (`arn:minio:iam:::role/…`).
    pub fn parse_of_any_maker(text: &str) -> Result<Self> {
        let of_aws = match RoleArn::parse(text) {
            Ok(role) => return Ok(role),
            Err(error) => error,
        };
        let fields: Vec<&str> = text.splitn(6, ':').collect();
        let is_word = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        // Digits alone are an account id of the wrong length.
        let is_tenant = |word: &str| is_word(word) && (word.is_empty() || !word.chars().all(|c| c.is_ascii_digit()));
        match fields.as_slice() {
            ["arn", maker, "iam", "", tenant, resource] if !maker.is_empty() && is_word(maker) && is_tenant(tenant) => {
                let resource = resource.strip_prefix("role/").ok_or(of_aws)?;
                let partition = Partition::of_id(maker).unwrap_or(Partition::Aws);
                Self::named(text, partition, Owner::Tenant((*tenant).to_owned()), resource)
            }
            _ => Err(of_aws),
        }
    }

    /// Returns the role of a server that is not AWS's and chooses the role by the token alone.
    pub fn unnamed() -> Self {
        let owner = Owner::Tenant(String::new());
        RoleArn { text: String::new(), partition: Partition::Aws, owner, name: String::new() }
    }

    /// Whether this is an ARN of AWS's own.
    pub fn is_of_aws(&self) -> bool {
        self.owner.account().is_some()
    }

    fn named(text: &str, partition: Partition, owner: Owner, resource: &str) -> Result<Self> {
        // IAM allows any printable ASCII in a path, and [\w+=,.@-]{1,64} in a name.
        let name = resource.rsplit('/').next().unwrap_or_default();
        check_name(text, name, 64, |c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))?;
        check_path(text, resource)?;
        Ok(RoleArn { text: text.to_owned(), partition, owner, name: name.to_owned() })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the path: `/`, or `/team/` with a slash at both ends.
    pub fn path(&self) -> &str {
        let resource = self.text.split_once(":role").map_or("/", |(_, path)| path);
        resource.strip_suffix(self.name.as_str()).unwrap_or("/")
    }
}

impl ProviderArn {
    /// Parses `text`.
    ///
    /// Errors: [`Code::InvalidArn`], which says the wrong part.
    pub fn parse(text: &str) -> Result<Self> {
        let (partition, account_id, name) = iam_resource(text, "saml-provider")?;
        check_name(text, name, 128, |c| c.is_ascii_alphanumeric() || "_.-".contains(c))?;
        Ok(ProviderArn { text: text.to_owned(), partition, account_id, name: name.to_owned() })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.text.is_empty() { "the role that the server chooses" } else { &self.text })
    }
}

impl fmt::Display for ProviderArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Checks the ARN of a managed policy, which is only passed on.
pub fn check_policy_arn(text: &str) -> Result<()> {
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    match fields.as_slice() {
        ["arn", partition, "iam", "", account, resource]
            if Partition::of_id(partition).is_some()
                && (*account == "aws" || AccountId::parse(account).is_some())
                && resource.starts_with("policy/")
                && resource.len() > "policy/".len() =>
        {
            Ok(())
        }
        _ => Err(invalid(text, "a managed policy's ARN looks like arn:aws:iam::aws:policy/ReadOnlyAccess")),
    }
}

/// Added where the ARN may be of another server.
const ELSEWHERE: &str = " (an STS that is not AWS's may have others: name it by `sts_endpoint_url`)";

fn iam_resource<'a>(text: &'a str, resource_type: &str) -> Result<(Partition, AccountId, &'a str)> {
    let example = format!("expected arn:aws:iam::112233334444:{resource_type}/NAME");
    if text.trim() != text {
        return Err(invalid(text, "it begins or ends with a blank"));
    }
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = fields.as_slice() else {
        return Err(invalid(text, example));
    };
    if *arn != "arn" {
        return Err(invalid(text, example));
    }
    let partition = Partition::of_id(partition).ok_or_else(|| {
        let known = Partition::ALL.map(Partition::id).join(", ");
        invalid(text, format!("the partition {partition:?} is none of {known}{ELSEWHERE}"))
    })?;
    if *service != "iam" {
        let sts = if *service == "sts" { "; an sts ARN names a session, not the role behind it" } else { "" };
        return Err(invalid(text, format!("{example}{sts}")));
    }
    if !region.is_empty() {
        return Err(invalid(text, "IAM has no regions: the field after \"iam\" stays empty"));
    }
    let account_id = AccountId::parse(account).ok_or_else(|| {
        // Digits alone are an account id of the wrong length.
        let elsewhere =
            if account.is_empty() || account.contains(|c: char| !c.is_ascii_digit()) { ELSEWHERE } else { "" };
        invalid(text, format!("the account id {account:?} is not twelve digits{elsewhere}"))
    })?;
    let Some(name) = resource.strip_prefix(resource_type).and_then(|rest| rest.strip_prefix('/')) else {
        return Err(invalid(text, example));
    };
    Ok((partition, account_id, name))
}

fn check_name(text: &str, name: &str, max: usize, allowed: impl Fn(char) -> bool) -> Result<()> {
    if name.is_empty() {
        return Err(invalid(text, "the name is missing"));
    }
    if name.len() > max {
        return Err(invalid(text, format!("the name is longer than {max} characters")));
    }
    match name.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(invalid(text, format!("a name cannot contain {c:?}"))),
        None => Ok(()),
    }
}

fn check_path(text: &str, resource: &str) -> Result<()> {
    match resource.chars().find(|c| !('\u{21}'..='\u{7e}').contains(c)) {
        Some(c) => Err(invalid(text, format!("a path cannot contain {c:?}"))),
        None if resource.len() > 512 + 64 => Err(invalid(text, "the path is longer than 512 characters")),
        None => Ok(()),
    }
}

/// Returns the hint for the name of a role in place of its ARN.
fn bare_name(text: &str) -> Option<String> {
    let is_name = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c));
    is_name.then(|| {
        format!(
            "write the whole ARN, with the account: arn:aws:iam::123456789012:role/{text} (fedcred roles lists them)"
        )
    })
}

fn invalid(text: &str, why: impl Into<String>) -> Error {
    if looks_like_a_secret(text) {
        return Error::new(Code::InvalidArn, "a token or key is in place of an ARN")
            .because("the value is not shown: it looks like a secret");
    }
    let error = Error::new(Code::InvalidArn, format!("{:?} is not a usable ARN", crate::error::printable(text, 200)));
    match bare_name(text) {
        Some(hint) => error.because(why).hint(hint),
        None => error.because(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Region;

    #[test]
    fn a_role_may_have_a_path_and_any_partition() {
        let role = RoleArn::parse("arn:aws-cn:iam::112233334444:role/team/data/Analyst").unwrap();
        assert_eq!((role.partition, &*role.owner, role.name.as_str()), (Partition::AwsCn, "112233334444", "Analyst"));
        for partition in Partition::ALL {
            assert_eq!(
                RoleArn::parse(&format!("arn:{partition}:iam::112233334444:role/A")).unwrap().partition,
                partition
            );
            let region = Region::parse(partition.default_region()).unwrap();
            assert_eq!(Partition::of_region(&region), partition);
        }
    }

    #[test]
    fn a_token_in_the_place_of_an_arn_is_not_repeated() {
        let error = RoleArn::parse("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lzc3VlciJ9.c2lnbmF0dXJl").unwrap_err();
        assert_eq!(error.code, Code::InvalidArn);
        assert!(!format!("{error:?}").contains("eyJ"), "{error:?}");
    }

    #[test]
    fn what_cannot_be_an_arn_is_refused_with_the_part_that_is_wrong() {
        let table = [
            ("Analyst", "expected arn:aws:iam::112233334444:role/NAME"),
            (" arn:aws:iam::112233334444:role/A", "begins or ends with a blank"),
            ("arn:aws:iam::1122:role/A", "\"1122\" is not twelve digits"),
            ("arn:aws:iam::112233334444:user/A", "expected arn"),
            ("arn:aws:iam::112233334444:role/", "name is missing"),
            ("arn:aws:iam::112233334444:role/A B", "cannot contain ' '"),
            ("arn:aws:iam:eu-west-1:112233334444:role/A", "no regions"),
            ("arn:amazon:iam::112233334444:role/A", "partition"),
            ("arn:aws:sts::112233334444:assumed-role/A/me", "names a session"),
        ];
        for (text, why) in table {
            let error = RoleArn::parse(text).unwrap_err();
            assert_eq!(error.code, Code::InvalidArn);
            assert!(error.causes.join(" ").contains(why), "{text}: {:?}", error.causes);
        }
    }

    #[test]
    fn a_provider_is_not_a_role() {
        assert!(ProviderArn::parse("arn:aws:iam::112233334444:saml-provider/corp.example").is_ok());
        assert!(ProviderArn::parse("arn:aws:iam::112233334444:role/corp").is_err());
    }

    #[test]
    fn policies_may_be_amazons_or_ones_own() {
        assert!(check_policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess").is_ok());
        assert!(check_policy_arn("arn:aws:iam::112233334444:policy/team/Mine").is_ok());
        assert!(check_policy_arn("arn:aws:iam::112233334444:role/A").is_err());
    }
}
