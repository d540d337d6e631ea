//! The output of `config show` and `config path`: effective values with their origins, and the places of files.

use std::path::{Path, PathBuf};

use super::cache::CacheSettings;
use super::locations::Locations;
use super::origin::{Log, Recorded};
use super::settings::{self, Kind, Row, Table};

pub use super::origin::{Origin, Place};

/// A key of a profile with its effective value.
pub struct Setting<'c> {
    /// The key below the profile: `region`, `saml.idp_url`, `saml.headers.Accept`.
    pub key: String,
    /// The value in TOML; in parentheses, what is used without a value. For a secret, the place it is read from.
    pub value: String,
    pub origin: Origin<'c>,
}

/// The places of configuration and cache.
pub struct Paths {
    /// The user's file, then the machine's.
    pub files: Vec<ConfigPath>,
    pub cache_dir: Option<PathBuf>,
    /// The file of the sealing key, if it is stored in a file.
    pub key_file: Option<PathBuf>,
}

/// A file that is looked for.
pub struct ConfigPath {
    pub path: PathBuf,
    /// `--config`, `$FEDCRED_CONFIG`, or `user` and `machine` for the platform's own places.
    pub named_by: &'static str,
    pub exists: bool,
}

impl Paths {
    pub(super) fn of(locations: &Locations, cache: CacheSettings, exists: impl Fn(&Path) -> bool) -> Paths {
        let user = locations.user.iter().map(|path| (path, locations.named_by.unwrap_or("user")));
        let files = user.chain(locations.machine.iter().map(|path| (path, "machine")));
        let files = files.map(|(path, named_by)| ConfigPath { path: path.clone(), named_by, exists: exists(path) });
        Paths { files: files.collect(), cache_dir: cache.dir, key_file: cache.key_file }
    }
}

/// Returns every key that was read for a profile, in the order of the rows.
pub(super) fn settings<'c>(log: &Log<'c>) -> Vec<Setting<'c>> {
    let mut settings = Vec::new();
    for table in settings::PROFILE.of_profile().into_iter().chain([&settings::AIRFLOW]) {
        for row in table.rows {
            if let Kind::Map(names) = row.kind {
                settings.extend(log.of_table(names.name).into_iter().filter_map(|entry| setting(names, &entry, "")));
            } else if let Some(recorded) = log.of(table.name, row.key) {
                settings.extend(setting(table, &recorded, &otherwise(row)));
            }
        }
    }
    settings
}

/// Returns what is used if nothing is written; empty if there is nothing.
fn otherwise(row: &Row) -> String {
    match row.default {
        Some(value) => value.toml(),
        None if row.unset.is_empty() => String::new(),
        None => format!("({})", row.unset),
    }
}

fn setting<'c>(table: &Table, recorded: &Recorded<'c>, otherwise: &str) -> Option<Setting<'c>> {
    let value = recorded.shown.clone().unwrap_or_else(|| otherwise.to_owned());
    let dot = if table.name.is_empty() { "" } else { "." };
    let key = format!("{}{dot}{}", table.name, recorded.key);
    (!value.is_empty()).then_some(Setting { key, value, origin: recorded.origin })
}
