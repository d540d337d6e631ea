//! What a page's scripts do when it loads: the form that they submit, or the button that they press.
//!
//! Scripts are not run. A call counts if it runs as the page loads: at the top level, in `onload`, in a function that is
//! called at once or passed to a timer or to a load event, or in a named function that is called from such a place. Click
//! handlers wait for a person, and so does `setInterval`: the page asks again and again whether a phone has answered. A timer
//! of more than ten seconds ends an idle session.

use std::cell::Cell;

use super::source::{MAX_CALLS, closing_brace, code, enclosing_brace, is_word, receiver, word_before};
use super::tree::Tree;

/// A form that the page submits by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The expression before the call, without white space: `document.forms[0]`.
    pub receiver: String,
    /// The receiver is a button, which is pressed.
    pub is_press: bool,
}

/// Functions that call each other.
const MAX_DEPTH: usize = 4;
/// Places examined on one page.
pub(super) const MAX_STEPS: u32 = 500;
const LONGEST_TIMER: f64 = 10_000.0;

const CALLS: [(&str, bool); 5] = [
    (".submit(", false),
    (".submit.call(", false),
    (".requestSubmit(", false),
    (".trigger('submit'", false),
    (".click(", true),
];

/// Everything that the scripts of the page submit when it loads.
pub fn submissions(tree: &Tree) -> Vec<Submission> {
    let code = code(tree);
    let lower = code.to_ascii_lowercase();
    let budget = Cell::new(MAX_STEPS);
    let mut found = Vec::new();
    for (call, is_press) in CALLS {
        let call = call.to_ascii_lowercase();
        for (at, _) in lower.match_indices(&call).take(MAX_CALLS) {
            let receiver = receiver(&code[..at]);
            // `$(button).click(function…)` sets a handler.
            let argument = code[at + call.len()..].trim_start();
            let is_handler = is_press && !argument.starts_with(')') || argument.starts_with("function");
            if !is_handler && runs_at_load(&code, at, 0, &budget) {
                found.push(Submission { receiver, is_press });
            }
        }
    }
    found
}

/// Whether a script contains a call that submits a form or presses a button.
pub fn submits(script: &str) -> bool {
    let script = script.to_ascii_lowercase();
    CALLS.iter().any(|(call, _)| script.contains(&call.to_ascii_lowercase()))
}

/// Whether the code at this place runs when the page loads.
pub(super) fn runs_at_load(code: &str, at: usize, depth: usize, budget: &Cell<u32>) -> bool {
    let Some(left) = budget.get().checked_sub(1) else { return false };
    budget.set(left);
    // From the inside out: each enclosing function has to be called.
    let mut end = at;
    while let Some(open) = enclosing_brace(code, end) {
        let before = code[..open].trim_end();
        match function_before(before) {
            Opened::Block => {}
            Opened::Named(name, start) => return depth < MAX_DEPTH && is_called(code, name, start..end, depth, budget),
            Opened::Nameless(start) => {
                if !is_begun(code, start, closing_brace(code, open)) {
                    return false;
                }
            }
        }
        end = open;
    }
    !is_postponed(code, at)
}

enum Opened<'a> {
    /// `if (…) {`, `try {`
    Block,
    /// `function name(…) {`, `name = function (…) {`, `const name = (…) => {`; the name and where the function begins.
    Named(&'a str, usize),
    Nameless(usize),
}

/// What opens the block whose brace follows this text.
fn function_before(before: &str) -> Opened<'_> {
    let is_arrow = before.ends_with("=>");
    let head = before.strip_suffix("=>").unwrap_or(before).trim_end();
    let start = match head.strip_suffix(')') {
        Some(inner) => {
            let mut depth = 1;
            let open = inner.char_indices().rev().find_map(|(at, c)| {
                depth += match c {
                    ')' => 1,
                    '(' => -1,
                    _ => 0,
                };
                (depth == 0).then_some(at)
            });
            let Some(open) = open else { return Opened::Block };
            open
        }
        None if is_arrow => head.len() - word_before(head).len(),
        None => return Opened::Block,
    };
    let mut head = head[..start].trim_end();
    let mut name = word_before(head);
    if !is_arrow {
        let bare = head[..head.len() - name.len()].trim_end();
        if name == "function" {
            head = bare;
            name = "";
        } else if word_before(bare) == "function" {
            return Opened::Named(name, bare.len() - "function".len());
        } else {
            return Opened::Block;
        }
    } else {
        name = "";
    }
    let start = head.len();
    let head = head.strip_suffix("async").unwrap_or(head).trim_end();
    // `window.onload = function` is not a name.
    if let Some(assigned) = head.strip_suffix(['=', ':']).map(str::trim_end).filter(|a| !a.ends_with(['=', '!'])) {
        name = word_before(assigned);
    }
    match name {
        "" | "onload" | "onpageshow" | "onreadystatechange" | "DOMContentLoaded" => Opened::Nameless(start),
        name => Opened::Named(name, start),
    }
}

