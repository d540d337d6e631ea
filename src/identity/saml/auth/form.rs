//! `auth = "form"`: finds the login form on whatever page comes, and fills it in.
//!
//! The password goes once a run into exactly one visible password input, never into a form that changes passwords.
//! Codes are the business of `otp`, pages without a secret that of `choice`.
//! What comes after the password shows what became of it: `identity::watch` says what each kind of page is worth.
//! Serves `username`, `password`, `username_field`, `password_field`, `otp_field`.

use std::borrow::Cow;

use encoding_rs::Encoding;
use url::Url;

use super::{Filled, choice, otp};
use crate::attempt::{self, Attempt, Carried, CountedSecret, Ledger};
use crate::config::profile::FormLogin;
use crate::error::{Code, Error, Result, Step, printable};
use crate::http::shown;
use crate::identity::Run;
use crate::identity::saml::extract::looks::Kind;
use crate::identity::saml::extract::{Form, Input, Page};
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
}

/// What an input is sent with.
#[derive(Debug)]
pub enum Value {
    Plain(Secret),
    /// A password or a code: it leaves by [`encode`] alone, which has it written down.
    Counted(CountedSecret),
}

impl<'a> FormAuth<'a> {
    pub fn new(login: FormLogin, run: Run<'a>) -> Self {
        FormAuth { login, run, user_sent: false, secret_sent: false, code_sent: false, attempts: Vec::new() }
    }

    /// The form that was filled in last went out, with these attempts.
    pub fn sent(&mut self, attempts: &[Attempt]) {
        self.attempts.extend_from_slice(attempts);
    }

    /// The login form of this page, filled in. Errors tell a login that was refused from one that wants more.
    pub fn fill(&mut self, page: &Page, url: &Url) -> Result<Option<(usize, Filled)>> {
        if self.secret_sent {
            return self.after_the_secret(page, url);
        }
        if let Some((index, password)) = self.password_form(page, url)? {
            return self.fill_password(&page.forms[index], password, url).map(|filled| Some((index, filled)));
        }
        if let Some((index, user)) = self.identifier_form(page) {
            if self.user_sent {
                return Err(self.user_unknown(page, url));
            }
            self.user_sent = true;
            let values = vec![(user, self.user_name())];
            return Ok(Some((index, Filled { fields: fields(&page.forms[index], values) })));
        }
        self.second_page(page, url)
    }

    fn fill_password(&mut self, form: &Form, password: usize, url: &Url) -> Result<Filled> {
        let secret = self.run.secret(&self.login.password, "saml.password")?;
        let mut values = vec![(password, Value::Counted(secret))];
        if let Some(user) = self.user_input(form, password, url)? {
            values.push((user, self.user_name()));
        }
        check_method(form, url)?;
        // A code beside the password is for those who have one.
        if let Some(input) = self.code_input(form).filter(|_| self.login.otp.is_some()) {
            values.push((input, Value::Counted(otp::code(&self.login, self.run, url)?)));
            self.code_sent = true;
        }
        values.extend(self.remembering(form));
        self.secret_sent = true;
        Ok(Filled { fields: fields(form, values) })
    }

    fn after_the_secret(&mut self, page: &Page, url: &Url) -> Result<Option<(usize, Filled)>> {
        let at = shown(url);
        let names_code = |form: &Form| self.login.otp_field.is_some() && self.code_input(form).is_some();
        if page.forms.iter().any(names_code) {
            return self.second_page(page, url);
        }
        let asks_again = page.forms.iter().any(|f| !self.secret_inputs(f).is_empty());
        let sign = sign_of(page.looks.kind, asks_again);
        // A page that asks for a code says nothing good of a code that was sent; what it says, `second_page` tells.
        if !(self.code_sent && page.forms.iter().any(|form| self.code_input(form).is_some())) {
            self.settle(sign);
        }
        if self.login.password_field.is_none() && page.forms.iter().any(|f| visible_passwords(f).count() > 1) {
            return Err(change_password(url));
        }
        if sign == Sign::FormAgain {
            self.settle(sign);
            return Err(Error::new(Code::IdpRejected, format!("the IdP at {at} refused the user name or password"))
                .because("the login form came back after they were sent"));
        }
        self.second_page(page, url)
    }

