//! A token at the door of a role.

use serde_json::{Map, Value};

use super::issuer::{self, Issuer, Kind, texts};
use super::pattern::{Pattern, guarded};
use super::policy::Policy;
use super::request::{Context, Principal, Request};
use super::{Condition, DEFAULT_MAX_SESSION, Grant, Provider, Trust, strangers};
use crate::arn::RoleArn;
use crate::identity::oidc::claims::Claims;

const ACTION: &str = "sts:AssumeRoleWithWebIdentity";
const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

/// What AWS reads of a token. Of one that is not there yet, what a person says of it.
#[derive(Clone, Debug, Default)]
pub struct Token {
    pub issuer: String,
    /// Of those that are to be let in.
    pub subjects: Vec<String>,
    /// Whether a person named them, and `*` and `?` in them are wildcards.
    pub are_patterns: bool,
    pub audiences: Vec<String>,
    /// Who asked for the token.
    pub authorized_party: Option<String>,
    pub tags: Vec<(String, String)>,
    pub transitive_tag_keys: Vec<String>,
    pub source_identity: Option<String>,
    /// All claims, as they are written.
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

    /// As IAM names it: the issuer without its scheme, down to a slash at its end.
    pub fn provider(&self) -> &str {
        self.issuer.strip_prefix("https://").unwrap_or(&self.issuer)
    }

    pub fn kind(&self) -> Kind {
        self.known().kind
    }

    fn known(&self) -> &'static Issuer {
        issuer::of(self.provider())
    }

    /// What AWS's key `aud` reads: `azp` where there is one, else `aud`.
    pub fn audience_key(&self) -> Vec<String> {
        match &self.authorized_party {
            Some(party) if self.kind() != Kind::Cognito => vec![party.clone()],
            _ => self.audiences.clone(),
        }
    }

    fn principal(&self, role: &RoleArn) -> Principal {
        Principal::Federated(match self.kind().is_built_in() {
            true => self.provider().to_owned(),
            false => self.provider_arn(role),
        })
    }

    fn provider_arn(&self, role: &RoleArn) -> String {
        format!("arn:{}:iam::{}:oidc-provider/{}", role.partition, role.account_id, self.provider())
    }
}

/// Who the bearer of this token is to AWS.
pub fn request(token: &Token, role: &RoleArn) -> Request {
    let provider = token.provider();
    let issuer = token.known();
    let mut context = Context::default();
    for (key, values) in issuer.values(&token.claims) {
        context.set(format!("{provider}:{key}"), values);
    }
    // Of a token that is not there yet, too.
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
    let unread = token.claims.keys().filter(|name| !issuer.reads(name));
    Request {
        proof: "the token",
        principal: token.principal(role),
        actions: Request::needs(ACTION, !token.tags.is_empty(), token.source_identity.is_some()),
        context,
        unread: unread.map(|name| format!("{provider}:{name}").to_ascii_lowercase()).collect(),
        // The call is not signed: it has no principal of AWS's.
        known: [
            &format!("{provider}:"),
            "saml:",
            "aws:RequestTag/",
            "aws:TagKeys",
            "sts:TransitiveTagKeys",
            "sts:SourceIdentity",
            "sts:ExternalId",
            "aws:Principal",
            "aws:userid",
            "aws:username",
            "aws:MultiFactorAuth",
            "aws:TokenIssueTime",
        ]
        .map(str::to_owned)
        .into(),
    }
}

/// What must exist for it. `duration`: what the profile asks for, in seconds.
pub fn trust(token: &Token, role: &RoleArn, duration: Option<u64>) -> Trust {
    let request = request(token, role);
    let conditions = conditions(token, &request);
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
        // The token's own keys come with the call alone.
        grants: request
            .actions
            .into_iter()
            .map(|action| Grant { action, conditions: if action == ACTION { conditions.clone() } else { Vec::new() } })
            .collect(),
        max_session_duration: duration.unwrap_or(0).clamp(DEFAULT_MAX_SESSION, 43200),
        notes: notes(token),
    };
    let open =
        Policy::parse(&trust.policy().to_string()).map(|policy| strangers::warnings(&policy)).unwrap_or_default();
    let open = open.into_iter().map(|told| told.split_once(": ").map_or(told.clone(), |(_, what)| what.to_owned()));
    Trust { notes: trust.notes.iter().cloned().chain(open).collect(), ..trust }
}

