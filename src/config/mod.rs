//! Settings: files and environment in, a checked [`written::WrittenProfile`] out.
//!
//! ```text
//! file ─► tree ─► layers of one profile (user over machine, then each include) ─► reader ─► resolve, saml ─► WrittenProfile
//! ```
//! Only what is asked for is validated: a broken profile does not stop its neighbours. [`Config::check`] validates everything.
//! Precedence: environment variable, profile (the user's file, then the machine's), included profile, built-in.

use std::path::Path;

use self::airflow::policy::Policy;
use self::bases::Bases;
use self::cache::CacheSettings;
use self::file::{Found, Opened};
use self::locations::Locations;
use self::origin::{Log, SourceFile};
use self::reader::{Layer, Section};
use self::settings::{FILE, PROFILE};
use self::show::{Paths, Setting};
use self::tree::Table;
use self::written::WrittenProfile;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;

pub mod add;
pub mod airflow;
pub mod assume_role;
pub mod aws_files;
pub mod aws_ini;
pub mod aws_profile;
mod bases;
pub mod cache;
mod carry;
mod duration;
mod excerpt;
mod file;
mod found;
mod headers;
mod layers;
pub mod locations;
pub mod mistakes;
mod names;
pub mod oidc;
mod origin;
pub mod profile;
pub mod profile_name;
mod reader;
pub mod redis;
mod refuse;
mod resolve;
pub mod row;
mod saml;
pub mod schema;
mod secrets;
pub mod session_name;
mod session_policy;
pub mod setting;
pub mod settings;
pub mod show;
pub mod sts_home;
mod syntax;
mod tree;
mod urls;
mod values;
pub mod web_identity;
pub mod words;
pub mod writer;
pub mod written;

pub use duration::{parse_duration, written_duration};

/// The configuration: at most two files, read once.
pub struct Config {
    locations: Locations,
    env: Env,
    /// The existing files, the user's first.
    files: Vec<SourceFile>,
}

impl Config {
    /// Reads the user's file (`explicit` from `--config`, else `$FEDCRED_CONFIG`, else the platform's place) and the machine's.
    ///
    /// Errors: a file that cannot be read or trusted, or is not TOML; a file named explicitly that is not there.
    pub fn load(env: &Env, explicit: Option<&Path>) -> Result<Config> {
        Config::read(Locations::of(env, explicit), env)
    }

    /// Reads the files in these places.
    pub fn read(locations: Locations, env: &Env) -> Result<Config> {
        let files = file::open(&locations)?;
        Config::of(&locations, env, &files, Opened::parse)
    }

    /// Reads the configuration with `content` in place of the user's file.
    fn of_user_text(locations: &Locations, env: &Env, content: &str) -> Result<Config> {
        let files: Vec<Opened> = file::open(locations)?.into_iter().filter(|file| file.found.is_machine).collect();
        let mut config = Config::of(locations, env, &files, Opened::parse)?;
        if let Some(path) = &locations.user {
            let found = Found { path: path.clone(), shown: locations.shown(path), is_machine: false };
            let root = Table::parse(content, &found.shown)?;
            config.files.insert(0, SourceFile::new(found, root, locations)?);
        }
        Ok(config)
    }

    /// Parses the files with `parse`.
    fn of(
        locations: &Locations,
        env: &Env,
        files: &[Opened],
        parse: impl Fn(&Opened) -> Result<Table>,
    ) -> Result<Config> {
        let source = |file: &Opened| SourceFile::new(file.found.clone(), parse(file)?, locations);
        let files = files.iter().map(source).collect::<Result<_>>()?;
        Ok(Config { locations: locations.clone(), env: env.clone(), files })
    }

    /// Returns the profile, with what it includes and what the environment overrides.
    ///
    /// Errors: the first fault.
    pub fn profile(&self, name: &str) -> Result<WrittenProfile> {
        let log = Log::default();
        let profile = self.read_profile(name, &log);
        log.outcome(profile, || self.not_found(name))
    }

    /// Returns `[cache]`, with what the environment overrides.
    pub fn cache(&self) -> Result<CacheSettings> {
        let log = Log::default();
        let cache = self.read_cache(&log);
        log.take_errors().into_iter().next().map_or(Ok(cache), Err)
    }

    /// Returns the places of the files.
    pub fn locations(&self) -> Locations {
        self.locations.clone()
    }

    /// Returns `[airflow]`.
    pub fn airflow(&self) -> Result<Policy> {
        let log = Log::default();
        let policy = self.read_airflow(&log);
        log.take_errors().into_iter().next().map_or(Ok(policy), Err)
    }

