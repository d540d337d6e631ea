//! `assume_role_kwargs`: the parameters of the STS call, checked as botocore does before sending.
//!
//! Only types and minimums are checked, so that a plan is what Airflow would send. STS itself rejects the rest, such as
//! a session name with spaces or a duration that is too long.

use serde_json::Value;

use super::broken::Broken;
use super::fields::Fields;
use crate::config::names::Names;

/// The STS operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    AssumeRole,
    AssumeRoleWithSaml,
    AssumeRoleWithWebIdentity,
}

/// Parameters that a connection or an AWS profile adds to the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionParams {
    pub role_session_name: Option<String>,
    pub duration_seconds: Option<i64>,
    pub minimum_session_token_size: Option<i64>,
    pub policy: Option<String>,
    pub policy_arns: Vec<String>,
    pub tags: Vec<(String, String)>,
    pub transitive_tag_keys: Vec<String>,
    pub external_id: Option<String>,
    pub serial_number: Option<String>,
    pub token_code: Option<String>,
    pub source_identity: Option<String>,
    pub provider_id: Option<String>,
    /// Provider ARN and context assertion.
    pub provided_contexts: Vec<(String, String)>,
}

const SESSION_KEYS: Names = Names("PolicyArns Policy DurationSeconds MinimumSessionTokenSize");
const ROLE_KEYS: Names = Names(
    "RoleArn RoleSessionName Tags TransitiveTagKeys ExternalId SerialNumber TokenCode SourceIdentity \
     ProvidedContexts",
);
/// `RoleArn` and the token of the connection take precedence over these. For SAML botocore raises an error.
const WEB_IDENTITY_KEYS: Names = Names("RoleArn RoleSessionName ProviderId WebIdentityToken");

impl Action {
    pub fn name(self) -> &'static str {
        match self {
            Action::AssumeRole => "AssumeRole",
            Action::AssumeRoleWithSaml => "AssumeRoleWithSAML",
            Action::AssumeRoleWithWebIdentity => "AssumeRoleWithWebIdentity",
        }
    }

    fn keys(self) -> impl Iterator<Item = &'static str> {
        let own = match self {
            Action::AssumeRole => ROLE_KEYS,
            Action::AssumeRoleWithSaml => Names(""),
            Action::AssumeRoleWithWebIdentity => WEB_IDENTITY_KEYS,
        };
        own.iter().chain(SESSION_KEYS.iter())
    }
}

impl SessionParams {
    pub fn read(kwargs: &Fields<'_>, action: Action) -> Result<Self, Broken> {
        for key in kwargs.keys() {
            if !action.keys().any(|known| known == key) {
                return Err(unknown(kwargs, key, action));
            }
            if kwargs.get(key).is_none() {
                return Err(Broken::new(
                    format!("`{}` is null, which STS does not take", kwargs.path_of(key)),
                    format!("remove \"{key}\""),
                ));
            }
        }
        let text = |key: &str, least: usize| match kwargs.text(key)? {
            Some(text) if text.chars().count() < least => Err(too_short(kwargs, key, least)),
            text => Ok(text),
        };
        Ok(SessionParams {
            role_session_name: text("RoleSessionName", 2)?,
            duration_seconds: whole(kwargs, "DurationSeconds", 900)?,
            minimum_session_token_size: whole(kwargs, "MinimumSessionTokenSize", 0)?,
            policy: text("Policy", 1)?,
            policy_arns: kwargs.list("PolicyArns", "a list of {\"arn\": \"arn:aws:…\"}", |item| {
                item.get("arn")?.as_str().filter(|arn| arn.len() >= 20).map(str::to_owned)
            })?,
            tags: kwargs.list("Tags", "a list of {\"Key\": \"…\", \"Value\": \"…\"}", |item| {
                pair(item, "Key", "Value").filter(|(key, _)| !key.is_empty())
            })?,
            transitive_tag_keys: kwargs
                .list("TransitiveTagKeys", "a list of tag keys", |item| item.as_str().map(str::to_owned))?,
            external_id: text("ExternalId", 2)?,
            serial_number: text("SerialNumber", 9)?,
            token_code: text("TokenCode", 6)?,
            source_identity: text("SourceIdentity", 2)?,
            provider_id: text("ProviderId", 4)?,
            provided_contexts: kwargs.list(
                "ProvidedContexts",
                "a list of {\"ProviderArn\": \"…\", \"ContextAssertion\": \"…\"}",
                |item| pair(item, "ProviderArn", "ContextAssertion"),
            )?,
        })
    }

