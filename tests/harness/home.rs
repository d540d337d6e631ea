//! A home directory for one test: its files, and commands that see nothing else of this machine.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use tempfile::TempDir;

use super::leaks::Needles;
use super::run::Run;

const SYSTEM_PATH: &str = if cfg!(windows) { r"C:\Windows\System32" } else { "/usr/bin:/bin" };

pub struct Home {
    dir: TempDir,
    runs: Mutex<Vec<Run>>,
}

impl Home {
    pub fn new() -> Home {
        Home { dir: tempfile::tempdir().expect("a home"), runs: Mutex::default() }
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file that only the user can read.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file has a directory")).expect("a directory at home");
        fs::write(&path, content).expect("a file at home");
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a file of ours");
        path
    }

    /// Writes a file with secrets that the test provides: the search for leaks ignores it.
    pub fn given(&self, name: &str, content: &str) -> PathBuf {
        self.write(&format!("given/{name}"), content)
    }

    /// Every file.
    pub fn files(&self) -> Vec<PathBuf> {
        files_below(self.dir())
    }

    /// A program that has only the environment of this home.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.dir()).env("HOME", self.dir());
        command.env("TMPDIR", self.dir()).env("PATH", SYSTEM_PATH).env("LANG", "C.UTF-8");
        // The variables that name its places there; without `SystemRoot` no socket opens.
        #[cfg(windows)]
        for (name, below) in [("USERPROFILE", ""), ("APPDATA", ".config"), ("LOCALAPPDATA", ".cache"), ("TEMP", "")] {
            command.env(name, self.path(below)).env("SystemRoot", r"C:\Windows");
        }
        command
    }

    /// Adds the output of a run to the search for leaks.
    pub fn record(&self, run: &Run) {
        self.runs.lock().expect("no test panics here").push(run.clone());
    }

    /// Panics if one of these secrets is in a file, or on stderr of a recorded run; on its stdout as well, unless the
    /// command prints it on purpose.
    pub fn check_for_leaks(&self, secrets: &Needles, may_be_printed: bool) {
        for (number, run) in (1..).zip(self.runs.lock().expect("no test panics here").iter()) {
            secrets.absent_from(&format!("stderr of run {number}"), run.stderr.as_bytes());
            if !may_be_printed {
                secrets.absent_from(&format!("stdout of run {number}"), run.stdout.as_bytes());
            }
        }
        let given = self.path("given");
        secrets.absent_from_files(self.files().iter().filter(|path| !path.starts_with(&given)));
    }
}

/// Every file below a directory.
pub fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory that can be read");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
