//! Writes a [`Trust`] as Terraform: locals for the values that change, then provider, role and policies. Each document is a
//! `jsonencode` that evaluates to the same JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Provider, Trust};
use crate::account_id::AccountId;
use crate::quote::config::{comment, hcl as string};

/// Writes everything that has to exist. `permissions` are the names and documents of further policies.
pub fn render(trust: &Trust, permissions: &[(String, Value)]) -> String {
    let locals = Locals { account_id: trust.role.owner.account().cloned(), audience: audience(trust) };
    let mut body = String::new();
    provider(&mut body, &trust.provider, &locals);
    role(&mut body, trust, &locals);
    for (index, (name, policy)) in permissions.iter().enumerate() {
        body.push('\n');
        // The others are for groups of people, and for the caller.
        permission(&mut body, index, name, &locals.expression(policy, 1), name.starts_with("airflow-connections"));
    }
    let (provider, issuer) = match &trust.provider {
        Provider::Saml { name, .. } => (json!(name), Value::Null),
        Provider::Oidc { url, .. } => (Value::Null, json!(url)),
        Provider::BuiltIn | Provider::None => (Value::Null, Value::Null),
    };
    let named = [
        ("issuer", issuer),
        ("provider_name", provider),
        ("role_name", json!(trust.role.name)),
        ("role_path", json!(trust.role.path())),
        ("policy_names", names(permissions)),
    ];
    comments(&trust.notes) + &locals.block(&named, &body) + &body
}

/// Writes policies without a role.
pub fn policies(permissions: &[(String, Value)], notes: &[String]) -> String {
    let locals = Locals { account_id: permissions.iter().find_map(|(_, policy)| account(policy)), audience: None };
    let mut body = String::new();
    for (index, (name, policy)) in permissions.iter().enumerate() {
        body.push_str(if index == 0 { "" } else { "\n" });
        permission(&mut body, index, name, &locals.expression(policy, 1), false);
    }
    comments(notes) + &locals.block(&[("policy_names", names(permissions))], &body) + &body
}

/// The account in a policy's first resource.
fn account(policy: &Value) -> Option<AccountId> {
    AccountId::parse(policy.pointer("/Statement/0/Resource/0")?.as_str()?.split(':').nth(4)?)
}

fn comments(notes: &[String]) -> String {
    notes.iter().map(|note| format!("# {}\n", comment(note))).collect()
}

fn names(permissions: &[(String, Value)]) -> Value {
    permissions.iter().map(|(name, _)| json!(name)).collect()
}

/// The values that change from one account or role to the next.
#[derive(Default)]
struct Locals {
    account_id: Option<AccountId>,
    /// Key and value of the condition on the audience.
    audience: Option<(String, Value)>,
}

/// The condition on the audience of the token or assertion.
fn audience(trust: &Trust) -> Option<(String, Value)> {
    let all = || trust.grants.iter().flat_map(|grant| &grant.conditions);
    // Google's `aud` is the requester, and `oaud` the audience.
    let condition = [":oaud", ":aud", ":app_id"]
        .iter()
        .find_map(|end| all().find(|condition| condition.key.to_ascii_lowercase().ends_with(end)))?;
    Some((condition.key.clone(), super::one_or_all(&condition.values)))
}

impl Locals {
    /// Writes the locals that the body uses.
    fn block(&self, named: &[(&str, Value)], body: &str) -> String {
        let audience = self.audience.as_ref().map_or(Value::Null, |(_, audience)| audience.clone());
        let own = [("account_id", json!(self.account_id)), ("audience", audience)];
        let used: Vec<_> =
            own.iter().chain(named).filter(|(name, _)| body.contains(&format!("local.{name}"))).collect();
        let width = used.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let lines = used.iter().map(|(name, value)| format!("  {name:width$} = {}\n", plain(value)));
        format!("locals {{\n{}}}\n\n", lines.collect::<String>())
    }

