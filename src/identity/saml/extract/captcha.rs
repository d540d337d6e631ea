//! Captchas: the widgets of captcha services, and pictures whose text a person is to type.

use super::tree::{Element, NodeId, ROOT, Tree};
use super::words::{Meaning, is_named};

/// Whether the element is a captcha: a widget, or a picture, frame or input that is named as one.
pub fn is_captcha(element: &Element) -> bool {
    let is_called =
        || ["id", "name", "class", "src", "alt"].iter().any(|name| is_named(element.value(name), Meaning::Captcha));
    let can_be = element.is_any("img iframe canvas object audio button textarea")
        || element.is("input") && !element.value("type").eq_ignore_ascii_case("hidden");
    is_widget(element) || can_be && is_called()
}

/// Whether the script of a captcha service turns the element into its widget.
fn is_widget(element: &Element) -> bool {
    const CLASSES: [&str; 4] = ["g-recaptcha", "h-captcha", "cf-turnstile", "frc-captcha"];
    // What the person's answer is written into, by the script of the service.
    const ANSWERS: [&str; 3] = ["g-recaptcha-response", "h-captcha-response", "cf-turnstile-response"];
    element.attribute("data-sitekey").is_some()
        || element
            .value("class")
            .split_whitespace()
            .any(|class| CLASSES.contains(&class) || class.starts_with("geetest_"))
        || ANSWERS.contains(&element.value("name")) && element.value("value").is_empty()
        || element.is("altcha-widget")
}

/// Whether a visible widget stands outside of every form, where it guards the whole page.
pub fn stands_alone(tree: &Tree, hidden: &[bool]) -> bool {
    let is_in_form = |id: NodeId| {
        std::iter::successors(tree.parent(id), |id| tree.parent(*id))
            .any(|id| tree.element(id).is_some_and(|e| e.is("form")))
    };
    tree.elements(ROOT).any(|(id, element)| !hidden[id.index()] && is_widget(element) && !is_in_form(id))
}

/// Whether a picture is generated for each visitor, by its address: that of a program, not of a file. Logos, icons, QR codes
/// and tracking pixels are excluded.
pub fn is_generated(element: &Element) -> bool {
    let source = [element.value("src"), element.value("data")].into_iter().find(|source| !source.is_empty());
    let is_dot = |name| element.value(name).parse::<f64>().is_ok_and(|pixels| pixels <= 3.0);
    let is_other = ["id", "class", "alt", "src"].iter().any(|name| is_named(element.value(name), Meaning::Decoration));
    if !element.is_any("img object embed") || is_other || is_dot("width") || is_dot("height") {
        return element.is("canvas");
    }
    let Some(source) = source else { return false };
    if let Some(media) = source.strip_prefix("data:") {
        return ["image/png", "image/jpeg", "image/gif"].iter().any(|kind| media.starts_with(kind));
    }
    let (path, query) = source.split_once('?').unwrap_or((source, ""));
    let name = path.split(['#', ';']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let is_file = name.rsplit_once('.').is_some_and(|(_, kind)| {
        ["png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "bmp"].iter().any(|known| kind.eq_ignore_ascii_case(known))
    });
    !is_file || !query.is_empty()
}
