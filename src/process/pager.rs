//! Shows a manual page in the terminal's own pager.

use std::io::Write;
use std::process::{Command, Stdio};

/// Has `man` show this page, in the pager that the person has chosen for it. Returns whether it did.
pub fn man(page: &str) -> bool {
    let child = Command::new("man").args(["-l", "-"]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = child else { return false };
    // Who leaves the pager early has seen enough.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(page.as_bytes()));
    child.wait().is_ok_and(|status| status.success())
}
