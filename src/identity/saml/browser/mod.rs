//! `auth = "browser"`: an installed browser opens `idp_url`, the person logs in there, and the POST of the SAML response to AWS's
//! sign-in is intercepted before it leaves the machine. Serves `browser`, `browser_headless`, `username`.
//!
//! The browser has a separate profile for each login identity, so that remembered devices and the IdP's session last. While that
//! session is valid, a browser without a window is enough: `login` tries it first, and other commands do if `browser_headless`
//! allows it. After it failed, none is started until a person has logged in ([`Step::Person`]), since each start may ring
//! somebody's phone.

mod devtools;
mod program;

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use url::form_urlencoded;

use self::devtools::{DevTools, Event, Paused};
use super::authn_request;
use super::exchange::Assertion;
use super::response::{self, Response, is_aws_sign_in};
use crate::arn::Partition;
use crate::config::profile::{AuthnRequest, BrowserLogin, Saml};
use crate::error::{Code, Error, Result, Step, printable};
use crate::http::shown;
use crate::identity::LoginState;
use crate::identity::Run;
use crate::process::env::Env;
use crate::secret::Secret;
use crate::time::Deadline;

/// A page on which nothing happens for this long waits for a person.
const STILL: Duration = Duration::from_secs(4);
/// Limit of the try without a window, before a window is shown.
const FIRST_TRY: Duration = Duration::from_secs(20);
/// Time for the browser to save its state and exit.
const LEAVING: Duration = Duration::from_secs(5);

/// Returns the assertion that the browser would have sent to AWS.
pub fn log_in(login: &BrowserLogin, saml: &Saml, run: Run<'_>) -> Result<Assertion> {
    let state = run.state.ok_or_else(|| {
        Error::new(Code::CacheWrite, "there is no directory for the profile of a browser")
            .hint("make the cache directory writable, or set FEDCRED_CACHE_DIR or XDG_RUNTIME_DIR to one that is")
    })?;
    let dir = state.directory()?;
    let attempt = |is_headless, deadline: &Deadline| {
        let browser = program::start(login, &saml.http, &dir, is_headless, run.env)?;
        Visit { tools: DevTools::new(browser), saml, state, is_headless, deadline, pages: Vec::new() }.log_in()
    };
    let is_known = dir.join("Default").exists();
    match run.person {
        None => {
            check_unattended(login, is_known, saml)?;
            attempt(true, run.deadline)
        }
        Some(person) => {
            let first = is_known.then(|| attempt(true, &Deadline::after(FIRST_TRY.min(run.deadline.remaining()))));
            match first {
                Some(Ok(assertion)) => Ok(assertion),
                Some(Err(error)) if error.code == Code::BrowserMissing => Err(error),
                first => {
                    if let Some(Err(why)) = first {
                        tracing::info!(%why, "the login without a browser window failed");
                    }
                    check_display(run.env)?;
                    prepare(&dir)?;
                    person.tell("The login continues in the window of a browser.\n");
                    attempt(false, run.deadline)
                }
            }
        }
    }
}

/// Without a person, only the session of an earlier login is used.
fn check_unattended(login: &BrowserLogin, is_usable: bool, saml: &Saml) -> Result<()> {
    let needed = |why: &str| {
        let at = saml.idp_url.origin().ascii_serialization();
        Error::new(Code::BrowserLoginNeeded, format!("the login at {at} needs a person at a browser"))
            .because(why)
            .at(Step::Local)
    };
    if !login.is_headless_allowed {
        return Err(needed(
            "only `login` opens one; `saml.browser_headless = true` lets other commands use its session, too",
        ));
    }
    if !is_usable {
        return Err(needed("the session of the last login has ended, or there was none"));
    }
    Ok(())
}

/// Disables the password manager and autofill of a new profile, which would store secrets.
fn prepare(dir: &Path) -> Result<()> {
    let preferences = dir.join("Default").join("Preferences");
    if preferences.exists() {
        return Ok(());
    }
    let settings = json!({
        "credentials_enable_service": false,
        "profile": { "password_manager_enabled": false },
        "autofill": { "profile_enabled": false, "credit_card_enabled": false },
    });
    fs::create_dir_all(dir.join("Default")).and_then(|()| fs::write(&preferences, settings.to_string())).map_err(
        |why| Error::new(Code::CacheWrite, format!("cannot write {}", preferences.display())).because(why.to_string()),
    )
}