/// Whether a nameless function is called at once or when the page loads, judged by the text before it.
fn is_begun(code: &str, start: usize, end: usize) -> bool {
    let before = &code[..start];
    let statement = last(before, 200).rsplit([';', '{', '}']).next().unwrap_or_default().to_ascii_lowercase();
    let compact: String = statement.chars().filter(|c| !c.is_whitespace()).collect();
    let is_event =
        compact.contains("addeventlistener(") || compact.contains(".on(") || compact.contains("attachevent(");
    if is_event {
        return ["load'", "load\"", "loaded'", "loaded\"", "pageshow", "ready"]
            .iter()
            .any(|event| compact.contains(event));
    }
    if compact.ends_with("settimeout(") {
        return delay(code.get(end..).unwrap_or_default()) <= LONGEST_TIMER;
    }
    let after = code.get(end + 1..).unwrap_or_default().trim_start();
    let is_called_at_once = after.starts_with("()")
        || after.starts_with(")(")
        || after.starts_with(".call(")
        || after.starts_with(".bind(");
    is_called_at_once
        || ["onload=", "onpageshow=", ".ready(", "$(", "jquery(", "requestanimationframe(", "queuemicrotask(", ".then("]
            .iter()
            .any(|call| compact.ends_with(call))
}

/// The milliseconds that follow a timer's function: `}, 500)`; 0 if none are written.
fn delay(rest: &str) -> f64 {
    let rest = rest.trim_start_matches(['}', ' ', '\n', '\r', '\t']);
    rest.strip_prefix(',').map_or(0.0, |rest| milliseconds(rest.split(')').next().unwrap_or_default()))
}

/// A number or a product of numbers; infinite for anything else.
fn milliseconds(text: &str) -> f64 {
    text.split('*').map(|factor| factor.trim().parse::<f64>().unwrap_or(f64::INFINITY)).product()
}

/// Whether a function of this name is called, or passed to something that calls it, from a place that runs at load.
fn is_called(code: &str, name: &str, own: std::ops::Range<usize>, depth: usize, budget: &Cell<u32>) -> bool {
    if name.is_empty() {
        return false;
    }
    code.match_indices(name).take(MAX_CALLS).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        if own.contains(&at) || before.ends_with(is_word) || after.starts_with(is_word) {
            return false;
        }
        let head = before.trim_end();
        if word_before(head) == "function"
            || head.ends_with('.') && !head.ends_with("window.") && !head.ends_with("this.")
        {
            return false;
        }
        let compact: String = last(head, 200).chars().filter(|c| !c.is_whitespace()).collect();
        let compact = compact.to_ascii_lowercase().replace('"', "'");
        let is_call = after.trim_start().starts_with('(');
        const TAKERS: [&str; 7] = ["onload=", ".ready(", "$(", "settimeout(", "load',", "loaded',", "pageshow',"];
        (is_call || TAKERS.iter().any(|taker| compact.ends_with(taker))) && runs_at_load(code, at, depth + 1, budget)
    })
}

/// Whether the statement is run by a timer of too many milliseconds: `setTimeout('f.submit()', 900000)`.
fn is_postponed(code: &str, at: usize) -> bool {
    let before = &code[..at];
    let statement = before.rsplit([';', '{', '}']).next().unwrap_or_default();
    let lower = statement.to_ascii_lowercase();
    if lower.contains("setinterval(") {
        return true;
    }
    let Some(begun) = lower.rfind("settimeout(") else { return statement.contains("onclick") };
    let argument = statement[begun + "settimeout(".len()..].trim_start();
    let Some(quote) = argument.chars().next().filter(|c| matches!(c, '\'' | '"' | '`')) else {
        // `setTimeout(() => f.submit(), 500)`
        let rest = code[at..].split_once("),").map_or("0", |(_, rest)| rest);
        return milliseconds(rest.split(')').next().unwrap_or_default()) > LONGEST_TIMER;
    };
    let rest = code[at..].split_once(quote).map_or("", |(_, rest)| rest);
    delay(rest) > LONGEST_TIMER
}

