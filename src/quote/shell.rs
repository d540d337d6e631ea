//! Commands and values for shells. A hint's command is made of words, each quoted, so that no name, claim or path in it can run
//! anything (CWE-78).

use std::fmt::Write;
use std::path::Path;

use zeroize::Zeroizing;

/// Returns the words as one command that can be pasted.
///
/// POSIX shells, fish and Python's shlex read the same words back; on Windows both `cmd` and PowerShell do. There, a word that
/// cannot be quoted for both is replaced by a placeholder.
pub fn command<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> String {
    let mut command = String::new();
    for word in words {
        if !command.is_empty() {
            command.push(' ');
        }
        command.push_str(&if cfg!(windows) { windows_word(word.as_ref()) } else { posix_word(word.as_ref()) });
    }
    command
}

/// Returns `fedcred WORDS PROFILE FLAGS`. A profile whose name looks like a flag goes to the end, after `--`.
pub fn fedcred(words: &[&str], profile: &str, flags: &[&str]) -> String {
    match profile.starts_with('-') {
        true => command([&["fedcred"], words, flags, &["--", profile]].concat()),
        false => command([&["fedcred"], words, &[profile], flags].concat()),
    }
}

/// Returns `export NAME=VALUE`; on Windows PowerShell's assignment.
pub fn export(name: &str, value: &str) -> String {
    match cfg!(windows) {
        true => format!("$env:{name} = \"{}\"", command([value]).trim_matches('"')),
        false => format!("export {name}={}", command([value])),
    }
}

/// Returns `WORDS PATH`.
pub fn on_path(words: &[&str], path: &Path) -> String {
    command([words, &[&path.display().to_string()]].concat())
}

/// Returns a command that shows owner and permissions of a file or directory.
pub fn look(path: &Path) -> String {
    on_path(if cfg!(windows) { &["icacls"] } else { &["ls", "-lL"] }, path)
}

/// Returns a command that removes the file.
pub fn remove(path: &Path) -> String {
    on_path(&[if cfg!(windows) { "del" } else { "rm" }], path)
}

fn posix_word(word: &str) -> String {
    // No argument holds a NUL.
    shlex::try_quote(&word.replace('\0', "")).map(|quoted| quoted.into_owned()).unwrap_or_default()
}

fn windows_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "+-./:@_\\".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    // Within double quotes cmd expands `%` and `!`, PowerShell `$` and backquotes, and neither knows the other's escape.
    if word.contains(['"', '%', '!', '$', '`', '\u{201c}', '\u{201d}', '\u{201e}']) || word.ends_with('\\') {
        return "…".to_owned();
    }
    format!("\"{word}\"")
}

/// Quotes a value for a POSIX shell: between single quotes only a single quote is special (Shell Command Language, 2.2.2).
pub fn posix(value: &str) -> Zeroizing<String> {
    between_quotes(value, |out, c| match c {
        '\'' => out.push_str(r"'\''"),
        c => out.push(c),
    })
}

/// Quotes a value for fish: between single quotes it has the escapes `\\` and `\'` (fish, "Quotes").
pub fn fish(value: &str) -> Zeroizing<String> {
    between_quotes(value, |out, c| {
        if matches!(c, '\\' | '\'') {
            out.push('\\');
        }
        out.push(c);
    })
}

/// Quotes a value for PowerShell: a quote is doubled, and typographic quotes count as quotes (about_Quoting_Rules).
pub fn powershell(value: &str) -> Zeroizing<String> {
    between_quotes(value, |out, c| {
        if matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') {
            out.push(c);
        }
        out.push(c);
    })
}

fn between_quotes(value: &str, each: impl Fn(&mut String, char)) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(value.len() + 2));
    let _ = out.write_char('\'');
    value.chars().for_each(|c| each(&mut out, c));
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns the value that a program in this language reads.
    #[cfg(unix)]
    fn read_by(program: &str, script: &str) -> Option<Vec<u8>> {
        let output = std::process::Command::new(program).args(["-c", script]).output().ok()?;
        assert!(output.status.success(), "{program}: {script}");
        Some(output.stdout)
    }

    #[test]
    fn a_hint_is_plain_where_it_can_be() {
        assert_eq!(fedcred(&["login", "--store", "file"], "dev", &[]), "fedcred login --store file dev");
        assert_eq!(fedcred(&["trust-policy"], "dev", &["--check", "-"]), "fedcred trust-policy dev --check -");
        assert_eq!(fedcred(&["trust-policy"], "-x", &["--check", "-"]), "fedcred trust-policy --check - -- -x");
        assert_eq!(
            export("AWS_PROFILE", "two words"),
            if cfg!(windows) { "$env:AWS_PROFILE = \"two words\"" } else { "export AWS_PROFILE='two words'" }
        );
        assert_eq!(on_path(&["chmod", "600"], Path::new("/a/b")), "chmod 600 /a/b");
    }

    #[test]
    fn on_windows_a_word_is_quoted_for_both_shells_or_left_out() {
        let table = [
            ("dev", "dev"),
            (r"C:\Users\a\x.toml", r"C:\Users\a\x.toml"),
            ("two words", "\"two words\""),
            ("a&calc", "\"a&calc\""),
            ("a$(calc)", "…"),
            ("%PATH%", "…"),
            ("a\"b", "…"),
            ("a b\\", "…"),
        ];
        for (word, expected) in table {
            assert_eq!(windows_word(word), expected);
        }
    }

    proptest! {
        #[cfg(unix)]
        #[test]
        fn words_are_read_back_as_they_were_meant(words in prop::collection::vec("[^\0]{0,12}", 1..4)) {
            prop_assert_eq!(shlex::split(&command(&words)).unwrap(), words);
        }

        #[test]
        fn fish_and_powershell_read_back_what_was_meant(value in "[a-z\\\\'\"$`\u{2018}\u{2019}\u{201a}\u{201b} ]{0,16}") {
            let inner = |text: &str| text[1..text.len() - 1].to_owned();
            // The same rules, in the other direction.
            let mut chars = inner(&fish(&value)).chars().collect::<Vec<_>>().into_iter().peekable();
            let mut read = String::new();
            while let Some(c) = chars.next() {
                prop_assert!(c != '\'', "an end before the end");
                read.push(if c == '\\' { chars.next().unwrap() } else { c });
            }
            prop_assert_eq!(&read, &value);
            let is_quote = |c: char| matches!(c, '\'' | '\u{2018}'..='\u{201b}');
            let mut chars = inner(&powershell(&value)).chars().collect::<Vec<_>>().into_iter();
            let mut read = String::new();
            while let Some(c) = chars.next() {
                if is_quote(c) {
                    prop_assert!(chars.next().is_some_and(is_quote), "an end before the end");
                }
                read.push(c);
            }
            prop_assert_eq!(&read, &value);
        }
    }

    #[cfg(unix)]
    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn a_shell_reads_back_what_was_meant(value in "[^\0]{0,20}", odd in "['\"$`\\\\!^~*;|&()\n ]{0,12}") {
            let value = value + &odd;
            let came = read_by("sh", &format!("printf %s {}", *posix(&value)));
            prop_assert_eq!(came.unwrap(), value.as_bytes());
            let came = read_by("sh", &command(["printf", "%s", &value]));
            prop_assert_eq!(came.unwrap(), value.as_bytes());
            // Where it is installed.
            if let Some(came) = read_by("fish", &format!("printf %s {}", *fish(&value))) {
                prop_assert_eq!(came, value.as_bytes());
            }
        }
    }
}
