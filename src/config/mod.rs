//! Settings: files and environment in, a checked [`profile::Profile`] out.
//!
//! ```text
//! file ─► tree ─► layers of one profile (user over machine, then each include) ─► reader ─► resolve, saml ─► Profile
//! ```
//! Only what is asked for is validated: a broken profile does not stop its neighbours. [`Config::check`] validates everything.

use std::path::Path;

use self::cache::CacheSettings;
use self::env::Env;
use self::locations::Locations;
use self::profile::Profile;
use self::reader::{Layer, Log, Section, SourceFile, nearest};
use self::tree::{Node, Table, Value};
use crate::error::{Code, Error, Result, printable};

pub mod cache;
mod carry;
pub mod env;
mod file;
mod headers;
pub mod locations;
pub mod profile;
mod reader;
mod resolve;
mod saml;
mod secrets;
mod tree;
mod urls;
mod values;

pub use values::parse_duration;

/// The configuration: at most two files, read once.
pub struct Config {
    locations: Locations,
    env: Env,
    /// The user's file over the machine's, of those that exist.
    files: Vec<SourceFile>,
}

impl Config {
    /// Reads the user's file (`explicit` from `--config`, else `$FEDCRED_CONFIG`, else the platform's place) and the machine's.
    ///
    /// Errors: a file that cannot be read or trusted, or is no TOML; a file named explicitly that is not there.
    pub fn load(env: &Env, explicit: Option<&Path>) -> Result<Config> {
        Config::read(Locations::of(env, explicit), env)
    }

    /// The same, from these places.
    pub fn read(locations: Locations, env: &Env) -> Result<Config> {
        let mut files = Vec::new();
        let machine = locations.machine.as_ref().filter(|path| Some(*path) != locations.user.as_ref());
        let places = locations.user.iter().map(|path| (path, false)).chain(machine.map(|path| (path, true)));
        for (path, is_machine) in places {
            let shown = printable(&locations.shown(path), 300);
            match file::read(path, &shown)? {
                Some(text) => files.push(SourceFile {
                    root: Table::parse(&text, &shown)?,
                    dir: path.parent().unwrap_or(Path::new("")).to_owned(),
                    home: locations.home.clone(),
                    shown,
                    is_machine,
                }),
                None if is_machine => (),
                None => {
                    if let Some(named_by) = locations.named_by {
                        return Err(Error::new(Code::ConfigUnreadable, format!("there is no file {shown}"))
                            .because(format!("{named_by} names it")));
                    }
                }
            }
        }
        Ok(Config { locations, env: env.clone(), files })
    }

    /// The profile, with what it includes and what the environment overrides. The first of its errors, if there are any.
    pub fn profile(&self, name: &str) -> Result<Profile> {
        let log = Log::default();
        let profile = self.read_profile(name, &log);
        let error = log.take_errors().into_iter().next();
        match (error, profile) {
            (Some(error), _) => Err(error),
            (None, Some(profile)) => Ok(profile),
            (None, None) => Err(self.not_found(name)),
        }
    }

    /// `[cache]`, with what the environment overrides.
    pub fn cache(&self) -> Result<CacheSettings> {
        let log = Log::default();
        let cache = self.read_cache(&log);
        log.take_errors().into_iter().next().map_or(Ok(cache), Err)
    }

    /// The profiles that are written, in the order of their names.
    pub fn profile_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.profile_nodes().map(|(_, name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn read_cache<'c>(&'c self, log: &Log<'c>) -> CacheSettings {
        let top = self.top(log);
        let cache = top.table("cache", "cache").unwrap_or_else(|| Section::new(log, "cache", Vec::new()));
        cache::read(&cache, &self.locations, &self.env)
    }

    fn read_profile<'c>(&'c self, name: &'c str, log: &Log<'c>) -> Option<Profile> {
        self.top_keys(log);
        let layers = log.keep(self.layers(name))?;
        resolve::profile(name, &Section::new(log, "", layers), &self.env)
    }

    /// What stands outside every table.
    fn top<'l, 'c>(&'c self, log: &'l Log<'c>) -> Section<'l, 'c> {
        let layer = |(rank, file): (usize, &'c SourceFile)| Layer {
            table: &file.root,
            line: 1,
            file,
            profile: None,
            included: false,
            rank,
        };
        Section::new(log, "", self.files.iter().enumerate().map(layer).collect())
    }

