//! Finds and starts an installed browser, with a profile of fedcred: without the user's history and extensions. Serves
//! `browser`.

use std::io::ErrorKind;
use std::path::Path;

use crate::config::profile::{BrowserLogin, IdpHttp};
use crate::error::{Code, Error, Result};
use crate::process::browser::Browser;

/// The names or paths of browsers, the most frequent first.
const PROGRAMS: &[&str] = if cfg!(target_os = "macos") {
    &[
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ]
} else {
    &[
        "google-chrome",
        "google-chrome-stable",
        "chromium",
        "chromium-browser",
        "microsoft-edge",
        "microsoft-edge-stable",
    ]
};

/// The hint that names packages with a browser.
const PACKAGES: &str = "install one: the package chromium (Debian, Fedora, Arch), chromium-browser (Ubuntu), google-chrome-stable or \
     microsoft-edge-stable (their makers' repositories); or name yours: `saml.browser = \"/path/to/browser\"`";

/// Starts the browser with the profile in `dir`.
///
/// Errors: [`Code::BrowserMissing`], [`Code::BrowserFailed`].
pub fn start(login: &BrowserLogin, http: &IdpHttp, dir: &Path, is_headless: bool) -> Result<Browser> {
    let arguments = arguments(http, dir, is_headless);
    let named = login.program.as_deref().map(|program| [program]);
    for program in named.as_ref().map_or(PROGRAMS, |one| one) {
        match Browser::start(program, &arguments) {
            Ok(browser) => {
                tracing::info!(program, is_headless, "the browser is started");
                return Ok(browser);
            }
            Err(why) if why.kind() == ErrorKind::NotFound && login.program.is_none() => {}
            Err(why) if why.kind() == ErrorKind::NotFound => {
                return Err(Error::new(Code::BrowserMissing, format!("there is no browser {program}"))
                    .hint("correct `saml.browser`, or leave it out to have one found"));
            }
            Err(why) => {
                return Err(Error::new(Code::BrowserFailed, format!("the browser {program} cannot be started"))
                    .because(why.to_string())
                    .hint("try it by hand, or name another one: `saml.browser = \"/path/to/browser\"`"));
            }
        }
    }
    Err(Error::new(Code::BrowserMissing, "no browser was found that fedcred can control")
        .because(format!("looked for: {}", PROGRAMS.join(", ")))
        .hint(PACKAGES))
}

fn arguments(http: &IdpHttp, dir: &Path, is_headless: bool) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--remote-debugging-pipe",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-sync",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-breakpad",
        "--disable-crash-reporter",
        "--hide-crash-restore-bubble",
        // Pages with assertions must not be cached on disk.
        "--disk-cache-dir=/dev/null",
        // The encryption of cookies must not depend on a desktop: cron has no keyring.
        "--password-store=basic",
        "--use-mock-keychain",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(format!("--user-data-dir={}", dir.display()));
    arguments.extend(http.proxy.as_ref().map(|proxy| format!("--proxy-server={proxy}")));
    arguments.extend(is_headless.then(|| "--headless=new".to_owned()));
    arguments.push("about:blank".to_owned());
    arguments
}
