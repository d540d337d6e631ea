//! Quoting for configuration files of other programs and of fedcred.

use std::fmt::Write;

use crate::error::{Code, Error, Result};
use crate::text::is_hidden;

/// Quotes a value as a basic string of TOML.
pub fn toml(text: &str) -> String {
    quoted(text, |out, c, _| match c {
        '"' | '\\' => out.extend(['\\', c]),
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        c if is_hidden(c) => code(out, c),
        c => out.push(c),
    })
}

/// Quotes a key of TOML, unless it can be bare.
pub fn toml_key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if is_bare { name.to_owned() } else { toml(name) }
}

/// Quotes a template of HCL, in which `${` and `%{` would begin an expression (HCL native syntax, "Template expressions").
pub fn hcl(text: &str) -> String {
    quoted(text, |out, c, next| match (c, next) {
        ('"' | '\\', _) => out.extend(['\\', c]),
        ('\n', _) => out.push_str("\\n"),
        ('\t', _) => out.push_str("\\t"),
        ('\r', _) => out.push_str("\\r"),
        ('$' | '%', Some('{')) => out.extend([c, c]),
        // Two of them and a brace would be read as an escape.
        ('$' | '%', Some(next)) if next == c => code(out, c),
        (c, _) if is_hidden(c) => code(out, c),
        (c, _) => out.push(c),
    })
}

/// Makes a text fit for a comment of one line.
pub fn comment(text: &str) -> String {
    crate::text::line(text).into_owned()
}

/// Quotes a word of a unit's setting: systemd.syntax(7), "Quoting", and the specifiers of systemd.unit(5).
pub fn systemd(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    quoted(text, |out, c, _| match c {
        '"' | '\\' => out.extend(['\\', c]),
        '%' => out.push_str("%%"),
        c if is_hidden(c) => code(out, c),
        c => out.push(c),
    })
}

/// Quotes an argument of `ExecStart=`, which also has variables (systemd.service(5), "Command lines").
pub fn systemd_argument(text: &str) -> String {
    systemd(text).replace('$', "$$")
}

/// Quotes the command of a crontab's line, whose words [`super::shell::posix`] has quoted.
///
/// cron ends the command at a `%`, removes a backslash before a `%`, and keeps every other backslash (crontab(5)). So
/// no backslash of the command may be before a `%`: the quotes are closed and opened again between them.
pub fn cron(command: &str) -> String {
    command.replace("\\%", "\\''%").replace('%', "\\%")
}

/// Escapes text of an element of XML.
pub fn xml(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if is_hidden(c) => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Quotes a word of a command line of `cmd.exe`. Between quotes only `%` and `"` are special to it.
///
/// Errors: [`Code::InvalidValue`] for a word with one of them: a command line has no escape for `%`, which begins a variable.
pub fn cmd(word: &str) -> Result<String> {
    match word.chars().find(|c| matches!(c, '"' | '%')) {
        // The program reads backslashes before its closing quote as escapes of it ("Parsing C command-line arguments").
        None => Ok(format!("\"{word}{}\"", "\\".repeat(word.len() - word.trim_end_matches('\\').len()))),
        Some(c) => Err(Error::new(Code::InvalidValue, format!("cmd.exe cannot be told {word:?}"))
            .because(format!("it holds {c}, which it reads differently"))
            .hint("choose a name or path without it")),
    }
}

/// Quotes an argument of a container in YAML: a double-quoted scalar, in which Kubernetes would expand `$(NAME)`.
pub fn kubernetes_argument(text: &str) -> String {
    quoted(&text.replace('$', "$$"), |out, c, _| match c {
        '"' | '\\' => out.extend(['\\', c]),
        c if is_hidden(c) => code(out, c),
        c => out.push(c),
    })
}

/// Fails for a line end or another hidden character, which files of schedulers cannot hold.
pub fn schedulable(text: &str) -> Result<&str> {
    // XML has no way to write the last two.
    match text.chars().find(|c| is_hidden(*c) || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        None => Ok(text),
        Some(c) => Err(Error::new(Code::InvalidValue, format!("no scheduler can be told {text:?}"))
            .because(format!("its files hold no U+{:04X}", u32::from(c)))
            .hint("choose a name or path without control and invisible characters")),
    }
}

/// Returns the text in double quotes, each character written by `each`, which also gets the next one.
fn quoted(text: &str, each: impl Fn(&mut String, char, Option<char>)) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        each(&mut out, c, chars.peek().copied());
    }
    out.push('"');
    out
}

