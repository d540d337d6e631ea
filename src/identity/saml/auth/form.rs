//! `auth = "form"`: finds the login form on a page and fills it in.
//!
//! `extract` says what a page and its inputs are for; this module decides what is sent. The password is sent once in a run, in
//! exactly one visible password input of a form that logs in, never in one for a code or a new password. `fields` chooses the
//! inputs, `afterwards` reads what a later page shows of the password, `otp` gives the codes, `choice` handles pages without a
//! secret, `named` what the settings name.
//! Serves `username`, `password`, `username_field`, `password_field`, `otp_field`, `form`, `button`, `form_fields`.

mod afterwards;
mod fields;
#[cfg(test)]
pub(super) mod tests;

use url::Url;

pub use self::fields::is_login_form;

use super::filled::{Filled, Value, unclear};
use super::{button, choice, named, otp};
use crate::attempt::{Attempt, CountedSecret};
use crate::config::profile::FormLogin;
use crate::error::{Code, Error, Result, Step};
use crate::identity::Run;
use crate::identity::saml::diagnosis;
use crate::identity::saml::extract::{Asks, Page, PageKind};
use crate::identity::verdict::Sign;
use crate::secret::Secret;

pub struct FormAuth<'a> {
    login: FormLogin,
    run: Run<'a>,
    user_sent: bool,
    secret_sent: bool,
    code_sent: bool,
    /// The attempts of the forms that were sent.
    attempts: Vec<Attempt>,
    /// Name of the input that received the password, and the kind of its page.
    password_name: Option<String>,
    filled_kind: Option<PageKind>,
    /// The texts of the login page before the password was sent, which say nothing about the password.
    said_before: Vec<String>,
    /// Another form was sent after the one with the password.
    has_gone_on: bool,
}

impl<'a> FormAuth<'a> {
    pub fn new(login: FormLogin, run: Run<'a>) -> Self {
        FormAuth {
            login,
            run,
            user_sent: false,
            secret_sent: false,
            code_sent: false,
            attempts: Vec::new(),
            password_name: None,
            filled_kind: None,
            said_before: Vec::new(),
            has_gone_on: false,
        }
    }

    /// Notes that the last form was sent, with these attempts.
    pub fn sent(&mut self, attempts: &[Attempt]) {
        self.has_gone_on |= self.secret_sent && attempts.is_empty();
        self.attempts.extend_from_slice(attempts);
    }

    /// Returns the login form of this page, filled in. Errors distinguish a refused login from one that needs more.
    pub fn fill(&mut self, page: &Page, url: &Url) -> Result<Option<Filled>> {
        let filled = self.decide(page, url)?;
        if let Some(filled) = &filled {
            filled.check(url)?;
        }
        let has_secret = filled.as_ref().is_some_and(Filled::has_secret);
        if !self.secret_sent || has_secret {
            self.said_before = page.texts.iter().chain(&page.summary.says).cloned().collect();
        }
        Ok(filled)
    }

    fn decide(&mut self, page: &Page, url: &Url) -> Result<Option<Filled>> {
        if page.summary.kind == PageKind::Captcha
            && let Some(error) = diagnosis::for_a_person(page, url)
        {
            return Err(error);
        }
        if self.secret_sent {
            return self.after_the_secret(page, url);
        }
        if let Some((index, password)) = self.password_form(page, url)? {
            return self.fill_password(page, index, password, url).map(Some);
        }
        if let Some((index, user)) = self.identifier_form(page) {
            if self.user_sent {
                return Err(self.user_unknown(page, url));
            }
            self.user_sent = true;
            return self.filled(page, index, vec![(user, self.user_name())], url).map(Some);
        }
        self.second_page(page, url)
    }

