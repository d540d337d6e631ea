//! Adds a profile to the user's configuration file. The whole file is checked before anything is written.

use std::path::{Path, PathBuf};

use super::Config;
use super::cache::CacheSettings;
use super::file;
use super::locations::Locations;
use super::profile::Profile;
use crate::error::{Code, Error, Result};
use crate::file::directory;
use crate::file::private::Dir;
use crate::process::env::Env;

/// Appends `lines`, which are the profile `name`, and returns the file's path. The rest of the file stays as it is.
///
/// Errors: the profile exists already, or would not be valid; a file that cannot be written.
pub fn profile(env: &Env, explicit: Option<&Path>, name: &str, lines: &str) -> Result<PathBuf> {
    Addition::of(env, explicit, name, lines)
        .map_err(|error| match error.code {
            Code::ConflictingKeys => error.hint("choose another name with --as"),
            _ => error,
        })?
        .write()
}

/// A profile that is not written yet.
pub struct Addition {
    /// The profile as the configuration will have it.
    pub profile: Profile,
    /// `[cache]` of the same files.
    pub cache: CacheSettings,
    pub path: PathBuf,
    shown: String,
    text: String,
}

impl Addition {
    /// Checks the profile `name` that `lines` would be at the end of the user's file.
    ///
    /// Errors: the profile exists already ([`Code::ConflictingKeys`]), or would not be valid.
    pub fn of(env: &Env, explicit: Option<&Path>, name: &str, lines: &str) -> Result<Addition> {
        let locations = Locations { named_by: None, ..Locations::of(env, explicit) };
        let path = locations.user.clone().ok_or_else(|| {
            Error::new(Code::ConfigUnreadable, "there is no home directory to write a configuration into")
                .hint("name the file with --config")
        })?;
        // A link of a dotfile manager stays a link.
        let path = dunce::canonicalize(&path).unwrap_or(path);
        let shown = path.display().to_string();
        let old = file::read(&path, &shown)?.unwrap_or_default();
        let locations = Locations { user: Some(path.clone()), ..locations };
        if Config::read(locations.clone(), env)?.profile_names().contains(&name) {
            return Err(Error::new(Code::ConflictingKeys, format!("there is a profile {name:?} already, in {shown}"))
                .hint("choose another name"));
        }
        let gap = if old.is_empty() { "" } else { "\n" };
        let text = format!("{old}{}{gap}{lines}", if old.is_empty() || old.ends_with('\n') { "" } else { "\n" });
        let config = Config::of_user_text(&locations, env, &text)?;
        Ok(Addition { profile: config.profile(name)?.into_profile()?, cache: config.cache()?, path, shown, text })
    }

    /// Writes the file and returns its path.
    pub fn write(self) -> Result<PathBuf> {
        let Addition { profile: _, cache: _, path, shown, text } = self;
        let cannot = |why: &str| Error::new(Code::ConfigUnreadable, format!("cannot write {shown}")).because(why);
        let (Some(parent), Some(file)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return Err(cannot("it is not the path of a file"));
        };
        directory::check(&path).map_err(|fault| fault.error(Code::ConfigUnreadable))?;
        Dir::shared(parent)?.replace(file, text.as_bytes())?;
        Ok(path)
    }
}