    fn settle(&self, sign: Sign) {
        for attempt in &self.attempts {
            attempt.settle(watch::shown(sign));
        }
    }

    fn user_name(&self) -> Value {
        Value::Plain(Secret::new(self.login.username.clone()))
    }

    /// What comes besides user name and password: a code, an account to choose, a question whether to stay.
    fn second_page(&mut self, page: &Page, url: &Url) -> Result<Option<(usize, Filled)>> {
        let found = page.forms.iter().enumerate().find_map(|(index, form)| Some((index, self.code_input(form)?)));
        let Some((index, input)) = found else {
            let chosen = choice::choose(page, &self.login);
            if chosen.is_some() {
                // "Stay signed in?" and the like come once the login is done.
                self.settle(Sign::PageBehindTheLogin);
            }
            return Ok(chosen);
        };
        let form = &page.forms[index];
        let called = &form.inputs[input];
        let name = printable(called.name.as_deref().or(called.id.as_deref()).unwrap_or("unnamed"), 60);
        if std::mem::replace(&mut self.code_sent, true) {
            self.settle(Sign::FormAgain);
            return Err(self.code_refused(url));
        }
        self.settle(Sign::PageBehindTheLogin);
        check_method(form, url)?;
        let code = otp::code(&self.login, self.run, url)
            .map_err(|error| error.because(format!("its page has an input {name:?}")))?;
        let values = std::iter::once((input, Value::Counted(code))).chain(self.remembering(form)).collect();
        Ok(Some((index, Filled { fields: fields(form, values) })))
    }

    /// One that came from a source is as good as a refused password: sent again and again, it locks the account.
    fn code_refused(&self, url: &Url) -> Error {
        let what = format!("the IdP at {} refused the one-time code", shown(url));
        let came_back = "the page came back after it was sent";
        match &self.login.otp {
            None => Error::new(Code::MfaNeeded, what).because(came_back).at(Step::Person),
            Some(_) => Error::new(Code::IdpRejected, what)
                .because(came_back)
                .hint("correct `saml.otp_secret` or `saml.otp`, and this machine's clock: timedatectl set-ntp true"),
        }
    }

    fn code_input(&self, form: &Form) -> Option<usize> {
        form.inputs.iter().position(|input| match self.login.otp_field.as_deref() {
            Some(name) => {
                is_called(input, name) && (input.takes_text() || input.takes_password() || input.kind == "number")
            }
            None => input.asks_for_code() && !input.asks_for_user(),
        })
    }

    fn remembering(&self, form: &Form) -> Option<(usize, Value)> {
        let at = choice::remember(form, &self.login)?;
        Some((at, Value::Plain(form.inputs[at].value.duplicate())))
    }

    /// The one place for the password, as (form, input).
    fn password_form(&self, page: &Page, url: &Url) -> Result<Option<(usize, usize)>> {
        let mut found = Vec::new();
        let mut changes_password = false;
        for (index, form) in page.forms.iter().enumerate() {
            match self.secret_inputs(form).as_slice() {
                [] => {}
                [input] => found.push((index, *input)),
                _ => changes_password = true,
            }
        }
        match (found.as_slice(), changes_password) {
            ([one], _) => Ok(Some(*one)),
            ([], true) => Err(change_password(url)),
            ([], false) => match (&self.login.password_field, login_form(page)) {
                (Some(name), Some(_)) => Err(unclear(url)
                    .because(format!("no visible input is called {name:?}; password inputs: {}", names(page)))
                    .hint("set `saml.password_field` to one of those names")),
                _ => Ok(None),
            },
            _ => Err(unclear(url)
                .because(format!("several forms have a password input: {}", names(page)))
                .hint("set `saml.password_field` to the name of the right one")),
        }
    }

