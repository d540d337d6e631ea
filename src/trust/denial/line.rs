//! Restores the text of an error that was wrapped, quoted, coloured, escaped, masked or cut off.

/// Joins wrapped lines in two ways: with a space between them, and without.
pub fn readings(text: &str) -> [String; 2] {
    let plain = unescaped(&without_colours(text));
    let lines: Vec<&str> = plain.lines().map(unquoted).filter(|line| !line.is_empty()).collect();
    [tidy(&lines.join(" ")), tidy(&lines.join(""))]
}

/// Whether the text was cut off at its end.
pub fn is_cut(text: &str) -> bool {
    text.ends_with('…') || text.ends_with("...") || text.ends_with("[truncated]")
}

/// Whether a part of an ARN is masked: `***`, `XXXXXXXXXXXX`, `[REDACTED]`, `<account>`.
pub fn is_masked(part: &str) -> bool {
    let is_mask = |c: char| matches!(c, '*' | 'x' | 'X' | '#' | '•');
    let has_brackets = part.starts_with(['[', '<', '{']) && part.ends_with([']', '>', '}']);
    // A single letter is a name.
    let is_name = matches!(part, "x" | "X");
    !part.is_empty() && !is_name && (part.chars().all(is_mask) || has_brackets)
}

/// Removes the control sequences of a terminal (ECMA-48, "CSI").
fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        out.push_str(&rest[..at]);
        let after = &rest[at + 2..];
        let end = after.find(|c: char| ('@'..='~').contains(&c)).map_or(after.len(), |end| end + 1);
        rest = &after[end..];
    }
    out + rest
}

/// Undoes the escapes of JSON, of JSON in JSON, and of HTML, as far as errors have them.
fn unescaped(text: &str) -> String {
    let mut text = text.to_owned();
    for (escape, character) in [
        ("\\u0022", "\""),
        ("\\u0027", "'"),
        ("\\u003c", "<"),
        ("\\u003e", ">"),
        ("\\u0026", "&"),
        ("\\r", " "),
        ("\\t", " "),
    ] {
        text = text.replace(escape, character);
    }
    // Escapes may be escaped themselves; no name in AWS has a backslash.
    text = text.replace("\\n", "\n").replace('\\', "");
    for (entity, character) in [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, character);
    }
    text
}

/// Removes the marks of mail quotes, log viewers and frames from both ends of a line.
fn unquoted(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '>' | '|' | '│' | '┃' | '║' | '╷' | '╵'))
}

/// Normalises white space and removes control characters.
fn tidy(text: &str) -> String {
    crate::error::printable(text, 8000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_put_together_again() {
        let table = [
            ("a\n  b", "a b", "ab"),
            ("> a\n> b", "a b", "ab"),
            ("│ a │\n│ b │", "a b", "ab"),
            (r#"{\"a\": \"b\"}"#, r#"{"a": "b"}"#, r#"{"a": "b"}"#),
            (r#"{\\\"a\\\"}"#, r#"{"a"}"#, r#"{"a"}"#),
            ("a\\nb", "a b", "ab"),
            ("\u{1b}[31ma\u{1b}[0m b", "a b", "a b"),
            ("&quot;a&quot;", "\"a\"", "\"a\""),
        ];
        for (text, spaced, joined) in table {
            assert_eq!(readings(text), [spaced.to_owned(), joined.to_owned()], "{text}");
        }
    }

    #[test]
    fn masks_are_known() {
        for part in ["***", "XXXXXXXXXXXX", "xxxx", "[REDACTED]", "<account>", "############"] {
            assert!(is_masked(part), "{part}");
        }
        for part in ["", "112233334444", "Dev", "s3", "x"] {
            assert!(!is_masked(part), "{part}");
        }
    }
}
