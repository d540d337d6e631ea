//! Redacts a page for a bug report: its structure and messages stay.
//!
//! Whatever is not known to be harmless is replaced by its length: values, scripts, queries, unknown attributes, and words
//! that look like a token, an e-mail address or one of `names`.

use std::fmt::Write;
use std::time::Duration;

use zeroize::Zeroizing;

use super::tree::{Element, NodeId, ROOT, Tree};
use super::{charset, fenced, html, script};
use crate::error::{Result, printable};

/// Returns the page as HTML. `names` are words that must not occur in it, such as the user name.
///
/// Errors: those of [`super::read`].
pub fn redacted(
    body: Zeroizing<Vec<u8>>,
    content_type: Option<String>,
    names: Vec<String>,
    limit: Duration,
) -> Result<String> {
    fenced::run(limit, move |deadline| {
        let (text, _) = charset::html(&body, content_type.as_deref());
        let tree = html::read(&text, deadline)?;
        let names = names.iter().map(|name| name.to_lowercase()).filter(|name| !name.is_empty()).collect();
        Ok(Redaction { tree: &tree, names, out: "<!DOCTYPE html>\n".to_owned() }.run())
    })
}

/// Attributes whose values describe the element and not its user.
const HARMLESS: &str = "id name class type method for autocomplete role style hidden disabled checked selected http-equiv rel form \
    lang tabindex charset enctype target property";
const ADDRESSES: &str = "action href src";
/// Elements without an end tag.
const VOID: &str = "input br img meta link base hr area";

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
        let value = value.trim();
        if is_one_of(name, ADDRESSES) {
            // An address of these schemes is a script or the content itself.
            let has_scheme = |scheme: &&str| value.get(..scheme.len()).is_some_and(|v| v.eq_ignore_ascii_case(scheme));
            if ["javascript:", "data:", "blob:"].iter().any(has_scheme) {
                return code(value);
            }
            let path = value.split(['?', '#', ';']).next().unwrap_or_default();
            return if path.len() == value.len() { self.words(path) } else { format!("{}?…", self.words(path)) };
        }
        if name.starts_with("on") {
            return code(value);
        }
        let is_page_id = element.is("meta") && element.attribute("name") == Some("PageID");
        if is_one_of(name, HARMLESS) || name == "content" && is_page_id {
            return self.words(value);
        }
        length(value)
    }

    /// Replaces suspicious words and keeps white space.
    fn words(&self, text: &str) -> String {
        let mut out = String::new();
        for part in text.split_inclusive(char::is_whitespace) {
            let word = part.trim_end();
            let lower = word.to_lowercase();
            match word.contains('@') || self.names.iter().any(|name| lower.contains(name.as_str())) {
                true => out.push_str(&length(word)),
                false => without_tokens(word, &mut out),
            }
            out.push_str(&part[word.len()..]);
        }
        out
    }

    fn close(&mut self, id: Option<NodeId>) {
        let Some(element) = id.and_then(|id| self.tree.element(id)) else { return };
        if !element.is_any(VOID) {
            let _ = write!(self.out, "</{}>", element.name);
        }
    }
}

/// Writes the word with each part that looks like a token replaced by its length.
fn without_tokens(word: &str, out: &mut String) {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '+' | '=' | '~' | '.' | '%');
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        let bare = run.trim_matches('.');
        match bare.is_empty() || !is_token(bare) {
            true => out.push_str(run),
            false => out.push_str(&run.replacen(bare, &length(bare), 1)),
        }
        let next = after.find(is_part).unwrap_or(after.len());
        out.push_str(&after[..next]);
        rest = &after[next..];
    }
}

