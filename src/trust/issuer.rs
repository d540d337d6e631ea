//! What AWS reads of the tokens of each issuer, and which of it says whose a token is: the data of `issuers.json`.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::pattern::Pattern;

/// An issuer, or a kind of issuers.
#[derive(Debug, Deserialize)]
pub struct Issuer {
    #[serde(default)]
    pub kind: Kind,
    pub name: String,
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
}

/// A key that says whose a token is.
#[derive(Debug, Deserialize)]
pub struct Tenant {
    pub key: String,
    says: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
}

/// A part of `sub` that is another in the next run.
#[derive(Debug, Deserialize)]
struct Varies {
    after: Option<String>,
    up_to: Option<char>,
    after_last: Option<String>,
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

    /// `sub` with what is another in the next run left open, as a pattern. `None`: nothing of it is.
    pub fn without_run(&self, subject: &str) -> Option<String> {
        let mut open: Vec<(usize, usize)> = Vec::new();
        for varies in &self.varies {
            let start = match (&varies.after, &varies.after_last) {
                (Some(after), _) => subject.find(after.as_str()).map(|at| at + after.len()),
                (None, Some(last)) => subject.rfind(last.as_str()).map(|at| at + last.len()),
                (None, None) => None,
            };
            let Some(start) = start else { continue };
            let end = varies.up_to.and_then(|end| subject[start..].find(end)).map_or(subject.len(), |at| start + at);
            if start < end {
                open.push((start, end));
            }
        }
        open.sort_unstable();
        let mut pattern = String::new();
        let mut done = 0;
        for (start, end) in open.iter().filter(|(start, _)| *start < subject.len()) {
            if *start >= done {
                pattern.push_str(&super::pattern::guarded(&subject[done..*start]));
                pattern.push('*');
                done = *end;
            }
        }
        pattern.push_str(&super::pattern::guarded(&subject[done..]));
        (!open.is_empty()).then_some(pattern)
    }

    /// Whether a value of this key says whose the token is. `None`: no value of this key does.
    pub fn says_whose(&self, key: &str, value: &Pattern) -> Option<bool> {
        let tenant = self.tenant.iter().find(|tenant| tenant.key.eq_ignore_ascii_case(key))?;
        Some(tenant.says.iter().any(|form| self.names(form, &tenant.except, value)))
    }