    /// Writes JSON as an expression of HCL.
    fn expression(&self, value: &Value, depth: usize) -> String {
        let indent = "  ".repeat(depth + 1);
        let end = "  ".repeat(depth);
        match value {
            Value::String(text) => self.text(text),
            Value::Array(all) => {
                let all: Vec<String> = all.iter().map(|one| self.expression(one, depth)).collect();
                format!("[{}]", all.join(", "))
            }
            Value::Object(fields) => {
                let keys: Vec<String> = fields.keys().map(|key| string(key)).collect();
                let width = keys.iter().map(String::len).max().unwrap_or(0);
                let lines = keys.iter().zip(fields).map(|(quoted, (key, value))| {
                    let value = match self.is_audience(key, value) {
                        true => "local.audience".to_owned(),
                        false => self.expression(value, depth + 1),
                    };
                    format!("{indent}{quoted:width$} = {value}\n")
                });
                format!("{{\n{}{end}}}", lines.collect::<String>())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        }
    }

    fn is_audience(&self, key: &str, value: &Value) -> bool {
        self.audience.as_ref().is_some_and(|(name, audience)| name == key && audience == value)
    }

    /// Writes a quoted text; in an ARN of the role's account, the account is the local.
    fn text(&self, text: &str) -> String {
        let quoted = string(text);
        let account = text.starts_with("arn:").then(|| text.split(':').nth(4)).flatten();
        match &self.account_id {
            Some(id) if account == Some(id) => quoted.replacen(&format!(":{id}:"), ":${local.account_id}:", 1),
            Some(_) | None => quoted,
        }
    }
}

fn provider(out: &mut String, provider: &Provider, locals: &Locals) {
    match provider {
        Provider::Saml { metadata, .. } => {
            if let Some(url) = metadata {
                let _ = writeln!(out, "# metadata.xml: {}", comment(url));
            }
            out.push_str(
                "resource \"aws_iam_saml_provider\" \"this\" {\n  name                   = local.provider_name\n  saml_metadata_document = file(\"metadata.xml\")\n}\n\n",
            );
        }
        Provider::Oidc { client_ids, .. } => {
            let of_condition = locals.audience.as_ref().map(|(_, audience)| audience);
            let clients = match (of_condition, client_ids.as_slice()) {
                (Some(Value::String(audience)), [one]) if audience == one => "[local.audience]".to_owned(),
                (Some(audience), all) if *audience == json!(all) => "local.audience".to_owned(),
                (_, all) => plain(&json!(all)),
            };
            let _ = write!(
                out,
                "data \"tls_certificate\" \"issuer\" {{\n  url = local.issuer\n}}\n\nresource \"aws_iam_openid_connect_provider\" \"this\" {{\n  url             = local.issuer\n  client_id_list  = {clients}\n  thumbprint_list = [data.tls_certificate.issuer.certificates[0].sha1_fingerprint]\n}}\n\n",
            );
        }
        Provider::BuiltIn | Provider::None => {}
    }
}

/// Writes the role. Its policy names the provider by its ARN, so that the block of a provider that exists can be left out.
fn role(out: &mut String, trust: &Trust, locals: &Locals) {
    let depends_on = match &trust.provider {
        Provider::Saml { .. } => "\n  depends_on = [aws_iam_saml_provider.this]\n",
        Provider::Oidc { .. } => "\n  depends_on = [aws_iam_openid_connect_provider.this]\n",
        Provider::BuiltIn | Provider::None => "",
    };
    let _ = write!(
        out,
        "resource \"aws_iam_role\" \"this\" {{\n  name                 = local.role_name\n  path                 = local.role_path\n  max_session_duration = {}\n\n  assume_role_policy = jsonencode({})\n{depends_on}}}\n",
        trust.max_session_duration,
        locals.expression(&trust.policy(), 1)
    );
}

fn permission(out: &mut String, index: usize, name: &str, policy: &str, is_the_roles: bool) {
    let label = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_").to_ascii_lowercase();
    let _ = write!(
        out,
        "resource \"aws_iam_policy\" \"{label}\" {{\n  name   = local.policy_names[{index}]\n  policy = jsonencode({policy})\n}}\n",
    );
    if is_the_roles {
        let _ = write!(
            out,
            "\nresource \"aws_iam_role_policy_attachment\" \"{label}\" {{\n  role       = aws_iam_role.this.name\n  policy_arn = aws_iam_policy.{label}.arn\n}}\n"
        );
    }
}

/// Writes a value without locals.
fn plain(value: &Value) -> String {
    Locals::default().expression(value, 0)
}

#[cfg(test)]
pub(super) mod tests {
    use hcl::eval::{Context, Evaluate, FuncArgs, FuncDef, ParamType};
    use hcl::{Block, Body};

