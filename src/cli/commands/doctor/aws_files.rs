//! Checks `~/.aws/config` and `~/.aws/credentials`: whether an SDK that uses such a profile runs fedcred, or something else takes
//! precedence.
//!
//! The order of precedence is botocore's (its credential chain). Its reader of the command line is the strictest, too: it splits
//! as a shell does and expands nothing.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::report::{Report, Step};
use crate::cli::args::{Arguments, Command};
use crate::config::aws_files::{AwsFiles, Place};
use crate::config::aws_ini::without_comment;
use crate::error::{Code, Error, Result, printable};
use crate::process::env::Env;
use crate::process::path::find;
use crate::quote::aws_ini;
use crate::quote::shell::{export, fedcred};

/// Errors: [`Code::AwsProfileShadowed`], [`Code::AwsProfileWrong`].
pub fn check(report: &mut Report, profile: &str, env: &Env) -> Result<()> {
    let files = AwsFiles::read(env);
    let callers: Vec<Caller<'_>> = files.sections().filter_map(|place| Caller::of(place, profile, env)).collect();
    if callers.is_empty() {
        report.skip(
            Step::AwsFiles,
            format!(
                "no profile of ~/.aws/config runs `{}`; `exec` and `serve` need none",
                fedcred(&["get"], &printable(profile, 80), &[])
            ),
        );
        return Ok(());
    }
    let shown: Vec<String> = callers.iter().map(|caller| caller.shown()).collect();
    report.fact(Step::AwsFiles, "called_by", shown);
    for caller in &callers {
        caller.check_heading()?;
        caller.check_command(report, env)?;
        caller.check_shadows(&files)?;
    }
    check_environment(report, &callers, env);
    report.pass(Step::AwsFiles);
    Ok(())
}

/// A section whose `credential_process` is fedcred for this profile.
struct Caller<'a> {
    place: Place<'a>,
    command: &'a str,
    /// As a shell splits it; `None` if its quotes do not close.
    words: Option<Vec<String>>,
    /// Whether quotes around the whole command make one word of it.
    is_wholly_quoted: bool,
}

impl<'a> Caller<'a> {
    fn of(place: Place<'a>, profile: &str, env: &Env) -> Option<Self> {
        let command = place.section.value("credential_process")?;
        let words = aws_ini::split(without_comment(command), cfg!(windows));
        let plain = |text: &str| -> Vec<String> {
            text.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect()
        };
        let is_wholly_quoted = matches!(words.as_deref(), Some([one]) if asks_for(&plain(one), profile, env));
        let words = if is_wholly_quoted { Some(plain(words.as_ref()?.first()?)) } else { words };
        let asked = words.clone().unwrap_or_else(|| plain(command));
        asks_for(&asked, profile, env).then_some(Caller { place, command, words, is_wholly_quoted })
    }

    fn name(&self) -> String {
        let name = self.place.profile().unwrap_or(&self.place.section.heading().name);
        printable(name, 80)
    }

    fn shown(&self) -> String {
        format!("{}: {}", self.place.in_words(), printable(self.command, 200))
    }

    fn wrong(&self, what: &str) -> Error {
        let what = format!("{} {what}", self.place.in_words());
        Error::new(Code::AwsProfileWrong, what).because(printable(self.command, 200))
    }

    /// Fails for a heading `[NAME]` in the config file, which SDKs take for a profile in the credentials file only.
    fn check_heading(&self) -> Result<()> {
        if self.place.profile().is_some() {
            return Ok(());
        }
        let heading = aws_ini::heading(&self.place.section.heading().name)?;
        Err(self.wrong("is not a profile for an SDK").hint(format!("write its heading as {heading}")))
    }

    fn check_command(&self, report: &mut Report, env: &Env) -> Result<()> {
        let Some(words) = &self.words else {
            return Err(self.wrong("has a quote that does not close").hint("close it, or use a path without blanks"));
        };
        let right = aws_ini::command(words)?;
        if self.is_wholly_quoted {
            let what = "has quotes around its whole command, which most SDKs take for the name of a program";
            return Err(self.wrong(what).hint(format!("credential_process = {right}")));
        }
        let program = words.first().map(String::as_str).unwrap_or_default();
        if program.starts_with('~') || !cfg!(windows) && words.iter().any(|word| word.contains('$')) {
            let what = "has a `~` or a variable in its command, which most SDKs do not expand";
            return Err(self.wrong(what).hint(format!("write the whole path: {}", own_path(program))));
        }
        let path = Path::new(program);
        if path.is_absolute() {
            if find(program.as_ref(), env).is_none() {
                let hint = if own_word(words) > Some(0) {
                    format!("a blank in a path ends it: use a path without one, such as {}", own_path(program))
                } else {
                    format!("write the path of fedcred: {}", own_path(program))
                };
                return Err(self.wrong("runs a program that is not there").because(format!("no {program}")).hint(hint));
            }
        } else if program.contains(['/', '\\']) {
            let what = "runs a program by a path that depends on the working directory";
            return Err(self.wrong(what).hint(format!("write the whole path: {}", own_path(program))));
        } else {
            report.warn(
                Step::AwsFiles,
                format!("{} finds fedcred by PATH, which services and editors set differently", self.place.in_words()),
                format!("write the whole path: {}", own_path(program)),
            );
        }
        for (is_so, what) in quirks(self.command, program, cfg!(windows)) {
            if is_so {
                let hint = format!("credential_process = {right}");
                report.warn(Step::AwsFiles, format!("{} {what}", self.place.in_words()), hint);
            }
        }
        if self.name().contains(char::is_whitespace) {
            let what = "has a blank in its name: the SDKs for JavaScript and Go find no such profile";
            let hint = "add one without it: fedcred setup --aws-profile NAME";
            report.warn(Step::AwsFiles, format!("{} {what}", self.place.in_words()), hint);
        }
        Ok(())
    }

