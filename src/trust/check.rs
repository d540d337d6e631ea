//! An existing trust policy, and whether it lets an identity in: statement by statement, condition by condition.

use serde_json::Value;

use super::asker::{Asker, Principal, shown};
pub use super::condition::Verdict;
use super::condition::{is_like, judge};
use crate::error::{Code, Error, Result, printable};
use crate::time::Timestamp;

/// What came of it.
#[derive(Clone, Debug)]
pub struct Report {
    pub statements: Vec<Statement>,
    pub outcome: Outcome,
    /// Needed actions that no statement allows, or that one denies.
    pub lacking: Vec<String>,
    /// What is dangerous about the policy, whoever asks.
    pub warnings: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    LetIn,
    KeptOut,
    /// It depends on what cannot be seen from here.
    Depends,
}

#[derive(Clone, Debug)]
pub struct Statement {
    /// `Sid`, else its number from 1.
    pub name: String,
    pub is_allow: bool,
    pub lines: Vec<Line>,
}

/// A line of a statement, and whether it holds for the identity.
#[derive(Clone, Debug)]
pub struct Line {
    /// `Principal`, `Action`, or `StringEquals SAML:aud`.
    pub what: String,
    pub verdict: Verdict,
}

/// Judges the policy in `text`: a policy document, or what `aws iam get-role` prints.
///
/// Errors: [`Code::InvalidValue`] for what is no policy.
pub fn check(text: &str, asker: &Asker, now: Timestamp) -> Result<Report> {
    let policy = document(text)?;
    let statements = match policy.get("Statement") {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => return Err(no_policy("it has no `Statement`")),
    };
    let mut judged = Vec::new();
    // Of each needed action: how far a statement allows or denies it.
    let mut allowed = vec![Certainty::No; asker.actions.len()];
    let mut denied = vec![Certainty::No; asker.actions.len()];
    let mut warnings = Vec::new();
    for (number, statement) in statements.iter().enumerate() {
        let is_allow = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
        let mut lines = vec![Line { what: "Principal".to_owned(), verdict: principal(statement, asker) }];
        let covered: Vec<bool> = asker.actions.iter().map(|action| covers(statement, action)).collect();
        lines.push(Line { what: "Action".to_owned(), verdict: action(statement, asker, &covered) });
        lines.extend(conditions(statement).into_iter().map(|(operator, key, wanted)| {
            let verdict = judge(&operator, &key, &wanted, asker, now);
            Line { what: format!("{} {}", printable(&operator, 60), printable(&key, 200)), verdict }
        }));
        let certainty = lines.iter().map(|line| Certainty::of(&line.verdict)).min().unwrap_or(Certainty::No);
        let tally = if is_allow { &mut allowed } else { &mut denied };
        for (tally, _) in tally.iter_mut().zip(&covered).filter(|(_, covers)| **covers) {
            *tally = (*tally).max(certainty);
        }
        let name = statement.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty());
        let name = name.map_or_else(|| format!("{}", number + 1), |sid| printable(sid, 60));
        if is_allow {
            warnings.extend(warning(statement).into_iter().map(|what| format!("statement {name}: {what}")));
        }
        judged.push(Statement { name, is_allow, lines });
    }
    let each: Vec<Certainty> =
        allowed.iter().zip(&denied).map(|(allowed, denied)| (*allowed).min(denied.inverse())).collect();
    let lacking = asker.actions.iter().zip(&each).filter(|(_, certainty)| **certainty == Certainty::No);
    let lacking = lacking.map(|(action, _)| action.to_string()).collect();
    let outcome = match each.iter().min() {
        Some(Certainty::Yes) => Outcome::LetIn,
        Some(Certainty::Perhaps) => Outcome::Depends,
        Some(Certainty::No) | None => Outcome::KeptOut,
    };
    Ok(Report { statements: judged, outcome, lacking, warnings })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Certainty {
    No,
    Perhaps,
    Yes,
}

impl Certainty {
    fn of(verdict: &Verdict) -> Certainty {
        match verdict {
            Verdict::Holds(_) => Certainty::Yes,
            Verdict::Unknown(_) => Certainty::Perhaps,
            Verdict::Fails(_) => Certainty::No,
        }
    }

    fn inverse(self) -> Certainty {
        match self {
            Certainty::No => Certainty::Yes,
            Certainty::Perhaps => Certainty::Perhaps,
            Certainty::Yes => Certainty::No,
        }
    }
}