    /// Where the password could go: the input that is named, which may be a text input, else every visible password input.
    fn secret_inputs(&self, form: &Form) -> Vec<usize> {
        match self.login.password_field.as_deref() {
            Some(name) => {
                let texts = visible_texts(form).chain(visible_passwords(form));
                texts.filter(|i| is_called(&form.inputs[*i], name)).collect()
            }
            None => visible_passwords(form).collect(),
        }
    }

    /// The input for the user's name; none where the page only asks for the password.
    fn user_input(&self, form: &Form, password: usize, url: &Url) -> Result<Option<usize>> {
        if let Some(name) = self.login.username_field.as_deref() {
            // On the second page of an identifier-first login it may be gone.
            let found = form.inputs.iter().position(|i| is_called(i, name) && !i.is_disabled);
            return match (found, self.user_sent) {
                (None, false) => Err(unclear(url)
                    .because(format!("no input of the login form is called {name:?}"))
                    .hint("set `saml.username_field` to the name of the input for the user's name")),
                (found, _) => Ok(found),
            };
        }
        let code = self.code_input(form).filter(|_| self.login.otp.is_some());
        let candidates: Vec<usize> = visible_texts(form).filter(|i| *i != password && Some(*i) != code).collect();
        match candidates.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            several => match several.iter().filter(|i| form.inputs[**i].asks_for_user()).collect::<Vec<_>>().as_slice()
            {
                [one] => Ok(Some(**one)),
                _ => Err(unclear(url)
                    .because("it is not clear which input is for the user's name")
                    .hint("set `saml.username_field` to its name")),
            },
        }
    }

    /// The first page of an identifier-first login: a form with one visible text input that asks who you are.
    fn identifier_form(&self, page: &Page) -> Option<(usize, usize)> {
        page.forms.iter().enumerate().find_map(|(index, form)| {
            let mut texts = visible_texts(form);
            let (Some(input), None) = (texts.next(), texts.next()) else { return None };
            let fits = match self.login.username_field.as_deref() {
                Some(name) => is_called(&form.inputs[input], name),
                None => form.inputs[input].asks_for_user(),
            };
            (fits && form.is_post).then_some((index, input))
        })
    }

    fn user_unknown(&self, page: &Page, url: &Url) -> Error {
        let error = Error::new(Code::IdpRejected, format!("the IdP at {} does not know the user name", shown(url)))
            .because("the form for the user's name came back after it was sent");
        match title(page) {
            Some(title) => error.because(format!("its title is {title:?}")),
            None => error,
        }
    }
}

/// What a page that came after the password shows of it. `asks_again`: the input for the password is on it.
fn sign_of(kind: Kind, asks_again: bool) -> Sign {
    match kind {
        Kind::SecondFactor | Kind::Consent | Kind::NewPassword => Sign::PageBehindTheLogin,
        _ if asks_again => Sign::FormAgain,
        Kind::Login => Sign::FormAgain,
        // Also the first page of a login that asks for the name alone: it may have come for another reason.
        Kind::UserName
        | Kind::SamlResponse
        | Kind::WsFederation
        | Kind::Error
        | Kind::PassesOn
        | Kind::ByScript
        | Kind::Other => Sign::Anything,
    }
}

/// The first form with a visible password input.
pub fn login_form(page: &Page) -> Option<&Form> {
    page.forms.iter().find(|f| visible_passwords(f).next().is_some())
}

/// The page's title, fit for a message.
pub fn title(page: &Page) -> Option<String> {
    page.title.as_deref().map(|t| printable(t, 80)).filter(|t| !t.is_empty())
}

