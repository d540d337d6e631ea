//! `fedcred setup --from TOOL`: profiles made of what another tool's own files say. Those files stay as they are.

mod aws;
mod okta;
mod saml;
mod toml;

use self::toml::Found;
use super::desk::Desk;
use crate::cli::args::{Global, ImportTool, Setup};
use crate::cli::output;
use crate::config::add::Addition;
use crate::config::aws_ini::Document;
use crate::config::env::Env;
use crate::error::{Code, Error, Result, printable};
use crate::file::{self, kind};
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
    let (taken, addition, left) = settle(found, global, env);
    for found in &taken {
        desk.say(&format!("{}:", found.name));
        desk.say(plus(&found.to_toml()).trim_end());
        found.notes.iter().for_each(|note| desk.say(&format!("  not taken over: {note}")));
    }
    left.iter().for_each(|(name, why)| desk.say(&format!("{name}: not taken over: {why}")));
    let Some(addition) = addition else {
        output::write(&desk.take_said())?;
        return Err(Error::new(Code::ProfileNotFound, format!("nothing of {} can be taken over", tool.name()))
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

fn counted(profiles: usize) -> String {
    if profiles == 1 { "1 profile".to_owned() } else { format!("{profiles} profiles") }
}

fn plus(lines: &str) -> String {
    lines.lines().map(|line| format!("  +{line}\n")).collect()
}

/// Which of them can be written, all of it as one addition; and why the others cannot. One that stands on another is tried
/// again once that one is in.
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
        ImportTool::Saml2aws => Ok(saml::saml2aws(&document(tool, ".saml2aws", env)?)),
        ImportTool::AwsAdfs => Ok(saml::aws_adfs(&aws_config(tool, env)?)),
        ImportTool::AwsAzureLogin => Ok(saml::aws_azure_login(&aws_config(tool, env)?)),
        ImportTool::Awsprocesscreds => Ok(saml::awsprocesscreds(&aws_config(tool, env)?)),
        ImportTool::GimmeAwsCreds => Ok(okta::gimme_aws_creds(&document(tool, ".okta_aws_login_config", env)?)),
        ImportTool::AwsOktaProcessor => Ok(okta::aws_okta_processor(&aws_config(tool, env)?)),
        ImportTool::OktaAwsCli => {
            let file = env.home().map(|home| home.join(".okta/okta.yaml"));
            let text = file.and_then(|path| file::text(&path, &kind::AWS).ok());
            Ok(okta::okta_aws_cli(text.as_deref(), env))
        }
        ImportTool::AwsConfig => Ok(aws::aws_config(&aws_config(tool, env)?)),
    }
}

fn document(tool: ImportTool, name: &str, env: &Env) -> Result<Document> {
    let path = env.home().map(|home| home.join(name));
    let path = path.ok_or_else(|| Error::new(Code::FileUnreadable, "there is no home directory").hint("set HOME"))?;
    match file::text(&path, &kind::AWS) {
        Ok(text) => Ok(Document::parse(text)),
        Err(fault) if fault.is_absent() => {
            Err(Error::new(Code::FileUnreadable, format!("{} has no file {}", tool.name(), path.display()))
                .hint("fedcred setup"))
        }
        Err(fault) => Err(fault.error(Code::FileUnreadable)),
    }
}

fn aws_config(tool: ImportTool, env: &Env) -> Result<Document> {
    match crate::config::aws_files::place(env, "AWS_CONFIG_FILE", "config") {
        Some(path) if path.exists() => {
            file::text(&path, &kind::AWS).map(Document::parse).map_err(|fault| fault.error(Code::FileUnreadable))
        }
        _ => document(tool, ".aws/config", env),
    }
}
