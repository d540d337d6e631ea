//! `~/.aws/config` and `~/.aws/credentials` as botocore merges them, for what a plan has to know of them: which profile is
//! meant, its region, and where its credentials come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ini::Ini;
use crate::config::env::Env;
use crate::error::{Code, Error, Result};

/// No such file is larger.
const MAX_BYTES: u64 = 1 << 20;

/// Both files, read once.
#[derive(Debug, Default)]
pub struct AwsProfiles {
    profiles: BTreeMap<String, BTreeMap<String, String>>,
}

impl AwsProfiles {
    /// Files that are not there are empty. Errors: one that cannot be read.
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
        // The credentials file wins, key by key.
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

/// The profile that the environment names.
pub fn named_by(env: &Env) -> Option<String> {
    env.text("AWS_DEFAULT_PROFILE").or_else(|| env.text("AWS_PROFILE"))
}

/// A whole text file of at most 1 MiB; `None` when it is not there.
pub fn read_text(path: &Path) -> Result<Option<String>> {
    use std::io::Read;
    let unreadable =
        |why: String| Error::new(Code::ConfigUnreadable, format!("cannot read {}", path.display())).because(why);
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(unreadable("it is not a regular file".into()));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unreadable("it is larger than 1 MiB".into()));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| unreadable("it is not UTF-8 text".into()))
}

fn ini(env: &Env, variable: &str, name: &str) -> Result<Ini> {
    let home = || env.home().map(|home| home.join(".aws").join(name));
    let Some(path) = env.path(variable).map(|path| tilde(path, env)).or_else(home) else { return Ok(Ini::default()) };
    let Some(text) = read_text(&path)? else { return Ok(Ini::default()) };
    Ini::parse(&text).map_err(|line| {
        Error::new(Code::ConfigSyntax, format!("cannot read {}", path.display()))
            .because(format!("line {line} is neither a section nor a value"))
    })
}

fn tilde(path: PathBuf, env: &Env) -> PathBuf {
    match (path.strip_prefix("~"), env.home()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
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
