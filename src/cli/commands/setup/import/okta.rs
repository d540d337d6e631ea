//! gimme-aws-creds, okta-aws-cli and aws-okta-processor: tools for Okta.

use serde_json::Value;

use super::saml::value;
use super::toml::{Flags, Found};
use crate::config::airflow::yaml;
use crate::config::aws_ini::{Document, Section};
use crate::config::env::Env;

/// `~/.okta_aws_login_config`: a section for each profile (its README, "Configuration").
pub fn gimme_aws_creds(document: &Document) -> Vec<Found> {
    let of = |name: &str, key: &str| {
        // A section may take what it has not from another one.
        let section = |name: &str| document.sections().find(|section| section.heading().to_string() == name);
        let own = section(name)?;
        let inherited = || value(&section(value(&own, "inherits")?)?, key);
        // Python's reader has the values of DEFAULT in every section.
        let default = || value(&section("DEFAULT")?, key);
        value(&own, key).or_else(inherited).or_else(default).map(str::to_owned)
    };
    let profile = |section: Section<'_>| {
        let name = section.heading().to_string();
        let mut found = Found::new(&if name == "DEFAULT" { "default".to_owned() } else { name.clone() }, "saml");
        let of = |key: &str| of(&name, key);
        found.role(of("aws_rolename").filter(|role| role != "all").as_deref());
        found.duration(of("aws_default_duration").as_deref());
        match of("app_url") {
            Some(url) => found.inner("idp_url", Some(&url)).browser(of("okta_username").as_deref()),
            None => {
                let app = of("aws_appname").unwrap_or_default();
                found.problem = Some(format!(
                    "it names the application {app:?} and no app_url: open it from Okta's dashboard, and give its address \
                     to fedcred setup --idp-url"
                ));
                &mut found
            }
        };
        let used = [
            "okta_org_url",
            "okta_auth_server",
            "client_id",
            "gimme_creds_server",
            "aws_appname",
            "aws_rolename",
            "write_aws_creds",
            "cred_profile",
            "okta_username",
            "app_url",
            "aws_default_duration",
            "inherits",
            "output_format",
            "resolve_aws_alias",
            "include_path",
            "preferred_mfa_type",
            "preferred_mfa_provider",
            "remember_device",
            "device_token",
            "force_classic",
            "open_browser",
            "enable_keychain",
        ];
        found.rest(&section, &used);
        found
    };
    document.sections().map(profile).collect()
}

/// `~/.okta/okta.yaml`, and the variables that the command reads (its README, "Configuration").
pub fn okta_aws_cli(text: Option<&str>, env: &Env) -> Vec<Found> {
    let file = text.and_then(|text| yaml::parse(text).ok()).unwrap_or_default();
    let profiles = file.pointer("/awscli/profiles").and_then(Value::as_object);
    let mut all: Vec<Found> = profiles
        .into_iter()
        .flatten()
        .map(|(name, settings)| okta_profile(name, |key| settings[key].as_str().map(str::to_owned)))
        .collect();
    let variable = |key: &str| {
        let upper = key.to_ascii_uppercase().replace('-', "_");
        let name = match key {
            "aws-acct-fed-app-id" => "AWS_ACCOUNT_FEDERATION_APP_ID".to_owned(),
            "aws-iam-role" => "IAM_ROLE".to_owned(),
            "aws-iam-idp" => "IAM_IDP".to_owned(),
            "aws-session-duration" | "session-duration" => "SESSION_DURATION".to_owned(),
            _ => upper,
        };
        [format!("OKTA_AWSCLI_{name}"), format!("OKTA_{name}")].iter().find_map(|name| env.text(name))
    };
    if variable("org-domain").is_some() {
        let name = env.text("OKTA_AWSCLI_PROFILE").unwrap_or_else(|| "default".to_owned());
        all.push(okta_profile(&name, variable));
    }
    all
}

fn okta_profile(name: &str, of: impl Fn(&str) -> Option<String>) -> Found {
    let mut found = Found::new(name, "saml");
    found.role(of("aws-iam-role").as_deref()).region(of("aws-region").as_deref());
    found.duration(of("aws-session-duration").or_else(|| of("session-duration")).as_deref());
    let domain = of("org-domain").unwrap_or_default();
    found.inner("idp_url", Some(&format!("https://{}", domain.trim_start_matches("https://"))));
    found.inner("auth", Some("okta")).inner("client_id", of("oidc-client-id").as_deref());
    found.inner("app_id", of("aws-acct-fed-app-id").as_deref());
    found.inner("principal_arn", of("aws-iam-idp").as_deref());
    found.needs_login = true;
    found
}

/// `credential_process = aws-okta-processor authenticate --user … --application URL --role ARN` (its README).
pub fn aws_okta_processor(document: &Document) -> Vec<Found> {
    let profile = |section: Section<'_>| {
        let flags = Flags::of(value(&section, "credential_process")?, "aws-okta-processor")?;
        let mut found = Found::new(&section.heading().name, "saml");
        found.role(flags.value("--role", "-r")).duration(flags.value("--duration", "-d"));
        found.region(flags.value("--region", "-R").or(value(&section, "region")));
        match flags.value("--application", "-a") {
            Some(url) => found.inner("idp_url", Some(url)).browser(flags.value("--user", "-u")),
            None => {
                found.problem = Some(
                    "it names no --application: open AWS from Okta's dashboard, and give its address to fedcred setup \
                     --idp-url"
                        .to_owned(),
                );
                &mut found
            }
        };
        if let Some(factor) = flags.value("--factor", "-f") {
            found.note(format!("--factor {factor}: the browser asks for the factor"));
        }
        Some(found)
    };
    document.sections().filter_map(profile).collect()
}
