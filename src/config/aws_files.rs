//! `~/.aws/config` and `~/.aws/credentials`, as far as fedcred itself looks into them: which lines make up a profile.
//!
//! Not a second reader of AWS's settings: aws-config resolves a profile. This tells whether what it would resolve has
//! changed, and which programs it would run.

use std::path::PathBuf;

use super::env::Env;
use super::locations::Locations;
use crate::file::{self, kind};

/// Both files; one that is not there is empty.
pub struct AwsFiles {
    /// Those of the first file, then those of the second.
    sections: Vec<Section>,
    /// For a profile that is not found in them.
    whole: String,
}

/// A heading and what stands below it.
#[derive(Debug)]
pub struct Section {
    /// Without brackets, and with single blanks: `profile analytics`.
    pub heading: String,
    /// As people read it, `~/.aws/config`.
    pub file: String,
    pub is_of_credentials_file: bool,
    lines: Vec<String>,
}

impl Section {
    /// The value of a key, the last one where it stands twice.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.lines.iter().rev().filter_map(|line| key_and_value(line)).find(|(name, _)| *name == key).map(|(_, v)| v)
    }

    /// The name that `AWS_PROFILE` takes for it. `None`: a section that is no profile, or that SDKs do not take for one.
    pub fn profile(&self) -> Option<&str> {
        match self.heading.strip_prefix("profile ") {
            Some(name) => (!self.is_of_credentials_file).then_some(name),
            None => (self.is_of_credentials_file || self.heading == "default").then_some(&*self.heading),
        }
    }
}

impl AwsFiles {
    /// `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`, else the files below the home directory.
    pub fn read(env: &Env) -> Self {
        let place = |variable, name: &str| env.path(variable).or_else(|| Some(env.home()?.join(".aws").join(name)));
        let locations = Locations::of(env, None);
        let shown = |place: &Option<PathBuf>| place.as_ref().map(|path| locations.shown(path)).unwrap_or_default();
        let text =
            |place: Option<PathBuf>| place.and_then(|path| file::text(&path, &kind::AWS).ok()).unwrap_or_default();
        let (config, credentials) =
            (place("AWS_CONFIG_FILE", "config"), place("AWS_SHARED_CREDENTIALS_FILE", "credentials"));
        let names = (shown(&config), shown(&credentials));
        let (config, credentials) = (text(config), text(credentials));
        let mut sections = parse(&config, &names.0, false);
        sections.extend(parse(&credentials, &names.1, true));
        AwsFiles { sections, whole: config + "\n" + &credentials }
    }

    /// Every line that says what the profile is, those of the profiles and sessions it stands on included.
    pub fn lines_of(&self, profile: &str) -> Vec<&str> {
        let mut names = vec![(profile.to_owned(), false)];
        let (mut lines, mut next) = (Vec::new(), 0);
        while let Some((name, is_session)) = names.get(next).cloned() {
            next += 1;
            let found = self.sections.iter().filter(|section| is_heading_of(&section.heading, &name, is_session));
            for line in found.flat_map(|section| &section.lines) {
                lines.push(line.as_str());
                let further = match key_and_value(line) {
                    Some(("source_profile", value)) => (value.to_owned(), false),
                    Some(("sso_session", value)) => (value.to_owned(), true),
                    _ => continue,
                };
                if !names.contains(&further) {
                    names.push(further);
                }
            }
        }
        // A spelling of headings that is not known here: then any change counts.
        if lines.is_empty() { self.whole.lines().collect() } else { lines }
    }

    /// What SDKs take from the profile before they run its `credential_process` (botocore's credential chain, of all SDKs the
    /// one that is most particular): a key, and the section that has it.
    pub fn shadow(&self, profile: &str) -> Option<(&Section, &'static str)> {
        let own = self.sections.iter().filter(|section| section.profile() == Some(profile));
        own.into_iter().find_map(|section| Some((section, *SHADOWS.iter().find(|key| section.value(key).is_some())?)))
    }

    /// All of them, those of `~/.aws/config` first.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The `credential_process` of each profile that has one.
    pub fn processes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sections.iter().flat_map(|section| {
            let name = section.heading.strip_prefix("profile ").unwrap_or(&section.heading);
            let commands = section.lines.iter().filter_map(|line| key_and_value(line));
            commands.filter(|(key, _)| *key == "credential_process").map(move |(_, command)| (name, command))
        })
    }
}

const SHADOWS: [&str; 4] = ["aws_access_key_id", "role_arn", "web_identity_token_file", "sso_account_id"];

fn parse(text: &str, file: &str, is_of_credentials_file: bool) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        let heading = line.trim().strip_prefix('[').and_then(|rest| rest.split(']').next());
        match (heading, sections.last_mut()) {
            (Some(heading), _) => {
                let heading = heading.split_whitespace().collect::<Vec<_>>().join(" ");
                sections.push(Section { heading, file: file.to_owned(), is_of_credentials_file, lines: Vec::new() });
            }
            (None, Some(section)) if !line.trim().is_empty() && !line.starts_with(['#', ';']) => {
                section.lines.push(line.trim_end().to_owned());
            }
            _ => (),
        }
    }
    sections
}

/// `[profile NAME]`, `[NAME]` of the credentials file, `[default]`, `[sso-session NAME]`.
fn is_heading_of(heading: &str, name: &str, is_session: bool) -> bool {
    let kind = if is_session { "sso-session " } else { "profile " };
    heading.strip_prefix(kind) == Some(name) || (!is_session && heading == name)
}

fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once('=')?;
    Some((key.trim(), value.trim()))
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
        let names = |text, is_of_credentials_file| {
            let sections = parse(text, "file", is_of_credentials_file);
            sections.iter().map(|section| section.profile().map(str::to_owned)).collect::<Vec<_>>()
        };
        let text = "[default]\n[profile a]\n[b]\n[sso-session c]\n";
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(names(text, false), [some("default"), some("a"), None, None]);
        assert_eq!(names(text, true), [some("default"), None, some("b"), some("sso-session c")]);
    }

    #[test]
    fn the_programs_of_profiles_are_known() {
        assert_eq!(files().processes().collect::<Vec<_>>(), [("base", "tool --x = y")]);
    }
}
