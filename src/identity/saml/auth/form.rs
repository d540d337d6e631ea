//! `auth = "form"`: finds the login form on whatever page comes, and fills it in.
//!
//! What a page and its inputs are for is said by `extract`; here it is decided what is sent. The password goes once a run
//! into exactly one visible password input of a form that logs in, never into one for a code or a new password.
//! `fields` says which input takes what, `afterwards` what a later page shows of the password; codes are the business of `otp`,
//! pages without a secret that of `choice`, what the settings name that of `named`.
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
use crate::identity::saml::ending;
use crate::identity::saml::extract::{Asks, Page, PageKind};
use crate::identity::watch::Sign;
use crate::secret::Secret;

pub struct FormAuth<'a> {
    login: FormLogin,
    run: Run<'a>,
    user_sent: bool,
    secret_sent: bool,
    code_sent: bool,
    /// Those of the forms that were sent.
    attempts: Vec<Attempt>,
    /// Name of the input that the password went into, and the kind of its page.
    password_name: Option<String>,
    filled_kind: Option<PageKind>,
    /// What the login page said before anything was sent: no news when it says so again.
    said_before: Option<String>,
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
            said_before: None,
        }
    }

    /// The form that was filled in last went out, with these attempts.
    pub fn sent(&mut self, attempts: &[Attempt]) {
        self.attempts.extend_from_slice(attempts);
    }

    /// The login form of this page, filled in. Errors tell a login that was refused from one that wants more.
    pub fn fill(&mut self, page: &Page, url: &Url) -> Result<Option<Filled>> {
        let filled = self.decide(page, url)?;
        if let Some(filled) = &filled {
            filled.check(url)?;
        }
        let has_secret = filled.as_ref().is_some_and(Filled::has_secret);
        if !self.secret_sent || has_secret {
            self.said_before.clone_from(&page.summary.says);
        }
        Ok(filled)
    }

    fn decide(&mut self, page: &Page, url: &Url) -> Result<Option<Filled>> {
        if page.summary.kind == PageKind::Captcha
            && let Some(error) = ending::for_a_person(page, url)
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
        // Everything that can be wrong with the form is found out before the secret is asked for.
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

    /// Whether the form can be sent with secrets in these of its inputs.
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

    /// What comes besides user name and password: a code, an account to choose, a question whether to stay.
    fn second_page(&mut self, page: &Page, url: &Url) -> Result<Option<Filled>> {
        let found = page.forms.iter().enumerate().find_map(|(index, form)| Some((index, self.code_input(page, form)?)));
        let Some((index, input)) = found else {
            let chosen = choice::choose(page, &self.login, url)?;
            return match (chosen, ending::for_a_person(page, url)) {
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
            return Err(ending::told(Error { code: Code::MfaNeeded, ..error }.at(Step::Person), page));
        }
        self.check(page, index, std::iter::once(input), url)?;
        let code = otp::code(&self.login, self.run, url)
            .map_err(|error| ending::told(error.because(format!("its page has an input {name:?}")), page))?;
        let user =
            page.forms[index].asking(Asks::User).first().copied().filter(|_| !self.secret_sent && !self.user_sent);
        let user = user.map(|at| (at, self.user_name()));
        let values = std::iter::once((input, Value::Counted(code))).chain(user).collect();
        self.filled(page, index, values, url).map(Some)
    }
}
