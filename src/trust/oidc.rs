//! A token at the door.

use serde_json::{Map, Value};

use super::asker::{Asker, Context, Principal};
use super::{Condition, DEFAULT_MAX_SESSION, Grant, Provider, Trust};
use crate::arn::RoleArn;
use crate::identity::oidc::claims::Claims;

const ACTION: &str = "sts:AssumeRoleWithWebIdentity";
const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

/// What AWS reads of a token. Of one that is not there yet, what a person says of it.
#[derive(Clone, Debug, Default)]
pub struct Token {
    pub issuer: String,
    /// Of those that are to be let in; a pattern may stand for several.
    pub subjects: Vec<String>,
    pub audiences: Vec<String>,
    /// Who asked for the token.
    pub authorized_party: Option<String>,
    pub tags: Vec<(String, String)>,
    pub transitive_tag_keys: Vec<String>,
    pub source_identity: Option<String>,
    /// Further claims, with their text.
    pub claims: Vec<(String, Vec<String>)>,
}

/// Issuers that AWS treats in a way of their own (IAM User Guide, "OIDC federation").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    Google,
    Cognito,
    Amazon,
    Facebook,
    GitHub,
    Eks,
}

impl Token {
    pub fn of(claims: &Claims) -> Token {
        let all = claims.all();
        let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
        let (tags, transitive_tag_keys) = tags(all);
        Token {
            issuer: claims.issuer().to_owned(),
            subjects: vec![claims.subject().to_owned()],
            audiences: claims.audiences().to_vec(),
            authorized_party: text("azp"),
            tags,
            transitive_tag_keys,
            source_identity: text(SOURCE_IDENTITY),
            claims: all.iter().map(|(name, value)| (name.clone(), texts(value))).collect(),
        }
    }

    /// As IAM names it: the issuer without its scheme, down to a slash at its end.
    pub fn provider(&self) -> &str {
        self.issuer.strip_prefix("https://").unwrap_or(&self.issuer)
    }

    pub fn special(&self) -> Option<Special> {
        let provider = self.provider();
        match provider {
            "accounts.google.com" => Some(Special::Google),
            "cognito-identity.amazonaws.com" => Some(Special::Cognito),
            "www.amazon.com" => Some(Special::Amazon),
            "graph.facebook.com" => Some(Special::Facebook),
            "token.actions.githubusercontent.com" => Some(Special::GitHub),
            _ if provider.starts_with("oidc.eks.") || provider.starts_with("oidc-eks.") => Some(Special::Eks),
            _ => None,
        }
    }

    /// What AWS's key `aud` reads: `azp` where there is one, else `aud`.
    pub fn audience_key(&self) -> Vec<String> {
        match &self.authorized_party {
            Some(party) => vec![party.clone()],
            None => self.audiences.clone(),
        }
    }

    fn principal(&self, role: &RoleArn) -> Principal {
        Principal::Federated(match self.special() {
            Some(Special::Google | Special::Cognito | Special::Amazon | Special::Facebook) => {
                self.provider().to_owned()
            }
            Some(Special::GitHub | Special::Eks) | None => self.provider_arn(role),
        })
    }

    fn provider_arn(&self, role: &RoleArn) -> String {
        format!("arn:{}:iam::{}:oidc-provider/{}", role.partition, role.account_id, self.provider())
    }
}

/// Who the bearer of this token is to AWS.
pub fn asker(token: &Token, role: &RoleArn) -> Asker {
    let provider = token.provider();
    let mut context = Context::default();
    // Of most issuers AWS reads these alone; of some it reads further claims of the token.
    let is_read_whole = matches!(token.special(), Some(Special::GitHub | Special::Google))
        || provider.starts_with("oidc.circleci.com/");
    for (name, values) in &token.claims {
        if is_read_whole || matches!(name.as_str(), "amr" | "email") {
            context.set(format!("{provider}:{name}"), values);
        }
    }
    context.set(format!("{provider}:aud"), token.audience_key());
    context.set(format!("{provider}:sub"), &token.subjects);
    if token.special() == Some(Special::Google) {
        context.set(format!("{provider}:oaud"), &token.audiences);
    }
    context.tags(&token.tags, &token.transitive_tag_keys);
    context.set("sts:SourceIdentity", &token.source_identity);
    Asker {
        proof: "the token",
        principal: token.principal(role),
        actions: Asker::needs(ACTION, !token.tags.is_empty(), token.source_identity.is_some()),
        context,
        known: [
            &format!("{provider}:"),
            "saml:",
            "aws:RequestTag/",
            "aws:TagKeys",
            "sts:TransitiveTagKeys",
            "sts:SourceIdentity",
            "sts:ExternalId",
            "aws:PrincipalTag/",
            "aws:MultiFactorAuth",
        ]
        .map(str::to_owned)
        .into(),
    }
}

