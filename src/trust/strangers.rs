//! Finds strangers whom a policy allows: holders of another token of the same issuer.
//!
//! Evaluates each line for a stranger: an identity for which every condition on the owner of the token fails. If the
//! stranger is allowed, the warning names the group (IAM User Guide, "Identity-provider controls for shared OIDC
//! providers").

use super::issuer::{self, Issuer};
use super::operator::{Operator, Order, Set, Test};
use super::pattern::Pattern;
use super::policy::{Condition, Policy, Principals, Statement};
use super::request::shown;
use crate::error::printable;

const ASSUME_ROLE: &str = "sts:AssumeRole";
const WITH_SAML: &str = "sts:AssumeRoleWithSAML";
const WITH_TOKEN: &str = "sts:AssumeRoleWithWebIdentity";

/// Keys that say whose an AWS principal is.
const OF_AWS: [&str; 9] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:userid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
];

/// For which strangers a line of a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stranger {
    /// For each of them.
    Always,
    /// For some: they may choose the value, or it does not say whose the token is.
    Some,
    /// For none.
    Never,
}

/// Returns a warning for each statement that allows strangers, or has a condition with another effect than it seems to.
pub fn warnings(policy: &Policy) -> Vec<String> {
    let allows = policy.statements.iter().filter(|statement| statement.is_allow);
    let mut warnings = Vec::new();
    for statement in allows {
        let told = of_principals(statement, policy).into_iter().chain(of_conditions(statement));
        warnings.extend(told.map(|what| format!("statement {}: {what}", statement.name)));
    }
    warnings
}

fn of_principals(statement: &Statement, policy: &Policy) -> Vec<String> {
    match &statement.principals {
        Principals::All => of_everybody(statement, policy).into_iter().collect(),
        Principals::Except(_) => {
            vec!["NotPrincipal with Allow allows everybody except those it names".to_owned()]
        }
        Principals::Named(all) => all
            .iter()
            .filter(|(kind, _)| kind == "Federated")
            .filter_map(|(_, id)| match id.contains(":saml-provider/") {
                true => of_saml(statement, policy),
                false => of_issuer(issuer::provider_of(id), statement, policy),
            })
            .collect(),
    }
}

fn of_everybody(statement: &Statement, policy: &Policy) -> Option<String> {
    let says = |condition: &Condition| {
        let key = condition.key.to_ascii_lowercase();
        let is_pinned = |key: &str, value: &Pattern| match OF_AWS.contains(&key) {
            true => Some(!value.has_wildcard() || value.beginning().len() > "arn:aws:iam::".len()),
            false => None,
        };
        let of_token = key.rsplit_once(':').filter(|(provider, _)| provider.contains('.'));
        match of_token {
            Some((provider, name)) => {
                let issuer = issuer::of(provider);
                judged(condition, statement, policy, |value| issuer.says_whose(name, value))
            }
            None => judged(condition, statement, policy, |value| is_pinned(&key, value)),
        }
    };
    if statement.conditions.iter().any(|condition| says(condition) == Stranger::Never) {
        return None;
    }
    let knows = statement.conditions.iter().any(|condition| condition.key.eq_ignore_ascii_case("sts:ExternalId"));
    Some(match knows {
        true => "Principal * allows anybody with an AWS account who knows the external id".to_owned(),
        false => "Principal * allows anybody with an AWS account: no condition limits the account".to_owned(),
    })
}

fn of_saml(statement: &Statement, policy: &Policy) -> Option<String> {
    let is_audience = |condition: &&Condition| condition.key.eq_ignore_ascii_case("saml:aud");
    let pins = |condition: &Condition| {
        judged(condition, statement, policy, |value| Some(value.beginning().len() > "https://".len()))
            == Stranger::Never
    };
    let lines: Vec<&Condition> = statement.conditions.iter().filter(is_audience).collect();
    if !statement.covers(WITH_SAML) || lines.iter().any(|condition| pins(condition)) {
        return None;
    }
    Some(match lines.first() {
        Some(line) => format!(
            "it allows everybody with an assertion of this IdP for any service: {} does not say for which one",
            line_of(line)
        ),
        None => {
            "it allows everybody with an assertion of this IdP for any service: no condition on SAML:aud".to_owned()
        }
    })
}

fn of_issuer(provider: &str, statement: &Statement, policy: &Policy) -> Option<String> {
    if !statement.covers(WITH_TOKEN) {
        return None;
    }
    let issuer = issuer::of(provider);
    let lines = || statement.conditions.iter().filter_map(|condition| Some((name_of(provider, condition)?, condition)));
    let of_line = |name: &str, condition: &Condition, statement: &Statement| {
        judged(condition, statement, policy, |value| issuer.says_whose(name, value))
    };
    if lines().any(|(name, condition)| of_line(&name, condition, statement) == Stranger::Never) {
        return guests(issuer, provider, statement);
    }
    // A Deny for every stranger allows none.
    let denies = |deny: &&Statement| {
        let all = |condition: &Condition| {
            let name = name_of(provider, condition);
            name.is_some_and(|name| of_line(&name, condition, deny) == Stranger::Always)
        };
        !deny.is_allow && deny.covers(WITH_TOKEN) && !deny.conditions.is_empty() && deny.conditions.iter().all(all)
    };
    if policy.statements.iter().any(|statement| denies(&statement)) {
        return None;
    }
    let open = lines().find(|(name, _)| issuer.tenant.iter().any(|tenant| tenant.key.eq_ignore_ascii_case(name)));
    let chosen: Vec<String> = lines()
        .filter(|(name, _)| issuer.choice.iter().any(|choice| choice.eq_ignore_ascii_case(name)))
        .map(|(name, _)| name)
        .collect();
    let keys: Vec<&str> = issuer.tenant.iter().map(|tenant| tenant.key.as_str()).collect();
    let why = match open {
        Some((_, condition)) if condition.operator.is_some_and(|operator| operator.is_negated) => {
            format!("{} says only who is excluded", line_of(condition))
        }
        Some((_, condition)) => format!("{} does not say whose the token is", line_of(condition)),
        None if !chosen.is_empty() => format!("{} may have the same value for them", chosen.join(" and ")),
        None => format!("no condition says whose the token is ({})", keys.join(", ")),
    };
    Some(format!("it allows {}: {why}", issuer.anybody))
}

