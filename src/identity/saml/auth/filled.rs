//! A form as it is sent: where and how, by its own attributes and those of the button that is pressed, and what a browser would
//! send.

use std::borrow::Cow;

use encoding_rs::Encoding;
use url::Url;

use crate::attempt::{self, Carried, CountedSecret, Ledger};
use crate::error::{Code, Error, Result};
use crate::http::shown;
use crate::identity::saml::extract::{Form, Method, Page};
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
        let mut values = values;
        if let Some(click) = form.clicks.iter().find(|click| click.button == button) {
            values.extend(click.sets.iter().map(|(at, value)| (*at, Value::text(value))));
        }
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

#[cfg(test)]
pub mod tests {
    use std::time::Duration;

    use super::*;
    use crate::attempt::tests::Lenient;
    use crate::config::profile::{DEFAULT_XPATH, FormChoices, FormLogin, Parser, SecretSource};
    use crate::identity::saml::extract::{self, XPath};

    pub fn page(html: impl AsRef<str>) -> Page {
        let xpath = XPath::parse(DEFAULT_XPATH, Parser::Html).unwrap();
        extract::read(html.as_ref().as_bytes().to_vec(), None, &xpath, Duration::from_secs(10)).unwrap()
    }

    fn login(button: Option<&str>) -> FormLogin {
        with_choices(FormChoices { button: button.map(str::to_owned), ..FormChoices::default() })
    }

    pub fn with_choices(choices: FormChoices) -> FormLogin {
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

    pub fn url() -> Url {
        Url::parse("https://idp.example.com/login").unwrap()
    }

    pub const INPUTS: &str = "<input name=user><input type=password name=pw>";

    /// What is sent, and where, when the form is filled in up to its password.
    pub fn sent(html: &str, named: Option<&str>) -> std::result::Result<String, Vec<String>> {
        let page = page(html);
        let form = &page.forms[0];
        let last = form.inputs.iter().position(|input| input.kind == "password");
        let button = super::super::button::button(form, &login(named), last, &url()).map_err(|error| error.causes)?;
        let filled = Filled::new(&page, 0, Vec::new(), button);
        let target = format!("{:?} {}", filled.method, filled.action.as_deref().unwrap_or_default());
        Ok(format!("{target}: {}", filled.body(&Lenient::default()).unwrap().expose()))
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
}
