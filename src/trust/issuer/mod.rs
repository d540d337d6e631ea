//! What AWS reads of the tokens of each issuer, and which part of it says whose a token is: the data of `issuers.json`.

mod next_run;
mod tenant;

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use self::next_run::Varies;
pub use self::tenant::Tenant;
use super::pattern::Pattern;

/// An issuer, or a kind of issuers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Issuer {
    pub kind: Kind,
    pub name: String,
    /// Where the form of `sub` is documented; `unknown…` if no such page was found.
    pub form: String,
    #[serde(rename = "match")]
    matches: Vec<String>,
    keys: Vec<String>,
    all_keys: Option<Vec<String>>,
    /// Whether all its customers have the same issuer.
    pub shared: bool,
    /// Whom a policy lets in that does not say whose the token has to be.
    pub anybody: String,
    pub tenant: Vec<Tenant>,
    /// Keys whose values anybody may have as well.
    pub choice: Vec<String>,
    varies: Vec<Varies>,
    /// What a person should know before they use a policy for this issuer.
    pub note: Option<String>,
}

/// Issuers that AWS knows without a provider in IAM, each with condition keys of its own; and all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Google,
    Cognito,
    Amazon,
    Facebook,
    #[default]
    Other,
}

impl Kind {
    /// Whether the issuer's name stands in policies in place of a provider's ARN.
    pub fn is_built_in(self) -> bool {
        self != Kind::Other
    }

    /// Whether AWS knows it without a provider in IAM, and everybody can have an account there.
    pub fn is_of_the_public(self) -> bool {
        self.is_built_in() && self != Kind::Cognito
    }
}

#[derive(Debug, Default, Deserialize)]
struct Issuers {
    default: Vec<String>,
    saml: Vec<String>,
    unknown: Issuer,
    issuers: Vec<Issuer>,
}

static DATA: LazyLock<Issuers> = LazyLock::new(|| {
    // The file is a part of this program, and a test reads it: it does not fail.
    serde_json::from_str(include_str!("issuers.json")).unwrap_or_default()
});

/// Returns the issuer with this name in IAM, which has no scheme.
pub fn of(provider: &str) -> &'static Issuer {
    let provider = provider.to_ascii_lowercase();
    let is_match = |pattern: &String| Pattern::read_open(pattern, true, false).fits(&provider);
    DATA.issuers.iter().find(|issuer| issuer.matches.iter().any(is_match)).unwrap_or(&DATA.unknown)
}

/// The condition keys of an assertion, without `saml:`, and the object identifier of their attribute.
fn saml_keys() -> impl Iterator<Item = (&'static str, &'static str)> {
    DATA.saml.iter().map(|text| text.split_once('=').unwrap_or((text, "")))
}

/// Whether AWS has this condition key, without `saml:`, for assertions.
pub fn is_saml_key(name: &str) -> bool {
    saml_keys().any(|(key, _)| key.eq_ignore_ascii_case(name))
}

/// Returns the condition keys that AWS makes of an attribute, which is called by its name or its object identifier.
pub fn saml_keys_of(attribute: &str) -> impl Iterator<Item = &'static str> {
    let oid = attribute.strip_prefix("urn:oid:");
    saml_keys().filter(move |(key, id)| !id.is_empty() && (*key == attribute || oid == Some(id))).map(|(key, _)| key)
}

/// Returns the issuer's name from the ARN of its provider; any other text is the name itself.
pub fn provider_of(principal: &str) -> &str {
    principal.split_once(":oidc-provider/").map_or(principal, |(_, provider)| provider)
}

impl Issuer {
    /// The condition keys and, for each, the claims that AWS reads for it; the first one that a token has counts.
    fn key_claims(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let all = match &self.all_keys {
            Some(all) => all.iter().chain(&[]),
            None => DATA.default.iter().chain(&self.keys),
        };
        all.map(|text| match text.split_once('=') {
            Some((key, claims)) => (key, claims.split('|').collect()),
            None => (text.as_str(), vec![text.as_str()]),
        })
    }

