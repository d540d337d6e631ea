//! The lines of `~/.aws/config` that make SDKs run fedcred, and a try by the AWS CLI.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::config::aws_files::AwsFiles;
use crate::config::aws_profile::{Edit, Lines};
use crate::error::{Result, printable};
use crate::process::command;
use crate::process::env::Env;
use crate::process::installed;
use crate::quote::aws_ini;
use crate::region::Region;
use crate::time::Deadline;

/// Returns the change that makes AWS profiles run fedcred. `profiles` has pairs of an AWS profile's name and one of fedcred's.
///
/// Errors: an AWS profile has a setting that takes precedence, or the file cannot hold a name.
pub fn edit(profiles: &[(&str, &str)], region: Option<&str>, explicit: Option<&Path>, env: &Env) -> Result<Edit> {
    region.map(aws_ini::value).transpose()?;
    let lines: Vec<String> =
        profiles.iter().map(|(name, profile)| line(name, profile, explicit, env)).collect::<Result<_>>()?;
    let all: Vec<(&str, Lines<'_>)> = profiles
        .iter()
        .zip(&lines)
        .map(|((name, _), line)| (*name, Lines { credential_process: line, region }))
        .collect();
    Edit::of(env, &all)
}

/// Returns the `credential_process` of one AWS profile.
fn line(name: &str, profile: &str, explicit: Option<&Path>, env: &Env) -> Result<String> {
    if let Some((place, key)) = AwsFiles::read(env).shadow(name) {
        let other = "or choose another name: fedcred setup --aws-profile NAME";
        let error = super::super::doctor::aws_files::shadowed(name, place, key);
        let hint = error.hint.clone().unwrap_or_default();
        return Err(error.hint(format!("{hint}; {other}")));
    }
    let mut words = vec![program(env)];
    if let Some(path) = explicit {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        words.extend(["--config".to_owned(), path.display().to_string()]);
    }
    words.push("get".to_owned());
    // After `--`, a name that begins with a dash is not taken for a flag.
    words.extend(profile.starts_with('-').then(|| "--".to_owned()));
    words.push(profile.to_owned());
    aws_ini::command(&words)
}

/// Returns the region of the default profile in `~/.aws/config`; `None` if it has none or an invalid one.
pub fn default_region(env: &Env) -> Option<Region> {
    let files = AwsFiles::read(env);
    let region =
        files.sections().filter(|place| place.profile() == Some("default")).find_map(|place| place.value("region"));
    region.and_then(|region| Region::parse(region.trim()).ok())
}

fn program(env: &Env) -> String {
    installed::path(env).unwrap_or_else(|_| PathBuf::from("fedcred")).display().to_string()
}

fn directories(env: &Env) -> impl Iterator<Item = PathBuf> {
    let path = env.os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

/// Time limit of the AWS CLI, which starts slowly.
const PATIENCE: Duration = Duration::from_secs(60);
/// The variables of AWS that the try gets: those about places, not about credentials.
const PLACES: [&str; 7] = [
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CA_BUNDLE",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
];

/// Asks the AWS CLI who the profile is, and returns its answer or error as a sentence; `None` if there is no AWS CLI.
pub fn ask_aws_cli(name: &str, env: &Env) -> Option<String> {
    let aws = directories(env).map(|dir| dir.join("aws")).find(|path| path.is_file())?;
    let argv = [&aws.display().to_string(), "sts", "get-caller-identity", "--profile", name, "--output", "json"];
    let variables: Vec<(&str, String)> = PLACES.iter().filter_map(|name| Some((*name, env.text(name)?))).collect();
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = command::secret_output_with(
        &argv.map(str::to_owned),
        &variables,
        command::MAX_OUTPUT,
        "aws sts get-caller-identity",
        &Deadline::after(PATIENCE),
    );
    Some(match answer.map(|output| serde_json::from_slice::<Value>(&output).unwrap_or_default()) {
        Ok(identity) => match identity["Arn"].as_str() {
            Some(arn) => format!("the AWS CLI, with --profile {name}, is {}", printable(arn, 200)),
            None => "the AWS CLI gives no identity".to_owned(),
        },
        Err(error) => {
            let causes: String = error.causes.iter().map(|cause| format!(": {cause}")).collect();
            format!("the AWS CLI fails with --profile {name}{causes}")
        }
    })
}
