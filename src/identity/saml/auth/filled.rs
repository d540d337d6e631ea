//! A form as it is sent: where and how, by its own attributes and those of the button that is pressed, and what a browser would
//! send.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher, RandomState};

use encoding_rs::Encoding;
use url::Url;
use zeroize::Zeroizing;

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
    /// Between the parts of `multipart/form-data`.
    boundary: String,
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
            boundary: boundary(),
            fields: fields(form, values, button, encoding),
        }
    }

    /// The value of `Content-Type` for [`Self::body`].
    pub fn media_type(&self) -> String {
        match self.is_multipart() {
            true => format!("multipart/form-data; boundary={}", self.boundary),
            false => "application/x-www-form-urlencoded".to_owned(),
        }
    }

    fn is_multipart(&self) -> bool {
        self.method == Method::Post && self.enctype().as_deref() == Some("multipart/form-data")
    }

    fn enctype(&self) -> Option<String> {
        self.enctype.as_deref().map(|kind| kind.split(';').next().unwrap_or_default().trim().to_owned())
    }

    /// Whether a password or code is among the fields.
    pub fn has_secret(&self) -> bool {
        self.fields.iter().any(|(_, value)| matches!(value, Value::Counted(_)))
    }

    /// Refuses what would put a secret into an address, or is sent in a way that is not known here.
    pub fn check(&self, url: &Url) -> Result<()> {
        let why = match (self.method, self.enctype().as_deref()) {
            (Method::Get, _) if self.has_secret() => {
                "its form is sent by GET, which would put the password into a URL, or by a script"
            }
            (Method::Dialog, _) => "its form is not sent anywhere (method=dialog); a script logs in",
            (Method::Post, Some("text/plain")) => {
                "its form is sent as text/plain (enctype), from which no server can tell its fields"
            }
            (Method::Post, Some("multipart/form-data")) if self.encoding != encoding_rs::UTF_8 && !self.is_ascii() => {
                "its form is sent as multipart/form-data in another encoding than UTF-8, which fedcred does not do"
            }
            (Method::Get | Method::Post, _) => return Ok(()),
        };
        Err(unclear(url)
            .because(why)
            .hint("set `saml.auth = \"browser\"`, which logs in with a browser of this machine"))
    }

    fn is_ascii(&self) -> bool {
        self.fields.iter().all(|(name, value)| {
            let is_ascii = match value {
                Value::Plain(text) => text.expose().is_ascii(),
                Value::Counted(secret) => secret.mark().is_none_or(<[u8]>::is_ascii),
            };
            name.is_ascii() && is_ascii
        })
    }

    /// The fields as [`Self::media_type`] says (HTML, "form submission"), once the secrets among them are written down.
    ///
    /// Errors: those of [`attempt::send`].
    pub fn body(&self, ledger: &dyn Ledger) -> Result<Carried> {
        let counted = self.fields.iter().filter_map(|(_, value)| match value {
            Value::Plain(_) => None,
            Value::Counted(secret) => Some(secret),
        });
        attempt::send(&counted.collect::<Vec<_>>(), ledger, |texts| {
            let mut texts = texts.iter();
            let fields = self.fields.iter().map(|(name, value)| match value {
                Value::Plain(text) => (name.as_str(), text.expose()),
                Value::Counted(_) => (name.as_str(), texts.next().copied().unwrap_or_default()),
            });
            match self.is_multipart() {
                true => multipart(fields, &self.boundary),
                false => urlencoded(fields, self.encoding),
            }
        })
    }
}

fn urlencoded<'f>(fields: impl Iterator<Item = (&'f str, &'f str)>, encoding: &'static Encoding) -> Secret {
    let to_bytes = encoder(encoding);
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.encoding_override(Some(&to_bytes));
    form.extend_pairs(fields);
    Secret::new(form.finish())
}

fn encoder(encoding: &'static Encoding) -> impl Fn(&str) -> Cow<'_, [u8]> {
    move |text| encoding.encode(text).0
}

/// HTML, "multipart form data": names with `"` and line ends escaped, values with line ends as CR LF.
fn multipart<'f>(fields: impl Iterator<Item = (&'f str, &'f str)>, boundary: &str) -> Secret {
    let lines = |text: &str| Zeroizing::new(text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n"));
    let parts = fields.map(|(name, value)| {
        let name = lines(name).replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22");
        let value = lines(value);
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        Zeroizing::new(format!("{head}{}\r\n", value.as_str()))
    });
    let parts = Zeroizing::new(parts.fold(String::new(), |all, part| all + &part));
    Secret::new(format!("{}--{boundary}--\r\n", parts.as_str()))
}

/// Of 128 random bits, so that no value holds it.
fn boundary() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("----fedcred{:016x}{:016x}", random(), random())
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
    fn a_form_is_sent_in_parts_where_it_asks_for_that() {
        let html = "<meta charset=utf-8><form method=post enctype=Multipart/form-data><input name='a&quot;b' value='é\n1'>\
                    <input type=password name=pw><input type=file name=f></form>";
        let secret = Value::Counted(CountedSecret::new(Secret::new("p&w".into())));
        let filled = Filled::new(&page(html), 0, vec![(1, secret)], None);
        assert!(filled.check(&url()).is_ok());
        let kind = filled.media_type();
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        let part = |name: &str, value: &str| {
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        // A browser takes the line end out of the value of a text input; here it shows how one is written.
        let expected = [part("a%22b", "é\r\n1"), part("pw", "p&w"), format!("--{boundary}--\r\n")].concat();
        assert_eq!(filled.body(&Lenient::default()).unwrap().expose(), expected);
        assert_ne!(Filled::new(&page(html), 0, Vec::new(), None).media_type(), kind);
    }

    #[test]
    fn what_is_sent_in_another_way_is_refused_by_name() {
        for (attributes, why) in [
            ("method=get", "GET"),
            ("", "GET"),
            ("method=dialog", "dialog"),
            ("method=post accept-charset=latin1 enctype=multipart/form-data", "multipart/form-data"),
            ("method=post enctype='text/plain; charset=x'", "text/plain"),
        ] {
            let page = page(format!("<form {attributes}>{INPUTS}</form>"));
            let error =
                Filled::new(&page, 0, vec![(1, Value::Counted(CountedSecret::new(Secret::new("ä".into()))))], None)
                    .check(&url())
                    .unwrap_err();
            assert!(error.causes[0].contains(why), "{attributes}: {error:?}");
        }
    }
}