    /// The condition keys of this issuer in addition to those of every issuer.
    pub fn special_keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|text| text.split_once('=').map_or(text.as_str(), |(key, _)| key))
    }

    /// Whether AWS has this condition key, without the issuer's name, for its tokens.
    pub fn reads(&self, key: &str) -> bool {
        self.key_claims().any(|(known, _)| known.eq_ignore_ascii_case(key))
    }

    /// Returns the condition keys, without the issuer's name, and values that AWS makes of these claims.
    pub fn values(&self, claims: &Map<String, Value>) -> Vec<(String, Vec<String>)> {
        let value = |(key, names): (&str, Vec<&str>)| {
            let found = names.iter().find_map(|name| claim(claims, name))?;
            Some((key.to_owned(), texts(found))).filter(|(_, values)| !values.is_empty())
        };
        self.key_claims().filter_map(value).collect()
    }
}

/// A claim by its name, or by `OUTER/INNER` if it is in another claim.
fn claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let value = claims.get(name).or_else(|| {
        let (outer, inner) = name.split_once('/')?;
        claims.get(outer)?.get(inner).or_else(|| claims.get(&format!("{outer}:{inner}")))
    })?;
    Some(value).filter(|value| !value.is_null() && *value != "")
}

/// Returns the texts in a value: those of a list one by one, numbers as they are written, none of an object.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        Value::Null | Value::Object(_) => Vec::new(),
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_read_whole() {
        let data: Issuers = serde_json::from_str(include_str!("issuers.json")).unwrap();
        assert!(data.issuers.len() > 20 && data.saml.len() > 25 && !DATA.unknown.anybody.is_empty());
        for issuer in &data.issuers {
            assert!(issuer.form.len() > 15, "{}: where is the form of its sub written?", issuer.name);
            let is_whole = !issuer.matches.is_empty() && !issuer.anybody.is_empty() && !issuer.tenant.is_empty();
            assert!(is_whole, "{}", issuer.name);
        }
        let raw: Value = serde_json::from_str(include_str!("issuers.json")).unwrap();
        assert!(raw["issuers"].as_array().unwrap().iter().all(|issuer| issuer["shared"].is_boolean()));
    }

    #[test]
    fn each_issuer_is_found_by_its_name() {
        let table = [
            ("accounts.google.com", "Google"),
            ("token.actions.githubusercontent.com", "GitHub Actions"),
            ("token.actions.githubusercontent.com/acme", "GitHub Actions of an enterprise"),
            ("token.actions.acme.ghe.com", "GitHub Actions of an enterprise"),
            ("github.acme.com/_services/token", "GitHub Enterprise Server"),
            ("gitlab.com", "GitLab.com"),
            ("gitlab.acme.com", "GitLab of one's own"),
            ("oidc.circleci.com/org/1", "CircleCI"),
            ("oidc.eks.eu-west-1.amazonaws.com/id/ABC", "Kubernetes"),
            ("eastus.oic.prod-aks.azure.com/t/c/", "Kubernetes"),
            ("sts.windows.net/t/", "Microsoft Entra ID"),
            ("corp.okta.com", "an issuer of one's own"),
        ];
        for (provider, name) in table {
            assert_eq!(of(provider).name, name, "{provider}");
        }
    }

    #[test]
    fn an_attribute_is_known_by_name_and_by_object_identifier() {
        let table = [
            ("urn:oid:2.5.4.3", vec!["cn", "commonName"]),
            ("mail", vec!["mail"]),
            ("MAIL", vec![]),
            ("aud", vec![]),
            ("urn:oid:", vec![]),
        ];
        for (attribute, expected) in table {
            assert_eq!(saml_keys_of(attribute).collect::<Vec<_>>(), expected, "{attribute}");
        }
        assert!(is_saml_key("MAIL") && is_saml_key("sub_type") && !is_saml_key("groups"));
    }
}
