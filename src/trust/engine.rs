//! A trust policy against a request: in, out, or unknown from here, each with the sentence that says why (IAM User Guide,
//! "Policy evaluation logic").
//!
//! Everything that judges a policy comes here: `--check`, what is generated, and what a refusal of STS is compared with.

use super::operator::{Operator, Order, Set, Test};
use super::pattern::{Pattern, Unusable};
use super::policy::{Condition, Policy, Principals, Statement};
use super::request::{Found, Principal, Request, shown};
use super::{chain, issuer, strangers};
use crate::error::{Result, printable};
use crate::time::Timestamp;

/// What came of it.
#[derive(Clone, Debug)]
pub struct Report {
    pub statements: Vec<Judged>,
    pub outcome: Outcome,
    /// Needed actions that no statement allows, or that one denies.
    pub lacking: Vec<String>,
    /// Why IAM does not take the policy at all.
    pub fault: Option<String>,
    /// Who else is let in, and what does not do what it seems to, whoever asks.
    pub warnings: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    LetIn,
    KeptOut,
    /// It depends on what cannot be known from here.
    Depends,
}

/// A statement, and what is so of it for the request.
#[derive(Clone, Debug)]
pub struct Judged {
    pub name: String,
    pub is_allow: bool,
    pub lines: Vec<Line>,
}

/// A line of a statement, and whether it holds for the request.
#[derive(Clone, Debug)]
pub struct Line {
    /// `Principal`, `Action`, or `StringEquals SAML:aud`.
    pub what: String,
    pub verdict: Verdict,
}

/// Whether a line holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Holds(String),
    Fails(String),
    /// It depends on what cannot be known from here.
    Unknown(String),
}

impl Report {
    /// Why the request is kept out: the failing line of the statement that comes nearest.
    pub fn reason(&self) -> String {
        if let Some(fault) = &self.fault {
            return fault.clone();
        }
        let failing = |statement: &Judged| {
            let line = statement.lines.iter().find_map(|line| match &line.verdict {
                Verdict::Fails(why) => Some(format!("{}: {why}", line.what)),
                Verdict::Holds(_) | Verdict::Unknown(_) => None,
            });
            line.map(|why| format!("statement {}, {why}", statement.name))
        };
        let denies = |statement: &&Judged| {
            !statement.is_allow && statement.lines.iter().all(|line| matches!(line.verdict, Verdict::Holds(_)))
        };
        let failures = |statement: &&Judged| {
            statement.lines.iter().filter(|line| matches!(line.verdict, Verdict::Fails(_))).count()
        };
        let nearest = self.statements.iter().filter(|statement| statement.is_allow).min_by_key(failures);
        let denied =
            self.statements.iter().find(denies).map(|statement| format!("statement {} denies it", statement.name));
        nearest
            .and_then(failing)
            .or(denied)
            .unwrap_or_else(|| format!("no statement that applies allows {}", self.lacking.join(", ")))
    }
}

/// Judges the policy in `text` for a request made at `now`.
///
/// Errors: [`crate::error::Code::InvalidValue`] for what is no policy.
pub fn check(text: &str, request: &Request, now: Timestamp) -> Result<Report> {
    Ok(judge(&Policy::parse(text)?, request, now))
}

