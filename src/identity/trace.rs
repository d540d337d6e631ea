//! The answers of a login and the page on which it ended, for commands that explain it. Other commands keep no trace.

use std::cell::RefCell;

use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use super::saml::extract::kind::title;
use super::saml::extract::product::Product;
use super::saml::extract::{Form, Input, Page, PageKind, Summary};
use crate::error::printable;
use crate::http::client::Response;
use crate::http::{shown, shown_path};
use crate::time::{self, Timestamp};

/// The answers of one login, in order.
#[derive(Debug, Default)]
pub struct Trace {
    hops: RefCell<Vec<Hop>>,
    last: RefCell<Option<LastPage>>,
}

#[derive(Clone, Debug)]
pub struct Hop {
    /// Without its query.
    pub url: String,
    pub is_post: bool,
    pub status: u16,
    /// The server's clock and ours when the answer came.
    pub date: Option<Timestamp>,
    pub at: Timestamp,
    /// The authentication schemes on offer, as written: `Negotiate`, `Basic`.
    pub offered: Vec<String>,
    /// DER of the server's TLS certificate.
    pub certificate: Option<Vec<u8>>,
    /// The page. `None` for a redirect or a challenge.
    pub page: Option<Sight>,
}

/// The page on which a login ended, as received. It may hold an assertion.
#[derive(Debug)]
pub struct LastPage {
    pub content_type: Option<String>,
    pub body: Zeroizing<Vec<u8>>,
}

/// A description of a page, without the values on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sight {
    pub title: Option<String>,
    pub product: Option<Product>,
    /// Whether the product was seen running, and not only its templates.
    pub is_proven: bool,
    pub kind: PageKind,
    /// The page's error message, else its heading.
    pub says: Option<String>,
    pub forms: Vec<FormSight>,
    /// "looks like a login page of Keycloak"
    pub in_words: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormSight {
    /// Without its query; empty for the page itself.
    pub action: String,
    pub method: &'static str,
    pub fields: Vec<FieldSight>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldSight {
    pub name: String,
    /// `text`, `password`, `hidden`, …
    pub kind: String,
    pub is_visible: bool,
}

impl Trace {
    pub fn hops(&self) -> Vec<Hop> {
        self.hops.borrow().clone()
    }

    /// The last page: with the assertion, or the one on which the login failed.
    pub fn take_last_page(&self) -> Option<LastPage> {
        self.last.take()
    }

    /// The description of the last page.
    pub fn last_sight(&self) -> Option<Sight> {
        self.hops.borrow().iter().rev().find_map(|hop| hop.page.clone())
    }

    pub fn answered(&self, answer: &Response, is_post: bool) {
        let scheme = |header: &String| {
            let word = header.split([' ', ',']).next().unwrap_or_default();
            Some(printable(word, 40)).filter(|word| !word.is_empty())
        };
        self.hops.borrow_mut().push(Hop {
            url: shown(&answer.url),
            is_post,
            status: answer.status,
            date: answer.date,
            at: time::now(),
            offered: answer.www_authenticate.iter().filter_map(scheme).collect(),
            certificate: answer.peer_certificate.clone(),
            page: None,
        });
    }

    /// Notes the page in the last answer, before it is read.
    pub fn came(&self, answer: &Response) {
        let (content_type, body) = (answer.content_type.clone(), answer.body.clone());
        self.last.replace(Some(LastPage { content_type, body }));
    }

    /// Notes the description of that page.
    pub fn read(&self, page: &Page, url: &Url) {
        if let Some(hop) = self.hops.borrow_mut().last_mut() {
            hop.page = Some(Sight::of(page, Some(url)));
        }
    }
}

impl Sight {
    /// `url` is the page's address, if known: it shows the product if the page has no marks.
    pub fn of(page: &Page, url: Option<&Url>) -> Sight {
        let mut summary: Summary = page.summary.clone();
        summary.product = summary.product.or_else(|| url.and_then(Product::of_address));
        Sight {
            title: title(page),
            product: summary.product,
            is_proven: summary.product.is_some_and(Product::is_proven),
            kind: summary.kind,
            in_words: summary.to_string(),
            says: summary.says,
            forms: page.forms.iter().map(FormSight::of).collect(),
        }
    }
}

impl FormSight {
    fn of(form: &Form) -> FormSight {
        let action = shown_path(form.action.as_deref().unwrap_or_default());
        let name = |input: &Input| input.name.clone().or_else(|| input.id.clone());
        let field = |input: &Input| FieldSight {
            name: printable(&name(input).unwrap_or_default(), 60),
            kind: input.kind.clone(),
            is_visible: input.is_visible,
        };
        FormSight {
            action: printable(&action, 200),
            method: if form.is_post() { "POST" } else { "GET" },
            fields: form.inputs.iter().map(field).collect(),
        }
    }
}
