//! What a page's click handlers set in a form before they submit it: `onclick="postOk()"`, where that function sets a hidden
//! input to a literal. By such inputs a server tells which button or link was pressed.
//!
//! Scripts are not run. Only literals count, set by the handler itself or by a function that it calls by name.

use super::forms::{Click, Form};
use super::message::visible_text;
use super::script;
use super::source;
use super::tree::{Element, NodeId, ROOT, Tree};
use super::words::{Meaning, folded, says, says_log_in};

/// Handlers that are examined on one page, the length of one in bytes, and the inputs that one sets.
const MAX_CLICKS: usize = 32;
const MAX_HANDLER: usize = 1000;
const MAX_SETS: usize = 16;

/// Adds to each form what its buttons, and the first link that logs in, set.
pub fn settle(tree: &Tree, hidden: &[bool], forms: &mut [Form]) {
    let visible = tree.elements(ROOT).filter(|(id, _)| !hidden[id.index()]);
    let clickable = visible.filter_map(|(id, element)| Some((id, element, element.attribute("onclick")?)));
    let clickable = clickable.filter(|(_, _, handler)| handler.len() <= MAX_HANDLER);
    let clickable: Vec<(NodeId, &Element, &str)> = clickable.take(MAX_CLICKS).collect();
    if clickable.is_empty() {
        return;
    }
    let scripts = source::code(tree);
    for (id, element, handler) in clickable {
        let code = format!("{handler};{}", source::called(&scripts, handler));
        let sets = literals(&code);
        for form in forms.iter_mut() {
            let own = form.inputs.iter().position(|input| input.sends() && input.place == id);
            let is_link = || script::submits(&code) && logs_in(tree, hidden, id, element);
            let is_known = |form: &Form| form.clicks.iter().any(|click| click.button == own);
            if own.is_none() && !is_link() || is_known(form) {
                continue;
            }
            let hidden_inputs = form.inputs.iter().enumerate().filter(|(_, input)| input.kind == "hidden");
            let sets = hidden_inputs.filter_map(|(at, input)| {
                let names = [&input.name, &input.id];
                let is_it = |receiver: &str| names.into_iter().flatten().any(|name| is_of(receiver, name));
                let (_, value) = sets.iter().find(|(receiver, _)| is_it(receiver))?;
                Some((at, value.clone()))
            });
            let sets: Vec<_> = sets.collect();
            if !sets.is_empty() {
                form.clicks.push(Click { button: own, sets });
            }
        }
    }
}

/// Whether its text says that it logs in, and nothing else.
fn logs_in(tree: &Tree, hidden: &[bool], id: NodeId, element: &Element) -> bool {
    let attributes = ["value", "title", "alt", "aria-label"].map(|name| element.value(name));
    let text = folded(&format!("{} {}", visible_text(tree, hidden, id), attributes.join(" ")));
    says_log_in(&text) && !says(&text, Meaning::NotThis) && !says(&text, Meaning::OtherWayIn)
}

/// The assignments of literals in the code: the expression before `.value = '…'` or `.val('…')`, and the literal.
fn literals(code: &str) -> Vec<(String, String)> {
    let assigned = code.match_indices(".value").filter_map(|(at, call)| {
        let rest = code[at + call.len()..].trim_start().strip_prefix('=')?;
        Some((at, rest))
    });
    let called = code.match_indices(".val(").map(|(at, call)| (at, &code[at + call.len()..]));
    let set = assigned.chain(called).filter_map(|(at, rest)| {
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let literal = rest[1..].split(quote).next().filter(|literal| !literal.contains(['\\', '\n']))?;
        Some((source::receiver(&code[..at]), literal.to_owned()))
    });
    set.take(MAX_SETS).collect()
}

/// Whether an expression means the input of this name or id: `f['name']`, `f.name`, `$('#id')`, `getElementById("id")`.
fn is_of(receiver: &str, name: &str) -> bool {
    let is_quoted = |before: &str| {
        receiver.match_indices(name).any(|(at, _)| {
            let (head, tail) = (&receiver[..at], &receiver[at + name.len()..]);
            head.ends_with(before) && tail.starts_with(['\'', '"', ']'])
        })
    };
    !name.is_empty()
        && (["'", "\"", "#", "name="].into_iter().any(is_quoted) || receiver.ends_with(&format!(".{name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_functions_a_handler_calls_is_read_within_bounds() {
        let script = "function a() { b(); f.x.value = '1'; f.submit() } function b() { f.y.value = '2' }";
        assert_eq!(literals(&source::called(script, "return a();")).len(), 2);
        let hostile = "function a(){a();b();}function b(){a(b(a()))}".repeat(3000);
        assert!(source::called(&hostile, &"a();b();".repeat(100)).len() <= 2 * source::MAX_BODIES);
        assert!(source::called(&format!("function a(){{{}}}", "ä".repeat(source::MAX_BODIES)), "a()").is_empty());
    }

    #[test]
    fn what_is_set_is_known_by_the_ways_in_which_scripts_name_an_input() {
        let table = [
            ("document.forms[0]['pf.ok'].value = 'clicked';", "pf.ok", Some("clicked")),
            ("document.forms[0].elements[\"action\"].value=\"login\"", "action", Some("login")),
            ("document.login.cmd.value = 'go'", "cmd", Some("go")),
            ("document.getElementById('btn').value='1'", "btn", Some("1")),
            ("$('#btn').val('1')", "btn", Some("1")),
            ("$(\"input[name=btn]\").val(\"1\")", "btn", Some("1")),
            ("if (f.btn.value == '1') { x() }", "btn", None),
            ("f.btn.value = other.value", "btn", None),
            ("f.button.value = '1'", "btn", None),
        ];
        for (code, name, expected) in table {
            let found = literals(code).into_iter().find(|(receiver, _)| is_of(receiver, name)).map(|(_, value)| value);
            assert_eq!(found.as_deref(), expected, "{code}");
        }
    }
}
