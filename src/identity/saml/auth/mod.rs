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
use self::form::FormAuth;
use self::spnego::SpnegoAuth;
use super::extract::Page;
use crate::config::profile::{Auth, Ecp, Saml};
use crate::error::{Code, Error, Result};
use crate::http::client::Response;
use crate::http::shown;
use crate::identity::Run;
use crate::secret::Secret;
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
    pub fields: Vec<(String, Secret)>,
    /// A password or code is among them: they go out once.
    pub has_secret: bool,
    /// What is counted as sent, and remembered if it is refused.
    pub spends: Option<Secret>,
}

impl Filled {
    pub fn without_secret(fields: Vec<(String, Secret)>) -> Self {
        Filled { fields, has_secret: false, spends: None }
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
    pub fn authorize(&mut self) -> Option<Secret> {
        match self {
            Method::Authorization(method) => Some(method.value()),
            Method::None | Method::Form(_) | Method::Spnego(_) => None,
        }
    }

    /// Whether what [`Method::authorize`] gives holds a password.
    pub fn is_password_in_header(&self) -> bool {
        match self {
            Method::Authorization(_) => true,
            Method::None | Method::Form(_) | Method::Spnego(_) => false,
        }
    }

    /// `Authorization` for the same request once more, after a 401 from an allowed origin. `None`: read the 401 as a page.
    pub fn answer_challenge(&mut self, answer: &Response, run: Run<'_>) -> Result<Option<Secret>> {
        match self {
            Method::None => Err(not_asked(answer)),
            Method::Authorization(method) => Err(method.rejected(answer)),
            Method::Form(_) if answer.body.is_empty() => Err(not_asked(answer)),
            Method::Form(_) => Ok(None),
            Method::Spnego(method) => method.answer_challenge(answer, run).map(Some),
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
        Method::Spnego(_) => error
            .because("the IdP did not take Kerberos, or offers it only to browsers it knows by their User-Agent")
            .hint("set `saml.user_agent` to one that the IdP's administrator allows, or `saml.auth = \"form\"`"),
        Method::None | Method::Authorization(_) | Method::Form(_) => {
            error.hint("set `saml.auth = \"form\"` with `username` and `password`")
        }
    }
}

fn not_asked(answer: &Response) -> Error {
    let offered = |scheme: &str| {
        answer.www_authenticate.iter().any(|h| h.split([' ', ',']).any(|word| word.eq_ignore_ascii_case(scheme)))
    };
    let error = Error::new(Code::LoginPage, format!("the IdP at {} wants a login (HTTP 401)", shown(&answer.url)));
    if offered("negotiate") {
        error.hint("it offers Kerberos: set `saml.auth = \"spnego\"`")
    } else if offered("basic") {
        error.hint("it offers Basic: set `saml.auth = \"basic\"` with `username` and `password`")
    } else if offered("bearer") {
        error.hint("it wants a bearer token: set `saml.auth = \"bearer\"` with `token`")
    } else {
        error.hint("choose the `saml.auth` that this IdP wants")
    }
}
