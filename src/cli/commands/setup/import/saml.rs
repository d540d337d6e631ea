//! aws-adfs, aws-azure-login and awsprocesscreds: tools that log in at one SAML page, and keep their settings in `~/.aws/config`.

use super::toml::{Flags, Found};
use crate::config::aws_ini::{Document, Section};

/// AWS as relying party, unless a tool says otherwise.
pub const AWS: &str = "urn:amazon:webservices";

/// Returns a value that is not empty.
pub fn value<'a>(section: &Section<'a>, key: &str) -> Option<&'a str> {
    section.value(key).map(str::trim).filter(|value| !value.is_empty())
}

pub fn is_true(section: &Section<'_>, key: &str) -> bool {
    value(section, key).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
}

/// What aws-adfs opens (aws_adfs/authenticator.py, html_roles_fetcher.py).
fn adfs(host: &str, relying_party: &str) -> String {
    format!("https://{host}/adfs/ls/IdpInitiatedSignOn.aspx?loginToRp={relying_party}")
}

/// Keys `adfs_config.…` of profiles in `~/.aws/config` (aws_adfs/prepare.py), and `credential_process = aws-adfs login …`.
pub fn aws_adfs(document: &Document) -> Vec<Found> {
    document.sections().filter_map(|section| aws_adfs_profile(&section)).collect()
}

fn aws_adfs_profile(section: &Section<'_>) -> Option<Found> {
    let flags = value(section, "credential_process").and_then(|line| Flags::of(line, "aws-adfs"));
    // A flag takes precedence over the key of its name.
    let of = |key: &str| {
        let flag = format!("--{}", key.replace('_', "-"));
        flags
            .as_ref()
            .and_then(|flags| flags.value(&flag, ""))
            .or_else(|| value(section, &format!("adfs_config.{key}")))
    };
    let is = |key: &str| of(key).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1");
    let has = |flag: &str| flags.as_ref().is_some_and(|flags| flags.has(flag));
    let mut found = Found::saml(&section.heading().name);
    let region = flags.as_ref().and_then(|flags| flags.value("--region", "")).or(value(section, "region"));
    found.role(of("role_arn")).region(region).duration(of("session_duration"));
    found.inner("idp_url", Some(&adfs(of("adfs_host")?, of("provider_id").unwrap_or(AWS))));
    match (is("sspi") || has("--sspi")) && !has("--no-sspi") {
        true => found.inner("auth", Some("spnego")),
        false => found.password("form", of("adfs_user")),
    };
    found.inner("ca_bundle", of("adfs_ca_bundle"));
    if of("ssl_verification").is_some_and(|value| value.eq_ignore_ascii_case("false")) || has("--no-ssl-verification") {
        found.note("ssl_verification: certificates are always verified; name the authority with --ca-bundle FILE");
    }
    for key in ["username_password_command", "duo_factor", "duo_device"] {
        if let Some(value) = of(key).filter(|value| *value != "None") {
            found.note(format!("{key} = {value}"));
        }
    }
    Some(found)
}

/// Keys `azure_…` of profiles in `~/.aws/config` (its README, "Configuration").
pub fn aws_azure_login(document: &Document) -> Vec<Found> {
    let is_ours = |section: &Section<'_>| value(section, "azure_tenant_id").is_some();
    document.sections().filter(is_ours).map(|section| azure_profile(&section)).collect()
}

fn azure_profile(section: &Section<'_>) -> Found {
    let mut found = Found::saml(&section.heading().name);
    let hours = value(section, "azure_default_duration_hours").and_then(|hours| hours.parse::<u32>().ok());
    found.role(value(section, "azure_default_role_arn")).region(value(section, "region"));
    found.duration(hours.map(|hours| hours.saturating_mul(3600).to_string()).as_deref());
    let tenant = value(section, "azure_tenant_id").unwrap_or_default();
    found
        .inner("idp_url", Some(&format!("https://login.microsoftonline.com/{tenant}/saml2")))
        .set("authn_request", &true);
    found.browser(value(section, "azure_default_username"));
    if value(section, "azure_default_password").is_some() {
        found.note("azure_default_password: the browser asks for the password; remove it from that file");
    }
    if let Some(app) = value(section, "azure_app_id_uri").filter(|app| *app != AWS) {
        found.note(format!(
            "azure_app_id_uri = {app}: the request names {AWS}; if Entra ID refuses it, take the application's address from \
             My Apps as saml.idp_url, without authn_request"
        ));
    }
    found
}

/// `credential_process = awsprocesscreds-saml -e URL -u USER -p adfs|okta -a ROLE` (its README).
pub fn awsprocesscreds(document: &Document) -> Vec<Found> {
    let profile = |section: Section<'_>| {
        let flags = Flags::of(value(&section, "credential_process")?, "awsprocesscreds-saml")?;
        let mut found = Found::saml(&section.heading().name);
        found.role(flags.value("--role-arn", "-a")).region(value(&section, "region"));
        found.inner("idp_url", flags.value("--endpoint", "-e"));
        match flags.value("--provider", "-p") {
            Some("okta") => found.browser(flags.value("--username", "-u")),
            _ => found.password("form", flags.value("--username", "-u")),
        };
        Some(found)
    };
    document.sections().filter_map(profile).collect()
}