    use super::super::oidc::{self, Token};
    use super::super::pods::{self, ServiceAccount};
    use super::*;
    use crate::arn::RoleArn;

    /// The documents in `jsonencode`, evaluated as Terraform does: by the label of their resource.
    pub fn documents(text: &str) -> Vec<(String, Value)> {
        let body: Body = hcl::parse(text).unwrap_or_else(|why| panic!("{why}\n{text}"));
        let blocks = || body.blocks();
        let locals = blocks().find(|block| block.identifier() == "locals").unwrap();
        let mut context = Context::new();
        let values = locals.body().attributes().map(|a| (a.key().to_owned(), a.expr().evaluate(&context).unwrap()));
        let values: hcl::Map<String, hcl::Value> = values.collect();
        for name in values.keys() {
            assert!(text.contains(&format!("local.{name}")), "{name} is not used:\n{text}");
        }
        context.declare_var("local", hcl::Value::Object(values));
        let encode = |args: FuncArgs| Ok(hcl::Value::from(serde_json::to_string(&args[0]).unwrap()));
        context.declare_func("jsonencode", FuncDef::builder().param(ParamType::Any).build(encode));
        let document = |block: &Block| {
            let is_document = |a: &&hcl::Attribute| ["assume_role_policy", "policy"].contains(&a.key());
            let attribute = block.body().attributes().find(is_document)?;
            let text = attribute.expr().evaluate(&context).unwrap();
            Some((block.labels()[1].as_str().to_owned(), serde_json::from_str(text.as_str().unwrap()).unwrap()))
        };
        blocks().filter(|block| block.identifier() == "resource").filter_map(document).collect()
    }

    fn role_arn() -> RoleArn {
        RoleArn::parse("arn:aws:iam::112233334444:role/team/Dev").unwrap()
    }

    fn token(issuer: &str, subject: &str, audiences: &[&str]) -> Token {
        Token {
            issuer: issuer.into(),
            subjects: vec![subject.into()],
            audiences: audiences.iter().map(|audience| (*audience).to_owned()).collect(),
            ..Token::default()
        }
    }

    #[test]
    fn what_jsonencode_makes_is_the_policy_that_the_json_shows() {
        let account = ServiceAccount::parse("airflow/worker-*").unwrap();
        let all = [
            oidc::trust(
                &token("https://token.actions.githubusercontent.com", "repo:o/r:*", &["sts.amazonaws.com"]),
                &role_arn(),
                None,
            ),
            oidc::trust(
                &token("https://idp.example.com/a", "quote \" ${local.x} %{if} \\ ü\n", &["one", "two"]),
                &role_arn(),
                None,
            ),
            oidc::trust(
                &Token {
                    authorized_party: Some("107".into()),
                    ..token("https://accounts.google.com", "107", &["svc"])
                },
                &role_arn(),
                None,
            ),
            oidc::trust(&token("https://graph.facebook.com", "1", &["app"]), &role_arn(), None),
            pods::trust(&[account], &role_arn(), None),
        ];
        let resource =
            ["arn:aws:ssm:eu-west-1:112233334444:parameter/112233334444:x", "arn:aws:s3:::112233334444", "*"];
        let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": [], "Resource": resource }] });
        let permissions =
            [("airflow-connections-ssm".to_owned(), policy.clone()), ("mwaa-user".to_owned(), policy.clone())];
        let text = policies(&permissions, &["a note".to_owned()]);
        let expected = [("airflow_connections_ssm", policy.clone()), ("mwaa_user", policy.clone())];
        assert_eq!(documents(&text), expected.map(|(label, policy)| (label.to_owned(), policy)), "{text}");
        for trust in all {
            let text = render(&trust, &permissions);
            let expected =
                [("this", trust.policy()), ("airflow_connections_ssm", policy.clone()), ("mwaa_user", policy.clone())];
            assert_eq!(documents(&text), expected.map(|(label, policy)| (label.to_owned(), policy)), "{text}");
        }
    }
}
