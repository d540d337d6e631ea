//! The scheduled job, for any scheduler: program, arguments, interval and environment.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::every::Every;
use super::files;
use crate::acquire::schedule::Life;
use crate::cli::args::{Global, Pace, ScheduleInstall};
use crate::config::Config;
use crate::config::locations::Locations;
use crate::config::profile::SecretSource;
use crate::config::written::WrittenProfile;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::process::installed;
use crate::quote::config::schedulable;
use crate::time::Timestamp;

#[derive(Clone, Debug)]
pub struct Job {
    pub program: String,
    pub arguments: Vec<String>,
    pub every: Every,
    /// Variables that decide where settings and credentials are, or what STS is asked. Without them the job would renew other
    /// credentials than those that are used here.
    pub environment: Vec<(String, String)>,
    /// Names of the systemd credentials that the profiles read.
    pub credentials: Vec<String>,
    /// The file for the output of the last run, for schedulers that keep none.
    pub log: PathBuf,
    /// Notes for the user.
    pub notes: Vec<String>,
}

/// The longest automatic interval: STS may grant shorter sessions than requested.
const USUAL: Duration = Duration::from_secs(5 * 60);

/// The variables that are copied from the environment of `install`, since a job does not see what a login shell sets.
const VARIABLES: [&str; 28] = [
    "FEDCRED_CONFIG",
    "FEDCRED_CACHE_DIR",
    "FEDCRED_LOG",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_CA_BUNDLE",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_SESSION_NAME",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "KRB5_CONFIG",
    "KRB5CCNAME",
    "KRB5_CLIENT_KTNAME",
];

impl Job {
    /// Makes the job that `asked` describes.
    ///
    /// Errors: no profile of that name; a name or path that no scheduler's file can hold.
    pub fn of(asked: &ScheduleInstall, global: &Global, env: &Env) -> Result<Job> {
        let config = Config::load(env, global.config.as_deref())?;
        let mut notes = Vec::new();
        let profiles = profiles(asked, &config, env)?;
        let every = match asked.every {
            Pace::Every(time) => Every::of(time),
            Pace::Auto => Every::of(profiles.iter().map(pace).min().unwrap_or(USUAL).min(USUAL)),
        };
        let job = Job {
            program: text(&program(env)?)?,
            arguments: arguments(asked, global, env)?,
            every,
            environment: environment(env, &mut notes),
            credentials: credentials(&profiles, &mut notes),
            log: log(env)?,
            notes,
        };
        let log = text(&job.log)?;
        for text in job.arguments.iter().chain(&job.credentials).chain([&job.program, &log]) {
            schedulable(text)?;
        }
        Ok(job)
    }
}

/// Returns the file with the output of the last run.
pub fn log(env: &Env) -> Result<PathBuf> {
    Ok(Locations::of(env, None).cache_dir.ok_or_else(files::no_home)?.join("refresh.log"))
}

fn profiles(asked: &ScheduleInstall, config: &Config, env: &Env) -> Result<Vec<WrittenProfile>> {
    if asked.all {
        // Each run reports profiles with errors, and renews the others.
        return Ok(config.usable_profile_names().iter().filter_map(|name| config.profile(name).ok()).collect());
    }
    if asked.profiles.is_empty() {
        return config.profile(&super::super::profile_name(None, env)).map(|profile| vec![profile]);
    }
    asked.profiles.iter().map(|name| config.profile(name)).collect()
}

/// Returns an interval at which two more runs fit into the renewal window of this profile's credentials.
fn pace(profile: &WrittenProfile) -> Duration {
    let lifetime = profile.duration().unwrap_or(Duration::from_secs(3600));
    let issued = Timestamp::UNIX_EPOCH;
    let expires = issued.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
    let window = Life { issued, expires }.window(None);
    Duration::try_from(window).unwrap_or_default() / 3
}

/// Returns the arguments of `refresh`, with absolute paths.
fn arguments(asked: &ScheduleInstall, global: &Global, env: &Env) -> Result<Vec<String>> {
    let mut arguments = Vec::new();
    for (flag, path) in [("--config", &global.config), ("--log-file", &global.log_file)] {
        if let Some(path) = path {
            arguments.extend([flag.to_owned(), text(&absolute(path)?)?]);
        }
    }
    arguments.push("refresh".to_owned());
    if asked.all {
        arguments.push("--all".to_owned());
        return Ok(arguments);
    }
    let mut names = asked.profiles.clone();
    // The job does not see `FEDCRED_PROFILE`.
    if names.is_empty() {
        names.push(super::super::profile_name(None, env));
    }
    if names.iter().any(|name| name.starts_with('-')) {
        arguments.push("--".to_owned());
    }
    arguments.extend(names);
    Ok(arguments)
}

