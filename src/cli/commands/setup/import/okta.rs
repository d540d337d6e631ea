//! gimme-aws-creds, okta-aws-cli and aws-okta-processor: tools for Okta.

use serde_json::Value;

use super::saml::value;
use super::toml::{Flags, Found};
use crate::config::airflow::yaml;
use crate::config::aws_ini::{Document, Section};
use crate::process::env::Env;

/// `~/.okta_aws_login_config`: a section for each profile (gimme_aws_creds/config.py; its README, "Configuration").
pub fn gimme_aws_creds(document: &Document) -> Vec<Found> {
    let profile = |section: Section<'_>| {
        let name = section.heading().to_string();
        let of = |key: &str| inherited(document, &name, key, 0);
        let mut found = Found::saml(&if name == "DEFAULT" { "default".to_owned() } else { name.clone() });
        found.role(of("aws_rolename").filter(|role| role != "all").as_deref());
        found.duration(of("aws_default_duration").as_deref());
        // With another value, the tool finds the application by its name.
        let url = of("app_url").filter(|_| of("gimme_creds_server").is_none_or(|server| server == "appurl"));
        // Okta Identity Engine only if it says so; the default is the classic login.
        let is_new = of("force_classic").is_some_and(|value| value.eq_ignore_ascii_case("false"));
        match (url, of("client_id").filter(|_| is_new)) {
            (Some(url), Some(client)) => {
                found.inner("idp_url", of("okta_org_url").as_deref().or(Some(&url))).inner("auth", Some("okta"));
                found.inner("client_id", Some(&client)).inner("app_id", app_id(&url));
                found.needs_login = true;
            }
            (Some(url), None) => {
                found.inner("idp_url", Some(&url)).browser(of("okta_username").as_deref());
            }
            (None, _) => {
                let app = of("aws_appname").unwrap_or_default();
                found.problem = Some(format!(
                    "it names the application {app:?} and no app_url: open it from Okta's dashboard, and give its address \
                     to fedcred setup --idp-url"
                ));
            }
        }
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

/// Returns the value in a section, else in the one it inherits from, else in DEFAULT, which Python's configparser adds to each.
fn inherited(document: &Document, name: &str, key: &str, depth: usize) -> Option<String> {
    let section = |name: &str| document.sections().find(|section| section.heading().to_string() == name);
    let of = |name: &str, key: &str| section(name)?.value(key).map(|value| value.trim().to_owned());
    let base = || of(name, "inherits").filter(|base| depth < 8 && base != name);
    let found = of(name, key).or_else(|| inherited(document, &base()?, key, depth + 1)).or_else(|| of("DEFAULT", key));
    found.filter(|value| !value.is_empty())
}

/// Returns the application's id in its address: `…/home/amazon_aws/0oa…/272`.
fn app_id(url: &str) -> Option<&str> {
    url.split('/').find(|part| part.starts_with("0oa"))
}

/// `~/.okta/okta.yaml`, the variables that the command reads, and `credential_process` lines that run it (internal/config,
/// and the README, "Configuration by profile name").
pub fn okta_aws_cli(text: Option<&str>, lines: Option<&Document>, env: &Env) -> Vec<Found> {
    let file = text.and_then(|text| yaml::parse(text).ok()).unwrap_or_default();
    let profiles = file.pointer("/awscli/profiles").and_then(Value::as_object);
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let mut all: Vec<Found> =
        profiles.into_iter().flatten().map(|(name, of)| okta_profile(name, |key| scalar(&of[key]))).collect();
    for section in lines.into_iter().flat_map(Document::sections) {
        let flags = value(&section, "credential_process").and_then(|line| Flags::of(line, "okta-aws-cli"));
        let Some(flags) = flags else { continue };
        let of = |key: &str| {
            let short = FLAGS.iter().find(|(name, ..)| *name == key).map_or("", |(_, short, _)| *short);
            let region = || value(&section, "region").filter(|_| key == "aws-region");
            let given = flags.value(&format!("--{key}"), short).or_else(region);
            given.map(str::to_owned).or_else(|| variable(key, env))
        };
        let mut found = okta_profile(&section.heading().name, of);
        if flags.has("m2m") {
            found.problem = Some("m2m logs in with a private key, which fedcred does not support".to_owned());
        }
        all.push(found);
    }
    if variable("org-domain", env).is_some() {
        let name = env.text("OKTA_AWSCLI_PROFILE").unwrap_or_else(|| "default".to_owned());
        all.push(okta_profile(&name, |key| variable(key, env)));
    }
    all
}

/// The settings of a login by `web`: the flag, its short form, and the rest of the variable's name.
const FLAGS: [(&str, &str, &str); 8] = [
    ("org-domain", "-o", "ORG_DOMAIN"),
    ("oidc-client-id", "-c", "OIDC_CLIENT_ID"),
    ("aws-acct-fed-app-id", "-a", "AWS_ACCOUNT_FEDERATION_APP_ID"),
    ("aws-iam-idp", "-i", "IAM_IDP"),
    ("aws-iam-role", "-r", "IAM_ROLE"),
    ("aws-region", "-n", "AWS_REGION"),
    ("session-duration", "-s", "SESSION_DURATION"),
    ("private-key-file", "", "PRIVATE_KEY_FILE"),
];

/// Returns the variable `OKTA_AWSCLI_…`, or the one of version 1.
fn variable(key: &str, env: &Env) -> Option<String> {
    let (.., name) = FLAGS.iter().find(|(flag, ..)| *flag == key)?;
    [format!("OKTA_AWSCLI_{name}"), format!("OKTA_{name}")].iter().find_map(|name| env.text(name))
}

fn okta_profile(name: &str, of: impl Fn(&str) -> Option<String>) -> Found {
    let mut found = Found::saml(name);
    found.role(of("aws-iam-role").as_deref()).region(of("aws-region").as_deref());
    found.duration(of("session-duration").or_else(|| of("aws-session-duration")).as_deref());
    // As the tool does: the administrators' site stands for the users' one, and an address for its host.
    let domain = of("org-domain").unwrap_or_default().replace("-admin.", ".");
    let domain = domain.trim_end_matches('/');
    let scheme = if domain.contains("://") { "" } else { "https://" };
    found.inner("idp_url", Some(&format!("{scheme}{domain}")));
    found.inner("auth", Some("okta")).inner("client_id", of("oidc-client-id").as_deref());
    found.inner("app_id", of("aws-acct-fed-app-id").as_deref());
    found.inner("principal_arn", of("aws-iam-idp").as_deref());
    found.needs_login = true;
    if of("private-key-file").is_some() {
        found.problem = Some("m2m logs in with a private key, which fedcred does not support".to_owned());
    }
    for (key, what) in [("org-domain", "org-domain"), ("oidc-client-id", "oidc-client-id")] {
        if of(key).is_none() {
            found.problem = Some(format!("it names no {what}"));
        }
    }
    if found.problem.is_none() && of("aws-acct-fed-app-id").is_none() {
        found.problem =
            Some("it names no aws-acct-fed-app-id: the ID is in the address of Okta's AWS application".to_owned());
    }
    found
}

/// `credential_process = aws-okta-processor authenticate --user … --application URL --role ARN`, in either of AWS's files. What
/// the line does not say, a variable or `~/.awsoktaprocessor` does (aws_okta_processor/commands).
pub fn aws_okta_processor(files: &[Document], defaults: Option<&Document>, env: &Env) -> Vec<Found> {
    files.iter().flat_map(|file| file.sections().filter_map(|section| processor(&section, defaults, env))).collect()
}

fn processor(section: &Section<'_>, defaults: Option<&Document>, env: &Env) -> Option<Found> {
    let flags = Flags::of(value(section, "credential_process")?, "aws-okta-processor")?;
    let in_file = |key: &str| {
        let section = |name: &str| defaults?.sections().find(|section| section.heading().to_string() == name);
        ["authenticate", "defaults"].iter().find_map(|name| value(&section(name)?, key).map(str::to_owned))
    };
    let of = |key: &str, short: &str| {
        let variable = format!("AWS_OKTA_{}", key.to_ascii_uppercase().replace('-', "_"));
        let given = flags.value(&format!("--{key}"), short).map(str::to_owned);
        given.or_else(|| env.text(&variable)).or_else(|| in_file(&key.replace('-', "_")))
    };
    let mut found = Found::saml(&section.heading().name);
    found.role(of("role", "-r").as_deref()).duration(of("duration", "-d").as_deref());
    found.region(of("region", "-R").as_deref().or(value(section, "region")));
    match of("application", "-a") {
        Some(url) => drop(found.inner("idp_url", Some(&url)).browser(of("user", "-u").as_deref())),
        None => {
            found.problem = Some(
                "it names no --application: open AWS from Okta's dashboard, and give its address to fedcred setup --idp-url"
                    .to_owned(),
            );
        }
    }
    if let Some(factor) = of("factor", "-f") {
        found.note(format!("--factor {factor}: the browser asks for the factor"));
    }
    if of("pass", "-p").is_some() {
        found.note("--pass: the browser asks for the password; remove it from where it is written");
    }
    flags.note(&mut found, &[("--secondary-role", ""), ("--account-alias", "-A"), ("--sign-in-url", "-U")]);
    Some(found)
}
