//! The errors for pages from which a login cannot go on: what the page is, what it says, and the next step for its kind.

use url::Url;

use super::extract::kind::{Role, title};
use super::extract::product::Product;
use super::extract::words::{Meaning, folded, says};
use super::extract::{Page, PageKind};
use crate::error::{Code, Error, Step, printable};
use crate::http::shown;
use crate::identity::trace::Sight;

const BROWSER: &str = "set `saml.auth = \"browser\"`: the login continues in the window of a browser (fedcred login)";

/// Returns the error for a page at which only a person can continue, with every `auth`. `None` if it is no such page.
pub fn for_a_person(page: &Page, url: &Url) -> Option<Error> {
    let at = shown(url);
    let kind = page.summary.kind;
    let error = match kind {
        _ if kind.role() != Role::Person => return None,
        PageKind::SecondFactor => {
            Error::new(Code::MfaNeeded, format!("the IdP at {at} requires a second factor that cannot be typed in"))
                .hint(BROWSER)
        }
        PageKind::Captcha => Error::new(Code::CaptchaNeeded, format!("the IdP at {at} has a captcha on its page"))
            .because("programs cannot solve it, and nothing was sent to it")
            .hint(BROWSER),
        PageKind::Consent => Error::new(Code::ConsentNeeded, format!("the IdP at {at} asks for the user's consent"))
            .because("only the user can give it; no button was pressed")
            .hint("log in to AWS once in a browser and answer the question there; or name the button: `saml.button`"),
        PageKind::NewPassword => {
            Error::new(Code::PasswordChangeRequired, format!("the IdP at {at} requires a new password"))
                .because("its form is for a new password; the password was not sent there")
                .hint("change it in a browser; if this is the login form, set `saml.password_field`")
        }
        PageKind::Registration => {
            Error::new(Code::PasswordChangeRequired, format!("the page at {at} is a registration page"))
                .because("its password input is for a new password; the password was not sent there")
                .hint("check `saml.idp_url`: it has to be the address of the login for AWS")
        }
        // `fedcred login` asks for the code.
        _ => Error::new(Code::MfaNeeded, format!("the IdP at {at} requires a second factor")),
    };
    // Unattended logins do not try again: each try may ring somebody's phone.
    Some(told(error.at(Step::Person), page))
}

/// Returns the error for a page without a SAML response and without anything to do.
pub fn nothing_found(page: &Page, url: &Url, xpath: &str, is_empty: bool) -> Error {
    if let Some(error) = for_a_person(page, url) {
        return error;
    }
    let at = shown(url);
    let sight = Sight::of(page, Some(url));
    if sight.kind == PageKind::WsFederation {
        return Error::new(Code::NotASamlResponse, format!("the IdP at {at} answered in WS-Federation, not in SAML"))
            .hint("use the IdP's SAML address for AWS in `saml.idp_url`");
    }
    let mut inputs = page.forms.iter().flat_map(|form| &form.inputs);
    let response = inputs.find(|input| input.name.as_deref() == Some("SAMLResponse"));
    if response.is_some_and(|input| input.value.expose().trim().is_empty()) {
        return Error::new(Code::NotASamlResponse, format!("the SAML response on the page at {at} is empty"));
    }
    let error = Error::new(Code::XpathNoMatch, format!("there is no SAML response on the page at {at}"));
    let error = match kind_and_step(&sight) {
        Some((kind, "")) => error.because(kind),
        Some((kind, step)) => error.because(kind).hint(step),
        None if is_empty => error.because("the page is empty").hint("check `saml.idp_url`: open it in a browser"),
        None => {
            let error = match sight.kind {
                PageKind::Other if sight.product.is_none() => error,
                _ => error.because(format!("it {}", sight.in_words)),
            };
            let has_button = page.forms.iter().any(|form| form.buttons().next().is_some());
            error.because(format!("`{}` matches nothing on it", printable(xpath, 120))).hint(match sight.kind {
                PageKind::Error => {
                    "check that `saml.idp_url` works in a browser; if it does, ask the IdP's administrator"
                }
                _ if has_button => {
                    "open `saml.idp_url` in a browser; a button that has to be pressed there is named with `saml.button`; else adjust `saml.xpath`"
                }
                _ => "open `saml.idp_url` in a browser: an error of the IdP is explained there; else adjust `saml.xpath`",
            })
        }
    };
    let Some(frame) = page.frame.as_deref().and_then(|src| page.resolve(url, src)) else { return told(error, page) };
    let error = told(error.because(format!("a frame on it shows {}", shown(&frame))), page);
    match sight.kind {
        PageKind::Other | PageKind::ByScript => error.hint(
            "set `saml.idp_url` to the frame's address, if that is the IdP's login for AWS; or `saml.auth = \"browser\"`, \
             which logs in with a browser of this machine",
        ),
        _ => error,
    }
}

