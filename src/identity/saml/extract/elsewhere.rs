//! A SAML response outside the place that the expression names: in a textarea, in JSON, in a string of a script, in the
//! `srcdoc` of a frame. The caller decides whether it is one.

use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::forms::Form;
use super::tree::{ROOT, Tree};
use crate::secret::Secret;

/// What may be a SAML response, and where it was found.
#[derive(Debug)]
pub struct Elsewhere {
    pub encoded: Secret,
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Textarea,
    Json,
    Script,
    /// The `srcdoc` of an `<iframe>`.
    Frame,
}

impl Place {
    pub fn in_words(self) -> &'static str {
        match self {
            Place::Textarea => "in a textarea",
            Place::Json => "in JSON",
            Place::Script => "in a script",
            Place::Frame => "in a frame",
        }
    }
}

const NAME: &str = "SAMLResponse";
/// Any response in base64 is longer.
const SHORTEST: usize = 100;
/// Nested objects and lists.
const MAX_DEPTH: usize = 32;

/// The response in a body that is JSON.
pub fn json(text: &str) -> Option<Elsewhere> {
    let text = text.trim_start();
    if !text.starts_with(['{', '[']) || !text.to_ascii_lowercase().contains("saml") {
        return None;
    }
    let value: Value = serde_json::from_str(text).ok()?;
    let encoded = in_value(&value, 0)?;
    Some(Elsewhere { encoded: Secret::new(encoded.to_owned()), place: Place::Json })
}

fn in_value(value: &Value, depth: usize) -> Option<&str> {
    let deeper = |value| if depth < MAX_DEPTH { in_value(value, depth + 1) } else { None };
    match value {
        Value::Object(fields) => {
            let own = fields.iter().find(|(name, _)| {
                let name: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
                matches!(name.as_str(), "samlresponse" | "samlassertion" | "samlresponsebase64" | "saml")
            });
            own.and_then(|(_, value)| value.as_str())
                .filter(|text| is_base64(text))
                .or_else(|| fields.values().find_map(deeper))
        }
        Value::Array(items) => items.iter().find_map(deeper),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// A textarea comes first, then `json`, then scripts and frames in document order.
pub fn find(tree: &Tree, forms: &[Form], json: Option<Elsewhere>) -> Option<Elsewhere> {
    let found = |text: &str, place| Some(Elsewhere { encoded: Secret::new(text.to_owned()), place });
    let inputs = forms.iter().flat_map(|form| &form.inputs);
    let mut textareas = inputs.filter(|input| input.kind == "textarea" && input.is_called(NAME));
    if let Some(input) = textareas.find(|input| is_base64(input.value.expose().trim())) {
        return found(input.value.expose().trim(), Place::Textarea);
    }
    if json.is_some() {
        return json;
    }
    tree.elements(ROOT).find_map(|(id, element)| match () {
        () if element.is("script") => found(&in_text(&tree.text_content(id))?, Place::Script),
        () if element.is("iframe") => found(&in_text(element.attribute("srcdoc")?)?, Place::Frame),
        () => None,
    })
}

/// The address of the first visible frame that shows another page.
pub fn frame(tree: &Tree, hidden: &[bool]) -> Option<String> {
    let visible = tree.elements(ROOT).filter(|(id, _)| !hidden[id.index()]).map(|(_, element)| element);
    let frames = visible.filter(|e| e.is_any("iframe frame") && e.attribute("srcdoc").is_none());
    // Most addresses are relative to the page's.
    let is_page = |src: &&str| !src.is_empty() && Url::parse(src).map_or(true, |url| url.scheme().starts_with("http"));
    frames.filter_map(|e| e.attribute("src").map(str::trim)).find(is_page).map(str::to_owned)
}

/// The string in quotes that follows the name, as `SAMLResponse: "…"`, `name="SAMLResponse" value="…"` or
/// `append('SAMLResponse', '…')`.
fn in_text(text: &str) -> Option<Zeroizing<String>> {
    text.match_indices(NAME).find_map(|(at, _)| {
        let after = &text[at + NAME.len()..];
        // Between name and value there are a few quotes, brackets and words.
        let near = after.char_indices().take(80).last().map_or(0, |(at, c)| at + c.len_utf8());
        let start = after[..near].char_indices().find_map(|(at, c)| {
            let rest = &after[at + c.len_utf8()..];
            (matches!(c, '"' | '\'' | '`') && base64_length(rest) >= SHORTEST).then_some(at + c.len_utf8())
        })?;
        let mut plain = Zeroizing::new(after[start..start + base64_length(&after[start..])].to_owned());
        for (escaped, character) in ESCAPES {
            plain = Zeroizing::new(plain.replace(escaped, character));
        }
        Some(plain)
    })
}

/// How a script may write the characters of base64.
const ESCAPES: [(&str, &str); 11] = [
    ("\\/", "/"),
    ("\\u002b", "+"),
    ("\\u002B", "+"),
    ("\\u003d", "="),
    ("\\u003D", "="),
    ("\\x2b", "+"),
    ("\\x2B", "+"),
    ("\\x3d", "="),
    ("\\x3D", "="),
    ("\\x2f", "/"),
    ("\\x2F", "/"),
];

/// Length of the base64 at the beginning, as a script may write it.
fn base64_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '\\'))).unwrap_or(text.len())
}

fn is_base64(text: &str) -> bool {
    text.len() >= SHORTEST
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=') || b.is_ascii_whitespace())
}
