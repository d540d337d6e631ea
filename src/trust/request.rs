//! A request for a role as IAM evaluates it: a principal, the needed actions, and the request context.

use std::collections::BTreeMap;

use super::issuer;
use super::pattern::{Unusable, literal};
use crate::error::printable;
use crate::time::Timestamp;

pub const TAG_SESSION: &str = "sts:TagSession";
pub const SET_SOURCE_IDENTITY: &str = "sts:SetSourceIdentity";

/// The request of an identity for a role.
#[derive(Clone, Debug)]
pub struct Request {
    /// What proves the identity, for messages: "the assertion", "the token".
    pub proof: &'static str,
    pub principal: Principal,
    /// The action of the call, and those that its tags and source identity need.
    pub actions: Vec<&'static str>,
    pub context: Context,
    /// Prefixes of the keys that are all known: a key with such a prefix that is not in the context is not in the request.
    pub known: Vec<String>,
    /// Claims that the proof has and AWS makes no condition key of, as keys in lower case.
    pub unread: Vec<String>,
    /// Keys in lower case for which it is not documented whether AWS has them in the role's partition.
    pub undocumented: Vec<String>,
    /// Why it is not known whether AWS accepts such an identity in the role's partition.
    pub doubt: Option<String>,
}

/// Prefixes of the keys that describe the signer of a call; an unsigned call has none of them.
pub const OF_A_SIGNER: [&str; 10] = [
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:PrincipalOrg",
    "aws:PrincipalServiceName",
    "aws:PrincipalIsAWSService",
    "aws:userid",
    "aws:username",
    "aws:MultiFactorAuth",
    "aws:TokenIssueTime",
    "aws:SourceIdentity",
];

/// The value of a condition key in a request.
#[derive(Clone, Debug)]
pub enum Found<'a> {
    Values(&'a [String]),
    /// The key is not in the request; the text says why.
    Absent(String),
    /// The value is not known here.
    Unknown,
}

/// A principal as a policy names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A provider's ARN, or the name of one that AWS knows without a provider in IAM.
    Federated(String),
    /// The ARN of a role or user, and the name of the session if it is known.
    Aws {
        arn: String,
        session: Option<String>,
    },
    Service(&'static str),
}

impl Principal {
    /// The key in a policy's `Principal`.
    pub fn kind(&self) -> &'static str {
        match self {
            Principal::Federated(_) => "Federated",
            Principal::Aws { .. } => "AWS",
            Principal::Service(_) => "Service",
        }
    }

    pub fn id(&self) -> &str {
        match self {
            Principal::Federated(id) | Principal::Aws { arn: id, .. } => id,
            Principal::Service(id) => id,
        }
    }
}

/// Condition keys and their values. AWS ignores the case of keys.
#[derive(Clone, Debug, Default)]
pub struct Context(BTreeMap<String, (String, Vec<String>)>);

impl Context {
    pub fn set(&mut self, key: impl AsRef<str>, values: impl IntoIterator<Item = impl Into<String>>) {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        if !values.is_empty() {
            self.0.insert(key.as_ref().to_ascii_lowercase(), (key.as_ref().to_owned(), values));
        }
    }

    pub fn remove(&mut self, key: &str) {
        self.0.remove(&key.to_ascii_lowercase());
    }

    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_ascii_lowercase()).map(|(_, values)| values.as_slice())
    }

    /// Returns the keys as written, with their values.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.values().map(|(key, values)| (key.as_str(), values.as_slice()))
    }

    /// Sets the keys of session tags.
    pub fn tags(&mut self, tags: &[(String, String)], transitive: &[String]) {
        for (key, value) in tags {
            self.set(format!("aws:RequestTag/{key}"), [value]);
        }
        self.set("aws:TagKeys", tags.iter().map(|(key, _)| key));
        self.set("sts:TransitiveTagKeys", transitive);
    }

    /// Sets the keys of the time of the request.
    pub fn time(&mut self, now: Timestamp) {
        self.set("aws:CurrentTime", [now.to_string()]);
        self.set("aws:EpochTime", [now.as_second().to_string()]);
    }
}