/// As tight as the token is, and no tighter than the next token of the same job.
fn conditions(token: &Token, request: &Request) -> Vec<Condition> {
    let (provider, issuer) = (token.provider(), token.known());
    let key = |name: &str| format!("{provider}:{name}");
    let exact = |name: &str, values: &[String]| Condition::exact(key(name), values.iter().map(|value| guarded(value)));
    let subjects = subjects(token);
    let mut conditions = match token.kind() {
        Kind::Amazon => return vec![exact("app_id", &token.audiences), exact("user_id", &token.subjects)],
        Kind::Facebook => return vec![exact("app_id", &token.audiences), exact("id", &token.subjects)],
        // Of a token that is not there yet it may not be known who will ask for it.
        Kind::Google if token.authorized_party.is_none() && token.are_patterns => {
            vec![exact("oaud", &token.audiences)]
        }
        Kind::Google => vec![exact("aud", &token.audience_key()), exact("oaud", &token.audiences)],
        Kind::Cognito => vec![
            exact("aud", &token.audiences),
            Condition { operator: "ForAnyValue:StringLike", key: key("amr"), values: vec!["authenticated".to_owned()] },
        ],
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
        | Kind::Other => vec![exact("aud", &token.audience_key())],
    };
    conditions.push(Condition::string(key("sub"), subjects.iter().cloned()));
    conditions.retain(|condition| !condition.values.is_empty());
    // A sub that was customised may not say whose the token is: another key has to.
    let says = |subject: &String| issuer.says_whose("sub", &Pattern::read_open(subject, true, true)).unwrap_or(true);
    if !token.are_patterns && !subjects.iter().all(says) {
        let others = issuer.tenant.iter().filter(|tenant| !["sub", "aud"].contains(&tenant.key.as_str()));
        let other =
            others.filter_map(|tenant| Some(exact(&tenant.key, request.context.get(&key(&tenant.key))?))).next();
        conditions.extend(other);
    }
    conditions
}

/// Values for a condition on `sub`.
fn subjects(token: &Token) -> Vec<String> {
    let of_token = |subject: &String| token.known().without_run(subject).unwrap_or_else(|| guarded(subject));
    match token.are_patterns {
        true => token.subjects.clone(),
        false => token.subjects.iter().map(of_token).collect(),
    }
}

fn notes(token: &Token) -> Vec<String> {
    let mut notes = Vec::new();
    let special = match token.kind() {
        Kind::Google => {
            "AWS knows Google by itself: no provider is made in IAM. Its key `aud` reads the claim azp, which is the \
             numeric id with a token of the metadata server and the e-mail address with one of a key file; `oaud` reads aud"
        }
        Kind::Cognito => {
            "AWS knows Cognito's identity pools by themselves: `aud` is the pool's id, and `amr` keeps guests out. A user \
             pool is another issuer, and wants a provider in IAM"
        }
        Kind::Amazon => "AWS knows Login with Amazon by itself: the keys are `app_id` and `user_id`",
        Kind::Facebook => "AWS knows Facebook by itself: the keys are `app_id` and `id`",
        Kind::GitHub | Kind::GitHubEnterprise | Kind::GitHubServer => {
            "GitHub has changed the format of sub, which may hold names or ids and what the repository was customised to: \
             this policy has the token's own, so a job on another branch, tag or environment is another subject. AWS \
             refuses policies for GitHub that do not look at sub"
        }
        Kind::Kubernetes if token.provider().starts_with("oidc.eks") || token.provider().starts_with("oidc-eks") => {
            "each EKS cluster is an issuer of its own: aws eks describe-cluster --name NAME --query cluster.identity.oidc.issuer"
        }
        Kind::GitLab
        | Kind::GitLabSelfManaged
        | Kind::Buildkite
        | Kind::Terraform
        | Kind::CircleCi
        | Kind::Bitbucket
        | Kind::Kubernetes
        | Kind::Entra
        | Kind::Other => "",
    };
    notes.extend(Some(special.to_owned()).filter(|note| !note.is_empty()));
    let open = |subject: &&String| !token.are_patterns && token.known().without_run(subject).is_some();
    if let Some(subject) = token.subjects.iter().find(open) {
        notes.push(format!(
            "the token's sub is {}: what is another in the next run of the same job stands as * in the policy",
            crate::error::printable(subject, 300)
        ));
    }
    if let Some(party) = &token.authorized_party
        && !token.kind().is_built_in()
        && !token.audiences.contains(party)
    {
        notes.push(format!(
            "the token has azp = {party}, which is what AWS compares in place of aud: it is the client id here"
        ));
    }
    if token.are_patterns && token.subjects.iter().any(|subject| subject.contains(['*', '?'])) {
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
