//! Forms, inputs and the few other things of a page that a login needs to know, read off its tree.
//!
//! Names are compared without regard to case, so that `<INPUT NAME=…>` of a strictly read page is an input too.

use std::collections::HashMap;

use encoding_rs::Encoding;

use super::input::Asks;
use super::tree::{Element, NodeId, ROOT, Tree};
use super::vocabulary;
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

/// A page that refreshes itself later than this does so to end an idle session, not to move on.
const LONGEST_REFRESH_SECONDS: f64 = 10.0;

/// A `<form>`.
#[derive(Debug)]
pub struct Form {
    pub name: Option<String>,
    pub id: Option<String>,
    /// As written; absent or empty means the page itself.
    pub action: Option<String>,
    pub method: Method,
    /// `enctype` in lower case; absent: `application/x-www-form-urlencoded`.
    pub enctype: Option<String>,
    /// The first encoding of `accept-charset` that there is.
    pub charset: Option<&'static Encoding>,
    /// In document order; also those outside the element that name it by `form=`.
    pub inputs: Vec<Input>,
    /// Within `<noscript>` there is a button, for those whose browser does not run the script that sends the form.
    pub has_noscript_button: bool,
    /// Something in it has a person prove that they are one.
    pub has_captcha: bool,
}

/// How a form is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    /// Not at all: it closes a dialog.
    Dialog,
}

/// An `<input>`, `<button>`, `<select>` or `<textarea>`.
#[derive(Debug)]
pub struct Input {
    /// In lower case: `text` when absent or unknown; `submit` for a `<button>` without a type; `select`; `textarea`.
    pub kind: String,
    pub name: Option<String>,
    pub id: Option<String>,
    pub autocomplete: Option<String>,
    /// What would be sent if nothing were changed. May be a SAML response or an anti-forgery token, hence a secret.
    pub value: Secret,
    /// What a person reads at it: its label, placeholder or the text before it; on a button what stands on it.
    pub label: String,
    /// Of a `select`: value and text of each option that can be chosen.
    pub options: Vec<(String, String)>,
    /// A person would see it.
    pub is_visible: bool,
    /// Itself, or as part of a disabled `<fieldset>`.
    pub is_disabled: bool,
    pub is_checked: bool,
    pub is_required: bool,
    /// Filled in by the page, and not to be changed.
    pub is_fixed: bool,
    /// For digits, by `inputmode` or because a few characters are all it takes.
    pub is_short: bool,
    /// Of a button: where the form goes, how and in which form, in place of the form's own.
    pub form_action: Option<String>,
    pub form_method: Option<Method>,
    pub form_enctype: Option<String>,
    /// What is to be filled in, for an input in which a line of text is typed.
    pub asks: Option<Asks>,
}

impl Form {
    pub fn is_post(&self) -> bool {
        self.method == Method::Post
    }

    /// The places of the inputs that ask for this.
    pub fn asking(&self, asks: Asks) -> Vec<usize> {
        let fits = |(_, input): &(usize, &Input)| input.asks == Some(asks);
        self.inputs.iter().enumerate().filter(fits).map(|(at, _)| at).collect()
    }

    pub fn asks_for(&self, asks: Asks) -> bool {
        self.inputs.iter().any(|input| input.asks == Some(asks))
    }

    /// The buttons that send it and that a person can press.
    pub fn buttons(&self) -> impl Iterator<Item = (usize, &Input)> {
        self.inputs.iter().enumerate().filter(|(_, input)| input.is_usable() && input.sends())
    }
}

impl Input {
    /// Can be seen and used.
    pub fn is_usable(&self) -> bool {
        self.is_visible && !self.is_disabled
    }

    /// A line of text can be typed in.
    pub fn takes_text(&self) -> bool {
        self.is_usable()
            && !self.is_fixed
            && matches!(self.kind.as_str(), "text" | "email" | "tel" | "number" | "search" | "url")
    }

    pub fn takes_password(&self) -> bool {
        self.is_usable() && self.kind == "password"
    }

    /// A button that sends the form.
    pub fn sends(&self) -> bool {
        matches!(self.kind.as_str(), "submit" | "image")
    }

    pub fn is_called(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name) || self.id.as_deref() == Some(name)
    }

    /// Name or id, for a message.
    pub fn called(&self) -> String {
        printable(self.name.as_deref().filter(|name| !name.is_empty()).or(self.id.as_deref()).unwrap_or("unnamed"), 60)
    }

    /// Whether name or id has one of these words, whole or as parts.
    pub fn is_named(&self, (whole, parts): (&[&str], &[&str])) -> bool {
        [&self.name, &self.id].into_iter().flatten().any(|name| vocabulary::is_named(name, whole, parts))
    }
}

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
        });
    }
    let mut by_id = HashMap::new();
    for (id, element) in elements(tree) {
        if let Some(name) = element.attribute("id") {
            by_id.entry(name).or_insert(id);
        }
    }
    let mut nearby = String::new();
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
        if element.is("noscript") {
            let text = tree.text_content(id).to_ascii_lowercase();
            forms[form].has_noscript_button |= ["<button", "submit", "image"].iter().any(|word| text.contains(word));
        }
        if is_captcha(element) && !hidden[id.index()] {
            forms[form].has_captcha = true;
        }
        if let Some(kind) = kind(element) {
            let own = labels.get(&id.index()).map(String::as_str);
            let input = input(tree, (id, element), kind, (around, hidden[id.index()]), (own, &nearby));
            if around.is_in_noscript && input.sends() {
                forms[form].has_noscript_button = true;
            }
            if input.kind != "hidden" {
                nearby.clear();
            }
            forms[form].inputs.push(input);
        }
    }
    // A widget beside the form guards it as well.
    if elements(tree).any(|(id, e)| !hidden[id.index()] && is_captcha_widget(e)) {
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

/// A picture, frame or input that is there to keep programs out.
fn is_captcha(element: &Element) -> bool {
    let names = ["id", "name", "class", "src", "alt"].map(|name| element.attribute(name).unwrap_or_default());
    let is_named = || names.iter().any(|name| vocabulary::is_named(name, &[], vocabulary::CAPTCHA_NAMES));
    let can_be =
        ["img", "iframe", "canvas", "object", "audio", "button", "textarea"].iter().any(|name| element.is(name))
            || element.is("input") && element.attribute("type").is_none_or(|kind| !kind.eq_ignore_ascii_case("hidden"));
    is_captcha_widget(element) || can_be && is_named()
}

/// What a captcha's script turns into one.
fn is_captcha_widget(element: &Element) -> bool {
    let mut classes = element.attribute("class").unwrap_or_default().split_whitespace();
    element.attribute("data-sitekey").is_some()
        || classes.any(|class| {
            matches!(class, "g-recaptcha" | "h-captcha" | "cf-turnstile" | "frc-captcha" | "geetest_captcha")
        })
        || element.is("altcha-widget")
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
