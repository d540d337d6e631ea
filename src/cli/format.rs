//! Credentials as text: `credential_process` JSON, and the other values of `--format`.
//!
//! Each value is quoted for its reader. Values of AWS's STS need no quoting, but what comes from a network is not trusted.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};
use zeroize::Zeroizing;

use super::args::Format;
use crate::acquire::Given;
use crate::credentials::{Credentials, SigningKeys};
use crate::error::{Code, Error, Result};
use crate::quote::{aws_ini, shell};
use crate::text::escaped;
use crate::time::whole_seconds;

/// Returns the whole text for stdout, with its line end.
pub fn render(given: &Given, format: Format, profile: &str) -> Result<Zeroizing<String>> {
    match given {
        Given::Entry(entry) => text_of(&Shown::from(&entry.credentials), format, profile),
        Given::Keys(keys) => text_of(&Shown::from(keys), format, profile),
    }
}

/// Credentials to be printed; what is absent is left out.
struct Shown<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: Option<&'a str>,
    expiration: Option<String>,
    account_id: Option<&'a str>,
}

impl Shown<'_> {
    fn len(&self) -> usize {
        let Shown { access_key_id, secret_access_key, session_token, expiration: _, account_id: _ } = self;
        access_key_id.len() + secret_access_key.len() + session_token.map_or(0, str::len)
    }
}

impl<'a> From<&'a Credentials> for Shown<'a> {
    fn from(credentials: &'a Credentials) -> Self {
        Shown {
            access_key_id: &credentials.access_key_id,
            secret_access_key: credentials.secret_access_key.expose(),
            session_token: Some(credentials.session_token.expose()),
            expiration: Some(whole_seconds(credentials.expiration)),
            account_id: credentials.account_id.as_deref(),
        }
    }
}

impl<'a> From<&'a SigningKeys> for Shown<'a> {
    fn from(keys: &'a SigningKeys) -> Self {
        Shown {
            access_key_id: &keys.access_key_id,
            secret_access_key: keys.secret_access_key.expose(),
            session_token: keys.session_token.as_ref().map(|token| token.expose()),
            expiration: keys.expiration.map(whole_seconds),
            account_id: None,
        }
    }
}

fn text_of(credentials: &Shown<'_>, format: Format, profile: &str) -> Result<Zeroizing<String>> {
    // Room for all of it: a buffer that grows would leave copies that are not wiped.
    let room = credentials.len() + 512;
    let mut text = match format {
        Format::Process => json(&Process::new(credentials), room, CompactFormatter)?,
        Format::Json => json(&Json { profile, process: Process::new(credentials) }, room, PrettyFormatter::new())?,
        Format::Env | Format::Export | Format::Fish | Format::Powershell | Format::Ini => {
            Zeroizing::new(String::with_capacity(room))
        }
    };
    match format {
        Format::Process | Format::Json => (),
        Format::Env => each(credentials, &mut text, |out, name, value| assign(out, name, value, plain))?,
        Format::Export => each(credentials, &mut text, |out, name, value| {
            out.push_str("export ");
            assign(out, name, value, |out, value| quoted(out, &shell::posix(value)))
        })?,
        Format::Fish => each(credentials, &mut text, |out, name, value| {
            out.push_str("set -gx ");
            out.push_str(name);
            out.push(' ');
            quoted(out, &shell::fish(value))
        })?,
        Format::Powershell => each(credentials, &mut text, |out, name, value| {
            out.push_str("$Env:");
            out.push_str(name);
            out.push_str(" = ");
            quoted(out, &shell::powershell(value))
        })?,
        Format::Ini => ini(credentials, &mut text, profile)?,
    }
    text.push('\n');
    Ok(text)
}

/// The shape that every AWS SDK reads (AWS SDKs and Tools Reference Guide, "Process credential provider").
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Process<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
}