fn document(text: &str) -> Result<Value> {
    let parse = |text: &str| {
        serde_json::from_str::<Value>(text)
            .map_err(|why| no_policy(&format!("it is not JSON: line {} column {}", why.line(), why.column())))
    };
    let mut document = parse(text.trim_start_matches('\u{feff}'))?;
    for key in ["Role", "AssumeRolePolicyDocument", "PolicyDocument"] {
        if let Some(inner) = document.get_mut(key) {
            document = inner.take();
        }
    }
    match document {
        // As IAM's own API gives it.
        Value::String(escaped) => {
            let pair = format!("p={}", escaped.replace('+', "%2B"));
            let plain = url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, text)| text.into_owned());
            parse(&plain.unwrap_or_default())
        }
        other => Ok(other),
    }
}

fn no_policy(why: &str) -> Error {
    Error::new(Code::InvalidValue, "what is to be checked is no trust policy")
        .because(why)
        .hint("get it with: aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument")
}

fn principal(statement: &Value, asker: &Asker) -> Verdict {
    let ours = asker.principal.id();
    if let Some(others) = statement.get("NotPrincipal") {
        let named = named(others, asker.principal.kind());
        return match named.iter().any(|name| is_principal(name, asker)) {
            true => Verdict::Fails(format!("it is about everybody but {ours}")),
            false => Verdict::Holds("it is about everybody but others".to_owned()),
        };
    }
    let Some(stated) = statement.get("Principal") else {
        return Verdict::Fails("there is none: this is no trust policy".to_owned());
    };
    if stated == "*" {
        return Verdict::Holds("it is anybody".to_owned());
    }
    let kind = asker.principal.kind();
    let names = named(stated, kind);
    if names.iter().any(|name| is_principal(name, asker)) {
        return Verdict::Holds(format!("it is {}", printable(ours, 300)));
    }
    let is_deleted = |name: &String| ["AROA", "AIDA"].iter().any(|prefix| name.starts_with(prefix));
    if names.iter().any(is_deleted) {
        return Verdict::Fails(format!(
            "it is {}, the id of a role or user that was deleted: one that was made again is another; name {ours} anew",
            shown(&names)
        ));
    }
    match names.is_empty() {
        true => Verdict::Fails(format!("it names no {kind} principal; it has to be {ours}")),
        false => Verdict::Fails(format!("it is {}; it has to be {ours}", shown(&names))),
    }
}

fn is_principal(name: &str, asker: &Asker) -> bool {
    let ours = asker.principal.id();
    if name == "*" || name == ours {
        return true;
    }
    let Principal::Aws(arn) = &asker.principal else { return false };
    let account = arn.split(':').nth(4).unwrap_or_default();
    // A trusted account hands the decision on to its own policies.
    let is_account = name == account || name.ends_with(&format!(":iam::{account}:root"));
    let role = super::chain::caller_of_session(name);
    // A session's ARN does not tell the path of its role.
    let last = |arn: &str| arn.rsplit('/').next().map(str::to_owned);
    let is_same_role = role.contains(":role/")
        && arn.contains(":role/")
        && last(&role) == last(arn)
        && role.split(':').nth(4) == Some(account);
    is_account || is_same_role
}

fn action(statement: &Value, asker: &Asker, covered: &[bool]) -> Verdict {
    let missing: Vec<&str> =
        asker.actions.iter().zip(covered).filter(|(_, c)| !**c).map(|(action, _)| *action).collect();
    match missing.as_slice() {
        [] => Verdict::Holds(format!("it has {}", asker.actions.join(", "))),
        all if all.len() == asker.actions.len() => Verdict::Fails(format!(
            "it is {}; needed is {}",
            shown(&texts(statement.get("Action").unwrap_or(&Value::Null))),
            asker.actions.join(", ")
        )),
        // What it lacks another statement may have.
        some => Verdict::Holds(format!("it has some of what is needed, and lacks {}", some.join(", "))),
    }
}

fn covers(statement: &Value, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let has = |list: &Value| texts(list).iter().any(|pattern| is_like(&pattern.to_ascii_lowercase(), &action));
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(list), _) => has(list),
        (None, Some(list)) => !has(list),
        (None, None) => false,
    }
}

fn conditions(statement: &Value) -> Vec<(String, String, Vec<String>)> {
    let blocks = statement.get("Condition").and_then(Value::as_object);
    let blocks = blocks.into_iter().flatten();
    let lines = blocks.flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, wanted)| (operator.clone(), key.clone(), texts(wanted)))
    });
    lines.collect()
}

