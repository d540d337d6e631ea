//! Reads the command line of SDKs without a grammar: building that would be a third of a hit's work.

use std::ffi::OsString;
use std::path::Path;

/// `get` with nothing but its profile and the configuration file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlainGet<'a> {
    pub profile: Option<&'a str>,
    pub config: Option<&'a Path>,
}

/// Reads `[--config FILE] get [PROFILE | -p PROFILE | --profile PROFILE]`, in any order; the first word is the program's name.
///
/// Returns `None` for everything else, also where it is merely unusual: the grammar of [`super::Arguments`] decides then.
pub fn plain_get(arguments: &[OsString]) -> Option<PlainGet<'_>> {
    let mut plain = PlainGet::default();
    let mut is_get = false;
    let mut words = arguments.get(1..)?.iter();
    while let Some(word) = words.next() {
        let word = word.to_str()?;
        match word.split_once('=').unwrap_or((word, "")) {
            ("-p" | "--profile", "") => set(&mut plain.profile, name(words.next()?.to_str()?)?)?,
            ("--profile", value) => set(&mut plain.profile, name(value)?)?,
            ("--config", "") => set(&mut plain.config, Path::new(name(words.next()?.to_str()?)?))?,
            ("--config", value) => set(&mut plain.config, Path::new(name(value)?))?,
            _ if !is_get => is_get = matches!(word, "get" | "credential-process").then_some(true)?,
            _ => set(&mut plain.profile, name(word)?)?,
        }
    }
    is_get.then_some(plain)
}

/// Returns the text if it cannot be a flag.
fn name(text: &str) -> Option<&str> {
    (!text.is_empty() && !text.starts_with('-')).then_some(text)
}

/// Sets a value. Returns `None` if it is set already, which is for the grammar to report.
fn set<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.is_none().then(|| *slot = Some(value))
}

#[cfg(test)]
mod tests {
    use super::super::{Arguments, Command, Get};
    use super::*;

    #[test]
    fn what_needs_no_grammar_is_read_as_the_grammar_reads_it() {
        let table: [(&str, bool); 24] = [
            ("get", true),
            ("get dev", true),
            ("get get", true),
            ("get credential-process", true),
            ("credential-process dev", true),
            ("get -p dev", true),
            ("-p dev get", true),
            ("get --profile dev", true),
            ("get --profile=dev", true),
            ("get --profile=a=b", true),
            ("get a=b", true),
            ("--config /c.toml get dev", true),
            ("get dev --config=/c.toml", true),
            ("get -p dev --config c.toml", true),
            ("get -v", false),
            ("get -pdev", false),
            ("get --profile=", false),
            ("get dev -p dev", false),
            ("get -p", false),
            ("get -p -v", false),
            ("get dev --force", false),
            ("get -- dev", false),
            ("config check", false),
            ("", false),
        ];
        for (line, is_plain) in table {
            let arguments: Vec<OsString> =
                ["fedcred"].into_iter().chain(line.split_whitespace()).map(Into::into).collect();
            let Some(plain) = plain_get(&arguments) else {
                assert!(!is_plain, "{line}");
                continue;
            };
            assert!(is_plain, "{line}");
            let read = |arguments: Arguments| match arguments.command {
                Command::Get(get) => format!("{:?} {get:?}", arguments.global),
                _ => panic!("{line}"),
            };
            let by_grammar = Arguments::by_grammar(&arguments, 100).unwrap();
            assert_eq!(read(Arguments::from(plain)), read(by_grammar), "{line}");
        }
    }

    #[test]
    fn a_name_may_have_blanks_but_not_be_empty_or_other_than_unicode() {
        let line = |profile: &str| ["fedcred", "get", profile].map(OsString::from);
        assert_eq!(plain_get(&line("two words")).unwrap().profile, Some("two words"));
        assert_eq!(plain_get(&line("")), None);
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStringExt;
            assert_eq!(plain_get(&["fedcred".into(), "get".into(), OsString::from_vec(vec![0xff])]), None);
        }
    }

    #[test]
    fn a_profile_that_is_named_twice_or_where_none_belongs_is_an_error() {
        let parse = |line: &str| {
            let arguments: Vec<OsString> = line.split_whitespace().map(Into::into).collect();
            Arguments::parse(&arguments, 100)
        };
        let Command::Get(Get { profile, .. }) = parse("fedcred -p dev get --force").unwrap().command else { panic!() };
        assert_eq!(profile.as_deref(), Some("dev"));
        for (line, why) in [
            ("fedcred get dev -p dev", "given twice"),
            ("fedcred refresh a -p b", "given twice"),
            ("fedcred refresh --all -p b", "--all"),
            ("fedcred config path -p b", "takes no profile"),
        ] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains(why), "{line}: {error}");
        }
    }
}
