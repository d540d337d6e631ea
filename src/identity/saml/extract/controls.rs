//! Reads the forms of a page and their inputs off its tree.
//!
//! Names are compared without regard to case, so that `<INPUT NAME=…>` of a strictly read page is an input too.

use std::collections::HashMap;

use encoding_rs::Encoding;

use super::captcha;
use super::forms::{Form, Input, Method};
use super::tree::{Element, NodeId, ROOT, Tree};
use crate::error::printable;
use crate::secret::Secret;

const INPUT_KINDS: &[&str] = &[
    "button",
    "checkbox",
    "color",
    "date",
    "datetime-local",
    "email",
    "file",
    "hidden",
    "image",
    "month",
    "number",
    "password",
    "radio",
    "range",
    "reset",
    "search",
    "submit",
    "tel",
    "text",
    "time",
    "url",
    "week",
];

/// All forms with their inputs, in document order.
///
/// An input belongs to the form that its `form=` names, else to the one the HTML parser assigned it to, else to the one
/// around it. Inputs of no form are left out: nothing is posted with them.
pub fn forms(tree: &Tree, hidden: &[bool]) -> Vec<Form> {
    let surroundings = surroundings(tree);
    let labels = labels(tree);
    let mut place = vec![None; tree.len()];
    let mut forms = Vec::new();
    for (id, element) in elements(tree).filter(|(_, element)| element.is("form")) {
        place[id.index()] = Some(forms.len());
        let attribute = |name| element.attribute(name).map(str::to_owned);
        forms.push(Form {
            name: attribute("name"),
            id: attribute("id"),
            action: attribute("action"),
            method: element.attribute("method").map_or(Method::Get, method),
            enctype: attribute("enctype").map(|kind| kind.trim().to_ascii_lowercase()),
            charset: element.attribute("accept-charset").and_then(charset),
            inputs: Vec::new(),
            has_noscript_button: false,
            has_captcha: false,
            clicks: Vec::new(),
        });
    }
    let mut by_id = HashMap::new();
    for (id, element) in elements(tree) {
        if let Some(name) = element.attribute("id") {
            by_id.entry(name).or_insert(id);
        }
    }
    let mut nearby = String::new();
    // A picture that is made anew came after the last input of its form.
    let mut came_picture = false;
    for id in tree.descendants(ROOT) {
        let around = &surroundings[id.index()];
        let Some(element) = tree.element(id) else {
            let is_read = !hidden[id.index()] && !around.is_in_label;
            if let Some(text) = tree.text(id).filter(|_| is_read) {
                nearby.push_str(text);
                nearby.push(' ');
            }
            continue;
        };
        let owner = match element.attribute("form") {
            Some(name) => by_id.get(name).copied(),
            None => element.form.or(around.form),
        };
        let Some(form) = owner.and_then(|id| place[id.index()]) else { continue };
        if element.is("form") {
            came_picture = false;
        }
        if element.is("noscript") {
            let text = tree.text_content(id).to_ascii_lowercase();
            forms[form].has_noscript_button |= ["<button", "submit", "image"].iter().any(|word| text.contains(word));
        }
        if !hidden[id.index()] {
            forms[form].has_captcha |= captcha::is_captcha(element);
            if captcha::is_made_anew(element) {
                came_picture = true;
                if let Some(last) = forms[form].inputs.iter_mut().rfind(|input| input.kind != "hidden") {
                    last.has_picture = true;
                }
            }
        }
        if let Some(kind) = kind(element) {
            let own = labels.get(&id.index()).map(String::as_str);
            let mut input = input(tree, (id, element), kind, (around, hidden[id.index()]), (own, &nearby));
            if around.is_in_noscript && input.sends() {
                forms[form].has_noscript_button = true;
            }
            if input.kind != "hidden" {
                nearby.clear();
                input.has_picture = std::mem::take(&mut came_picture);
            }
            forms[form].inputs.push(input);
        }
    }
    // A widget beside the form guards it as well.
    if captcha::stands_alone(tree, hidden) {
        forms
            .iter_mut()
            .filter(|form| form.inputs.iter().any(Input::takes_password))
            .for_each(|form| form.has_captcha = true);
    }
    forms
}

