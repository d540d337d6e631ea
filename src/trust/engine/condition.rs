//! Evaluates a line of a `Condition` (IAM User Guide, "IAM JSON policy elements: Condition operators").

use super::verdict::{Certainty, Verdict};
use crate::trust::operator::{Operator, Order, Set, Test};
use crate::trust::pattern::{Pattern, Unusable};
use crate::trust::policy::Condition;
use crate::trust::request::{Found, Request, shown};

/// Evaluates a line of a `Condition`. Its values are alternatives; for a negated operator none of them may match.
pub fn judge(condition: &Condition, has_variables: bool, request: &Request) -> Verdict {
    let Condition { key, values, .. } = condition;
    let Some(operator) = condition.operator else {
        return Verdict::Fails("IAM has no such operator".to_owned());
    };
    let found = request.value(key);
    if operator.test == Test::Null {
        let wants = |word: &str| values.iter().any(|value| value.eq_ignore_ascii_case(word));
        return match found {
            Found::Unknown => Verdict::Unknown(format!("it is not known here whether the request has {key}")),
            Found::Values(_) => verdict(wants("false"), format!("{key} is in the request")),
            Found::Absent(why) => verdict(wants("true"), why),
        };
    }
    match found {
        Found::Unknown => Verdict::Unknown(format!(
            "{key} of the request is not known here; it has to be {}",
            wanted(operator, values)
        )),
        Found::Absent(why) => absent(operator, why, values),
        Found::Values(found) => compared(operator, key, values, found, has_variables.then_some(request)),
    }
}

/// The verdict for a key that is not in the request.
fn absent(operator: Operator, why: String, values: &[String]) -> Verdict {
    match operator {
        Operator { set: Some(Set::ForAllValues), .. } => Verdict::Holds(format!("{why}, and ForAllValues holds then")),
        Operator { if_exists: true, .. } => Verdict::Holds(format!("{why}, and IfExists holds then")),
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
    let variable = |name: &str| variables.map(|request| request.variable(name)).transpose();
    let patterns: Vec<_> =
        values.iter().map(|value| Pattern::read(value, operator.has_wildcards(), variable)).collect();
    // A value with an unknown variable may match; one whose variable is not in the request never matches.
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
        // Negated, no value may match; otherwise one that matches is enough.
        None if operator.is_negated => each.min().unwrap_or(Certainty::Yes),
        None | Some(Set::ForAnyValue) => each.max().unwrap_or(Certainty::No),
    };
    let (is, wanted) = (shown(found), wanted(operator, values));
    match (holds, operator.is_negated) {
        (Certainty::Yes, false) => Verdict::Holds(format!("{key} is {is}")),
        (Certainty::Yes, true) => Verdict::Holds(format!("{key} is {is}, none of those")),
        (Certainty::Perhaps, _) => Verdict::Unknown(format!("a variable in {wanted} is not known here; {key} is {is}")),
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
