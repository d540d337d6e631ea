//! A trust policy as IAM reads it: statements with effect, principal, action and condition, and why IAM refuses it, if it does.

mod faults;
mod json;

use serde_json::Value;

use super::issuer::texts;
use super::operator::Operator;
use crate::error::{Code, Error, Result, printable};

/// A policy document.
#[derive(Clone, Debug)]
pub struct Policy {
    pub statements: Vec<Statement>,
    /// Whether `${…}` is a variable: only with `"Version": "2012-10-17"`.
    pub has_variables: bool,
    /// Why IAM refuses the document, apart from its statements.
    faults: Vec<String>,
    /// Names that occur twice in one object: which of the two counts is not documented.
    pub twice: Vec<String>,
    /// The warning that it is too long, if it is.
    pub size: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Statement {
    /// The `Sid`, else the statement's number, from 1.
    pub name: String,
    pub is_allow: bool,
    pub principals: Principals,
    actions: Actions,
    pub conditions: Vec<Condition>,
    /// Why IAM refuses the document because of this statement.
    pub faults: Vec<String>,
}

/// The principals that a statement applies to.
#[derive(Clone, Debug)]
pub enum Principals {
    /// `"*"`, or `{ "AWS": "*" }`.
    All,
    /// `{ KIND: [ID, …] }`
    Named(Vec<(String, String)>),
    /// `NotPrincipal`: everybody except these.
    Except(Vec<(String, String)>),
}

#[derive(Clone, Debug)]
enum Actions {
    Only(Vec<String>),
    Except(Vec<String>),
}

/// A line of a `Condition`: the values are alternatives.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The operator as written.
    pub name: String,
    /// `None` if IAM has no such operator.
    pub operator: Option<Operator>,
    pub key: String,
    pub values: Vec<String>,
}

impl Policy {
    /// Reads a policy document, or what `aws iam get-role`, the IAM API or an infrastructure tool prints around it.
    ///
    /// Errors: [`Code::InvalidValue`] if the text is not a policy.
    pub fn parse(text: &str) -> Result<Policy> {
        let (document, twice) = document(text)?;
        let statements = match document.get("Statement") {
            Some(Value::Array(all)) => all.as_slice(),
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            _ => return Err(no_policy("it has no `Statement`")),
        };
        let has_variables = document.get("Version").and_then(Value::as_str) == Some("2012-10-17");
        let read = |(at, statement)| Statement::read(at + 1, statement, has_variables);
        Ok(Policy {
            statements: statements.iter().enumerate().map(read).collect(),
            has_variables,
            faults: document.as_object().map(|all| faults::of_document(all, statements)).unwrap_or_default(),
            twice,
            size: faults::of_size(&document),
        })
    }
}

impl Statement {
    fn read(number: usize, statement: &Value, has_variables: bool) -> Statement {
        let sid = statement.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty());
        let effect = statement.get("Effect").and_then(Value::as_str);
        let conditions = conditions(statement);
        Statement {
            name: sid.map_or_else(|| number.to_string(), |sid| printable(sid, 60)),
            is_allow: effect.is_some_and(|effect| effect.eq_ignore_ascii_case("allow")),
            principals: match (statement.get("Principal"), statement.get("NotPrincipal")) {
                (Some(stated), _) => Principals::read(stated),
                (None, Some(others)) => Principals::Except(named(others)),
                (None, None) => Principals::Named(Vec::new()),
            },
            actions: match (statement.get("Action"), statement.get("NotAction")) {
                (Some(list), _) => Actions::Only(texts(list)),
                (None, Some(list)) => Actions::Except(texts(list)),
                (None, None) => Actions::Only(Vec::new()),
            },
            faults: faults::of_statement(statement, &conditions, has_variables),
            conditions,
        }
    }

    /// Whether the statement applies to this action; IAM ignores the case of actions.
    pub fn covers(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let has = |list: &[String]| {
            let fits = |text: &String| {
                super::pattern::Pattern::read_open(&text.to_ascii_lowercase(), true, false).fits(&action)
            };
            list.iter().any(fits)
        };
        match &self.actions {
            Actions::Only(list) => has(list),
            Actions::Except(list) => !has(list),
        }
    }

    /// Whether the statement has `NotAction`.
    pub fn has_not_action(&self) -> bool {
        matches!(self.actions, Actions::Except(_))
    }

    /// The values of `Action` or `NotAction`.
    pub fn stated_actions(&self) -> &[String] {
        match &self.actions {
            Actions::Only(list) | Actions::Except(list) => list,
        }
    }
}

impl Principals {
    fn read(stated: &Value) -> Principals {
        let all = named(stated);
        match stated == "*" || all.iter().any(|(kind, id)| kind == "AWS" && id == "*") {
            true => Principals::All,
            false => Principals::Named(all),
        }
    }
}

fn named(stated: &Value) -> Vec<(String, String)> {
    if let Some(all) = stated.as_str() {
        return vec![("AWS".to_owned(), all.to_owned())];
    }
    let kinds = stated.as_object().into_iter().flatten();
    kinds.flat_map(|(kind, ids)| texts(ids).into_iter().map(move |id| (kind.clone(), id))).collect()
}

fn conditions(statement: &Value) -> Vec<Condition> {
    let blocks = statement.get("Condition").and_then(Value::as_object);
    let lines = blocks.into_iter().flatten().flat_map(|(name, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, wanted)| Condition {
            name: name.clone(),
            operator: Operator::parse(name),
            key: key.clone(),
            values: texts(wanted),
        })
    });
    lines.collect()
}

