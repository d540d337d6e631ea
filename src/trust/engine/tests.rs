mod reasons;

use serde_json::{Map, Value, json};

use super::*;
use crate::arn::{ProviderArn, RoleArn};
use crate::config::profile::{AssumeRole, Base, SessionName};
use crate::identity::saml::response::{Attribute, Offer, Response};
use crate::trust::oidc::{self, Token};
use crate::trust::{chain, cloudformation, issuer, saml, terraform};

const VERDICTS: &str = include_str!("../../../tests/data/trust/verdicts.json");
const ISSUERS: &str = include_str!("../issuer/issuers.json");

fn role() -> RoleArn {
    RoleArn::parse("arn:aws:iam::112233334444:role/Dev").unwrap()
}

fn now() -> Timestamp {
    "2026-11-26T12:00:00Z".parse().unwrap()
}

/// A token with these claims.
fn token(claims: &Value) -> Token {
    let encode = |text: String| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    };
    let text = format!("{}.{}.c2ln", encode(r#"{"alg":"RS256"}"#.into()), encode(claims.to_string()));
    Token::of(&crate::identity::oidc::claims::Claims::read(&crate::secret::Secret::new(text)).unwrap())
}

fn assertion() -> Request {
    let response = Response {
        issuer: Some("https://idp.example.com".into()),
        subject: Some("alice".into()),
        recipients: vec!["https://signin.aws.amazon.com/saml".into()],
        attributes: vec![Attribute {
            name: "edupersonaffiliation".into(),
            values: vec!["staff".into(), "member".into()],
        }],
        ..Response::default()
    };
    let principal_arn = ProviderArn::parse("arn:aws:iam::112233334444:saml-provider/corp").unwrap();
    saml::request(&response, &Offer { role_arn: role(), principal_arn })
}

fn caller(arn: &str) -> Request {
    let settings = AssumeRole {
        base: Base::Environment,
        session_name: SessionName::of_subject(),
        external_id: Some("acme-42".into()),
        tags: vec![],
        transitive_tag_keys: vec![],
        source_identity: None,
        serial_number: None,
    };
    chain::request(&settings, arn)
}

/// Keys that begin with a colon have the issuer in front of it.
fn with_issuer(condition: &Value, provider: &str) -> Value {
    let blocks = condition.as_object().unwrap().iter().map(|(operator, keys)| {
        let keys = keys.as_object().unwrap().iter();
        let keys = keys.map(|(key, value)| match key.starts_with(':') {
            true => (format!("{provider}{key}"), value.clone()),
            false => (key.clone(), value.clone()),
        });
        (operator.clone(), Value::Object(keys.collect::<Map<_, _>>()))
    });
    Value::Object(blocks.collect())
}

fn case(row: &Value, tokens: &Value) -> (String, Request) {
    let name = row["token"].as_str().unwrap();
    let asked = row.get("role").and_then(Value::as_str).map_or_else(role, |arn| RoleArn::parse(arn).unwrap());
    let (request, provider) = match name {
        "saml" => (assertion(), String::new()),
        "role" => (caller("arn:aws:iam::112233334444:role/Base"), String::new()),
        "user" => (caller("arn:aws:iam::112233334444:user/bob"), String::new()),
        "session" => (caller("arn:aws:sts::112233334444:assumed-role/Base/alice"), String::new()),
        "sso" => (
            caller("arn:aws:sts::112233334444:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice"),
            String::new(),
        ),
        name => {
            let token = token(&tokens[name]);
            (oidc::request(&token, &asked), token.provider().to_owned())
        }
    };
    if let Some(text) = row.get("text").and_then(Value::as_str) {
        return (text.to_owned(), request);
    }
    if let Some(policy) = row.get("policy") {
        return (policy.to_string(), request);
    }
    let named = row.get("provider").and_then(Value::as_str).unwrap_or(&provider);
    let principal = match issuer::of(&provider).kind.is_built_in() {
        true => named.to_owned(),
        false => format!("arn:aws:iam::112233334444:oidc-provider/{named}"),
    };
    let condition = with_issuer(&row["condition"], &provider);
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Federated": principal }, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition,
    }] });
    (policy.to_string(), request)
}

