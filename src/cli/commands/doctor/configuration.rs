//! Checks the configuration: which files were read, what the profile says, and where that comes from.

use std::path::Path;

use super::report::{Report, Step};
use crate::config::Config;
use crate::config::cache::CacheSettings;
use crate::config::profile::{Identity, Profile};
use crate::config::show::Origin;
use crate::error::Result;
use crate::identity::oidc::login::quirks;
use crate::process::env::Env;

/// Keys that are always shown. Others are shown if the environment sets them.
const TELLING: [&str; 6] =
    ["role_arn", "region", "saml.idp_url", "saml.auth", "web_identity.source", "assume_role.source_profile"];

pub fn check(report: &mut Report, name: &str, explicit: Option<&Path>, env: &Env) -> Result<(Profile, CacheSettings)> {
    let config = Config::load(env, explicit)?;
    let files: Vec<String> =
        config.paths().files.iter().filter(|file| file.exists).map(|file| file.path.display().to_string()).collect();
    if !files.is_empty() {
        report.fact(Step::Configuration, "files", files.join(", "));
    }
    let profile = super::super::looked_up(&config, name, env)?;
    report.fact(Step::Configuration, "method", method(&profile));
    for setting in config.show(name)? {
        let is_of_environment = matches!(setting.origin, Origin::Env(_));
        if TELLING.contains(&setting.key.as_str()) || is_of_environment {
            let value = format!("{}  ({})", setting.value, setting.origin);
            report.fact(Step::Configuration, &setting.key, value);
        }
    }
    let advice: Vec<String> = super::super::person_at(&profile)
        .map(quirks::advice)
        .unwrap_or_default()
        .into_iter()
        .map(str::to_owned)
        .collect();
    if !advice.is_empty() {
        report.fact(Step::Configuration, "provider", advice);
    }
    let settings = config.cache()?;
    let elsewhere = config.check().len();
    if elsewhere > 0 {
        report.warn(
            Step::Configuration,
            "another part of the configuration has an error that does not concern this profile",
            "fedcred config check",
        );
    }
    report.pass(Step::Configuration);
    Ok((profile, settings))
}

fn method(profile: &Profile) -> &'static str {
    match &profile.identity {
        Identity::Saml(saml) => saml.auth.facts().in_words,
        Identity::WebIdentity(_) => "OIDC token",
        Identity::AssumeRole(_) => "role on top of other credentials",
        Identity::Base(_) => "AWS credentials used directly",
    }
}
