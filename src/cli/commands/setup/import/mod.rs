//! `fedcred setup --from TOOL`: makes profiles of another tool's own files, which stay unchanged.

mod aws;
mod okta;
mod saml;
mod saml2aws;
mod toml;

use std::path::{Path, PathBuf};

use self::toml::Found;
use super::desk::Desk;
use super::question::whole;
use crate::cli::args::{Global, ImportTool, Setup};
use crate::cli::output;
use crate::config::add::Addition;
use crate::config::aws_ini::Document;
use crate::error::{Code, Error, Result, printable};
use crate::file::{self, kind};
use crate::process::env::Env;
use crate::process::whoami;
use crate::quote::shell::fedcred;

pub fn run(tool: ImportTool, setup: &Setup, mut desk: Desk, global: &Global, env: &Env) -> Result<()> {
    let mut found = read(tool, env)?;
    if let Some(name) = &setup.profile {
        found.retain(|found| found.name == *name);
    }
    if found.is_empty() {
        let which = setup.profile.as_deref().map(|name| format!(" {:?}", printable(name, 80))).unwrap_or_default();
        return Err(Error::new(Code::ProfileNotFound, format!("{} has no profile{which}", tool.name()))
            .because(format!("looked in {}", tool.place())));
    }
    complete(&mut found, setup, &mut desk, env)?;
    let (taken, addition, left) = settle(found, global, env);
    for found in &taken {
        desk.say(&format!("{}:", found.name));
        desk.say(plus(&found.to_toml()).trim_end());
        found.notes.iter().for_each(|note| desk.say(&format!("  not imported: {note}")));
    }
    left.iter().for_each(|(name, why)| desk.say(&format!("{name}: not imported: {why}")));
    let Some(addition) = addition else {
        output::write(&desk.take_said())?;
        return Err(Error::new(Code::ProfileNotFound, format!("nothing in {} can be imported", tool.name()))
            .hint("fedcred setup"));
    };
    let question = format!("Write {} into {}?", counted(taken.len()), addition.path.display());
    if !desk.confirm(&question, setup.yes)? {
        return Err(Error::new(Code::PromptNeeded, "nothing is written"));
    }
    let path = addition.write()?;
    desk.say(&format!("{} written into {}; unchanged: {}", counted(taken.len()), path.display(), tool.place()));
    desk.say("try it:");
    for found in &taken {
        let words: &[&str] = if found.needs_login { &["login"] } else { &["get"] };
        desk.say(&format!("  {}", fedcred(words, &found.name, &[])));
    }
    output::write(&desk.take_said())
}

/// Adds what the tool's files do not say: a user name, and the authority to trust.
fn complete(found: &mut [Found], setup: &Setup, desk: &mut Desk, env: &Env) -> Result<()> {
    let mut user = setup.username.clone();
    if user.is_none() && desk.is_attended() && found.iter().any(|found| found.lacks_user && found.problem.is_none()) {
        user = Some(desk.ask("User name, for profiles without one", Some(&whoami::user(env)), "--username USER")?);
    }
    let bundle = setup.ca_bundle.as_ref().map(|path| whole(&path.display().to_string(), env).display().to_string());
    for found in found {
        found.user(user.as_deref());
        if found.is_saml() {
            found.inner("ca_bundle", bundle.as_deref());
        }
    }
    Ok(())
}

fn counted(profiles: usize) -> String {
    if profiles == 1 { "1 profile".to_owned() } else { format!("{profiles} profiles") }
}

fn plus(lines: &str) -> String {
    lines.lines().map(|line| format!("  +{line}\n")).collect()
}

/// Parts the profiles into those that can be written, as one addition, and those that cannot, with the reason. A profile that
/// builds on another one is tried again after that.
fn settle(found: Vec<Found>, global: &Global, env: &Env) -> (Vec<Found>, Option<Addition>, Vec<(String, String)>) {
    let (mut taken, mut addition, mut pending) = (Vec::new(), None, found);
    let mut text = String::new();
    loop {
        let mut left = Vec::new();
        let before = taken.len();
        for found in std::mem::take(&mut pending) {
            let gap = if text.is_empty() { "" } else { "\n" };
            let candidate = format!("{text}{gap}{}", found.to_toml());
            match Addition::of(env, global.config.as_deref(), &found.name, &candidate) {
                Ok(next) if found.problem.is_none() => {
                    (text, addition) = (candidate, Some(next));
                    taken.push(found);
                }
                Ok(_) => left.push((found, None)),
                Err(error) => left.push((found, Some(error.what))),
            }
        }
        if taken.len() == before || left.is_empty() {
            let why = |(found, why): (Found, Option<String>)| {
                let why = found.problem.or(why).unwrap_or_default();
                (found.name, why)
            };
            return (taken, addition, left.into_iter().map(why).collect());
        }
        pending = left.into_iter().map(|(found, _)| found).collect();
    }
}

