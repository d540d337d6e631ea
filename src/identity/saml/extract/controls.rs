//! Reads the forms of a page and their inputs from its tree.
//!
//! Names are compared without regard to case, so that `<INPUT NAME=…>` of a page that is read as XML is an input too.

use std::collections::HashMap;

use encoding_rs::Encoding;

use super::captcha;
use super::forms::{Form, Input, Method};
use super::tree::{Element, NodeId, ROOT, Tree};
use crate::error::printable;
use crate::secret::Secret;

const INPUT_KINDS: &str = "button checkbox color date datetime-local email file hidden image month number password radio range \
    reset search submit tel text time url week";

/// Options of one `<select>` that are read.
const MAX_OPTIONS: usize = 200;

/// All forms with their inputs, in document order.
///
/// An input belongs to the form that its `form=` names, else to the one the HTML parser assigned it to, else to the one
/// around it. Inputs of no form are left out: nothing is posted with them.
pub fn forms(tree: &Tree, hidden: &[bool]) -> Vec<Form> {
    let by_id = by_id(tree);
    let mut reader = Reader {
        tree,
        hidden,
        surroundings: surroundings(tree),
        labels: labels(tree, &by_id),
        nearby: String::new(),
        is_after_picture: false,
    };
    let mut index_of = vec![None; tree.len()];
    let mut forms = Vec::new();
    for (id, element) in tree.elements(ROOT).filter(|(_, element)| element.is("form")) {
        index_of[id.index()] = Some(forms.len());
        forms.push(empty_form(element));
    }
    for id in tree.descendants(ROOT) {
        let Some(element) = tree.element(id) else {
            reader.text(id);
            continue;
        };
        let owner = match element.attribute("form") {
            Some(name) => by_id.get(name).copied(),
            None => element.form.or(reader.surroundings[id.index()].form),
        };
        if let Some(form) = owner.and_then(|id| index_of[id.index()]) {
            reader.element(id, element, &mut forms[form]);
        }
    }
    // A widget outside of all forms guards the login form as well.
    if captcha::stands_alone(tree, hidden) {
        let logins = forms.iter_mut().filter(|form| form.inputs.iter().any(Input::takes_password));
        logins.for_each(|form| form.has_captcha = true);
    }
    forms
}

fn empty_form(element: &Element) -> Form {
    let attribute = |name| element.attribute(name).map(str::to_owned);
    Form {
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
    }
}

/// One pass over the page in document order.
struct Reader<'t> {
    tree: &'t Tree,
    hidden: &'t [bool],
    surroundings: Vec<Around>,
    /// By the index of the input.
    labels: HashMap<usize, String>,
    /// Visible text since the last input.
    nearby: String,
    /// A generated picture came after the last input of the form.
    is_after_picture: bool,
}

impl Reader<'_> {
    fn text(&mut self, id: NodeId) {
        let is_read = !self.hidden[id.index()] && !self.surroundings[id.index()].is_in_label;
        if let Some(text) = self.tree.text(id).filter(|_| is_read) {
            self.nearby.push_str(text);
            self.nearby.push(' ');
        }
    }

    /// Notes an element that belongs to `form`.
    fn element(&mut self, id: NodeId, element: &Element, form: &mut Form) {
        if element.is("form") {
            self.is_after_picture = false;
        }
        if element.is("noscript") {
            let text = self.tree.text_content(id).to_ascii_lowercase();
            form.has_noscript_button |= ["<button", "submit", "image"].iter().any(|word| text.contains(word));
        }
        if !self.hidden[id.index()] {
            form.has_captcha |= captcha::is_captcha(element);
            if captcha::is_generated(element) {
                self.is_after_picture = true;
                if let Some(last) = form.inputs.iter_mut().rfind(|input| input.kind != "hidden") {
                    last.has_picture = true;
                }
            }
        }
        let Some(kind) = kind(element) else { return };
        let mut input = self.input(id, element, kind);
        form.has_noscript_button |= self.surroundings[id.index()].is_in_noscript && input.sends();
        if kind != "hidden" {
            self.nearby.clear();
            input.has_picture = std::mem::take(&mut self.is_after_picture);
        }
        form.inputs.push(input);
    }

    fn input(&self, id: NodeId, element: &Element, kind: &str) -> Input {
        let around = &self.surroundings[id.index()];
        let attribute = |name| element.attribute(name).map(str::to_owned);
        let (chosen, options) = if kind == "select" { options(self.tree, id) } else { Default::default() };
        let value = match (kind, attribute("value")) {
            ("select", _) => chosen,
            ("textarea", _) => self.tree.text_content(id).to_string(),
            ("checkbox" | "radio", None) => "on".to_owned(),
            (_, value) => value.unwrap_or_default(),
        };
        let is_button = matches!(kind, "submit" | "image" | "button" | "reset");
        let is_text = !is_button && !matches!(kind, "hidden" | "checkbox" | "radio" | "select" | "file");
        let explicit = self.explicit_label(id, element, if is_button { &value } else { "" });
        // A field that has no label and that the keyboard does not reach is a decoy for programs.
        let is_decoy = is_text && explicit.is_empty() && element.value("tabindex").starts_with('-');
        let label = if explicit.is_empty() && !is_button { self.text_before() } else { explicit };
        let length = element.value("maxlength").parse::<u32>().ok();
        Input {
            kind: kind.to_owned(),
            name: attribute("name"),
            id: attribute("id"),
            autocomplete: attribute("autocomplete").map(|text| text.trim().to_ascii_lowercase()),
            is_visible: kind != "hidden" && !self.hidden[id.index()] && !is_decoy && !around.is_in_noscript,
            is_disabled: around.is_disabled || element.attribute("disabled").is_some(),
            is_checked: element.attribute("checked").is_some(),
            is_required: element.attribute("required").is_some()
                || element.value("aria-required").eq_ignore_ascii_case("true"),
            is_fixed: element.attribute("readonly").is_some() && !value.is_empty(),
            is_short: element.value("inputmode").eq_ignore_ascii_case("numeric")
                || length.is_some_and(|length| (4..=8).contains(&length)),
            max_length: length,
            has_picture: false,
            place: id,
            value: Secret::new(value),
            label,
            options,
            form_action: attribute("formaction").filter(|_| is_button),
            form_method: element.attribute("formmethod").filter(|_| is_button).map(method),
            form_enctype: attribute("formenctype").filter(|_| is_button).map(|kind| kind.trim().to_ascii_lowercase()),
            asks: None,
        }
    }

    /// What is written on a button, or on the label and in the attributes of an input.
    fn explicit_label(&self, id: NodeId, element: &Element, value: &str) -> String {
        let own = match element.is("button") {
            true => own_text(self.tree, id),
            false => value.to_owned(),
        };
        let label = self.labels.get(&id.index()).map(String::as_str).unwrap_or_default();
        let words = ["aria-label", "placeholder", "title", "alt"].map(|name| element.value(name));
        printable(&[own.as_str(), label, &words.join(" ")].join(" "), 200)
    }

    /// The last words before an input.
    fn text_before(&self) -> String {
        let start = self.nearby.char_indices().rev().nth(119).map_or(0, |(at, _)| at);
        printable(&self.nearby[start..], 120)
    }
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

