//! Writing a profile into `~/.aws/config`: two lines of one section change, everything else stays as it is, comments and order
//! included.

use std::fs;
use std::path::{Path, PathBuf};

use super::env::Env;
use crate::cache::private::Dir;
use crate::error::{Code, Error, Result};
use crate::file::{self, kind};
use crate::time::{self, Timestamp};

/// A change that is not written yet.
#[derive(Debug, PartialEq, Eq)]
pub struct Edit {
    pub path: PathBuf,
    old: Option<String>,
    new: String,
    changes: Vec<String>,
}

/// What the section is to say.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    pub credential_process: &'a str,
    /// Written only where the section has none: a region that is there is somebody's choice.
    pub region: Option<&'a str>,
}

impl Edit {
    /// The section of the AWS profile `name` as it is to be. Errors: [`Code::FileUnreadable`].
    pub fn of(env: &Env, name: &str, lines: Lines<'_>) -> Result<Edit> {
        let path = env.path("AWS_CONFIG_FILE").or_else(|| Some(env.home()?.join(".aws").join("config")));
        let path = path.ok_or_else(|| {
            Error::new(Code::FileUnreadable, "there is no home directory, and so no ~/.aws/config").hint("set HOME")
        })?;
        // A dotfile manager's link stays a link.
        let path = fs::canonicalize(&path).unwrap_or(path);
        let old = match file::text(&path, &kind::AWS) {
            Ok(text) => Some(text),
            Err(fault) if fault.is_absent() => None,
            Err(fault) => return Err(fault.error(Code::FileUnreadable)),
        };
        let (new, changes) = edited(old.as_deref().unwrap_or_default(), name, lines);
        Ok(Edit { path, old, new, changes })
    }

    /// The file says it all already.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The lines that go and come, with `-` and `+` before them and the section's heading on top.
    pub fn diff(&self) -> String {
        self.changes.iter().map(|line| format!("{line}\n")).collect()
    }

