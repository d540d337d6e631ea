//! `fedcred doctor`: checks each step of a login in order, says what it finds, and stops at the first problem with its fix.
//!
//! It logs in as `get` would, under the same lock and guard: a secret that was
//! refused is not sent again. What it prints holds no secret. Its status is that of the fault, or 0.

pub mod aws_files;
mod configuration;
mod explain;
mod kerberos;
mod login;
mod network;
mod place;
mod report;
mod secret_files;
mod storage;

use self::report::{Fault, Report, Step, at};
use crate::cli::args::{Doctor, Global};
use crate::cli::output;
use crate::cli::progress;
use crate::cli::screen::Screen;
use crate::config::profile::{Base, Identity, Profile};
use crate::error::{ExitStatus, Result};
use crate::process::env::Env;

pub fn run(doctor: &Doctor, global: &Global, env: &Env) -> Result<ExitStatus> {
    if let Some(file) = &doctor.explain {
        return explain::run(file, doctor, global, env).map(|()| 0);
    }
    let name = super::profile_name(doctor.profile.as_deref(), env);
    let mut report = Report::new(&name);
    if let Err(fault) = walk(&mut report, &name, global, env) {
        report.fault(fault);
    }
    if doctor.json {
        output::json(&report.json())
    } else {
        output::write(&report.text(Screen::of_stdout(global, env)))
    }?;
    Ok(report.error().map_or(0, |error| error.kind().status()))
}

fn walk(report: &mut Report, name: &str, global: &Global, env: &Env) -> std::result::Result<(), Fault> {
    let (profile, settings) =
        configuration::check(report, name, global.config.as_deref(), env).map_err(at(Step::Configuration))?;
    aws_files::check(report, name, env).map_err(at(Step::AwsFiles))?;
    let chain = chain(&profile);
    secret_files::check(report, &chain);
    let base = *chain.first().unwrap_or(&&profile);

    progress::step("checking the network");
    network::check(report, &profile, base)?;
    match base.saml().and_then(|saml| Some((saml, saml.auth.facts().ticket?))) {
        Some((saml, spnego)) => {
            progress::step("asking for a Kerberos ticket");
            kerberos::check(report, base, saml, spnego, env).map_err(at(Step::Kerberos))?;
        }
        None => report.skip(Step::Kerberos, "this login does not need it"),
    }
    storage::check_before(&settings, env)?;
    progress::step("logging in");
    let logged_in = login::check(report, &chain, &settings, env);
    login::settle(report, &chain, logged_in.as_ref().err());
    logged_in?;
    storage::check(report, &profile, &settings, env);
    Ok(())
}

/// Returns the profile and those below it, the lowest first.
fn chain(profile: &Profile) -> Vec<&Profile> {
    let mut chain: Vec<&Profile> = std::iter::successors(Some(profile), |profile| below(profile)).collect();
    chain.reverse();
    chain
}

fn below(profile: &Profile) -> Option<&Profile> {
    let Identity::AssumeRole(role) = &profile.identity else { return None };
    match &role.base {
        Base::Profile(base) => Some(base),
        Base::AwsProfile(_) | Base::Keys(_) | Base::Environment | Base::Instance | Base::Container => None,
    }
}