fn method(text: &str) -> Method {
    match text.trim() {
        text if text.eq_ignore_ascii_case("post") => Method::Post,
        text if text.eq_ignore_ascii_case("dialog") => Method::Dialog,
        _ => Method::Get,
    }
}

fn charset(labels: &str) -> Option<&'static Encoding> {
    labels.split(|c: char| c.is_whitespace() || c == ',').find_map(|label| Encoding::for_label(label.as_bytes()))
}

/// The text of each input's label, by the input's place in the tree.
fn labels(tree: &Tree) -> HashMap<usize, String> {
    let mut by_id: HashMap<&str, NodeId> = HashMap::new();
    for (id, element) in elements(tree) {
        if let Some(name) = element.attribute("id") {
            by_id.entry(name).or_insert(id);
        }
    }
    let mut labels: HashMap<usize, String> = HashMap::new();
    for (id, label) in elements(tree).filter(|(_, element)| element.is("label")) {
        let within = || tree.descendants(id).find(|id| tree.element(*id).is_some_and(|e| kind(e).is_some()));
        let target = match label.attribute("for") {
            Some(name) => by_id.get(name).copied(),
            None => within(),
        };
        if let Some(target) = target {
            let text = labels.entry(target.index()).or_default();
            text.push_str(&own_text(tree, id));
            text.push(' ');
        }
    }
    labels
}

/// Text below `top`, but not that of choices and scripts in it.
fn own_text(tree: &Tree, top: NodeId) -> String {
    let is_left_out = |id: NodeId| {
        tree.parent(id)
            .and_then(|parent| tree.element(parent))
            .is_some_and(|e| ["option", "script", "style"].iter().any(|name| e.is(name)))
    };
    let parts: Vec<&str> =
        tree.descendants(top).filter(|id| !is_left_out(*id)).filter_map(|id| tree.text(id)).collect();
    printable(&parts.join(" "), 200)
}

fn elements(tree: &Tree) -> impl Iterator<Item = (NodeId, &Element)> {
    tree.descendants(ROOT).filter_map(|id| Some((id, tree.element(id)?)))
}

/// None for an element that is not an input.
fn kind(element: &Element) -> Option<&'static str> {
    let given = |default: &'static str, kinds: &[&'static str]| {
        let given = element.attribute("type").unwrap_or("").trim();
        kinds.iter().find(|kind| kind.eq_ignore_ascii_case(given)).copied().unwrap_or(default)
    };
    match () {
        () if element.is("input") => Some(given("text", INPUT_KINDS)),
        () if element.is("button") => Some(given("submit", &["button", "reset"])),
        () if element.is("select") => Some("select"),
        () if element.is("textarea") => Some("textarea"),
        () => None,
    }
}