/// The first element of each id.
fn by_id(tree: &Tree) -> HashMap<&str, NodeId> {
    let mut by_id = HashMap::new();
    for (id, element) in tree.elements(ROOT) {
        if let Some(name) = element.attribute("id") {
            by_id.entry(name).or_insert(id);
        }
    }
    by_id
}

/// The text of each input's labels, by the index of the input.
fn labels(tree: &Tree, by_id: &HashMap<&str, NodeId>) -> HashMap<usize, String> {
    let mut labels: HashMap<usize, String> = HashMap::new();
    for (id, label) in tree.elements(ROOT).filter(|(_, element)| element.is("label")) {
        let target = match label.attribute("for") {
            Some(name) => by_id.get(name).copied(),
            None => tree.elements(id).find(|(_, element)| kind(element).is_some()).map(|(id, _)| id),
        };
        if let Some(target) = target {
            labels.entry(target.index()).or_default().extend([&own_text(tree, id), " "]);
        }
    }
    labels
}

/// Text below `top`, without that of options, scripts and styles.
fn own_text(tree: &Tree, top: NodeId) -> String {
    let is_left_out = |id: NodeId| tree.parent_element(id).is_some_and(|e| e.is_any("option script style"));
    let parts: Vec<&str> =
        tree.descendants(top).filter(|id| !is_left_out(*id)).filter_map(|id| tree.text(id)).collect();
    printable(&parts.join(" "), 200)
}

/// The kind of an input. `None` if the element is no input.
fn kind(element: &Element) -> Option<&'static str> {
    let given = |default: &'static str, kinds: &'static str| {
        let given = element.value("type");
        kinds.split(' ').find(|kind| kind.eq_ignore_ascii_case(given)).unwrap_or(default)
    };
    match () {
        () if element.is("input") => Some(given("text", INPUT_KINDS)),
        () if element.is("button") => Some(given("submit", "button reset")),
        () if element.is("select") => Some("select"),
        () if element.is("textarea") => Some("textarea"),
        () => None,
    }
}

/// The value that is selected as the page loads (the last that is marked, else the first that is enabled), and the value and
/// text of each enabled option.
fn options(tree: &Tree, select: NodeId) -> (String, Vec<(String, String)>) {
    let (mut selected, mut enabled) = (None, Vec::new());
    for (id, option) in tree.elements(select).filter(|(_, element)| element.is("option")) {
        let text = tree.text_content(id).split_whitespace().collect::<Vec<_>>().join(" ");
        let value = option.attribute("value").map_or_else(|| text.clone(), str::to_owned);
        if option.attribute("selected").is_some() {
            selected = Some(value.clone());
        }
        if option.attribute("disabled").is_none() && enabled.len() < MAX_OPTIONS {
            enabled.push((value, text));
        }
    }
    (selected.or_else(|| Some(enabled.first()?.0.clone())).unwrap_or_default(), enabled)
}

/// What an element takes from itself and its ancestors.
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