    /// Replaces the file, and keeps what it was beside it; where that is. The file keeps its permissions.
    pub fn write(self) -> Result<Option<PathBuf>> {
        let cannot = || Error::new(Code::OutputWrite, format!("cannot write {}", self.path.display()));
        let (Some(parent), Some(name)) = (self.path.parent(), self.path.file_name().and_then(|name| name.to_str()))
        else {
            return Err(cannot().because("it is no path of a file"));
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

/// `config.before-fedcred-20261122T053000Z`
fn backup(dir: &Dir, parent: &Path, name: &str, old: &str, now: Timestamp) -> Result<PathBuf> {
    let stamp: String = time::whole_seconds(now).chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let name = format!("{name}.before-fedcred-{stamp}");
    dir.create(&name, old.as_bytes())?;
    Ok(parent.join(name))
}

/// The text with the section as it is to be, and what has changed.
fn edited(old: &str, name: &str, lines: Lines<'_>) -> (String, Vec<String>) {
    let heading = if name == "default" { "[default]".to_owned() } else { format!("[profile {name}]") };
    let ending = if old.contains("\r\n") { "\r\n" } else { "\n" };
    let process = format!("credential_process = {}", lines.credential_process);
    let mut text: Vec<String> = old.lines().map(str::to_owned).collect();
    let Some(start) = text.iter().position(|line| is_heading(line, name)) else {
        let region = lines.region.map(|region| format!("region = {region}"));
        let section: Vec<String> = std::iter::once(heading).chain(region).chain([process]).collect();
        let changes = section.iter().map(|line| format!("+{line}")).collect();
        if text.last().is_some_and(|line| !line.trim().is_empty()) {
            text.push(String::new());
        }
        text.extend(section);
        return (text.join(ending) + ending, changes);
    };
    let end = text[start + 1..]
        .iter()
        .position(|line| line.trim_start().starts_with('['))
        .map_or(text.len(), |n| start + 1 + n);
    let find = |key: &str| (start + 1..end).find(|at| key_of(&text[*at]) == Some(key));
    let (at_process, at_region) = (find("credential_process"), find("region"));
    let mut changes = Vec::new();
    match at_process {
        Some(at) if text[at].split_once('=').is_some_and(|(_, value)| value.trim() == lines.credential_process) => {}
        Some(at) => {
            changes.extend([format!("-{}", text[at]), format!("+{process}")]);
            text[at] = process;
        }
        None => {
            changes.push(format!("+{process}"));
            text.insert(start + 1, process);
        }
    }
    if let (None, Some(region)) = (at_region, lines.region) {
        changes.insert(0, format!("+region = {region}"));
        text.insert(start + 1, format!("region = {region}"));
    }
    if !changes.is_empty() {
        changes.insert(0, format!(" {}", text[start]));
    }
    (text.join(ending) + ending, changes)
}

fn is_heading(line: &str, name: &str) -> bool {
    let Some(heading) = line.trim().strip_prefix('[').and_then(|rest| rest.split(']').next()) else { return false };
    let words: Vec<&str> = heading.split_whitespace().collect();
    words == ["profile", name] || (name == "default" && words == ["default"])
}

/// The key of a line of the section itself: what is indented belongs to the key above it.
fn key_of(line: &str) -> Option<&str> {
    if line.starts_with([' ', '\t', '#', ';']) {
        return None;
    }
    line.split_once('=').map(|(key, _)| key.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: Lines<'static> = Lines { credential_process: "/bin/fedcred get dev", region: Some("eu-west-1") };

    #[test]
    fn a_section_is_added_at_the_end_or_changed_where_it_is() {
        let process = "credential_process = /bin/fedcred get dev\n";
        let table = [
            ("", format!("[profile dev]\nregion = eu-west-1\n{process}"), 3),
            (
                "# mine\n[default]\nregion = a",
                format!("# mine\n[default]\nregion = a\n\n[profile dev]\nregion = eu-west-1\n{process}"),
                3,
            ),
            (
                "[profile dev]\n# why\noutput = json\n\n[profile other]\nregion = b\n",
                format!(
                    "[profile dev]\nregion = eu-west-1\n{process}# why\noutput = json\n\n[profile other]\nregion = b\n"
                ),
                3,
            ),
            (
                "[profile dev]\nregion = mine\ncredential_process = old tool\ns3 =\n  region = x\n",
                format!("[profile dev]\nregion = mine\n{process}s3 =\n  region = x\n"),
                3,
            ),
        ];
        for (old, expected, changes) in table {
            let (new, diff) = edited(old, "dev", LINES);
            assert_eq!((new.as_str(), diff.len()), (expected.as_str(), changes), "{diff:#?}");
            assert_eq!(edited(&new, "dev", LINES), (new.clone(), vec![]), "a second time nothing changes");
        }
        assert!(edited("", "default", LINES).0.starts_with("[default]\n"));
    }

    #[test]
    fn lines_keep_their_ends() {
        let (new, _) = edited("[profile dev]\r\noutput = json\r\n", "dev", LINES);
        assert!(new.lines().count() == 4 && new.matches("\r\n").count() == 4, "{new:?}");
    }

    #[cfg(unix)]
    #[test]
    fn what_was_there_is_kept_beside_it_and_so_are_permissions_and_links() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let home = tempfile::tempdir().unwrap();
        let (real, link) = (home.path().join("dotfiles"), home.path().join("config"));
        fs::write(&real, "# mine\n").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
        symlink(&real, &link).unwrap();
        let env = Env::fixed([("AWS_CONFIG_FILE", &link)]);
        let edit = Edit::of(&env, "dev", LINES).unwrap();
        assert!(edit.diff().starts_with("+[profile dev]\n"), "{}", edit.diff());
        let backup = edit.write().unwrap().unwrap();
        assert_eq!(fs::read_to_string(backup).unwrap(), "# mine\n");
        assert!(link.is_symlink() && fs::read_to_string(&real).unwrap().starts_with("# mine\n\n[profile dev]\n"));
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o644);
        assert!(Edit::of(&env, "dev", LINES).unwrap().is_empty());
    }
}
