//! `role_session_name`: the name of a session in CloudTrail, with placeholders for user, host, profile and token.

use super::found::Found;
use super::setting::Written;
use super::values;
use crate::error::{Code, Result};
use crate::quote::config::toml;

/// Text and placeholders, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionName(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    User,
    Host,
    Profile,
    Subject,
    Time,
}

/// The values of the placeholders.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The user on this machine.
    pub user: &'a str,
    pub host: &'a str,
    pub profile: &'a str,
    /// The token's `sub`.
    pub subject: &'a str,
    /// Seconds since 1970, for a new name in each session. Empty where names are compared.
    pub time: &'a str,
}

const PLACEHOLDERS: [(&str, Part); 5] = [
    ("user", Part::User),
    ("host", Part::Host),
    ("profile", Part::Profile),
    ("sub", Part::Subject),
    ("time", Part::Time),
];

/// The maximum length for STS.
const MAX: usize = 64;

impl SessionName {
    /// Returns `{sub}`: the token that proves the identity also names the session.
    pub fn of_subject() -> Self {
        SessionName(vec![Part::Subject])
    }

    /// Returns `botocore-session-` and the time, botocore's name for a session without one.
    pub fn of_botocore() -> Self {
        SessionName(vec![Part::Text("botocore-session-".to_owned()), Part::Time])
    }

    /// Returns `{user}`, the user on this machine.
    pub fn of_user() -> Self {
        SessionName(vec![Part::User])
    }

    /// Returns the name with its placeholders replaced. A character that STS does not accept (`[\w+=,.@-]{2,64}`)
    /// becomes a dash.
    pub fn expand(&self, asker: &Asker<'_>) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::User => asker.user,
            Part::Host => asker.host,
            Part::Profile => asker.profile,
            Part::Subject => asker.subject,
            Part::Time => asker.time,
        });
        let name: String = parts.flat_map(str::chars).map(|c| if fits(c) { c } else { '-' }).take(MAX).collect();
        if name.len() < 2 { format!("fedcred-{name}") } else { name }
    }
}

impl std::fmt::Display for SessionName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            other => PLACEHOLDERS.iter().filter(|(_, p)| p == other).try_for_each(|(name, _)| write!(f, "{{{name}}}")),
        })
    }
}

impl Written for SessionName {
    fn toml(&self) -> String {
        toml(&self.to_string())
    }
}

/// Reads the key's value. `has_token`: whether there is a token with a subject.
pub fn read(found: &Found<'_>, has_token: bool) -> Result<SessionName> {
    let text = values::text(found)?;
    let name = parse(&text).map_err(|why| found.error(Code::InvalidValue, why))?;
    if !has_token && name.0.contains(&Part::Subject) {
        return Err(found
            .error(Code::InvalidValue, "has {sub}, but there is no token whose subject that would be")
            .hint("use {user}, {host} or {profile}"));
    }
    Ok(name)
}

/// Returns the name of AWS_ROLE_SESSION_NAME, in which braces have no meaning.
pub fn literal(text: &str) -> SessionName {
    SessionName(vec![Part::Text(text.to_owned())])
}

fn parse(text: &str) -> std::result::Result<SessionName, String> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let end = rest.find('{').unwrap_or(rest.len());
        let (plain, after) = rest.split_at(end);
        if let Some(c) = plain.chars().find(|c| !fits(*c)) {
            return Err(format!("cannot contain {c:?}: use letters, digits and _+=,.@-"));
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain.to_owned()));
        }
        rest = after;
        if let Some(open) = after.strip_prefix('{') {
            let (name, after) = open.split_once('}').ok_or("has a { without }")?;
            let known = PLACEHOLDERS.iter().find(|(known, _)| *known == name);
            let part = known.map(|(_, part)| part.clone());
            parts.push(part.ok_or_else(|| {
                "has an unknown placeholder; use {user}, {host}, {profile}, {sub} or {time}".to_owned()
            })?);
            rest = after;
        }
    }
    let length: usize = parts.iter().map(|part| if let Part::Text(text) = part { text.len() } else { 1 }).sum();
    match length {
        2..=MAX => Ok(SessionName(parts)),
        _ if parts.iter().any(|part| !matches!(part, Part::Text(_))) && length <= MAX => Ok(SessionName(parts)),
        _ => Err(format!("must be between 2 and {MAX} characters long")),
    }
}

fn fits(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKER: Asker<'static> = Asker {
        user: "alice",
        host: "build 7",
        profile: "prod",
        subject: "repo:octo/app:ref:refs/heads/main",
        time: "1700000000",
    };

    #[test]
    fn placeholders_become_who_asks_in_characters_that_sts_takes() {
        let table = [
            ("{user}@{host}", "alice@build-7"),
            ("{profile}", "prod"),
            ("ci-{sub}", "ci-repo-octo-app-ref-refs-heads-main"),
            ("nightly", "nightly"),
        ];
        for (written, expected) in table {
            let name = parse(written).unwrap();
            assert_eq!((name.expand(&ASKER).as_str(), name.to_string().as_str()), (expected, written));
        }
        let long = "x".repeat(100);
        for (subject, expected) in [("", "fedcred-".to_owned()), ("é", "fedcred--".to_owned()), (&long, "x".repeat(64))]
        {
            assert_eq!(SessionName::of_subject().expand(&Asker { subject, ..ASKER }), expected);
        }
    }

    #[test]
    fn what_sts_would_refuse_is_refused_as_written() {
        let long = "x".repeat(65);
        let table = [
            ("a b", "cannot contain ' '"),
            ("{usr}", "unknown placeholder; use {user}"),
            ("{user", "without }"),
            ("a", "between 2 and 64"),
            (&long, "between 2 and 64"),
        ];
        for (written, why) in table {
            assert!(parse(written).unwrap_err().contains(why), "{written}");
        }
    }
}