/// The warning about the guests of a Cognito pool, who have tokens of the pool as well.
fn guests(issuer: &Issuer, provider: &str, statement: &Statement) -> Option<String> {
    let has =
        |name: &str| statement.conditions.iter().any(|line| name_of(provider, line).is_some_and(|key| key == name));
    let are_in = issuer.kind == issuer::Kind::Cognito && !has("amr") && !has("sub");
    are_in.then(|| "it also allows guests of the pool, if the pool has guests: no condition on amr".to_owned())
}

/// The key of a condition without the issuer's name. `None` if it is not a key of this issuer.
fn name_of(provider: &str, condition: &Condition) -> Option<String> {
    let key = condition.key.to_ascii_lowercase();
    key.strip_prefix(&format!("{}:", provider.to_ascii_lowercase())).map(str::to_owned)
}

/// Evaluates a line for a stranger. `says` returns whether a value says whose the token is; `None` if no value of its key does.
fn judged(
    condition: &Condition,
    statement: &Statement,
    policy: &Policy,
    says: impl Fn(&Pattern) -> Option<bool>,
) -> Stranger {
    let Some(operator) = condition.operator else { return Stranger::Some };
    let is_there = || {
        statement.conditions.iter().any(|other| {
            other.key.eq_ignore_ascii_case(&condition.key)
                && other.operator.is_some_and(|operator| operator.test == Test::Null)
                && other.values.iter().any(|value| value.eq_ignore_ascii_case("false"))
        })
    };
    let passes_without = operator.if_exists || operator.set == Some(Set::ForAllValues);
    let read = |value: &String| {
        let ignores_case = operator.test == Test::EqualsIgnoreCase;
        // The forms of the issuers' claims are in lower case.
        let value = if ignores_case { value.to_lowercase() } else { value.clone() };
        Pattern::read_open(&value, operator.has_wildcards(), policy.has_variables)
    };
    let all_say = !condition.values.is_empty() && condition.values.iter().all(|value| says(&read(value)) == Some(true));
    match operator.test {
        Test::Equals | Test::EqualsIgnoreCase | Test::Like | Test::Arn | Test::Numeric(Order::Equal)
            if all_say && (!passes_without || is_there()) =>
        {
            if operator.is_negated {
                Stranger::Always
            } else {
                Stranger::Never
            }
        }
        Test::Equals
        | Test::EqualsIgnoreCase
        | Test::Like
        | Test::Arn
        | Test::Numeric(_)
        | Test::Date(_)
        | Test::Bool
        | Test::Ip
        | Test::Null => Stranger::Some,
    }
}

/// The conditions that have another effect than they seem to, for every caller.
fn of_conditions(statement: &Statement) -> Vec<String> {
    let mut warnings = Vec::new();
    let is_entry = [ASSUME_ROLE, WITH_SAML, WITH_TOKEN].iter().any(|action| statement.covers(action));
    for condition in statement.conditions.iter().filter(|_| is_entry) {
        let Some(operator) = condition.operator else { continue };
        let Operator { set, if_exists, test, .. } = operator;
        let key = printable(&condition.key, 200);
        let is_there = statement.conditions.iter().any(|other| {
            other.key.eq_ignore_ascii_case(&condition.key)
                && other.operator.is_some_and(|operator| operator.test == Test::Null)
        });
        if set == Some(Set::ForAllValues) && !is_there {
            warnings.push(format!(
                "{} {key} also holds if the key is missing: use ForAnyValue, or no set operator",
                condition.name
            ));
        }
        let is_of_token = key.rsplit_once(':').is_some_and(|(provider, _)| provider.contains('.'));
        if if_exists && is_of_token && !is_there {
            warnings.push(format!("{} {key} also holds if the key is missing: remove IfExists", condition.name));
        }
        let is_literal = matches!(test, Test::Equals | Test::EqualsIgnoreCase) && !operator.is_negated;
        let has_star = |value: &String| value.replace("${*}", "").contains('*');
        if is_literal && condition.values.iter().any(has_star) {
            warnings.push(format!("{} {key} has a `*`, which only StringLike reads as a pattern", condition.name));
        }
    }
    warnings
}

fn line_of(condition: &Condition) -> String {
    format!("{} {} {}", printable(&condition.name, 60), printable(&condition.key, 200), shown(&condition.values))
}
