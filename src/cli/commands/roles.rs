//! `fedcred roles`: lists the roles that the identity is offered.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use crate::acquire::console;
use crate::acquire::proof::{self, Proof};
use crate::cli::args::{Global, Roles};
use crate::cli::output::{self, Text};
use crate::cli::report;
use crate::cli::screen::Screen;
use crate::cli::table::table;
use crate::config::Config;
use crate::config::cache::CacheSettings;
use crate::config::profile::{Identity, Profile};
use crate::error::Result;
use crate::identity::saml::Assertion;
use crate::identity::saml::response::Offer;
use crate::identity::trace::Trace;
use crate::process::env::Env;
use crate::quote::shell::fedcred;

pub fn run(arguments: &Roles, global: &Global, env: &Env) -> Result<()> {
    let config = Config::load(env, global.config.as_deref())?;
    let profile = super::looked_up(&config, &super::profile_name(arguments.profile.as_deref(), env), env)?;
    let shown = match &profile.identity {
        Identity::Saml(_) => on_offer(arguments, &profile, &config.cache()?, env)?,
        // No login: these identities name no roles.
        Identity::WebIdentity(_) => without_offers(&profile, "a token names no roles"),
        Identity::AssumeRole(_) | Identity::Base(_) => without_offers(&profile, "AWS credentials name no roles"),
    };
    match arguments.json {
        true => output::json(&shown.json(&profile)),
        false => output::write(&shown.text(&profile, Screen::of_stdout(global, env))),
    }
}

struct Shown {
    roles: Vec<Role>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Role {
    role_arn: String,
    account_id: String,
    account_alias: Option<String>,
    principal_arn: Option<String>,
    is_configured: bool,
}

fn on_offer(arguments: &Roles, profile: &Profile, settings: &CacheSettings, env: &Env) -> Result<Shown> {
    let Proof::Assertion(assertion) = proof::prove(profile, settings, env, &Trace::default())? else {
        return Ok(without_offers(profile, "the identity names no roles"));
    };
    let mut notes = Vec::new();
    let aliases = match wants_aliases(arguments, &assertion) {
        true => console::aliases(profile, &assertion, env).unwrap_or_else(|error| {
            let causes: String = error.causes.iter().map(|cause| format!(": {cause}")).collect();
            notes.push(format!("no account aliases: {}{causes}\n  hint: {}", error.what, report::hint(&error)));
            BTreeMap::new()
        }),
        false => BTreeMap::new(),
    };
    let is_configured = |offer: &Offer| profile.role_arn.as_ref() == Some(&offer.role_arn);
    let mut roles: Vec<Role> = Vec::new();
    for offer in &assertion.response.roles {
        let role = Role {
            role_arn: offer.role_arn.to_string(),
            account_id: offer.role_arn.owner.to_string(),
            account_alias: offer.role_arn.owner.account().and_then(|id| aliases.get(id)).cloned(),
            principal_arn: Some(offer.principal_arn.to_string()),
            is_configured: is_configured(offer),
        };
        // Some IdPs send a role twice.
        if !roles.iter().any(|r| (&r.role_arn, &r.principal_arn) == (&role.role_arn, &role.principal_arn)) {
            roles.push(role);
        }
    }
    roles.sort_by(|a, b| (&a.account_id, &a.role_arn).cmp(&(&b.account_id, &b.role_arn)));
    match &profile.role_arn {
        Some(role) if !assertion.response.roles.iter().any(is_configured) => {
            notes.push(format!("the profile's role {role} is not offered"));
        }
        _ => {}
    }
    if assertion.response.is_encrypted {
        notes.push("the assertion is encrypted for AWS, so its roles cannot be read".to_owned());
    } else if roles.is_empty() {
        notes.push("the IdP offers no role: ask its administrator to assign you to one".to_owned());
    }
    Ok(Shown { roles, notes })
}

/// Returns account aliases from AWS's page: if roles of several accounts are offered, or with `--aliases`.
fn wants_aliases(arguments: &Roles, assertion: &Assertion) -> bool {
    let accounts: BTreeSet<&str> = assertion.response.roles.iter().map(|offer| &*offer.role_arn.owner).collect();
    !arguments.no_aliases && (arguments.aliases || accounts.len() > 1)
}

fn without_offers(profile: &Profile, why: &str) -> Shown {
    let role = |role: &crate::arn::RoleArn| Role {
        role_arn: role.to_string(),
        account_id: role.owner.to_string(),
        account_alias: None,
        principal_arn: None,
        is_configured: true,
    };
    let note = format!(
        "{why}: each role's trust policy says who may assume it\n  hint: {}",
        fedcred(&["trust-policy"], &profile.name, &["--check", "FILE"])
    );
    Shown { roles: profile.role_arn.iter().map(role).collect(), notes: vec![note] }
}

impl Shown {
    fn text(&self, profile: &Profile, screen: Screen) -> Text {
        let row = |role: &Role| {
            [
                role.role_arn.clone(),
                role.account_alias.clone().unwrap_or_default(),
                role.principal_arn.clone().unwrap_or_default(),
                if role.is_configured { profile.name.to_string() } else { String::new() },
            ]
        };
        let mut text = Text::default();
        if !self.roles.is_empty() {
            let rows: Vec<_> = self.roles.iter().map(row).collect();
            text += table(["ROLE", "ACCOUNT ALIAS", "PROVIDER", "PROFILE"], &rows, screen.width);
        }
        for note in &self.notes {
            if !text.is_empty() {
                text.blank();
            }
            text += note.lines().map(Text::of).collect();
        }
        text.fit(screen.width)
    }

    fn json(&self, profile: &Profile) -> Value {
        json!({ "profile": profile.name.as_str(), "roles": self.roles, "notes": self.notes })
    }
}
