//! What a page looks like to a person: whose it is, what it is for, and what it says went wrong.
//!
//! It decides nothing about a login; it is told where one ends on a page that it cannot go on from.

use std::fmt;

use serde::{Serialize, Serializer};

use super::Form;
use super::product::{Mark, Product};
use super::purpose::passes_on;
use super::tree::{ROOT, Tree};
use crate::error::printable;

/// What a page looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looks {
    /// `None`: nothing on it tells.
    pub product: Option<Product>,
    pub kind: Kind,
    /// What it tells a person about an error, else its heading; fit for a terminal, at most 300 characters.
    pub says: Option<String>,
}

/// What a page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    SamlResponse,
    /// The answer of another protocol.
    WsFederation,
    /// Asks for a password, and mostly for a name.
    Login,
    /// Asks for the user's name; the password comes later.
    UserName,
    SecondFactor,
    Consent,
    NewPassword,
    Error,
    /// Sends itself on, with nothing to fill in.
    PassesOn,
    /// A script would build the page; without one it is empty.
    ByScript,
    Other,
}

impl Kind {
    /// The stable name in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Kind::SamlResponse => "saml-response",
            Kind::WsFederation => "ws-federation",
            Kind::Login => "login",
            Kind::UserName => "user-name",
            Kind::SecondFactor => "second-factor",
            Kind::Consent => "consent",
            Kind::NewPassword => "new-password",
            Kind::Error => "error",
            Kind::PassesOn => "passes-on",
            Kind::ByScript => "by-script",
            Kind::Other => "other",
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Kind::SamlResponse => "a page with a SAML response",
            Kind::WsFederation => "a page with an answer in WS-Federation, not in SAML",
            Kind::Login => "a login page",
            Kind::UserName => "a login page that first asks for the user's name alone",
            Kind::SecondFactor => "a page that asks for a second factor",
            Kind::Consent => "a page that asks for consent",
            Kind::NewPassword => "a page that wants a new password",
            Kind::Error => "an error page",
            Kind::PassesOn => "a page that sends itself on",
            Kind::ByScript => "a page that only a browser's script can build",
            Kind::Other => "a page",
        }
    }
}

impl fmt::Display for Looks {
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

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// What else is known of the page.
pub(super) struct Known<'a> {
    pub forms: &'a [Form],
    pub title: Option<&'a str>,
    pub has_saml_response: bool,
    pub has_submit_script: bool,
}

pub(super) fn of(tree: &Tree, known: &Known<'_>) -> Looks {
    let product = Product::of_page(tree);
    let kind = kind(tree, known, product);
    Looks { product, kind, says: says(tree, kind) }
}

fn kind(tree: &Tree, known: &Known<'_>, product: Option<Product>) -> Kind {
    let inputs = || known.forms.iter().flat_map(|form| &form.inputs);
    let has = |marks: &[Mark]| marks.iter().any(|mark| mark.is_on(tree));
    let is_field = |name: &str| inputs().any(|input| input.name.as_deref() == Some(name));
    let passwords = |form: &Form| form.inputs.iter().filter(|input| input.takes_password()).count();
    let asks_who = |form: &Form| form.inputs.iter().any(|input| input.takes_text() && input.asks_for_user());
    if known.has_saml_response || is_field("SAMLResponse") {
        Kind::SamlResponse
    } else if is_field("wresult") {
        Kind::WsFederation
    } else if has(NEW_PASSWORD) || known.forms.iter().any(|form| passwords(form) > 1) {
        Kind::NewPassword
    } else if has(SECOND_FACTOR) {
        Kind::SecondFactor
    } else if known.forms.iter().any(|form| passwords(form) > 0) {
        Kind::Login
    } else if has(CONSENT) {
        Kind::Consent
    } else if has(ERROR) {
        Kind::Error
    } else if inputs().any(|input| input.asks_for_code()) {
        Kind::SecondFactor
    } else if known.forms.iter().any(asks_who) {
        Kind::UserName
    } else if passes_on(known.forms, known.has_submit_script).is_some() {
        Kind::PassesOn
    } else if known.title.is_some_and(is_about_an_error) {
        Kind::Error
    } else if known.forms.is_empty() && product.is_some_and(is_built_by_script) {
        Kind::ByScript
    } else {
        Kind::Other
    }
}

const NEW_PASSWORD: &[Mark] =
    &[Mark::Id("kc-passwd-update-form"), Mark::Id("updatePasswordForm"), Mark::PageId("ConvergedChangePassword")];

const SECOND_FACTOR: &[Mark] = &[
    Mark::Id("kc-otp-login-form"),
    // Keycloak's form for a security key.
    Mark::Id("webauth"),
    Mark::Id("duo_iframe"),
    Mark::Address("duosecurity.com"),
    Mark::Address("/pingid/ppm/"),
    Mark::PageId("ConvergedTFA"),
    Mark::Id("totpPin"),
];

const CONSENT: &[Mark] = &[
    Mark::Id("kc-oauth"),
    Mark::NamePrefix("_shib_idp_consent"),
    Mark::Id("consent_yes"),
    Mark::Address("/consent/getconsent"),
    Mark::PageId("ConvergedConsent"),
];

const ERROR: &[Mark] = &[
    Mark::Id("kc-error-message"),
    Mark::Id("errorArea"),
    Mark::Id("trackid"),
    Mark::Address("/errorreport"),
    Mark::PageId("ConvergedError"),
];

/// Where products put what they tell a person about an error.
const MESSAGES: &[Mark] = &[
    Mark::Id("kc-error-message"),
    Mark::Class("kc-feedback-text"),
    Mark::Id("input-error"),
    Mark::Id("errorText"),
    Mark::Id("errorMessage"),
    Mark::Class("form-error"),
    Mark::Class("output--error"),
    Mark::Class("ping-error"),
    Mark::Class("error"),
];

fn is_about_an_error(title: &str) -> bool {
    let title = title.to_ascii_lowercase();
    ["error", "denied", "forbidden", "not found", "unavailable", "invalid", "missing"]
        .iter()
        .any(|word| title.contains(word))
}

fn is_built_by_script(product: Product) -> bool {
    match product {
        Product::Okta | Product::Entra | Product::Google => true,
        Product::AdFs | Product::Keycloak | Product::Shibboleth | Product::SimpleSamlPhp | Product::PingFederate => {
            false
        }
    }
}

fn says(tree: &Tree, kind: Kind) -> Option<String> {
    let text = |id| Some(printable(&tree.text_content(id), 300)).filter(|text| !text.is_empty());
    let told = MESSAGES.iter().find_map(|mark| text(mark.place(tree)?));
    let heading = || {
        let is_heading = |id: &_| tree.element(*id).is_some_and(|e| ["h1", "h2", "h3"].iter().any(|name| e.is(name)));
        tree.descendants(ROOT).filter(is_heading).find_map(text)
    };
    match kind {
        Kind::SamlResponse | Kind::WsFederation | Kind::PassesOn => None,
        Kind::Error | Kind::Other => told.or_else(heading),
        Kind::Login | Kind::UserName | Kind::SecondFactor | Kind::Consent | Kind::NewPassword | Kind::ByScript => told,
    }
}
