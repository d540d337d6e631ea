//! What `~/.aws/config` can hold. Its readers agree on little: botocore reads it by Python's configparser and a section's name by
//! shlex, Go, Rust, Java and JavaScript by parsers of their own; they differ in comments, quotes and who splits a
//! `credential_process` (a shell, shlex, or .NET's rules). So this is no quoting but a set: what all of them read alike is
//! written, everything else is refused with the reason.

use crate::error::{Code, Error, Result};
use crate::text::is_hidden;

/// The name of a profile as it stands in `[profile NAME]`: the characters of the "Shared config and credentials" format. With
/// others, botocore or the SDKs for Rust, Java and JavaScript pass over the section.
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

/// A value of a line `key = VALUE`.
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
    let begins_comment =
        text.char_indices().any(|(at, c)| matches!(c, '#' | ';') && (at == 0 || text[..at].ends_with(is_blank)));
    if begins_comment {
        return refused("what follows a blank and # or ; is a comment to some SDKs");
    }
    Ok(text)
}

/// The value of `credential_process`: words that a shell, Python's shlex, cmd and .NET split alike, each plain or between double
/// quotes.
pub fn command(words: &[String]) -> Result<String> {
    let line = words.iter().map(|word| command_word(word)).collect::<Result<Vec<_>>>()?.join(" ");
    value(&line).map(str::to_owned)
}

fn command_word(word: &str) -> Result<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/:._-+@".contains(c) || (cfg!(windows) && c == '\\');
    if !word.is_empty() && word.chars().all(is_plain) {
        return Ok(word.to_owned());
    }
    // Between double quotes these mean something to a shell, or to Windows, or end them.
    let is_special = |c: char| matches!(c, '"' | '$' | '`' | '!') || c == if cfg!(windows) { '%' } else { '\\' };
    match word.chars().find(|c| is_special(*c)) {
        None if !word.ends_with('\\') => Ok(format!("\"{word}\"")),
        odd => Err(Error::new(Code::InvalidValue, format!("no line of ~/.aws/config runs fedcred with {word:?}"))
            .because(format!(
                "SDKs split credential_process in different ways, and {:?} does not survive all of them",
                odd.unwrap_or('\\')
            ))
            .hint("choose a name or path without it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        for text in ["a", "a#b", "a;b", "eu-west-1", "\"two words\" x=y"] {
            assert!(value(text).is_ok(), "{text:?}");
        }
        for text in ["", " a", "a ", "a #b", "a\t;b", "#a", "a\nb", "a\rb", "a\u{202e}b"] {
            assert!(value(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_command_is_plain_words_or_double_quotes() {
        let words = |all: &[&str]| command(&all.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["/opt/my tools/fedcred", "get", "it's"]).unwrap(), "\"/opt/my tools/fedcred\" get \"it's\"");
        for odd in ["p$(id)", "p`id`", "p\"q", "p!", "a\nb", "a #b"] {
            assert!(words(&["/bin/fedcred", "get", odd]).is_err(), "{odd:?}");
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
