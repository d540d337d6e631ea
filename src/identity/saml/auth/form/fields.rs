//! Chooses the inputs for user name, password and code.

use url::Url;

use super::FormAuth;
use crate::error::{Result, printable};
use crate::identity::saml::auth::filled::unclear;
use crate::identity::saml::auth::named;
use crate::identity::saml::extract::words::{folded, says_log_in};
use crate::identity::saml::extract::{Asks, Form, Input, Page, PageKind};

impl FormAuth<'_> {
    /// The input for a code beside the password, if the settings give codes or the form requires one.
    pub(super) fn code_beside(&self, page: &Page, form: &Form, password: usize) -> Option<usize> {
        let input = self.code_input(page, form).filter(|at| *at != password)?;
        let has_codes = self.login.otp.is_some() || self.login.otp_field.is_some();
        let must_be = form.inputs[input].is_required || form.inputs[input].kind == "password";
        // A configured password field answers the question.
        (has_codes || must_be && self.login.password_field.is_none()).then_some(input)
    }

    /// Whether the only password input takes a code: after the password, on a page that names a second factor, and with another
    /// name than the input that received the password.
    pub(super) fn is_codes_turn(&self, page: &Page, form: &Form) -> bool {
        let is_another = |at: &usize| form.inputs[*at].name != self.password_name;
        self.secret_sent
            && self.login.password_field.is_none()
            && page.summary.names_second_factor
            && !form.asks_for(Asks::User)
            && matches!(form.asking(Asks::Password).as_slice(), [one] if is_another(one))
    }

    pub(super) fn code_input(&self, page: &Page, form: &Form) -> Option<usize> {
        if self.login.otp_field.is_none() && self.is_codes_turn(page, form) {
            return form.asking(Asks::Password).first().copied();
        }
        form.inputs.iter().position(|input| match self.login.otp_field.as_deref() {
            Some(name) => input.is_called(name) && (input.takes_text() || input.takes_password()),
            None => input.asks == Some(Asks::Code) && !self.is_named_otherwise(input),
        })
    }

    /// Whether the settings name the input for something else.
    pub(super) fn is_named_otherwise(&self, input: &Input) -> bool {
        let others = [&self.login.password_field, &self.login.username_field];
        others.into_iter().flatten().any(|name| input.is_called(name))
            || self.login.choices.fields.iter().any(|(name, _)| input.is_called(name))
    }

    /// The only place for the password, as (form, input).
    pub(super) fn password_form(&self, page: &Page, url: &Url) -> Result<Option<(usize, usize)>> {
        let named = self.login.choices.form.as_deref().map(|name| named::forms(page, name)).unwrap_or_default();
        let is_considered = |index: &usize| named.is_empty() || named.contains(index);
        let mut found = Vec::new();
        let mut has_several = false;
        for index in (0..page.forms.len()).filter(is_considered) {
            match self.secret_inputs(&page.forms[index]).as_slice() {
                [] => {}
                [input] => found.push((index, *input)),
                _ => has_several = true,
            }
        }
        match (found.as_slice(), has_several) {
            ([one], _) => Ok(Some(*one)),
            ([], true) => Err(unclear(url)
                .because(format!("it has several password inputs: {}", names(page)))
                .hint("set `saml.password_field` to the name of the one for the password, and `saml.otp_field` to that of a code's")),
            ([], false) => match &self.login.password_field {
                Some(name) if is_login_form(page) => Err(unclear(url)
                    .because(format!("no visible input is called {name:?}; password inputs: {}", names(page)))
                    .hint("set `saml.password_field` to one of those names")),
                _ => Ok(None),
            },
            (found, _) => {
                let indices: Vec<usize> = found.iter().map(|(index, _)| *index).collect();
                Err(unclear(url)
                    .because(format!("several forms have a password input: {}", names(page)))
                    .because(format!("the forms are: {}", named::listed(page, &indices)))
                    .hint("set `saml.form` to the right one"))
            }
        }
    }

    /// The inputs that could take the password: the configured one, which may be a text input or hidden until a script shows it,
    /// else every visible input that asks for the password.
    pub(super) fn secret_inputs(&self, form: &Form) -> Vec<usize> {
        match self.login.password_field.as_deref() {
            Some(name) => {
                let all = || (0..form.inputs.len()).filter(|at| form.inputs[*at].is_called(name));
                let seen: Vec<usize> =
                    all().filter(|at| form.inputs[*at].takes_text() || form.inputs[*at].takes_password()).collect();
                // A script shows it after the user name is typed. The setting says that it is no decoy.
                let unseen = || all().filter(|at| form.inputs[*at].kind == "password" && !form.inputs[*at].is_disabled);
                if seen.is_empty() { unseen().collect() } else { seen }
            }
            None => {
                let others = [&self.login.otp_field, &self.login.username_field];
                let is_other = |at: &usize| others.into_iter().flatten().any(|name| form.inputs[*at].is_called(name));
                form.asking(Asks::Password).into_iter().filter(|at| !is_other(at)).collect()
            }
        }
    }

    /// The input for the user name. `None` if the page asks for the password only.
    pub(super) fn user_input(&self, page: &Page, form: &Form, password: usize, url: &Url) -> Result<Option<usize>> {
        if let Some(name) = self.login.username_field.as_deref() {
            // The second page of an identifier-first login may not have it.
            let found = form.inputs.iter().position(|i| i.is_called(name) && !i.is_disabled);
            return match (found, self.user_sent) {
                (None, false) => Err(unclear(url)
                    .because(format!("no input of the login form is called {name:?}"))
                    .hint("set `saml.username_field` to the name of the input for the user's name")),
                (found, _) => Ok(found),
            };
        }
        let is_set = |at: usize| self.login.choices.fields.iter().any(|(name, _)| form.inputs[at].is_called(name));
        let code = self.code_input(page, form);
        let open = |at: &usize| form.inputs[*at].takes_text() && *at != password && Some(*at) != code && !is_set(*at);
        let candidates: Vec<usize> = (0..form.inputs.len()).filter(open).collect();
        let users: Vec<usize> =
            candidates.iter().copied().filter(|at| form.inputs[*at].asks == Some(Asks::User)).collect();
        match (candidates.as_slice(), users.as_slice()) {
            ([], _) => Ok(None),
            ([one], _) | (_, [one]) => Ok(Some(*one)),
            _ => {
                let all: Vec<String> = candidates.iter().map(|at| form.inputs[*at].called()).collect();
                Err(unclear(url)
                    .because(format!(
                        "it is not clear which input is for the user's name: {}",
                        printable(&all.join(", "), 200)
                    ))
                    .hint("set `saml.username_field` to its name"))
            }
        }
    }

    /// The first page of an identifier-first login: a form whose only visible text input asks for the user name. Of several forms,
    /// the clearest, else the first.
    pub(super) fn identifier_form(&self, page: &Page) -> Option<(usize, usize)> {
        let named = self.login.username_field.as_deref();
        let found = page.forms.iter().enumerate().filter(|(_, form)| form.is_post()).filter_map(|(index, form)| {
            let texts: Vec<usize> = (0..form.inputs.len()).filter(|at| form.inputs[*at].takes_text()).collect();
            let user = match named {
                Some(name) => *texts.iter().find(|at| form.inputs[**at].is_called(name))?,
                None if page.summary.kind != PageKind::UserName => return None,
                None => match (texts.as_slice(), form.asking(Asks::User).as_slice()) {
                    ([only], [user]) if only == user => *user,
                    _ => return None,
                },
            };
            let is_said = form.inputs[user].autocomplete.as_deref().is_some_and(|said| said.contains("username"));
            let logs_in = form.buttons().any(|(_, button)| says_log_in(&folded(&button.label)));
            Some((2 * i32::from(is_said) + i32::from(logs_in), (index, user)))
        });
        found.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, place)| place)
    }
}

/// Whether a form on this page asks for a password.
pub fn is_login_form(page: &Page) -> bool {
    page.forms.iter().any(|form| form.inputs.iter().any(|input| input.takes_password()))
}

fn names(page: &Page) -> String {
    let all = page
        .forms
        .iter()
        .flat_map(|form| form.inputs.iter().filter(|i| i.takes_password()).map(|input| input.called()));
    printable(&all.collect::<Vec<_>>().join(", "), 200)
}
