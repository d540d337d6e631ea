//! The proxy of a request: which one is used, and why it made no connection.
//!
//! reqwest reports of a failed CONNECT only that it failed. The proxy is then sent a second CONNECT, without the password, which
//! it was sent once: its answer has the status and the schemes that it offers.
//!
//! The outcome of each proxy's password is kept until the process ends. A password that was refused is not sent again, and one
//! without a verdict not before the next login; `acquire` settles its attempts by this.

mod said;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use reqwest::header::{self, HeaderMap};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use self::said::{Said, answer};
use super::challenge::{challenges, in_words};
use super::fault;
use crate::address::ProxyUrl;
use crate::attempt::Shown;
use crate::error::{Code, Error, Result};
use crate::host_name::is_loopback;
use crate::process::env::Env;
use crate::quote::shell::command;
use crate::secret::Secret;

/// Limit of the second CONNECT.
const PATIENCE: Duration = Duration::from_secs(3);

/// A proxy from a setting.
#[derive(Clone, Debug)]
pub struct Chosen {
    pub url: ProxyUrl,
    pub setting: &'static str,
}

/// The proxy for one request.
pub struct Proxy {
    intercept: Intercept,
    /// The setting with its address and password.
    setting: &'static str,
}

/// Why a proxy made no connection.
pub struct Refusal {
    pub error: Error,
    /// What this says about its password.
    pub shown: Shown,
    /// Whether the same request may be sent again, and may succeed a moment later.
    pub may_repeat: bool,
}

/// The outcome of a password at one proxy.
struct Fate {
    proxy: String,
    password: Secret,
    shown: Shown,
    error: Option<Error>,
}

impl Fate {
    fn is_of(&self, proxy: &Proxy, password: &Secret) -> bool {
        self.proxy == proxy.address() && self.password.expose() == password.expose()
    }
}

static FATES: Mutex<Vec<Fate>> = Mutex::new(Vec::new());

impl Proxy {
    /// Returns the proxy for `url`: the chosen one, else the system's (`HTTPS_PROXY`, `NO_PROXY`). `None` for this machine.
    pub fn of(url: &Url, chosen: Option<&Chosen>) -> Option<Self> {
        if is_loopback(url) {
            return None;
        }
        let target: http::Uri = url.as_str().parse().ok()?;
        let (matcher, setting) = match chosen {
            Some(Chosen { url, setting }) => (Matcher::builder().all(url.as_str()).build(), *setting),
            None if url.scheme() == "http" => (Matcher::from_system(), "HTTP_PROXY"),
            None => (Matcher::from_system(), "HTTPS_PROXY"),
        };
        Some(Proxy { intercept: matcher.intercept(&target)?, setting })
    }

    /// Returns every proxy that requests may use: those of the environment, and the chosen one. Ignores `NO_PROXY`.
    ///
    /// Errors: [`Code::InvalidValue`] for a variable whose user name or password ends the host before it begins.
    pub fn all(env: &Env, chosen: Option<&Chosen>) -> Result<Vec<Self>> {
        let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
        let variables = || names.iter().filter_map(|name| Some((env.text(name)?, *name)));
        if let Some((_, name)) = variables().find(|(url, _)| is_cut_short(url)) {
            let what =
                format!("the user name or password in ${name} has a `/`, `?` or `#`, which ends the proxy's host");
            return Err(Error::new(Code::InvalidValue, what).hint("write %2F for `/`, %3F for `?`, %23 for `#`"));
        }
        let chosen = chosen.map(|chosen| (chosen.url.as_str().to_owned(), chosen.setting));
        let anywhere = http::Uri::from_static("https://anywhere.invalid/");
        let proxy = |(url, setting): (String, &'static str)| {
            let intercept = Matcher::builder().all(url).build().intercept(&anywhere)?;
            Some(Proxy { intercept, setting })
        };
        Ok(variables().chain(chosen).filter_map(proxy).collect())
    }

    /// Returns its address, without user name and password.
    pub fn address(&self) -> String {
        let uri = self.intercept.uri();
        let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", uri.scheme_str().unwrap_or("http"), uri.host().unwrap_or_default())
    }

