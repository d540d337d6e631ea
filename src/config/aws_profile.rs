//! Writes a profile into `~/.aws/config`. At most two lines of one section change; comments and order stay. The former
//! file is kept beside it.

use std::fs;
use std::path::{Path, PathBuf};

use super::aws_files;
use super::aws_ini::{Document, Edited, Entry};
use crate::error::{Code, Error, Result};
use crate::file::private::Dir;
use crate::file::{self, kind};
use crate::process::env::{Env, HOME};
use crate::time::{self, Timestamp};

/// A change that is not written yet.
#[derive(Debug, PartialEq, Eq)]
pub struct Edit {
    pub path: PathBuf,
    old: Option<String>,
    new: String,
    changes: Vec<String>,
}

/// The settings of the section.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    pub credential_process: &'a str,
    /// Written only if the section has none: an existing region is kept.
    pub region: Option<&'a str>,
}

impl Edit {
    /// Prepares the sections of these AWS profiles.
    ///
    /// Errors: [`Code::FileUnreadable`]; [`Code::AwsProfileWrong`] if a name cannot be written.
    pub fn of(env: &Env, profiles: &[(&str, Lines<'_>)]) -> Result<Edit> {
        let path = aws_files::place(env, "AWS_CONFIG_FILE", "config");
        let path = path.ok_or_else(|| {
            Error::new(Code::FileUnreadable, "there is no home directory, and so no ~/.aws/config")
                .hint(format!("set {HOME}"))
        })?;
        // A link of a dotfile manager stays a link.
        let path = dunce::canonicalize(&path).unwrap_or(path);
        let old = match file::text(&path, &kind::AWS) {
            Ok(text) => Some(text),
            Err(fault) if fault.is_absent() => None,
            Err(fault) => return Err(fault.error(Code::FileUnreadable)),
        };
        let (mut new, mut all) = (old.clone().unwrap_or_default(), Vec::new());
        for (name, lines) in profiles {
            let process = Entry { key: "credential_process", value: lines.credential_process, yields: false };
            let region = lines.region.map(|region| Entry { key: "region", value: region, yields: true });
            let entries: Vec<Entry<'_>> = std::iter::once(process).chain(region).collect();
            let Edited { text, changes } = Document::parse(new).with_profile(name, &entries)?;
            new = text;
            all.extend(changes);
        }
        Ok(Edit { path, old, new, changes: all })
    }

    /// Whether the file needs no change.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Returns the removed and added lines, with `-` and `+` before them, below the section's heading.
    pub fn diff(&self) -> String {
        self.changes.iter().map(|line| format!("{line}\n")).collect()
    }

    /// Replaces the file, which keeps its permissions, and saves its former content beside it. Returns the path of that
    /// copy.
    pub fn write(self) -> Result<Option<PathBuf>> {
        let cannot = || Error::new(Code::OutputWrite, format!("cannot write {}", self.path.display()));
        let (Some(parent), Some(name)) = (self.path.parent(), self.path.file_name().and_then(|name| name.to_str()))
        else {
            return Err(cannot().because("it is not the path of a file"));
        };
        let dir = Dir::shared(parent)?;
        let backup = self.old.as_ref().map(|old| backup(&dir, parent, name, old, time::now())).transpose()?;
        let permissions = fs::metadata(&self.path).map(|data| data.permissions()).ok();
        dir.replace(name, self.new.as_bytes())?;
        if let Some(permissions) = permissions {
            fs::set_permissions(&self.path, permissions).map_err(|why| cannot().because(why.to_string()))?;
        }
        Ok(backup)
    }
}

/// Writes the copy, `config.before-fedcred-20261122T053000Z`.
fn backup(dir: &Dir, parent: &Path, name: &str, old: &str, now: Timestamp) -> Result<PathBuf> {
    let stamp: String = time::whole_seconds(now).chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let name = format!("{name}.before-fedcred-{stamp}");
    dir.create(&name, old.as_bytes())?;
    Ok(parent.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: Lines<'static> = Lines { credential_process: "/bin/fedcred get dev", region: Some("eu-west-1") };

    #[test]
    fn what_was_there_is_kept_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config");
        fs::write(&path, "# mine\n").unwrap();
        let env = Env::fixed([("AWS_CONFIG_FILE", &path)]);
        let backup = Edit::of(&env, &[("dev", LINES)]).unwrap().write().unwrap().unwrap();
        assert_eq!(fs::read_to_string(backup).unwrap(), "# mine\n");
        assert!(fs::read_to_string(&path).unwrap().starts_with("# mine\n\n[profile dev]\n"));
        assert!(Edit::of(&env, &[("dev", LINES)]).unwrap().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_are_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let home = tempfile::tempdir().unwrap();
        let (real, link) = (home.path().join("dotfiles"), home.path().join("config"));
        fs::write(&real, "# mine\n").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
        symlink(&real, &link).unwrap();
        let env = Env::fixed([("AWS_CONFIG_FILE", &link)]);
        let edit = Edit::of(&env, &[("dev", LINES)]).unwrap();
        assert!(edit.diff().starts_with("+[profile dev]\n"), "{}", edit.diff());
        let backup = edit.write().unwrap().unwrap();
        assert_eq!(fs::read_to_string(backup).unwrap(), "# mine\n");
        assert!(link.is_symlink() && fs::read_to_string(&real).unwrap().starts_with("# mine\n\n[profile dev]\n"));
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o644);
        assert!(Edit::of(&env, &[("dev", LINES)]).unwrap().is_empty());
    }
}