/// What a browser would send (HTML, "constructing the entry list"): named, enabled controls with their values, checked
/// boxes, and the form's default button. `values` replaces those of the inputs at the given places.
pub fn fields(form: &Form, values: Vec<(usize, Value)>) -> Vec<(String, Value)> {
    let mut values = values;
    // Another button than the default one is pressed.
    let mut button_sent = values.iter().any(|(at, _)| form.inputs[*at].kind == "submit");
    let radios = values.iter().map(|(at, _)| &form.inputs[*at]).filter(|input| input.kind == "radio");
    let chosen: Vec<String> = radios.filter_map(|input| input.name.clone()).collect();
    let mut fields = Vec::new();
    for (index, input) in form.inputs.iter().enumerate() {
        let Some(name) = input.name.clone().filter(|n| !n.is_empty()) else { continue };
        if input.is_disabled {
            continue;
        }
        if let Some(at) = values.iter().position(|(i, _)| *i == index) {
            fields.push((name, values.swap_remove(at).1));
            continue;
        }
        let is_sent = match input.kind.as_str() {
            // Of the options with one name, one is chosen.
            "radio" => input.is_checked && !chosen.contains(&name),
            "checkbox" => input.is_checked,
            // Shibboleth, for one, knows by its button what the form is for.
            "submit" => !std::mem::replace(&mut button_sent, true),
            "button" | "reset" | "image" | "file" => false,
            _ => true,
        };
        if is_sent {
            fields.push((name, Value::Plain(input.value.duplicate())));
        }
    }
    fields
}

/// The fields as `application/x-www-form-urlencoded` text in the page's encoding (HTML, "form submission"), once the secrets
/// among them are written down.
///
/// Errors: those of [`attempt::send`].
pub fn encode(fields: &[(String, Value)], encoding: &'static Encoding, ledger: &dyn Ledger) -> Result<Carried> {
    let secrets: Vec<&CountedSecret> = fields
        .iter()
        .filter_map(|(_, value)| match value {
            Value::Plain(_) => None,
            Value::Counted(secret) => Some(secret),
        })
        .collect();
    attempt::send(&secrets, ledger, |texts| {
        let to_bytes = encoder(encoding);
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.encoding_override(Some(&to_bytes));
        let mut texts = texts.iter();
        for (name, value) in fields {
            match value {
                Value::Plain(text) => form.append_pair(name, text.expose()),
                Value::Counted(_) => form.append_pair(name, texts.next().copied().unwrap_or_default()),
            };
        }
        Secret::new(form.finish())
    })
}