fn environment(env: &Env, notes: &mut Vec<String>) -> Vec<(String, String)> {
    let mut taken = Vec::new();
    for name in VARIABLES {
        let Some(value) = env.text(name) else { continue };
        let is_path = matches!(name, "FEDCRED_CONFIG" | "FEDCRED_CACHE_DIR" | "FEDCRED_LOG");
        let value = match is_path.then(|| absolute(Path::new(&value)).and_then(|path| text(&path))) {
            Some(Ok(absolute)) => absolute,
            Some(Err(_)) | None => value,
        };
        if schedulable(&value).is_err() {
            notes.push(format!("{name} has a value that cannot be written into a file: the job runs without it"));
        } else if name.to_ascii_lowercase().ends_with("_proxy") && value.contains('@') {
            notes.push(format!("{name} may hold a password: the job runs without it; set `saml.proxy` instead"));
        } else {
            taken.push((name.to_owned(), value));
        }
    }
    taken
}

/// Returns the names of systemd credentials, and adds notes on secrets that a job cannot read.
fn credentials(profiles: &[WrittenProfile], notes: &mut Vec<String>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for profile in profiles.iter().filter_map(WrittenProfile::as_profile) {
        match profile.secret().map(|(_, source)| source) {
            Some(SecretSource::Credential(name)) if !names.contains(name) => names.push(name.clone()),
            Some(SecretSource::Env(name)) => notes.push(format!(
                "the profile {} reads its secret from ${name}, which a scheduled job does not see: use a file, a command, \
                 the keyring or a systemd credential",
                profile.name
            )),
            _ => {}
        }
    }
    names
}

fn program(env: &Env) -> Result<PathBuf> {
    installed::path(env).map_err(|e| Error::new(Code::Bug, "fedcred does not know where it is").because(e.to_string()))
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path)
        .map_err(|e| Error::new(Code::ConfigUnreadable, "the working directory is gone").because(e.to_string()))
}

fn text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Error::new(Code::InvalidValue, format!("{} cannot be written into a scheduler's file", path.display()))
            .hint("choose a path that is UTF-8")
    })
}

/// Returns the text of the first comment of an XML template.
pub fn comment(template: &str) -> &str {
    template.split_once("<!-- ").and_then(|(_, rest)| rest.split_once(" -->")).map_or("", |(text, _)| text)
}

/// Replaces each of these parts in the template, which must have it.
pub fn fill(template: &str, parts: &[(&str, String)]) -> String {
    parts.iter().fold(template.to_owned(), |text, (part, replacement)| {
        debug_assert!(text.contains(part), "{part:?} is not in the template");
        text.replacen(part, replacement, 1)
    })
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// What packages hold.
    pub fn packaged(program: &str, log: &str) -> Job {
        Job {
            program: program.into(),
            arguments: vec!["refresh".into(), "--all".into()],
            every: Every::Minutes(5),
            environment: Vec::new(),
            credentials: Vec::new(),
            log: log.into(),
            notes: Vec::new(),
        }
    }

    /// One that has everything that needs quoting somewhere.
    pub fn odd() -> Job {
        Job {
            arguments: vec!["refresh".into(), "--".into(), "-50% \"of\" <it's> $HOME\\".into()],
            every: Every::Hours(2),
            environment: vec![("KRB5CCNAME".into(), "FILE:/tmp/a b%c\"d'e".into())],
            credentials: vec!["corp".into()],
            ..packaged("/opt/my tools/fedcred", "/home/o'hara/.cache/fedcred/refresh.log")
        }
    }

    #[test]
    fn what_decides_about_the_credentials_is_taken_over_and_no_secret() {
        let env = Env::fixed([
            ("KRB5CCNAME", "FILE:/tmp/krb5cc_1000_x"),
            ("AWS_REGION", "eu-west-1"),
            ("HTTPS_PROXY", "http://alice:hunter2@proxy:3128"),
            ("NO_PROXY", "a\nb"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("CORP_PASSWORD", "s"),
        ]);
        let mut notes = Vec::new();
        let taken = environment(&env, &mut notes);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(taken, [pair("AWS_REGION", "eu-west-1"), pair("KRB5CCNAME", "FILE:/tmp/krb5cc_1000_x")]);
        assert!(notes.len() == 2 && !notes.concat().contains("hunter2"), "{notes:?}");
    }
}
