//! What a page tells a person that has gone wrong: the element that is made for it, else the sentence that complains.

use super::kind::PageKind;
use super::product::Mark;
use super::tree::{Element, NodeId, ROOT, Tree};
use super::words::{Meaning, folded, says, words};
use crate::error::printable;

/// As much as is told of it.
const MAX: usize = 300;

/// Where products put it.
const MARKS: [Mark; 8] = [
    Mark::Id("kc-error-message"),
    Mark::Class("kc-feedback-text"),
    Mark::Id("input-error"),
    Mark::Id("errorText"),
    Mark::Id("errorMessage"),
    Mark::Class("form-error"),
    Mark::Class("output--error"),
    Mark::Class("ping-error"),
];

/// A page for anything else than an error says it only where it marks it as a message, or complains. Fit for a terminal.
pub fn message(tree: &Tree, hidden: &[bool], kind: PageKind) -> Option<String> {
    let text = |id| Some(visible_text(tree, hidden, id)).filter(|text| text.chars().any(char::is_alphanumeric));
    let is_open = |id: &NodeId| !hidden[id.index()];
    let elements = || tree.descendants(ROOT).filter(is_open).filter_map(|id| Some((id, tree.element(id)?)));
    let by_mark = || MARKS.iter().find_map(|mark| text(mark.place(tree).filter(is_open)?));
    let by_name = || {
        let rated = elements().map(|(id, element)| (rating(element), id)).filter(|(rating, _)| *rating > 0);
        let rated = rated.filter(|(_, id)| !holds_inputs(tree, *id));
        let told = rated.filter_map(|(rating, id)| {
            let text = text(id)?;
            // A box for messages may hold a greeting.
            let is_complaint = says(&folded(&text), Meaning::Complaint);
            (rating > 1 || is_complaint).then_some((rating + i32::from(is_complaint), text))
        });
        // The first of the best.
        told.fold(None, |best: Option<(i32, String)>, found| match best {
            Some(best) if best.0 >= found.0 => Some(best),
            _ => Some(found),
        })
        .map(|(_, text)| text)
    };
    let by_words = || {
        elements()
            .filter(|(_, e)| {
                !["a", "button", "option", "title", "label", "form", "body", "html"].iter().any(|name| e.is(name))
            })
            .filter(|(id, _)| {
                let own = tree
                    .descendants(*id)
                    .filter(|child| tree.parent(*child) == Some(*id))
                    .filter_map(|id| tree.text(id));
                says(&folded(&own.collect::<Vec<_>>().join(" ")), Meaning::Complaint)
            })
            .filter(|(id, _)| !holds_inputs(tree, *id))
            .find_map(|(id, _)| text(id).filter(|text| text.chars().count() < MAX))
    };
    let heading = || elements().filter(|(_, e)| is_heading(e)).find_map(|(id, _)| text(id));
    let told = || by_mark().or_else(by_name).or_else(by_words);
    match kind {
        PageKind::SamlResponse | PageKind::WsFederation | PageKind::PassesOn => None,
        PageKind::Error | PageKind::Portal | PageKind::Other => told().or_else(heading),
        PageKind::Login
        | PageKind::UserName
        | PageKind::Code
        | PageKind::SecondFactor
        | PageKind::Captcha
        | PageKind::Consent
        | PageKind::NewPassword
        | PageKind::Registration
        | PageKind::AccountChoice
        | PageKind::HomeRealm
        | PageKind::StaySignedIn
        | PageKind::ByScript => told(),
    }
}

/// The headings of the page, one after another.
pub fn headings(tree: &Tree, hidden: &[bool]) -> String {
    let all = tree.descendants(ROOT).filter(|id| !hidden[id.index()] && tree.element(*id).is_some_and(is_heading));
    all.map(|id| visible_text(tree, hidden, id)).collect::<Vec<_>>().join(" / ")
}

/// What can be read below `top`.
pub fn visible_text(tree: &Tree, hidden: &[bool], top: NodeId) -> String {
    let seen = tree.descendants(top).filter(|id| !hidden[id.index()]).filter_map(|id| tree.text(id));
    printable(&seen.collect::<Vec<_>>().join(" "), MAX)
}

fn is_heading(element: &Element) -> bool {
    ["h1", "h2", "h3"].iter().any(|name| element.is(name))
        || element.attribute("role").is_some_and(|role| role.eq_ignore_ascii_case("heading"))
}

/// How surely an element is there for a message about what went wrong.
fn rating(element: &Element) -> i32 {
    let attribute = |name| element.attribute(name).unwrap_or_default();
    if ["input", "form", "body", "html", "script", "style", "head", "fieldset"].iter().any(|name| element.is(name)) {
        return 0;
    }
    let words: Vec<String> = [attribute("id"), attribute("class")].iter().flat_map(|name| words(name)).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let role = attribute("role").to_ascii_lowercase();
    match () {
        () if has(&[
            "error",
            "errors",
            "err",
            "danger",
            "invalid",
            "failure",
            "failed",
            "fehler",
            "fehlermeldung",
            "erreur",
        ]) =>
        {
            4
        }
        () if role == "alert"
            || has(&["alert", "warning", "warn"])
            || attribute("aria-live").eq_ignore_ascii_case("assertive") =>
        {
            3
        }
        () if has(&["message", "messages", "msg", "feedback", "notice", "notification", "status", "hint", "info"])
            || role == "status" =>
        {
            1
        }
        () => 0,
    }
}

fn holds_inputs(tree: &Tree, id: NodeId) -> bool {
    let is_input = |element: &Element| {
        let is_hidden = element.attribute("type").is_some_and(|kind| kind.eq_ignore_ascii_case("hidden"));
        ["input", "select", "textarea", "form"].iter().any(|name| element.is(name)) && !is_hidden
    };
    tree.descendants(id).any(|id| tree.element(id).is_some_and(is_input))
}
