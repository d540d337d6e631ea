//! From a page's bytes to a SAML response and the page's forms.

use std::time::Duration;

use crate::config::profile::Parser;
use crate::error::Result;
use crate::secret::Secret;

/// What was read off a page. Everything is owned; the page's bytes and tree are gone.
#[derive(Debug)]
pub struct Page {
    /// Text of the first `<title>`, as it stands on the page (not yet `printable`).
    pub title: Option<String>,
    /// First non-empty result of the XPath expression, white space at both ends stripped.
    pub saml_response: Option<Secret>,
    /// In document order.
    pub forms: Vec<Form>,
    /// `<base href>`, as written.
    pub base_href: Option<String>,
    /// Target of `<meta http-equiv="refresh" content="0; url=…">`, as written.
    pub meta_refresh: Option<String>,
    pub has_submit_script: bool,
}

/// A `<form>`.
#[derive(Debug)]
pub struct Form {
    /// As written; absent or empty means the page itself.
    pub action: Option<String>,
    pub is_post: bool,
    /// In document order; also those outside the element that name it by `form=`.
    pub inputs: Vec<Input>,
}

/// An `<input>`, `<button>`, `<select>` or `<textarea>`.
#[derive(Debug)]
pub struct Input {
    /// In lower case: `text` when absent or unknown; `submit` for a `<button>` without a type; `select`; `textarea`.
    pub kind: String,
    pub name: Option<String>,
    pub id: Option<String>,
    pub autocomplete: Option<String>,
    /// May be a SAML response or an anti-forgery token, hence a secret.
    pub value: Secret,
    /// Neither `type=hidden`, nor `hidden`, nor `style` with `display:none` or `visibility:hidden`, on it or around it.
    pub is_visible: bool,
    pub is_disabled: bool,
    pub is_checked: bool,
}

/// An expression that was checked and normalised: it can be evaluated without a panic or an overflow.
#[derive(Clone, Debug)]
pub struct XPath {
    _todo: (),
}

impl XPath {
    /// Errors: [`crate::error::Code::InvalidXpath`].
    pub fn parse(_text: &str, _parser: Parser) -> Result<Self> {
        todo!()
    }
}

/// Reads a page within `limit`, whatever it holds.
pub fn read(_body: Vec<u8>, _content_type: Option<String>, _xpath: &XPath, _limit: Duration) -> Result<Page> {
    todo!()
}
