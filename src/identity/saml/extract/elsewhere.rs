//! A SAML response that is not where the expression looks: in a textarea, in JSON, in a script's string, in a frame's own
//! text. Whether it is one, and whether it is taken, is decided by who asks.

use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::forms::Form;
use super::tree::{ROOT, Tree};
use crate::secret::Secret;

/// What may be one.
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
/// Shorter than any response in base64.
const SHORTEST: usize = 100;
/// Objects and lists within each other.
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

/// The first that the tree holds, or else the one that was in JSON.
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
    for id in tree.descendants(ROOT) {
        let Some(element) = tree.element(id) else { continue };
        if element.is("script")
            && let Some(text) = in_text(&tree.text_content(id))
        {
            return found(&text, Place::Script);
        }
        if element.is("iframe")
            && let Some(text) = element.attribute("srcdoc").and_then(in_text)
        {
            return found(&text, Place::Frame);
        }
    }
    None
}

/// The address of the first visible frame whose content is another page's.
pub fn frame(tree: &Tree, hidden: &[bool]) -> Option<String> {
    let visible = tree.descendants(ROOT).filter(|id| !hidden[id.index()]).filter_map(|id| tree.element(id));
    let frames = visible.filter(|e| (e.is("iframe") || e.is("frame")) && e.attribute("srcdoc").is_none());
    // Most addresses are relative to the page's.
    let is_page = |src: &&str| !src.is_empty() && Url::parse(src).map_or(true, |url| url.scheme().starts_with("http"));
    frames.filter_map(|e| e.attribute("src").map(str::trim)).find(is_page).map(str::to_owned)
}

/// The string in quotes that follows the name, as `SAMLResponse: "…"`, `name="SAMLResponse" value="…"` or
/// `append('SAMLResponse', '…')`.
fn in_text(text: &str) -> Option<Zeroizing<String>> {
    text.match_indices(NAME).find_map(|(at, _)| {
        let after = &text[at + NAME.len()..];
        // What stands between is a few quotes, brackets and words.
        let near = after.char_indices().take(80).last().map_or(0, |(at, c)| at + c.len_utf8());
        let start = after[..near].char_indices().find_map(|(at, c)| {
            let rest = &after[at + c.len_utf8()..];
            (matches!(c, '"' | '\'' | '`') && base64_length(rest) >= SHORTEST).then_some(at + c.len_utf8())
        })?;
        let raw = &after[start..start + base64_length(&after[start..])];
        let plain = raw
            .replace("\\/", "/")
            .replace("\\u002b", "+")
            .replace("\\u002B", "+")
            .replace("\\u003d", "=")
            .replace("\\u003D", "=");
        Some(Zeroizing::new(
            plain
                .replace("\\x2b", "+")
                .replace("\\x2B", "+")
                .replace("\\x3d", "=")
                .replace("\\x3D", "=")
                .replace("\\x2f", "/")
                .replace("\\x2F", "/"),
        ))
    })
}

/// How far base64 goes, as a script may write it.
fn base64_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '\\'))).unwrap_or(text.len())
}

fn is_base64(text: &str) -> bool {
    text.len() >= SHORTEST
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=') || b.is_ascii_whitespace())
}
