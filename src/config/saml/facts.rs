//! The facts about each method of SAML login that the rest of the program asks for.

use super::login::{Auth, BrowserLogin, CommandLogin, Ecp, FormLogin, Otp, Spnego};
use crate::config::secrets::SecretSource;

/// The facts of a method with its settings.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The value of `saml.auth`.
    pub name: &'static str,
    /// The method for people.
    pub in_words: &'static str,
    /// The secret of a person or a machine that the method sends, with the key that names it.
    pub secret: Option<(&'static str, &'a SecretSource)>,
    /// The source of one-time codes. Absent: a person, if a code is asked for.
    pub otp: Option<&'a Otp>,
    /// The settings of its Kerberos ticket. Absent: it uses none.
    pub ticket: Option<&'a Spnego>,
    pub whose: Whose<'a>,
    pub by_hand: ByHand,
    /// Whether fedcred itself reads the pages of the IdP.
    pub reads_pages: bool,
    /// Whether the cookies by which the IdP remembers this device are stored.
    pub keeps_cookies: bool,
}

/// The owner of the identity that a login gives.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// The user of this name.
    User(&'a str),
    /// The owner of this token, which stands for user name and password.
    Bearer(&'a SecretSource),
    /// The principal, else the owner of the ticket cache.
    Principal(&'a Spnego),
    /// The person or machine that logs in, or nobody.
    Anyone,
    /// Only the command knows.
    Unknown,
}

/// What a person has to do during `fedcred login`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByHand {
    Nothing,
    /// Answer what a page asks for besides the password.
    Answer,
    /// Log in in a browser, with any account.
    Browser,
    /// Enter a code that `login` shows in another place, with any account.
    Code,
}

impl Auth {
    /// Returns the facts of this method.
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
                ..Facts::of("command", "SAML, your own command")
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