/// What would let in more than anybody means to.
fn warning(statement: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    let conditions = conditions(statement);
    for (operator, key, _) in conditions.iter().filter(|(operator, ..)| operator.starts_with("ForAllValues")) {
        warnings.push(format!("{operator} {key} also holds where the key is missing: use ForAnyValue, or none"));
    }
    let federated = statement.get("Principal").map(|stated| named(stated, "Federated")).unwrap_or_default();
    // Issuers that everybody shares: who asks stands in the subject alone.
    let shared = [
        "token.actions.githubusercontent.com",
        "gitlab.com",
        "app.terraform.io",
        "accounts.google.com",
        "cognito-identity.amazonaws.com",
    ];
    for name in &federated {
        let provider = name.split_once(":oidc-provider/").map_or(name.as_str(), |(_, provider)| provider);
        let asks_who = conditions.iter().any(|(_, key, _)| {
            let key = key.to_ascii_lowercase();
            key.starts_with(&format!("{}:", provider.to_ascii_lowercase())) && !key.ends_with(":aud")
        });
        if shared.contains(&provider) && !asks_who {
            warnings.push(format!(
                "everybody can get a token of {provider}: without a condition on its `sub` everybody is let in"
            ));
        }
    }
    for (operator, key, wanted) in &conditions {
        if key.ends_with(":sub") && operator.contains("Like") && wanted.iter().any(|value| value == "*") {
            warnings.push(format!("{operator} {key} \"*\" lets in every subject"));
        }
        if operator.starts_with("StringEquals")
            && wanted.iter().any(|value| value.contains('*') && !value.contains("${*}"))
        {
            warnings.push(format!("{operator} {key} has a `*`, which only StringLike reads as a pattern"));
        }
    }
    if statement.get("Principal").is_some_and(|stated| stated == "*" || named(stated, "AWS").iter().any(|n| n == "*"))
        && conditions.is_empty()
    {
        warnings.push("it lets in anybody with an AWS account".to_owned());
    }
    warnings
}

