//! Why IAM refuses a document as a role's trust policy.
//!
//! Sources: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM policy validation check reference" (its errors,
//! including those for role trust policies); quoted messages of IAM are from public reports.

use serde_json::{Map, Value};

use super::{Condition, Policy};
use crate::error::printable;
use crate::trust::issuer::texts;
use crate::trust::operator::Test;

const REFUSES: &str = "IAM refuses this policy";
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];
const ELEMENTS: [&str; 8] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition", "Resource"];
const KINDS_OF_PRINCIPAL: [&str; 4] = ["AWS", "Federated", "Service", "CanonicalUser"];

/// The faults of the document apart from its statements.
pub fn of_document(document: &Map<String, Value>, statements: &[Value]) -> Vec<String> {
    let mut faults = Vec::new();
    match document.get("Version") {
        None => {}
        Some(Value::String(version)) if VERSIONS.contains(&version.as_str()) => {}
        Some(other) => faults.push(format!(
            "Version: it is {}; IAM accepts only 2012-10-17 and 2008-10-17, and {REFUSES}",
            printable(&other.to_string(), 40)
        )),
    }
    let strange = document.keys().find(|name| !["Version", "Id", "Statement"].contains(&name.as_str()));
    faults.extend(strange.map(|name| format!("{}: IAM knows no such element, and {REFUSES}", printable(name, 60))));
    if statements.is_empty() {
        faults.push(format!("Statement: there is none, and {REFUSES}"));
    }
    let sids: Vec<&str> = statements.iter().filter_map(|statement| statement.get("Sid")?.as_str()).collect();
    let again = sids.iter().enumerate().find(|(at, sid)| !sid.is_empty() && sids[..*at].contains(sid));
    faults.extend(again.map(|(_, sid)| format!("Sid: {:?} occurs twice, and {REFUSES}", printable(sid, 60))));
    faults
}

/// The faults of a statement.
pub fn of_statement(statement: &Value, conditions: &[Condition], has_variables: bool) -> Vec<String> {
    let Some(elements) = statement.as_object() else {
        return vec![format!("it is not an object, and {REFUSES}")];
    };
    let mut faults = of_elements(elements);
    faults.extend(of_principal(elements));
    faults.extend(of_actions(elements));
    faults.extend(of_condition(elements.get("Condition"), conditions, has_variables));
    faults
}

fn of_elements(elements: &Map<String, Value>) -> Vec<String> {
    let mut faults = Vec::new();
    let effect = elements.get("Effect").map(|effect| effect.as_str().map_or(effect.to_string(), str::to_owned));
    match effect.as_deref() {
        Some("Allow" | "Deny") => {}
        Some(other) => faults.push(format!(
            "Effect: it is {:?}; IAM accepts only Allow and Deny, in this spelling, and refuses this policy",
            printable(other, 40)
        )),
        None => faults.push("Effect: there is none; IAM refuses this policy".to_owned()),
    }
    for element in elements.keys() {
        match element.as_str() {
            "Resource" | "NotResource" => {
                faults.push(format!("{element}: a trust policy has none, its resource is the role itself; {REFUSES}"))
            }
            known if ELEMENTS.contains(&known) => {}
            other => {
                faults.push(format!("{}: IAM knows no such element and refuses this policy", printable(other, 60)))
            }
        }
    }
    let sid = elements.get("Sid").map(|sid| sid.as_str().map_or(sid.to_string(), str::to_owned));
    if let Some(sid) = sid.filter(|sid| !sid.bytes().all(|b| b.is_ascii_alphanumeric())) {
        faults.push(format!(
            "Sid: {:?} has characters other than letters and digits, and {REFUSES}",
            printable(&sid, 60)
        ));
    }
    faults
}

