//! Forms, inputs and the few other things of a page that a login needs to know, read off its tree.
//!
//! Names are compared without regard to case, so that `<INPUT NAME=…>` of a strictly read page is an input too.

use std::collections::HashMap;

use super::tree::{Element, NodeId, ROOT, Tree};
use super::{Form, Input};
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

/// A page that refreshes itself later than this does so to end an idle session, not to move on.
const LONGEST_REFRESH_SECONDS: f64 = 10.0;

/// All forms with their inputs, in document order.
///
/// An input belongs to the form that its `form=` names, else to the one the HTML parser assigned it to, else to the one
/// around it. Inputs of no form are left out: nothing is posted with them.
pub fn forms(tree: &Tree) -> Vec<Form> {
    let surroundings = surroundings(tree);
    let mut place = vec![None; tree.len()];
    let mut forms = Vec::new();
    for (id, element) in elements(tree).filter(|(_, element)| element.is("form")) {
        place[id.index()] = Some(forms.len());
        forms.push(Form {
            action: element.attribute("action").map(Into::into),
            is_post: element.attribute("method").is_some_and(|m| m.trim().eq_ignore_ascii_case("post")),
            inputs: Vec::new(),
        });
    }
    let mut by_id = HashMap::new();
    for (id, element) in elements(tree) {
        if let Some(name) = element.attribute("id") {
            by_id.entry(name).or_insert(id);
        }
    }
    for (id, element) in elements(tree) {
        let Some(kind) = kind(element) else { continue };
        let around = &surroundings[id.index()];
        let owner = match element.attribute("form") {
            Some(name) => by_id.get(name).copied(),
            None => element.form.or(around.form),
        };
        if let Some(form) = owner.and_then(|id| place[id.index()]) {
            forms[form].inputs.push(input(tree, id, element, kind, around));
        }
    }
    forms
}

/// Text of the first `<title>`; not that of a picture within the page.
pub fn title(tree: &Tree) -> Option<String> {
    let is_title = |(id, element): &(NodeId, &Element)| {
        let in_picture = tree.parent(*id).and_then(|parent| tree.element(parent)).is_some_and(|e| e.is("svg"));
        element.is("title") && !in_picture
    };
    let (id, _) = elements(tree).find(is_title)?;
    Some(tree.text_content(id).trim().to_owned())
}

/// The first `<base href>`.
pub fn base_href(tree: &Tree) -> Option<String> {
    elements(tree).filter(|(_, e)| e.is("base")).find_map(|(_, e)| e.attribute("href")).map(Into::into)
}

/// Where `<meta http-equiv="refresh">` leads, if it does so within ten seconds.
pub fn meta_refresh(tree: &Tree) -> Option<String> {
    let is_refresh = |e: &Element| {
        e.is("meta") && e.attribute("http-equiv").is_some_and(|value| value.trim().eq_ignore_ascii_case("refresh"))
    };
    elements(tree).filter(|(_, e)| is_refresh(e)).find_map(|(_, e)| refresh_target(e.attribute("content")?))
}

/// Whether `onload=` or a script in the page submits a form, or presses a button, by the looks of it.
pub fn has_submit_script(tree: &Tree) -> bool {
    elements(tree).any(|(id, element)| {
        element.attribute("onload").is_some_and(submits) || (element.is("script") && submits(&tree.text_content(id)))
    })
}

/// Whether a script submits a form, or presses a button, by the looks of it.
pub fn submits(script: &str) -> bool {
    let script = script.to_ascii_lowercase();
    [".submit(", ".submit.call(", ".requestsubmit(", ".click("].iter().any(|call| script.contains(call))
}

/// `0; url='/next'`: seconds, then a comma, semicolon or space, then the target, with or without `url=` and quotes.
fn refresh_target(content: &str) -> Option<String> {
    let content = content.trim_start();
    let end = content.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(content.len());
    let (seconds, rest) = content.split_at(end);
    if seconds.parse::<f64>().unwrap_or(0.0) > LONGEST_REFRESH_SECONDS {
        return None;
    }
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ';' || c == ',');
    let target = match rest.get(..3) {
        Some(url) if url.eq_ignore_ascii_case("url") => rest[3..].trim_start().strip_prefix('=').unwrap_or(rest),
        _ => rest,
    };
    let target = target.trim();
    let target = match target.chars().next() {
        Some(quote @ ('"' | '\'')) => target[1..].split(quote).next()?,
        _ => target,
    };
    (!target.is_empty()).then(|| target.to_owned())
}

fn elements(tree: &Tree) -> impl Iterator<Item = (NodeId, &Element)> {
    tree.descendants(ROOT).filter_map(|id| Some((id, tree.element(id)?)))
}

/// None for an element that is no input.
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

fn input(tree: &Tree, id: NodeId, element: &Element, kind: &str, around: &Around) -> Input {
    let value = match (kind, element.attribute("value")) {
        ("select", _) => chosen_option(tree, id),
        ("textarea", _) => tree.text_content(id).to_string(),
        ("checkbox" | "radio", None) => "on".to_owned(),
        (_, value) => value.unwrap_or_default().to_owned(),
    };
    Input {
        kind: kind.to_owned(),
        name: element.attribute("name").map(Into::into),
        id: element.attribute("id").map(Into::into),
        autocomplete: element.attribute("autocomplete").map(Into::into),
        value: Secret::new(value),
        is_visible: kind != "hidden" && !around.is_hidden,
        is_disabled: around.is_disabled || element.attribute("disabled").is_some(),
        is_checked: element.attribute("checked").is_some(),
    }
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
    is_hidden: bool,
    is_disabled: bool,
    form: Option<NodeId>,
}

fn surroundings(tree: &Tree) -> Vec<Around> {
    let mut all = vec![Around::default(); tree.len()];
    for (id, element) in elements(tree) {
        let mut around = tree.parent(id).map_or(Around::default(), |parent| all[parent.index()]);
        around.is_hidden |= is_hidden(element);
        around.is_disabled |= element.is("fieldset") && element.attribute("disabled").is_some();
        if element.is("form") {
            around.form = Some(id);
        }
        all[id.index()] = around;
    }
    all
}

/// By its own attributes. Style sheets are not read: a login form is rarely hidden by one, a trap for robots often is.
fn is_hidden(element: &Element) -> bool {
    let style = element.attribute("style").unwrap_or("");
    let style: String = style.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    element.attribute("hidden").is_some() || style.contains("display:none") || style.contains("visibility:hidden")
}
