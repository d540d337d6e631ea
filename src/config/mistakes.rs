//! Mistakes that people make in their first file, and the sentence that answers each. All of it is read when something is wrong.

use super::settings::{self, Table};

/// Words that other tools, or people, have for values of ours.
const WORDS: [(&str, &str); 17] = [
    ("kerberos", "spnego"),
    ("krb5", "spnego"),
    ("gssapi", "spnego"),
    ("negotiate", "spnego"),
    ("windows", "spnego"),
    ("iwa", "spnego"),
    ("sspi", "spnego"),
    ("password", "form"),
    ("login", "form"),
    ("adfs", "form"),
    ("keycloak", "form"),
    ("mfa", "browser"),
    ("azure-ad", "browser"),
    ("azuread", "browser"),
    ("entra", "browser"),
    ("irsa", "file"),
    ("github", "github-actions"),
];

/// The word of `names` that somebody means by `text`.
pub fn meant<'n>(text: &str, mut names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let (_, word) = WORDS.iter().find(|(other, _)| text.eq_ignore_ascii_case(other))?;
    names.find(|name| name == word)
}

/// What to do about a key that its table does not know, where it is a known one elsewhere. `prefix`: the table's, below its
/// profile; `None` for a profile: the file's top level.
pub fn misplaced(key: &str, profile: Option<&str>, prefix: &str, is_table: bool) -> Option<String> {
    if key.starts_with("sso_") {
        return Some(identity_center());
    }
    let rows = || settings::OF_PROFILE.into_iter().flat_map(Table::settings);
    let ours = rows().find(|row| row.also.contains(&key)).map_or(key, |row| row.key);
    let tables: Vec<&str> = settings::OF_PROFILE
        .into_iter()
        .filter(|table| table.keys().any(|known| known == ours))
        .map(|table| table.name)
        .collect();
    let shown = profile.unwrap_or("NAME");
    match (profile, tables.as_slice()) {
        (None, []) if prefix.is_empty() && is_table => {
            let name = key.strip_prefix("profile ").unwrap_or(key).trim().trim_matches('"');
            Some(format!("write [profile.{name}], with a dot: this file is TOML"))
        }
        (_, []) => None,
        (Some(_), tables) if tables.contains(&prefix) => Some(format!("it is called `{ours}` here")),
        (Some(_) | None, tables) => {
            let places: Vec<String> = tables.iter().map(|table| heading(shown, table)).collect();
            Some(format!("`{ours}` belongs in {}", places.join(" or ")))
        }
    }
}

/// What to do with a start page or the keys of IAM Identity Center.
pub fn identity_center() -> String {
    "this is AWS IAM Identity Center, which needs no fedcred: use `aws configure sso`, then `aws sso login`".to_owned()
}

/// The line of a file that has a heading of AWS's own files, `[profile analytics]`, where TOML has a dot.
pub fn aws_heading(text: &str) -> Option<String> {
    let inner = |line: &str| line.trim().strip_prefix("[profile ")?.split(']').next().map(str::to_owned);
    let name = text.lines().find_map(inner)?;
    Some(format!("write [profile.{}], with a dot: this file is TOML, not ~/.aws/config", name.trim()))
}

fn heading(profile: &str, table: &str) -> String {
    if table.is_empty() { format!("[profile.{profile}]") } else { format!("[profile.{profile}.{table}]") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::saml::auth::Method;
    use crate::config::web_identity::source_names;
    use crate::config::words::names;

    #[test]
    fn a_key_in_the_wrong_table_is_sent_to_the_right_one() {
        let table = [
            ("idp_url", Some("x"), "", "`idp_url` belongs in [profile.x.saml]"),
            ("role_arn", Some("x"), "saml", "`role_arn` belongs in [profile.x]"),
            ("role_arn", None, "", "`role_arn` belongs in [profile.NAME]"),
            ("mfa_serial", Some("x"), "", "`serial_number` belongs in [profile.x.assume_role]"),
            ("url", Some("x"), "saml", "it is called `idp_url` here"),
            ("command", Some("x"), "", "`command` belongs in [profile.x.saml] or [profile.x.web_identity]"),
        ];
        for (key, profile, prefix, expected) in table {
            assert_eq!(misplaced(key, profile, prefix, false).as_deref(), Some(expected));
        }
        assert_eq!(
            misplaced("analytics", None, "", true).unwrap(),
            "write [profile.analytics], with a dot: this file is TOML"
        );
        assert_eq!(misplaced("zzz", Some("x"), "", false), None);
        assert!(misplaced("sso_start_url", Some("x"), "", false).unwrap().contains("aws sso login"));
    }

    #[test]
    fn every_word_that_is_proposed_is_known() {
        let known = [names::<Method>(), source_names()].concat();
        for (_, word) in WORDS {
            assert!(known.contains(&word), "{word}");
        }
    }
}