    /// Returns all faults, in every profile and outside of them.
    ///
    /// A profile that others include may lack an identity, or a part of one.
    pub fn check(&self) -> Vec<Error> {
        let log = Log::default();
        self.read_cache(&log);
        self.read_airflow(&log);
        self.top_keys(&log);
        let mut errors = log.take_errors();
        for name in self.profile_names() {
            let log = Log::default();
            self.read_profile(name, &log);
            let incomplete = |error: &Error| error.code == Code::MissingKey && self.is_included(name);
            for error in log.take_errors().into_iter().filter(|error| !incomplete(error)) {
                // A fault of an included profile is found once for each profile that includes it.
                if !errors.contains(&error) {
                    errors.push(error);
                }
            }
        }
        errors
    }

    /// Returns each key of the profile with its effective value and origin, without secrets.
    pub fn show<'c>(&'c self, name: &'c str) -> Result<Vec<Setting<'c>>> {
        let log = Log::to_show();
        let profile = self.read_profile(name, &log);
        log.outcome(profile, || self.not_found(name)).map(|_| show::settings(&log))
    }

    /// Returns the paths of the files and of stored results.
    pub fn paths(&self) -> Paths {
        // Faults of `[cache]` are reported elsewhere.
        let cache = self.read_cache(&Log::default());
        Paths::of(&self.locations, cache, |path| self.files.iter().any(|file| file.path == path))
    }

    /// Returns the names of the profiles in the files, sorted.
    pub fn profile_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.profile_nodes().map(|(_, name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Returns the environment variables that hold a secret according to any profile, even a faulty one.
    pub fn secret_variables(&self) -> Vec<String> {
        let mut names = Vec::new();
        for file in &self.files {
            secrets::variables(&file.root, &mut names);
        }
        names
    }

    /// Returns the names of the usable profiles, sorted: those in the files that are not only there to be included, and
    /// `default` if the environment makes one.
    pub fn usable_profile_names(&self) -> Vec<&str> {
        let is_base = |name: &str| {
            self.is_included(name) && self.profile(name).is_err_and(|error| error.code == Code::MissingKey)
        };
        let mut names: Vec<&str> = self.profile_names().into_iter().filter(|name| !is_base(name)).collect();
        if let Err(place) = names.binary_search(&"default")
            && (self.profile("default").is_ok()
                // If only a half of it is set, that is an error for the user.
                || self.files.is_empty() && web_identity::half_of_implicit("default", &self.env).is_some())
        {
            names.insert(place, "default");
        }
        names
    }

    fn read_cache<'c>(&'c self, log: &Log<'c>) -> CacheSettings {
        let top = self.top(log);
        cache::read(&top.table("cache"), &self.locations, &self.env)
    }

    fn read_airflow<'c>(&'c self, log: &Log<'c>) -> Policy {
        Policy::read(&self.top(log).table("airflow"))
    }

    fn read_profile<'c>(&'c self, name: &'c str, log: &Log<'c>) -> Option<WrittenProfile> {
        self.top_keys(log);
        self.read_with(&Bases::of(self, name), log)
    }

    /// Reads the last profile of `bases`.
    fn read_with<'c>(&'c self, bases: &Bases<'_, 'c>, log: &Log<'c>) -> Option<WrittenProfile> {
        let name = bases.name();
        // The environment alone makes the profile (EKS IRSA and the like).
        let layers = if !self.is_written(name) && web_identity::is_implicit(name, &self.env) {
            Vec::new()
        } else {
            log.keep(self.layers(name))?
        };
        resolve::profile(&Section::new(log, &PROFILE, layers), &self.env, bases)
    }

    /// The profile of EKS IRSA and its like, whether or not one of its name is written.
    fn profile_of_environment<'c>(&'c self, bases: &Bases<'_, 'c>, log: &Log<'c>) -> Option<WrittenProfile> {
        resolve::profile(&Section::new(log, &PROFILE, Vec::new()), &self.env, bases)
    }

    /// Returns the keys outside every table.
    fn top<'l, 'c>(&'c self, log: &'l Log<'c>) -> Section<'l, 'c> {
        let layer = |(rank, file): (usize, &'c SourceFile)| Layer {
            table: &file.root,
            line: 1,
            file,
            profile: None,
            included: false,
            rank,
        };
        Section::new(log, &FILE, self.files.iter().enumerate().map(layer).collect())
    }

    fn top_keys<'c>(&'c self, log: &Log<'c>) {
        let top = self.top(log);
        // Reports `profile = 1`, which is not a table.
        top.table("profile");
        top.finish();
    }
}

#[cfg(test)]
mod tests;
