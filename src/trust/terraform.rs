//! The same as Terraform, in the shape in which people paste it: locals for what changes, then provider, policy and role.

use std::fmt::Write;

use serde_json::Value;

use super::request::Principal;
use super::{Provider, Trust};
use crate::quote::config::{comment, hcl as string};

/// Everything that must exist. `permissions`: name and policy of each.
pub fn render(trust: &Trust, permissions: &[(String, Value)]) -> String {
    let mut out = String::new();
    for note in &trust.notes {
        let _ = writeln!(out, "# {}", comment(note));
    }
    let audiences: &[String] = match &trust.provider {
        Provider::Oidc { client_ids, .. } => client_ids,
        Provider::Saml { .. } | Provider::BuiltIn | Provider::None => {
            let mut all = trust.grants.iter().flat_map(|grant| &grant.conditions);
            let of_aud = all.find(|condition| is_audience(&condition.key));
            of_aud.map(|condition| condition.values.as_slice()).unwrap_or_default()
        }
    };
    out.push_str("locals {\n");
    let mut locals = vec![
        ("account_id", string(&trust.role.account_id)),
        ("role_name", string(&trust.role.name)),
        ("role_path", string(trust.role.path())),
    ];
    if !audiences.is_empty() {
        locals.push(("audience", list(audiences)));
    }
    match &trust.provider {
        Provider::Saml { name, .. } => locals.push(("provider_name", string(name))),
        Provider::Oidc { url, .. } => locals.push(("issuer", string(url))),
        Provider::BuiltIn | Provider::None => {}
    }
    if !permissions.is_empty() {
        let names: Vec<String> = permissions.iter().map(|(name, _)| name.clone()).collect();
        locals.push(("policy_names", list(&names)));
    }
    let width = locals.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in locals {
        let _ = writeln!(out, "  {name:width$} = {value}");
    }
    out.push_str("}\n\n");
    provider(&mut out, &trust.provider);
    policy(&mut out, trust);
    let _ = write!(
        out,
        "resource \"aws_iam_role\" \"this\" {{\n  name                 = local.role_name\n  path                 = local.role_path\n  assume_role_policy   = data.aws_iam_policy_document.trust.json\n  max_session_duration = {}\n}}\n",
        trust.max_session_duration
    );
    for (index, (name, policy)) in permissions.iter().enumerate() {
        let label = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_").to_ascii_lowercase();
        let _ = write!(
            out,
            "\nresource \"aws_iam_policy\" \"{label}\" {{\n  name   = local.policy_names[{index}]\n  policy = jsonencode({})\n}}\n",
            expression(policy, 1)
        );
        // The others are for people's groups, and for whoever asks for the role.
        if name.starts_with("airflow-connections") {
            let _ = write!(
                out,
                "\nresource \"aws_iam_role_policy_attachment\" \"{label}\" {{\n  role       = aws_iam_role.this.name\n  policy_arn = aws_iam_policy.{label}.arn\n}}\n"
            );
        }
    }
    out
}

fn provider(out: &mut String, provider: &Provider) {
    match provider {
        Provider::Saml { metadata, .. } => {
            if let Some(url) = metadata {
                let _ = writeln!(out, "# metadata.xml: {}", comment(url));
            }
            out.push_str(
                "resource \"aws_iam_saml_provider\" \"this\" {\n  name                   = local.provider_name\n  saml_metadata_document = file(\"metadata.xml\")\n}\n\n",
            );
        }
        Provider::Oidc { .. } => out.push_str(
            "data \"tls_certificate\" \"issuer\" {\n  url = local.issuer\n}\n\nresource \"aws_iam_openid_connect_provider\" \"this\" {\n  url             = local.issuer\n  client_id_list  = local.audience\n  thumbprint_list = [data.tls_certificate.issuer.certificates[0].sha1_fingerprint]\n}\n\n",
        ),
        Provider::BuiltIn | Provider::None => {}
    }
}

fn policy(out: &mut String, trust: &Trust) {
    let identifier = match (&trust.provider, &trust.principal) {
        (Provider::Saml { .. }, _) => "aws_iam_saml_provider.this.arn".to_owned(),
        (Provider::Oidc { .. }, _) => "aws_iam_openid_connect_provider.this.arn".to_owned(),
        (Provider::BuiltIn | Provider::None, Principal::Federated(id) | Principal::Aws { arn: id, .. }) => string(id),
        (Provider::BuiltIn | Provider::None, Principal::Service(id)) => string(id),
    };
    out.push_str("data \"aws_iam_policy_document\" \"trust\" {\n");
    for (index, (actions, conditions)) in trust.statements().into_iter().enumerate() {
        let _ = write!(
            out,
            "{}  statement {{\n    effect  = \"Allow\"\n    actions = {}\n\n    principals {{\n      type        = {}\n      identifiers = [{identifier}]\n    }}\n",
            if index == 0 { "" } else { "\n" },
            list(&actions),
            string(trust.principal.kind())
        );
        for condition in conditions {
            let values =
                if is_audience(&condition.key) { "local.audience".to_owned() } else { list(&condition.values) };
            let _ = write!(
                out,
                "\n    condition {{\n      test     = {}\n      variable = {}\n      values   = {values}\n    }}\n",
                string(condition.operator),
                string(&condition.key)
            );
        }
        out.push_str("  }\n");
    }
    out.push_str("}\n\n");
}

fn is_audience(key: &str) -> bool {
    key.to_ascii_lowercase().ends_with(":aud")
}

fn list(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| string(value)).collect();
    format!("[{}]", values.join(", "))
}

/// JSON as an expression of HCL.
fn expression(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth + 1);
    let end = "  ".repeat(depth);
    match value {
        Value::String(text) => string(text),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(|one| expression(one, depth)).collect();
            format!("[{}]", all.join(", "))
        }
        Value::Object(fields) => {
            let keys: Vec<String> = fields.keys().map(|key| string(key)).collect();
            let width = keys.iter().map(String::len).max().unwrap_or(0);
            let lines = keys
                .iter()
                .zip(fields.values())
                .map(|(key, value)| format!("{indent}{key:width$} = {}\n", expression(value, depth + 1)));
            format!("{{\n{}{end}}}", lines.collect::<String>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
