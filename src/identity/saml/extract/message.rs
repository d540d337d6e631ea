//! What a page tells a person that has gone wrong: the element made for it, else the sentence that complains.

use super::kind::{PageKind, Role};
use super::product::Mark;
use super::tree::{Element, NodeId, ROOT, Tree};
use super::words::{Meaning, folded, says, words};
use crate::error::printable;

/// Longest message, in characters.
const MAX: usize = 300;
/// Most texts of a page that are kept.
const MAX_TEXTS: usize = 100;

/// The elements in which products put their messages.
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

/// The page's error message, printable. A page that informs gives its heading if it has no message.
pub fn of(tree: &Tree, hidden: &[bool], kind: PageKind) -> Option<String> {
    let page = Visible { tree, hidden };
    let message = || page.marked().or_else(|| page.named()).or_else(|| page.complaining());
    match kind.role() {
        Role::Message => None,
        Role::Information => message().or_else(|| page.heading()),
        Role::Login | Role::Person | Role::Choice | Role::ByScript => message(),
    }
}

/// The visible headings of the page.
pub fn headings(tree: &Tree, hidden: &[bool]) -> String {
    let all = tree.elements(ROOT).filter(|(id, element)| !hidden[id.index()] && is_heading(element));
    all.map(|(id, _)| visible_text(tree, hidden, id)).collect::<Vec<_>>().join(" / ")
}

/// The visible text below `top`, printable.
pub fn visible_text(tree: &Tree, hidden: &[bool], top: NodeId) -> String {
    let seen = tree.descendants(top).filter(|id| !hidden[id.index()]).filter_map(|id| tree.text(id));
    printable(&seen.collect::<Vec<_>>().join(" "), MAX)
}

/// The texts that a person reads on the page, a block each, printable; without the words on buttons, links and inputs.
pub fn texts(tree: &Tree, hidden: &[bool]) -> Vec<String> {
    let mut blocks: Vec<(NodeId, String)> = Vec::new();
    for id in tree.descendants(ROOT).filter(|id| !hidden[id.index()]) {
        let Some((block, text)) = block_of(tree, id).zip(tree.text(id)) else { continue };
        match blocks.last_mut().filter(|last| last.0 == block) {
            Some((_, all)) => *all = format!("{all} {text}"),
            None => blocks.push((block, text.to_owned())),
        }
        if blocks.len() == MAX_TEXTS {
            break;
        }
    }
    let texts = blocks.into_iter().map(|(_, text)| printable(&text, MAX));
    texts.filter(|text| text.chars().any(char::is_alphanumeric)).collect()
}

/// The block that a text belongs to. `None` for the words on a control.
fn block_of(tree: &Tree, text: NodeId) -> Option<NodeId> {
    let above = std::iter::successors(tree.parent(text), |id| tree.parent(*id));
    let mut elements = above.filter_map(|id| Some((id, tree.element(id)?)));
    if elements.clone().any(|(_, e)| e.is_any("a button option label title textarea")) {
        return None;
    }
    elements.find(|(_, e)| !e.is_any("span b i em strong font u small br")).map(|(id, _)| id)
}

struct Visible<'t> {
    tree: &'t Tree,
    hidden: &'t [bool],
}

impl<'t> Visible<'t> {
    fn elements(&self) -> impl Iterator<Item = (NodeId, &'t Element)> {
        self.tree.elements(ROOT).filter(|(id, _)| !self.hidden[id.index()])
    }

    fn text(&self, id: NodeId) -> Option<String> {
        Some(visible_text(self.tree, self.hidden, id)).filter(|text| text.chars().any(char::is_alphanumeric))
    }

    /// The text of an element that a product marks as its message.
    fn marked(&self) -> Option<String> {
        MARKS.iter().find_map(|mark| self.text(mark.place(self.tree).filter(|id| !self.hidden[id.index()])?))
    }

    /// The text of the element whose name or role speaks most for a message; of equals the first.
    fn named(&self) -> Option<String> {
        let rated = self.elements().map(|(id, element)| (rating(element), id)).filter(|(rating, _)| *rating > 0);
        let messages = rated.filter(|(_, id)| !holds_inputs(self.tree, *id)).filter_map(|(rating, id)| {
            let text = self.text(id)?;
            // A box for messages may hold a greeting.
            let is_complaint = says(&folded(&text), Meaning::Complaint);
            (rating > 1 || is_complaint).then_some((rating + i32::from(is_complaint), text))
        });
        messages.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, text)| text)
    }

    /// The first short text that complains.
    fn complaining(&self) -> Option<String> {
        let complains = |id: NodeId| {
            let own = self.tree.descendants(id).filter(|child| self.tree.parent(*child) == Some(id));
            let own: Vec<&str> = own.filter_map(|id| self.tree.text(id)).collect();
            says(&folded(&own.join(" ")), Meaning::Complaint)
        };
        let candidates = self.elements().filter(|(_, e)| !e.is_any("a button option title label form body html"));
        let mut complaints = candidates.filter(|(id, _)| complains(*id) && !holds_inputs(self.tree, *id));
        complaints.find_map(|(id, _)| self.text(id).filter(|text| text.chars().count() < MAX))
    }

    fn heading(&self) -> Option<String> {
        self.elements().filter(|(_, e)| is_heading(e)).find_map(|(id, _)| self.text(id))
    }
}

fn is_heading(element: &Element) -> bool {
    element.is_any("h1 h2 h3") || element.value("role").eq_ignore_ascii_case("heading")
}

/// How strongly an element's name or role speaks for an error message; 0 if not at all.
fn rating(element: &Element) -> i32 {
    if element.is_any("input form body html script style head fieldset") {
        return 0;
    }
    let words: Vec<String> = ["id", "class"].iter().flat_map(|name| words(element.value(name))).collect();
    let has = |list: &str| list.split(' ').any(|known| words.iter().any(|word| word == known));
    let role = element.value("role").to_ascii_lowercase();
    let is_assertive = || element.value("aria-live").eq_ignore_ascii_case("assertive");
    match () {
        () if has("error errors err danger invalid failure failed fehler fehlermeldung erreur") => 4,
        () if role == "alert" || has("alert warning warn") || is_assertive() => 3,
        () if role == "status" || has("message messages msg feedback notice notification status hint info") => 1,
        () => 0,
    }
}

fn holds_inputs(tree: &Tree, id: NodeId) -> bool {
    let is_input = |element: &Element| {
        element.is_any("input select textarea form") && !element.value("type").eq_ignore_ascii_case("hidden")
    };
    tree.elements(id).any(|(_, element)| is_input(element))
}