/// What must exist for it. `duration`: what the profile asks for, in seconds.
pub fn trust(token: &Token, role: &RoleArn, duration: Option<u64>) -> Trust {
    let asker = asker(token, role);
    let provider = token.provider();
    let key = |name: &str| format!("{provider}:{name}");
    let mut conditions = vec![Condition::string(key("aud"), token.audience_key())];
    match token.special() {
        Some(Special::Google) => conditions.push(Condition::string(key("oaud"), token.audiences.clone())),
        Some(Special::Cognito) => conditions.push(Condition {
            operator: "ForAnyValue:StringLike",
            key: key("amr"),
            values: vec!["authenticated".to_owned()],
        }),
        Some(Special::Amazon | Special::Facebook) => {
            conditions = vec![Condition::string(key("app_id"), token.audience_key())];
        }
        Some(Special::GitHub | Special::Eks) | None => {}
    }
    if !matches!(token.special(), Some(Special::Amazon | Special::Facebook)) {
        conditions.push(Condition::string(key("sub"), token.subjects.clone()));
    }
    conditions.retain(|condition| !condition.values.is_empty());
    let client_ids = token.audience_key();
    Trust {
        role: role.clone(),
        provider: match token.special() {
            Some(Special::Google | Special::Cognito | Special::Amazon | Special::Facebook) => Provider::BuiltIn,
            Some(Special::GitHub | Special::Eks) | None => {
                Provider::Oidc { arn: token.provider_arn(role), url: format!("https://{provider}"), client_ids }
            }
        },
        principal: asker.principal,
        // The token's own keys come with the call alone.
        grants: asker
            .actions
            .into_iter()
            .map(|action| Grant { action, conditions: if action == ACTION { conditions.clone() } else { Vec::new() } })
            .collect(),
        max_session_duration: duration.unwrap_or(0).clamp(DEFAULT_MAX_SESSION, 43200),
        notes: notes(token),
    }
}

fn notes(token: &Token) -> Vec<String> {
    let mut notes = Vec::new();
    let special = match token.special() {
        Some(Special::Google) => {
            "AWS knows Google by itself: no provider is made in IAM. Its key `aud` reads the claim azp, which is the \
             numeric id with a token of the metadata server and the e-mail address with one of a key file; `oaud` reads aud"
        }
        Some(Special::Cognito) => {
            "AWS knows Cognito's identity pools by themselves: `aud` is the pool's id, and `amr` keeps guests out. A user \
             pool is another issuer, and wants a provider in IAM"
        }
        Some(Special::Amazon) => "AWS knows Login with Amazon by itself: the keys are `app_id` and `user_id`",
        Some(Special::Facebook) => "AWS knows Facebook by itself: the keys are `app_id` and `id`",
        Some(Special::GitHub) => {
            "GitHub has changed the format of sub, which may hold names or ids and what the repository was customised to: \
             this policy has the token's own, so a job on another branch, tag or environment is another subject. AWS \
             refuses policies for GitHub that do not look at sub"
        }
        Some(Special::Eks) => {
            "each EKS cluster is an issuer of its own: aws eks describe-cluster --name NAME --query cluster.identity.oidc.issuer"
        }
        None => "",
    };
    notes.extend(Some(special.to_owned()).filter(|note| !note.is_empty()));
    if let (Some(party), None | Some(Special::Eks)) = (&token.authorized_party, token.special())
        && !token.audiences.contains(party)
    {
        notes.push(format!(
            "the token has azp = {party}, which is what AWS compares in place of aud: it is the client id here"
        ));
    }
    if token.subjects.iter().any(|subject| subject.contains(['*', '?'])) {
        notes.push("a pattern in sub lets in whoever fits it, also those who do not exist yet".to_owned());
    }
    if token.issuer.starts_with("http://") {
        notes.push("the issuer is plain http: AWS takes none that is not https".to_owned());
    }
    if !token.tags.is_empty() {
        let keys: Vec<&str> = token.tags.iter().map(|(key, _)| key.as_str()).collect();
        notes.push(format!(
            "the token sets the session tags {}: every role it is for has to allow sts:TagSession",
            keys.join(", ")
        ));
    }
    notes
}

/// `principal_tags` and `transitive_tag_keys`, nested as AWS writes them or flattened into names of claims.
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

