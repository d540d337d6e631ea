//! The kinds of pages, and what each means for a login. Which one a page is of, `facts` decides.

use std::fmt;

use serde::{Serialize, Serializer};

use super::product::Product;
use crate::error::printable;

/// A page in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// `None`: nothing on it tells.
    pub product: Option<Product>,
    pub kind: PageKind,
    /// What it tells a person about an error, else its heading; fit for a terminal, at most 300 characters.
    pub says: Option<String>,
    /// Something on it names a second factor, whatever it is for.
    pub names_second_factor: bool,
    /// The code of AD FS for what went wrong, `MSIS7012`.
    pub msis: Option<String>,
}

/// What a page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    SamlResponse,
    /// The answer of another protocol.
    WsFederation,
    /// Asks for a password, and mostly for a name.
    Login,
    /// Asks for the user's name; the password comes later.
    UserName,
    /// Asks for a one-time code, or PIN and token.
    Code,
    /// A push, a call, a choice of factors, a security key: nothing that could be typed.
    SecondFactor,
    /// Has a person prove that they are one.
    Captcha,
    /// Consent, terms of use.
    Consent,
    NewPassword,
    Registration,
    AccountChoice,
    /// A choice of the organisation whose users log in.
    HomeRealm,
    /// "Stay signed in?", "Trust this device?"
    StaySignedIn,
    Error,
    /// Logged in, at a page of links and not at AWS.
    Portal,
    /// Sends itself on, with nothing to fill in.
    PassesOn,
    /// A script would build the page; without one it is empty.
    ByScript,
    Other,
}

impl PageKind {
    /// The stable name in JSON.
    pub fn id(self) -> &'static str {
        match self {
            PageKind::SamlResponse => "saml-response",
            PageKind::WsFederation => "ws-federation",
            PageKind::Login => "login",
            PageKind::UserName => "user-name",
            PageKind::Code => "code",
            PageKind::SecondFactor => "second-factor",
            PageKind::Captcha => "captcha",
            PageKind::Consent => "consent",
            PageKind::NewPassword => "new-password",
            PageKind::Registration => "registration",
            PageKind::AccountChoice => "account-choice",
            PageKind::HomeRealm => "home-realm",
            PageKind::StaySignedIn => "stay-signed-in",
            PageKind::Error => "error",
            PageKind::Portal => "portal",
            PageKind::PassesOn => "passes-on",
            PageKind::ByScript => "by-script",
            PageKind::Other => "other",
        }
    }

    pub fn in_words(self) -> &'static str {
        match self {
            PageKind::SamlResponse => "a page with a SAML response",
            PageKind::WsFederation => "a page with an answer in WS-Federation, not in SAML",
            PageKind::Login => "a login page",
            PageKind::UserName => "a login page that first asks for the user's name alone",
            PageKind::Code => "a page that asks for a one-time code",
            PageKind::SecondFactor => "a page that asks for a second factor",
            PageKind::Captcha => "a page with a captcha",
            PageKind::Consent => "a page that asks for consent",
            PageKind::NewPassword => "a page that wants a new password",
            PageKind::Registration => "a page to register at",
            PageKind::AccountChoice => "a page to choose an account on",
            PageKind::HomeRealm => "a page to choose one's organisation on (home realm discovery)",
            PageKind::StaySignedIn => "a page that asks whether to stay signed in",
            PageKind::Error => "an error page",
            PageKind::Portal => "a portal, of somebody who is logged in",
            PageKind::PassesOn => "a page that sends itself on",
            PageKind::ByScript => "a page that only a browser's script can build",
            PageKind::Other => "a page",
        }
    }

    /// Something is to be filled in or chosen by who logs in.
    pub fn asks(self) -> bool {
        match self {
            PageKind::Login
            | PageKind::UserName
            | PageKind::Code
            | PageKind::SecondFactor
            | PageKind::Captcha
            | PageKind::Consent
            | PageKind::NewPassword
            | PageKind::Registration
            | PageKind::AccountChoice
            | PageKind::HomeRealm
            | PageKind::StaySignedIn => true,
            PageKind::SamlResponse
            | PageKind::WsFederation
            | PageKind::Error
            | PageKind::Portal
            | PageKind::PassesOn
            | PageKind::ByScript
            | PageKind::Other => false,
        }
    }

    /// Only a right password leads to it, unless the identity provider hides whether it was.
    pub fn needs_a_person(self) -> bool {
        match self {
            PageKind::Code
            | PageKind::SecondFactor
            | PageKind::Captcha
            | PageKind::Consent
            | PageKind::NewPassword
            | PageKind::Registration => true,
            PageKind::SamlResponse
            | PageKind::WsFederation
            | PageKind::Login
            | PageKind::UserName
            | PageKind::AccountChoice
            | PageKind::HomeRealm
            | PageKind::StaySignedIn
            | PageKind::Error
            | PageKind::Portal
            | PageKind::PassesOn
            | PageKind::ByScript
            | PageKind::Other => false,
        }
    }
}

impl fmt::Display for Summary {
    /// `is a login page of SimpleSAMLphp`, `looks like an error page of Keycloak`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.kind.in_words();
        match self.product {
            Some(product) if product.is_proven() => write!(f, "is {what} of {}", product.name()),
            Some(product) => write!(f, "looks like {what} of {}", product.name()),
            None => write!(f, "looks like {what}"),
        }
    }
}

impl Serialize for PageKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// The page's title, fit for a message.
pub fn title(page: &super::Page) -> Option<String> {
    page.title.as_deref().map(|title| printable(title, 80)).filter(|title| !title.is_empty())
}