/// Whether a run of letters, digits and what joins them is more likely a ticket, session id or code than a word. A word that
/// is mistaken for one does little harm to a bug report.
fn is_token(run: &str) -> bool {
    let segments: Vec<&str> = run.split(|c: char| !c.is_alphanumeric()).filter(|segment| !segment.is_empty()).collect();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    let (is_upper, is_lower) = (|c: char| c.is_uppercase(), |c: char| c.is_lowercase());
    let all_digits = digits(run);
    let letters = run.chars().filter(|c| c.is_alphabetic()).count();
    // `AttributeReleaseRejected` consists of words.
    let is_words = |segment: &str| {
        let capitals = segment.chars().filter(|c| is_upper(*c)).count();
        capitals > 0 && segment.len() >= 4 * capitals && digits(segment) == 0
    };
    let bare = |segment: &str| segment.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    let is_long = |segment: &&str| {
        let has_digits = digits(&bare(segment)) > 0 || digits(segment) > 2;
        segment.len() >= 16 && has_digits || segment.len() >= 24 && !is_words(&bare(segment))
    };
    // Digits between letters, or mixed case with digits (`aZ9`, `8x7w`); not a number at the end of a word (`col3`, `TextBox1`).
    let is_mixed = |segment: &&&str| {
        let inner = bare(segment);
        let has_digits = digits(&inner) > 0 && inner.chars().any(char::is_alphabetic);
        let has_kinds = segment.chars().any(is_upper) && segment.chars().any(is_lower);
        has_digits || digits(segment) > 0 && has_kinds && !is_words(&inner)
    };
    let mixed = segments.iter().filter(is_mixed).count();
    // Tickets of CAS: `ST-12-…`, `TGT-4-…`.
    let is_ticket = matches!(segments.as_slice(), [kind, number, _, ..]
        if kind.len() <= 8 && kind.chars().any(is_upper) && digits(number) == number.len());
    let sizes: Vec<usize> = segments.iter().map(|segment| segment.len()).collect();
    let is_hex = || segments.iter().all(|segment| segment.chars().all(|c| c.is_ascii_hexdigit()));
    let is_uuid = sizes == [8, 4, 4, 4, 12] && is_hex();
    let has_all_kinds = run.chars().any(is_upper) && run.chars().any(is_lower) && all_digits > 0;
    segments.iter().any(is_long)
        || is_ticket
        || is_uuid
        || run.starts_with("eyJ")
        || all_digits >= 6 && (letters == 0 || all_digits * 2 >= letters)
        || run.len() >= 10 && mixed >= 1 && all_digits >= 2
        || run.len() >= 12 && mixed >= 2
        || run.len() >= 20 && has_all_kinds && mixed >= 1
}

/// Whether its content is not text for people; the markup in `<noscript>` is one text here.
fn is_code(element: &Element) -> bool {
    element.is_any("script style noscript textarea")
}

fn is_one_of(name: &str, list: &str) -> bool {
    list.split(' ').any(|known| known == name)
}

fn code(text: &str) -> String {
    let submits = if script::submits(text) { "; submits a form" } else { "" };
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
    fn tickets_of_any_make_go_from_wherever_they_stand() {
        let tickets = [
            "ST-12-abc9xy-Qw_8r-node1",
            "LT-99-aZ9_qk-7",
            "TGT-4-Zz_9y-8x7w-Qq1-cas",
            "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
            "00Ab3_dE-fG7hIjKlMn_o",
            "_a75adf55-01d7-40cc-929f-dbd8372ebdfc",
            "eyJhbGciOiJub25lIn0.e30.x-_y",
            "4f9c2d7e11",
            "A1B2-C3D4-E5F6",
            "0048221739",
        ];
        for ticket in tickets {
            let page = redact(&format!(
                r#"<form action="/cas/{ticket}/login;s={ticket}?t={ticket}" id="t{ticket}" class="a {ticket}"><input name="f_{ticket}" value="{ticket}" placeholder="{ticket}">
                <a href="javascript:go('{ticket}')">x</a><img src="data:x,{ticket}"><p title="{ticket}">Your ticket is {ticket}. ({ticket})</p><style>#{ticket}{{}}</style></form>"#
            ));
            assert!(!page.contains(ticket), "{ticket}: {page}");
            assert!(page.contains("action=\"/cas/[") && page.contains("/login?…"), "{page}");
        }
    }

    #[test]
    fn words_of_templates_stay() {
        for word in [
            "kc-passwd-update-form",
            "_shib_idp_consentIds",
            "_eventId_AttributeReleaseRejected",
            "col-md-6",
            "h2",
            "i0116",
            "okta-signin-widget-7.14.0",
            "loginForm:username",
            "ctl00_ContentPlaceHolder1_UsernameTextBox",
            "pf.username",
            "formsAuthenticationArea",
            "userNameInput",
            "jquery-3.7.1.min.js",
            "MSIS7012",
        ] {
            let mut out = String::new();
            without_tokens(word, &mut out);
            assert_eq!(out, word);
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
                (page.summary.kind, page.forms.len())
            };
            assert_eq!(kind(&original), kind(&redact(&original)), "{name}");
        }
    }
}
