//! Writes values for `~/.aws/config` in a spelling that all SDKs read alike, or returns an error with the reason.
//! botocore reads the file with Python's configparser, and a section's name with shlex; the SDKs for Go, Rust, Java and
//! JavaScript have their own parsers. They differ in comments, quotes, and who splits a `credential_process`.

use crate::error::{Code, Error, Result};
use crate::text::{is_hidden, printable};

/// Returns the heading of an AWS profile in the config file, as the AWS CLI writes it.
///
/// Errors: [`Code::InvalidValue`] for a name that not all SDKs read back.
pub fn heading(profile: &str) -> Result<String> {
    let refused = |why: &str| {
        let what = format!("the AWS profile {:?} cannot be written into ~/.aws/config", printable(profile, 80));
        Error::new(Code::InvalidValue, what).because(why).hint("choose another name: fedcred setup --aws-profile NAME")
    };
    if profile.is_empty() {
        return Err(refused("its name is empty"));
    }
    if profile.chars().any(|c| c.is_control() || "\u{2028}\u{2029}\u{feff}".contains(c)) {
        return Err(refused("its name holds a line end or another control character"));
    }
    if let Some(c) = profile.chars().find(|c| "[]\"'\\#;".contains(*c)) {
        return Err(refused(&format!("its name holds {c}, which is part of the file's own grammar")));
    }
    if profile.trim() != profile {
        return Err(refused("its name begins or ends with a blank, which SDKs take away"));
    }
    if let Some(sign) = breaks_off(&format!(" {profile}")) {
        return Err(refused(&format!("the SDKs for Go cannot read a name with {sign:?} in this place")));
    }
    Ok(match profile {
        "default" => "[default]".to_owned(),
        name if name.contains(char::is_whitespace) => format!("[profile '{name}']"),
        name => format!("[profile {name}]"),
    })
}

/// Returns a `credential_process` that every SDK splits into these words.
///
/// Some split as a shell does, some run a shell, and those for Go take the text between two double quotes for the whole
/// command. Single quotes have the same meaning in all of them. On Windows, `cmd.exe` gets the command, and knows only
/// double quotes.
///
/// Errors: [`Code::InvalidValue`] for a word that not all SDKs read back.
pub fn command(words: &[String]) -> Result<String> {
    words.iter().map(|word| self::word(word, cfg!(windows))).collect::<Result<Vec<_>>>().map(|words| words.join(" "))
}