/// What a page of this kind is, and the next step (empty if there is none). `None` for a kind without a step of its own.
fn kind_and_step(sight: &Sight) -> Option<(&'static str, &'static str)> {
    Some(match sight.kind {
        PageKind::HomeRealm => (
            "it asks which organisation the user belongs to (home realm discovery)",
            match sight.product {
                Some(Product::AdFs) | None => {
                    "name the choice in `saml.idp_url`: AD FS takes &RedirectToIdentityProvider=IDENTIFIER (IdP-initiated) or &whr=IDENTIFIER, \
                     where its own directory is \"AD AUTHORITY\"; or set `saml.form_fields` and `saml.button`"
                }
                Some(_) => "name the choice in `saml.idp_url`, or set `saml.form_fields` and `saml.button`",
            },
        ),
        PageKind::Portal => (
            "it is a page of the IdP for a user who is logged in",
            "set `saml.idp_url` to the address of the AWS application: that of its tile or link on this page",
        ),
        PageKind::ByScript => (
            "only a browser's script can build this page",
            "set `saml.auth = \"browser\"`, which logs in with a browser of this machine (fedcred login); Okta: `auth = \"okta\"`",
        ),
        PageKind::UserName => ("it asks for the user's name", ""),
        PageKind::AccountChoice => (
            "it asks for a choice of account",
            "set `saml.account_field` to the name of the choice, or `saml.button` to that of the account's button",
        ),
        PageKind::StaySignedIn => ("it asks whether to stay signed in", "set `saml.button` to the button to press"),
        _ => return None,
    })
}

/// Adds the page's title and message to the error.
pub fn told(error: Error, page: &Page) -> Error {
    let error = match title(page) {
        Some(title) => error.because(format!("its title is {title:?}")),
        None => error,
    };
    says_itself(error, page)
}

/// Adds the page's message to the error, and the meaning of an error code of AD FS.
pub fn says_itself(error: Error, page: &Page) -> Error {
    says_so(error, page.summary.says.as_deref(), page)
}

/// The same with these words of the page in place of its message.
pub fn says_so(error: Error, words: Option<&str>, page: &Page) -> Error {
    let error = match words {
        Some(words) => error.because(format!("it says: {words}")),
        None => error,
    };
    match page.summary.msis.as_deref().map(|code| (code, msis(code))) {
        Some((code, Some(meaning))) => error.because(format!("{code} of AD FS: {meaning}")),
        Some((code, None)) => {
            error.because(format!("{code} is a code of AD FS; its event log (AD FS/Admin) has the details"))
        }
        None => error,
    }
}

/// Why the IdP refused a login, in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Locked,
    Disabled,
    /// The password was right, but has expired.
    PasswordExpired,
    /// The account has expired.
    Expired,
    Other,
}

impl Refusal {
    pub fn of(words: &str) -> Refusal {
        let words = folded(words);
        match () {
            () if says(&words, Meaning::Locked) => Refusal::Locked,
            () if says(&words, Meaning::Disabled) => Refusal::Disabled,
            () if is_expired(&words) && says(&words, Meaning::Password) => Refusal::PasswordExpired,
            () if is_expired(&words) => Refusal::Expired,
            () => Refusal::Other,
        }
    }

