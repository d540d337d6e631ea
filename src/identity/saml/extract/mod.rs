//! From a page's bytes to a SAML response and the page's forms. Serves the settings `xpath` and `parser`.
//!
//! Pages come from the network and may be made to harm: everything that reads one is behind [`read`], which ends within
//! its limit in a [`Page`] or an error, within 256 MB, whatever the page and the expression are. The way of a page:
//! `charset` (bytes → text), `html` or `xml` (text → `tree`), `forms`, `evaluate` and `looks` (tree → [`Page`]), in a
//! `fence`.

pub mod accounts;
mod charset;
mod evaluate;
mod fence;
mod forms;
mod html;
pub mod looks;
pub mod product;
pub mod purpose;
pub mod redact;
mod tree;
mod xml;
mod xpath;

use std::time::Duration;

use encoding_rs::Encoding;
use zeroize::Zeroizing;

use self::looks::{Known, Looks};
use self::xpath::Reading;
pub use self::xpath::XPath;
use crate::error::{Code, Result};
use crate::secret::Secret;
use crate::time::Deadline;

/// Of the bytes and of their text. The caller's cap on bodies is the same.
const MAX_BODY: usize = 4 << 20;

/// No honest page takes a hundredth of this, so a long deadline is not burnt on one that is not.
const MAX_TIME: Duration = Duration::from_secs(5);

/// What was read off a page. Everything is owned; the page's bytes and tree are gone.
#[derive(Debug)]
pub struct Page {
    /// The page's own encoding, in which browsers answer its forms.
    pub encoding: &'static Encoding,
    /// Text of the first `<title>`, as it stands on the page (not yet `printable`).
    pub title: Option<String>,
    /// First non-empty result of the XPath expression, white space at both ends stripped.
    pub saml_response: Option<Secret>,
    /// In document order.
    pub forms: Vec<Form>,
    /// `<base href>`, as written.
    pub base_href: Option<String>,
    /// Target of `<meta http-equiv="refresh" content="0; url=…">`, as written; only if it is due within ten seconds.
    pub meta_refresh: Option<String>,
    /// A script on the page submits a form or presses a button. A hint only: login pages have such scripts as well.
    pub has_submit_script: bool,
    pub looks: Looks,
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
    /// What would be sent if nothing were changed. May be a SAML response or an anti-forgery token, hence a secret.
    pub value: Secret,
    /// Neither `type=hidden`, nor `hidden`, nor `style` with `display:none` or `visibility:hidden`, on it or around it.
    pub is_visible: bool,
    /// Itself, or as part of a disabled `<fieldset>`.
    pub is_disabled: bool,
    pub is_checked: bool,
}

/// Reads a page within `limit`, whatever it holds. A page on which the expression finds nothing is no error.
///
/// Errors: [`PageTooLarge`](crate::error::Code::PageTooLarge), [`Timeout`](crate::error::Code::Timeout),
/// [`XpathTooCostly`](crate::error::Code::XpathTooCostly), [`InvalidXpath`](crate::error::Code::InvalidXpath) (a result
/// that is no text), and with `parser = "xml"` [`XpathNoMatch`](crate::error::Code::XpathNoMatch) for a page that is not
/// well-formed.
pub fn read(body: Vec<u8>, content_type: Option<String>, xpath: &XPath, limit: Duration) -> Result<Page> {
    let body = Zeroizing::new(body);
    if body.len() > MAX_BODY {
        return Err(tree::too_large("more than 4 MiB"));
    }
    if limit.is_zero() {
        return Err(Deadline::after(limit).error("before the identity provider's page was read"));
    }
    let xpath = xpath.clone();
    fence::run(limit.min(MAX_TIME), move |deadline| page(body, content_type, &xpath, deadline)).map_err(|e| {
        match e.code {
            // With that much time it is the page's fault, and another try would not help.
            Code::Timeout if limit >= MAX_TIME => tree::too_large("it takes more than 5 s to read"),
            _ => e,
        }
    })
}

fn page(body: Zeroizing<Vec<u8>>, content_type: Option<String>, xpath: &XPath, deadline: Deadline) -> Result<Page> {
    let Some(second) = xpath.second() else { return reading(&body, content_type.as_deref(), xpath, deadline) };
    match reading(&body, content_type.as_deref(), xpath, deadline) {
        Ok(page) if page.saml_response.is_some() => return Ok(page),
        // Nothing there, or no XML at all.
        Ok(_) => (),
        Err(error) if error.code == Code::XpathNoMatch => (),
        Err(error) => return Err(error),
    }
    let page = reading(&body, content_type.as_deref(), second, deadline)?;
    if page.saml_response.is_some() {
        tracing::info!("the strict reading of the page found no SAML response, the one for browsers did");
    }
    Ok(page)
}

fn reading(body: &[u8], content_type: Option<&str>, xpath: &XPath, deadline: Deadline) -> Result<Page> {
    let (text, encoding) = match xpath.reading() {
        Reading::Html => charset::html(body, content_type),
        Reading::Xml => charset::xml(body).ok_or_else(|| {
            xml::not_well_formed("", 0, "it is not in the encoding that its byte order mark or declaration names")
        })?,
    };
    if text.len() > MAX_BODY {
        return Err(tree::too_large("more than 4 MiB of text"));
    }
    let tree = match xpath.reading() {
        Reading::Html => html::read(&text, deadline)?,
        Reading::Xml => xml::read(&text, deadline)?,
    };
    drop(text);
    let (title, forms) = (forms::title(&tree), forms::forms(&tree));
    let saml_response = evaluate::first_value(&tree, xpath, deadline)?;
    let has_submit_script = forms::has_submit_script(&tree);
    let known =
        Known { forms: &forms, title: title.as_deref(), has_saml_response: saml_response.is_some(), has_submit_script };
    let looks = looks::of(&tree, &known);
    Ok(Page {
        encoding,
        title,
        saml_response,
        forms,
        base_href: forms::base_href(&tree),
        meta_refresh: forms::meta_refresh(&tree),
        has_submit_script,
        looks,
    })
}

#[cfg(test)]
mod tests;