fn word(word: &str, for_windows: bool) -> Result<String> {
    let refused = |why: String| {
        let what = format!("no line of ~/.aws/config runs fedcred with {:?}", printable(word, 120));
        Error::new(Code::InvalidValue, what).because(why).hint("use a path or a name of letters, digits, / . _ and -")
    };
    if word.chars().any(|c| c.is_control() || "\u{2028}\u{2029}\u{feff}\u{fffd}".contains(c)) {
        return Err(refused("it holds a line end, a control character or bytes that are not text".to_owned()));
    }
    // In single quotes a shell expands nothing; in double quotes `cmd.exe` expands a name between percent signs.
    let (quote, forbidden) = if for_windows { ('"', "\"%") } else { ('\'', "'") };
    if let Some(c) = word.chars().find(|c| forbidden.contains(*c)) {
        return Err(refused(format!("it holds {c}, which SDKs read differently in quotes")));
    }
    // A quote before the first character protects it, except from being read as a comment.
    let sign = breaks_off(word).or_else(|| breaks_off(&format!(" {word}")).filter(|sign| "#;".contains(*sign)));
    if let Some(sign) = sign {
        return Err(refused(format!(
            "it holds {sign:?}, which some SDKs take for the start of a comment or of a \
        value"
        )));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/:._-+@,=".contains(c) || (for_windows && c == '\\');
    let is_plain = !word.is_empty() && word.chars().all(is_plain) && breaks_off(&format!(" {word} ")).is_none();
    if for_windows && !is_plain && word.ends_with('\\') {
        return Err(refused("it ends with a backslash, which would escape the quote after it".to_owned()));
    }
    Ok(if is_plain { word.to_owned() } else { format!("{quote}{word}{quote}") })
}

/// Splits a `credential_process` as SDKs do: by the rules of a shell, or on Windows by those of its programs.
///
/// Returns `None` if its quotes do not close.
pub fn split(command: &str, for_windows: bool) -> Option<Vec<String>> {
    if for_windows { split_for_windows(command) } else { shlex::split(command) }
}

/// Splits as botocore does on Windows (compat.py, `_windows_shell_split`), which are the rules of Microsoft's C runtime: double quotes
/// alone quote, and a backslash is one but in front of them, where two are one and a single one makes the quote a character.
fn split_for_windows(command: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut is_quoted, mut backslashes) = (Vec::new(), None::<String>, false, 0);
    for c in command.chars() {
        if c == '\\' {
            backslashes += 1;
            continue;
        }
        let before = std::mem::take(&mut backslashes);
        if c == '"' {
            let word = word.get_or_insert_default();
            word.push_str(&"\\".repeat(before / 2));
            match before % 2 {
                0 => is_quoted = !is_quoted,
                _ => word.push(c),
            }
            continue;
        }
        if before > 0 {
            word.get_or_insert_default().push_str(&"\\".repeat(before));
        }
        match c {
            ' ' | '\t' if !is_quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    if backslashes > 0 {
        word.get_or_insert_default().push_str(&"\\".repeat(backslashes));
    }
    words.extend(word);
    (!is_quoted).then_some(words)
}

/// Checks the name of a section of the credentials file, where quotes are part of the name: the characters of the "Shared config
/// and credentials" format.
pub fn profile_name(name: &str) -> Result<&str> {
    let is_known = |c: char| c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c);
    match name.chars().find(|c| !is_known(*c)) {
        None if !name.is_empty() => Ok(name),
        odd => {
            let why = odd.map_or("it is empty".to_owned(), |c| format!("not every SDK reads a name with {c:?}"));
            Err(Error::new(Code::InvalidValue, format!("{name:?} cannot be the name of an AWS profile"))
                .because(why)
                .hint("use letters, digits and - _ . / @ : + % for it"))
        }
    }
}

/// Checks a value of a line `key = VALUE`.
pub fn value(text: &str) -> Result<&str> {
    let refused = |why: &str| {
        Err(Error::new(Code::InvalidValue, format!("~/.aws/config cannot hold {text:?}"))
            .because(why)
            .hint("use a name or path without it"))
    };
    let is_blank = |c: char| c == ' ' || c == '\t';
    if text.chars().any(|c| is_hidden(c) && c != '\t') {
        return refused("a line end or another invisible character would end the value, or be lost");
    }
    if text.is_empty() || text.starts_with(is_blank) || text.ends_with(is_blank) {
        return refused("blanks at its ends are lost, and an empty value begins a nested one");
    }
    if breaks_off(&format!(" {text} ")).is_some() {
        return refused("some SDKs take a part of it for a comment or for a value of its own");
    }
    Ok(text)
}

/// Returns the character at which some SDK stops reading the text.
///
/// Many begin a comment at # or ; after a blank. Those for Go also begin a new token after each of `=:[]`: a comment or
/// a comma ends the value, a double quote extends it to the next one, on any line, and a number that begins with a sign
/// or a point is an error of the whole file (aws-sdk-go, `internal/ini`).
fn breaks_off(text: &str) -> Option<char> {
    let is_boundary = |c: char| c.is_whitespace() || "=:[]".contains(c);
    text.split_inclusive(is_boundary).skip(1).find_map(|part| {
        let number = part.strip_prefix(['-', '.']).and_then(|rest| rest.strip_suffix(char::is_whitespace));
        let is_number = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_digit())
                && text.chars().all(|c| c.is_ascii_hexdigit() || ".xo".contains(c))
        };
        match part.chars().next()? {
            sign @ ('#' | ';' | ',' | '"') => Some(sign),
            sign @ ('-' | '.') if number.is_some_and(is_number) => Some(sign),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::aws_ini::{Document, without_comment};

    #[test]
    fn a_name_is_written_as_the_aws_cli_writes_it_or_refused() {
        for (name, expected) in [
            ("default", Some("[default]")),
            ("dev", Some("[profile dev]")),
            ("alice@corp.example:1/a+b", Some("[profile alice@corp.example:1/a+b]")),
            ("my prof", Some("[profile 'my prof']")),
            ("zürich", Some("[profile zürich]")),
            ("p$(x)", Some("[profile p$(x)]")),
            ("", None),
            ("a]", None),
            ("a\nb", None),
            ("a\u{2028}b", None),
            (" a", None),
            ("it's", None),
            ("a\"b", None),
            ("a\\b", None),
            ("a #b", None),
            ("a,b", Some("[profile a,b]")),
            (",b", None),
            ("a=,b", None),
            ("a:,b", None),
            ("a -1 b", None),
            ("-1", Some("[profile -1]")),
        ] {
            assert_eq!(heading(name).ok().as_deref(), expected, "{name:?}");
        }
    }

    #[test]
    fn a_word_is_quoted_for_all_sdks_or_refused() {
        for (text, expected, on_windows) in [
            ("/usr/bin/fedcred", Some("/usr/bin/fedcred"), Some("/usr/bin/fedcred")),
            ("/bin dir/fedcred", Some("'/bin dir/fedcred'"), Some("\"/bin dir/fedcred\"")),
            (r"C:\bin\fedcred.exe", Some(r"'C:\bin\fedcred.exe'"), Some(r"C:\bin\fedcred.exe")),
            ("p$(x)", Some("'p$(x)'"), Some("\"p$(x)\"")),
            ("p\"q", Some("'p\"q'"), None),
            ("%TEMP%", Some("'%TEMP%'"), None),
            ("", Some("''"), Some("\"\"")),
            ("it's", None, Some("\"it's\"")),
            ("a\nb", None, None),
            ("/bin #1/fedcred", None, None),
            ("a,b", Some("a,b"), Some("a,b")),
            (",b", Some("',b'"), Some("\",b\"")),
            ("a=,b", None, None),
            ("a:#b", None, None),
            ("a#b", Some("'a#b'"), Some("\"a#b\"")),
            ("a \"b", None, None),
            ("-1", Some("'-1'"), Some("\"-1\"")),
            ("-1x", Some("'-1x'"), Some("\"-1x\"")),
            ("-a", Some("-a"), Some("-a")),
            ("a -1.5 b", None, None),
        ] {
            assert_eq!(word(text, false).ok().as_deref(), expected, "{text:?}");
            assert_eq!(word(text, true).ok().as_deref(), on_windows, "{text:?}");
        }
    }

    #[test]
    fn a_command_for_windows_is_split_as_its_programs_do() {
        // botocore's own examples (tests/unit/test_compat.py), and paths as people write them.
        for (command, words) in [
            ("", Some(&[][..])),
            ("spam \t\\\\", Some(&["spam", "\\\\"])),
            (r#""foo bar" baz"#, Some(&["foo bar", "baz"])),
            (r#"foo\\"bar baz""#, Some(&[r"foo\bar baz"])),
            (r#"foo\"bar"#, Some(&["foo\"bar"])),
            (r#"a "" b"#, Some(&["a", "", "b"])),
            (r#""C:\Program Files\fedcred.exe" get"#, Some(&[r"C:\Program Files\fedcred.exe", "get"])),
            (r"C:\Users\o'hara\fedcred.exe get dev", Some(&[r"C:\Users\o'hara\fedcred.exe", "get", "dev"])),
            (r"\\server\share\fedcred.exe get 'a b'", Some(&[r"\\server\share\fedcred.exe", "get", "'a", "b'"])),
            (r#""C:\bin\"#, None),
            (r#"C:\bin\fedcred.exe get "dev"#, None),
        ] {
            let expected = words.map(|words| words.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(split(command, true), expected, "{command}");
        }
    }

    #[test]
    fn names_that_every_sdk_reads_are_taken_and_no_others() {
        for name in ["default", "dev", "a.b_c-d/e@f:g+h%i"] {
            assert!(profile_name(name).is_ok(), "{name}");
        }
        for name in
            ["", "two words", "a]b", "a[b", "a#b", "a;b", "a\"b", "a'b", "a\nb", "p$(id)", "p`id`", "ä", "a\\b", "a=b"]
        {
            assert_eq!(profile_name(name).unwrap_err().code, Code::InvalidValue, "{name:?}");
        }
    }

    #[test]
    fn values_that_some_reader_cuts_are_refused() {
        for text in ["a", "a#b", "a;b", "a,b", "eu-west-1", "two \twords", "x\"=y\""] {
            assert!(value(text).is_ok(), "{text:?}");
        }
        for text in [
            "",
            " a",
            "a ",
            "a #b",
            "a\t;b",
            "#a",
            "a\nb",
            "a\rb",
            "a\u{202e}b",
            ",a",
            "a =,",
            "\"a\"",
            "=\"",
            "-1",
            "[#",
        ] {
            assert!(value(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(name in "\\PC{1,12}", words in proptest::collection::vec("\\PC{0,12}", 1..4)) {
            if let (Ok(heading), Ok(command)) = (heading(&name), command(&words)) {
                let document = Document::parse(format!("{heading}\ncredential_process = {command}\nregion = x\n"));
                let section = document.sections().next().unwrap();
                prop_assert_eq!(&section.heading().name, &name);
                let value = section.value("credential_process").unwrap();
                prop_assert_eq!(without_comment(value), value);
                prop_assert_eq!(split(value, cfg!(windows)), Some(words));
                prop_assert_eq!(section.value("region"), Some("x"));
            }
        }

        #[test]
        fn words_for_windows_are_read_back(words in proptest::collection::vec("[a-zA-Z0-9 \\\\:&()'~-]{0,12}", 1..4)) {
            let written: Result<Vec<String>> = words.iter().map(|one| word(one, true)).collect();
            if let Ok(written) = written {
                prop_assert_eq!(split(&written.join(" "), true), Some(words));
            }
        }
    }

    #[cfg(unix)]
    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn a_shell_and_shlex_split_alike_what_is_written(words in prop::collection::vec("[a-zA-Z0-9 '&|<>()*?~{}=,;#%^äöé/.-]{1,10}", 1..4)) {
            if let Ok(line) = command(&words) {
                prop_assert_eq!(shlex::split(&line).unwrap(), words.clone());
                let script = format!("set -f; printf '<%s>' {line}");
                let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
                let expected: String = words.iter().map(|word| format!("<{word}>")).collect();
                prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
            }
        }
    }
}