    /// The next step. `None` for the usual one.
    pub fn hint(self) -> Option<&'static str> {
        match self {
            Refusal::Locked => {
                Some("wait until it is unlocked, or ask the IdP's administrator; then: fedcred login PROFILE")
            }
            Refusal::Disabled | Refusal::Expired => Some("ask the IdP's administrator about this account"),
            Refusal::PasswordExpired => Some("change the password in a browser, then: fedcred login PROFILE"),
            Refusal::Other => None,
        }
    }
}

/// Whether a sentence says that something has expired: not that it is "wrong or expired", and not what to do "if it has
/// expired".
fn is_expired(words: &str) -> bool {
    let tells = |sentence: &str| says(sentence, Meaning::Expired) && !says(sentence, Meaning::Conditional);
    !says(words, Meaning::Wrong) && words.split(['.', '!', ';']).any(tells)
}

/// The meaning of an error code of AD FS. Source: Microsoft, "AD FS troubleshooting", and the texts of the event log.
fn msis(code: &str) -> Option<&'static str> {
    Some(match code {
        "MSIS3020" | "MSIS3055" | "MSIS7007" | "MSIS9605" => {
            "it knows no relying party of this name: check loginToRp in `saml.idp_url` against the trust's identifier"
        }
        "MSIS3126" | "MSIS5007" | "MSIS7068" => {
            "its rules deny this user the relying party: ask for access to AWS's (issuance authorization rules)"
        }
        "MSIS3173" => "the directory refused the account: it may be locked, disabled or expired",
        "MSIS7000" | "MSIS7015" | "MSIS7046" => {
            "it does not accept the request: check the parameters in \
        `saml.idp_url`"
        }
        "MSIS7001" => "its cookies did not come back: check that `saml.idp_origins` lists all its servers",
        "MSIS7004" | "MSIS7012" => {
            "an error while it processed the request, often because the relying party is disabled, not known or lacks a rule; its event log (AD FS/Admin) has the details"
        }
        "MSIS7042" => "it has seen the same session come back too often within a short time, and stops the loop",
        "MSIS7065" => {
            "there is no page at this address: check that the page for IdP-initiated sign-on is enabled \
            (Set-AdfsProperties -EnableIdPInitiatedSignonPage $true)"
        }
        "MSIS7066" => "the authentication of the device failed",
        "MSIS7102" => "it does not offer the authentication method that was asked for",
        "MSIS9409" | "MSIS9445" => "it requires another authentication method for this request",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_an_account_is_read_from_the_idps_words() {
        let table = [
            ("This account is locked. Try again in 30 minutes.", Refusal::Locked),
            ("Ihr Konto wurde gesperrt.", Refusal::Locked),
            ("Votre compte est verrouillé", Refusal::Locked),
            ("Cuenta bloqueada", Refusal::Locked),
            ("Account is disabled, contact your administrator.", Refusal::Disabled),
            ("Das Konto ist deaktiviert", Refusal::Disabled),
            ("Your password has expired", Refusal::PasswordExpired),
            ("Ihr Kennwort ist abgelaufen", Refusal::PasswordExpired),
            ("Votre mot de passe a expiré", Refusal::PasswordExpired),
            ("Your account has expired", Refusal::Expired),
            ("Invalid user name or password", Refusal::Other),
            ("Your password has expired. If you need help, call 123.", Refusal::PasswordExpired),
            // These do not say that the password was right.
            ("The password is incorrect or has expired.", Refusal::Other),
            ("Login failed. If your password has expired, change it.", Refusal::Other),
            ("If your password has expired, change it here.", Refusal::Other),
            ("Kennwort falsch oder abgelaufen", Refusal::Other),
            ("", Refusal::Other),
        ];
        for (words, expected) in table {
            assert_eq!(Refusal::of(words), expected, "{words}");
        }
    }
}
