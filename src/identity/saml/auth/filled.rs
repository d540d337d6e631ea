//! A form as it is sent: which button is pressed, what that button says of target and method, and what a browser would send.

use std::borrow::Cow;

use encoding_rs::Encoding;
use url::Url;

use crate::attempt::{self, Carried, CountedSecret, Ledger};
use crate::config::profile::FormLogin;
use crate::error::{Code, Error, Result, printable};
use crate::http::{shown, shown_path};
use crate::identity::saml::extract::vocabulary::{self as v, folded, says};
use crate::identity::saml::extract::{Asks, Form, Input, Method, Page};
use crate::secret::Secret;

/// A form, filled in.
pub struct Filled {
    /// The form's place on the page.
    pub index: usize,
    /// As written; absent or empty means the page itself.
    pub action: Option<String>,
    pub method: Method,
    enctype: Option<String>,
    encoding: &'static Encoding,
    pub fields: Vec<(String, Value)>,
}

/// What an input is sent with.
#[derive(Debug)]
pub enum Value {
    Plain(Secret),
    /// A password or a code: it leaves by [`Filled::body`] alone, which has it written down.
    Counted(CountedSecret),
}

impl Value {
    pub fn text(text: &str) -> Value {
        Value::Plain(Secret::new(text.to_owned()))
    }
}

impl Filled {
    /// The form at `index`, with `values` in place of those of its inputs, sent by `button` or by a script.
    pub fn new(page: &Page, index: usize, values: Vec<(usize, Value)>, button: Option<usize>) -> Self {
        let form = &page.forms[index];
        let pressed = button.map(|at| &form.inputs[at]);
        let encoding = form.charset.unwrap_or(page.encoding).output_encoding();
        Filled {
            index,
            action: pressed.and_then(|b| b.form_action.clone()).or_else(|| form.action.clone()),
            method: pressed.and_then(|b| b.form_method).unwrap_or(form.method),
            enctype: pressed.and_then(|b| b.form_enctype.clone()).or_else(|| form.enctype.clone()),
            encoding,
            fields: fields(form, values, button, encoding),
        }
    }

    /// Whether a password or code is among the fields.
    pub fn has_secret(&self) -> bool {
        self.fields.iter().any(|(_, value)| matches!(value, Value::Counted(_)))
    }

    /// Refuses what would put a secret into an address, or is sent in a way that is not known here.
    pub fn check(&self, url: &Url) -> Result<()> {
        let encoding = self.enctype.as_deref().map(|kind| kind.split(';').next().unwrap_or_default().trim().to_owned());
        let why = match (self.method, encoding.as_deref()) {
            (Method::Get, _) if self.has_secret() => {
                "its form is sent by GET, which would put the password into a URL; or a script sends it in another way"
            }
            (Method::Dialog, _) => "its form is not sent anywhere (method=dialog); a script does it in another way",
            (Method::Post, Some("multipart/form-data" | "text/plain")) => {
                "its form is sent as multipart/form-data or text/plain (enctype), which fedcred does not do"
            }
            (Method::Get | Method::Post, _) => return Ok(()),
        };
        Err(unclear(url)
            .because(why)
            .hint("set `saml.auth = \"browser\"`, which logs in with a browser of this machine"))
    }

    /// The fields as `application/x-www-form-urlencoded` text (HTML, "form submission"), once the secrets among them are
    /// written down.
    ///
    /// Errors: those of [`attempt::send`].
    pub fn body(&self, ledger: &dyn Ledger) -> Result<Carried> {
        let counted = self.fields.iter().filter_map(|(_, value)| match value {
            Value::Plain(_) => None,
            Value::Counted(secret) => Some(secret),
        });
        let encoding = self.encoding;
        attempt::send(&counted.collect::<Vec<_>>(), ledger, |texts| {
            let to_bytes = encoder(encoding);
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.encoding_override(Some(&to_bytes));
            let mut texts = texts.iter();
            for (name, value) in &self.fields {
                match value {
                    Value::Plain(text) => form.append_pair(name, text.expose()),
                    Value::Counted(_) => form.append_pair(name, texts.next().copied().unwrap_or_default()),
                };
            }
            Secret::new(form.finish())
        })
    }
}

