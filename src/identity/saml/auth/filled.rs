//! A form as a browser would send it: where and how, by its attributes and those of the button that is pressed, and which fields.

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
    /// Index of the form on the page.
    pub index: usize,
    /// As written; absent or empty means the page itself.
    pub action: Option<String>,
    pub method: Method,
    enctype: Option<String>,
    encoding: &'static Encoding,
    /// The boundary of `multipart/form-data`.
    boundary: String,
    pub fields: Vec<(String, Value)>,
}

/// The value of a field.
#[derive(Debug)]
pub enum Value {
    Plain(Secret),
    /// A password or a code. Only [`Filled::body`] exposes it, after it has recorded the attempt.
    Counted(CountedSecret),
}

impl Value {
    pub fn text(text: &str) -> Value {
        Value::Plain(Secret::new(text.to_owned()))
    }
}

impl Filled {
    /// Fills in the form at `index`: `values` replace those of its inputs, and `button` or a script submits it.
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

    /// Refuses a form that would put a secret into a URL, or whose encoding is not supported.
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

    /// Encodes the fields as [`Self::media_type`] says (HTML, "form submission"), after recording the attempts with secrets.
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

/// A boundary of 128 random bits, so that no value contains it.
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
            // The position of the pointer; with the keyboard it is the corner.
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
            // Of the radio buttons with one name, only one is sent.
            "radio" => input.is_checked && !chosen.contains(&name),
            "checkbox" => input.is_checked,
            // Servers such as Shibboleth tell by the button what the form is for.
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
pub mod tests;
