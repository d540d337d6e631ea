//! `~/.aws/config` and `~/.aws/credentials`: the lines of a profile.
//!
//! This does not resolve AWS's settings; aws-config does. It tells whether what aws-config would resolve has changed,
//! and which programs it would run.

use std::path::PathBuf;

use super::aws_ini::{Document, Section, without_comment};
use super::locations::Locations;
use crate::error::printable;
use crate::file::{self, kind};
use crate::process::env::Env;

/// Both files. A missing file is empty.
pub struct AwsFiles {
    config: File,
    credentials: File,
}

struct File {
    /// The path for people, `~/.aws/config`.
    shown: String,
    document: Document,
    is_of_credentials: bool,
}

/// A section, and its file.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    file: &'a File,
    pub section: Section<'a>,
}

impl<'a> Place<'a> {
    /// Returns the value of a key of the section.
    pub fn value(&self, key: &str) -> Option<&'a str> {
        self.section.value(key)
    }

    pub fn in_words(&self) -> String {
        format!("[{}] of {}", printable(&self.section.heading().to_string(), 80), self.file.shown)
    }

    /// Returns the name that `AWS_PROFILE` uses for it. `None` if SDKs do not read the section as a profile.
    pub fn profile(&self) -> Option<&'a str> {
        let heading = self.section.heading();
        let is_profile = match heading.kind.as_deref() {
            Some(kind) => kind == "profile" && !self.file.is_of_credentials,
            None => self.file.is_of_credentials || heading.name == "default",
        };
        is_profile.then_some(heading.name.as_str())
    }
}

impl AwsFiles {
    /// Reads the files of `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`, else those below the home directory.
    pub fn read(env: &Env) -> Self {
        let locations = Locations::of(env, None);
        let file = |variable, name: &str, is_of_credentials| {
            let path = place(env, variable, name);
            let text = path.as_ref().and_then(|path| file::text(path, &kind::AWS).ok()).unwrap_or_default();
            let shown = path.map(|path| locations.shown(&path)).unwrap_or_default();
            File { shown, document: Document::parse(text), is_of_credentials }
        };
        AwsFiles {
            config: file("AWS_CONFIG_FILE", "config", false),
            credentials: file("AWS_SHARED_CREDENTIALS_FILE", "credentials", true),
        }
    }

    /// Returns all sections, those of `~/.aws/config` first.
    pub fn sections(&self) -> impl Iterator<Item = Place<'_>> {
        [&self.config, &self.credentials]
            .into_iter()
            .flat_map(|file| file.document.sections().map(move |section| Place { file, section }))
    }

    /// Returns every line of the profile, and of the profiles and sessions that it needs.
    pub fn lines_of(&self, profile: &str) -> Vec<&str> {
        let mut names = vec![(profile.to_owned(), false)];
        let (mut lines, mut next) = (Vec::new(), 0);
        while let Some((name, is_session)) = names.get(next).cloned() {
            next += 1;
            for place in self.sections().filter(|place| is_meant(place, &name, is_session)) {
                lines.extend(place.section.said());
                for (key, is_session) in [("source_profile", false), ("sso_session", true)] {
                    let further = place.section.value(key).map(|name| (without_comment(name).to_owned(), is_session));
                    names.extend(further.filter(|further| !names.contains(further)));
                }
            }
        }
        if lines.is_empty() {
            // The heading is not recognised: any change of the files counts.
            return self.config.document.text().lines().chain(self.credentials.document.text().lines()).collect();
        }
        lines
    }

    /// Returns the key and section that SDKs prefer to the profile's `credential_process`. The rules are botocore's,
    /// which has the most.
    pub fn shadow(&self, profile: &str) -> Option<(Place<'_>, &'static str)> {
        self.sections().filter(|place| place.profile() == Some(profile)).find_map(|place| {
            let key = SHADOWS.iter().find(|key| place.section.value(key).is_some_and(|value| !value.is_empty()))?;
            Some((place, *key))
        })
    }

    /// Returns each `credential_process` with its profile's name, as aws-config reads headings of the config file.
    pub fn processes(&self) -> impl Iterator<Item = (String, &str)> {
        self.sections().filter_map(|place| {
            let name = &place.section.heading().name;
            let quoted = if name.contains(char::is_whitespace) { format!("'{name}'") } else { name.clone() };
            Some((quoted, place.section.value("credential_process")?))
        })
    }
}

/// Returns the path of one of AWS's files: the variable's, else the one below the home directory.
pub fn place(env: &Env, variable: &str, name: &str) -> Option<PathBuf> {
    match env.path(variable) {
        Some(path) => match (path.strip_prefix("~"), env.home()) {
            (Ok(below), Some(home)) => Some(home.join(below)),
            (Ok(_) | Err(_), _) => Some(path),
        },
        None => Some(env.home()?.join(".aws").join(name)),
    }
}

const SHADOWS: [&str; 4] = ["aws_access_key_id", "role_arn", "web_identity_token_file", "sso_account_id"];

/// Whether this is the section of the profile or session: `[profile NAME]`, `[NAME]` of the credentials file,
/// `[default]`, `[sso-session NAME]`.
fn is_meant(place: &Place<'_>, name: &str, is_session: bool) -> bool {
    let heading = place.section.heading();
    heading.name == name
        && match heading.kind.as_deref() {
            Some(kind) => kind == if is_session { "sso-session" } else { "profile" },
            None => !is_session,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "# ours\n[default]\nregion = a\n[profile top]\nrole_arn = r\nsource_profile=base\n\n[ profile  base ]\n\
        sso_session = corp\nsource_profile = top\ncredential_process = tool --x = y\n[sso-session corp]\nsso_region = b\n[profile other]\nregion = c\n";

    fn files() -> AwsFiles {
        let home = tempfile::tempdir().unwrap();
        let (config, credentials) = (home.path().join("c"), home.path().join("s"));
        std::fs::write(&config, CONFIG).unwrap();
        std::fs::write(&credentials, "[base]\naws_access_key_id = AKIA\n").unwrap();
        AwsFiles::read(&Env::fixed([("AWS_CONFIG_FILE", config), ("AWS_SHARED_CREDENTIALS_FILE", credentials)]))
    }

    #[test]
    fn a_profile_is_its_lines_and_those_of_what_it_stands_on() {
        let files = files();
        let expected = [
            "role_arn = r",
            "source_profile=base",
            "sso_session = corp",
            "source_profile = top",
            "credential_process = tool --x = y",
            "aws_access_key_id = AKIA",
            "sso_region = b",
        ];
        assert_eq!(files.lines_of("top"), expected);
        assert_eq!(files.lines_of("default"), ["region = a"]);
        assert!(files.lines_of("absent").len() > expected.len(), "all of it");
    }

    #[test]
    fn a_section_is_a_profile_where_sdks_take_it_for_one() {
        let names = |is_of_credentials| {
            let text = "[default]\n[profile a]\n[profile 'a b']\n[b]\n[sso-session c]\n".to_owned();
            let file = File { shown: "file".into(), document: Document::parse(text), is_of_credentials };
            let places =
                file.document.sections().map(|section| Place { file: &file, section }.profile().map(str::to_owned));
            places.collect::<Vec<_>>()
        };
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(names(false), [some("default"), some("a"), some("a b"), None, None]);
        assert_eq!(names(true), [some("default"), None, None, some("b"), None]);
    }

    #[test]
    fn the_programs_of_profiles_are_known() {
        assert_eq!(files().processes().collect::<Vec<_>>(), [("base".to_owned(), "tool --x = y")]);
    }
}