#[test]
fn each_policy_is_judged_as_aws_judges_it_and_strangers_are_named() {
    let table: Value = serde_json::from_str(VERDICTS).unwrap();
    let rows = table["rows"].as_array().unwrap();
    assert!(rows.len() >= 385, "{}", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let (policy, request) = case(row, &table["tokens"]);
        let report = check(&policy, &request, now()).unwrap();
        let verdict = match report.outcome {
            Outcome::LetIn => "in",
            Outcome::KeptOut => "out",
            Outcome::Depends => "unknown",
        };
        if verdict != row["verdict"] {
            wrong.push(format!("{}: {verdict}, not {}: {:?}", row["what"], row["verdict"], report.statements));
        }
        if report.outcome == Outcome::KeptOut && report.reason().starts_with("no statement allows sts:AssumeRole") {
            wrong.push(format!("{}: kept out for no reason", row["what"]));
        }
        let told = report.warnings.join("\n");
        match row["strangers"].as_str() {
            Some(words) if !told.contains(words) => {
                wrong.push(format!("{}: {words:?} is not in {told:?}", row["what"]))
            }
            None if !told.is_empty() && row.get("strangers_any").is_none() => {
                wrong.push(format!("{}: a false alarm: {told}", row["what"]));
            }
            Some(_) | None => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// Each issuer has a policy that is as it should be, and one that lets strangers in as well.
#[test]
fn the_table_leaves_no_issuer_out() {
    let table: Value = serde_json::from_str(VERDICTS).unwrap();
    let issuers: Value = serde_json::from_str(ISSUERS).unwrap();
    let of = |row: &Value| {
        let token = token(table["tokens"].get(row["token"].as_str()?)?);
        Some((issuer::of(token.provider()).name.as_str(), row["strangers"].is_string()))
    };
    let lets_in = |row: &&Value| row["verdict"] == "in" && row.get("strangers_any").is_none();
    let covered: Vec<(&str, bool)> = table["rows"].as_array().unwrap().iter().filter(lets_in).filter_map(of).collect();
    for issuer in issuers["issuers"].as_array().unwrap() {
        let name = issuer["name"].as_str().unwrap();
        for is_open in [false, true] {
            assert!(covered.contains(&(name, is_open)), "{name}: no row that lets in, strangers: {is_open}");
        }
    }
}

/// Somebody else's token of the same issuer, by what names the tenant in it.
fn stranger(claims: &Value) -> Value {
    let swaps = [
        ("acme", "evil"),
        ("grp", "evil"),
        ("org/1", "org/9"),
        ("{r-1}", "{r-9}"),
        ("airflow", "evil"),
        ("1073000", "9993000"),
        ("oid-1", "oid-9"),
        ("u-1", "u-9"),
        ("auth0|1", "auth0|9"),
        ("etl@demo", "evil@demo"),
        ("project/2", "project/9"),
        ("936a5312", "99999999"),
        ("space:production", "space:sandbox"),
        ("691b", "9999"),
    ];
    let change = |text: &str| swaps.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let mut other = claims.clone();
    for (name, value) in other.as_object_mut().unwrap() {
        // Its issuer and whom it is for may be the same.
        if let (Some(text), false) = (value.as_str(), ["iss", "aud", "azp"].contains(&name.as_str())) {
            *value = json!(change(text));
        }
    }
    if other["sub"] == claims["sub"] {
        other["sub"] = json!("somebody-else");
    }
    for id in [
        "repository_id",
        "repository_owner_id",
        "enterprise_id",
        "project_id",
        "namespace_id",
        "oidc.circleci.com/project-id",
    ] {
        if let Some(value) = other.get_mut(id) {
            *value = json!("999");
        }
    }
    other
}

/// The next run of the same job.
fn next_run(claims: &Value) -> Value {
    let swaps = [
        ("run_phase:plan", "run_phase:apply"),
        ("commit:9f", "commit:1a"),
        ("step:build", "step:test"),
        ("user/3", "user/4"),
        ("}:{s-1}", "}:{s-2}"),
        ("machine-1", "machine-2"),
        ("run_type:TRACKED:scope:write", "run_type:PROPOSED:scope:read"),
        ("scm_user_name:alice", "scm_user_name:bob"),
    ];
    let mut next = claims.clone();
    let subject =
        swaps.iter().fold(claims["sub"].as_str().unwrap().to_owned(), |text, (from, to)| text.replace(from, to));
    next["sub"] = json!(subject);
    next
}

#[test]
fn every_generated_policy_lets_its_own_token_in_also_in_the_next_run_and_no_stranger() {
    let table: Value = serde_json::from_str(VERDICTS).unwrap();
    let mut tokens: Vec<Value> = table["tokens"].as_object().unwrap().values().cloned().collect();
    let mut customised = table["tokens"]["github"].clone();
    customised["sub"] = json!("environment:prod");
    tokens.push(customised);
    for text in ["a*b?c", "${aws:username}", "a${*}", "plain"] {
        let tags = json!({ "principal_tags": { "Team": [text] } });
        tokens.push(
            json!({ "iss": "https://idp.example.com", "sub": text, "aud": text, "https://aws.amazon.com/tags": tags }),
        );
    }
    for claims in &tokens {
        let own = token(claims);
        let trust = oidc::trust(&own, &role(), None);
        let policy = trust.policy().to_string();
        let template = cloudformation::render(&trust, &[]);
        assert_eq!(template["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"], trust.policy());
        let documents = terraform::tests::documents(&terraform::render(&trust, &[]));
        assert_eq!(documents, [("this".to_owned(), trust.policy())]);
        let outcome = |claims: &Value| check(&policy, &oidc::request(&token(claims), &role()), now()).unwrap();
        let report = outcome(claims);
        assert_eq!(report.outcome, Outcome::LetIn, "{policy}: {report:?}");
        assert!(report.warnings.is_empty(), "{policy}: {:?}", report.warnings);
        assert_eq!(outcome(&next_run(claims)).outcome, Outcome::LetIn, "{policy}");
        assert_eq!(outcome(&stranger(claims)).outcome, Outcome::KeptOut, "{policy}: {}", stranger(claims));
    }
}

#[test]
fn what_a_token_carries_has_to_be_allowed_too() {
    let claims = json!({ "iss": "https://idp.example.com", "sub": "alice", "aud": "c",
        "https://aws.amazon.com/tags": { "principal_tags": { "Team": ["data"] } } });
    let request = oidc::request(&token(&claims), &role());
    let policy = json!({ "Statement": { "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": { "Federated": "arn:aws:iam::112233334444:oidc-provider/idp.example.com" } } });
    let report = check(&policy.to_string(), &request, now()).unwrap();
    assert_eq!((report.outcome, report.lacking), (Outcome::KeptOut, vec!["sts:TagSession".to_owned()]));
}

#[test]
fn not_action_is_doubted_only_where_it_leaves_a_needed_action() {
    let request =
        oidc::request(&token(&json!({ "iss": "https://idp.example.com", "sub": "alice", "aud": "c" })), &role());
    let verdict = |excepted: &str| {
        let policy = json!({ "Statement": { "Effect": "Allow", "NotAction": excepted,
            "Principal": { "Federated": "arn:aws:iam::112233334444:oidc-provider/idp.example.com" } } });
        let report = check(&policy.to_string(), &request, now()).unwrap();
        report.statements[0].lines.iter().find(|line| line.what == "Action").unwrap().verdict.clone()
    };
    assert!(matches!(verdict("sts:AssumeRole"), Verdict::Unknown(_)));
    assert!(matches!(verdict("sts:AssumeRoleWithWebIdentity"), Verdict::Fails(why) if why.contains("needed is")));
}

#[test]
fn the_name_qualifier_is_unknown_for_an_assertion_and_absent_for_a_token() {
    use crate::trust::request::Found;
    let token = oidc::request(&token(&json!({ "iss": "https://idp.example.com", "sub": "a", "aud": "c" })), &role());
    assert!(matches!(token.value("SAML:namequalifier"), Found::Absent(_)));
    let assertion = assertion();
    assert!(matches!(assertion.value("SAML:namequalifier"), Found::Unknown));
    assert!(assertion.context.all().any(|(key, values)| key == "SAML:sub" && values == ["alice"]));
}
