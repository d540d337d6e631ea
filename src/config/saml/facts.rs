//! What the rest of the program asks of a SAML login's method, stated once for each value of `saml.auth`.

use super::login::{Auth, BrowserLogin, CommandLogin, Ecp, FormLogin, Otp, Spnego};
use crate::config::secrets::SecretSource;

/// The facts of a method, as its settings make them.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// As `saml.auth` names it.
    pub name: &'static str,
    /// The same for people.
    pub in_words: &'static str,
    /// The secret of a person or a machine that it sends, with the key that names it.
    pub secret: Option<(&'static str, &'a SecretSource)>,
    /// Where its one-time codes come from; absent: from a person, if one is asked for.
    pub otp: Option<&'a Otp>,
    /// The settings of its Kerberos ticket; absent: it needs none.
    pub ticket: Option<&'a Spnego>,
    pub whose: Whose<'a>,
    pub by_hand: ByHand,
    /// Whether it reads the pages of an IdP itself.
    pub reads_pages: bool,
    /// Whether it keeps the cookies by which an IdP remembers this device.
    pub keeps_cookies: bool,
}

/// Whose identity a login brings.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// That of the user of this name.
    User(&'a str),
    /// That of the bearer of this token, which is the user's name and the password in one.
    Bearer(&'a SecretSource),
    /// That of the principal, or else of the owner of the ticket cache.
    Principal(&'a Spnego),
    /// That of whoever logs in, or of nobody in particular.
    Anyone,
    /// Only the command knows.
    Unknown,
}

/// What a person has to do in the middle of a login by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByHand {
    Nothing,
    /// To answer what a page may ask besides the password.
    Answer,
    /// To log in in a browser, as whomever they choose.
    Browser,
    /// To enter a code elsewhere that `login` shows, as whomever they choose.
    Code,
}

impl Auth {
    /// The facts of this method.
    pub fn facts(&self) -> Facts<'_> {
        match self {
            Auth::None => Facts { reads_pages: true, ..Facts::of("none", "SAML, without a login") },
            Auth::Basic { username, password } => {
                Facts { reads_pages: true, ..Facts::of_password("basic", "SAML, HTTP Basic", username, password) }
            }
            Auth::Bearer { token } => Facts {
                secret: Some(("saml.token", token)),
                whose: Whose::Bearer(token),
                reads_pages: true,
                ..Facts::of("bearer", "SAML, bearer token")
            },
            Auth::Form(FormLogin { username, password, otp, .. }) => Facts {
                otp: otp.as_ref(),
                by_hand: if otp.is_some() { ByHand::Nothing } else { ByHand::Answer },
                reads_pages: true,
                keeps_cookies: true,
                ..Facts::of_password("form", "SAML, login form", username, password)
            },
            Auth::Spnego(spnego) => Facts { reads_pages: true, ..Facts::of_ticket("spnego", "SAML, Kerberos", spnego) },
            Auth::Okta(_) => Facts { by_hand: ByHand::Code, ..Facts::of("okta", "SAML, Okta's device login") },
            Auth::Ecp(Ecp::Basic { username, password }) => {
                Facts::of_password("ecp", "SAML, ECP with HTTP Basic", username, password)
            }
            Auth::Ecp(Ecp::Kerberos(spnego)) => Facts::of_ticket("ecp", "SAML, ECP with Kerberos", spnego),
            Auth::Browser(BrowserLogin { username, .. }) => Facts {
                whose: username.as_deref().map_or(Whose::Anyone, Whose::User),
                by_hand: ByHand::Browser,
                ..Facts::of("browser", "SAML, in a browser")
            },
            Auth::Command(CommandLogin { username, .. }) => Facts {
                whose: username.as_deref().map_or(Whose::Unknown, Whose::User),
                ..Facts::of("command", "SAML, a command of one's own")
            },
        }
    }
}

impl<'a> Facts<'a> {
    fn of(name: &'static str, in_words: &'static str) -> Self {
        Facts {
            name,
            in_words,
            secret: None,
            otp: None,
            ticket: None,
            whose: Whose::Anyone,
            by_hand: ByHand::Nothing,
            reads_pages: false,
            keeps_cookies: false,
        }
    }

    fn of_password(name: &'static str, in_words: &'static str, user: &'a str, password: &'a SecretSource) -> Self {
        let secret = Some(("saml.password", password));
        Facts { secret, whose: Whose::User(user), ..Facts::of(name, in_words) }
    }

    fn of_ticket(name: &'static str, in_words: &'static str, spnego: &'a Spnego) -> Self {
        Facts { ticket: Some(spnego), whose: Whose::Principal(spnego), ..Facts::of(name, in_words) }
    }
}
