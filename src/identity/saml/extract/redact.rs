//! A page fit for a bug report: its structure and what it tells, without what it carries.
//!
//! What is not known to be harmless is replaced by its length: values, scripts, queries, attributes nobody here reads, and
//! words that look like a token, an address or one of `names`.

use std::fmt::Write;
use std::time::Duration;

use zeroize::Zeroizing;

use super::tree::{Element, NodeId, ROOT, Tree};
use super::{charset, fence, forms, html};
use crate::error::{Result, printable};

/// The page as HTML. `names`: words that must not stand in it, such as the user's name.
///
/// Errors: those of [`super::read`].
pub fn redacted(
    body: Zeroizing<Vec<u8>>,
    content_type: Option<String>,
    names: Vec<String>,
    limit: Duration,
) -> Result<String> {
    fence::run(limit, move |deadline| {
        let (text, _) = charset::html(&body, content_type.as_deref());
        let tree = html::read(&text, deadline)?;
        let names = names.iter().map(|name| name.to_lowercase()).filter(|name| !name.is_empty()).collect();
        Ok(Redaction { tree: &tree, names, out: "<!DOCTYPE html>\n".to_owned() }.run())
    })
}

/// Whose values say what an element is for, and nothing of who uses it.
const HARMLESS: [&str; 22] = [
    "id",
    "name",
    "class",
    "type",
    "method",
    "for",
    "autocomplete",
    "role",
    "style",
    "hidden",
    "disabled",
    "checked",
    "selected",
    "http-equiv",
    "rel",
    "form",
    "lang",
    "tabindex",
    "charset",
    "enctype",
    "target",
    "property",
];
const ADDRESSES: [&str; 3] = ["action", "href", "src"];
/// Elements that are never closed.
const VOID: [&str; 8] = ["input", "br", "img", "meta", "link", "base", "hr", "area"];

struct Redaction<'a> {
    tree: &'a Tree,
    names: Vec<String>,
    out: String,
}

impl Redaction<'_> {
    fn run(mut self) -> String {
        let mut open: Vec<NodeId> = Vec::new();
        for id in self.tree.descendants(ROOT) {
            while open.last().is_some_and(|top| self.tree.parent(id) != Some(*top)) {
                self.close(open.pop());
            }
            if let Some(element) = self.tree.element(id) {
                self.open(id, element);
                open.push(id);
            } else if let Some(text) = self.tree.text(id) {
                let is_code = open.last().and_then(|top| self.tree.element(*top)).is_some_and(is_code);
                if !is_code {
                    let text = self.words(text);
                    self.out.push_str(&escape(&text));
                }
            }
        }
        while let Some(id) = open.pop() {
            self.close(Some(id));
        }
        self.out.push('\n');
        self.out
    }

    fn open(&mut self, id: NodeId, element: &Element) {
        let _ = write!(self.out, "<{}", element.name);
        for attribute in &element.attributes {
            let name = attribute.name.as_str();
            let value = self.attribute(element, name, &attribute.value);
            let _ = write!(self.out, " {}=\"{}\"", printable(name, 60), escape(&value));
        }
        self.out.push('>');
        if is_code(element) {
            self.out.push_str(&code(&self.tree.text_content(id)));
        }
    }

    fn attribute(&self, element: &Element, name: &str, value: &str) -> String {
        if ADDRESSES.contains(&name) {
            let path = value.split(['?', '#', ';']).next().unwrap_or_default();
            return if path.len() == value.len() { self.words(path) } else { format!("{}?…", self.words(path)) };
        }
        if name.starts_with("on") {
            return code(value);
        }
        let is_page_id = element.is("meta") && element.attribute("name") == Some("PageID");
        if HARMLESS.contains(&name) || name == "content" && is_page_id {
            return self.words(value);
        }
        length(value)
    }

    /// The text with white space as it is and suspicious words replaced.
    fn words(&self, text: &str) -> String {
        let mut out = String::new();
        for part in text.split_inclusive(char::is_whitespace) {
            let word = part.trim_end();
            let is_long = |run: &str| run.len() >= 24 || run.len() >= 16 && run.bytes().any(|b| b.is_ascii_digit());
            let is_token = word.split(|c: char| !c.is_ascii_alphanumeric() && c != '+' && c != '=').any(is_long);
            let lower = word.to_lowercase();
            let is_name = self.names.iter().any(|name| lower.contains(name.as_str()));
            match word.contains('@') || is_name || is_token {
                true => out.push_str(&format!("{}{}", length(word), &part[word.len()..])),
                false => out.push_str(part),
            }
        }
        out
    }

    fn close(&mut self, id: Option<NodeId>) {
        let Some(element) = id.and_then(|id| self.tree.element(id)) else { return };
        if !VOID.contains(&element.name.as_str()) {
            let _ = write!(self.out, "</{}>", element.name);
        }
    }
}