    /// Whether a value has text without wildcards where the form has its braces.
    fn names(&self, form: &str, except: &[String], value: &Pattern) -> bool {
        let Some((lead, tail, digits)) = form
            .split_once("{}")
            .map(|(lead, tail)| (lead, tail, false))
            .or_else(|| form.split_once("{digits}").map(|(lead, tail)| (lead, tail, true)))
        else {
            return false;
        };
        let is_name = |name: &str| {
            !name.is_empty()
                && (!digits || name.bytes().all(|b| b.is_ascii_digit()))
                && !except.iter().any(|none| none.eq_ignore_ascii_case(name))
        };
        let whole = (!value.has_wildcard()).then(|| value.text());
        // Up to the end of the name, or of a value that has no wildcard.
        let up_to = |rest: &str, tail: &str, is_whole: bool| match rest.split_once(tail) {
            Some((name, _)) if !tail.is_empty() => is_name(name),
            Some(_) => is_name(rest),
            None => is_whole && is_name(rest),
        };
        match (lead.strip_prefix('…'), tail.strip_suffix('…')) {
            (None, None) => whole.is_some_and(|text| {
                let name = text.strip_prefix(lead).and_then(|rest| rest.strip_suffix(tail));
                name.is_some_and(is_name)
            }),
            (None, Some(tail)) => {
                value.beginning().strip_prefix(lead).is_some_and(|rest| up_to(rest, tail, whole.is_some()))
            }
            (Some(lead), None) => {
                let ending = value.ending();
                ending.rsplit_once(lead).is_some_and(|(_, rest)| rest.strip_suffix(tail).is_some_and(is_name))
            }
            // Of an issuer that everybody shares a stranger may have the same text further on, so no wildcard comes first.
            (Some(lead), Some(tail)) => {
                let texts = if self.shared { vec![value.beginning()] } else { value.texts() };
                texts
                    .iter()
                    .any(|text| text.split_once(lead).is_some_and(|(_, rest)| up_to(rest, tail, whole.is_some())))
            }
        }
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

    #[test]
    fn what_is_another_in_the_next_run_is_left_open() {
        let table = [
            (
                "app.terraform.io",
                "organization:a:project:p:workspace:w:run_phase:plan",
                Some("organization:a:project:p:workspace:w:run_phase:*"),
            ),
            (
                "agent.buildkite.com",
                "organization:a:pipeline:p:ref:refs/heads/main:commit:9f:step:build",
                Some("organization:a:pipeline:p:ref:refs/heads/main:commit:*:step:*"),
            ),
            ("oidc.circleci.com/org/1", "org/1/project/2/user/3", Some("org/1/project/2/user/*")),
            (
                "oidc.circleci.com/org/1",
                "org/1/project/2/user/3/vcs-origin/github.com/a/b/vcs-ref/refs/heads/main",
                Some("org/1/project/2/user/*/vcs-origin/github.com/a/b/vcs-ref/refs/heads/main"),
            ),
            ("api.bitbucket.org/2.0/workspaces/a/pipelines-config/identity/oidc", "{r}:{s}", Some("{r}:*")),
            ("api.bitbucket.org/2.0/workspaces/a/pipelines-config/identity/oidc", "{r}:{e}:{s}", Some("{r}:{e}:*")),
            (
                "token.actions.githubusercontent.com",
                "repo:o/r:ref:refs/pull/12/merge",
                Some("repo:o/r:ref:refs/pull/*/merge"),
            ),
            ("token.actions.githubusercontent.com", "repo:o/r:ref:refs/heads/main", None),
            ("token.actions.githubusercontent.com", "repo:o/r:pull_request", None),
            ("gitlab.com", "project_path:g/p:ref_type:tag:ref:v1", Some("project_path:g/p:ref_type:tag:ref:*")),
            ("app.terraform.io", "organization:a*:run_phase:plan", Some("organization:a${*}:run_phase:*")),
            ("corp.okta.com", "alice", None),
        ];
        for (provider, subject, expected) in table {
            assert_eq!(of(provider).without_run(subject).as_deref(), expected, "{subject}");
        }
    }

    #[test]
    fn a_value_says_whose_the_token_is_or_leaves_it_open() {
        let table = [
            ("token.actions.githubusercontent.com", "sub", "repo:acme/app:*", Some(true)),
            ("token.actions.githubusercontent.com", "sub", "repo:acme/*", Some(true)),
            ("token.actions.githubusercontent.com", "sub", "repo:acme@12/app@34:*", Some(true)),
            ("token.actions.githubusercontent.com", "sub", "repo:acme*", Some(false)),
            ("token.actions.githubusercontent.com", "sub", "repo:?cme/app:*", Some(false)),
            ("token.actions.githubusercontent.com", "sub", "*/app:*", Some(false)),
            ("token.actions.githubusercontent.com", "sub", "environment:prod", Some(false)),
            ("token.actions.githubusercontent.com", "sub", "repository_owner_id:65:*", Some(true)),
            ("token.actions.githubusercontent.com", "sub", "environment:prod:repository_owner:acme", Some(true)),
            ("token.actions.githubusercontent.com", "sub", "environment:*:repository_owner:acme", Some(false)),
            ("token.actions.githubusercontent.com", "repository_id", "74", Some(true)),
            ("token.actions.githubusercontent.com", "ref", "refs/heads/main", None),
            ("accounts.google.com", "aud", "107300000000000000001", Some(true)),
            ("accounts.google.com", "aud", "etl@demo.iam.gserviceaccount.com", Some(true)),
            ("accounts.google.com", "aud", "*.gserviceaccount.com", Some(false)),
            ("accounts.google.com", "aud", "1-x.apps.googleusercontent.com", Some(false)),
            ("accounts.google.com", "email", "*@acme.com", Some(true)),
            ("accounts.google.com", "email", "*@gmail.com", Some(false)),
            ("accounts.google.com", "email", "*", Some(false)),
            ("oidc.circleci.com/org/1", "sub", "org/1/project/2/user/*", Some(true)),
            ("oidc.circleci.com/org/1", "sub", "org/1/project/*", Some(false)),
            ("corp.okta.com", "sub", "*", Some(false)),
            ("corp.okta.com", "sub", "alice", Some(true)),
        ];
        for (provider, key, value, expected) in table {
            let pattern = Pattern::read_open(value, true, false);
            assert_eq!(of(provider).says_whose(key, &pattern), expected, "{provider} {key} {value}");
        }
    }
}