    fn check_shadows(&self, files: &AwsFiles) -> Result<()> {
        let name = self.name();
        files.shadow(&name).map_or(Ok(()), |(place, key)| Err(shadowed(&name, place, key)))
    }
}

/// Returns what some SDKs read differently from others, and whether this command has it.
fn quirks(command: &str, program: &str, on_windows: bool) -> [(bool, &'static str); 5] {
    let is_quoted = command.starts_with('"');
    let has_comment = without_comment(command) != command;
    [
        (is_quoted, "begins with a double quote: the SDKs for Go take the quoted part for the whole command"),
        (has_comment, "has a comment after its command, which boto3 and the AWS CLI take for arguments"),
        (
            on_windows && command.contains('\''),
            "has a single quote, which the SDKs that run it by cmd.exe do not take for one",
        ),
        (on_windows && command.contains('%'), "has a percent sign, which cmd.exe takes for the start of a variable"),
        (
            on_windows && program.contains(' '),
            "runs a program whose path has a blank: on Windows the SDKs for Go and .NET fail on it",
        ),
    ]
}

/// Returns the error of an AWS profile in which `key` takes precedence over its `credential_process`.
pub fn shadowed(name: &str, place: Place<'_>, key: &str) -> Error {
    let place = place.in_words();
    let keys = match key {
        "aws_access_key_id" => "aws_access_key_id, aws_secret_access_key and aws_session_token",
        "role_arn" => "role_arn and the keys that belong to it",
        "sso_account_id" => "the keys that begin with sso_",
        other => other,
    };
    let what = format!("the AWS profile {name} never runs fedcred: `{key}` takes precedence");
    let or = if key.starts_with("sso_") { "; to use IAM Identity Center instead: aws sso login" } else { "" };
    Error::new(Code::AwsProfileShadowed, what)
        .because(format!("it is in {place}"))
        .hint(format!("remove {keys} from {place}{or}"))
}

/// Warns of variables of this shell that take precedence over the profile. SDKs may run in another environment, so it is no fault.
fn check_environment(report: &mut Report, callers: &[Caller<'_>], env: &Env) {
    let names: Vec<String> = callers.iter().map(Caller::name).collect();
    let first = names.first().map(String::as_str).unwrap_or_default();
    if env.os("AWS_ACCESS_KEY_ID").is_some() {
        report.warn(
            Step::AwsFiles,
            "AWS_ACCESS_KEY_ID is set here, and takes precedence over every profile that the program does not name itself",
            "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN",
        );
    }
    let selected = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].iter().find_map(|name| Some((*name, env.text(name)?)));
    match selected {
        Some((variable, selected)) if !names.contains(&selected) => report.warn(
            Step::AwsFiles,
            format!("{variable} is {:?} here, a profile that does not run `fedcred`", printable(&selected, 80)),
            export(variable, first),
        ),
        None if env.os("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() && env.os("AWS_ROLE_ARN").is_some() => report.warn(
            Step::AwsFiles,
            "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are set here, and take precedence over the default profile",
            export("AWS_PROFILE", first),
        ),
        _ => {}
    }
}

/// Whether this command line is fedcred, asked for this profile.
fn asks_for(words: &[String], profile: &str, env: &Env) -> bool {
    let Some(at) = own_word(words) else { return false };
    let arguments: Vec<OsString> = words[at..].iter().map(OsString::from).collect();
    match Arguments::parse(&arguments, crate::cli::screen::PROSE) {
        Ok(Arguments { command: Command::Get(get), .. }) => {
            crate::cli::commands::profile_name(get.profile.as_deref(), env) == profile
        }
        _ => false,
    }
}

/// Returns the index of the word that is fedcred's path; not the first if a path with a blank has no quotes.
fn own_word(words: &[String]) -> Option<usize> {
    // Windows does not tell the cases of names apart.
    let is_ours = |stem: &OsStr| stem == "fedcred" || cfg!(windows) && stem.eq_ignore_ascii_case("fedcred");
    words.iter().position(|word| Path::new(word).file_stem().is_some_and(is_ours))
}

/// Returns the path of this program.
fn own_path(otherwise: &str) -> String {
    std::env::current_exe().map_or_else(|_| otherwise.to_owned(), |path| path.display().to_string())
}

#[cfg(test)]
mod tests;
