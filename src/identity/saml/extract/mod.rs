//! From a page's bytes to a SAML response and the page's forms. Serves the settings `xpath` and `parser`.
//!
//! Pages come from the network and may be made to harm: everything that reads one is behind [`read`], which ends within
//! its limit in a [`Page`] or an error, within 256 MB, whatever the page and the expression are. The way of a page:
//! `charset` (bytes → text), `html` or `xml` (text → `tree`), then `visibility`, `controls`, `input`, `script`, `evaluate`,
//! `elsewhere` and `facts` (tree → [`Page`]), in a `fenced`. What a page and its inputs are for is decided in `facts` and `input`,
//! by signs and by `words`; everybody else asks for the verdict.

pub mod accounts;
mod captcha;
mod charset;
mod clicks;
mod controls;
mod document;
mod elsewhere;
mod evaluate;
mod facts;
mod fenced;
mod forms;
mod html;
mod input;
pub mod kind;
mod passing;
pub mod product;
pub mod redact;
mod says;
mod script;
mod signs;
mod source;
mod stylesheet;
mod tree;
mod visibility;
pub mod words;
mod xml;
mod xpath;

use std::time::Duration;

use encoding_rs::Encoding;
use url::Url;
use zeroize::Zeroizing;

pub use self::elsewhere::{Elsewhere, Place};
use self::facts::Facts;
pub use self::forms::{Form, Input, Method};
pub use self::input::Asks;
pub use self::kind::{PageKind, Summary};
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
    /// The form that the page sends by itself, and the button that it presses, as places among the forms and its inputs.
    pub sends_itself: Option<(usize, Option<usize>)>,
    /// A SAML response where the expression does not look.
    pub elsewhere: Option<Elsewhere>,
    /// What a page without a form shows in a frame, as written.
    pub frame: Option<String>,
    pub summary: Summary,
}

impl Page {
    /// Where a relative address on the page leads.
    pub fn resolve(&self, url: &Url, to: &str) -> Option<Url> {
        let base = self.base_href.as_deref().and_then(|href| url.join(href).ok());
        base.as_ref().unwrap_or(url).join(to).ok()
    }
}

/// Reads a page within `limit`, whatever it holds. A page on which the expression finds nothing is not an error.
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
        meta_refresh: document::meta_refresh(&tree),
        frame: if forms.is_empty() { elsewhere::frame(&tree, &hidden) } else { None },
        forms,
        sends_itself,
        elsewhere,
        summary,
    })
}

#[cfg(test)]
mod tests;