/// What is within is no text for people: `<noscript>`'s markup is one text here.
fn is_code(element: &Element) -> bool {
    ["script", "style", "noscript", "textarea"].iter().any(|name| element.is(name))
}

fn code(text: &str) -> String {
    let submits = if forms::submits(text) { "; submits a form" } else { "" };
    format!("[{} characters{submits}]", text.chars().count())
}

fn length(text: &str) -> String {
    match text.chars().count() {
        0 => String::new(),
        count => format!("[{count} characters]"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(html: &str) -> String {
        let names = vec!["alice".to_owned()];
        redacted(Zeroizing::new(html.as_bytes().to_vec()), None, names, Duration::from_secs(30)).unwrap()
    }

    #[test]
    fn the_structure_stays_and_what_it_carries_goes() {
        let page = redact(
            r#"<title>Sign in, Alice</title><meta name="PageID" content="ConvergedTFA"><meta name="x" content="s3cret">
            <form id=f method=post action="/login;jsessionid=abc?execution=e1" onsubmit="f.submit('s3cret')" data-sid="s3cret">
            <input type=hidden name=csrf value="s3cret"><input name=user value="Alice Smith">
            <textarea name=t>s3cret</textarea><select name=o><option value="s3cret">Corp</option></select></form>
            <p>Hello alice@example.com, your code 0123456789abcdef0123 is &lt;wrong&gt;</p>
            <script>var t="s3cret"; f.submit();</script><noscript><input value="s3cret"></noscript><!-- s3cret -->"#,
        );
        for gone in ["s3cret", "lice", "0123456789", "jsessionid", "execution", "Smith"] {
            assert!(!page.contains(gone), "{gone}: {page}");
        }
        for kept in [
            "<title>Sign in, [5 characters]</title>",
            r#"content="ConvergedTFA""#,
            r#"action="/login?…""#,
            r#"onsubmit="[18 characters; submits a form]""#,
            r#"<input type="hidden" name="csrf" value="[6 characters]">"#,
            "Corp",
            "Hello [18 characters] your code [20 characters] is &lt;wrong&gt;",
            "<script>[27 characters; submits a form]</script>",
        ] {
            assert!(page.contains(kept), "{kept}: {page}");
        }
    }

    #[test]
    fn a_redacted_page_still_looks_like_itself() {
        for name in ["adfs-login", "keycloak-otp", "keycloak-error", "shibboleth-consent", "pingfederate-login"] {
            let path = format!("{}/tests/data/pages/{name}.html", env!("CARGO_MANIFEST_DIR"));
            let original = std::fs::read_to_string(path).unwrap();
            let kind = |html: &str| {
                let xpath = super::super::XPath::parse("//x", crate::config::profile::Parser::Html).unwrap();
                let page = super::super::read(html.into(), None, &xpath, Duration::from_secs(30)).unwrap();
                (page.looks.kind, page.forms.len())
            };
            assert_eq!(kind(&original), kind(&redact(&original)), "{name}");
        }
    }
}
