//! Opens a page in the person's browser, by the desktop's own program.

use std::process::{Command, Stdio};

use url::Url;

use crate::process::env::Env;

/// Whether a browser was started; `false`: the person has to be shown the address.
///
/// Without a desktop nothing is started: `xdg-open` would put a text browser onto the terminal.
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
