//! `fedcred doctor --explain`: what a service's AccessDenied says, and whether it was this profile's role that was refused.

use std::path::Path;

use serde_json::json;

use crate::cli::args::{Doctor, Global};
use crate::cli::commands::{inspect, profile_name};
use crate::cli::output::{self, Text};
use crate::config::Config;
use crate::config::env::Env;
use crate::error::{Code, Error, Result};
use crate::trust::denial;

pub fn run(file: &Path, doctor: &Doctor, global: &Global, env: &Env) -> Result<()> {
    let name = profile_name(doctor.profile.as_deref(), env);
    let profile = Config::load(env, global.config.as_deref()).and_then(|config| config.profile(&name));
    let role = match profile {
        Ok(profile) => profile.role_arn,
        // A line from elsewhere can be explained without any profile; one that is named has to be there.
        Err(error) if doctor.profile.is_some() => return Err(error),
        Err(_) => None,
    };
    let text = inspect::contents(file)?;
    let denial = denial::read(&String::from_utf8_lossy(&text)).ok_or_else(|| {
        Error::new(Code::BadFlag, "there is no AccessDenied in it")
            .hint("give the line that says who is not authorized to perform what")
    })?;
    let said = denial::explain(&denial, &name, role.as_ref());
    let (step, facts) = said.split_last().ok_or_else(|| Error::new(Code::Bug, "a refusal is explained by nothing"))?;
    if doctor.json {
        let shown = json!({
            "principal": denial.principal,
            "action": denial.action,
            "resource": denial.resource,
            "reason": denial.reason.id(),
            "profile": name,
            "role_arn": role.map(|role| role.to_string()),
            "explanation": facts,
            "next": step,
        });
        return output::json(&shown);
    }
    let mut text: Text = facts.iter().map(Text::of).collect();
    text.line(format!("hint: {step}"));
    output::write(&text)
}
