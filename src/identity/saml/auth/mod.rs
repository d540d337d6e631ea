//! How the IdP comes to know who asks: one file a method.
//!
//! A method is asked at four moments: when a request goes out, when a challenge (401) comes, when any other answer comes,
//! and when a page comes. It answers with what to send; the conversation sends it.

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
use super::ending;
use super::extract::{Page, PageKind};
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
    Form(Box<FormAuth<'a>>),
    Spnego(SpnegoAuth),
}

impl<'a> Method<'a> {
    pub fn new(saml: &Saml, run: Run<'a>) -> Result<Self> {
        Ok(match &saml.auth {
            Auth::None | Auth::Okta(_) => Method::None,
            Auth::Basic { username, password } => Method::Authorization(Authorization::basic(username, password, run)?),
            Auth::Bearer { token } => Method::Authorization(Authorization::bearer(token, run)?),
            Auth::Form(login) => Method::Form(Box::new(FormAuth::new(login.clone(), run))),
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

    /// Whether its header holds a password, which each server that sees it may count as a try.
    pub fn is_shown_once(&self) -> bool {
        match self {
            Method::Authorization(method) => method.is_password(),
            Method::None | Method::Form(_) | Method::Spnego(_) => false,
        }
    }

    /// Whether a 401 offers the scheme of its header.
    pub fn is_asked_for(&self, answer: &Response) -> bool {
        match self {
            Method::Authorization(method) => method.is_offered(answer),
            Method::None | Method::Form(_) | Method::Spnego(_) => false,
        }
    }

    /// A form of this method's was sent, with these attempts in it.
    pub fn sent(&mut self, attempts: &[Attempt]) {
        match self {
            Method::Form(method) => method.sent(attempts),
            Method::None | Method::Authorization(_) | Method::Spnego(_) => {}
        }
    }

    /// Whether it fills in forms.
    pub fn reads_forms(&self) -> bool {
        match self {
            Method::Form(_) => true,
            Method::None | Method::Authorization(_) | Method::Spnego(_) => false,
        }
    }

    /// `Authorization` for the same request once more, after a 401 from an allowed origin. `None`: read the 401 as a page.
    pub fn answer_challenge(&mut self, answer: &Response, run: Run<'_>) -> Result<Option<Carried>> {
        match self {
            Method::None => Err(not_asked(answer)),
            Method::Authorization(method) => Err(method.challenged(answer)),
            // The login form may come with this status, too.
            Method::Form(_) => Ok(None),
            Method::Spnego(method) => method.answer_challenge(answer, run).map(|token| Some(Carried::plain(token))),
        }
    }

    /// Looks at every answer that is not a challenge: a server that was asked to prove itself must have done so.
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

    /// The form on this page that logs in, filled in. `None`: there is none.
    ///
    /// Errors: a page that wants a login of another kind, or a person.
    pub fn fill(&mut self, page: &Page, url: &Url) -> Result<Option<Filled>> {
        match self {
            Method::Form(method) => method.fill(page, url),
            Method::None | Method::Authorization(_) | Method::Spnego(_) => match page.summary.kind {
                PageKind::Login | PageKind::UserName => Err(login_page(self, page, url)),
                _ => ending::for_a_person(page, url).map_or(Ok(None), Err),
            },
        }
    }
}

fn login_page(method: &Method<'_>, page: &Page, url: &Url) -> Error {
    let error = Error::new(Code::LoginPage, format!("{} answered with a login page", shown(url)));
    let error = ending::told(error, page);
    match method {
        Method::Spnego(method) => method.login_page(error),
        Method::None | Method::Authorization(_) | Method::Form(_) => {
            error.hint("set `saml.auth = \"form\"` with `username` and `password`")
        }
    }
}

/// The error of a 401 that wants another login than the one that is set.
pub fn not_asked(answer: &Response) -> Error {
    let offers = challenges(answer.www_authenticate.iter().map(String::as_str));
    let offered = |scheme: &str| offers.iter().any(|offer| offer.is(scheme));
    let error = Error::new(Code::LoginPage, format!("the IdP at {} wants a login (HTTP 401)", shown(&answer.url)));
    if offered("Negotiate") {
        error.hint("it offers Kerberos: set `saml.auth = \"spnego\"`")
    } else if offered("Basic") {
        error.hint("it offers Basic: set `saml.auth = \"basic\"` with `username` and `password`")
    } else if offered("Bearer") {
        error.hint("it wants a bearer token: set `saml.auth = \"bearer\"` with `token`")
    } else if offered("NTLM") {
        error.because("it offers NTLM alone, which fedcred does not do").hint(
            "ask the IdP's administrator for Kerberos (Negotiate) or a login form; or set `saml.auth = \"browser\"`, whose browser may do NTLM",
        )
    } else {
        error.hint("choose the `saml.auth` that this IdP wants")
    }
}
