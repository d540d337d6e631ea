//! `~/.aws/config` and `~/.aws/credentials`, merged as botocore does: the profile, its region, and where its
//! credentials come from.

use std::collections::BTreeMap;
use std::path::Path;

use super::ini::Ini;
use crate::config::aws_files;
use crate::error::{Code, Error, Result};
use crate::file::{self, Kind, kind};
use crate::process::env::Env;

/// Both files, read once.
#[derive(Debug, Default)]
pub struct AwsProfiles {
    profiles: BTreeMap<String, BTreeMap<String, String>>,
}

impl AwsProfiles {
    /// Reads both files. A missing file is empty.
    ///
    /// Errors: a file that cannot be read.
    pub fn read(env: &Env) -> Result<Self> {
        let mut profiles: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let config = ini(env, "AWS_CONFIG_FILE", "config")?;
        let names = |section: &str| match section.split_once(char::is_whitespace) {
            Some(("profile", name)) => Some(name.trim().trim_matches(['"', '\'']).to_owned()),
            None if section == "default" => Some(section.to_owned()),
            _ => None,
        };
        for (section, values) in config.iter() {
            if let Some(name) = names(section) {
                profiles.entry(name).or_default().extend(values.clone());
            }
        }
        // Values of the credentials file take precedence.
        for (section, values) in ini(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials")?.iter() {
            profiles.entry(section.to_owned()).or_default().extend(values.clone());
        }
        Ok(AwsProfiles { profiles })
    }

    pub fn has(&self, name: &str) -> bool {
        self.profiles.contains_key(name)
    }

    pub fn get(&self, name: &str, key: &str) -> Option<&str> {
        self.profiles.get(name)?.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// Returns the profile that the environment names.
pub fn named_by(env: &Env) -> Option<String> {
    env.text("AWS_DEFAULT_PROFILE").or_else(|| env.text("AWS_PROFILE"))
}

/// Reads a whole text file. Returns `None` if there is no such file.
pub fn read_text(path: &Path, kind: &Kind) -> Result<Option<String>> {
    match file::text(path, kind) {
        Ok(text) => Ok(Some(text)),
        Err(fault) if fault.is_absent() => Ok(None),
        Err(fault) => Err(fault.error(Code::ConfigUnreadable)),
    }
}

fn ini(env: &Env, variable: &str, name: &str) -> Result<Ini> {
    let Some(path) = aws_files::place(env, variable, name) else { return Ok(Ini::default()) };
    let Some(text) = read_text(&path, &kind::AWS)? else { return Ok(Ini::default()) };
    Ini::parse(&text).map_err(|line| {
        Error::new(Code::ConfigSyntax, format!("cannot read {}", path.display()))
            .because(format!("line {line} is neither a section nor a value"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_credentials_file_wins_key_by_key() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".aws")).unwrap();
        let config = "[default]\nregion = us-west-1\n[profile a]\nregion = eu-west-1\naws_access_key_id = OLD\n[ignored]\nx = 1\n";
        std::fs::write(home.path().join(".aws/config"), config).unwrap();
        std::fs::write(home.path().join(".aws/credentials"), "[a]\naws_access_key_id = NEW\n[only]\n").unwrap();
        let profiles = AwsProfiles::read(&Env::fixed([("HOME", home.path())])).unwrap();
        let table = [
            ("default", "region", Some("us-west-1")),
            ("a", "region", Some("eu-west-1")),
            ("a", "aws_access_key_id", Some("NEW")),
            ("nope", "region", None),
        ];
        for (name, key, expected) in table {
            assert_eq!(profiles.get(name, key), expected, "{name} {key}");
        }
        assert!(profiles.has("only") && !profiles.has("ignored"));
    }
}