fn encoder(encoding: &'static Encoding) -> impl Fn(&str) -> Cow<'_, [u8]> {
    move |text| encoding.encode(text).0
}

fn visible_passwords(form: &Form) -> impl Iterator<Item = usize> {
    positions(form, Input::takes_password)
}

fn visible_texts(form: &Form) -> impl Iterator<Item = usize> {
    positions(form, Input::takes_text)
}

fn positions(form: &Form, is_kind: impl Fn(&Input) -> bool) -> impl Iterator<Item = usize> {
    form.inputs.iter().enumerate().filter(move |(_, i)| is_kind(i)).map(|(index, _)| index)
}

pub fn is_called(input: &Input, name: &str) -> bool {
    input.name.as_deref() == Some(name) || input.id.as_deref() == Some(name)
}

/// A form that would put the password into a URL is not used.
fn check_method(form: &Form, url: &Url) -> Result<()> {
    if form.is_post {
        return Ok(());
    }
    Err(unclear(url).because("its form is sent by GET, which would put the password into a URL"))
}

fn unclear(url: &Url) -> Error {
    Error::new(Code::LoginFormUnclear, format!("the login form at {} cannot be filled in", shown(url)))
}

fn change_password(url: &Url) -> Error {
    Error::new(Code::PasswordChangeRequired, format!("the IdP at {} wants a new password", shown(url)))
        .because("its form has several password inputs; the password was not sent there")
        .hint("change it in a browser; if this is the login form, set `saml.password_field`")
        .at(Step::Person)
}

fn names(page: &Page) -> String {
    let all = page.forms.iter().flat_map(|form| {
        visible_passwords(form)
            .map(|i| form.inputs[i].name.as_deref().or(form.inputs[i].id.as_deref()).unwrap_or("unnamed"))
    });
    printable(&all.collect::<Vec<_>>().join(", "), 200)
}

#[cfg(test)]
pub mod tests {
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

    /// The fields as `name=value`, not encoded.
    pub fn shown(filled: &Filled) -> String {
        let pairs = filled.fields.iter().map(|(name, value)| match value {
            Value::Plain(text) => format!("{name}={}", text.expose()),
            Value::Counted(secret) => {
                let sent = attempt::send(&[secret], &Lenient::default(), |texts| Secret::new(texts.concat()));
                format!("{name}={}", sent.unwrap().expose())
            }
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    fn url() -> Url {
        Url::parse("https://idp.example.com/login").unwrap()
    }

    /// What would be sent for this page: `name=value` of each field, or the code of the error.
    fn filled(auth: &mut FormAuth, html: &str) -> std::result::Result<Option<String>, Code> {
        let filled = auth.fill(&page(html), &url()).map_err(|e| e.code)?;
        Ok(filled.map(|(_, filled)| shown(&filled)))
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
                format!("<form method=post>{USER}{PASSWORD}<input type=password name=new></form>"),
                Code::PasswordChangeRequired,
            ),
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
    fn fields_are_sent_in_the_pages_encoding() {
        let text = |text: &str| Secret::new(text.into());
        let fields = vec![
            ("stadt".to_owned(), Value::Plain(text("München €"))),
            ("pw".to_owned(), Value::Counted(CountedSecret::new(text("ä")))),
        ];
        let encoded = |fields: &[(String, Value)], encoding| {
            encode(fields, encoding, &Lenient::default()).unwrap().expose().to_owned()
        };
        assert_eq!(encoded(&fields, encoding_rs::UTF_8), "stadt=M%C3%BCnchen+%E2%82%AC&pw=%C3%A4");
        assert_eq!(encoded(&fields, encoding_rs::WINDOWS_1252), "stadt=M%FCnchen+%80&pw=%E4");
        let greek = vec![("a".to_owned(), Value::Plain(text("α")))];
        assert_eq!(encoded(&greek, encoding_rs::WINDOWS_1252), "a=%26%23945%3B", "as browsers do");
    }

    #[test]
    fn what_comes_after_the_password_shows_what_became_of_it() {
        let login = format!("<form method=post>{USER}{PASSWORD}</form>");
        let table = [
            (login.as_str(), Shown::Refused),
            ("<form method=post><input name=otp autocomplete=one-time-code></form>", Shown::Accepted),
            ("<form method=post><input type=password name=a><input type=password name=b></form>", Shown::Accepted),
            ("<form method=post><button name=kmsi value=1>Yes</button></form>", Shown::Accepted),
            ("<iframe id=duo_iframe></iframe><form method=post><input type=password name=p></form>", Shown::Accepted),
            ("<form method=post><input type=email name=loginfmt></form>", Shown::NoVerdict),
            ("<title>Error</title><p>Wrong password</p>", Shown::NoVerdict),
            ("{\"error\": \"wrong password\"}", Shown::NoVerdict),
            ("", Shown::NoVerdict),
        ];
        for (html, expected) in table {
            let mut auth = auth(None, None);
            let (_, form) = auth.fill(&page(&login), &url()).unwrap().unwrap();
            let sent = encode(&form.fields, encoding_rs::UTF_8, auth.run.ledger).unwrap();
            auth.sent(sent.attempts());
            let _ = auth.fill(&page(html), &url());
            assert_eq!(sent.attempts()[0].shown(), expected, "{html}");
        }
    }
}
