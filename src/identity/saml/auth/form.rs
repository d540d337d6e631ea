//! `auth = "form"`: finds the login form on whatever page comes, and fills it in.
//!
//! What a page and its inputs are for is said by `extract`; here it is decided what is sent. The password goes once a run
//! into exactly one visible password input of a form that logs in, never into one for a code or a new password.
//! Codes are the business of `otp`, pages without a secret that of `choice`, buttons and fields that of `filled`.
//! What comes after the password shows what became of it: `identity::watch` says what each kind of page is worth.
//! Serves `username`, `password`, `username_field`, `password_field`, `otp_field`, `form`, `button`, `form_fields`.

use url::Url;

use super::filled::{self, Filled, Value, unclear};
use super::{choice, otp};
use crate::attempt::{Attempt, CountedSecret};
use crate::config::profile::FormLogin;
use crate::error::{Code, Error, Result, Step, printable};
use crate::http::shown;
use crate::identity::Run;
use crate::identity::saml::ending::{self, Refusal};
use crate::identity::saml::extract::{Asks, Form, Input, Page, PageKind};
use crate::identity::watch::{self, Sign};
use crate::secret::Secret;

pub struct FormAuth<'a> {
    login: FormLogin,
    run: Run<'a>,
    user_sent: bool,
    secret_sent: bool,
    code_sent: bool,
    /// Those of the forms that were sent.
    attempts: Vec<Attempt>,
    /// Name of the input that the password went into.
    password_name: Option<String>,
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

    /// The input for a code beside the password: for those who have codes, and where the form does not go without one.
    fn code_beside(&self, page: &Page, form: &Form, password: usize) -> Option<usize> {
        let input = self.code_input(page, form).filter(|at| *at != password)?;
        let has_codes = self.login.otp.is_some() || self.login.otp_field.is_some();
        let must_be = form.inputs[input].is_required || form.inputs[input].kind == "password";
        // Named fields are an answer to the question.
        (has_codes || must_be && self.login.password_field.is_none()).then_some(input)
    }

    fn filled(&self, page: &Page, index: usize, values: Vec<(usize, Value)>, url: &Url) -> Result<Filled> {
        let form = &page.forms[index];
        let mut values = values;
        let last = values.iter().map(|(at, _)| *at).max();
        let named = filled::named_values(form, &self.login, url)?;
        values.extend(named.into_iter().filter(|(at, _)| last.is_none() || !form.inputs[*at].takes_password()));
        let remembered = choice::remember(form, &self.login);
        let button = match remembered.filter(|at| form.inputs[*at].sends()) {
            Some(at) => Some(at),
            None => filled::button(form, &self.login, last, url)?,
        };
        if let Some(at) = remembered.filter(|at| !form.inputs[*at].sends()) {
            values.push((at, Value::Plain(form.inputs[at].value.duplicate())));
        }
        filled::check_choices(form, &values, url)?;
        Ok(Filled::new(page, index, values, button))
    }

    fn after_the_secret(&mut self, page: &Page, url: &Url) -> Result<Option<Filled>> {
        let names_code = |form: &Form| self.login.otp_field.is_some() && self.code_input(page, form).is_some();
        if page.forms.iter().any(names_code) {
            return self.second_page(page, url);
        }
        let asks_again =
            page.forms.iter().any(|form| !self.is_codes_turn(page, form) && !self.secret_inputs(form).is_empty());
        let refusal = Refusal::of(self.news(page).unwrap_or_default());
        let sign = sign_of(page.summary.kind, asks_again, refusal);
        // A page that asks for a code says nothing good of a code that was sent; what it says, `second_page` tells.
        if !(self.code_sent && page.forms.iter().any(|form| self.code_input(page, form).is_some())) {
            self.settle(sign);
        }
        if asks_again {
            self.settle(sign);
            return Err(self.refused(page, refusal, url));
        }
        if page.summary.kind == PageKind::UserName {
            return Err(ending::told(
                Error::new(Code::LoginPage, format!("the IdP at {} asks for the user's name again", shown(url)))
                    .because("its first page came back after the password was sent")
                    .hint("log in in a browser: is the password right, and what comes after it?"),
                page,
            ));
        }
        self.second_page(page, url)
    }

    fn settle(&self, sign: Sign) {
        for attempt in &self.attempts {
            attempt.settle(watch::shown(sign));
        }
    }

    /// What the page says that the login page did not say before.
    fn news<'p>(&self, page: &'p Page) -> Option<&'p str> {
        page.summary.says.as_deref().filter(|says| self.said_before.as_deref() != Some(says))
    }

    /// Whether a lone password input is a code's: after the password, on a page that names a second factor, and not the one
    /// that the password went into.
    fn is_codes_turn(&self, page: &Page, form: &Form) -> bool {
        let is_another = |at: &usize| form.inputs[*at].name != self.password_name;
        self.secret_sent
            && self.login.password_field.is_none()
            && page.summary.names_second_factor
            && !form.asks_for(Asks::User)
            && matches!(form.asking(Asks::Password).as_slice(), [one] if is_another(one))
    }

    /// The login form came back, with or without a reason.
    fn refused(&self, page: &Page, refusal: Refusal, url: &Url) -> Error {
        let error = match refusal {
            Refusal::PasswordExpired => {
                Error::new(Code::PasswordChangeRequired, format!("the IdP at {} wants a new password", shown(url)))
                    .at(Step::Person)
            }
            Refusal::Locked | Refusal::Disabled | Refusal::Expired | Refusal::Other => {
                Error::new(Code::IdpRejected, format!("the IdP at {} refused the user name or password", shown(url)))
            }
        };
        let error = error.because("the login form came back after they were sent");
        let error = match self.news(page) {
            Some(_) => ending::says_itself(error, page),
            None => error,
        };
        match refusal.hint() {
            Some(hint) => error.hint(hint),
            None => error,
        }
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
        self.check(page, index, std::iter::once(input), url)?;
        let code = otp::code(&self.login, self.run, url)
            .map_err(|error| ending::told(error.because(format!("its page has an input {name:?}")), page))?;
        let user =
            page.forms[index].asking(Asks::User).first().copied().filter(|_| !self.secret_sent && !self.user_sent);
        let user = user.map(|at| (at, self.user_name()));
        let values = std::iter::once((input, Value::Counted(code))).chain(user).collect();
        self.filled(page, index, values, url).map(Some)
    }

    /// One that came from a source is as good as a refused password: sent again and again, it locks the account.
    fn code_refused(&self, page: &Page, url: &Url) -> Error {
        let what = format!("the IdP at {} refused the one-time code", shown(url));
        let error = match &self.login.otp {
            None => Error::new(Code::MfaNeeded, what).at(Step::Person),
            Some(_) => Error::new(Code::IdpRejected, what)
                .hint("correct `saml.otp_secret` or `saml.otp`, and this machine's clock: timedatectl set-ntp true"),
        };
        ending::says_itself(error.because("the page came back after it was sent"), page)
    }

    fn code_input(&self, page: &Page, form: &Form) -> Option<usize> {
        if self.login.otp_field.is_none() && self.is_codes_turn(page, form) {
            return form.asking(Asks::Password).first().copied();
        }
        form.inputs.iter().position(|input| match self.login.otp_field.as_deref() {
            Some(name) => input.is_called(name) && (input.takes_text() || input.takes_password()),
            None => input.asks == Some(Asks::Code) && !self.is_named_otherwise(input),
        })
    }

    /// The settings say that it is for something else.
    fn is_named_otherwise(&self, input: &Input) -> bool {
        let others = [&self.login.password_field, &self.login.username_field];
        others.into_iter().flatten().any(|name| input.is_called(name))
            || self.login.choices.fields.iter().any(|(name, _)| input.is_called(name))
    }

    /// The one place for the password, as (form, input).
    fn password_form(&self, page: &Page, url: &Url) -> Result<Option<(usize, usize)>> {
        let named = self.login.choices.form.as_deref().map(|name| filled::named_forms(page, name)).unwrap_or_default();
        let is_considered = |index: &usize| named.is_empty() || named.contains(index);
        let mut found = Vec::new();
        let mut several = None;
        for index in (0..page.forms.len()).filter(is_considered) {
            match self.secret_inputs(&page.forms[index]).as_slice() {
                [] => {}
                [input] => found.push((index, *input)),
                inputs => several = several.or(Some((index, inputs.len()))),
            }
        }
        match (found.as_slice(), several) {
            ([one], _) => Ok(Some(*one)),
            ([], Some(_)) => Err(unclear(url)
                .because(format!("it has several password inputs: {}", names(page)))
                .hint("set `saml.password_field` to the name of the one for the password, and `saml.otp_field` to that of a code's")),
            ([], None) => match &self.login.password_field {
                Some(name) if is_login_form(page) => Err(unclear(url)
                    .because(format!("no visible input is called {name:?}; password inputs: {}", names(page)))
                    .hint("set `saml.password_field` to one of those names")),
                _ => Ok(None),
            },
            (found, _) => {
                let indices: Vec<usize> = found.iter().map(|(index, _)| *index).collect();
                Err(unclear(url)
                    .because(format!("several forms have a password input: {}", names(page)))
                    .because(format!("the forms are: {}", filled::listed(page, &indices)))
                    .hint("set `saml.form` to the right one"))
            }
        }
    }

    /// Where the password could go: the input that is named, which may be a text input, else every visible input that asks
    /// for the password.
    fn secret_inputs(&self, form: &Form) -> Vec<usize> {
        match self.login.password_field.as_deref() {
            Some(name) => {
                let fits = |at: &usize| {
                    let input = &form.inputs[*at];
                    input.is_called(name) && (input.takes_text() || input.takes_password())
                };
                (0..form.inputs.len()).filter(fits).collect()
            }
            None => {
                let others = [&self.login.otp_field, &self.login.username_field];
                let is_other = |at: &usize| others.into_iter().flatten().any(|name| form.inputs[*at].is_called(name));
                form.asking(Asks::Password).into_iter().filter(|at| !is_other(at)).collect()
            }
        }
    }

    /// The input for the user's name; none where the page only asks for the password.
    fn user_input(&self, page: &Page, form: &Form, password: usize, url: &Url) -> Result<Option<usize>> {
        if let Some(name) = self.login.username_field.as_deref() {
            // On the second page of an identifier-first login it may be gone.
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

    /// The first page of an identifier-first login: a form with one visible text input that asks who you are.
    fn identifier_form(&self, page: &Page) -> Option<(usize, usize)> {
        page.forms.iter().enumerate().find_map(|(index, form)| {
            let texts: Vec<usize> = (0..form.inputs.len()).filter(|at| form.inputs[*at].takes_text()).collect();
            let named = self.login.username_field.as_deref();
            let user = match named {
                Some(name) => *texts.iter().find(|at| form.inputs[**at].is_called(name))?,
                None if page.summary.kind != PageKind::UserName => return None,
                None => match (texts.as_slice(), form.asking(Asks::User).as_slice()) {
                    ([only], [user]) if only == user => *user,
                    _ => return None,
                },
            };
            let is_alone = texts.len() == 1 || named.is_some();
            (is_alone && form.is_post()).then_some((index, user))
        })
    }

    fn user_unknown(&self, page: &Page, url: &Url) -> Error {
        let error = Error::new(Code::IdpRejected, format!("the IdP at {} does not know the user name", shown(url)))
            .because("the form for the user's name came back after it was sent");
        ending::told(error, page)
    }
}

/// What a page that came after the password shows of it. `asks_again`: the input for the password is on it.
fn sign_of(kind: PageKind, asks_again: bool, refusal: Refusal) -> Sign {
    match kind {
        PageKind::Code
        | PageKind::SecondFactor
        | PageKind::Consent
        | PageKind::NewPassword
        | PageKind::StaySignedIn => Sign::PageBehindTheLogin,
        // Nobody is told that a wrong password has expired.
        _ if asks_again && refusal == Refusal::PasswordExpired => Sign::PageBehindTheLogin,
        // One comes after too many wrong tries.
        PageKind::Captcha => Sign::Anything,
        _ if asks_again => Sign::FormAgain,
        PageKind::Login
        // Also the first page of a login that asks for the name alone: it may have come for another reason.
        | PageKind::UserName
        | PageKind::SamlResponse
        | PageKind::WsFederation
        | PageKind::Registration
        | PageKind::AccountChoice
        | PageKind::HomeRealm
        | PageKind::Error
        // Where nobody is logged in, links look alike.
        | PageKind::Portal
        | PageKind::PassesOn
        | PageKind::ByScript
        | PageKind::Other => Sign::Anything,
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::attempt::Shown;
    use crate::attempt::tests::Lenient;
    use crate::config::env::Env;
    use crate::config::profile::{DEFAULT_XPATH, Parser, SecretSource};
    use crate::identity::saml::extract::{self, XPath};
    use crate::time::Deadline;

    fn page(html: &str) -> Page {
        let xpath = XPath::parse(DEFAULT_XPATH, Parser::Html).unwrap();
        extract::read(html.as_bytes().to_vec(), None, &xpath, Duration::from_secs(10)).unwrap()
    }

    fn auth(username_field: Option<&str>, password_field: Option<&str>) -> FormAuth<'static> {
        let login = FormLogin {
            username_field: username_field.map(str::to_owned),
            password_field: password_field.map(str::to_owned),
            ..FormLogin::new("alice".into(), SecretSource::Env("PW".into()))
        };
        let env = Box::leak(Box::new(Env::fixed([("PW", "s3cret")])));
        let deadline = Box::leak(Box::new(Deadline::after(Duration::from_secs(10))));
        let ledger = Box::leak(Box::<Lenient>::default());
        FormAuth::new(login, Run { env, deadline, ledger, typed: None, keep: None, person: None, trace: None })
    }

    fn url() -> Url {
        Url::parse("https://idp.example.com/login").unwrap()
    }

    /// What would be sent for this page: `name=value` of each field, or the code of the error.
    fn filled(auth: &mut FormAuth, html: &str) -> std::result::Result<Option<String>, Code> {
        let filled = auth.fill(&page(html), &url()).map_err(|e| e.code)?;
        Ok(filled.map(|filled| filled::tests::shown_fields(&filled)))
    }

    const USER: &str = "<input name=user>";
    const PASSWORD: &str = "<input type=password name=pw>";

    #[test]
    fn user_and_password_go_where_they_belong_and_nothing_else_changes() {
        let table = [
            (format!("<form method=post>{USER}{PASSWORD}</form>"), "user=alice&pw=s3cret"),
            (
                format!(
                    "<form method=post><input type=hidden name=csrf value=x>{USER}{PASSWORD}<input type=submit name=go value=In></form>"
                ),
                "csrf=x&user=alice&pw=s3cret&go=In",
            ),
            (
                format!("<form><input type=search name=q></form><form method=post>{USER}{PASSWORD}</form>"),
                "user=alice&pw=s3cret",
            ),
            (
                format!("<form method=post><input name=tenant><input type=email name=login>{PASSWORD}</form>"),
                "tenant=&login=alice&pw=s3cret",
            ),
            (
                format!(
                    "<form method=post>{USER}{PASSWORD}<input type=checkbox name=stay value=1><input type=checkbox name=ok value=1 checked></form>"
                ),
                "user=alice&pw=s3cret&ok=1",
            ),
            (
                format!(
                    "<form method=post>{USER}{PASSWORD}<input type=password name=trap style='display:none'></form>"
                ),
                "user=alice&pw=s3cret&trap=",
            ),
            (
                format!("<form method=post><input type=hidden name=user value=alice>{PASSWORD}</form>"),
                "user=alice&pw=s3cret",
            ),
        ];
        for (html, expected) in table {
            assert_eq!(filled(&mut auth(None, None), &html), Ok(Some(expected.into())), "{html}");
        }
    }

    #[test]
    fn what_would_be_a_guess_is_an_error() {
        let two = format!("<form method=post>{PASSWORD}</form><form method=post>{PASSWORD}</form>");
        let table = [
            (two, Code::LoginFormUnclear),
            (format!("<form method=post><input name=a><input name=b>{PASSWORD}</form>"), Code::LoginFormUnclear),
            (format!("<form method=get>{USER}{PASSWORD}</form>"), Code::LoginFormUnclear),
            (
                format!("<form method=post>{USER}{PASSWORD}<input type=password name=passwd2></form>"),
                Code::LoginFormUnclear,
            ),
            (format!("<form method=post>{USER}{PASSWORD}<input type=password name=passcode></form>"), Code::MfaNeeded),
            (format!("<form method=post>{USER}{PASSWORD}<input name=token required></form>"), Code::MfaNeeded),
            (
                format!("<form method=post>{USER}{PASSWORD}<img src=/captcha.png><input name=x></form>"),
                Code::CaptchaNeeded,
            ),
            (format!("<form method=post>{USER}{PASSWORD}<div class=g-recaptcha></div></form>"), Code::CaptchaNeeded),
            (format!("<form method=post>{USER}<input type=password name=new></form>"), Code::PasswordChangeRequired),
        ];
        for (html, code) in table {
            assert_eq!(filled(&mut auth(None, None), &html), Err(code), "{html}");
        }
    }

    #[test]
    fn named_fields_end_the_guessing() {
        let html = "<form method=post><input name=a id=who><input name=b><input type=password name=old><input type=password name=pin></form>";
        assert_eq!(filled(&mut auth(Some("who"), Some("pin")), html), Ok(Some("a=alice&b=&old=&pin=s3cret".into())));
        assert_eq!(filled(&mut auth(Some("nobody"), Some("pin")), html), Err(Code::LoginFormUnclear));
        assert_eq!(filled(&mut auth(Some("who"), Some("nothing")), html), Err(Code::LoginFormUnclear));
    }

    #[test]
    fn the_user_first_and_then_the_password() {
        let mut auth = auth(None, None);
        let first = "<form method=post><input type=email name=loginfmt></form>";
        assert_eq!(filled(&mut auth, first), Ok(Some("loginfmt=alice".into())));
        let second = format!("<form method=post><input type=hidden name=login value=alice>{PASSWORD}</form>");
        assert_eq!(filled(&mut auth, &second), Ok(Some("login=alice&pw=s3cret".into())));
    }

    #[test]
    fn after_the_password_each_page_has_its_own_meaning() {
        let login = format!("<form method=post>{USER}{PASSWORD}</form>");
        let table = [
            (login.clone(), Err(Code::IdpRejected)),
            ("<form method=post><input name=otp autocomplete=one-time-code></form>".into(), Err(Code::MfaNeeded)),
            (format!("<form method=post>{PASSWORD}{PASSWORD}</form>"), Err(Code::PasswordChangeRequired)),
            ("<p>hello</p>".into(), Ok(None)),
        ];
        for (html, expected) in table {
            let mut auth = auth(None, None);
            assert!(filled(&mut auth, &login).is_ok());
            assert_eq!(filled(&mut auth, &html), expected, "{html}");
        }
    }

    #[test]
    fn what_comes_after_the_password_shows_what_became_of_it() {
        let login = format!("<form method=post>{USER}{PASSWORD}</form>");
        let table = [
            (login.as_str(), Shown::Refused),
            (
                "<form method=post><input type=password name=pw><p>Enter the code of the authenticator app</form>",
                Shown::Refused,
            ),
            ("<form method=post><input name=otp autocomplete=one-time-code></form>", Shown::Accepted),
            ("<form method=post><input type=password name=a><input type=password name=b></form>", Shown::Accepted),
            ("<form method=post><button name=kmsi value=1>Yes</button></form>", Shown::Accepted),
            ("<iframe id=duo_iframe></iframe><form method=post><input type=password name=p></form>", Shown::Accepted),
            ("<h1>Approve sign in</h1><p>We have sent a notification to your phone", Shown::Accepted),
            (
                "<p role=alert>Your password has expired.<form method=post><input name=user><input type=password name=pw></form>",
                Shown::Accepted,
            ),
            (
                "<p role=alert>Your account is locked.<form method=post><input name=user><input type=password name=pw></form>",
                Shown::Refused,
            ),
            ("<form method=post><input type=email name=loginfmt></form>", Shown::NoVerdict),
            (
                "<form method=post><input name=user><input type=password name=pw><img src=captcha.png><input name=c></form>",
                Shown::NoVerdict,
            ),
            ("<h1>My applications</h1><a href=/logout>Log out</a>", Shown::NoVerdict),
            ("<title>Error</title><p>Wrong password</p>", Shown::NoVerdict),
            ("{\"error\": \"wrong password\"}", Shown::NoVerdict),
            ("", Shown::NoVerdict),
        ];
        for (html, expected) in table {
            let mut auth = auth(None, None);
            let form = auth.fill(&page(&login), &url()).unwrap().unwrap();
            let sent = form.body(auth.run.ledger).unwrap();
            auth.sent(sent.attempts());
            let _ = auth.fill(&page(html), &url());
            assert_eq!(sent.attempts()[0].shown(), expected, "{html}");
        }
    }
}
