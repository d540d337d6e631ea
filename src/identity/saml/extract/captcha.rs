//! What keeps programs out: the widgets of captcha services, and pictures whose text a person is to type.

use super::tree::{Element, NodeId, ROOT, Tree};
use super::words::{Meaning, is_named};

/// A picture, frame or input that is there to keep programs out.
pub fn is_captcha(element: &Element) -> bool {
    let names = ["id", "name", "class", "src", "alt"].map(|name| element.attribute(name).unwrap_or_default());
    let is_called = || names.iter().any(|name| is_named(name, Meaning::Captcha));
    let can_be =
        ["img", "iframe", "canvas", "object", "audio", "button", "textarea"].iter().any(|name| element.is(name))
            || element.is("input") && element.attribute("type").is_none_or(|kind| !kind.eq_ignore_ascii_case("hidden"));
    is_widget(element) || can_be && is_called()
}

/// What a captcha's script turns into one.
pub fn is_widget(element: &Element) -> bool {
    let mut classes = element.attribute("class").unwrap_or_default().split_whitespace();
    element.attribute("data-sitekey").is_some()
        || classes.any(|class| {
            matches!(class, "g-recaptcha" | "h-captcha" | "cf-turnstile" | "frc-captcha" | "geetest_captcha")
        })
        || element.is("altcha-widget")
}

/// Whether a widget stands outside of every form, where it guards the whole page.
pub fn stands_alone(tree: &Tree, hidden: &[bool]) -> bool {
    let is_in_form = |id: NodeId| {
        std::iter::successors(tree.parent(id), |id| tree.parent(*id))
            .any(|id| tree.element(id).is_some_and(|e| e.is("form")))
    };
    tree.descendants(ROOT)
        .filter(|id| !hidden[id.index()] && tree.element(*id).is_some_and(is_widget))
        .any(|id| !is_in_form(id))
}

/// Whether a picture is made anew for each visitor, by its address: that of a program, not of a file. Logos, icons, QR codes and
/// pictures that only count visits are none.
pub fn is_made_anew(element: &Element) -> bool {
    let attribute = |name| element.attribute(name).unwrap_or_default();
    let source = ["src", "data"].into_iter().map(attribute).find(|source| !source.is_empty()).unwrap_or_default();
    let is_dot = |name| attribute(name).trim().parse::<f64>().is_ok_and(|pixels| pixels <= 3.0);
    let is_other = ["id", "class", "alt", "src"].map(attribute).iter().any(|name| is_named(name, Meaning::Decoration));
    if !["img", "object", "embed"].iter().any(|name| element.is(name))
        || is_other
        || is_dot("width")
        || is_dot("height")
    {
        return element.is("canvas");
    }
    if let Some(media) = source.strip_prefix("data:") {
        return ["image/png", "image/jpeg", "image/gif"].iter().any(|kind| media.starts_with(kind));
    }
    let (path, query) = source.split_once('?').unwrap_or((source, ""));
    let name = path.split(['#', ';']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let is_file = name.rsplit_once('.').is_some_and(|(_, kind)| {
        ["png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "bmp"].iter().any(|known| kind.eq_ignore_ascii_case(known))
    });
    !source.is_empty() && (!is_file || !query.is_empty())
}