impl Request {
    /// Returns the value of this key.
    pub fn value(&self, key: &str) -> Found<'_> {
        if let Some(values) = self.context.get(key) {
            return Found::Values(values);
        }
        let lower = key.to_ascii_lowercase();
        if self.undocumented.contains(&lower) {
            return Found::Unknown;
        }
        if self.unread.contains(&lower) {
            return Found::Absent(format!(
                "AWS has no condition key {key}: it does not read this claim of {}",
                self.proof
            ));
        }
        if lower.contains("://") {
            return Found::Absent(format!("AWS has no key {key}: keys have the issuer's name without its scheme"));
        }
        if let Some(attribute) = lower.strip_prefix("saml:") {
            match (issuer::is_saml_key(attribute), attribute) {
                (false, _) => return Found::Absent(format!("AWS has no condition key {key}")),
                // AWS computes it from the issuer, the account and the provider.
                (true, "namequalifier") if self.proof == "the assertion" => return Found::Unknown,
                (true, _) => {}
            }
        }
        if self.known.iter().any(|prefix| lower.starts_with(&prefix.to_ascii_lowercase())) {
            return Found::Absent(self.lacking(&lower, key));
        }
        // The keys of other providers are set only for their own tokens.
        match lower.rsplit_once(':').is_some_and(|(provider, _)| provider.contains('.')) {
            true => Found::Absent(self.lacking(&lower, key)),
            false => Found::Unknown,
        }
    }

    /// Returns the value of a variable, or its default: `${aws:PrincipalTag/team, 'none'}`.
    pub fn variable(&self, text: &str) -> Result<String, Unusable> {
        if let Some(character) = literal(text) {
            return Ok(character.to_string());
        }
        let (name, default) = match text.split_once(',') {
            Some((name, default)) => (name.trim(), Some(default.trim().trim_matches('\'').to_owned())),
            None => (text.trim(), None),
        };
        match (self.value(name), default) {
            (Found::Values([one, ..]), _) => Ok(one.clone()),
            (Found::Values([]) | Found::Absent(_), Some(default)) => Ok(default),
            (Found::Values([]) | Found::Absent(_), None) => Err(Unusable::Absent),
            (Found::Unknown, _) => Err(Unusable::Unknown),
        }
    }

    fn lacking(&self, lower: &str, key: &str) -> String {
        let Some((provider, name)) = lower.split_once(':').filter(|(provider, _)| provider.contains('.')) else {
            return format!("{} has no {key}", self.proof);
        };
        let ours = issuer::provider_of(self.principal.id()).to_ascii_lowercase();
        if provider.trim_end_matches('/') == ours.trim_end_matches('/') && provider != ours {
            return format!(
                "{key} is of another issuer: that of {} is {ours}, and a slash at its end counts",
                self.proof
            );
        }
        if provider != ours {
            return format!("{key} is not a key of {}, whose issuer is {ours}", self.proof);
        }
        match issuer::of(provider).reads(name) {
            true => format!("{} has no {key}", self.proof),
            false => format!("AWS has no condition key {key}"),
        }
    }

    /// Returns the prefixes of all known keys of an unsigned call; `own` are those of its proof.
    pub fn known_unsigned(own: &[&str], has_tags: bool) -> Vec<String> {
        let more = [
            "saml:",
            "aws:RequestTag/",
            "aws:TagKeys",
            "sts:TransitiveTagKeys",
            "sts:SourceIdentity",
            "sts:ExternalId",
        ];
        // It is not documented whether the tags of the call count as the principal's.
        let tags = (!has_tags).then_some("aws:PrincipalTag/");
        own.iter().chain(&more).chain(&OF_A_SIGNER).copied().chain(tags).map(str::to_owned).collect()
    }

    /// Returns the actions that the call, its tags and its source identity need.
    pub fn needs(action: &'static str, has_tags: bool, has_source_identity: bool) -> Vec<&'static str> {
        let more = [(TAG_SESSION, has_tags), (SET_SOURCE_IDENTITY, has_source_identity)];
        std::iter::once(action).chain(more.into_iter().filter(|(_, is)| *is).map(|(action, _)| action)).collect()
    }
}

/// Formats values for a message.
pub fn shown(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("{:?}", printable(value, 200))).collect();
    values.join(" or ")
}
