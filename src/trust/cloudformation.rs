//! Writes a [`Trust`] as a CloudFormation template in JSON.

use serde_json::{Map, Value, json};

use super::{Provider, Trust};

/// Writes everything that has to exist. `permissions` are the names and documents of further policies.
pub fn render(trust: &Trust, permissions: &[(String, Value)]) -> Value {
    let mut resources = Map::new();
    let mut notes = trust.notes.clone();
    match &trust.provider {
        Provider::Oidc { url, client_ids, .. } => {
            let properties = json!({ "Url": url, "ClientIdList": client_ids });
            resources.insert("Provider".into(), json!({ "Type": "AWS::IAM::OIDCProvider", "Properties": properties }));
        }
        // Its metadata is longer than a template's parameter may be.
        Provider::Saml { arn, .. } => {
            notes.push(format!("create the provider {arn} first: its metadata does not fit into a template"))
        }
        Provider::BuiltIn | Provider::None => {}
    }
    let mut role = json!({
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": trust.role.name,
            "Path": trust.role.path(),
            "MaxSessionDuration": trust.max_session_duration,
            "AssumeRolePolicyDocument": trust.policy(),
        },
    });
    if resources.contains_key("Provider") {
        role["DependsOn"] = json!("Provider");
    }
    resources.insert("Role".into(), role);
    for (name, policy) in permissions {
        // The others are for groups of people, and for the caller.
        let (label, resource) = managed(name, policy, name.starts_with("airflow-connections"));
        resources.insert(label, resource);
    }
    template(&resources, &notes)
}

/// Writes policies without a role.
pub fn policies(permissions: &[(String, Value)], notes: &[String]) -> Value {
    template(&permissions.iter().map(|(name, policy)| managed(name, policy, false)).collect(), notes)
}

fn managed(name: &str, policy: &Value, is_the_roles: bool) -> (String, Value) {
    let mut properties = json!({ "ManagedPolicyName": name, "PolicyDocument": policy });
    if is_the_roles {
        properties["Roles"] = json!([{ "Ref": "Role" }]);
    }
    (label(name), json!({ "Type": "AWS::IAM::ManagedPolicy", "Properties": properties }))
}

fn template(resources: &Map<String, Value>, notes: &[String]) -> Value {
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Metadata": { "Notes": notes },
        "Resources": resources,
    })
}

/// A name of letters and digits: `mwaa-user` becomes `MwaaUser`.
fn label(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars().filter(char::is_ascii_alphanumeric);
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split(|c: char| !c.is_ascii_alphanumeric()).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::super::oidc::{self, Token};
    use super::*;
    use crate::arn::RoleArn;

    #[test]
    fn a_template_has_provider_role_and_policies() {
        let role = RoleArn::parse("arn:aws:iam::112233334444:role/team/Dev").unwrap();
        let token = Token {
            issuer: "https://app.terraform.io".into(),
            subjects: vec!["organization:acme:*".into()],
            are_patterns: true,
            audiences: vec!["aws.workload.identity".into()],
            ..Token::default()
        };
        let permissions = [("airflow-connections-ssm".to_owned(), json!({})), ("mwaa-user".to_owned(), json!({}))];
        let template = render(&oidc::trust(&token, &role, None), &permissions);
        assert_eq!(template["Resources"]["Provider"]["Properties"]["ClientIdList"], json!(["aws.workload.identity"]));
        assert_eq!(template["Resources"]["Role"]["DependsOn"], "Provider");
        assert_eq!(template["Resources"]["Role"]["Properties"]["Path"], "/team/");
        assert_eq!(template["Resources"]["AirflowConnectionsSsm"]["Properties"]["Roles"], json!([{ "Ref": "Role" }]));
        assert!(template["Resources"]["MwaaUser"]["Properties"].get("Roles").is_none());
    }
}