fn encoder(encoding: &'static Encoding) -> impl Fn(&str) -> Cow<'_, [u8]> {
    move |text| encoding.encode(text).0
}

pub fn unclear(url: &Url) -> Error {
    Error::new(Code::LoginFormUnclear, format!("the login form at {} cannot be filled in", shown(url)))
}

/// Points of a button that says that it logs in, where it is to be expected.
const SURE: i32 = 5;

/// The button that a person would press to log in: the one that the settings name, else the one that says so, comes after
/// the input that was filled in last, and leads to nobody else.
///
/// Errors: [`Code::LoginFormUnclear`] if two do so equally well and the server could tell them apart.
pub fn button(form: &Form, login: &FormLogin, last_filled: Option<usize>, url: &Url) -> Result<Option<usize>> {
    if let Some(name) = &login.choices.button
        && let Some((at, _)) = form.buttons().find(|(_, button)| is_the_button(button, name))
    {
        return Ok(Some(at));
    }
    let rate = |at: usize, button: &Input| {
        let names = [&button.name, &button.id].into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
        let on_it = folded(&button.label);
        let programs = format!(
            "{} {} {}",
            names.join(" "),
            button.value.expose(),
            button.form_action.as_deref().unwrap_or_default()
        );
        let words = folded(&v::words(&programs).join(" "));
        let points =
            |table: &[(bool, i32)]| table.iter().filter(|(holds, _)| *holds).map(|(_, points)| points).sum::<i32>();
        points(&[
            (says(&on_it, v::LOG_IN), 3),
            (says(&words, v::LOG_IN), 2),
            (last_filled.is_some_and(|last| at > last), 2),
            (says(&on_it, v::OTHER_WAYS_IN) || says(&words, v::OTHER_WAYS_IN), -5),
            (says(&on_it, v::NOT_THIS) || says(&words, v::NOT_THIS), -5),
            (says(&on_it, v::SEND_FACTOR), -2),
        ])
    };
    let mut rated: Vec<(i32, usize)> = form.buttons().map(|(at, button)| (rate(at, button), at)).collect();
    rated.sort_by_key(|(points, at)| (-points, *at));
    match rated.as_slice() {
        [] => Ok(None),
        [(_, only)] => Ok(Some(*only)),
        [(best, at), (next, other), ..] => {
            let [a, b] = [&form.inputs[*at], &form.inputs[*other]];
            let is_same = a.name.as_deref().unwrap_or_default() == b.name.as_deref().unwrap_or_default()
                && a.value.expose() == b.value.expose()
                && a.form_action == b.form_action;
            if best == next && *best < SURE && !is_same {
                let all = form.buttons().map(|(_, button)| described(button)).collect::<Vec<_>>().join(", ");
                return Err(unclear(url)
                    .because(format!("it is not clear which button logs in: {}", printable(&all, 300)))
                    .hint("set `saml.button` to the name, value or text of the right one"));
            }
            Ok(Some(*at))
        }
    }
}

/// Whether `saml.button` means this one: its name, id, value, text, or `name=value`.
pub fn is_the_button(button: &Input, name: &str) -> bool {
    let value = button.value.expose();
    let both = format!("{}={value}", button.name.as_deref().unwrap_or_default());
    button.is_called(name)
        || !value.is_empty() && (value == name || both == name)
        || folded(&button.label) == folded(name)
}

fn described(button: &Input) -> String {
    let name = button.name.as_deref().unwrap_or_default();
    let pair =
        if name.is_empty() { button.called() } else { format!("{name}={}", printable(button.value.expose(), 40)) };
    match button.label.is_empty() {
        true => pair,
        false => format!("{pair} ({:?})", printable(&button.label, 40)),
    }
}

/// The forms of the page that `saml.form` names: by id, name, the path of its address, or its number.
pub fn named_forms(page: &Page, name: &str) -> Vec<usize> {
    let bare = name.trim_start_matches('#');
    let is_it = |(index, form): &(usize, &Form)| {
        let action = shown_path(form.action.as_deref().unwrap_or_default());
        form.id.as_deref() == Some(bare)
            || form.name.as_deref() == Some(bare)
            || !action.is_empty() && (action == name || action.ends_with(&format!("/{}", name.trim_start_matches('/'))))
            || name.parse() == Ok(index + 1)
    };
    page.forms.iter().enumerate().filter(is_it).map(|(index, _)| index).collect()
}

/// Forms in words, for a choice between them.
pub fn listed(page: &Page, indices: &[usize]) -> String {
    let one = |index: &usize| {
        let form = &page.forms[*index];
        let name = form.id.as_deref().or(form.name.as_deref()).filter(|name| !name.is_empty());
        let action = shown_path(form.action.as_deref().unwrap_or_default());
        match name {
            Some(name) => printable(name, 60),
            None if !action.is_empty() => printable(&action, 100),
            None => format!("{}", index + 1),
        }
    };
    indices.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What a browser would send (HTML, "constructing the entry list"): named, enabled controls with their values, checked
/// boxes, and the button that was pressed.
fn fields(
    form: &Form,
    values: Vec<(usize, Value)>,
    button: Option<usize>,
    encoding: &'static Encoding,
) -> Vec<(String, Value)> {
    let mut values = values;
    let radios = values.iter().map(|(at, _)| &form.inputs[*at]).filter(|input| input.kind == "radio");
    let chosen: Vec<String> = radios.filter_map(|input| input.name.clone()).collect();
    let mut fields = Vec::new();
    for (index, input) in form.inputs.iter().enumerate() {
        let name = input.name.clone().unwrap_or_default();
        if input.is_disabled {
            continue;
        }
        if input.kind == "image" {
            // Where the pointer was on it; the keyboard presses its corner.
            let prefix = if name.is_empty() { String::new() } else { format!("{name}.") };
            if button == Some(index) {
                fields.extend(["x", "y"].map(|axis| (format!("{prefix}{axis}"), Value::text("0"))));
            }
            continue;
        }
        if name.is_empty() {
            continue;
        }
        if let Some(at) = values.iter().position(|(i, _)| *i == index) {
            fields.push((name, values.swap_remove(at).1));
            continue;
        }
        if input.kind == "hidden" && name == "_charset_" {
            fields.push((name, Value::text(encoding.name())));
            continue;
        }
        let is_sent = match input.kind.as_str() {
            // Of the options with one name, one is chosen.
            "radio" => input.is_checked && !chosen.contains(&name),
            "checkbox" => input.is_checked,
            // Shibboleth, for one, knows by its button what the form is for.
            "submit" => button == Some(index),
            "button" | "reset" | "file" => false,
            _ => true,
        };
        if is_sent {
            fields.push((name, Value::Plain(input.value.duplicate())));
        }
    }
    fields
}

/// The values that `saml.form_fields` names, for the inputs of this form.
///
/// Errors: [`Code::LoginFormUnclear`] if a choice does not have the value, or one has to be made and none is named.
pub fn named_values(form: &Form, login: &FormLogin, url: &Url) -> Result<Vec<(usize, Value)>> {
    let mut values = Vec::new();
    for (name, value) in &login.choices.fields {
        let fitting =
            || form.inputs.iter().enumerate().filter(|(_, i)| i.is_called(name) && !i.is_disabled && !i.sends());
        let Some((first, input)) = fitting().next() else { continue };
        let is_meant = |text: &str| text == value || folded(text) == folded(value);
        match input.kind.as_str() {
            "select" => {
                let option = input.options.iter().find(|(own, text)| is_meant(own) || is_meant(text));
                let (own, _) = option.ok_or_else(|| no_such_choice(input, value, url))?;
                values.push((first, Value::text(own)));
            }
            "radio" | "checkbox" => {
                let chosen = fitting().find(|(_, i)| is_meant(i.value.expose()) || is_meant(&i.label));
                match chosen {
                    Some((at, chosen)) => values.push((at, Value::Plain(chosen.value.duplicate()))),
                    None if input.kind == "checkbox" && is_meant("true") => {
                        values.push((first, Value::Plain(input.value.duplicate())))
                    }
                    None => return Err(no_such_choice(input, value, url)),
                }
            }
            _ => values.push((first, Value::text(value))),
        }
    }
    Ok(values)
}

/// Refuses a form that leaves a choice open which a person has to make: a domain, a realm.
pub fn check_choices(form: &Form, values: &[(usize, Value)], url: &Url) -> Result<()> {
    const NAMES: (&[&str], &[&str]) = (
        &["domain", "realm", "tenant", "company", "organization", "organisation", "directory"],
        &["domain", "realm", "tenant"],
    );
    let open = form.inputs.iter().enumerate().find(|(at, input)| {
        let is_choice = input.kind == "select" && input.options.len() > 1 || input.asks == Some(Asks::Other);
        let is_empty = input.value.expose().trim().is_empty();
        let matters = input.is_required || input.kind == "select" && input.is_named(NAMES);
        is_choice && is_empty && matters && input.is_usable() && !values.iter().any(|(filled, _)| filled == at)
    });
    match open {
        None => Ok(()),
        Some((_, input)) => {
            let error = unclear(url).because(format!("it leaves {:?} open{}", input.called(), choices(input)));
            Err(error.hint(format!("set it: `saml.form_fields = {{ \"{}\" = \"…\" }}`", input.called())))
        }
    }
}

fn no_such_choice(input: &Input, value: &str, url: &Url) -> Error {
    unclear(url)
        .because(format!("{:?} cannot be {:?}{}", input.called(), printable(value, 60), choices(input)))
        .hint("set `saml.form_fields` to one of its choices")
}

fn choices(input: &Input) -> String {
    let all: Vec<String> = input
        .options
        .iter()
        .filter(|(value, _)| !value.is_empty())
        .map(|(value, text)| {
            if value == text || text.is_empty() {
                printable(value, 40)
            } else {
                format!("{} ({})", printable(value, 40), printable(text, 40))
            }
        })
        .collect();
    if all.is_empty() { String::new() } else { format!("; its choices: {}", printable(&all.join(", "), 300)) }
}

#[cfg(test)]
pub mod tests {
    use std::time::Duration;

    use super::*;
    use crate::attempt::tests::Lenient;
    use crate::config::profile::{DEFAULT_XPATH, FormChoices, Parser, SecretSource};
    use crate::identity::saml::extract::{self, XPath};

    fn page(html: impl AsRef<str>) -> Page {
        let xpath = XPath::parse(DEFAULT_XPATH, Parser::Html).unwrap();
        extract::read(html.as_ref().as_bytes().to_vec(), None, &xpath, Duration::from_secs(10)).unwrap()
    }

    fn login(button: Option<&str>) -> FormLogin {
        with_choices(FormChoices { button: button.map(str::to_owned), ..FormChoices::default() })
    }

    fn with_choices(choices: FormChoices) -> FormLogin {
        FormLogin { choices: Box::new(choices), ..FormLogin::new("alice".into(), SecretSource::Env("PW".into())) }
    }

    /// What is sent, not encoded.
    pub fn shown(value: &Value) -> String {
        match value {
            Value::Plain(text) => text.expose().to_owned(),
            Value::Counted(secret) => {
                let sent = attempt::send(&[secret], &Lenient::default(), |texts| Secret::new(texts.concat()));
                sent.unwrap().expose().to_owned()
            }
        }
    }

    /// The fields as `name=value`.
    pub fn shown_fields(filled: &Filled) -> String {
        filled.fields.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect::<Vec<_>>().join("&")
    }

    fn url() -> Url {
        Url::parse("https://idp.example.com/login").unwrap()
    }

    const INPUTS: &str = "<input name=user><input type=password name=pw>";

    /// What is sent, and where, when the form is filled in up to its password.
    fn sent(html: &str, named: Option<&str>) -> std::result::Result<String, Vec<String>> {
        let page = page(html);
        let form = &page.forms[0];
        let last = form.inputs.iter().position(|input| input.kind == "password");
        let button = button(form, &login(named), last, &url()).map_err(|error| error.causes)?;
        let filled = Filled::new(&page, 0, Vec::new(), button);
        let target = format!("{:?} {}", filled.method, filled.action.as_deref().unwrap_or_default());
        Ok(format!("{target}: {}", filled.body(&Lenient::default()).unwrap().expose()))
    }

    #[test]
    fn the_button_that_a_person_would_press_is_pressed() {
        let table = [
            (
                "<button name=provider value=google>Google</button>",
                "<button name=action value=login>Log in</button>",
                "action=login",
            ),
            ("", "<button name=a value=1>Mit Google anmelden</button><button name=a value=2>Anmelden</button>", "a=2"),
            ("", "<button name=a value=1>Forgot password?</button><button name=a value=2>Go</button>", "a=2"),
            ("", "<button name=a value=1>Passkey</button><button name=a value=2>S'identifier</button>", "a=2"),
            ("<button name=a value=1>Show password</button>", "<button name=b>Connexion</button>", "b="),
            (
                "",
                "<button>Cancel</button><input type=submit name=_eventId_proceed value=Login>",
                "_eventId_proceed=Login",
            ),
            ("", "<input type=image name=go src=x.png alt='Log in'>", "go.x=0&go.y=0"),
            ("", "<input type=image src=x.png>", "x=0&y=0"),
            ("", "<input type=submit name=only value='?'>", "only=%3F"),
        ];
        for (before, after, expected) in table {
            let html = format!("<form method=post action=/x>{before}{INPUTS}{after}</form>");
            assert_eq!(sent(&html, None), Ok(format!("Post /x: user=&pw=&{expected}")), "{html}");
        }
    }

    #[test]
    fn buttons_that_nobody_can_tell_apart_are_asked_about() {
        let html = format!(
            "<form method=post><button name=a value=1>Foo</button><button name=a value=2>Bar</button>{INPUTS}</form>"
        );
        let causes = sent(&html, None).unwrap_err();
        assert!(causes[0].contains("a=1 (\"Foo\"), a=2 (\"Bar\")"), "{causes:?}");
        for name in ["2", "Bar", "a=2"] {
            assert_eq!(sent(&html, Some(name)), Ok("Post : a=2&user=&pw=".into()), "{name}");
        }
    }

    #[test]
    fn a_button_says_where_and_how_its_form_goes() {
        let html = format!(
            "<form method=get action=/search>{INPUTS}<button formaction=/login formmethod=post name=go value=1>Log in</button></form>"
        );
        assert_eq!(sent(&html, None), Ok("Post /login: user=&pw=&go=1".into()));
        let html = format!("<form method=post action=/a>{INPUTS}<button formmethod=dialog>Log in</button></form>");
        assert_eq!(sent(&html, None), Ok("Dialog /a: user=&pw=".into()));
    }

    #[test]
    fn forms_are_sent_in_the_encoding_that_they_ask_for() {
        let form = |attributes: &str| {
            format!(
                "<meta charset=utf-8><form method=post {attributes}><input name=stadt value='München €'><input type=hidden name=_charset_></form>"
            )
        };
        let table = [
            ("", "stadt=M%C3%BCnchen+%E2%82%AC&_charset_=UTF-8"),
            ("accept-charset='unknown, windows-1252'", "stadt=M%FCnchen+%80&_charset_=windows-1252"),
            ("accept-charset='ISO-8859-1'", "stadt=M%FCnchen+%80&_charset_=windows-1252"),
        ];
        for (attributes, expected) in table {
            let page = page(form(attributes));
            assert_eq!(
                Filled::new(&page, 0, Vec::new(), None).body(&Lenient::default()).unwrap().expose(),
                expected,
                "{attributes}"
            );
        }
        let greek = page("<meta charset=windows-1252><form method=post><input name=a value='&alpha;'></form>");
        assert_eq!(
            Filled::new(&greek, 0, Vec::new(), None).body(&Lenient::default()).unwrap().expose(),
            "a=%26%23945%3B",
            "as browsers do"
        );
    }

    #[test]
    fn what_is_sent_in_another_way_is_refused_by_name() {
        for (attributes, why) in [
            ("method=get", "GET"),
            ("", "GET"),
            ("method=dialog", "dialog"),
            ("method=post enctype=multipart/form-data", "multipart/form-data"),
            ("method=post enctype='text/plain; charset=x'", "text/plain"),
        ] {
            let page = page(format!("<form {attributes}>{INPUTS}</form>"));
            let error =
                Filled::new(&page, 0, vec![(1, Value::Counted(CountedSecret::new(Secret::new("x".into()))))], None)
                    .check(&url())
                    .unwrap_err();
            assert!(error.causes[0].contains(why), "{attributes}: {error:?}");
        }
    }

    #[test]
    fn choices_are_made_by_the_settings_and_listed_where_they_are_not() {
        let page = page(
            "<form method=post><select name=domain required><option value=''>Choose</option><option value=A>Corp A</option><option>B</option></select></form>",
        );
        let with = |value: &str| {
            with_choices(FormChoices { fields: vec![("domain".into(), value.into())], ..FormChoices::default() })
        };
        let form = &page.forms[0];
        let error = check_choices(form, &[], &url()).unwrap_err();
        assert!(
            error.causes[0].contains("A (Corp A), B") && error.hint.unwrap().contains("form_fields"),
            "{:?}",
            error.causes
        );
        for (value, expected) in [("A", "A"), ("corp a", "A"), ("B", "B")] {
            assert_eq!(shown(&named_values(form, &with(value), &url()).unwrap()[0].1), expected);
        }
        let error = named_values(form, &with("C"), &url()).unwrap_err();
        assert!(error.causes[0].contains("A (Corp A), B"), "{:?}", error.causes);
    }
}