    fn top_keys<'c>(&'c self, log: &Log<'c>) {
        let top = self.top(log);
        if let Some(airflow) = top.find("airflow") {
            log.error(
                airflow.error(Code::NotYetAvailable, "is not available in this version yet").hint("remove the table"),
            );
        }
        top.find("cache");
        top.table("profile", "profile");
        top.finish();
    }

    /// The profile's tables, the deciding one first: the user's, the machine's, then both of each included profile.
    fn layers<'c>(&'c self, asked: &'c str) -> Result<Vec<Layer<'c>>> {
        let mut layers: Vec<Layer<'c>> = Vec::new();
        let mut chain = vec![asked];
        loop {
            let name = chain[chain.len() - 1];
            let start = layers.len();
            for (file, _, node) in self.profile_nodes().filter(|(_, found, _)| *found == name) {
                let Value::Table(table) = &node.value else {
                    let what =
                        format!("{}:{}: `profile.{}` must be a table", file.shown, node.line, printable(name, 80));
                    return Err(Error::new(Code::InvalidValue, what).hint("its keys stand below [profile.NAME]"));
                };
                let rank = layers.len();
                layers.push(Layer {
                    table,
                    line: node.line,
                    file,
                    profile: Some(name),
                    included: chain.len() > 1,
                    rank,
                });
            }
            if layers.len() == start {
                return Err(self.not_found(name));
            }
            let log = Log::default();
            let own = Section::new(&log, "", layers[start..].to_vec());
            let Some(include) = own.find("include") else { return Ok(layers) };
            let next = values::written(&include, "the name of a profile")?;
            if let Some(from) = chain.iter().position(|name| *name == next) {
                let circle: Vec<&str> = chain[from..].iter().copied().chain([next]).collect();
                return Err(include
                    .error(Code::ConflictingKeys, "closes a circle")
                    .because(format!("{} include one another", printable(&circle.join(" → "), 300)))
                    .hint("remove one of these `include` lines"));
            }
            if !self.profile_nodes().any(|(_, name, _)| name == next) {
                let why = self.not_found(next);
                let error = include.error(Code::ProfileNotFound, format!("names no profile: {}", why.what));
                return Err(Error { causes: why.causes, hint: why.hint, ..error });
            }
            chain.push(next);
        }
    }

    fn profile_nodes(&self) -> impl Iterator<Item = (&SourceFile, &str, &Node)> {
        self.files.iter().flat_map(|file| {
            let profiles = match file.root.get("profile").map(|node| &node.value) {
                Some(Value::Table(profiles)) => Some(profiles),
                _ => None,
            };
            profiles.into_iter().flat_map(|table| table.iter()).map(move |(name, node)| (file, name, node))
        })
    }

    fn not_found(&self, name: &str) -> Error {
        const LISTED: usize = 20;
        let names = self.profile_names();
        let error = Error::new(Code::ProfileNotFound, format!("there is no profile {:?}", printable(name, 80)));
        let error = match names.len() {
            0 => error,
            n if n <= LISTED => error.because(format!("profiles: {}", names.join(", "))),
            n => error.because(format!("profiles: {} and {} more", names[..LISTED].join(", "), n - LISTED)),
        };
        let error = error.because(format!("looked in {}", self.looked_in().join(" and ")));
        match (nearest(name, names.iter().copied()), &self.locations.user) {
            (Some(near), _) => error.hint(format!("did you mean {near:?}?")),
            (None, Some(path)) => {
                error.hint(format!("write [profile.NAME] and [profile.NAME.saml] into {}", self.locations.shown(path)))
            }
            (None, None) => error.hint("name a file with --config, or set HOME"),
        }
    }

    fn looked_in(&self) -> Vec<String> {
        let places = self.locations.user.iter().chain(&self.locations.machine);
        places
            .map(|path| {
                let shown = printable(&self.locations.shown(path), 300);
                let exists = self.files.iter().any(|file| file.shown == shown);
                if exists { shown } else { format!("{shown} (not there)") }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
