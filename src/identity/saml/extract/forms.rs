//! Forms and their inputs, as far as a login needs them. `controls` reads them from a page.

use encoding_rs::Encoding;

use super::tree::NodeId;
use super::words::{self, Meaning};
use crate::error::printable;
use crate::secret::Secret;

#[derive(Debug)]
pub struct Form {
    pub name: Option<String>,
    pub id: Option<String>,
    /// As written; absent or empty means the page itself.
    pub action: Option<String>,
    pub method: Method,
    /// `enctype` in lower case; absent: `application/x-www-form-urlencoded`.
    pub enctype: Option<String>,
    /// The first known encoding of `accept-charset`.
    pub charset: Option<&'static Encoding>,
    /// In document order, with those outside the element that name it by `form=`.
    pub inputs: Vec<Input>,
    /// A button in `<noscript>` submits the form if the script that does so cannot run.
    pub has_noscript_button: bool,
    /// It has a captcha.
    pub has_captcha: bool,
    /// What click handlers set before the form is submitted.
    pub clicks: Vec<Click>,
}

/// What the click handler of a button, or of a link that logs in, sets before the form is submitted.
#[derive(Debug)]
pub struct Click {
    /// The button's index among the inputs. `None` for a link, or a button that does not submit by itself.
    pub button: Option<usize>,
    /// Indices of hidden inputs, and their values.
    pub sets: Vec<(usize, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    /// It closes a dialog and sends nothing.
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
    /// Its node in the tree.
    pub(super) place: NodeId,
    /// The value that is sent unchanged. A secret, since it may be a SAML response or an anti-forgery token.
    pub value: Secret,
    /// What a person reads: label, placeholder or the text before the input; the text of a button.
    pub label: String,
    /// Value and text of each enabled option of a `select`.
    pub options: Vec<(String, String)>,
    /// Whether a person would see it.
    pub is_visible: bool,
    /// Disabled itself, or in a disabled `<fieldset>`.
    pub is_disabled: bool,
    pub is_checked: bool,
    pub is_required: bool,
    /// Read-only with a value.
    pub is_fixed: bool,
    /// For a few digits, by `inputmode` or `maxlength`.
    pub is_short: bool,
    /// Most characters that it takes.
    pub max_length: Option<u32>,
    /// Beside it is a picture that is generated for each visitor.
    pub has_picture: bool,
    /// Action, method and encoding type of a button, in place of the form's own.
    pub form_action: Option<String>,
    pub form_method: Option<Method>,
    pub form_enctype: Option<String>,
    /// What has to be filled in. `None` if it takes no line of text.
    pub asks: Option<Asks>,
}

/// What has to be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The user name.
    User,
    /// The current password.
    Password,
    /// A password that is being set.
    NewPassword,
    /// A one-time code, or PIN and token.
    Code,
    /// The text of a picture.
    Captcha,
    /// Another line of text.
    Other,
}

impl Form {
    pub fn is_post(&self) -> bool {
        self.method == Method::Post
    }

    /// The indices of the inputs that ask for this.
    pub fn asking(&self, asks: Asks) -> Vec<usize> {
        let fits = |(_, input): &(usize, &Input)| input.asks == Some(asks);
        self.inputs.iter().enumerate().filter(fits).map(|(at, _)| at).collect()
    }

    pub fn asks_for(&self, asks: Asks) -> bool {
        self.inputs.iter().any(|input| input.asks == Some(asks))
    }

    /// Whether it takes a line of text or a password.
    pub fn is_open(&self) -> bool {
        self.inputs.iter().any(|input| input.takes_text() || input.takes_password())
    }

    /// The usable buttons that submit it, with their indices.
    pub fn buttons(&self) -> impl Iterator<Item = (usize, &Input)> {
        self.inputs.iter().enumerate().filter(|(_, input)| input.is_usable() && input.sends())
    }
}

impl Input {
    /// Whether a person can see and use it.
    pub fn is_usable(&self) -> bool {
        self.is_visible && !self.is_disabled
    }

    /// Whether it takes a line of text.
    pub fn takes_text(&self) -> bool {
        self.is_usable()
            && !self.is_fixed
            && matches!(self.kind.as_str(), "text" | "email" | "tel" | "number" | "search" | "url")
    }

    pub fn takes_password(&self) -> bool {
        self.is_usable() && self.kind == "password"
    }

    /// Whether it is a button that submits the form.
    pub fn sends(&self) -> bool {
        matches!(self.kind.as_str(), "submit" | "image")
    }

    /// Whether this is its name or id.
    pub fn is_called(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name) || self.id.as_deref() == Some(name)
    }

    /// Name or id, for a message.
    pub fn called(&self) -> String {
        printable(self.name.as_deref().filter(|name| !name.is_empty()).or(self.id.as_deref()).unwrap_or("unnamed"), 60)
    }

    /// Whether its name or id has this meaning.
    pub fn is_named(&self, meaning: Meaning) -> bool {
        [&self.name, &self.id].into_iter().flatten().any(|name| words::is_named(name, meaning))
    }
}
