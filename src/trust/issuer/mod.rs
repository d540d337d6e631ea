//! What AWS reads of the tokens of each issuer, and which of it says whose a token is: the data of `issuers.json`.

mod next_run;
mod tenant;

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use self::next_run::Varies;
pub use self::tenant::Tenant;
use super::pattern::Pattern;

/// An issuer, or a kind of issuers.
#[derive(Debug, Deserialize)]
pub struct Issuer {
    #[serde(default)]
    pub kind: Kind,
    pub name: String,
    /// Where the form of `sub` is written; `unknown…` where nobody was found who says it.
    pub form: String,
    #[serde(rename = "match")]
    matches: Vec<String>,
    #[serde(default)]
    keys: Vec<String>,
    all_keys: Option<Vec<String>>,
    /// Whether all its customers have the same issuer.
    pub shared: bool,
    /// Whom a policy lets in that does not say whose the token has to be.
    pub anybody: String,
    pub tenant: Vec<Tenant>,
    /// Keys whose values anybody may have as well.
    #[serde(default)]
    pub choice: Vec<String>,
    #[serde(default)]
    varies: Vec<Varies>,
}

/// Issuers that AWS or a sentence of ours treats in a way of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Google,
    Cognito,
    Amazon,
    Facebook,
    #[serde(rename = "github")]
    GitHub,
    #[serde(rename = "github-enterprise")]
    GitHubEnterprise,
    #[serde(rename = "github-server")]
    GitHubServer,
    #[serde(rename = "gitlab")]
    GitLab,
    #[serde(rename = "gitlab-self-managed")]
    GitLabSelfManaged,
    #[serde(rename = "buildkite")]
    Buildkite,
    Terraform,
    #[serde(rename = "circleci")]
    CircleCi,
    Bitbucket,
    Kubernetes,
    Entra,
    #[default]
    Other,
}

impl Kind {
    /// Whether AWS knows the provider by itself, by the issuer's name in place of an ARN.
    pub fn is_built_in(self) -> bool {
        match self {
            Kind::Google | Kind::Cognito | Kind::Amazon | Kind::Facebook => true,
            Kind::GitHub
            | Kind::GitHubEnterprise
            | Kind::GitHubServer
            | Kind::GitLab
            | Kind::GitLabSelfManaged
            | Kind::Buildkite
            | Kind::Terraform
            | Kind::CircleCi
            | Kind::Bitbucket
            | Kind::Kubernetes
            | Kind::Entra
            | Kind::Other => false,
        }
    }

    /// Whether everybody can have an account there, and AWS knows it by itself.
    pub fn is_of_the_public(self) -> bool {
        self.is_built_in() && self != Kind::Cognito
    }
}

#[derive(Debug, Deserialize)]
struct Issuers {
    default: Vec<String>,
    saml: Vec<String>,
    issuers: Vec<Issuer>,
}

static DATA: LazyLock<Issuers> = LazyLock::new(|| {
    // The file is a part of this program, and a test reads it: it does not fail.
    serde_json::from_str(include_str!("issuers.json")).unwrap_or(Issuers {
        default: vec![],
        saml: vec![],
        issuers: vec![],
    })
});

static UNKNOWN: LazyLock<Issuer> = LazyLock::new(|| Issuer {
    kind: Kind::Other,
    name: "an issuer of one's own".to_owned(),
    form: "unknown: each has its own".to_owned(),
    matches: vec![],
    keys: vec![],
    all_keys: None,
    shared: false,
    anybody: "whoever gets a token of this issuer for one of the provider's client ids".to_owned(),
    tenant: ["aud", "sub", "email"]
        .map(|key| Tenant { key: key.to_owned(), says: vec!["{}…".to_owned()], except: vec![] })
        .into(),
    choice: vec![],
    varies: vec![],
});

/// The issuer by its name at IAM, without its scheme.
pub fn of(provider: &str) -> &'static Issuer {
    let provider = provider.to_ascii_lowercase();
    let known = DATA
        .issuers
        .iter()
        .find(|issuer| issuer.matches.iter().any(|pattern| Pattern::read_open(pattern, true, false).fits(&provider)));
    known.unwrap_or(&UNKNOWN)
}

/// Attributes of an assertion that AWS makes `saml:` keys of.
pub fn is_saml_key(name: &str) -> bool {
    DATA.saml.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The issuer in the ARN of its provider; what is no such ARN is the name itself.
pub fn provider_of(principal: &str) -> &str {
    principal.split_once(":oidc-provider/").map_or(principal, |(_, provider)| provider)
}

impl Issuer {
    /// Keys and the claims that AWS reads for them; the first that a token has counts.
    fn key_claims(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let all = match &self.all_keys {
            Some(all) => all.iter().chain([].iter()),
            None => DATA.default.iter().chain(self.keys.iter()),
        };
        all.map(|text| match text.split_once('=') {
            Some((key, claims)) => (key, claims.split('|').collect()),
            None => (text.as_str(), vec![text.as_str()]),
        })
    }

    /// Keys that AWS has for this issuer beside those of every one.
    pub fn special_keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|text| text.split_once('=').map_or(text.as_str(), |(key, _)| key))
    }

    /// Whether AWS has this key (without the issuer's name) for its tokens.
    pub fn reads(&self, key: &str) -> bool {
        self.key_claims().any(|(known, _)| known.eq_ignore_ascii_case(key))
    }

    /// What AWS reads of these claims: keys without the issuer's name, and their values.
    pub fn values(&self, claims: &Map<String, Value>) -> Vec<(String, Vec<String>)> {
        let value = |(key, names): (&str, Vec<&str>)| {
            let found = names.iter().find_map(|name| claim(claims, name))?;
            Some((key.to_owned(), texts(found))).filter(|(_, values)| !values.is_empty())
        };
        self.key_claims().filter_map(value).collect()
    }
}

/// A claim by its name, or by the names of one in another.
fn claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let value = claims.get(name).or_else(|| {
        let (outer, inner) = name.split_once('/')?;
        claims.get(outer)?.get(inner).or_else(|| claims.get(&format!("{outer}:{inner}")))
    })?;
    Some(value).filter(|value| !matches!(value, Value::Null) && *value != "")
}

/// The texts of a claim, numbers as they are written.
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
        assert!(serde_json::from_str::<Issuers>(include_str!("issuers.json")).is_ok());
        assert!(DATA.issuers.len() > 20 && DATA.saml.len() > 25);
        for issuer in &DATA.issuers {
            assert!(issuer.form.len() > 15, "{}: where is the form of its sub written?", issuer.name);
        }
    }

    #[test]
    fn each_issuer_is_found_by_its_name() {
        let table = [
            ("token.actions.githubusercontent.com", Kind::GitHub),
            ("token.actions.githubusercontent.com/acme", Kind::GitHubEnterprise),
            ("token.actions.acme.ghe.com", Kind::GitHubEnterprise),
            ("github.acme.com/_services/token", Kind::GitHubServer),
            ("gitlab.com", Kind::GitLab),
            ("gitlab.acme.com", Kind::GitLabSelfManaged),
            ("oidc.circleci.com/org/1", Kind::CircleCi),
            ("oidc.eks.eu-west-1.amazonaws.com/id/ABC", Kind::Kubernetes),
            ("eastus.oic.prod-aks.azure.com/t/c/", Kind::Kubernetes),
            ("sts.windows.net/t/", Kind::Entra),
            ("corp.okta.com", Kind::Other),
        ];
        for (provider, kind) in table {
            assert_eq!(of(provider).kind, kind, "{provider}");
        }
    }
}