fn texts(value: &Value) -> Vec<String> {
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
    use serde_json::json;

    fn role() -> RoleArn {
        RoleArn::parse("arn:aws:iam::112233334444:role/team/Dev").unwrap()
    }

    fn token(issuer: &str, subject: &str, audience: &str) -> Token {
        Token {
            issuer: issuer.into(),
            subjects: vec![subject.into()],
            audiences: vec![audience.into()],
            ..Token::default()
        }
    }

    fn conditions(token: &Token) -> Value {
        trust(token, &role(), None).policy()["Statement"][0]["Condition"].clone()
    }

    #[test]
    fn the_policy_is_as_tight_as_the_token_is() {
        let github =
            token("https://token.actions.githubusercontent.com", "repo:o/r:ref:refs/heads/main", "sts.amazonaws.com");
        let policy = trust(&github, &role(), None).policy();
        assert_eq!(
            policy["Statement"][0]["Principal"],
            json!({ "Federated": "arn:aws:iam::112233334444:oidc-provider/token.actions.githubusercontent.com" })
        );
        assert_eq!(
            policy["Statement"][0]["Condition"],
            json!({ "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": "repo:o/r:ref:refs/heads/main",
            } })
        );
        // The slash at its end is part of an issuer's name.
        let auth0 = token("https://corp.auth0.com/", "auth0|1", "client");
        assert!(conditions(&auth0)["StringEquals"].get("corp.auth0.com/:sub").is_some());
    }

    #[test]
    fn service_accounts_may_be_several_and_patterns() {
        let of = |subjects: &[&str]| Token {
            subjects: subjects.iter().map(|s| format!("system:serviceaccount:{s}")).collect(),
            ..token("https://oidc.eks.eu-west-1.amazonaws.com/id/ABC", "", "sts.amazonaws.com")
        };
        let key = "oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub";
        let several = conditions(&of(&["airflow:web", "airflow:worker"]));
        assert_eq!(
            several["StringEquals"][key],
            json!(["system:serviceaccount:airflow:web", "system:serviceaccount:airflow:worker"])
        );
        let pattern = conditions(&of(&["airflow:airflow-*", "airflow:web"]));
        assert_eq!(pattern["StringLike"][key].as_array().unwrap().len(), 2);
        assert!(pattern["StringEquals"].get(key).is_none(), "AND would let nobody in");
        assert_eq!(pattern["StringEquals"]["oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud"], "sts.amazonaws.com");
    }

    #[test]
    fn googles_audience_is_who_asked_for_the_token() {
        let plain = token("https://accounts.google.com", "1073", "service-a");
        let with_party = Token { authorized_party: Some("1073".into()), ..plain.clone() };
        assert_eq!(
            conditions(&with_party),
            json!({ "StringEquals": { "accounts.google.com:aud": "1073", "accounts.google.com:oaud": "service-a", "accounts.google.com:sub": "1073" } })
        );
        assert_eq!(conditions(&plain)["StringEquals"]["accounts.google.com:aud"], "service-a");
        let trust = trust(&with_party, &role(), None);
        assert_eq!((trust.principal.id(), trust.provider), ("accounts.google.com", Provider::BuiltIn));
    }

    #[test]
    fn another_issuers_authorized_party_is_its_client_id() {
        let token = Token { authorized_party: Some("app1".into()), ..token("https://idp.example.com", "s", "app2") };
        let trust = trust(&token, &role(), Some(7200));
        let Provider::Oidc { client_ids, url, .. } = &trust.provider else { panic!("{:?}", trust.provider) };
        assert_eq!((client_ids.as_slice(), url.as_str()), (["app1".to_owned()].as_slice(), "https://idp.example.com"));
        assert!(trust.notes.iter().any(|note| note.contains("azp = app1")), "{:?}", trust.notes);
        assert_eq!(trust.max_session_duration, 7200);
    }

    #[test]
    fn tags_are_found_nested_and_flattened() {
        let nested = json!({ TAGS: { "principal_tags": { "Team": ["data"] }, "transitive_tag_keys": ["Team"] }, SOURCE_IDENTITY: "alice" });
        let flat = json!({ "https://aws.amazon.com/tags/principal_tags/Team": ["data"], "https://aws.amazon.com/tags/transitive_tag_keys": "Team" });
        for claims in [nested, flat] {
            let found = tags(claims.as_object().unwrap());
            assert_eq!(found, (vec![("Team".to_owned(), "data".to_owned())], vec!["Team".to_owned()]));
        }
        let carrying = Token {
            tags: vec![("Team".into(), "data".into())],
            source_identity: Some("alice".into()),
            ..token("https://i", "s", "a")
        };
        let policy = trust(&carrying, &role(), None).policy();
        assert_eq!(policy["Statement"][0]["Action"], ACTION);
        assert_eq!(policy["Statement"][1]["Action"], json!(["sts:TagSession", "sts:SetSourceIdentity"]));
    }

    #[test]
    fn no_policy_lets_in_what_lacks_a_claim() {
        for issuer in [
            "https://cognito-identity.amazonaws.com",
            "https://www.amazon.com",
            "https://graph.facebook.com",
            "https://x",
        ] {
            let policy = trust(&token(issuer, "s", "a"), &role(), None).policy().to_string();
            assert!(!policy.contains("ForAllValues") && policy.contains("Condition"), "{policy}");
        }
    }
}
