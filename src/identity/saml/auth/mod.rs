//! How the IdP authenticates the user: one file for each method.
//!
//! A method is asked at four moments: before a request is sent, when a challenge (401) comes, when any other answer comes, and
//! when a page comes. It returns what to send; the conversation sends it.

pub mod authorization;
mod button;
mod choice;
pub mod filled;
pub mod form;
mod named;
mod otp;
pub mod spnego;

use url::Url;

use self::authorization::Authorization;
use self::filled::Filled;
use self::form::FormAuth;
use self::spnego::SpnegoAuth;
use super::diagnosis;
use super::extract::{Page, PageKind};
use crate::attempt::{Attempt, Carried};
use crate::config::profile::{Auth, Ecp, Saml};
use crate::error::{Code, Error, Result};
use crate::http::challenge::{Challenge, challenges, in_words};
use crate::http::client::Response;
use crate::http::shown;
use crate::identity::Run;
use crate::time::Deadline;

/// `auth =` of a profile, with what this login has learnt so far.
pub enum Method<'a> {
    None,
    Authorization(Authorization),
    Form(Box<FormAuth<'a>>),
    Spnego(SpnegoAuth),
}

impl<'a> Method<'a> {
    pub fn new(saml: &Saml, run: Run<'a>) -> Result<Self> {
        Ok(match &saml.auth {
            Auth::None | Auth::Okta(_) => Method::None,
            Auth::Basic { username, password } | Auth::Ecp(Ecp::Basic { username, password }) => {
                Method::Authorization(Authorization::basic(username, password, run)?)
            }
            Auth::Bearer { token } => Method::Authorization(Authorization::bearer(token, run)?),
            Auth::Form(login) => Method::Form(Box::new(FormAuth::new(login.clone(), run))),
            Auth::Spnego(settings) | Auth::Ecp(Ecp::Kerberos(settings)) => {
                Method::Spnego(SpnegoAuth::new(settings.clone(), saml.http.verify))
            }
            Auth::Browser(_) | Auth::Command(_) => {
                return Err(Error::new(Code::Bug, "this login has no conversation of ours"));
            }
        })
    }

    fn authorization(&self) -> Option<&Authorization> {
        if let Method::Authorization(method) = self { Some(method) } else { None }
    }

    /// `Authorization` for a request that answers no challenge.
    pub fn authorize(&self) -> Option<Carried> {
        self.authorization().map(Authorization::value)
    }

    /// Whether its header holds a password, which each server that sees it may count as a try.
    pub fn is_shown_once(&self) -> bool {
        self.authorization().is_some_and(Authorization::is_password)
    }

    /// Whether a 401 offers the scheme of its header.
    pub fn is_asked_for(&self, answer: &Response) -> bool {
        self.authorization().is_some_and(|method| method.is_offered(answer))
    }

    /// Notes that a form of this method was sent, with these attempts in it.
    pub fn sent(&mut self, attempts: &[Attempt]) {
        if let Method::Form(method) = self {
            method.sent(attempts);
        }
    }

    pub fn fills_forms(&self) -> bool {
        matches!(self, Method::Form(_))
    }

    /// Returns `Authorization` for the same request, after a 401 from an allowed origin. `None` if the 401 has to be read as a
    /// page.
    pub fn answer_challenge(&mut self, answer: &Response, run: Run<'_>) -> Result<Option<Carried>> {
        match self {
            Method::None => Err(not_asked(answer)),
            Method::Authorization(method) => Err(method.challenged(answer)),
            // A login form may come with this status.
            Method::Form(_) => Ok(None),
            Method::Spnego(method) => method.answer_challenge(answer, run).map(|token| Some(Carried::plain(token))),
        }
    }

    /// Checks every answer that is no challenge: a server that has to prove itself must have done so.
    pub fn check_answer(&mut self, answer: &Response, deadline: &Deadline) -> Result<()> {
        if let Method::Spnego(method) = self { method.check_answer(answer, deadline) } else { Ok(()) }
    }

    /// Drops the Kerberos token of a request that is sent again: a server takes each token only once.
    pub fn restart(&mut self) {
        if let Method::Spnego(method) = self {
            method.restart();
        }
    }

    /// Returns the form on this page that logs in, filled in. `None` if there is none.
    ///
    /// Errors: a page that needs a login of another kind, or a person.
    pub fn fill(&mut self, page: &Page, url: &Url) -> Result<Option<Filled>> {
        match self {
            Method::Form(method) => method.fill(page, url),
            Method::None | Method::Authorization(_) | Method::Spnego(_) => match page.summary.kind {
                PageKind::Login | PageKind::UserName => Err(self.login_page(page, url)),
                _ => diagnosis::for_a_person(page, url).map_or(Ok(None), Err),
            },
        }
    }

    fn login_page(&self, page: &Page, url: &Url) -> Error {
        let error = Error::new(Code::LoginPage, format!("{} answered with a login page", shown(url)));
        let error = diagnosis::told(error, page);
        match self {
            Method::Spnego(method) => method.login_page(error),
            Method::None | Method::Authorization(_) | Method::Form(_) => {
                error.hint("set `saml.auth = \"form\"` with `username` and `password`")
            }
        }
    }
}

/// The schemes that an answer offers.
fn offered(answer: &Response) -> Vec<Challenge<'_>> {
    challenges(answer.www_authenticate.iter().map(String::as_str))
}

const NTLM: &str = "ask the IdP's administrator for Kerberos (Negotiate) or a login form; or set `saml.auth = \"browser\"`, whose \
     browser may do NTLM";

/// The error of a 401 that wants another login than the configured one.
pub fn not_asked(answer: &Response) -> Error {
    let offers = offered(answer);
    let is_offered = |scheme: &str| offers.iter().any(|offer| offer.is(scheme));
    let error = Error::new(Code::LoginPage, format!("the IdP at {} requires a login (HTTP 401)", shown(&answer.url)));
    match () {
        () if is_offered("Negotiate") => error.hint("it offers Kerberos: set `saml.auth = \"spnego\"`"),
        () if is_offered("Basic") => {
            error.hint("it offers Basic: set `saml.auth = \"basic\"` with `username` and `password`")
        }
        () if is_offered("Bearer") => {
            error.hint("it requires a bearer token: set `saml.auth = \"bearer\"` with `token`")
        }
        () if is_offered("NTLM") => error.because("it offers only NTLM, which fedcred does not support").hint(NTLM),
        () if !offers.is_empty() => error
            .because(format!("it offers {}, which fedcred does not support", in_words(&offers)))
            .hint("set `saml.auth = \"browser\"`, or ask the IdP's administrator for a login form or Kerberos"),
        () => error.hint("set `saml.auth` to the method that this IdP requires"),
    }
}
