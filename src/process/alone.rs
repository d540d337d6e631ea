//! A test in a process of its own: a panic hook is a whole process's, and the harness waits for the one that it has set itself.

use std::path::Path;
use std::process::Command;

/// Set in that process.
const ALONE: &str = "FEDCRED_TEST_ALONE";

/// Whether this is the process of its own.
pub fn is_here() -> bool {
    std::env::var_os(ALONE).is_some()
}

/// The test of this name alone. `tests`: the tests' program, or a second name for it.
pub fn command(tests: &Path, name: &str) -> Command {
    let mut command = Command::new(tests);
    command.args(["--exact", name, "--nocapture"]).env(ALONE, "1");
    command
}
