//! Opens a page in the default browser, with the program of the desktop.

use std::process::{Command, Stdio};

use url::Url;

use crate::process::env::Env;

/// Returns whether a browser was started. If not, the person has to be shown the address.
///
/// Without a desktop nothing is started: `xdg-open` would start a text browser on the terminal.
pub fn open(url: &Url, env: &Env) -> bool {
    let has_desktop = cfg!(not(unix))
        || cfg!(target_os = "macos")
        || env.os("DISPLAY").is_some()
        || env.os("WAYLAND_DISPLAY").is_some();
    if !has_desktop || !matches!(url.scheme(), "http" | "https" | "file") {
        return false;
    }
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(arguments).arg(url.as_str());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok()
}
