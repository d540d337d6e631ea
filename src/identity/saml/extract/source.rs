//! The text of a page's scripts, and its parts: blocks, names, the expression before a call.

use super::tree::{ROOT, Tree};

/// Calls and names that are examined on one page, so that no page takes long.
pub const MAX_CALLS: usize = 64;
/// Bytes of functions that are collected for one handler. A script of more than four times this length is ignored.
pub const MAX_BODIES: usize = 32 << 10;

/// The scripts of the page and the handlers that run when it loads, joined, without comments.
pub fn code(tree: &Tree) -> String {
    let mut texts = Vec::new();
    for (id, element) in tree.elements(ROOT) {
        if element.is("script") && !element.value("type").contains("json") {
            texts.push(tree.text_content(id).to_string());
        }
        // Pages that may not have a script element use `onerror`.
        texts.extend(["onload", "onerror"].iter().filter_map(|name| element.attribute(name)).map(str::to_owned));
    }
    // The slashes of an address begin no comment.
    let code = without_comments(&texts.join("\n;\n"));
    let lines = code.lines().map(|line| {
        let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with([':', '\'', '"']));
        comment.map_or(line, |(at, _)| &line[..at])
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The bodies of the functions that a handler calls by name, and of the functions that these call.
pub fn called(code: &str, handler: &str) -> String {
    let mut bodies = String::new();
    let mut callers = handler.to_owned();
    if code.len() > 4 * MAX_BODIES {
        return bodies;
    }
    for _ in 0..2 {
        let calls = callers.match_indices('(').take(MAX_CALLS).map(|(at, _)| word_before(&callers[..at]));
        let mut names: Vec<&str> = calls.filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        names.dedup();
        let mut found = String::new();
        for body in names.into_iter().filter_map(|name| body_of(code, name)) {
            if found.len() + body.len() < MAX_BODIES {
                found.push_str(body);
                found.push(';');
            }
        }
        bodies.push_str(&found);
        callers = found;
    }
    bodies
}

/// The text between the braces of `function name(…) {`.
fn body_of<'c>(code: &'c str, name: &str) -> Option<&'c str> {
    code.match_indices(name).take(MAX_CALLS).find_map(|(at, _)| {
        let (before, after) = (&code[..at], code[at + name.len()..].trim_start());
        let is_declared = word_before(before.trim_end()) == "function" && after.starts_with('(');
        let is_assigned =
            after.strip_prefix(['=', ':']).is_some_and(|value| value.trim_start().starts_with("function"));
        if before.ends_with(is_word) || !is_declared && !is_assigned {
            return None;
        }
        let open = at + code[at..].find('{')?;
        code.get(open + 1..closing_brace(code, open))
    })
}

/// The expression at the end of this text: names, dots, calls and indices.
pub fn receiver(before: &str) -> String {
    let mut depth = 0;
    let start = before.char_indices().rev().take(200).find_map(|(at, c)| {
        match c {
            ')' | ']' => depth += 1,
            '(' | '[' if depth == 0 => return Some(at + 1),
            '(' | '[' => depth -= 1,
            c if depth == 0 && !(c.is_alphanumeric() || matches!(c, '_' | '$' | '.')) => {
                return Some(at + c.len_utf8());
            }
            _ => {}
        }
        None
    });
    before[start.unwrap_or(0)..].chars().filter(|c| !c.is_whitespace()).collect()
}

/// The brace that opens the innermost block around this place. Braces in strings are not considered.
pub fn enclosing_brace(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0;
    code[..at].char_indices().rev().find_map(|(at, c)| {
        match c {
            '}' => depth += 1,
            '{' if depth == 0 => return Some(at),
            '{' => depth -= 1,
            _ => {}
        }
        None
    })
}

/// The brace that closes the block which opens here, or the end of the text.
pub fn closing_brace(code: &str, open: usize) -> usize {
    let mut depth = 0;
    let close = code[open..].char_indices().find_map(|(at, c)| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        (depth == 0).then_some(open + at)
    });
    close.unwrap_or(code.len())
}

/// Whether a JavaScript name may contain the character.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

pub fn word_before(text: &str) -> &str {
    &text[text.trim_end_matches(is_word).len()..]
}

/// Returns the text without comments (`/*` to `*/`).
pub fn without_comments(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find("/*") {
        out.push_str(&rest[..start]);
        rest = rest[start + 2..].split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}
