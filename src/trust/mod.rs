//! Trust policies: what has to exist in AWS for an identity, whether a policy allows it, and what an AccessDenied means.
//!
//! Everything here is pure. `saml`, `oidc`, `chain` and `pods` describe an identity as AWS sees it ([`request`]) and what has to
//! exist for it ([`Trust`]); [`engine`] evaluates a [`policy`] for a request, [`strangers`] finds whom else it allows, and
//! [`denial`] explains a refusal. [`terraform`], [`cloudformation`] and [`permissions`] write the other formats and policies.
//!
//! Condition keys are those of the IAM User Guide and the Service Authorization Reference, in [`issuer`]'s data.

pub mod chain;
pub mod cloudformation;
pub mod denial;
pub mod engine;
pub mod issuer;
pub mod oidc;
mod operator;
mod pattern;
pub mod permissions;
pub mod pods;
pub mod policy;
pub mod request;
pub mod saml;
pub mod strangers;
pub mod terraform;

use serde_json::{Map, Value, json};

use self::request::Principal;
use crate::arn::RoleArn;
use crate::quote::shell::command;

/// What has to exist in AWS for an identity.
#[derive(Clone, Debug, PartialEq)]
pub struct Trust {
    pub role: RoleArn,
    pub provider: Provider,
    pub principal: Principal,
    /// The actions to allow; that of the call is the first.
    pub grants: Vec<Grant>,
    /// The least maximum session duration of the role, in seconds.
    pub max_session_duration: u64,
    /// What a person should know before they use it.
    pub notes: Vec<String>,
}

/// The identity provider in IAM.
#[derive(Clone, Debug, PartialEq)]
pub enum Provider {
    Saml {
        arn: String,
        name: String,
        /// The `entityID` in its metadata.
        issuer: Option<String>,
        /// URL of its metadata, if the product is known.
        metadata: Option<String>,
    },
    Oidc {
        arn: String,
        url: String,
        client_ids: Vec<String>,
    },
    /// AWS knows the provider; none is created in IAM.
    BuiltIn,
    /// The identity has AWS credentials.
    None,
}

/// An action and its conditions. A condition on a key that AWS does not set for the action never holds, so each action has
/// conditions of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    pub action: &'static str,
    pub conditions: Vec<Condition>,
}

/// A line of a `Condition`: the values are alternatives.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub operator: &'static str,
    pub key: String,
    pub values: Vec<String>,
}

impl Condition {
    /// A condition with `StringEquals`, or with `StringLike` if a value has a wildcard.
    pub fn string(key: impl Into<String>, values: impl IntoIterator<Item = String>) -> Condition {
        let values: Vec<String> = values.into_iter().collect();
        let has_wildcard =
            values.iter().any(|value| value.replace("${*}", "").replace("${?}", "").contains(['*', '?']));
        Condition { operator: if has_wildcard { "StringLike" } else { "StringEquals" }, key: key.into(), values }
    }

    /// A condition with `StringEquals`, in whose values `*` has no special meaning.
    pub fn exact(key: impl Into<String>, values: impl IntoIterator<Item = String>) -> Condition {
        Condition { operator: "StringEquals", key: key.into(), values: values.into_iter().collect() }
    }
}

/// The least and the default maximum session duration of a role, in seconds.
pub const DEFAULT_MAX_SESSION: u64 = 3600;

impl Trust {
    /// Returns the role's trust policy.
    pub fn policy(&self) -> Value {
        let statements: Vec<Value> = self
            .statements()
            .into_iter()
            .map(|(actions, conditions)| {
                let mut statement = Map::new();
                statement.insert("Effect".into(), json!("Allow"));
                statement.insert("Principal".into(), json!({ self.principal.kind(): self.principal.id() }));
                statement.insert("Action".into(), one_or_all(&actions));
                if !conditions.is_empty() {
                    statement.insert("Condition".into(), Value::Object(blocks(conditions)));
                }
                Value::Object(statement)
            })
            .collect();
        json!({ "Version": "2012-10-17", "Statement": statements })
    }

    /// The statements: actions with the same conditions share one.
    fn statements(&self) -> Vec<(Vec<String>, &[Condition])> {
        let mut statements: Vec<(Vec<String>, &[Condition])> = Vec::new();
        for grant in &self.grants {
            match statements.iter_mut().find(|(_, conditions)| **conditions == grant.conditions) {
                Some((actions, _)) => actions.push(grant.action.to_owned()),
                None => statements.push((vec![grant.action.to_owned()], &grant.conditions)),
            }
        }
        statements
    }

    /// Returns the `aws …` commands that create it. They name the files `metadata.xml` and `trust.json`.
    pub fn commands(&self) -> Vec<String> {
        let mut commands = Vec::new();
        match &self.provider {
            Provider::Saml { name, .. } => commands.push(command([
                "aws",
                "iam",
                "create-saml-provider",
                "--name",
                name,
                "--saml-metadata-document",
                "file://metadata.xml",
            ])),
            Provider::Oidc { url, client_ids, .. } => {
                let words = ["aws", "iam", "create-open-id-connect-provider", "--url", url, "--client-id-list"];
                commands.push(command(words.into_iter().chain(client_ids.iter().map(String::as_str))));
            }
            Provider::BuiltIn | Provider::None => {}
        }
        let mut words = vec!["aws", "iam", "create-role", "--role-name", &self.role.name];
        if self.role.path() != "/" {
            words.extend(["--path", self.role.path()]);
        }
        let seconds = self.max_session_duration.to_string();
        words.extend(["--assume-role-policy-document", "file://trust.json", "--max-session-duration", &seconds]);
        commands.push(command(words));
        commands
    }
}

/// `{ OPERATOR: { KEY: VALUES } }`
fn blocks(conditions: &[Condition]) -> Map<String, Value> {
    let mut blocks = Map::new();
    for condition in conditions {
        let block = blocks.entry(condition.operator).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(keys) = block {
            keys.insert(condition.key.clone(), one_or_all(&condition.values));
        }
    }
    blocks
}

fn one_or_all(values: &[String]) -> Value {
    match values {
        [one] => json!(one),
        all => json!(all),
    }
}