    /// Returns names and values of the form (AWS's query encoding), without the role and its session's name.
    pub fn form(&self) -> Vec<(String, String)> {
        let mut form: Vec<(String, String)> = Vec::new();
        let single = [
            ("DurationSeconds", self.duration_seconds.map(|seconds| seconds.to_string())),
            ("MinimumSessionTokenSize", self.minimum_session_token_size.map(|size| size.to_string())),
            ("Policy", self.policy.clone()),
            ("ExternalId", self.external_id.clone()),
            ("SerialNumber", self.serial_number.clone()),
            ("TokenCode", self.token_code.clone()),
            ("SourceIdentity", self.source_identity.clone()),
            ("ProviderId", self.provider_id.clone()),
        ];
        form.extend(single.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        for (n, arn) in self.policy_arns.iter().enumerate() {
            form.push((format!("PolicyArns.member.{}.arn", n + 1), arn.clone()));
        }
        for (n, (key, value)) in self.tags.iter().enumerate() {
            form.push((format!("Tags.member.{}.Key", n + 1), key.clone()));
            form.push((format!("Tags.member.{}.Value", n + 1), value.clone()));
        }
        for (n, key) in self.transitive_tag_keys.iter().enumerate() {
            form.push((format!("TransitiveTagKeys.member.{}", n + 1), key.clone()));
        }
        for (n, (arn, context)) in self.provided_contexts.iter().enumerate() {
            form.push((format!("ProvidedContexts.member.{}.ProviderArn", n + 1), arn.clone()));
            form.push((format!("ProvidedContexts.member.{}.ContextAssertion", n + 1), context.clone()));
        }
        form
    }
}

fn whole(kwargs: &Fields<'_>, key: &str, least: i64) -> Result<Option<i64>, Broken> {
    match kwargs.get(key) {
        None => Ok(None),
        Some(value @ Value::Number(number)) => match number.as_i64() {
            Some(number) if number >= least => Ok(Some(number)),
            Some(_) => Err(Broken::new(
                format!("`{}` is below {least}, the least that STS takes", kwargs.path_of(key)),
                format!("write \"{key}\": {least} or more"),
            )),
            None => Err(kwargs.wrong(key, value, "a whole number")),
        },
        Some(other) => Err(kwargs.wrong(key, other, "a whole number, without quotes")),
    }
}

fn pair(item: &Value, first: &str, second: &str) -> Option<(String, String)> {
    let text = |key| item.get(key).and_then(Value::as_str).map(str::to_owned);
    Some((text(first)?, text(second)?))
}

fn too_short(kwargs: &Fields<'_>, key: &str, least: usize) -> Broken {
    Broken::new(
        format!("`{}` is shorter than the {least} characters that STS takes at least", kwargs.path_of(key)),
        format!("write \"{key}\" in full, or remove it"),
    )
}

fn unknown(kwargs: &Fields<'_>, key: &str, action: Action) -> Broken {
    let shown = super::redact::name(key);
    let why = format!("`{}` is not a parameter of {}", kwargs.path_of(&shown), action.name());
    // Parameters are in PascalCase; people also write them as keys of an AWS profile.
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    match action.keys().find(|known| plain(known) == plain(key)) {
        Some(known) => Broken::new(why, format!("write \"{known}\" for \"{shown}\"")),
        None if ["RoleArn", "PrincipalArn", "SAMLAssertion"].contains(&key) => {
            Broken::new(why, format!("remove \"{shown}\" from assume_role_kwargs: the connection gives it already"))
        }
        None => {
            let known: Vec<&str> = action.keys().collect();
            Broken::new(why, format!("remove \"{shown}\"; {} takes {}", action.name(), known.join(", ")))
        }
    }
}