    fn fill_password(&mut self, page: &Page, index: usize, password: usize, url: &Url) -> Result<Filled> {
        let form = &page.forms[index];
        let user = self.user_input(page, form, password, url)?;
        let code = self.code_beside(page, form, password);
        // The form is checked completely before the secret is read.
        self.check(page, index, user.into_iter().chain([password]), url)?;
        let secret = self.run.secret(&self.login.password, "saml.password")?;
        let mut values = vec![(password, Value::Counted(secret))];
        values.extend(user.map(|at| (at, self.user_name())));
        if let Some(input) = code {
            let code = otp::code(&self.login, self.run, url).map_err(|error| {
                let error = error.because(format!("its login form has an input {:?}", form.inputs[input].called()));
                match error.code {
                    Code::MfaNeeded if error.hint.is_none() => error.hint(
                        "fedcred login PROFILE asks for the code; set `saml.otp_secret` or `saml.otp` for others, or \
                         `saml.password_field` if that input is for no code",
                    ),
                    _ => error,
                }
            })?;
            values.push((input, Value::Counted(code)));
            self.code_sent = true;
        }
        let filled = self.filled(page, index, values, url)?;
        self.secret_sent = true;
        self.password_name = form.inputs[password].name.clone();
        self.filled_kind = Some(page.summary.kind);
        Ok(filled)
    }

    fn user_name(&self) -> Value {
        Value::text(&self.login.username)
    }

    /// Checks that the form can be sent with secrets in these inputs.
    fn check(&self, page: &Page, index: usize, inputs: impl Iterator<Item = usize>, url: &Url) -> Result<()> {
        let nothing = |at| (at, Value::Counted(CountedSecret::of_the_moment(Secret::new(String::new()))));
        self.filled(page, index, inputs.map(nothing).collect(), url)?.check(url)
    }

    fn filled(&self, page: &Page, index: usize, values: Vec<(usize, Value)>, url: &Url) -> Result<Filled> {
        let form = &page.forms[index];
        let mut values = values;
        let last = values.iter().map(|(at, _)| *at).max();
        let named = named::values(form, &self.login, url)?;
        values.extend(named.into_iter().filter(|(at, _)| last.is_none() || !form.inputs[*at].takes_password()));
        let remembered = choice::remember(form, &self.login);
        let button = match remembered.filter(|at| form.inputs[*at].sends()) {
            Some(at) => Some(at),
            None => button::button(form, &self.login, last, url)?,
        };
        if let Some(at) = remembered.filter(|at| !form.inputs[*at].sends()) {
            values.push((at, Value::Plain(form.inputs[at].value.duplicate())));
        }
        named::check(form, &values, url)?;
        Ok(Filled::new(page, index, values, button))
    }

    /// Fills in a page that asks for neither user name nor password: a code, an account to choose, "stay signed in?".
    fn second_page(&mut self, page: &Page, url: &Url) -> Result<Option<Filled>> {
        let found = page.forms.iter().enumerate().find_map(|(index, form)| Some((index, self.code_input(page, form)?)));
        let Some((index, input)) = found else {
            let chosen = choice::choose(page, &self.login, url)?;
            return match (chosen, diagnosis::for_a_person(page, url)) {
                (Some(chosen), _) => {
                    if page.summary.kind == PageKind::StaySignedIn {
                        self.settle(Sign::PageBehindTheLogin);
                    }
                    Ok(Some(chosen))
                }
                (None, Some(error)) => Err(error),
                (None, None) => Ok(None),
            };
        };
        let name = page.forms[index].inputs[input].called();
        if std::mem::replace(&mut self.code_sent, true) {
            self.settle(Sign::FormAgain);
            return Err(self.code_refused(page, url));
        }
        self.settle(Sign::PageBehindTheLogin);
        if page.forms[index].inputs[input].max_length.is_some_and(|length| length < 4) {
            let error = unclear(url)
                .because("it takes the code, or parts of a card, in several inputs of a few characters each")
                .hint("log in with a browser: `saml.auth = \"browser\"`");
            return Err(diagnosis::told(Error { code: Code::MfaNeeded, ..error }.at(Step::Person), page));
        }
        self.check(page, index, std::iter::once(input), url)?;
        let code = otp::code(&self.login, self.run, url)
            .map_err(|error| diagnosis::told(error.because(format!("its page has an input {name:?}")), page))?;
        let user =
            page.forms[index].asking(Asks::User).first().copied().filter(|_| !self.secret_sent && !self.user_sent);
        let user = user.map(|at| (at, self.user_name()));
        let values = std::iter::once((input, Value::Counted(code))).chain(user).collect();
        self.filled(page, index, values, url).map(Some)
    }
}