fn check_display(env: &Env) -> Result<()> {
    let has_display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env.text(name).is_some_and(|v| !v.is_empty()));
    if has_display || !cfg!(target_os = "linux") {
        return Ok(());
    }
    Err(Error::new(Code::PromptNeeded, "there is no display to show a browser on")
        .at(Step::Local)
        .because("neither $DISPLAY nor $WAYLAND_DISPLAY is set")
        .hint("log in on a machine with a display, or by ssh -X"))
}

struct Visit<'a> {
    tools: DevTools,
    saml: &'a Saml,
    state: &'a dyn LoginState,
    is_headless: bool,
    deadline: &'a Deadline,
    /// The DevTools sessions of the open pages.
    pages: Vec<String>,
}

impl Visit<'_> {
    fn log_in(mut self) -> Result<Assertion> {
        let outcome = self.begin().and_then(|()| self.until_taken());
        if outcome.is_ok()
            && let Err(why) = self.keep_session()
        {
            tracing::info!(%why, "the browser's session is not stored");
        }
        self.tools.close(&Deadline::after(LEAVING));
        outcome
    }

    fn begin(&mut self) -> Result<()> {
        let hosts = Partition::ALL.into_iter().map(Partition::sign_in_domain);
        let patterns: Vec<Value> = hosts.map(|host| json!({ "urlPattern": format!("https://*{host}/*") })).collect();
        // For the whole browser, with all windows and frames.
        self.call(None, "Fetch.enable", &json!({ "patterns": patterns })).map_err(|error| match error.code {
            Code::BrowserFailed => error.hint(
                "start the browser by hand to see why; where it runs as root, a script named in `saml.browser` can add \
                 --no-sandbox",
            ),
            _ => error,
        })?;
        let attach = json!({ "autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true });
        self.call(None, "Target.setAutoAttach", &attach)?;
        self.restore_session();
        while self.pages.is_empty() {
            match self.tools.event(self.deadline.remaining())? {
                Some(event) => self.count_pages(&event),
                None => return Err(self.deadline.error("waiting for the browser's window")),
            }
        }
        let page = self.pages[0].clone();
        self.call(Some(&page), "Page.enable", &json!({}))?;
        if self.is_headless {
            self.look_like_a_window(&page)?;
        }
        let first = match self.saml.authn_request {
            AuthnRequest::None => self.saml.idp_url.to_url(),
            // A browser opens an address. An IdP with the POST binding has the redirect binding as well.
            AuthnRequest::Redirect | AuthnRequest::Post => authn_request::redirect(self.saml)?,
        };
        let went = self.call(Some(&page), "Page.navigate", &json!({ "url": first.as_str() }))?;
        match went["errorText"].as_str() {
            None | Some("net::ERR_ABORTED") => Ok(()),
            Some(why) => {
                Err(Error::new(Code::Connect, format!("the browser cannot open {}", shown(&self.saml.idp_url)))
                    .because(printable(why, 100))
                    .hint("the browser itself has to trust a certificate; it does not use `saml.ca_bundle`"))
            }
        }
    }

    /// An IdP may take a browser without a window for another device.
    fn look_like_a_window(&mut self, page: &str) -> Result<()> {
        let version = self.call(None, "Browser.getVersion", &json!({}))?;
        let name = version["userAgent"].as_str().unwrap_or_default().replace("HeadlessChrome", "Chrome");
        let name = self.saml.http.user_agent.clone().unwrap_or(name);
        self.call(Some(page), "Network.setUserAgentOverride", &json!({ "userAgent": name })).map(drop)
    }

    /// Waits for the POST to AWS.
    fn until_taken(&mut self) -> Result<Assertion> {
        let mut still = Deadline::after(STILL);
        loop {
            let patience = self.deadline.remaining();
            let patience = if self.is_headless { patience.min(still.remaining()) } else { patience };
            let Some(event) = self.tools.event(patience)? else {
                return Err(match self.deadline.has_passed() {
                    true => self.deadline.error("waiting for a login in the browser"),
                    false => self.needs_a_person(),
                });
            };
            match event.method.as_str() {
                "Fetch.requestPaused" => {
                    if let Some(assertion) = self.paused(&event.params.request_id, event.params.request)? {
                        return Ok(assertion);
                    }
                }
                method => {
                    if method.starts_with("Page.") {
                        still = Deadline::after(STILL);
                    }
                    self.count_pages(&event);
                    if self.pages.is_empty() {
                        return Err(Error::new(
                            Code::LoginAbandoned,
                            "the browser's window was closed before the login was done",
                        )
                        .at(Step::Local));
                    }
                }
            }
        }
    }

    /// Intercepts a SAML response; any other request goes on to AWS.
    fn paused(&mut self, id: &str, request: Paused) -> Result<Option<Assertion>> {
        let body = Secret::new(request.post_data);
        let is_response = |(name, _): &(_, _)| name == "SAMLResponse";
        let field = form_urlencoded::parse(body.expose().as_bytes()).find(is_response);
        let Some((_, encoded)) = field.filter(|_| request.method == "POST" && is_aws_sign_in(&request.url)) else {
            self.tools.tell(None, "Fetch.continueRequest", &json!({ "requestId": id }));
            return Ok(None);
        };
        let encoded = Secret::new(encoded.into_owned());
        self.tools.tell(None, "Fetch.failRequest", &json!({ "requestId": id, "errorReason": "Aborted" }));
        let response = Response::decode(&encoded)?;
        Ok(Some(Assertion { encoded: response::canonical(encoded), response, idp_time: None }))
    }

    fn needs_a_person(&mut self) -> Error {
        let look = json!({ "expression": "JSON.stringify([document.title, location.origin])", "returnByValue": true });
        let page = self.pages.first().cloned();
        let seen =
            self.tools.call(page.as_deref(), "Runtime.evaluate", &look, &Deadline::after(Duration::from_secs(1)));
        let text = seen.ok().and_then(|seen| Some(seen["result"]["value"].as_str()?.to_owned()));
        let seen: Option<[String; 2]> = text.and_then(|text| serde_json::from_str(&text).ok());
        let error = Error::new(Code::BrowserLoginNeeded, "the IdP requires a person at the browser").at(Step::Person);
        match seen {
            Some([title, origin]) if !title.is_empty() => error.because(format!(
                "a page of {} waits for input: {:?}",
                printable(&origin, 80),
                printable(&title, 80)
            )),
            _ => error.because("a page waits for input"),
        }
    }

    fn count_pages(&mut self, event: &Event) {
        let session = &event.params.session_id;
        match event.method.as_str() {
            "Target.attachedToTarget" if event.params.target_info.kind == "page" => {
                self.tools.tell(Some(session), "Page.enable", &json!({}));
                self.pages.push(session.clone());
            }
            "Target.detachedFromTarget" => self.pages.retain(|page| page != session),
            _ => {}
        }
    }

    /// Stores the session cookies, which a browser drops when it exits: the session of most IdPs is one.
    fn keep_session(&mut self) -> Result<()> {
        let mut all = self.call(None, "Storage.getCookies", &json!({}))?;
        let Some(cookies) = all["cookies"].as_array_mut() else { return Ok(()) };
        cookies.retain(|cookie| cookie["session"] == true);
        // Only the fields that `Storage.setCookies` takes.
        let fields = ["name", "value", "domain", "path", "secure", "httpOnly", "sameSite"];
        for cookie in cookies.iter_mut().filter_map(Value::as_object_mut) {
            cookie.retain(|name, value| fields.contains(&name.as_str()) && !value.is_null());
        }
        let text = serde_json::to_string(cookies).map_err(|why| Error::new(Code::Bug, why.to_string()))?;
        self.state.store(&Secret::new(text));
        Ok(())
    }

    fn restore_session(&mut self) {
        let Some(stored) = self.state.load() else { return };
        let Ok(cookies) = serde_json::from_str::<Value>(stored.expose()) else { return };
        // Waits for the result: otherwise the first request would be sent without them.
        if let Err(why) = self.call(None, "Storage.setCookies", &json!({ "cookies": cookies })) {
            tracing::info!(%why, "the session of the last login is not restored");
        }
    }

    fn call(&mut self, page: Option<&str>, method: &str, params: &Value) -> Result<Value> {
        self.tools.call(page, method, params, self.deadline)
    }
}