/// Returns `\uXXXX` or `\UXXXXXXXX`, which TOML, HCL, systemd and YAML have alike.
fn code(out: &mut String, c: char) {
    let c = u32::from(c);
    let _ = if c > 0xffff { write!(out, "\\U{c:08x}") } else { write!(out, "\\u{c:04x}") };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANY: &str = "[a-z\\\\'\"$%{}<>&;#`~ \t\n\r\u{1b}\u{7f}\u{9b}\u{202e}\u{e0041}ä💡]{0,20}";
    /// A text that [`schedulable`] accepts.
    pub(super) const SHOWN: &str = "[a-z\\\\'\"$%{}()<>&;#`~ ä💡]{0,20}";

    /// Reads `\c` and the codes; `special` reads the other escapes.
    fn unescaped(quoted: &str, special: impl Fn(&str) -> Option<(char, usize)>) -> String {
        let mut rest = quoted.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
        let mut out = String::new();
        while let Some(c) = rest.chars().next() {
            if let Some((c, length)) = special(rest) {
                out.push(c);
                rest = &rest[length..];
                continue;
            }
            assert!(!is_hidden(c) && c != '"', "{c:?} stands in {quoted:?}");
            let (read, length) = match (c, rest.as_bytes().get(1)) {
                ('\\', Some(b'n')) => ('\n', 2),
                ('\\', Some(b't')) => ('\t', 2),
                ('\\', Some(b'r')) => ('\r', 2),
                ('\\', Some(b'u')) => (char::from_u32(u32::from_str_radix(&rest[2..6], 16).unwrap()).unwrap(), 6),
                ('\\', Some(b'U')) => (char::from_u32(u32::from_str_radix(&rest[2..10], 16).unwrap()).unwrap(), 10),
                ('\\', Some(other)) => {
                    assert!(matches!(other, b'"' | b'\\'), "no escape: {quoted:?}");
                    (char::from(*other), 2)
                }
                _ => (c, c.len_utf8()),
            };
            out.push(read);
            rest = &rest[length..];
        }
        out
    }

    /// As Kubernetes' expansion.go: `$$` is a dollar, `$(NAME)` a variable.
    fn by_kubernetes(argument: &str) -> String {
        assert!(!argument.replace("$$", "").contains("$("), "{argument:?} names a variable");
        argument.replace("$$", "$")
    }

    proptest! {
        #[test]
        fn toml_is_read_back(text in ANY) {
            let table: toml::Table = toml::from_str(&format!("{} = {}", toml_key(&text), toml(&text))).unwrap();
            prop_assert_eq!(table.get(&text).and_then(|value| value.as_str()), Some(text.as_str()));
        }

        #[test]
        fn hcl_is_read_back_and_begins_no_expression(text in ANY) {
            let read = unescaped(&hcl(&text), |rest| {
                assert!(!rest.starts_with("${") && !rest.starts_with("%{"), "an expression begins: {rest:?}");
                let doubled = rest.starts_with("$${") || rest.starts_with("%%{");
                doubled.then(|| (rest.chars().next().unwrap(), 2))
            });
            prop_assert_eq!(read, text);
        }

        #[test]
        fn yaml_is_read_back_without_a_variable(text in SHOWN) {
            use saphyr_parser::{Event, Parser};
            let yaml = format!("args: [{}]", kubernetes_argument(&text));
            let scalars: Vec<String> = Parser::new_from_str(&yaml)
                .filter_map(|event| match event.unwrap().0 {
                    Event::Scalar(text, ..) => Some(text.into_owned()),
                    _ => None,
                })
                .collect();
            prop_assert_eq!(by_kubernetes(&scalars[1]), text);
        }

        #[test]
        fn a_unit_is_read_back(text in ANY) {
            let written = systemd(&text);
            let whole = if written.starts_with('"') { written.clone() } else { format!("\"{written}\"") };
            let read = unescaped(&whole, |rest| {
                assert!(!rest.starts_with('%') || rest.starts_with("%%"), "a specifier: {rest:?}");
                rest.starts_with("%%").then_some(('%', 2))
            });
            prop_assert_eq!(read, text.clone());
            prop_assert_eq!(systemd_argument(&text).replace("$$", "$"), written);
        }

        #[test]
        fn words_of_cmd_end_where_they_were_meant_to(word in "[a-z\\\\'^&|<>()! ä]{0,16}") {
            // As a program's start takes them apart: backslashes count before a quote only.
            let written = cmd(&word).unwrap();
            let inner = written.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            let kept = inner.trim_end_matches('\\');
            prop_assert_eq!(format!("{kept}{}", "\\".repeat((inner.len() - kept.len()) / 2)), word);
        }

        #[test]
        fn a_property_list_is_read_back(text in SHOWN) {
            let xml = format!("<string>{}</string>", xml(&text));
            let mut reader = quick_xml::Reader::from_str(&xml);
            let mut read = String::new();
            loop {
                use quick_xml::events::Event;
                match reader.read_event().unwrap() {
                    Event::Text(part) => read.push_str(&part.into_inner()),
                    Event::GeneralRef(name) => match &*name.into_inner() {
                        "amp" => read.push('&'),
                        "lt" => read.push('<'),
                        "gt" => read.push('>'),
                        other => panic!("{other}"),
                    },
                    Event::Eof => break,
                    _ => {}
                }
            }
            prop_assert_eq!(read, text);
        }
    }

    #[test]
    fn what_no_scheduler_can_hold_is_refused_with_the_character() {
        assert_eq!(schedulable("two words ä $(x)").unwrap(), "two words ä $(x)");
        for text in ["a\nb", "a\u{202e}", "\u{ffff}"] {
            assert_eq!(schedulable(text).unwrap_err().code, Code::InvalidValue);
        }
        assert!(schedulable("a\nb").unwrap_err().causes[0].contains("U+000A"));
        assert!(cmd("50%").is_err() && cmd("a\"b").is_err());
    }
}

/// By cron and its shell.
#[cfg(all(test, unix))]
mod by_cron {
    use proptest::prelude::*;

    use super::cron;
    use crate::quote::shell::posix;

    /// As cron's do_command.c takes a line apart: the command for the shell.
    fn by_cron(line: &str) -> String {
        let (mut command, mut is_escaped) = (String::new(), false);
        for c in line.chars() {
            match (is_escaped, c) {
                (true, '%') => {
                    command.pop();
                    command.push('%');
                    is_escaped = false;
                }
                (false, '%') => return command,
                (true, c) => {
                    command.push(c);
                    is_escaped = false;
                }
                (false, c) => {
                    command.push(c);
                    is_escaped = c == '\\';
                }
            }
        }
        command
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn cron_and_its_shell_read_back_what_was_meant(text in super::tests::SHOWN, odd in "[\\\\%'a]{0,8}") {
            let text = text + &odd;
            let line = cron(&format!("printf {} {}", *posix("%s"), *posix(&text)));
            let output = std::process::Command::new("sh").args(["-c", &by_cron(&line)]).output().unwrap();
            prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
        }
    }
}
