//! Reads a page's bytes into a SAML response and the page's forms. Serves the settings `xpath` and `parser`.
//!
//! Pages come from the network and may be hostile. All that reads one is behind [`read`], which ends within its limit and
//! within 256 MB with a [`Page`] or an error, whatever page and expression are. The steps: `charset` (bytes → text), `html` or
//! `xml` (text → `tree`), then `visibility`, `controls`, `input`, `script`, `evaluate`, `elsewhere` and `classify` (tree →
//! [`Page`]), all on the thread of `fenced`. Only `classify` and `input` decide what a page and its inputs are for, by `signs`
//! and `words`.

pub mod accounts;
mod automatic;
mod captcha;
mod charset;
mod classify;
mod clicks;
mod controls;
mod document;
mod elsewhere;
mod evaluate;
mod fenced;
mod forms;
mod html;
mod input;
pub mod kind;
mod message;
pub mod product;
pub mod redact;
mod redirect;
mod script;
mod signs;
mod source;
mod stylesheet;
pub(super) mod tree;
mod visibility;
pub mod words;
pub(super) mod xml;
mod xpath;

use std::time::Duration;

use encoding_rs::Encoding;
use url::Url;
use zeroize::Zeroizing;

use self::classify::Facts;
pub use self::document::refresh_target;
pub use self::elsewhere::{Elsewhere, Place};
pub use self::forms::{Asks, Form, Input, Method};
pub use self::input::points;
pub use self::kind::{PageKind, Summary};
use self::xpath::Reading;
pub use self::xpath::XPath;
use crate::error::{Code, Result};
use crate::secret::Secret;
use crate::time::Deadline;

/// Limit of the bytes and of their text, equal to the caller's limit of bodies.
const MAX_BODY: usize = 4 << 20;

/// Real pages take less than a hundredth of this. A hostile one cannot use up a long deadline.
const MAX_TIME: Duration = Duration::from_secs(5);

/// What was read from a page. It borrows nothing from the page's bytes or tree.
#[derive(Debug)]
pub struct Page {
    /// The page's encoding, in which browsers submit its forms.
    pub encoding: &'static Encoding,
    /// Text of the first `<title>`, as written (not `printable`).
    pub title: Option<String>,
    /// First non-empty result of the XPath expression, trimmed.
    pub saml_response: Option<Secret>,
    /// In document order.
    pub forms: Vec<Form>,
    /// `<base href>`, as written.
    pub base_href: Option<String>,
    /// Target of `<meta http-equiv="refresh" content="0; url=…">` or of a script that does nothing but lead there, as written;
    /// only if it is due within ten seconds.
    pub meta_refresh: Option<String>,
    /// Index of the form that the page submits by itself, and index of the button that it presses.
    pub sends_itself: Option<(usize, Option<usize>)>,
    /// What may be a SAML response outside of the expression's result.
    pub elsewhere: Option<Elsewhere>,
    /// Address of the frame on a page without forms, as written.
    pub frame: Option<String>,
    /// What a person reads on it, a block each, printable.
    pub texts: Vec<String>,
    pub summary: Summary,
}

impl Page {
    pub fn resolve(&self, url: &Url, to: &str) -> Option<Url> {
        let base = self.base_href.as_deref().and_then(|href| url.join(href).ok());
        base.as_ref().unwrap_or(url).join(to).ok()
    }
}

/// Reads a page within `limit`. It is no error if the expression finds nothing.
///
/// Errors: [`PageTooLarge`](crate::error::Code::PageTooLarge), [`Timeout`](crate::error::Code::Timeout),
/// [`XpathTooCostly`](crate::error::Code::XpathTooCostly), [`InvalidXpath`](crate::error::Code::InvalidXpath) (a result
/// that is not text), and with `parser = "xml"` [`XpathNoMatch`](crate::error::Code::XpathNoMatch) for a page that is not
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
    fenced::run(limit.min(MAX_TIME), move |deadline| page(body, content_type, &xpath, deadline)).map_err(|e| {
        match e.code {
            // The page had all the time that any page gets: another try would not help.
            Code::Timeout if limit >= MAX_TIME => tree::too_large("it takes more than 5 s to read"),
            _ => e,
        }
    })
}

fn page(body: Zeroizing<Vec<u8>>, content_type: Option<String>, xpath: &XPath, deadline: Deadline) -> Result<Page> {
    let Some(second) = xpath.second() else { return reading(&body, content_type.as_deref(), xpath, deadline) };
    match reading(&body, content_type.as_deref(), xpath, deadline) {
        Ok(page) if page.saml_response.is_some() => return Ok(page),
        // Nothing was found, or the page is not XML.
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
    let text_of_json = elsewhere::json(&text);
    drop(text);
    let hidden = visibility::hidden(&tree);
    let title = document::title(&tree);
    let mut forms = controls::forms(&tree, &hidden);
    clicks::settle(&tree, &hidden, &mut forms);
    let saml_response = evaluate::first_value(&tree, xpath, deadline)?;
    let facts = Facts::of(&tree, &hidden, title.as_deref(), &mut forms, saml_response.is_some());
    let (summary, sends_itself) = (facts.summary(), facts.sends_itself());
    let elsewhere = if saml_response.is_none() { elsewhere::find(&tree, &forms, text_of_json) } else { None };
    Ok(Page {
        encoding,
        title,
        saml_response,
        base_href: document::base_href(&tree),
        meta_refresh: document::meta_refresh(&tree).or_else(|| redirect::of_scripts(&tree)),
        texts: message::texts(&tree, &hidden),
        frame: if forms.is_empty() { elsewhere::frame(&tree, &hidden) } else { None },
        forms,
        sends_itself,
        elsewhere,
        summary,
    })
}

#[cfg(test)]
mod tests;
