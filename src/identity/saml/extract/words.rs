//! The meanings of words, in the most frequent languages of identity providers. The words are data: `words.txt`. The names of
//! inputs weigh more than words (see `classify` and `input`), so a page in another language is still recognised.
//!
//! Words are compared folded: lower case, no accents, one space between words.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

macro_rules! meanings {
    ($($name:ident),* $(,)?) => {
        /// What a word says. Each meaning has a section in `words.txt`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Meaning {
            $($name),*
        }

        impl Meaning {
            const ALL: &[(&'static str, Meaning)] = &[$((stringify!($name), Meaning::$name)),*];
        }
    };
}

meanings! {
    User, Password, Code, MaybeCode, Question, NewPassword, New, Save, Register, PersonalName, Newsletter, Captcha, Picture,
    Decoration, Domain, LogIn, GoOn, OtherWayIn, NotThis, Decline, SendFactor, FactorValue, Accept, Reject, LogOut, SecondFactor,
    SecondFactorAddress, FactorOnItsWay, SecondFactorText, Consent, ConsentText, ConsentAddress, HomeRealm, HomeRealmAddress,
    AccountChoice, Stay, Portal, Error, Complaint, Wrong,
    Conditional, Locked, Disabled, Expired, NeedsScript,
}

/// The words of one meaning.
#[derive(Default)]
struct Words {
    /// Phrases for people, each with whether it has to end with a word.
    phrases: Vec<(&'static str, bool)>,
    /// In names of programs: whole words, and parts of words.
    words: Vec<&'static str>,
    parts: Vec<&'static str>,
}

static WORDS: LazyLock<Vec<Words>> = LazyLock::new(|| {
    let mut all: Vec<Words> = Meaning::ALL.iter().map(|_| Words::default()).collect();
    let mut open = None;
    for line in include_str!("words.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            open = Meaning::ALL.iter().position(|(known, _)| *known == name);
        } else if let (Some((kind, list)), Some(words)) = (line.split_once(": "), open.and_then(|at| all.get_mut(at))) {
            let list = list.split(" | ");
            match kind {
                "word" => words.words.extend(list),
                "part" => words.parts.extend(list),
                _ => words.phrases.extend(list.map(|phrase| match phrase.strip_suffix('.') {
                    Some(whole) => (whole, true),
                    None => (phrase, false),
                })),
            }
        }
    }
    all
});

impl Meaning {
    fn words(self) -> &'static Words {
        &WORDS[self as usize]
    }
}

/// Folds a text: lower case, no accents, single spaces.
pub fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'ß' => out.push_str("ss"),
            '’' | '‘' | '\u{2bc}' => out.push('\''),
            '‐' | '‑' | '–' => out.push('-'),
            c if c.is_whitespace() || c.is_control() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.extend(c.to_lowercase()),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Whether a folded text contains a phrase of this meaning.
pub fn says(text: &str, meaning: Meaning) -> bool {
    // Scripts without spaces have no word boundaries.
    let is_letter = |c: char| c.is_alphanumeric() && !('\u{3040}'..'\u{a000}').contains(&c);
    meaning.words().phrases.iter().any(|(phrase, is_whole)| {
        text.match_indices(phrase).any(|(at, _)| {
            let ends = !is_whole || !text[at + phrase.len()..].starts_with(is_letter);
            let begins = !phrase.starts_with(is_letter) || !text[..at].ends_with(is_letter);
            begins && ends
        })
    })
}

/// Whether the words on a button fit one that logs in.
pub fn says_log_in(text: &str) -> bool {
    says(text, Meaning::LogIn) || says(text, Meaning::GoOn)
}

/// Splits a name as programs write it, such as `passcodeInput` or `pass-code_1`, into words in lower case.
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = ' ';
    for c in name.chars() {
        let begins = !previous.is_alphanumeric()
            || previous.is_lowercase() && c.is_uppercase()
            || previous.is_alphabetic() && c.is_ascii_digit()
            || previous.is_ascii_digit() && c.is_alphabetic();
        if c.is_alphanumeric() {
            if begins {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        previous = c;
    }
    words
}

/// Whether a name or an address, as programs write it, has this meaning.
pub fn is_named(name: &str, meaning: Meaning) -> bool {
    let Words { words: whole, parts, .. } = meaning.words();
    let compact: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    parts.iter().any(|part| compact.contains(part)) || words(name).iter().any(|word| whole.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compared_without_case_accents_and_line_ends() {
        assert_eq!(folded(" Bestätigen\n\tSie \u{a0}Größe "), "bestatigen sie grosse");
        assert!(says("bitte anmelden", Meaning::LogIn) && says("re-enter", Meaning::NewPassword));
        assert!(
            !says("unregistered", Meaning::Register) && !says("google", Meaning::LogIn) && says("go!", Meaning::GoOn)
        );
        assert!(says("请输入验证码", Meaning::Captcha));
    }

    #[test]
    fn names_are_taken_apart_as_programs_write_them() {
        let table = [
            ("passcodeInput", "passcode input"),
            ("j_username", "j username"),
            ("Ecom_User_ID", "ecom user id"),
            ("ctl00$Content$txtPIN", "ctl 00 content txt pin"),
            ("i0116", "i 0116"),
            ("", ""),
        ];
        for (name, expected) in table {
            assert_eq!(words(name).join(" "), expected);
        }
        for (name, is_code) in [
            ("shippingAddress", false),
            ("optionalNote", false),
            ("smsCode", true),
            ("OTP", true),
            ("totpPin", true),
            ("postcode", false),
        ] {
            assert_eq!(is_named(name, Meaning::Code), is_code, "{name}");
        }
    }

    #[test]
    fn every_word_is_written_as_it_is_compared_and_every_meaning_has_some() {
        for line in include_str!("words.txt").lines().filter(|line| line.starts_with('[')) {
            let name = line.trim_matches(['[', ']']);
            assert!(Meaning::ALL.iter().any(|(known, _)| *known == name), "{line}");
        }
        for (name, meaning) in Meaning::ALL {
            let Words { phrases, words: whole, parts } = meaning.words();
            assert!(!phrases.is_empty() || !whole.is_empty() || !parts.is_empty(), "{name}");
            for (phrase, _) in phrases {
                assert_eq!(folded(phrase), *phrase, "{name}");
            }
            for part in parts {
                assert!(part.chars().all(|c| c.is_alphanumeric() && !c.is_uppercase()), "{name}: {part}");
            }
            // Otherwise it is never equal to a word of a name.
            for word in whole {
                assert_eq!(words(word), [*word], "{name}");
            }
        }
    }
}
