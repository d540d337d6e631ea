//! The address to which a page's script leads as soon as it loads: `location.href = "/next"`, `location.replace("/next")`.
//!
//! Scripts are not run. An address counts if it is a literal, if the statement runs at load whatever the browser is like, and if
//! the page has no other. A condition tests the browser (cookies, frames), and what follows it is mostly an error page.

use std::cell::Cell;
use std::iter::successors;

use super::script::{MAX_STEPS, runs_at_load};
use super::source::{MAX_CALLS, code, enclosing_brace, is_word};
use super::tree::Tree;

/// Returns the address, as written. `None` if there is none, or several.
pub fn of_scripts(tree: &Tree) -> Option<String> {
    let code = code(tree);
    let budget = Cell::new(MAX_STEPS);
    let mut found: Vec<&str> = Vec::new();
    for (at, name) in code.match_indices("location").take(MAX_CALLS) {
        let Some(target) = literal(&code[at + name.len()..]) else { continue };
        if is_unconditional(&code, at) && runs_at_load(&code, at, 0, &budget) && !found.contains(&target) {
            found.push(target);
        }
    }
    match found.as_slice() {
        [one] => Some((*one).to_owned()),
        _ => None,
    }
}

/// The address in what follows `location`: `.href = "…";`, ` = '…'`, `.replace("…")`, `.assign("…")`.
fn literal(rest: &str) -> Option<&str> {
    let assigned = || rest.strip_prefix(".href").unwrap_or(rest).trim_start().strip_prefix('=');
    let called =
        || [".replace", ".assign"].iter().find_map(|name| rest.strip_prefix(name)?.trim_start().strip_prefix('('));
    let value = called().or_else(assigned)?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'))?;
    let (literal, after) = value[1..].split_once(quote)?;
    // `"/next?from=" + …` is not known, nor is what an escape stands for.
    let is_whole = !after.trim_start_matches([' ', '\t']).starts_with(['+', '.', '[']);
    (is_whole && !literal.is_empty() && !literal.contains(['\\', '\n', '$'])).then_some(literal)
}

/// Whether the statement stands in no `if`, `else`, `catch`, `case` or loop. `try {` is no condition.
fn is_unconditional(code: &str, at: usize) -> bool {
    const CONDITIONS: [&str; 8] = ["if", "else", "catch", "case", "while", "for", "switch", "finally"];
    let words = |text: &str| text.split(|c| !is_word(c)).any(|word| CONDITIONS.contains(&word));
    let statement = code[..at].rsplit([';', '{', '}']).next().unwrap_or_default();
    let mut opened = successors(enclosing_brace(code, at), |open| enclosing_brace(code, *open));
    let is_condition = |open: usize| words(code[..open].rsplit([';', '{', '}']).next().unwrap_or_default());
    !words(statement) && !statement.contains(['?', '&', '|']) && !opened.any(is_condition)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::html;
    use super::*;
    use crate::time::Deadline;

    #[test]
    fn a_page_that_only_leads_on_says_where_to() {
        for (script, expected) in [
            ("window.location.href = \"/next?a=1\";", Some("/next?a=1")),
            ("location='/next'", Some("/next")),
            ("top.location.replace( '/next' );", Some("/next")),
            ("window.onload = function () { try { document.location.assign(`/next`) } catch (e) {} }", Some("/next")),
            ("setTimeout(function () { location.href = '/next' }, 1000)", Some("/next")),
            ("location.href = '/a'; location.href = '/a';", Some("/a")),
            ("location.href = '/a'; location.href = '/b';", None),
            ("if (top != self) { top.location = '/a' }", None),
            ("if (!navigator.cookieEnabled) location.href = '/nocookies';", None),
            ("try { x() } catch (e) { location.href = '/error' }", None),
            ("ok || (location.href = '/error')", None),
            ("location.href = '/next?r=' + Math.random()", None),
            ("location.href = next", None),
            ("location.hash = '#a'", None),
            ("function go() { location.href = '/next' }", None),
            ("b.onclick = function () { location.href = '/next' }", None),
            ("setTimeout(function () { location.href = '/timeout' }, 900000)", None),
            ("var location = {}; x.location == '/a'", None),
        ] {
            let tree =
                html::read(&format!("<script>{script}</script>"), Deadline::after(Duration::from_secs(10))).unwrap();
            assert_eq!(of_scripts(&tree).as_deref(), expected, "{script}");
        }
    }
}