/// The policy document, and the names that occur twice in it.
fn document(text: &str) -> Result<(Value, Vec<String>)> {
    let parse = |text: &str| {
        json::read(text)
            .map_err(|why| no_policy(&format!("it is not JSON: line {} column {}", why.line(), why.column())))
    };
    let (mut document, twice) = parse(text.trim_start_matches('\u{feff}'))?;
    for key in ["Role", "AssumeRolePolicyDocument", "assume_role_policy", "trust_policy", "PolicyDocument"] {
        if let Some(inner) = document.get_mut(key) {
            document = inner.take();
        }
    }
    match document {
        // Percent-encoded, as IAM's API returns it, or JSON in a string.
        Value::String(escaped) if escaped.trim_start().starts_with('{') => parse(&escaped),
        Value::String(escaped) => {
            let pair = format!("p={}", escaped.replace('+', "%2B"));
            let plain = url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, text)| text.into_owned());
            parse(&plain.unwrap_or_default())
        }
        other => Ok((other, twice)),
    }
}

fn no_policy(why: &str) -> Error {
    Error::new(Code::InvalidValue, "the document is not a trust policy")
        .because(why)
        .hint("get it with: aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_iam_refuses_is_told() {
        let good = json!({ "Effect": "Allow", "Principal": { "AWS": "112233334444" }, "Action": "sts:AssumeRole" });
        let with = |key: &str, value: Value| {
            let mut changed = good.clone();
            changed[key] = value;
            changed
        };
        let table = [
            (good.clone(), None),
            (with("Effect", json!("allow")), Some("Effect: it is \"allow\"")),
            (with("Effect", json!("DENY")), Some("Effect: it is \"DENY\"")),
            (with("Resource", json!("*")), Some("Resource: a trust policy has none")),
            (with("action", json!("sts:*")), Some("action: IAM knows no such element")),
            (with("Principal", json!({ "AWS": "arn:aws:iam::112233334444:role/*" })), Some("no wildcard")),
            (with("Principal", json!("*")), Some("STAR")),
            (with("Principal", json!({ "AWS": "*" })), None),
            (with("Principal", json!(["112233334444"])), Some("not an object")),
            (with("Principal", json!({ "aws": "112233334444" })), Some("no kind \"aws\"")),
            (with("Principal", json!({ "Federated": "*" })), Some("no wildcard")),
            (with("Principal", json!({ "AWS": "arn:aws:iam::112233334444:group/x" })), Some("is a group")),
            (with("NotPrincipal", json!({ "AWS": "112233334444" })), Some("cannot have it")),
            (with("NotAction", json!("sts:AssumeRole")), Some("has NotAction too")),
            (with("Action", json!("*")), Some("may only specify STS")),
            (with("Action", json!(["sts:AssumeRole", "s3:GetObject"])), Some("may only specify STS")),
            (with("Sid", json!("two words")), Some("letters and digits")),
            (with("Condition", json!([{ "Bool": {} }])), Some("{OPERATOR: {KEY: VALUE}}")),
            (with("Condition", json!({ "StringEquals": "x" })), Some("{OPERATOR: {KEY: VALUE}}")),
            (with("Condition", json!({ "StringEquals": { "aws:x": null } })), Some("neither text")),
            (with("Condition", json!({ "StringEquals": { "aws:x": [true, 1, "x"] } })), None),
            (json!("x"), Some("not an object")),
            (with("Condition", json!({ "StringMatches": { "aws:x": "y" } })), Some("no operator StringMatches")),
        ];
        for (statement, expected) in table {
            let policy = Policy::parse(&json!({ "Statement": [statement] }).to_string()).unwrap();
            match expected {
                Some(words) => assert!(policy.fault().is_some_and(|why| why.contains(words)), "{statement}"),
                None => assert_eq!(policy.fault(), None, "{statement}"),
            }
        }
    }

    #[test]
    fn a_policy_is_found_in_whatever_aws_prints_of_it() {
        let policy = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole" } });
        let escaped: String = url::form_urlencoded::byte_serialize(policy.to_string().as_bytes()).collect();
        for text in [
            policy.to_string(),
            format!("\u{feff}{policy}"),
            json!({ "Role": { "RoleName": "Dev", "AssumeRolePolicyDocument": policy } }).to_string(),
            json!({ "AssumeRolePolicyDocument": escaped.replace('+', "%20") }).to_string(),
            json!({ "assume_role_policy": policy.to_string() }).to_string(),
        ] {
            assert_eq!(Policy::parse(&text).unwrap().statements.len(), 1, "{text}");
        }
        // JSON in a string is not percent-encoded.
        let statement = json!([{ "Sid": "Jobs", "Condition": { "StringEquals": { "x": "%41" } } }, { "Sid": "" }]);
        let document = json!({ "Statement": statement }).to_string();
        let policy = Policy::parse(&json!({ "assume_role_policy": document }).to_string()).unwrap();
        assert_eq!(policy.statements[0].conditions[0].values, ["%41"]);
        assert_eq!(
            policy.statements.iter().map(|statement| statement.name.as_str()).collect::<Vec<_>>(),
            ["Jobs", "2"]
        );
        for text in ["", "{", "[]", "{}", "\"x\""] {
            assert_eq!(Policy::parse(text).unwrap_err().code, Code::InvalidValue);
        }
    }
}