    /// Returns the setting that names it.
    pub fn setting(&self) -> &'static str {
        self.setting
    }

    /// Returns the user name and password that it is sent.
    pub fn password(&self) -> Option<Secret> {
        let basic = self.intercept.basic_auth().and_then(|value| value.to_str().ok()).map(str::to_owned);
        let socks = || self.intercept.raw_auth().map(|(user, password)| format!("{user}:{password}"));
        basic.or_else(socks).map(Secret::new)
    }

    fn has_password(&self) -> bool {
        self.password().is_some()
    }

    /// Returns the outcome of its password in this process.
    pub fn shown(&self) -> Shown {
        self.fate().map_or(Shown::NotSent, |fate| fate.shown)
    }

    /// Returns why its password must not be sent: it was refused in this process, or this login has sent it without a verdict or
    /// may not send it. `None` if it may be sent.
    pub fn kept_back(&self) -> Option<Error> {
        let fate = self.fate().filter(|fate| matches!(fate.shown, Shown::Refused | Shown::NoVerdict))?;
        Some(fate.error.unwrap_or_else(|| {
            let what = format!("the proxy {} did not say whether the password is right", self.address());
            Error::new(Code::Connect, what).because("a password is sent once in a login").hint("try again later")
        }))
    }

    /// Allows a new login to send its password once.
    pub fn allow(&self) {
        let Some(password) = self.password() else { return };
        let mut fates = FATES.lock().unwrap_or_else(PoisonError::into_inner);
        fates.retain(|fate| fate.shown != Shown::NoVerdict || !fate.is_of(self, &password));
    }

    /// Records the outcome of its password. A verdict is not replaced by an outcome without one.
    pub fn note(&self, shown: Shown, error: Option<&Error>) {
        let Some(password) = self.password() else { return };
        let mut fates = FATES.lock().unwrap_or_else(PoisonError::into_inner);
        let known = fates.iter_mut().find(|fate| fate.is_of(self, &password));
        let is_verdict = |shown| matches!(shown, Shown::Accepted | Shown::Refused);
        match known {
            Some(fate) if is_verdict(fate.shown) && !is_verdict(shown) => {}
            Some(fate) if fate.shown == Shown::NoVerdict && shown == Shown::NotSent => {}
            Some(fate) => (fate.shown, fate.error) = (shown, error.cloned()),
            None => fates.push(Fate { proxy: self.address(), password, shown, error: error.cloned() }),
        }
    }

    fn fate(&self) -> Option<Fate> {
        let password = self.password()?;
        let fates = FATES.lock().unwrap_or_else(PoisonError::into_inner);
        let fate = fates.iter().find(|fate| fate.is_of(self, &password))?;
        Some(Fate { proxy: String::new(), password, shown: fate.shown, error: fate.error.clone() })
    }

    /// Returns the outcome of the password for a failed request that is not the proxy's fault.
    pub fn shown_by(error: &reqwest::Error) -> Shown {
        let said = words(error);
        if said.contains("tunnel error: failed to create underlying connection") {
            Shown::NotSent
        } else if said.contains("tunnel error") || said.contains("socks") || error.is_timeout() {
            Shown::NoVerdict
        } else if error.is_connect() && !fault::is_of_tls(error) {
            Shown::NotSent
        } else {
            // The proxy made the connection to the server.
            Shown::Accepted
        }
    }

    /// Returns why this proxy made no connection to `target`, from the failed request and a second CONNECT. `None` if it is not
    /// known, or not the proxy's fault.
    pub async fn explain(&self, error: &reqwest::Error, target: &Url, tls: &ClientConfig) -> Option<Refusal> {
        let said = words(error);
        if said.contains("credentials not accepted") || said.contains("does not support user/pass") {
            return Some(self.refused(&[], "it answered so in SOCKS 5".to_owned()));
        }
        if said.contains("proxy authorization required") {
            let said = self.ask(target, false, tls).await.filter(Said::wants_a_login);
            return Some(self.login_wanted(&said.map(|said| said.schemes).unwrap_or_default()));
        }
        if !said.contains("tunnel error: unsuccessful") {
            return None;
        }
        let mut said = self.ask(target, false, tls).await;
        let is_proven = self.has_password() && said.as_ref().is_some_and(Said::wants_a_login);
        if is_proven && said.as_ref().is_some_and(|said| said.is_clean) {
            // Without the password it requires a login, so it has accepted the password, which may be sent again.
            said = self.ask(target, true, tls).await;
        }
        // A 407 that hyper could not read was none of the errors above.
        if let Some(said) = said.as_ref().filter(|said| said.wants_a_login()) {
            return Some(self.login_wanted(&said.schemes));
        }
        Some(self.not_through(said.map(|said| said.status), target, is_proven))
    }

    /// Returns the meaning of its answer with status 407 to a request for plain http.
    pub fn of_answer(&self, headers: &HeaderMap) -> Refusal {
        let values: Vec<&str> =
            headers.get_all(header::PROXY_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).collect();
        let schemes: Vec<String> = challenges(values).iter().map(|found| found.scheme.to_owned()).collect();
        self.login_wanted(&schemes)
    }

    fn login_wanted(&self, schemes: &[String]) -> Refusal {
        let found = challenges(schemes.iter().map(String::as_str));
        self.refused(
            &found.iter().map(|found| found.scheme).collect::<Vec<_>>(),
            match found.as_slice() {
                [] => "it answered HTTP 407".to_owned(),
                found => format!("it answered HTTP 407 and offers {}", in_words(found)),
            },
        )
    }

    fn refused(&self, schemes: &[&str], because: String) -> Refusal {
        // The setting of a profile holds no password.
        let setting = if self.setting == "saml.proxy" { "HTTPS_PROXY" } else { self.setting };
        let proxy = self.address();
        let is_offered = |scheme: &str| schemes.iter().any(|offered| offered.eq_ignore_ascii_case(scheme));
        let takes_passwords = schemes.is_empty() || is_offered("basic");
        let what = match (self.has_password(), takes_passwords) {
            (true, true) => format!("the proxy {proxy} refused the user name or password"),
            (true, false) => format!("the proxy {proxy} does not take a password by Basic"),
            (false, _) => format!("the proxy {proxy} requires a login"),
        };
        let hint = match (self.has_password(), takes_passwords) {
            (true, true) => {
                format!("correct user name and password in `{setting}`; a few more tries may lock the account")
            }
            (false, true) => format!("put them into its address: http://USER:PASSWORD@HOST:PORT in `{setting}`"),
            (_, false) => format!(
                "run px or cntlm on this machine, which log in to such proxies, and name it in `{setting}`: http://127.0.0.1:3128"
            ),
        };
        let error = Error::new(Code::ProxyAuthRequired, what).because(because).hint(hint);
        // RFC 9110 §11.6.1: a proxy that does not accept Basic has not checked the password.
        let shown = if takes_passwords { Shown::Refused } else { Shown::NoVerdict };
        Refusal { error, shown, may_repeat: false }
    }

    fn not_through(&self, status: Option<u16>, target: &Url, is_proven: bool) -> Refusal {
        let (proxy, setting) = (self.address(), self.setting);
        let host = target.host_str().unwrap_or_default();
        let because = match status {
            Some(status) => format!("it answered HTTP {status}"),
            None => "it refused, and did not say why".to_owned(),
        };
        let refused = matches!(status, Some(400..=428 | 430..=499));
        let error = if refused {
            Error::new(Code::ProxyRefused, format!("the proxy {proxy} refuses connections to {host}")).hint(format!(
                "ask the proxy's administrator to allow {host}; or bypass the proxy: {}; or set another \
                    `{setting}`",
                command([format!("NO_PROXY={host}")])
            ))
        } else {
            Error::new(Code::Connect, format!("the proxy {proxy} cannot reach {host}"))
                .hint(format!("try again later; check the proxy in `{setting}`, and whether it can reach {host}"))
        };
        let shown = if is_proven { Shown::Accepted } else { Shown::NoVerdict };
        Refusal { error: error.because(because), shown, may_repeat: !refused && (is_proven || !self.has_password()) }
    }

    /// Sends CONNECT for `target`, over TLS if it is an https proxy, and closes the connection. `None` if there is no answer, or it
    /// is a proxy of another kind.
    async fn ask(&self, target: &Url, with_password: bool, tls: &ClientConfig) -> Option<Said> {
        let uri = self.intercept.uri();
        let default_port = match uri.scheme_str() {
            Some("http") => 80,
            Some("https") => 443,
            Some(_) | None => return None,
        };
        let host = uri.host()?.trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(default_port);
        let at = format!("{}:{}", target.host_str()?, target.port_or_known_default()?);
        let login = self.intercept.basic_auth().filter(|_| with_password).and_then(|value| value.to_str().ok());
        let login = login.map(|value| format!("Proxy-Authorization: {value}\r\n")).unwrap_or_default();
        let question = zeroize::Zeroizing::new(format!("CONNECT {at} HTTP/1.1\r\nHost: {at}\r\n{login}\r\n"));
        let asking = async {
            let stream = TcpStream::connect((host.as_str(), port)).await.ok()?;
            if default_port == 80 {
                return answer(stream, question.as_bytes()).await;
            }
            let mut tls = tls.clone();
            tls.alpn_protocols = vec![b"http/1.1".to_vec()];
            let name = ServerName::try_from(host.clone()).ok()?;
            answer(TlsConnector::from(Arc::new(tls)).connect(name, stream).await.ok()?, question.as_bytes()).await
        };
        tokio::time::timeout(PATIENCE, asking).await.ok().flatten()
    }
}

/// Whether a `/`, `?` or `#` stands before the `@` of a login: the rest of the password would pass for a path.
fn is_cut_short(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find(['/', '?', '#']).is_some_and(|at| rest[at..].contains('@'))
}

/// The texts of an error's causes: the errors of tunnels in hyper-util and reqwest have no public type.
fn words(error: &reqwest::Error) -> String {
    fault::chain(error).map(|e| e.to_string()).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_ends_the_host_is_an_error_that_does_not_show_it() {
        let all = |url: &str| Proxy::all(&Env::fixed([("HTTPS_PROXY", url)]), None);
        for url in ["http://bob:Hunter/2@proxy:3128", "http://bob:Hunter#2@proxy", "bob:Hunter?2@proxy:3128"] {
            let error = all(url).err().unwrap();
            assert!(error.code == Code::InvalidValue && !format!("{error:?}").contains("Hunter"), "{error:?}");
        }
        for (url, shown) in [
            ("http://bob:Hunter%2F2@proxy:3128/", "http://proxy:3128"),
            ("http://[::1]:3128", "http://[::1]:3128"),
            ("proxy", "http://proxy"),
        ] {
            assert_eq!(all(url).unwrap()[0].address(), shown, "{url}");
        }
    }
}
