//! `fedcred doctor --explain`: what a refusal of an AWS service says, and whether it was this profile that was refused.

use std::path::Path;

use serde_json::{Value, json};

use crate::acquire::airflow;
use crate::cli::args::{Doctor, Global};
use crate::cli::commands::{inspect, profile_name};
use crate::cli::output::{self, Text};
use crate::config::Config;
use crate::config::profile::{Base, Identity, Profile};
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::sts::failure::line::{Known, Told, of_line};
use crate::trust::denial::{self, Denial, Own};

pub fn run(file: &Path, doctor: &Doctor, global: &Global, env: &Env) -> Result<()> {
    let name = profile_name(doctor.profile.as_deref(), env);
    let written =
        Config::load(env, global.config.as_deref()).and_then(|config| Ok((config.profile(&name)?, config.cache()?)));
    // No secrets backend is asked: a connection that was never read is not known.
    let looked_up = match &written {
        Ok((profile, settings)) => airflow::offline(profile, settings, env),
        Err(error) => Err(error.clone()),
    };
    let looked_up = match looked_up {
        Ok(looked_up) => looked_up,
        // A line from elsewhere can be explained without a profile; but a profile that is named has to exist.
        Err(error) if doctor.profile.is_some() => return Err(error),
        Err(_) => None,
    };
    let contents = inspect::contents(file)?;
    let text = String::from_utf8_lossy(&contents);
    let profile = looked_up.as_ref().map(|looked_up| &*looked_up.profile);
    let own = own(&name, profile);
    let (mut shown, said) = match told(&text, profile) {
        Some(told) => of_sts(told),
        None => {
            let denial = denial::read(&text).ok_or_else(|| {
                Error::new(Code::BadFlag, "there is no AccessDenied in it")
                    .hint("give the line that says who is not authorized to perform what")
            })?;
            (document(&denial), denial::explain(&denial, own))
        }
    };
    let (step, facts) = said.split_last().ok_or_else(|| Error::new(Code::Bug, "the refusal cannot be explained"))?;
    if doctor.json {
        shown["profile"] = json!(name);
        shown["role_arn"] = json!(own.role.map(ToString::to_string));
        shown["explanation"] = json!(facts);
        shown["next"] = json!(step);
        return output::json(&shown);
    }
    let mut text: Text = facts.iter().map(Text::of).collect();
    text.line(format!("hint: {step}"));
    output::write(&text)
}

fn own<'a>(name: &'a str, profile: Option<&'a Profile>) -> Own<'a> {
    let base = profile.and_then(|profile| match &profile.identity {
        Identity::AssumeRole(settings) => match &settings.base {
            Base::Profile(base) => base.role_arn.as_ref(),
            Base::AwsProfile(_) | Base::Environment | Base::Instance | Base::Container | Base::Keys(_) => None,
        },
        Identity::Saml(_) | Identity::WebIdentity(_) | Identity::Base(_) => None,
    });
    Own {
        profile: name,
        role: profile.and_then(|profile| profile.role_arn.as_ref()),
        base,
        region: profile.and_then(|profile| profile.sts.region.as_deref()),
    }
}

/// Reads an error of STS other than AccessDenied. A line with both is a denial.
fn told(text: &str, profile: Option<&Profile>) -> Option<Told> {
    let mut known = Known { role: profile.and_then(|profile| profile.role_arn.as_ref()), ..Known::default() };
    if let Some(profile) = profile {
        known.region = profile.sts.region.as_deref();
        if let Identity::Saml(saml) = &profile.identity {
            known.provider = saml.principal_arn.as_ref();
        }
    }
    denial::readings(text).iter().find_map(|text| of_line(text, known))
}

fn of_sts(told: Told) -> (Value, Vec<String>) {
    let next = told.next.unwrap_or_else(|| "try again: the refusal may be temporary".to_owned());
    (json!({ "code": told.code.as_str() }), vec![told.what, next])
}

fn document(denial: &Denial) -> Value {
    json!({
        "principal": denial.principal,
        "action": denial.action,
        "operation": denial.operation,
        "resource": denial.resource,
        "reason": denial.policy.id(),
        "effect": denial.effect.id(),
        "policy_arn": denial.policy_arn,
    })
}
