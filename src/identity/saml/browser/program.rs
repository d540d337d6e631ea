//! Finds and starts an installed browser, with a profile of fedcred: without the user's history and extensions. Serves
//! `browser`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::config::profile::{BrowserLogin, IdpHttp};
use crate::error::{Code, Error, Result};
use crate::process::browser::Browser;
use crate::process::env::Env;

/// The names of browsers, the most frequent first; on Windows and macOS their paths below one of [`roots`].
const PROGRAMS: &[&str] = if cfg!(windows) {
    &[
        r"Google\Chrome\Application\chrome.exe",
        r"Chromium\Application\chrome.exe",
        r"Microsoft\Edge\Application\msedge.exe",
    ]
} else if cfg!(target_os = "macos") {
    &[
        "Google Chrome.app/Contents/MacOS/Google Chrome",
        "Chromium.app/Contents/MacOS/Chromium",
        "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
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

/// The variables of Windows that say where installers put programs: for everybody, for everybody in 32 bits, for one user.
const OF_WINDOWS: [&str; 3] = ["ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA"];

/// The value for which Chromium makes no cache on disk.
const NO_DIRECTORY: &str = if cfg!(windows) { "nul" } else { "/dev/null" };

/// The hint that names packages with a browser.
const PACKAGES: &str = if cfg!(any(windows, target_os = "macos")) {
    "install Google Chrome or Microsoft Edge; or name yours: `saml.browser = \"/path/to/browser\"`"
} else {
    "install one: the package chromium (Debian, Fedora, Arch), chromium-browser (Ubuntu), google-chrome-stable or \
     microsoft-edge-stable (their makers' repositories); or name yours: `saml.browser = \"/path/to/browser\"`"
};

/// Starts the browser with the profile in `dir`.
///
/// Errors: [`Code::BrowserMissing`], [`Code::BrowserFailed`].
pub fn start(login: &BrowserLogin, http: &IdpHttp, dir: &Path, is_headless: bool, env: &Env) -> Result<Browser> {
    let arguments = arguments(http, dir, is_headless);
    let programs = login.program.clone().map_or_else(|| programs(env), |program| vec![program]);
    for program in &programs {
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
        .because(format!("looked for: {}", programs.join(", ")))
        .hint(PACKAGES))
}

/// The folders of programs: on macOS that of everybody and that of one user, who may have no right to the other.
fn roots(env: &Env) -> Vec<PathBuf> {
    if cfg!(windows) {
        OF_WINDOWS.iter().filter_map(|name| env.path(name)).collect()
    } else {
        let of_user = env.home().map(|home| home.join("Applications"));
        std::iter::once(PathBuf::from("/Applications")).chain(of_user).collect()
    }
}

fn programs(env: &Env) -> Vec<String> {
    if cfg!(not(any(windows, target_os = "macos"))) {
        return PROGRAMS.iter().copied().map(str::to_owned).collect();
    }
    let roots = roots(env);
    let below = |program: &&str| roots.iter().map(|root| root.join(program).display().to_string()).collect::<Vec<_>>();
    PROGRAMS.iter().flat_map(below).collect()
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
        // The encryption of cookies must not depend on a desktop: cron has no keyring.
        "--password-store=basic",
        "--use-mock-keychain",
    ]
    .map(str::to_owned)
    .to_vec();
    // Pages with assertions must not be cached on disk.
    arguments.push(format!("--disk-cache-dir={NO_DIRECTORY}"));
    arguments.push(format!("--user-data-dir={}", dir.display()));
    arguments.extend(http.proxy.as_ref().map(|proxy| format!("--proxy-server={proxy}")));
    arguments.extend(is_headless.then(|| "--headless=new".to_owned()));
    arguments.push("about:blank".to_owned());
    arguments
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    #[test]
    fn each_browser_is_looked_for_where_its_installers_put_it() {
        let env =
            Env::fixed([("ProgramFiles", r"C:\Program Files"), ("LOCALAPPDATA", r"C:\Users\alice\AppData\Local")]);
        let all = programs(&env);
        assert_eq!(all.len(), 6, "{all:?}");
        assert_eq!(all[0], r"C:\Program Files\Google\Chrome\Application\chrome.exe");
        assert_eq!(all[5], r"C:\Users\alice\AppData\Local\Microsoft\Edge\Application\msedge.exe");
    }
}
