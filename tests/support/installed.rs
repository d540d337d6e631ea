//! Both programs as a package installs them: the small one on PATH, the complete one behind it.

use std::fs;
use std::path::{Path, PathBuf};

const PROGRAM: &str = if cfg!(windows) { "fedcred.exe" } else { "fedcred" };

pub struct Installed(tempfile::TempDir);

impl Installed {
    pub fn new() -> Installed {
        let installed = Installed(tempfile::tempdir().expect("a directory"));
        fs::create_dir_all(installed.0.path().join("bin")).expect("a directory");
        // A link would be followed to where cargo built it, and another one be found beside that.
        copy_program(Path::new(env!("CARGO_BIN_EXE_fedcred-front")), &installed.small());
        installed.with_complete(Path::new(env!("CARGO_BIN_EXE_fedcred")));
        installed
    }

    pub fn small(&self) -> PathBuf {
        self.0.path().join("bin").join(PROGRAM)
    }

    #[allow(dead_code, reason = "some of the tests alone ask for it")]
    pub fn complete(&self) -> PathBuf {
        self.0.path().join("libexec/fedcred").join(PROGRAM)
    }

    /// Puts another program behind it.
    pub fn with_complete(&self, program: &Path) {
        self.without_complete();
        let directory = self.0.path().join("libexec/fedcred");
        fs::create_dir_all(&directory).expect("a directory");
        #[cfg(unix)]
        std::os::unix::fs::symlink(program, directory.join(PROGRAM)).expect("a link");
        #[cfg(windows)]
        fs::hard_link(program, directory.join(PROGRAM))
            .or_else(|_| fs::copy(program, directory.join(PROGRAM)).map(drop))
            .expect("a copy");
    }

    pub fn without_complete(&self) {
        // Nothing is there at first.
        let _ = fs::remove_dir_all(self.0.path().join("libexec"));
    }
}

/// Copies a program, in a process of its own: a program cannot be started while another test's child, between its fork and its
/// exec, has the descriptor that it is written with.
#[cfg(unix)]
pub fn copy_program(from: &Path, to: &Path) {
    let status = std::process::Command::new("cp").arg(from).arg(to).status().expect("cp");
    assert!(status.success(), "cp: {status}");
}

/// Copies a program. Descriptors are not inherited there unless they are meant to be.
#[cfg(windows)]
pub fn copy_program(from: &Path, to: &Path) {
    fs::copy(from, to).expect("a copy");
}