/// Judges a policy for a request made at `now`.
pub fn judge(policy: &Policy, request: &Request, now: Timestamp) -> Report {
    let mut request = request.clone();
    request.context.time(now);
    let mut statements = Vec::new();
    // Of each needed action: how far a statement allows or denies it.
    let mut allowed = vec![Certainty::No; request.actions.len()];
    let mut denied = vec![Certainty::No; request.actions.len()];
    for statement in &policy.statements {
        let covered: Vec<bool> = request.actions.iter().map(|action| statement.covers(action)).collect();
        let mut lines = vec![
            Line { what: "Principal".to_owned(), verdict: principal(statement, &request) },
            Line { what: "Action".to_owned(), verdict: action(statement, &request, &covered) },
        ];
        lines.extend(statement.conditions.iter().map(|condition| Line {
            what: format!("{} {}", printable(&condition.name, 60), printable(&condition.key, 200)),
            verdict: holds(condition, policy.has_variables, &request),
        }));
        let certainty = lines.iter().map(|line| Certainty::of(&line.verdict)).min().unwrap_or(Certainty::No);
        let tally = if statement.is_allow { &mut allowed } else { &mut denied };
        for (tally, _) in tally.iter_mut().zip(&covered).filter(|(_, covers)| **covers) {
            *tally = (*tally).max(certainty);
        }
        statements.push(Judged { name: statement.name.clone(), is_allow: statement.is_allow, lines });
    }
    let fault = policy.fault();
    let each: Vec<Certainty> = allowed
        .iter()
        .zip(&denied)
        .map(|(allowed, denied)| if fault.is_some() { Certainty::No } else { (*allowed).min(denied.inverse()) })
        .collect();
    let lacking = request.actions.iter().zip(&each).filter(|(_, certainty)| **certainty == Certainty::No);
    let lacking = lacking.map(|(action, _)| action.to_string()).collect();
    let outcome = match each.iter().min() {
        Some(Certainty::Yes) => Outcome::LetIn,
        Some(Certainty::Perhaps) => Outcome::Depends,
        Some(Certainty::No) | None => Outcome::KeptOut,
    };
    Report { statements, outcome, lacking, fault, warnings: strangers::warnings(policy) }
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

fn principal(statement: &Statement, request: &Request) -> Verdict {
    let ours = request.principal.id();
    let kind = request.principal.kind();
    let named = match &statement.principals {
        Principals::All => return Verdict::Holds("it is *".to_owned()),
        Principals::Except(others) => {
            let is_ours = others.iter().any(|(of, id)| of == kind && matches!(is(id, request), Verdict::Holds(_)));
            return match is_ours {
                true => Verdict::Fails(format!("it leaves {ours} out")),
                false => Verdict::Holds("it leaves others out".to_owned()),
            };
        }
        Principals::Named(all) => all.iter().filter(|(of, _)| of == kind).map(|(_, id)| id.clone()).collect::<Vec<_>>(),
    };
    let mut verdicts: Vec<Verdict> = named.iter().map(|id| is(id, request)).collect();
    verdicts.sort_by_key(|verdict| std::cmp::Reverse(Certainty::of(verdict)));
    match verdicts.into_iter().next() {
        None => Verdict::Fails(format!("it names no {kind} principal; it has to be {ours}")),
        Some(Verdict::Fails(why)) if named.len() == 1 => Verdict::Fails(why),
        Some(Verdict::Fails(_)) => Verdict::Fails(format!("it is {}; it has to be {ours}", shown(&named))),
        Some(verdict) => verdict,
    }
}

/// Whether the id of a principal in a policy is who asks.
fn is(id: &str, request: &Request) -> Verdict {
    let ours = request.principal.id();
    if id == ours || id == "*" {
        return Verdict::Holds(format!("it is {}", printable(ours, 300)));
    }
    let other = |why: String| Verdict::Fails(format!("it is {}; {why}", shown(&[id.to_owned()])));
    let (arn, session) = match &request.principal {
        Principal::Aws { arn, session } => (arn, session),
        Principal::Service(_) => return other(format!("it has to be {ours}")),
        Principal::Federated(_) => return other(different_provider(id, ours)),
    };
    if ["AROA", "AIDA"].iter().any(|prefix| id.starts_with(prefix)) {
        return other(format!(
            "that is the id of a role or user that was deleted: one that was made again is another; name {ours} anew"
        ));
    }
    let account = arn.split(':').nth(4).unwrap_or_default();
    if id == account || id.ends_with(&format!(":iam::{account}:root")) {
        return Verdict::Holds(format!(
            "it is the account {account}, which leaves the choice to its own policies: one of {ours} has to allow it, too"
        ));
    }
    let role = chain::caller_of_session(id);
    // A session's ARN does not tell the path of its role.
    let last = |arn: &str| arn.rsplit('/').next().map(str::to_owned);
    let is_same_role =
        role != id && arn.contains(":role/") && last(&role) == last(arn) && role.split(':').nth(4) == Some(account);
    match (is_same_role, session, id.rsplit('/').next()) {
        (false, _, _) => other(format!("it has to be {ours}")),
        (true, Some(ours), Some(theirs)) if ours == theirs => {
            Verdict::Holds(format!("it is this very session, {theirs}"))
        }
        (true, Some(ours), _) => other(format!("that is one session of the role alone, and this one is called {ours}")),
        (true, None, theirs) => Verdict::Unknown(format!(
            "it is {}: that is one session of the role alone, and whether this one will be called {} cannot be known from here",
            shown(&[id.to_owned()]),
            shown(&[theirs.unwrap_or_default().to_owned()])
        )),
    }
}

fn different_provider(id: &str, ours: &str) -> String {
    let (theirs, mine) = (issuer::provider_of(id), issuer::provider_of(ours));
    let slash = theirs.trim_end_matches('/') == mine.trim_end_matches('/') && theirs != mine;
    match () {
        () if theirs.contains("://") => format!("IAM names an issuer without its scheme; it has to be {ours}"),
        () if slash => format!("a slash at the end of an issuer counts; it has to be {ours}"),
        () => format!("it has to be {ours}"),
    }
}

fn action(statement: &Statement, request: &Request, covered: &[bool]) -> Verdict {
    let missing: Vec<&str> =
        request.actions.iter().zip(covered).filter(|(_, covers)| !**covers).map(|(action, _)| *action).collect();
    match missing.as_slice() {
        [] => Verdict::Holds(format!("it has {}", request.actions.join(", "))),
        all if all.len() == request.actions.len() => Verdict::Fails(format!(
            "it is {}; needed is {}",
            shown(statement.stated_actions()),
            request.actions.join(", ")
        )),
        // What it lacks another statement may have.
        some => Verdict::Holds(format!("it has some of what is needed, and lacks {}", some.join(", "))),
    }
}

/// Whether a line of a `Condition` holds; its values are alternatives, and for a negated operator none of them may fit.
fn holds(condition: &Condition, has_variables: bool, request: &Request) -> Verdict {
    let Condition { key, values, .. } = condition;
    let Some(operator) = condition.operator else {
        return Verdict::Fails("IAM has no such operator".to_owned());
    };
    let found = request.value(key);
    if operator.test == Test::Null {
        let wants_absence = values.iter().any(|value| value.eq_ignore_ascii_case("true"));
        return match found {
            Found::Unknown => Verdict::Unknown(format!("whether the request has {key} cannot be known from here")),
            Found::Values(_) => verdict(!wants_absence, format!("{key} is in the request")),
            Found::Absent(why) => verdict(wants_absence, why),
        };
    }
    match found {
        Found::Unknown => Verdict::Unknown(format!(
            "{key} of the request cannot be known from here; it has to be {}",
            wanted(operator, values)
        )),
        Found::Absent(why) => absent(operator, why, values),
        Found::Values(found) => compared(operator, key, values, found, has_variables.then_some(request)),
    }
}

/// A key that is not in the request.
fn absent(operator: Operator, why: String, values: &[String]) -> Verdict {
    match operator {
        Operator { set: Some(Set::ForAllValues), .. } => {
            Verdict::Holds(format!("{why}, and ForAllValues lets that pass"))
        }
        Operator { if_exists: true, .. } => Verdict::Holds(format!("{why}, which IfExists lets pass")),
        Operator { is_negated: true, set: None, .. } => Verdict::Holds(format!("{why}, so it is none of those")),
        _ => Verdict::Fails(format!("{why}; it has to be {}", wanted(operator, values))),
    }
}

fn compared(
    operator: Operator,
    key: &str,
    values: &[String],
    found: &[String],
    variables: Option<&Request>,
) -> Verdict {
    let patterns: Vec<_> =
        values.iter().map(|value| Pattern::read(value, operator.has_wildcards(), variables)).collect();
    // A value whose variable is not known fits perhaps; one whose variable is not in the request fits never.
    let certainty = |value: &String| {
        let each = patterns.iter().map(|pattern| match pattern {
            Ok(pattern) if operator.fits(pattern, value) => Certainty::Yes,
            Ok(_) | Err(Unusable::Absent) => Certainty::No,
            Err(Unusable::Unknown) => Certainty::Perhaps,
        });
        let fits = each.max().unwrap_or(Certainty::No);
        if operator.is_negated { fits.inverse() } else { fits }
    };
    let each = found.iter().map(certainty);
    let holds = match operator.set {
        Some(Set::ForAllValues) => each.min().unwrap_or(Certainty::Yes),
        // Negated, no value may be among those; else one that is suffices.
        None if operator.is_negated => each.min().unwrap_or(Certainty::Yes),
        None | Some(Set::ForAnyValue) => each.max().unwrap_or(Certainty::No),
    };
    let (is, wanted) = (shown(found), wanted(operator, values));
    match (holds, operator.is_negated) {
        (Certainty::Yes, false) => Verdict::Holds(format!("{key} is {is}")),
        (Certainty::Yes, true) => Verdict::Holds(format!("{key} is {is}, none of those")),
        (Certainty::Perhaps, _) => {
            Verdict::Unknown(format!("a variable in {wanted} cannot be known from here; {key} is {is}"))
        }
        (Certainty::No, false) => Verdict::Fails(format!("{key} is {is}; it has to be {wanted}")),
        (Certainty::No, true) => Verdict::Fails(format!("{key} is {is}; it must not be {wanted}")),
    }
}

fn wanted(operator: Operator, values: &[String]) -> String {
    let order = match operator.test {
        Test::Like => "like ",
        Test::Numeric(Order::Less) | Test::Date(Order::Less) => "less than ",
        Test::Numeric(Order::Greater) | Test::Date(Order::Greater) => "more than ",
        Test::Numeric(Order::LessOrEqual) | Test::Date(Order::LessOrEqual) => "at most ",
        Test::Numeric(Order::GreaterOrEqual) | Test::Date(Order::GreaterOrEqual) => "at least ",
        Test::Numeric(Order::Equal)
        | Test::Date(Order::Equal)
        | Test::Equals
        | Test::EqualsIgnoreCase
        | Test::Arn
        | Test::Bool
        | Test::Ip
        | Test::Null => "",
    };
    format!("{order}{}", shown(values))
}

fn verdict(holds: bool, why: String) -> Verdict {
    if holds { Verdict::Holds(why) } else { Verdict::Fails(why) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::super::oidc::{self, Token};
    use super::super::{chain, saml};
    use super::*;
    use crate::arn::{ProviderArn, RoleArn};
    use crate::config::profile::{AssumeRole, Base, SessionName};
    use crate::identity::saml::response::{Attribute, Offer, Response};

    const VERDICTS: &str = include_str!("../../tests/data/trust/verdicts.json");

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

    fn case(row: &Value, tokens: &Value) -> (Value, Request) {
        let name = row["token"].as_str().unwrap();
        let (request, provider) = match name {
            "saml" => (assertion(), String::new()),
            "role" => (caller("arn:aws:iam::112233334444:role/Base"), String::new()),
            "session" => (caller("arn:aws:sts::112233334444:assumed-role/Base/alice"), String::new()),
            name => {
                let token = token(&tokens[name]);
                (oidc::request(&token, &role()), token.provider().to_owned())
            }
        };
        if let Some(policy) = row.get("policy") {
            return (policy.clone(), request);
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
        (policy, request)
    }

    #[test]
    fn each_policy_is_judged_as_aws_judges_it_and_strangers_are_named() {
        let table: Value = serde_json::from_str(VERDICTS).unwrap();
        let rows = table["rows"].as_array().unwrap();
        assert!(rows.len() >= 120, "{}", rows.len());
        let mut wrong = Vec::new();
        for row in rows {
            let (policy, request) = case(row, &table["tokens"]);
            let report = check(&policy.to_string(), &request, now()).unwrap();
            let verdict = match report.outcome {
                Outcome::LetIn => "in",
                Outcome::KeptOut => "out",
                Outcome::Depends => "unknown",
            };
            if verdict != row["verdict"] {
                wrong.push(format!("{}: {verdict}, not {}: {:?}", row["what"], row["verdict"], report.statements));
            }
            if report.outcome == Outcome::KeptOut && report.reason().contains("no statement that applies") {
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
            tokens.push(json!({ "iss": "https://idp.example.com", "sub": text, "aud": text, "https://aws.amazon.com/tags": tags }));
        }
        for claims in &tokens {
            let own = token(claims);
            let trust = oidc::trust(&own, &role(), None);
            let policy = trust.policy().to_string();
            let outcome = |claims: &Value| check(&policy, &oidc::request(&token(claims), &role()), now()).unwrap();
            let report = outcome(claims);
            assert_eq!(report.outcome, Outcome::LetIn, "{policy}: {report:?}");
            assert!(report.warnings.is_empty(), "{policy}: {:?}", report.warnings);
            assert_eq!(outcome(&next_run(claims)).outcome, Outcome::LetIn, "{policy}");
            assert_eq!(outcome(&stranger(claims)).outcome, Outcome::KeptOut, "{policy}: {}", stranger(claims));
        }
    }

    #[test]
    fn the_line_that_keeps_somebody_out_is_named_with_both_sides() {
        let table: Value = serde_json::from_str(VERDICTS).unwrap();
        let reasons = [
            ("GitHub: another environment", "it has to be \"repo:acme/app:environment:test\""),
            ("GitHub: iss is no key", "AWS does not read this claim"),
            ("GitHub: nonesuch is no key", "AWS knows no condition key"),
            ("GitHub: a key of another issuer", "is no key of the token"),
            ("another issuer: without the slash at its end", "a slash at the end of an issuer counts"),
            ("another issuer: with the scheme in the provider", "without its scheme"),
            ("policy: effect in the wrong case", "IAM takes Allow and Deny alone"),
            ("policy: an explicit denial", "denies it"),
            ("role: an id of a role that is gone", "deleted"),
            ("role: another session of the role", "one session of the role alone"),
        ];
        for (what, words) in reasons {
            let row = table["rows"].as_array().unwrap().iter().find(|row| row["what"] == what).unwrap();
            let (policy, request) = case(row, &table["tokens"]);
            let reason = check(&policy.to_string(), &request, now()).unwrap().reason();
            assert!(reason.contains(words), "{what}: {reason}");
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
}
