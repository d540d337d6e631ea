//! How the IdP comes to know who asks: one file a method.
//!
//! A method is asked at four moments: when a request goes out, when a challenge (401) comes, when any other answer comes,
//! and when a page comes. It answers with what to send; the conversation sends it.

pub mod authorization;
mod choice;
pub mod form;
mod otp;
pub mod spnego;

use url::Url;

use self::authorization::Authorization;
use self::form::{FormAuth, Value};
use self::spnego::SpnegoAuth;
use super::extract::Page;
use crate::attempt::{Attempt, Carried};
use crate::config::profile::{Auth, Ecp, Saml};
use crate::error::{Code, Error, Result};
use crate::http::challenge::challenges;
use crate::http::client::Response;
use crate::http::shown;
use crate::identity::Run;
use crate::time::Deadline;

/// `auth =` of a profile, with what it has learnt in this login.
pub enum Method<'a> {
    None,
    Authorization(Authorization),
    Form(FormAuth<'a>),
    Spnego(SpnegoAuth),
}

/// A form, filled in.
pub struct Filled {
    pub fields: Vec<(String, Value)>,
}

impl Filled {
    /// Whether a password or code is among the fields.
    pub fn has_secret(&self) -> bool {
        self.fields.iter().any(|(_, value)| matches!(value, Value::Counted(_)))
    }
}

impl<'a> Method<'a> {
    pub fn new(saml: &Saml, run: Run<'a>) -> Result<Self> {
        Ok(match &saml.auth {
            Auth::None | Auth::Okta(_) => Method::None,
            Auth::Basic { username, password } => Method::Authorization(Authorization::basic(username, password, run)?),
            Auth::Bearer { token } => Method::Authorization(Authorization::bearer(token, run)?),
            Auth::Form(login) => Method::Form(FormAuth::new(login.clone(), run)),
            Auth::Ecp(Ecp::Basic { username, password }) => {
                Method::Authorization(Authorization::basic(username, password, run)?)
            }
            Auth::Spnego(settings) | Auth::Ecp(Ecp::Kerberos(settings)) => {
                Method::Spnego(SpnegoAuth::new(settings.clone(), saml.http.verify))
            }
            Auth::Browser(_) | Auth::Command(_) => {
                return Err(Error::new(Code::Bug, "this login has no conversation of ours"));
            }
        })
    }

    /// `Authorization` for a request that answers no challenge.
    pub fn authorize(&mut self) -> Option<Carried> {
        match self {
            Method::Authorization(method) => Some(method.value()),
            Method::None | Method::Form(_) | Method::Spnego(_) => None,
        }
    }

    /// A form of this method's was sent, with these attempts in it.
    pub fn sent(&mut self, attempts: &[Attempt]) {
        match self {
            Method::Form(method) => method.sent(attempts),
            Method::None | Method::Authorization(_) | Method::Spnego(_) => {}
        }
    }

    /// `Authorization` for the same request once more, after a 401 from an allowed origin. `None`: read the 401 as a page.
    pub fn answer_challenge(&mut self, answer: &Response, run: Run<'_>) -> Result<Option<Carried>> {
        match self {
            Method::None => Err(not_asked(answer)),
            Method::Authorization(method) => Err(method.challenged(answer)),
            Method::Form(_) if answer.body.is_empty() => Err(not_asked(answer)),
            Method::Form(_) => Ok(None),
            Method::Spnego(method) => method.answer_challenge(answer, run).map(|token| Some(Carried::plain(token))),
        }
    }

    /// Looks at every answer that is no challenge: a server that was asked to prove itself must have done so.
    pub fn check_answer(&mut self, answer: &Response, deadline: &Deadline) -> Result<()> {
        match self {
            Method::Spnego(method) => method.check_answer(answer, deadline),
            Method::None | Method::Authorization(_) | Method::Form(_) => Ok(()),
        }
    }

    /// Forgets a token that was sent with a request which now goes out again: a server takes each only once.
    pub fn restart(&mut self) {
        match self {
            Method::Spnego(method) => method.restart(),
            Method::None | Method::Authorization(_) | Method::Form(_) => {}
        }
    }

    /// The form on this page that logs in, as its place among the page's forms, filled in. `None`: no login form is on it.
    pub fn fill(&mut self, page: &Page, url: &Url) -> Result<Option<(usize, Filled)>> {
        match self {
            Method::Form(method) => method.fill(page, url),
            Method::None | Method::Authorization(_) | Method::Spnego(_) => match form::login_form(page) {
                None => Ok(None),
                Some(_) => Err(login_page(self, page, url)),
            },
        }
    }
}

fn login_page(method: &Method<'_>, page: &Page, url: &Url) -> Error {
    let error = Error::new(Code::LoginPage, format!("a login page came from {}", shown(url)));
    let error = match form::title(page) {
        Some(title) => error.because(format!("its title is {title:?}")),
        None => error,
    };
    match method {
        Method::Spnego(method) => method.login_page(error),
        Method::None | Method::Authorization(_) | Method::Form(_) => {
            error.hint("set `saml.auth = \"form\"` with `username` and `password`")
        }
    }
}

fn not_asked(answer: &Response) -> Error {
    let offers = challenges(answer.www_authenticate.iter().map(String::as_str));
    let offered = |scheme: &str| offers.iter().any(|offer| offer.is(scheme));
    let error = Error::new(Code::LoginPage, format!("the IdP at {} wants a login (HTTP 401)", shown(&answer.url)));
    if offered("Negotiate") {
        error.hint("it offers Kerberos: set `saml.auth = \"spnego\"`")
    } else if offered("Basic") {
        error.hint("it offers Basic: set `saml.auth = \"basic\"` with `username` and `password`")
    } else if offered("Bearer") {
        error.hint("it wants a bearer token: set `saml.auth = \"bearer\"` with `token`")
    } else {
        error.hint("choose the `saml.auth` that this IdP wants")
    }
}
