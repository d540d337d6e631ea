//! What AWS reads of a token.

use serde_json::{Map, Value};

use crate::arn::RoleArn;
use crate::identity::oidc::claims::Claims;
use crate::trust::issuer::{self, Issuer, Kind, texts};
use crate::trust::request::Principal;

const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

/// The claims of a token that AWS reads; of a token that does not exist yet, what a person says of it.
#[derive(Clone, Debug, Default)]
pub struct Token {
    pub issuer: String,
    /// The subjects that the policy allows.
    pub subjects: Vec<String>,
    /// Whether a person named the subjects, so that `*` and `?` in them are wildcards.
    pub are_patterns: bool,
    pub audiences: Vec<String>,
    /// The claim `azp`: who requested the token.
    pub authorized_party: Option<String>,
    pub tags: Vec<(String, String)>,
    pub transitive_tag_keys: Vec<String>,
    pub source_identity: Option<String>,
    /// All claims, unchanged.
    pub claims: Map<String, Value>,
}

impl Token {
    pub fn of(claims: &Claims) -> Token {
        let all = claims.all();
        let text = |name: &str| all.get(name).map(texts).and_then(|texts| texts.into_iter().next());
        let (tags, transitive_tag_keys) = tags(all);
        Token {
            issuer: claims.issuer().to_owned(),
            subjects: vec![claims.subject().to_owned()],
            are_patterns: false,
            audiences: claims.audiences().to_vec(),
            authorized_party: text("azp").filter(|party| !party.is_empty()),
            tags,
            transitive_tag_keys,
            source_identity: text(SOURCE_IDENTITY),
            claims: all.clone(),
        }
    }

    /// The issuer's name in IAM: its URL without the scheme, including a slash at its end.
    pub fn provider(&self) -> &str {
        self.issuer.strip_prefix("https://").unwrap_or(&self.issuer)
    }

    pub fn kind(&self) -> Kind {
        self.known().kind
    }

    pub(super) fn known(&self) -> &'static Issuer {
        issuer::of(self.provider())
    }

    /// The value of AWS's condition key `aud`: `azp` if the token has it, else `aud`.
    pub fn audience_key(&self) -> Vec<String> {
        match &self.authorized_party {
            Some(party) if self.kind() != Kind::Cognito => vec![party.clone()],
            _ => self.audiences.clone(),
        }
    }

    pub(super) fn principal(&self, role: &RoleArn) -> Principal {
        Principal::Federated(match self.kind().is_built_in() {
            true => self.provider().to_owned(),
            false => self.provider_arn(role),
        })
    }

    pub(super) fn provider_arn(&self, role: &RoleArn) -> String {
        format!("arn:{}:iam::{}:oidc-provider/{}", role.partition, role.owner, self.provider())
    }
}

/// The session tags and the transitive keys, nested as AWS documents them or flattened into names of claims.
fn tags(claims: &Map<String, Value>) -> (Vec<(String, String)>, Vec<String>) {
    let nested = claims.get(TAGS).and_then(Value::as_object);
    let mut tags: Vec<(String, String)> = nested
        .and_then(|tags| tags.get("principal_tags"))
        .and_then(Value::as_object)
        .map(|tags| tags.iter().map(|(key, value)| (key.clone(), texts(value).join(" "))).collect())
        .unwrap_or_default();
    let prefix = format!("{TAGS}/principal_tags/");
    tags.extend(
        claims
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(&prefix)?.to_owned(), texts(value).join(" ")))),
    );
    let transitive = nested
        .and_then(|tags| tags.get("transitive_tag_keys"))
        .or_else(|| claims.get(&format!("{TAGS}/transitive_tag_keys")));
    (tags, transitive.map(texts).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tags_are_found_nested_and_flattened() {
        let nested = json!({ TAGS: { "principal_tags": { "Team": ["data"] }, "transitive_tag_keys": ["Team"] }, SOURCE_IDENTITY: "alice" });
        let flat = json!({ "https://aws.amazon.com/tags/principal_tags/Team": ["data"], "https://aws.amazon.com/tags/transitive_tag_keys": "Team" });
        for claims in [nested, flat] {
            let found = tags(claims.as_object().unwrap());
            assert_eq!(found, (vec![("Team".to_owned(), "data".to_owned())], vec!["Team".to_owned()]));
        }
    }
}
