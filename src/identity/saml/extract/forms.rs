//! Forms and their inputs, as a login needs to know them. `controls` reads them off a page.

use encoding_rs::Encoding;

use super::input::Asks;
use super::tree::NodeId;
use super::words::{self, Meaning};
use crate::error::printable;
use crate::secret::Secret;

/// A `<form>`.
#[derive(Debug)]
pub struct Form {
    pub name: Option<String>,
    pub id: Option<String>,
    /// As written; absent or empty means the page itself.
    pub action: Option<String>,
    pub method: Method,
    /// `enctype` in lower case; absent: `application/x-www-form-urlencoded`.
    pub enctype: Option<String>,
    /// The first encoding of `accept-charset` that there is.
    pub charset: Option<&'static Encoding>,
    /// In document order; also those outside the element that name it by `form=`.
    pub inputs: Vec<Input>,
    /// Within `<noscript>` there is a button, for those whose browser does not run the script that sends the form.
    pub has_noscript_button: bool,
    /// Something in it has a person prove that they are one.
    pub has_captcha: bool,
    /// What scripts set when somebody presses what sends it.
    pub clicks: Vec<Click>,
}

/// What the script of a button, or of a link that logs in, sets before the form goes out.
#[derive(Debug)]
pub struct Click {
    /// The button's place among the inputs. `None`: it is a link, or a button that sends nothing by itself.
    pub button: Option<usize>,
    /// Places of hidden inputs, and their values.
    pub sets: Vec<(usize, String)>,
}

/// How a form is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    /// Not at all: it closes a dialog.
    Dialog,
}

/// An `<input>`, `<button>`, `<select>` or `<textarea>`.
#[derive(Debug)]
pub struct Input {
    /// In lower case: `text` when absent or unknown; `submit` for a `<button>` without a type; `select`; `textarea`.
    pub kind: String,
    pub name: Option<String>,
    pub id: Option<String>,
    pub autocomplete: Option<String>,
    /// Its place on the page.
    pub(super) place: NodeId,
    /// What would be sent if nothing were changed. May be a SAML response or an anti-forgery token, hence a secret.
    pub value: Secret,
    /// What a person reads at it: its label, placeholder or the text before it; on a button what stands on it.
    pub label: String,
    /// Of a `select`: value and text of each option that can be chosen.
    pub options: Vec<(String, String)>,
    /// A person would see it.
    pub is_visible: bool,
    /// Itself, or as part of a disabled `<fieldset>`.
    pub is_disabled: bool,
    pub is_checked: bool,
    pub is_required: bool,
    /// Filled in by the page, and not to be changed.
    pub is_fixed: bool,
    /// For digits, by `inputmode` or because a few characters are all it takes.
    pub is_short: bool,
    /// As many characters as can be typed.
    pub max_length: Option<u32>,
    /// Beside it stands a picture that is made anew for each visitor.
    pub has_picture: bool,
    /// Of a button: where the form goes, how and in which form, in place of the form's own.
    pub form_action: Option<String>,
    pub form_method: Option<Method>,
    pub form_enctype: Option<String>,
    /// What is to be filled in, for an input in which a line of text is typed.
    pub asks: Option<Asks>,
}

impl Form {
    pub fn is_post(&self) -> bool {
        self.method == Method::Post
    }

    /// The places of the inputs that ask for this.
    pub fn asking(&self, asks: Asks) -> Vec<usize> {
        let fits = |(_, input): &(usize, &Input)| input.asks == Some(asks);
        self.inputs.iter().enumerate().filter(fits).map(|(at, _)| at).collect()
    }

    pub fn asks_for(&self, asks: Asks) -> bool {
        self.inputs.iter().any(|input| input.asks == Some(asks))
    }

    /// Whether a line of text is to be typed in, or a password.
    pub fn is_open(&self) -> bool {
        self.inputs.iter().any(|input| input.takes_text() || input.takes_password())
    }

    /// The buttons that send it and that a person can press.
    pub fn buttons(&self) -> impl Iterator<Item = (usize, &Input)> {
        self.inputs.iter().enumerate().filter(|(_, input)| input.is_usable() && input.sends())
    }
}

impl Input {
    /// Can be seen and used.
    pub fn is_usable(&self) -> bool {
        self.is_visible && !self.is_disabled
    }

    /// A line of text can be typed in.
    pub fn takes_text(&self) -> bool {
        self.is_usable()
            && !self.is_fixed
            && matches!(self.kind.as_str(), "text" | "email" | "tel" | "number" | "search" | "url")
    }

    pub fn takes_password(&self) -> bool {
        self.is_usable() && self.kind == "password"
    }

    /// A button that sends the form.
    pub fn sends(&self) -> bool {
        matches!(self.kind.as_str(), "submit" | "image")
    }

    pub fn is_called(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name) || self.id.as_deref() == Some(name)
    }

    /// Name or id, for a message.
    pub fn called(&self) -> String {
        printable(self.name.as_deref().filter(|name| !name.is_empty()).or(self.id.as_deref()).unwrap_or("unnamed"), 60)
    }

    /// Whether name or id is of this meaning.
    pub fn is_named(&self, meaning: Meaning) -> bool {
        [&self.name, &self.id].into_iter().flatten().any(|name| words::is_named(name, meaning))
    }
}