fn of_principal(elements: &Map<String, Value>) -> Vec<String> {
    let kinds = match (elements.get("Principal"), elements.get("NotPrincipal")) {
        (_, Some(_)) => {
            return vec![format!(
                "NotPrincipal: a role's trust policy cannot have it, and {REFUSES}: name the principals"
            )];
        }
        (None, None) => return vec!["Principal: there is none: this is not a trust policy".to_owned()],
        (Some(Value::String(all)), _) if all == "*" => {
            return vec![format!(
                "Principal: a role's trust policy cannot have \"*\" alone, and {REFUSES} (\"invalid principal: \\\"STAR\\\":\\\"*\\\"\"); \
                 {{\"AWS\": \"*\"}} would be accepted"
            )];
        }
        (Some(Value::Object(kinds)), _) => kinds,
        (Some(_), _) => {
            return vec![format!("Principal: it is not an object with AWS, Federated or Service, and {REFUSES}")];
        }
    };
    let mut faults = Vec::new();
    for (kind, ids) in kinds {
        if !KINDS_OF_PRINCIPAL.contains(&kind.as_str()) {
            faults.push(format!(
                "Principal: IAM knows no kind {:?} (AWS, Federated and Service are), and {REFUSES}",
                printable(kind, 40)
            ));
        }
        let fault = |id: &String| {
            let has_wildcard = id.contains(['*', '?']);
            let shown = printable(id, 200);
            match kind.as_str() {
                "AWS" if has_wildcard && id != "*" => Some(format!(
                    "Principal: it is {shown:?}; IAM accepts no wildcard in a part of a principal's ARN and refuses this policy \
                     (use a condition on aws:PrincipalArn)"
                )),
                "AWS" if id.contains(":group/") => {
                    Some(format!("Principal: {shown:?} is a group, which is not a principal, and {REFUSES}"))
                }
                "Federated" | "Service" if has_wildcard => Some(format!(
                    "Principal: {kind} is {shown:?}; IAM accepts no wildcard there, and {REFUSES}: name the provider"
                )),
                _ => None,
            }
        };
        faults.extend(texts(ids).iter().find_map(fault));
    }
    faults
}

fn of_actions(elements: &Map<String, Value>) -> Vec<String> {
    let stated = match (elements.get("Action"), elements.get("NotAction")) {
        (Some(_), Some(_)) => return vec![format!("Action: the statement has NotAction too, and {REFUSES}")],
        (None, None) => return vec![format!("Action: there is none, and {REFUSES}")],
        (Some(stated), None) | (None, Some(stated)) => stated,
    };
    let foreign = texts(stated).into_iter().find(|action| {
        let service = action.split_once(':').map(|(service, _)| service);
        !service.is_some_and(|service| service.eq_ignore_ascii_case("sts"))
    });
    let fault = |action: String| {
        format!(
            "Action: it is {:?}, and {REFUSES} (\"AssumeRole policy may only specify STS AssumeRole actions\")",
            printable(&action, 60)
        )
    };
    foreign.into_iter().map(fault).collect()
}

fn of_condition(stated: Option<&Value>, conditions: &[Condition], has_variables: bool) -> Vec<String> {
    let Some(stated) = stated else { return Vec::new() };
    let shape = format!("Condition: it is not {{OPERATOR: {{KEY: VALUE}}}}, and {REFUSES}");
    let Some(blocks) = stated.as_object() else { return vec![shape] };
    if blocks.values().any(|keys| !keys.is_object()) {
        return vec![shape];
    }
    let is_value = |value: &Value| match value {
        Value::Array(all) => all.iter().all(|one| !matches!(one, Value::Null | Value::Object(_) | Value::Array(_))),
        Value::Null | Value::Object(_) => false,
        Value::String(_) | Value::Bool(_) | Value::Number(_) => true,
    };
    let mut lines = blocks.values().filter_map(Value::as_object).flatten();
    if let Some((key, _)) = lines.find(|(_, value)| !is_value(value)) {
        return vec![format!(
            "Condition: the value of {} is neither text nor a list of texts, and {REFUSES}",
            printable(key, 200)
        )];
    }
    let fault = |condition: &Condition| match condition.operator {
        None => {
            Some(format!("Condition: IAM has no operator {} and refuses this policy", printable(&condition.name, 60)))
        }
        Some(operator) => {
            let takes_variables =
                matches!(operator.test, Test::Equals | Test::EqualsIgnoreCase | Test::Like | Test::Arn);
            let has_one = condition.values.iter().any(|value| value.contains("${"));
            (has_variables && has_one && !takes_variables)
                .then(|| format!("Condition: {} takes no variable, and {REFUSES}", printable(&condition.name, 60)))
        }
    };
    conditions.iter().find_map(fault).into_iter().collect()
}

/// The fault of a policy with too many characters, not counting white space. The quota for a trust policy is 2,048, and 4,096
/// on request (IAM and AWS STS quotas).
pub fn of_size(document: &Value) -> Option<String> {
    let size = document.to_string().chars().filter(|c| !c.is_whitespace()).count();
    match size {
        0..=2048 => None,
        _ => Some(format!(
            "the policy has {size} characters: IAM accepts 2048, and up to 4096 if the account's quota for the length of role \
             trust policies was raised"
        )),
    }
}

impl Policy {
    /// Returns why IAM refuses the document, with the name of the faulty statement.
    pub fn fault(&self) -> Option<String> {
        let of_statement = || {
            let faulty = self.statements.iter().find(|statement| !statement.faults.is_empty())?;
            Some(format!("statement {}, {}", faulty.name, faulty.faults[0]))
        };
        self.faults.first().cloned().or_else(of_statement)
    }
}