fn named(stated: &Value, kind: &str) -> Vec<String> {
    if stated == "*" {
        return vec!["*".to_owned()];
    }
    stated.get(kind).map(texts).unwrap_or_default()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        Value::Null | Value::Object(_) => Vec::new(),
        other => vec![other.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use super::super::oidc::{self, Token};
    use super::*;
    use crate::arn::RoleArn;
    use serde_json::json;

    const PROVIDER: &str = "arn:aws:iam::112233334444:oidc-provider/token.actions.githubusercontent.com";
    const AUD: &str = "token.actions.githubusercontent.com:aud";
    const SUB: &str = "token.actions.githubusercontent.com:sub";

    fn token() -> Token {
        Token {
            issuer: "https://token.actions.githubusercontent.com".into(),
            subjects: vec!["repo:o/r:ref:refs/heads/main".into()],
            audiences: vec!["sts.amazonaws.com".into()],
            ..Token::default()
        }
    }

    fn role() -> RoleArn {
        RoleArn::parse("arn:aws:iam::112233334444:role/Dev").unwrap()
    }

    fn report(statements: Value, token: &Token) -> Report {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        check(&policy.to_string(), &oidc::asker(token, &role()), "2026-01-01T00:00:00Z".parse().unwrap()).unwrap()
    }

    fn allow(condition: Value) -> Value {
        json!({ "Effect": "Allow", "Principal": { "Federated": PROVIDER }, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition })
    }

    fn faults(report: &Report) -> Vec<String> {
        let lines = report.statements.iter().flat_map(|statement| &statement.lines);
        lines
            .filter_map(|line| match &line.verdict {
                Verdict::Fails(why) => Some(format!("{}: {why}", line.what)),
                Verdict::Holds(_) | Verdict::Unknown(_) => None,
            })
            .collect()
    }

    #[test]
    fn our_own_policy_lets_our_own_identity_in() {
        let tagged = Token { tags: vec![("Team".into(), "data".into())], ..token() };
        for token in [token(), tagged] {
            let policy = oidc::trust(&token, &role(), None).policy();
            assert_eq!(report(policy["Statement"].clone(), &token).outcome, Outcome::LetIn);
        }
    }

    #[test]
    fn the_condition_that_keeps_somebody_out_is_named_with_both_sides() {
        let table = [
            (
                allow(json!({ "StringEquals": { AUD: "sts.amazonaws.com", SUB: "repo:o/r:environment:prod" } })),
                format!(
                    "StringEquals {SUB}: {SUB} is \"repo:o/r:ref:refs/heads/main\"; it has to be \"repo:o/r:environment:prod\""
                ),
            ),
            (
                allow(json!({ "StringEquals": { AUD: "other" } })),
                format!("StringEquals {AUD}: {AUD} is \"sts.amazonaws.com\"; it has to be \"other\""),
            ),
            (
                json!({ "Effect": "Allow", "Principal": { "Federated": "arn:aws:iam::999988887777:oidc-provider/token.actions.githubusercontent.com" }, "Action": "sts:AssumeRoleWithWebIdentity" }),
                format!(
                    "Principal: it is \"arn:aws:iam::999988887777:oidc-provider/token.actions.githubusercontent.com\"; it has to be {PROVIDER}"
                ),
            ),
            (
                json!({ "Effect": "Allow", "Principal": { "Federated": PROVIDER }, "Action": "sts:AssumeRoleWithSAML" }),
                "Action: it is \"sts:AssumeRoleWithSAML\"; needed is sts:AssumeRoleWithWebIdentity".to_owned(),
            ),
            (
                json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::112233334444:root" }, "Action": "sts:*" }),
                format!("Principal: it names no Federated principal; it has to be {PROVIDER}"),
            ),
        ];
        for (statement, expected) in table {
            let report = report(json!([statement]), &token());
            assert_eq!(report.outcome, Outcome::KeptOut);
            assert_eq!(faults(&report), [expected]);
        }
    }

    #[test]
    fn statements_add_up_and_a_denial_wins() {
        let good = allow(json!({ "StringEquals": { AUD: "sts.amazonaws.com" }, "StringLike": { SUB: "repo:o/*" } }));
        let tags = json!({ "Effect": "Allow", "Principal": { "Federated": PROVIDER }, "Action": "sts:TagSession" });
        let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "sts:*", "Condition": { "StringNotEquals": { AUD: "other" } } });
        let unseen = allow(json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } }));
        let tagged = Token { tags: vec![("Team".into(), "data".into())], ..token() };
        let table = [
            (json!([good]), token(), Outcome::LetIn, vec![]),
            (json!(good), token(), Outcome::LetIn, vec![]),
            (json!([good, deny]), token(), Outcome::KeptOut, vec!["sts:AssumeRoleWithWebIdentity"]),
            (json!([good]), tagged.clone(), Outcome::KeptOut, vec!["sts:TagSession"]),
            (json!([good, tags]), tagged, Outcome::LetIn, vec![]),
            (json!([unseen]), token(), Outcome::Depends, vec![]),
            (json!([]), token(), Outcome::KeptOut, vec!["sts:AssumeRoleWithWebIdentity"]),
        ];
        for (statements, token, outcome, lacking) in table {
            let report = report(statements.clone(), &token);
            assert_eq!(
                (report.outcome, report.lacking),
                (outcome, lacking.into_iter().map(str::to_owned).collect()),
                "{statements}"
            );
        }
    }

    #[test]
    fn what_is_dangerous_is_told_whoever_asks() {
        let table = [
            (allow(json!({ "StringEquals": { AUD: "sts.amazonaws.com" } })), Some("everybody can get a token")),
            (allow(json!({ "StringLike": { SUB: "*" } })), Some("lets in every subject")),
            (
                allow(json!({ "ForAllValues:StringEquals": { SUB: "repo:o/r" } })),
                Some("also holds where the key is missing"),
            ),
            (allow(json!({ "StringEquals": { SUB: "repo:o/*" } })), Some("only StringLike")),
            (
                json!({ "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole" }),
                Some("anybody with an AWS account"),
            ),
            (allow(json!({ "StringEquals": { AUD: "sts.amazonaws.com", SUB: "repo:o/r" } })), None),
        ];
        for (statement, expected) in table {
            let warnings = report(json!([statement]), &token()).warnings;
            match expected {
                Some(expected) => assert!(warnings.iter().any(|warning| warning.contains(expected)), "{warnings:?}"),
                None => assert!(warnings.is_empty(), "{warnings:?}"),
            }
        }
    }

    #[test]
    fn a_policy_is_found_in_whatever_aws_prints_of_it() {
        let policy = oidc::trust(&token(), &role(), None).policy();
        let escaped: String = url::form_urlencoded::byte_serialize(policy.to_string().as_bytes()).collect();
        for text in [
            policy.to_string(),
            json!({ "Role": { "RoleName": "Dev", "AssumeRolePolicyDocument": policy } }).to_string(),
            json!({ "AssumeRolePolicyDocument": escaped.replace('+', "%20") }).to_string(),
        ] {
            let report = check(&text, &oidc::asker(&token(), &role()), Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!(report.outcome, Outcome::LetIn);
        }
        for text in ["", "{", "[]", "{}", "\"x\""] {
            assert_eq!(
                check(text, &oidc::asker(&token(), &role()), Timestamp::UNIX_EPOCH).unwrap_err().code,
                Code::InvalidValue
            );
        }
    }
}