impl<'a> Process<'a> {
    fn new(credentials: &'a Shown<'_>) -> Self {
        let Shown { access_key_id, secret_access_key, session_token, expiration, account_id } = credentials;
        Process {
            version: 1,
            access_key_id,
            secret_access_key,
            session_token: *session_token,
            expiration: expiration.as_deref(),
            account_id: *account_id,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Json<'a> {
    profile: &'a str,
    #[serde(flatten)]
    process: Process<'a>,
}

fn json(value: &impl Serialize, room: usize, formatter: impl Formatter) -> Result<Zeroizing<String>> {
    let bug = |why: String| Error::new(Code::Bug, "credentials have no JSON").because(why);
    let mut made = Zeroizing::new(Vec::with_capacity(room));
    value.serialize(&mut Serializer::with_formatter(&mut *made, formatter)).map_err(|why| bug(why.to_string()))?;
    let made = Zeroizing::new(String::from_utf8(std::mem::take(&mut *made)).map_err(|why| bug(why.to_string()))?);
    Ok(match escaped(&made) {
        Cow::Borrowed(_) => made,
        Cow::Owned(text) => Zeroizing::new(text),
    })
}

/// Adds a line for each variable that every SDK reads, and for `AWS_CREDENTIAL_EXPIRATION`, which some read.
fn each(
    credentials: &Shown<'_>,
    out: &mut Zeroizing<String>,
    line: impl Fn(&mut String, &str, &str) -> Result<()>,
) -> Result<()> {
    let variables = [
        ("AWS_ACCESS_KEY_ID", Some(credentials.access_key_id)),
        ("AWS_SECRET_ACCESS_KEY", Some(credentials.secret_access_key)),
        ("AWS_SESSION_TOKEN", credentials.session_token),
        ("AWS_CREDENTIAL_EXPIRATION", credentials.expiration.as_deref()),
    ];
    for (index, (name, value)) in variables.into_iter().enumerate() {
        let Some(value) = value else { continue };
        if index > 0 {
            out.push('\n');
        }
        line(out, name, value)?;
    }
    Ok(())
}

fn assign(out: &mut String, name: &str, value: &str, quote: fn(&mut String, &str) -> Result<()>) -> Result<()> {
    out.push_str(name);
    out.push('=');
    quote(out, value)
}

/// Refuses a value that would need quoting, for which env files have no common rules.
fn plain(out: &mut String, value: &str) -> Result<()> {
    let is_plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=:.-_".contains(&b));
    if !is_plain {
        return Err(Error::new(Code::StsBadAnswer, "the credentials hold a character that an env file cannot carry")
            .hint("use `--format export` or `--format json`"));
    }
    out.push_str(value);
    Ok(())
}

fn quoted(out: &mut String, value: &str) -> Result<()> {
    out.push_str(value);
    Ok(())
}

fn ini(credentials: &Shown<'_>, out: &mut Zeroizing<String>, profile: &str) -> Result<()> {
    aws_ini::profile_name(profile)?;
    out.push('[');
    out.push_str(profile);
    out.push(']');
    let lines = [
        ("aws_access_key_id", Some(credentials.access_key_id)),
        ("aws_secret_access_key", Some(credentials.secret_access_key)),
        ("aws_session_token", credentials.session_token),
    ];
    for (name, value) in lines {
        let Some(value) = value else { continue };
        out.push('\n');
        out.push_str(name);
        out.push_str(" = ");
        plain(out, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account_id::AccountId;
    use crate::cache::entry::CacheEntry;
    use crate::secret::Secret;

    fn credentials(token: &str) -> Given {
        let credentials = Credentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new("wJalr/+=".into()),
            session_token: Secret::new(token.into()),
            expiration: "2026-11-21T23:59:59.5Z".parse().unwrap(),
            account_id: AccountId::parse("112233334444"),
        };
        Given::Entry(CacheEntry { credentials, issued: crate::time::now(), generation: 0 })
    }

    #[test]
    fn keys_without_an_end_are_printed_without_one() {
        let keys = |token: Option<&str>| {
            Given::Keys(SigningKeys {
                access_key_id: "AKIAEXAMPLE".into(),
                secret_access_key: Secret::new("wJalr/+=".into()),
                session_token: token.map(|token| Secret::new(token.into())),
                expiration: None,
            })
        };
        let table = [
            (
                None,
                Format::Process,
                "{\"Version\":1,\"AccessKeyId\":\"AKIAEXAMPLE\",\"SecretAccessKey\":\"wJalr/+=\"}\n",
            ),
            (
                Some("tok"),
                Format::Process,
                "{\"Version\":1,\"AccessKeyId\":\"AKIAEXAMPLE\",\"SecretAccessKey\":\"wJalr/+=\",\"SessionToken\":\"tok\"}\n",
            ),
            (None, Format::Env, "AWS_ACCESS_KEY_ID=AKIAEXAMPLE\nAWS_SECRET_ACCESS_KEY=wJalr/+=\n"),
            (None, Format::Ini, "[p]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = wJalr/+=\n"),
        ];
        for (token, format, expected) in table {
            assert_eq!(render(&keys(token), format, "p").unwrap().as_str(), expected);
        }
    }

    #[test]
    fn credential_process_gets_one_line_that_every_sdk_reads() {
        let text = render(&credentials("tok"), Format::Process, "p").unwrap();
        assert_eq!(
            text.as_str(),
            "{\"Version\":1,\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"wJalr/+=\",\"SessionToken\":\"tok\",\
             \"Expiration\":\"2026-11-21T23:59:59Z\",\"AccountId\":\"112233334444\"}\n"
        );
    }

    #[test]
    fn each_shell_gets_its_own_quotes() {
        let hostile = r"a'b\c$(d)";
        let table = [
            (Format::Export, r"export AWS_SESSION_TOKEN='a'\''b\c$(d)'"),
            (Format::Fish, r"set -gx AWS_SESSION_TOKEN 'a\'b\\c$(d)'"),
            (Format::Powershell, r"$Env:AWS_SESSION_TOKEN = 'a''b\c$(d)'"),
        ];
        for (format, line) in table {
            let text = render(&credentials(hostile), format, "p").unwrap();
            assert!(text.lines().any(|l| l == line), "{}", *text);
            assert_eq!(text.lines().count(), 4);
        }
    }

    #[test]
    fn files_without_quoting_take_only_values_that_need_none() {
        for format in [Format::Env, Format::Ini] {
            assert!(render(&credentials("Fwo+/=="), format, "p").is_ok());
            assert_eq!(render(&credentials("a b"), format, "p").unwrap_err().code, Code::StsBadAnswer);
            assert!(render(&credentials("a\nb=c"), format, "p").is_err());
        }
        assert!(render(&credentials("t"), Format::Ini, "x]\n[y").is_err());
    }

    #[test]
    #[cfg(unix)]
    fn a_shell_takes_the_variables_as_they_are() {
        let hostile = "it's \"a\" $HOME `id` \\ *\t!";
        let text = render(&credentials(hostile), Format::Export, "p").unwrap();
        let script = format!("{}printf %s \"$AWS_SESSION_TOKEN\"", *text);
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), hostile);
    }
}