/// The last `count` characters.
fn last(text: &str, count: usize) -> &str {
    text.char_indices().rev().nth(count.saturating_sub(1)).map_or(text, |(at, _)| &text[at..])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::html;
    use super::*;
    use crate::time::Deadline;

    /// The receivers of what this page submits when it loads.
    fn sent(page: &str) -> String {
        let tree = html::read(page, Deadline::after(Duration::from_secs(10))).unwrap();
        let all = submissions(&tree);
        all.iter()
            .map(|s| format!("{}{}", if s.is_press { "press " } else { "" }, s.receiver))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn what_runs_at_load_is_found() {
        for (script, expected) in [
            ("document.forms[0].submit()", "document.forms[0]"),
            ("document.forms['f'].submit();", "document.forms['f']"),
            ("document.getElementById( 'f' ).submit()", "document.getElementById('f')"),
            ("window.onload = function() { document.f.submit(); }", "document.f"),
            ("window.onload=function(){if(x){try{f.submit()}catch(e){}}}", "f"),
            ("(function(){ f.submit(); })();", "f"),
            ("(() => { f.submit() })()", "f"),
            ("setTimeout(function() { f.submit() }, 100)", "f"),
            ("setTimeout(() => { f.submit() }, 5 * 1000)", "f"),
            ("window.setTimeout('document.forms[0].submit()', 0)", "document.forms[0]"),
            ("setTimeout(() => f.submit(), 100)", "f"),
            ("document.addEventListener('DOMContentLoaded', function () { f.submit() })", "f"),
            ("window.addEventListener(\"load\", () => { f.submit() });", "f"),
            ("$(document).ready(function(){ $('#f').submit(); });", "$('#f')"),
            ("$(function(){ $('form').submit(); });", "$('form')"),
            ("function go() { f.submit() } go();", "f"),
            ("function go() { f.submit() } window.onload = go;", "f"),
            ("var go = function() { f.submit() }; setTimeout(go, 1)", "f"),
            ("const go = () => { f.requestSubmit() }\ngo()", "f"),
            ("function a() { f.submit() } function b() { a() } b()", "f"),
            ("document.getElementById('ok').click()", "press document.getElementById('ok')"),
            ("HTMLFormElement.prototype.submit.call(f)", "HTMLFormElement.prototype"),
        ] {
            assert_eq!(sent(&format!("<script>{script}</script>")), expected, "{script}");
        }
        assert_eq!(sent("<body onload='document.forms[0].submit()'>"), "document.forms[0]");
        assert_eq!(sent("<script>function go(){document.f.submit()}</script><body onload='go()'>"), "document.f");
    }

    #[test]
    fn what_a_person_sets_off_is_not() {
        for script in [
            "function logout() { document.forms[0].submit() }",
            "button.onclick = function() { f.submit() }",
            "button.addEventListener('click', function () { f.submit() })",
            "$('#b').click(function(){ f.submit() })",
            "$('#b').on('click', () => { f.submit() })",
            "window.onload = function() { b.onclick = function() { f.submit() } }",
            "function a() { f.submit() } function b() { a() }",
            "setTimeout(function() { f.submit() }, 900000)",
            "setTimeout(() => { logout.submit() }, 15 * 60 * 1000)",
            "setTimeout('f.submit()', 60000)",
            "setTimeout(() => f.submit(), 60000)",
            "setInterval(() => f.submit(), 3000)",
            "setInterval(function() { f.submit() }, 3000)",
            "setInterval('f.submit()', 3000)",
            "// f.submit()",
            "/* f.submit() */",
            "x.onchange = () => { f.submit() }",
            "var o = { send: function() { f.submit() } };",
        ] {
            assert_eq!(sent(&format!("<script>{script}</script>")), "", "{script}");
        }
        assert_eq!(sent("<a onclick='document.forms[0].submit()'>Log out</a>"), "");
    }

    #[test]
    fn a_script_made_to_harm_ends_in_time() {
        for script in ["{".repeat(20_000) + &"f.submit();".repeat(2_000), "function a(){a();f.submit()}".repeat(2_000)]
        {
            sent(&format!("<script>{script}</script>"));
        }
    }
}
