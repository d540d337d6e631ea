//! Makes foreign text fit to be shown: characters that could control a terminal, or reorder or hide the text around them, are
//! removed (CWE-150; "Trojan Source", CVE-2021-42574).
//!
//! Text for people loses such characters ([`line()`], [`printable`]); JSON escapes them ([`escaped`]). A secret in the wrong place
//! is masked in each. `cli::output` applies them to everything that is printed.

use std::borrow::Cow;
use std::fmt::Write;

use self::redact::masked;

pub mod redact;

/// Whether `c` acts on a terminal or on the text around it and shows nothing of its own: the control characters (Unicode's
/// `Cc`), the format characters that are not drawn (`Cf`: zero-width, bidirectional, tags), and the separators of lines and
/// paragraphs.
pub fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{70f}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns the text as one line: each hidden character, also a line end, becomes a space.
pub fn line(text: &str) -> Cow<'_, str> {
    cleaned(text, |_| false)
}

/// Returns the text with line ends and tabs, and without other hidden characters: for fedcred's own texts of several
/// lines.
pub fn lines(text: &str) -> Cow<'_, str> {
    cleaned(text, |c| matches!(c, '\n' | '\t'))
}

fn cleaned(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_shown = |c: char| !is_hidden(c) || is_kept(c);
    if text.chars().all(is_shown) {
        return masked(text);
    }
    let text: String = text.chars().map(|c| if is_shown(c) { c } else { ' ' }).collect();
    Cow::Owned(masked(&text).into_owned())
}

/// Prepares text of a peer for a sentence: hidden characters become spaces, white space is collapsed, and the text is cut to `max`
/// characters.
pub fn printable(text: &str, max: usize) -> String {
    let mut out = String::new();
    let mut kept = 0;
    // Masked before it is cut: a part of a secret is not recognised.
    for c in masked(text.trim_end()).chars() {
        let c = if is_hidden(c) || c.is_whitespace() { ' ' } else { c };
        if c == ' ' && (out.is_empty() || out.ends_with(' ')) {
            continue;
        }
        if kept == max {
            out.push('…');
            break;
        }
        out.push(c);
        kept += 1;
    }
    out.truncate(out.trim_end().len());
    out
}

/// Escapes hidden characters in written JSON. Those of ASCII but DEL are escaped already, and outside of strings JSON has only
/// ASCII (RFC 8259 §7).
pub fn escaped(json: &str) -> Cow<'_, str> {
    // One pass, which compilers can vectorise: every hit calls this.
    if json.bytes().fold(0, u8::max) < 0x7f {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if c >= '\u{7f}' && is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_of_a_peer_cannot_drive_a_terminal() {
        let table = [
            ("plain", "plain"),
            ("  two\n\n lines ", "two lines"),
            ("\u{1b}[31mred\u{1b}[0m", "[31mred [0m"),
            ("abc\u{202e}cba", "abc cba"),
            ("0123456789abcdef", "0123456789ab…"),
            ("a\u{9b}31m\u{85}b\u{7f}", "a 31m b"),
            ("t\u{e0041}\u{2028}\u{61c}\u{ad}\u{feff}u", "t u"),
        ];
        for (input, expected) in table {
            assert_eq!(printable(input, 12), expected, "{input:?}");
        }
    }

    #[test]
    fn a_line_is_one_and_lines_keep_theirs() {
        assert_eq!(line("a\nb\tc\r\u{2029}d"), "a b c  d");
        assert_eq!(lines("a\nb\tc\r\u{1b}d"), "a\nb\tc  d");
        assert!(matches!(line("überall ✓ 日本 👍"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left_and_json_reads_back(text in any::<String>(), odd in "[\u{1b}\u{9b}\u{202e}\u{e0041}\u{2028}\n\u{7f}a\"\\\\]{0,9}") {
            let text = text + &odd;
            prop_assert!(!line(&text).chars().any(is_hidden));
            prop_assert!(!printable(&text, 40).chars().any(is_hidden));
            let json = serde_json::to_string(&text).unwrap();
            let json = escaped(&json);
            prop_assert!(!json.chars().any(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
