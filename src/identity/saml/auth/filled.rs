//! A form as a browser would send it: where and how, by its attributes and those of the button that is pressed, and which fields.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher, RandomState};

use encoding_rs::Encoding;
use url::Url;

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
                "its form is sent as multipart/form-data in another encoding than UTF-8, which fedcred does not support"
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
            let fields: Vec<(&str, &str)> = fields.collect();
            match self.is_multipart() {
                true => multipart(&fields, &self.boundary),
                false => urlencoded(&fields, self.encoding),
            }
        })
    }
}

fn urlencoded(fields: &[(&str, &str)], encoding: &'static Encoding) -> Secret {
    let to_bytes = encoder(encoding);
    // A character takes at most six times its length (`&#945;`, percent-encoded).
    let mut form = url::form_urlencoded::Serializer::new(text_for(fields, 6, 2));
    form.encoding_override(Some(&to_bytes));
    form.extend_pairs(fields);
    Secret::new(form.finish())
}

fn encoder(encoding: &'static Encoding) -> impl Fn(&str) -> Cow<'_, [u8]> {
    move |text| encoding.encode(text).0
}

/// HTML, "multipart form data": names with `"` and line ends escaped, values with line ends as CR LF.
fn multipart(fields: &[(&str, &str)], boundary: &str) -> Secret {
    let mut body = text_for(fields, 6, boundary.len() + 64);
    for (name, value) in fields {
        let name = name.replace("\r\n", "\n").replace(['\r', '\n'], "%0D%0A").replace('"', "%22");
        body.extend(["--", boundary, "\r\nContent-Disposition: form-data; name=\"", name.as_str(), "\"\r\n\r\n"]);
        let mut rest = *value;
        while let Some(at) = rest.find(['\r', '\n']) {
            body.extend([&rest[..at], "\r\n"]);
            rest = rest[at..].strip_prefix("\r\n").unwrap_or(&rest[at + 1..]);
        }
        body.extend([rest, "\r\n"]);
    }
    body.extend(["--", boundary, "--\r\n"]);
    Secret::new(body)
}

/// An empty text for these fields, whose characters take at most `times` their length, and `more` bytes for each. It is never
/// reallocated, so that no copy of a secret stays in freed memory.
fn text_for(fields: &[(&str, &str)], times: usize, more: usize) -> String {
    let size = |(name, value): &(&str, &str)| times * (name.len() + value.len()) + more;
    String::with_capacity(fields.iter().map(size).sum::<usize>() + more)
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
    for (index, input) in form.inputs.iter().enumerate().filter(|(_, input)| !input.is_disabled) {
        let name = input.name.clone().unwrap_or_default();
        let is_pressed = button == Some(index);
        if input.kind == "image" {
            // The position of the pointer; with the keyboard it is the corner.
            let prefix = if name.is_empty() { String::new() } else { format!("{name}.") };
            let position = ["x", "y"].map(|axis| (format!("{prefix}{axis}"), Value::text("0")));
            fields.extend(position.into_iter().filter(|_| is_pressed));
            continue;
        }
        if name.is_empty() {
            continue;
        }
        let value = match (values.iter().position(|(i, _)| *i == index), input.kind.as_str()) {
            (Some(at), _) => values.swap_remove(at).1,
            (None, "hidden") if name == "_charset_" => Value::text(encoding.name()),
            // Of the radio buttons with one name, only one is sent.
            (None, "radio") if !input.is_checked || chosen.contains(&name) => continue,
            (None, "checkbox") if !input.is_checked => continue,
            // Servers such as Shibboleth tell by the button what the form is for.
            (None, "submit") if !is_pressed => continue,
            (None, "button" | "reset" | "file") => continue,
            (None, _) => Value::Plain(input.value.duplicate()),
        };
        fields.push((name, value));
    }
    fields
}

#[cfg(test)]
pub mod tests;
