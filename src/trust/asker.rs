//! Who asks, as AWS sees it: a principal, the actions that are needed, and the condition keys with their values.

use std::collections::BTreeMap;

use crate::error::printable;

pub const TAG_SESSION: &str = "sts:TagSession";
pub const SET_SOURCE_IDENTITY: &str = "sts:SetSourceIdentity";

/// An identity at the door of a role.
#[derive(Clone, Debug)]
pub struct Asker {
    /// "the assertion", "the token"; for sentences.
    pub proof: &'static str,
    pub principal: Principal,
    /// The call's own action, and those that what it carries needs.
    pub actions: Vec<&'static str>,
    pub context: Context,
    /// What begins so is known as a whole: a key that is not in the context is not in the request.
    pub known: Vec<String>,
}

/// What a request has for a condition key.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    Values(&'a [String]),
    Absent,
    /// It cannot be told from here.
    Unseen,
}

/// Whom a policy's `Principal` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A provider's ARN, or the name of one that AWS knows by itself.
    Federated(String),
    /// A role's or user's ARN.
    Aws(String),
    Service(&'static str),
}

impl Principal {
    /// The key in a policy.
    pub fn kind(&self) -> &'static str {
        match self {
            Principal::Federated(_) => "Federated",
            Principal::Aws(_) => "AWS",
            Principal::Service(_) => "Service",
        }
    }

    pub fn id(&self) -> &str {
        match self {
            Principal::Federated(id) | Principal::Aws(id) => id,
            Principal::Service(id) => id,
        }
    }
}

/// Condition keys and their values. AWS reads the keys without regard to case.
#[derive(Clone, Debug, Default)]
pub struct Context(BTreeMap<String, (String, Vec<String>)>);

impl Context {
    pub fn set(&mut self, key: impl AsRef<str>, values: impl IntoIterator<Item = impl Into<String>>) {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        if !values.is_empty() {
            self.0.insert(key.as_ref().to_ascii_lowercase(), (key.as_ref().to_owned(), values));
        }
    }

    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_ascii_lowercase()).map(|(_, values)| values.as_slice())
    }

    /// Keys as they were written, with their values.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.values().map(|(key, values)| (key.as_str(), values.as_slice()))
    }

    /// Session tags, as every kind of call carries them.
    pub fn tags(&mut self, tags: &[(String, String)], transitive: &[String]) {
        for (key, value) in tags {
            self.set(format!("aws:RequestTag/{key}"), [value]);
        }
        self.set("aws:TagKeys", tags.iter().map(|(key, _)| key));
        self.set("sts:TransitiveTagKeys", transitive);
    }
}

impl Asker {
    /// What the request has for this key.
    pub fn value(&self, key: &str) -> Found<'_> {
        if let Some(values) = self.context.get(key) {
            return Found::Values(values);
        }
        let key = key.to_ascii_lowercase();
        match self.known.iter().any(|prefix| key.starts_with(&prefix.to_ascii_lowercase())) {
            true => Found::Absent,
            false => Found::Unseen,
        }
    }

    /// The actions that the call itself and what it carries need.
    pub fn needs(action: &'static str, has_tags: bool, has_source_identity: bool) -> Vec<&'static str> {
        let more = [(TAG_SESSION, has_tags), (SET_SOURCE_IDENTITY, has_source_identity)];
        std::iter::once(action).chain(more.into_iter().filter(|(_, is)| *is).map(|(action, _)| action)).collect()
    }
}

/// Values for a sentence.
pub fn shown(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("{:?}", printable(value, 200))).collect();
    values.join(" or ")
}