fn read(tool: ImportTool, env: &Env) -> Result<Vec<Found>> {
    match tool {
        ImportTool::Saml2aws => {
            let mut found = saml2aws::accounts(&document(tool, &at(env, Some("SAML2AWS_CONFIGFILE"), ".saml2aws")?)?);
            found.extend(aws_file(env, "AWS_CONFIG_FILE", "config").iter().flat_map(saml2aws::processes));
            Ok(found)
        }
        ImportTool::AwsAdfs => Ok(saml::aws_adfs(&aws_config(tool, env)?)),
        ImportTool::AwsAzureLogin => Ok(saml::aws_azure_login(&aws_config(tool, env)?)),
        ImportTool::Awsprocesscreds => Ok(saml::awsprocesscreds(&aws_config(tool, env)?)),
        ImportTool::GimmeAwsCreds => {
            Ok(okta::gimme_aws_creds(&document(tool, &at(env, Some("OKTA_CONFIG"), ".okta_aws_login_config")?)?))
        }
        ImportTool::AwsOktaProcessor => {
            let config = aws_file(env, "AWS_CONFIG_FILE", "config");
            let credentials = aws_file(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
            if config.is_none() && credentials.is_none() {
                aws_config(tool, env)?;
            }
            let defaults = at(env, None, ".awsoktaprocessor").ok().and_then(|path| document(tool, &path).ok());
            let files: Vec<Document> = config.into_iter().chain(credentials).collect();
            Ok(okta::aws_okta_processor(&files, defaults.as_ref(), env))
        }
        ImportTool::OktaAwsCli => {
            let text = at(env, None, ".okta/okta.yaml").ok().and_then(|path| file::text(&path, &kind::AWS).ok());
            Ok(okta::okta_aws_cli(text.as_deref(), aws_file(env, "AWS_CONFIG_FILE", "config").as_ref(), env))
        }
        ImportTool::AwsConfig => {
            let document = aws_config(tool, env)?;
            let of_tools = [saml::aws_adfs, saml::aws_azure_login, saml::awsprocesscreds];
            let mut found = aws::aws_config(&document);
            for more in of_tools.iter().flat_map(|tool| tool(&document)).chain(aws::other_processes(&document)) {
                if found.iter().all(|found| found.name != more.name) {
                    found.push(more);
                }
            }
            Ok(found)
        }
    }
}

/// Returns the tool's file: the one its variable names, or `name` below the home directory.
fn at(env: &Env, variable: Option<&str>, name: &str) -> Result<PathBuf> {
    let named = variable.and_then(|variable| env.path(variable));
    named
        .or_else(|| env.home().map(|home| home.join(name)))
        .ok_or_else(|| Error::new(Code::FileUnreadable, "there is no home directory").hint("set HOME"))
}

fn document(tool: ImportTool, path: &Path) -> Result<Document> {
    match file::text(path, &kind::AWS) {
        Ok(text) => Ok(Document::parse(text)),
        Err(fault) if fault.is_absent() => {
            Err(Error::new(Code::FileUnreadable, format!("{} has no file {}", tool.name(), path.display()))
                .hint("fedcred setup"))
        }
        Err(fault) => Err(fault.error(Code::FileUnreadable)),
    }
}

fn aws_config(tool: ImportTool, env: &Env) -> Result<Document> {
    let path = crate::config::aws_files::place(env, "AWS_CONFIG_FILE", "config");
    document(tool, &path.map_or_else(|| at(env, None, ".aws/config"), Ok)?)
}

/// Reads one of AWS's files; `None` if it cannot be read.
fn aws_file(env: &Env, variable: &str, name: &str) -> Option<Document> {
    let path = crate::config::aws_files::place(env, variable, name)?;
    file::text(&path, &kind::AWS).ok().map(Document::parse)
}
