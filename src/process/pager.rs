//! Shows a manual page, or another long text, in the pager that the person has chosen.

use std::io::Write;
use std::process::{Command, Stdio};

/// Has `man` show this page (by `$MANPAGER`, `$PAGER`, or its own choice). Returns whether it did.
pub fn man(page: &str) -> bool {
    shown_by(Command::new("man").args(["-l", "-"]).stderr(Stdio::null()), page)
}

/// Has the pager show this text: `chosen`, a command of the shell as `$PAGER` is one (POSIX, `man`), else less. Returns whether it
/// did.
#[cfg(unix)]
pub fn page(text: &str, chosen: Option<&str>) -> bool {
    match chosen {
        Some(command) => shown_by(Command::new("/bin/sh").args(["-c", command]), text),
        // Quits at once if the text fits the screen, and leaves it there.
        None => shown_by(Command::new("less").args(["-FRX"]), text),
    }
}

#[cfg(not(unix))]
pub fn page(_: &str, _: Option<&str>) -> bool {
    false
}

fn shown_by(pager: &mut Command, text: &str) -> bool {
    let Ok(mut child) = pager.stdin(Stdio::piped()).spawn() else { return false };
    // A write fails if the user leaves the pager early.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(text.as_bytes()));
    child.wait().is_ok_and(|status| status.success())
}
