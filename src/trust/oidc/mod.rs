//! OIDC tokens: who the bearer of a token is to AWS, and what has to exist for it.

mod notes;
mod token;

use self::notes::notes;
pub use self::token::Token;
use super::issuer::Kind;
use super::pattern::{Pattern, guarded};
use super::policy::Policy;
use super::request::{Context, Request};
use super::{Condition, DEFAULT_MAX_SESSION, Grant, Provider, Trust, strangers};
use crate::arn::{Partition, RoleArn};

const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// Returns the request that the bearer of this token makes.
pub fn request(token: &Token, role: &RoleArn) -> Request {
    let provider = token.provider();
    let issuer = token.known();
    let mut context = Context::default();
    for (key, values) in issuer.values(&token.claims) {
        context.set(format!("{provider}:{key}"), values);
    }
    // Also set for a token that does not exist yet, which has no claims.
    let (audience, subject) = [("aud", "sub"), ("app_id", "user_id"), ("app_id", "id")]
        .into_iter()
        .find(|(audience, subject)| issuer.reads(audience) && issuer.reads(subject))
        .unwrap_or(("aud", "sub"));
    context.set(format!("{provider}:{audience}"), token.audience_key());
    context.set(format!("{provider}:{subject}"), &token.subjects);
    if issuer.reads("oaud") {
        context.set(format!("{provider}:oaud"), &token.audiences);
    }
    context.tags(&token.tags, &token.transitive_tag_keys);
    context.set("sts:SourceIdentity", &token.source_identity);
    context.set("aws:SecureTransport", ["true"]);
    let unread = token.claims.keys().map(String::as_str).filter(|name| !issuer.reads(name));
    let own = |name: &str| format!("{provider}:{name}").to_ascii_lowercase();
    let is_elsewhere = role.partition != Partition::Aws;
    let undocumented: Vec<String> = issuer.special_keys().filter(|_| is_elsewhere).map(own).collect();
    undocumented.iter().for_each(|key| context.remove(key));
    Request {
        proof: "the token",
        principal: token.principal(role),
        actions: Request::needs(ACTION, !token.tags.is_empty(), token.source_identity.is_some()),
        context,
        unread: unread.map(own).collect(),
        undocumented,
        doubt: (is_elsewhere && token.kind().is_of_the_public()).then(|| doubt(token, role)),
        known: Request::known_unsigned(&[&format!("{provider}:")], !token.tags.is_empty()),
    }
}

/// The doubt about a provider that AWS knows: other partitions may not have it (Getting Started with AWS in China, IAM: "some
/// web identity providers … might not be available").
fn doubt(token: &Token, role: &RoleArn) -> String {
    format!("it is not documented whether AWS knows {} in the partition {}", token.provider(), role.partition)
}

/// Returns what has to exist for the token. `duration` is that of the profile, in seconds.
pub fn trust(token: &Token, role: &RoleArn, duration: Option<u64>) -> Trust {
    let request = request(token, role);
    let conditions = conditions(token, &request);
    let notes = notes(token, &request);
    let trust = Trust {
        role: role.clone(),
        provider: match token.kind().is_built_in() {
            true => Provider::BuiltIn,
            false => Provider::Oidc {
                arn: token.provider_arn(role),
                url: format!("https://{}", token.provider()),
                client_ids: token.audience_key(),
            },
        },
        principal: request.principal,
        // The token's own keys are set only for the call itself.
        grants: request
            .actions
            .into_iter()
            .map(|action| Grant { action, conditions: if action == ACTION { conditions.clone() } else { Vec::new() } })
            .collect(),
        max_session_duration: duration.unwrap_or(0).clamp(DEFAULT_MAX_SESSION, 43200),
        notes,
    };
    let open =
        Policy::parse(&trust.policy().to_string()).map(|policy| strangers::warnings(&policy)).unwrap_or_default();
    let open = open.into_iter().map(|told| told.split_once(": ").map_or(told.clone(), |(_, what)| what.to_owned()));
    Trust { notes: trust.notes.iter().cloned().chain(open).collect(), ..trust }
}

/// The strictest conditions that this token and the next token of the same job fulfil.
fn conditions(token: &Token, request: &Request) -> Vec<Condition> {
    let (provider, issuer) = (token.provider(), token.known());
    let key = |name: &str| format!("{provider}:{name}");
    let exact = |name: &str, values: &[String]| Condition::exact(key(name), values.iter().map(|value| guarded(value)));
    let subjects = subjects(token);
    let mut conditions = match token.kind() {
        Kind::Amazon => return vec![exact("app_id", &token.audiences), exact("user_id", &token.subjects)],
        Kind::Facebook => return vec![exact("app_id", &token.audiences), exact("id", &token.subjects)],
        // The authorized party of a token that does not exist yet may not be known.
        Kind::Google if token.authorized_party.is_none() && token.are_patterns => {
            vec![exact("oaud", &token.audiences)]
        }
        Kind::Google => vec![exact("aud", &token.audience_key()), exact("oaud", &token.audiences)],
        Kind::Cognito => vec![
            exact("aud", &token.audiences),
            Condition { operator: "ForAnyValue:StringLike", key: key("amr"), values: vec!["authenticated".to_owned()] },
        ],
        Kind::Other => vec![exact("aud", &token.audience_key())],
    };
    conditions.push(Condition::string(key("sub"), subjects.iter().cloned()));
    conditions.retain(|condition| !condition.values.is_empty());
    // A customised sub may not say whose the token is; then another key has to.
    let says = |subject: &String| issuer.says_whose("sub", &Pattern::read_open(subject, true, true)).unwrap_or(true);
    if !token.are_patterns && !subjects.iter().all(says) {
        let others = issuer.tenant.iter().filter(|tenant| !["sub", "aud"].contains(&tenant.key.as_str()));
        let other =
            others.filter_map(|tenant| Some(exact(&tenant.key, request.context.get(&key(&tenant.key))?))).next();
        conditions.extend(other);
    }
    conditions
}

/// The values of the condition on `sub`.
fn subjects(token: &Token) -> Vec<String> {
    let of_token = |subject: &String| token.known().without_run(subject).unwrap_or_else(|| guarded(subject));
    match token.are_patterns {
        true => token.subjects.clone(),
        false => token.subjects.iter().map(of_token).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

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
        let pattern = conditions(&Token { are_patterns: true, ..of(&["airflow:airflow-*", "airflow:web"]) });
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

    #[test]
    fn what_a_token_carries_has_actions_of_its_own() {
        let carrying = Token {
            tags: vec![("Team".into(), "data".into())],
            source_identity: Some("alice".into()),
            ..token("https://i", "s", "a")
        };
        let policy = trust(&carrying, &role(), None).policy();
        assert_eq!(policy["Statement"][0]["Action"], ACTION);
        assert_eq!(policy["Statement"][1]["Action"], json!(["sts:TagSession", "sts:SetSourceIdentity"]));
    }
}
