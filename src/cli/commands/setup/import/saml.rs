//! saml2aws, aws-adfs, aws-azure-login and awsprocesscreds: tools that log in at a SAML page.

use super::toml::{Flags, Found};
use crate::config::aws_ini::{Document, Section};

/// AWS as relying party, unless a tool says otherwise.
const AWS: &str = "urn:amazon:webservices";

/// A value that is there.
pub fn value<'a>(section: &Section<'a>, key: &str) -> Option<&'a str> {
    section.value(key).map(str::trim).filter(|value| !value.is_empty())
}

pub fn is_true(section: &Section<'_>, key: &str) -> bool {
    value(section, key).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
}

fn adfs(host: &str, relying_party: &str) -> String {
    let host = host.trim_end_matches('/').trim_start_matches("https://");
    format!("https://{host}/adfs/ls/IdpInitiatedSignOn.aspx?loginToRp={relying_party}")
}

/// `~/.saml2aws`: a section for each account (its README, "Configuring Multiple Accounts").
pub fn saml2aws(document: &Document) -> Vec<Found> {
    document.sections().map(|section| saml2aws_account(&section)).collect()
}

fn saml2aws_account(section: &Section<'_>) -> Found {
    let mut found = Found::new(&section.heading().to_string(), "saml");
    let (url, user) = (value(section, "url").unwrap_or_default(), value(section, "username"));
    let (base, urn) = (url.trim_end_matches('/'), value(section, "aws_urn").unwrap_or(AWS));
    let provider = value(section, "provider").unwrap_or_default().to_ascii_lowercase();
    found.role(value(section, "role_arn")).region(value(section, "region"));
    found.duration(value(section, "aws_session_duration"));
    match provider.as_str() {
        "adfs" => found.inner("idp_url", Some(&adfs(url, urn))).form(user),
        "adfs2" => found.inner("idp_url", Some(&adfs(url, urn))).inner("auth", Some("spnego")),
        "ping" => found.inner("idp_url", Some(&format!("{base}/idp/startSSO.ping?PartnerSpId={urn}"))).form(user),
        "shibboleth" => {
            let path = "idp/profile/SAML2/Unsolicited/SSO";
            found.inner("idp_url", Some(&format!("{base}/{path}?providerId={urn}"))).form(user)
        }
        "shibbolethecp" => {
            found.needs_login = true;
            found.inner("idp_url", Some(url)).inner("auth", Some("ecp")).inner("username", user);
            found.raw("password", "{ keyring = true }")
        }
        "keycloak" | "authentik" | "psu" | "f5apm" | "netiq" => found.inner("idp_url", Some(url)).form(user),
        "azuread" => {
            let app = value(section, "app_id").unwrap_or_default();
            let path = "applications/redirecttofederatedapplication.aspx?Operation=LinkedSignIn&applicationId=";
            found.inner("idp_url", Some(&format!("{base}/{path}{app}"))).browser(user)
        }
        _ => found.inner("idp_url", Some(url)).browser(user),
    };
    if url.is_empty() {
        found.problem = Some("it names no url".to_owned());
    }
    if is_true(section, "skip_verify") {
        found.note("skip_verify: certificates are always verified; name the authority with saml.ca_bundle");
    }
    let used = [
        "url",
        "username",
        "aws_urn",
        "provider",
        "role_arn",
        "region",
        "aws_session_duration",
        "app_id",
        "skip_verify",
        // What fedcred does by itself, or another way.
        "name",
        "mfa",
        "timeout",
        "aws_profile",
        "credentials_file",
        "saml_cache",
        "saml_cache_file",
        "http_attempts_count",
        "http_retry_delay",
        "disable_sessions",
        "disable_remember_device",
        "prompter",
        "target_url",
        "browser_type",
        "browser_executable_path",
        "browser_autofill",
        "headless",
        "kubeconfig",
    ];
    found.rest(section, &used);
    found
}

/// Keys `adfs_config.…` of profiles in `~/.aws/config` (aws_adfs/prepare.py).
pub fn aws_adfs(document: &Document) -> Vec<Found> {
    let is_ours = |section: &Section<'_>| value(section, "adfs_config.adfs_host").is_some();
    document.sections().filter(is_ours).map(|section| aws_adfs_profile(&section)).collect()
}

fn aws_adfs_profile(section: &Section<'_>) -> Found {
    let of = |key: &str| value(section, &format!("adfs_config.{key}"));
    let mut found = Found::new(&section.heading().name, "saml");
    found.role(of("role_arn")).region(value(section, "region")).duration(of("session_duration"));
    found.inner("idp_url", Some(&adfs(of("adfs_host").unwrap_or_default(), of("provider_id").unwrap_or(AWS))));
    match is_true(section, "adfs_config.sspi") {
        true => found.inner("auth", Some("spnego")),
        false => found.form(of("adfs_user")),
    };
    found.inner("ca_bundle", of("adfs_ca_bundle"));
    if of("ssl_verification").is_some_and(|value| value.eq_ignore_ascii_case("false")) {
        found.note("ssl_verification: certificates are always verified; name the authority with saml.ca_bundle");
    }
    found
}

/// Keys `azure_…` of profiles in `~/.aws/config` (its README, "Configuration").
pub fn aws_azure_login(document: &Document) -> Vec<Found> {
    let is_ours = |section: &Section<'_>| value(section, "azure_tenant_id").is_some();
    document.sections().filter(is_ours).map(|section| azure_profile(&section)).collect()
}

fn azure_profile(section: &Section<'_>) -> Found {
    let mut found = Found::new(&section.heading().name, "saml");
    let hours = value(section, "azure_default_duration_hours").and_then(|hours| hours.parse::<u32>().ok());
    found.role(value(section, "azure_default_role_arn")).region(value(section, "region"));
    found.duration(hours.map(|hours| (hours * 3600).to_string()).as_deref());
    let tenant = value(section, "azure_tenant_id").unwrap_or_default();
    found
        .inner("idp_url", Some(&format!("https://login.microsoftonline.com/{tenant}/saml2")))
        .raw("authn_request", "true");
    found.browser(value(section, "azure_default_username"));
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
        let mut found = Found::new(&section.heading().name, "saml");
        found.role(flags.value("--role-arn", "-a")).region(value(&section, "region"));
        found.inner("idp_url", flags.value("--endpoint", "-e"));
        match flags.value("--provider", "-p") {
            Some("okta") => found.browser(flags.value("--username", "-u")),
            _ => found.form(flags.value("--username", "-u")),
        };
        Some(found)
    };
    document.sections().filter_map(profile).collect()
}
