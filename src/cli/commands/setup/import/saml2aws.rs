//! saml2aws: a section of `~/.saml2aws` for each account, and `credential_process` lines that use one with a role of its own.
//! What each provider opens is from its sources (`pkg/provider`), the keys are from `pkg/cfg/cfg.go`.

use super::saml::{AWS, is_true, value};
use super::toml::{Flags, Found};
use crate::config::aws_ini::{Document, Section};

/// How fedcred logs in at a provider's page.
enum Login {
    Form,
    Browser,
    /// The tool sends the password by NTLM, which fedcred does not speak.
    Kerberos,
    Ecp,
    /// It cannot be taken over, for this reason.
    No(&'static str),
}
use Login::{Browser, Ecp, Form, Kerberos, No};

const ADFS: &str = "{url}/adfs/ls/IdpInitiatedSignOn.aspx?loginToRp={urn}";
const PING: &str = "{url}/idp/startSSO.ping?PartnerSpId={urn}";

/// The page that a provider opens, and how it logs in there. Other providers open the address itself, in a browser.
const PROVIDERS: [(&str, &str, Login); 14] = [
    ("adfs", ADFS, Form),
    ("adfs2", ADFS, Kerberos),
    (
        "azuread",
        "{url}/applications/redirecttofederatedapplication.aspx?Operation=LinkedSignIn&applicationId={app_id}",
        Browser,
    ),
    ("f5apm", "{url}/saml/idp/res?id={resource_id}", Form),
    ("keycloak", "{url}", Form),
    ("netiq", "{url}/nidp/saml2/idpsend?PID=STSPv8a5kc", Form),
    // The tool uses OneLogin's API with a client secret; this link opens the same for people (OneLogin, KB0011462).
    ("onelogin", "https://{subdomain}.onelogin.com/start/{app_id}", Browser),
    ("ping", PING, Form),
    ("pingntlm", PING, Kerberos),
    ("shibboleth", "{url}/idp/profile/SAML2/Unsolicited/SSO?providerId={urn}", Form),
    ("shibbolethecp", "{url}", Ecp),
    // Pages that scripts build, or second factors that only a person can give.
    ("okta", "{url}", Browser),
    ("googleapps", "{url}", Browser),
    ("shell", "", No("its address is a command: fedcred setup --auth command --command COMMAND --idp-url URL")),
];

pub fn accounts(document: &Document) -> Vec<Found> {
    document.sections().map(|section| account(&section)).collect()
}

fn account(section: &Section<'_>) -> Found {
    let mut found = Found::saml(&section.heading().to_string());
    let user = value(section, "username");
    let provider = value(section, "provider").unwrap_or_default().to_ascii_lowercase();
    let row = PROVIDERS.iter().find(|(name, ..)| *name == provider);
    let (_, page, login) = row.unwrap_or(&("", "{url}", Browser));
    found.role(value(section, "role_arn")).region(value(section, "region"));
    found.duration(value(section, "aws_session_duration"));
    match filled(page, section) {
        Ok(page) => drop(found.inner("idp_url", Some(&page))),
        Err(key) => found.problem = Some(format!("it names no {key}")),
    }
    match login {
        Form => drop(found.password("form", user)),
        Browser => drop(found.browser(user)),
        Ecp => drop(found.password("ecp", user)),
        Kerberos => {
            found.inner("auth", Some("spnego"));
            found.note(format!(
                "provider = {provider} sends the password by NTLM: here by Kerberos, with a ticket (kinit)"
            ));
        }
        No(why) => found.problem = Some((*why).to_owned()),
    }
    if is_true(section, "skip_verify") {
        found.note("skip_verify: certificates are always verified; name the authority with --ca-bundle FILE");
    }
    found.rest(section, &USED);
    found
}

/// Fills the section's values into the address. Fails with the key whose value is missing.
fn filled<'k>(page: &'k str, section: &Section<'_>) -> Result<String, &'k str> {
    let mut text = page.to_owned();
    for key in page.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
        let written = if key == "urn" { value(section, "aws_urn").or(Some(AWS)) } else { value(section, key) };
        let written = written.ok_or(key)?;
        let scheme = if key == "url" && !written.contains("://") { "https://" } else { "" };
        text = text.replace(&format!("{{{key}}}"), &format!("{scheme}{}", written.trim_end_matches('/')));
    }
    Ok(text)
}

/// What is taken over, and what fedcred does by itself or another way.
const USED: [&str; 29] = [
    "url",
    "username",
    "aws_urn",
    "provider",
    "role_arn",
    "region",
    "aws_session_duration",
    "app_id",
    "resource_id",
    "subdomain",
    "skip_verify",
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

/// `credential_process = saml2aws login --credential-process --idp-account ACCOUNT --role ARN`
pub fn processes(document: &Document) -> Vec<Found> {
    let profile = |section: Section<'_>| {
        let flags = Flags::of(value(&section, "credential_process")?, "saml2aws")?;
        let base = flags.value("--idp-account", "-a").unwrap_or("default");
        let name = &section.heading().name;
        // The account itself has a profile of this name already.
        if name == base {
            return None;
        }
        let mut found = Found::including(name, base, flags.value("--role", ""));
        found.region(flags.value("--region", "-r").or(value(&section, "region")));
        found.duration(flags.value("--session-duration", ""));
        found.needs_login = true;
        Some(found)
    };
    document.sections().filter_map(profile).collect()
}
