//! The kinds of pages, and what each means for a login. `classify` decides of which kind a page is.

use std::fmt;

use serde::{Serialize, Serializer};

use super::product::Product;
use crate::error::printable;

/// A page in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// `None` if no mark of a known product is on the page.
    pub product: Option<Product>,
    pub kind: PageKind,
    /// The page's error message, else its heading: printable, at most 300 characters.
    pub says: Option<String>,
    /// Whether anything on the page names a second factor, whatever its kind.
    pub names_second_factor: bool,
    /// The error code of AD FS: `MSIS7012`.
    pub msis: Option<String>,
}

/// What a page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    SamlResponse,
    WsFederation,
    /// A password, usually with a user name.
    Login,
    /// The user name alone; the password follows on another page.
    UserName,
    /// A one-time code, or PIN and token.
    Code,
    /// A push, a call, a choice of factors, a security key: nothing to type.
    SecondFactor,
    Captcha,
    /// Consent or terms of use.
    Consent,
    NewPassword,
    Registration,
    AccountChoice,
    /// A choice of the organisation that the user belongs to.
    HomeRealm,
    /// "Stay signed in?", "Trust this device?"
    StaySignedIn,
    Error,
    /// The IdP's page of links for a user who is logged in.
    Portal,
    /// Submits a form by itself, with nothing to fill in.
    PassesOn,
    /// Empty until a script builds it.
    ByScript,
    Other,
}

/// What a login does with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Carries a message to another server.
    Message,
    /// Asks for user name or password.
    Login,
    /// Only a person can go on from it.
    Person,
    /// Asks a question without a secret.
    Choice,
    /// Asks for nothing.
    Information,
    /// Nothing is known of it without a script.
    ByScript,
}

impl PageKind {
    /// The stable name in JSON, the name for people, and the role.
    fn facts(self) -> (&'static str, &'static str, Role) {
        match self {
            PageKind::SamlResponse => ("saml-response", "a page with a SAML response", Role::Message),
            PageKind::WsFederation => {
                ("ws-federation", "a page with an answer in WS-Federation, not in SAML", Role::Message)
            }
            PageKind::Login => ("login", "a login page", Role::Login),
            PageKind::UserName => ("user-name", "a login page that asks for the user name first", Role::Login),
            PageKind::Code => ("code", "a page that asks for a one-time code", Role::Person),
            PageKind::SecondFactor => ("second-factor", "a page that asks for a second factor", Role::Person),
            PageKind::Captcha => ("captcha", "a page with a captcha", Role::Person),
            PageKind::Consent => ("consent", "a page that asks for consent", Role::Person),
            PageKind::NewPassword => ("new-password", "a page that requires a new password", Role::Person),
            PageKind::Registration => ("registration", "a registration page", Role::Person),
            PageKind::AccountChoice => ("account-choice", "a page with a choice of accounts", Role::Choice),
            PageKind::HomeRealm => {
                ("home-realm", "a page with a choice of organisations (home realm discovery)", Role::Choice)
            }
            PageKind::StaySignedIn => ("stay-signed-in", "a page that asks whether to stay signed in", Role::Choice),
            PageKind::Error => ("error", "an error page", Role::Information),
            PageKind::Portal => ("portal", "a portal page for a user who is logged in", Role::Information),
            PageKind::PassesOn => ("passes-on", "a page that submits itself", Role::Message),
            PageKind::ByScript => ("by-script", "a page that only a browser's script can build", Role::ByScript),
            PageKind::Other => ("other", "a page", Role::Information),
        }
    }

    pub fn id(self) -> &'static str {
        self.facts().0
    }

    pub fn role(self) -> Role {
        self.facts().2
    }

    /// Whether the user has to fill in or choose something.
    pub fn asks(self) -> bool {
        match self.role() {
            Role::Login | Role::Person | Role::Choice => true,
            Role::Message | Role::Information | Role::ByScript => false,
        }
    }
}

impl fmt::Display for Summary {
    /// `is a login page of SimpleSAMLphp`, `looks like an error page of Keycloak`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, what, _) = self.kind.facts();
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

/// The page's title, printable.
pub fn title(page: &super::Page) -> Option<String> {
    page.title.as_deref().map(|title| printable(title, 80)).filter(|title| !title.is_empty())
}
