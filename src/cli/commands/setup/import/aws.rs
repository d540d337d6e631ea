//! The profiles of `~/.aws/config` that assume a role.

use std::path::Path;

use super::saml::value;
use super::toml::Found;
use crate::config::aws_ini::{Document, Section};
use crate::config::settings::{ASSUME_ROLE, WEB_IDENTITY};
use crate::quote::shell;

pub fn aws_config(document: &Document) -> Vec<Found> {
    let roles: Vec<&str> = document
        .sections()
        .filter(|section| value(section, "role_arn").is_some())
        .map(|section| section.heading().name.as_str())
        .collect();
    document.sections().filter_map(|section| profile(&section, &roles)).collect()
}

/// Returns each profile that runs a program other than fedcred, as one that is not taken over.
pub fn other_processes(document: &Document) -> Vec<Found> {
    let profile = |section: Section<'_>| {
        let words = shlex::split(value(&section, "credential_process")?).unwrap_or_default();
        let program = words.first().and_then(|program| Path::new(program).file_stem()).and_then(|name| name.to_str());
        let problem = match program {
            Some("fedcred") => return None,
            Some(tool @ ("saml2aws" | "aws-okta-processor")) => {
                let command = shell::command(["fedcred", "setup", "--from", tool]);
                format!("it runs {tool}, which has more settings elsewhere: {command}")
            }
            Some(_) | None => "it runs another program, which fedcred does not replace".to_owned(),
        };
        let mut found = Found::new(&section.heading().name, None);
        found.problem = Some(problem);
        Some(found)
    };
    document.sections().filter_map(profile).collect()
}

/// Keys that are read here, and keys that do not matter to us.
const USED: [&str; 16] = [
    "role_arn",
    "region",
    "duration_seconds",
    "web_identity_token_file",
    "source_profile",
    "credential_source",
    "external_id",
    "mfa_serial",
    "role_session_name",
    "output",
    "cli_pager",
    "sts_regional_endpoints",
    "retry_mode",
    "max_attempts",
    "s3",
    "defaults_mode",
];

/// `roles`: the profiles that become ours, too.
fn profile(section: &Section<'_>, roles: &[&str]) -> Option<Found> {
    let is_sso = section.keys().any(|(key, _)| key.starts_with("sso_"));
    if is_sso && section.heading().kind.as_deref() != Some("sso-session") {
        let mut found = Found::new(&section.heading().name, Some(&ASSUME_ROLE));
        found.problem = Some(crate::config::mistakes::identity_center());
        return Some(found);
    }
    let role = value(section, "role_arn")?;
    let file = value(section, "web_identity_token_file");
    let table = if file.is_some() { &WEB_IDENTITY } else { &ASSUME_ROLE };
    let mut found = Found::new(&section.heading().name, Some(table));
    found.role(Some(role)).region(value(section, "region")).duration(value(section, "duration_seconds"));
    match (file, value(section, "source_profile"), value(section, "credential_source")) {
        (Some(file), _, _) => {
            found.inner("source", Some("file")).inner("token_file", Some(file));
        }
        (None, Some(source), _) if roles.contains(&source) && source != found.name => {
            found.inner("source_profile", Some(source));
        }
        (None, Some(source), _) => {
            found.inner("aws_profile", Some(source));
        }
        (None, None, Some("Environment")) => {
            found.inner("credential_source", Some("environment"));
        }
        (None, None, Some("Ec2InstanceMetadata")) => {
            found.inner("credential_source", Some("instance"));
        }
        (None, None, Some("EcsContainer")) => {
            found.inner("credential_source", Some("container"));
        }
        (None, None, other) => {
            let what = other.map_or("neither source_profile nor credential_source".to_owned(), |other| {
                format!("credential_source = {other}, which is unknown")
            });
            found.problem = Some(format!("it has {what}"));
        }
    }
    if file.is_none() {
        found.inner("external_id", value(section, "external_id"));
        found.inner("serial_number", value(section, "mfa_serial"));
        found.needs_login = value(section, "mfa_serial").is_some();
    }
    found.inner("role_session_name", value(section, "role_session_name"));
    found.rest(section, &USED);
    Some(found)
}
