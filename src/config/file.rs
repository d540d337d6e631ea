//! Opens a configuration file once, and checks owner and mode of the descriptor that is read.

use std::path::{Path, PathBuf};

use super::locations::Locations;
use super::tree::Table;
use crate::error::{Code, Error, Result, printable};
use crate::file::fault::Fault;
use crate::file::{self, kind};

/// A configuration file that exists.
#[derive(Clone)]
pub struct Found {
    pub path: PathBuf,
    /// The path for people, `~/.config/fedcred/config.toml`.
    pub shown: String,
    /// The machine's file, not the user's.
    pub is_machine: bool,
}

/// An open configuration file.
pub struct Opened {
    pub found: Found,
    pub content: file::Opened,
}

impl Opened {
    /// Reads the whole file.
    pub fn parse(&self) -> Result<Table> {
        let text = self.content.text().map_err(|fault| error(&fault, &self.found.shown))?;
        Table::parse(&text, &self.found.shown)
    }
}

/// Opens the files that exist, the user's before the machine's.
pub fn open(locations: &Locations) -> Result<Vec<Opened>> {
    let mut opened = Vec::new();
    let machine = locations.machine.as_ref().filter(|path| Some(*path) != locations.user.as_ref());
    let places = locations.user.iter().map(|path| (path, false)).chain(machine.map(|path| (path, true)));
    for (path, is_machine) in places {
        let shown = printable(&locations.shown(path), 300);
        match (if_there(file::open(path, &kind::CONFIGURATION), &shown)?, locations.named_by) {
            (Some(content), _) => {
                file::directory::check(path).map_err(|fault| {
                    fault
                        .error(Code::ConfigUnreadable)
                        .because("a person who can write to it can send logins elsewhere")
                })?;
                opened.push(Opened { found: Found { path: path.clone(), shown, is_machine }, content });
            }
            (None, Some(named_by)) if !is_machine => {
                let error = Error::new(Code::ConfigUnreadable, format!("there is no file {shown}"))
                    .because(format!("{named_by} names it"));
                return Err(match path.starts_with("~") {
                    true => error.hint("the shell did not expand ~ there: write $HOME, or the whole path"),
                    false => error,
                });
            }
            (None, _) => (),
        }
    }
    Ok(opened)
}

/// Returns the file's text. `None` if there is no such file. `shown` is its name in an error.
pub fn read(path: &Path, shown: &str) -> Result<Option<String>> {
    if_there(file::text(path, &kind::CONFIGURATION), shown)
}

fn if_there<T>(found: std::result::Result<T, Fault>, shown: &str) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(fault) if fault.is_absent() => Ok(None),
        Err(fault) => Err(error(&fault, shown)),
    }
}

fn error(fault: &Fault, shown: &str) -> Error {
    let error = fault.error_of(shown, Code::ConfigUnreadable);
    match fault.is_insecure() {
        true => error.because("a person who can write to it can send logins elsewhere"),
        false => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_is_not_an_error_here() {
        let home = tempfile::tempdir().unwrap();
        assert!(read(&home.path().join("config.toml"), "f").unwrap().is_none());
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config.toml");
        std::fs::write(&path, b"a = \"\xff\"").unwrap();
        assert_eq!(read(&path, "f").unwrap_err().causes, ["it is not UTF-8 text"]);
        std::fs::write(&path, vec![b'#'; kind::CONFIGURATION.max as usize + 1]).unwrap();
        assert_eq!(read(&path, "f").unwrap_err().causes, ["it is larger than 1 MiB, and no such file is"]);
        assert_eq!(read(home.path(), "f").unwrap_err().code, Code::ConfigUnreadable);
    }

    #[cfg(unix)]
    #[test]
    fn what_others_can_write_is_refused_even_behind_a_link() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let home = tempfile::tempdir().unwrap();
        let (path, link) = (home.path().join("the file"), home.path().join("link"));
        std::fs::write(&path, "").unwrap();
        symlink(&path, &link).unwrap();
        for (mode, trusted) in [(0o600, true), (0o644, true), (0o664, false), (0o646, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(&link, "f").is_ok(), trusted, "{mode:o}");
        }
        let error = read(&path, "f").unwrap_err();
        assert_eq!(error.code, Code::InsecurePermissions);
        assert_eq!(error.hint.unwrap(), format!("chmod go-w '{}'", path.display()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_is_refused_without_waiting_for_its_writer() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        assert_eq!(read(&path, "f").unwrap_err().causes, ["it is a named pipe, and only a regular file is taken"]);
    }
}
