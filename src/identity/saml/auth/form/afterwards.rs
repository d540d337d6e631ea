//! What a page after the password shows of it, and the errors of a refused login.

use url::Url;

use super::FormAuth;
use crate::error::{Code, Error, Result, Step};
use crate::http::shown;
use crate::identity::saml::auth::filled::Filled;
use crate::identity::saml::diagnosis::{self, Refusal};
use crate::identity::saml::extract::kind::Role;
use crate::identity::saml::extract::words::{Meaning, folded, says};
use crate::identity::saml::extract::{Form, Page, PageKind};
use crate::identity::verdict::{self, Sign};

impl FormAuth<'_> {
    /// Settles what a page after the password shows of it, and returns the next step.
    pub(super) fn after_the_secret(&mut self, page: &Page, url: &Url) -> Result<Option<Filled>> {
        let names_code = |form: &Form| self.login.otp_field.is_some() && self.code_input(page, form).is_some();
        if page.forms.iter().any(names_code) {
            return self.second_page(page, url);
        }
        let asks_again = self.is_login_again(page);
        let news = self.news(page).unwrap_or_default();
        let refusal = Refusal::of(news);
        // What follows the form of another page does not answer the password, unless it says so.
        let is_answer = !self.has_gone_on || refusal != Refusal::Other || says(&folded(news), Meaning::Wrong);
        let sign =
            if asks_again && !is_answer { Sign::Anything } else { sign_of(page.summary.kind, asks_again, refusal) };
        // A page that asks for a code again does not show that the code was right; `second_page` settles it.
        if asks_again || !(self.code_sent && page.forms.iter().any(|form| self.code_input(page, form).is_some())) {
            self.settle(sign);
        }
        if asks_again {
            return Err(if is_answer { self.refused(page, refusal, url) } else { begins_again(page, url) });
        }
        if page.summary.kind == PageKind::UserName {
            return Err(self.first_page_again(page, url));
        }
        self.second_page(page, url)
    }

    /// Whether the login form came back: an input for the password is on the page, and the page is of no other kind that only a
    /// right password leads to, such as a change of the password that asks for the old one.
    fn is_login_again(&self, page: &Page) -> bool {
        let kind = page.summary.kind;
        let is_behind =
            sign_of(kind, false, Refusal::Other) == Sign::PageBehindTheLogin && Some(kind) != self.filled_kind;
        let asks = |form: &Form| !self.is_codes_turn(page, form) && !self.secret_inputs(form).is_empty();
        !is_behind && page.forms.iter().any(asks)
    }

    fn first_page_again(&self, page: &Page, url: &Url) -> Error {
        let error = Error::new(Code::LoginPage, format!("the IdP at {} asks for the user's name again", shown(url)))
            .because("its first page came back after the password was sent")
            .hint("log in in a browser, to check the password and what follows it");
        diagnosis::told(error, page)
    }

    pub(super) fn settle(&self, sign: Sign) {
        for attempt in &self.attempts {
            attempt.settle(verdict::of(sign));
        }
    }

    /// The login form came back, with or without a reason.
    fn refused(&self, page: &Page, refusal: Refusal, url: &Url) -> Error {
        let error = match refusal {
            Refusal::PasswordExpired => {
                Error::new(Code::PasswordChangeRequired, format!("the IdP at {} requires a new password", shown(url)))
                    .at(Step::Person)
            }
            Refusal::Locked | Refusal::Disabled | Refusal::Expired | Refusal::Other => {
                Error::new(Code::IdpRejected, format!("the IdP at {} refused the user name or password", shown(url)))
            }
        };
        let error = error.because("the login form came back after they were sent");
        let error = diagnosis::says_so(error, self.news(page), page);
        match refusal.hint() {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    /// The error of a refused code. A code from a source counts as a refused password: sending more locks the account.
    pub(super) fn code_refused(&self, page: &Page, url: &Url) -> Error {
        let what = format!("the IdP at {} refused the one-time code", shown(url));
        let error = match &self.login.otp {
            None => Error::new(Code::MfaNeeded, what).at(Step::Person),
            Some(_) => Error::new(Code::IdpRejected, what)
                .hint("correct `saml.otp_secret` or `saml.otp`, and this machine's clock: timedatectl set-ntp true"),
        };
        diagnosis::says_itself(error.because("the page came back after it was sent"), page)
    }

    /// The error if the page for the user name came back. Names an input for the password that only a script shows.
    pub(super) fn user_unknown(&self, page: &Page, url: &Url) -> Error {
        let unseen =
            page.forms.iter().flat_map(|form| &form.inputs).find(|input| {
                input.kind == "password" && !input.is_visible && !input.is_disabled && input.name.is_some()
            });
        let at = shown(url);
        let Some(input) = unseen else {
            let error = Error::new(Code::IdpRejected, format!("the IdP at {at} does not know the user name"))
                .because("the form for the user's name came back after it was sent");
            return diagnosis::told(error, page);
        };
        let error = Error::new(Code::LoginFormUnclear, format!("the IdP at {at} asks for the user name again"))
            .because(format!(
                "its form has an input {:?} that only a script shows; nothing was filled into it",
                input.called()
            ))
            .hint(format!("if that is where the password goes, set `saml.password_field = \"{}\"`", input.called()));
        diagnosis::told(error, page)
    }

    /// The page's message, unless the login page had the same before the password; else the first text that was not there
    /// before, in whatever language.
    fn news<'p>(&self, page: &'p Page) -> Option<&'p str> {
        // A clock or a number differs each time.
        let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
        let before: Vec<String> = self.said_before.iter().map(|text| letters(text)).collect();
        let is_new = |text: &&str| {
            let letters = letters(text);
            letters.chars().nth(3).is_some() && !before.contains(&letters)
        };
        let texts = || page.texts.iter().map(String::as_str).find(is_new);
        page.summary.says.as_deref().filter(is_new).or_else(texts)
    }
}

/// The login form came back after another page had followed the password.
fn begins_again(page: &Page, url: &Url) -> Error {
    let error = Error::new(Code::LoginPage, format!("the login at {} begins again", shown(url)))
        .because("another page followed the password, and then the login form came back; whether the password is right is not known")
        .hint("log in in a browser, to see what follows the password: a phone that has to answer, for example");
    diagnosis::told(error, page)
}

/// The sign in a page after the password. `asks_again`: it is the login form.
fn sign_of(kind: PageKind, asks_again: bool, refusal: Refusal) -> Sign {
    match kind {
        // An IdP does not tell that a wrong password has expired.
        _ if asks_again && refusal == Refusal::PasswordExpired => Sign::PageBehindTheLogin,
        // A captcha comes after too many wrong tries. Anybody can reach a registration.
        PageKind::Captcha => Sign::Anything,
        _ if asks_again => Sign::FormAgain,
        PageKind::Registration => Sign::Anything,
        PageKind::StaySignedIn => Sign::PageBehindTheLogin,
        _ => match kind.role() {
            Role::Person => Sign::PageBehindTheLogin,
            // The first page of a login may come back for another reason, and a portal may be shown without a login.
            Role::Login | Role::Message | Role::Choice | Role::Information | Role::ByScript => Sign::Anything,
        },
    }
}
