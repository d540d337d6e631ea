//! Reports tests that this machine cannot run.

use std::io::Write;

/// Reports that something was not tested; the test runner does not capture the message. `tests/run` collects it from
/// the file that `FEDCRED_LEFT_OUT` names, and with `--all` fails.
pub fn say(what: &str, why: &str) {
    let line = format!("{what}: {why}\n");
    let _ = write!(std::io::stderr(), "not tried: {line}");
    if let Some(file) = std::env::var_os("FEDCRED_LEFT_OUT") {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(file);
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("tests/run collects it");
    }
}

/// Whether this process is root's; if not, reports what is left out.
#[cfg(unix)]
pub fn is_root_for(what: &str) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        say(what, "only root can act as another user");
    }
    is_root
}