fn input(
    tree: &Tree,
    (id, element): (NodeId, &Element),
    kind: &str,
    (around, is_hidden): (&Around, bool),
    (label, nearby): (Option<&str>, &str),
) -> Input {
    let value = match (kind, element.attribute("value")) {
        ("select", _) => chosen_option(tree, id),
        ("textarea", _) => tree.text_content(id).to_string(),
        ("checkbox" | "radio", None) => "on".to_owned(),
        (_, value) => value.unwrap_or_default().to_owned(),
    };
    let attribute = |name| element.attribute(name).map(str::to_owned);
    let words = ["aria-label", "placeholder", "title", "alt"].map(|name| element.attribute(name).unwrap_or_default());
    let is_button = matches!(kind, "submit" | "image" | "button" | "reset");
    let on_it = if element.is("button") { own_text(tree, id) } else { String::new() };
    let own = if is_button && element.is("input") { value.as_str() } else { on_it.as_str() };
    let explicit = printable(&[own, label.unwrap_or_default(), &words.join(" ")].join(" "), 200);
    let is_text = !is_button && !matches!(kind, "hidden" | "checkbox" | "radio" | "select" | "file");
    // A box that a person cannot get to with the keyboard, and that says nothing, is for programs.
    let is_decoy = is_text
        && explicit.is_empty()
        && element.attribute("tabindex").is_some_and(|index| index.trim().starts_with('-'));
    // The last words before it, where it has none of its own.
    let before: String = nearby.chars().rev().take(120).collect::<Vec<_>>().into_iter().rev().collect();
    let label = if explicit.is_empty() && !is_button { printable(&before, 120) } else { explicit };
    let length = element.attribute("maxlength").and_then(|length| length.trim().parse::<u32>().ok());
    Input {
        kind: kind.to_owned(),
        name: attribute("name"),
        id: attribute("id"),
        autocomplete: attribute("autocomplete").map(|text| text.trim().to_ascii_lowercase()),
        is_visible: kind != "hidden" && !is_hidden && !is_decoy && !around.is_in_noscript,
        is_disabled: around.is_disabled || element.attribute("disabled").is_some(),
        is_checked: element.attribute("checked").is_some(),
        is_required: element.attribute("required").is_some()
            || element.attribute("aria-required").is_some_and(|value| value.eq_ignore_ascii_case("true")),
        is_fixed: element.attribute("readonly").is_some() && !value.is_empty(),
        is_short: element.attribute("inputmode").is_some_and(|mode| mode.eq_ignore_ascii_case("numeric"))
            || length.is_some_and(|length| (4..=8).contains(&length)),
        max_length: length,
        has_picture: false,
        place: id,
        value: Secret::new(value),
        label,
        options: if kind == "select" { options(tree, id) } else { Vec::new() },
        form_action: attribute("formaction").filter(|_| is_button),
        form_method: element.attribute("formmethod").filter(|_| is_button).map(method),
        form_enctype: attribute("formenctype").filter(|_| is_button).map(|kind| kind.trim().to_ascii_lowercase()),
        asks: None,
    }
}

/// Value and text of what can be chosen.
fn options(tree: &Tree, select: NodeId) -> Vec<(String, String)> {
    let options =
        tree.descendants(select).filter_map(|id| Some((id, tree.element(id)?))).filter(|(_, e)| e.is("option"));
    let enabled = options.filter(|(_, option)| option.attribute("disabled").is_none());
    let both = enabled.map(|(id, option)| {
        let text = tree.text_content(id).split_whitespace().collect::<Vec<_>>().join(" ");
        (option.attribute("value").map_or_else(|| text.clone(), str::to_owned), text)
    });
    both.take(200).collect()
}

/// The option that is selected as the page loads: the last that says so, else the first that can be.
fn chosen_option(tree: &Tree, select: NodeId) -> String {
    let options: Vec<_> = tree
        .descendants(select)
        .filter_map(|id| Some((id, tree.element(id)?)))
        .filter(|(_, element)| element.is("option"))
        .collect();
    let selected = options.iter().rfind(|(_, option)| option.attribute("selected").is_some());
    let enabled = || options.iter().find(|(_, option)| option.attribute("disabled").is_none());
    match selected.or_else(enabled) {
        Some((id, option)) => match option.attribute("value") {
            Some(value) => value.to_owned(),
            None => tree.text_content(*id).split_whitespace().collect::<Vec<_>>().join(" "),
        },
        None => String::new(),
    }
}

/// What an element has from itself and from the elements around it.
#[derive(Clone, Copy, Default)]
struct Around {
    is_disabled: bool,
    is_in_noscript: bool,
    is_in_label: bool,
    form: Option<NodeId>,
}

fn surroundings(tree: &Tree) -> Vec<Around> {
    let mut all = vec![Around::default(); tree.len()];
    for id in tree.descendants(ROOT) {
        let mut around = tree.parent(id).map_or(Around::default(), |parent| all[parent.index()]);
        if let Some(element) = tree.element(id) {
            around.is_disabled |= element.is("fieldset") && element.attribute("disabled").is_some();
            around.is_in_noscript |= element.is("noscript");
            around.is_in_label |= element.is("label") && element.attribute("for").is_some();
            if element.is("form") {
                around.form = Some(id);
            }
        }
        all[id.index()] = around;
    }
    all
}
