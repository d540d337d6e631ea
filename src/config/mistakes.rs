//! Mistakes that people make in their first file, and the sentence that answers each. All of it is read when something is wrong.

use super::names::Names;
use super::settings::{self, Table};
use crate::host_name::HostName;

/// Values of settings, and the words that other tools and people have for them.
const WORDS: [(&str, Names); 9] = [
    ("spnego", Names("kerberos krb5 gssapi negotiate windows iwa sspi ntlm")),
    ("form", Names("password login adfs keycloak")),
    ("browser", Names("mfa azure-ad azuread entra sso")),
    ("file", Names("irsa eks")),
    ("azure", Names("aks")),
    ("google", Names("gcp gcloud")),
    ("kubernetes", Names("k8s")),
    ("oidc", Names("openid oauth")),
    ("github-actions", Names("github")),
];

/// The word of `names` that somebody means by `text`.
pub fn meant<'n>(text: &str, mut names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let (word, _) = WORDS.iter().find(|(_, others)| others.has(&text.to_ascii_lowercase()))?;
    names.find(|name| name == word)
}

/// What to do about a key that its table does not know, where it is a known one elsewhere. `prefix`: the table's, below its
/// profile; `None` for a profile: the file's top level.
pub fn misplaced(key: &str, profile: Option<&str>, prefix: &str, is_table: bool) -> Option<String> {
    if key.starts_with("sso_") {
        return Some(identity_center());
    }
    if OF_AWS.contains(&key) {
        return Some(format!(
            "`{key}` is a key of ~/.aws/config or ~/.aws/credentials, and has no place here: remove it"
        ));
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

/// Keys of AWS's own files that mean nothing to fedcred.
const OF_AWS: [&str; 8] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "credential_process",
    "output",
    "cli_pager",
    "retry_mode",
    "max_attempts",
];

/// What to do about a text that is no TOML. `line`: the one at which its parser stopped, `said`: why. Nothing of the line is
/// repeated: a password may stand there.
pub fn syntax(text: &str, line: Option<&str>, said: &str) -> String {
    let line = line.unwrap_or_default().trim();
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    if said.contains("duplicate key") {
        return "it is written twice: put the lines of both into one place, and remove the other".to_owned();
    }
    if let Some(hint) = aws_heading(text) {
        return hint;
    }
    let hint = match line {
        _ if first.starts_with('{') => "this is JSON: write [profile.NAME] on a line, and below it KEY = \"VALUE\"",
        _ if is_yaml(first) => "this is YAML: write [profile.NAME] on a line, and below it KEY = \"VALUE\"",
        line if line.contains(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{ab}', '\u{bb}']) => {
            "write straight quotes, \", in place of the typographic ones"
        }
        line if is_yaml(line) => "write = in place of the colon: region = \"eu-west-1\"",
        line if line.contains('\\') => "write a path of Windows in single quotes: ca_bundle = 'C:\\certs\\ca.pem'",
        line if !line.contains('=') && !line.starts_with('[') => {
            "a line is KEY = \"VALUE\", or a heading as [profile.NAME]"
        }
        line if line.matches('"').count() % 2 == 1 => "close the string with the quote that it begins with",
        _ => "correct the file at that place; strings are quoted: region = \"eu-west-1\"",
    };
    hint.to_owned()
}

/// `profile:` or `region: eu-west-1`, where TOML has no colon.
fn is_yaml(line: &str) -> bool {
    let Some((key, value)) = line.trim_start_matches("- ").split_once(':') else { return line == "---" };
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.\"".contains(c));
    is_key && (value.is_empty() || value.starts_with(' '))
}

/// A heading of AWS's own files, `[profile analytics]`, where TOML has a dot.
fn aws_heading(text: &str) -> Option<String> {
    let inner = |line: &str| line.trim().strip_prefix("[profile ")?.split(']').next().map(str::to_owned);
    let name = text.lines().find_map(inner)?;
    Some(format!("write [profile.{}], with a dot: this file is TOML, not ~/.aws/config", name.trim()))
}

/// The profile that is meant by a heading, or a part of one: `[profile.dev]`, `profile dev`.
pub fn bare_name(name: &str) -> &str {
    let name = name.trim().trim_start_matches('[').trim_end_matches(']').trim();
    let name = name.strip_prefix("profile.").or_else(|| name.strip_prefix("profile ")).unwrap_or(name);
    name.trim().trim_matches('"')
}

/// What an address is, that is no page of an identity provider.
pub fn not_a_page(host: &HostName, path: &str) -> Option<(&'static str, String)> {
    let is_below = |domain: &str| host.is_within(domain);
    if is_below("awsapps.com") || is_below("app.aws") {
        return Some(("is the start page of IAM Identity Center, not a SAML page", identity_center()));
    }
    if is_below("signin.aws.amazon.com") || is_below("console.aws.amazon.com") {
        let hint =
            "write the address of your identity provider's page that leads there: that of AWS's tile in its portal";
        return Some(("is AWS's own sign-in, to which the identity provider sends people", hint.to_owned()));
    }
    let is_metadata = path.to_ascii_lowercase().ends_with("metadata.xml") || path.ends_with("/saml/metadata");
    let hint = "write the address that a browser opens to log in to AWS; of AD FS: \
                https://HOST/adfs/ls/IdpInitiatedSignOn.aspx?loginToRp=urn:amazon:webservices";
    is_metadata.then(|| ("is the identity provider's metadata, not its login page", hint.to_owned()))
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
    fn what_is_no_toml_is_known_for_what_it_is() {
        let table = [
            ("{\"profile\": {}}", "{\"profile\": {}}", "", "this is JSON"),
            ("---\nprofile:\n", "---", "", "this is YAML"),
            ("profile:\n  dev:\n", "profile:", "", "this is YAML"),
            ("[profile.dev]\nregion: \"eu-west-1\"\n", "region: \"eu-west-1\"", "", "in place of the colon"),
            ("[a]\nx = \u{201c}y\u{201d}\n", "x = \u{201c}y\u{201d}", "", "straight quotes"),
            ("[a]\nx = \"C:\\Users\"\n", "x = \"C:\\Users\"", "", "single quotes"),
            ("[a]\nx \"y\"\n", "x \"y\"", "", "KEY = \"VALUE\""),
            ("[a]\nx = \"y\n", "x = \"y", "", "close the string"),
            ("[a]\n[a]\n", "[a]", "duplicate key", "written twice"),
            ("[profile dev]\nx = 1\n", "[profile dev]", "", "[profile.dev], with a dot"),
            ("[a]\nurl = https://x.example\n", "url = https://x.example", "", "strings are quoted"),
        ];
        for (text, line, said, expected) in table {
            let hint = syntax(text, Some(line), said);
            assert!(hint.contains(expected), "{text:?}: {hint}");
        }
    }

    #[test]
    fn a_heading_is_the_name_in_it_and_a_page_of_aws_is_no_identity_provider_s() {
        for name in ["dev", "[dev]", "profile.dev", "[profile dev]", "[profile.\"dev\"]"] {
            assert_eq!(bare_name(name), "dev", "{name}");
        }
        let table = [
            ("d-1.awsapps.com", "/start", true),
            ("ssoins-1.portal.us-east-1.app.aws", "/", true),
            ("signin.aws.amazon.com", "/saml", true),
            ("111122223333.signin.aws.amazon.com", "/console", true),
            ("adfs.example.com", "/FederationMetadata/2007-06/FederationMetadata.xml", true),
            ("awsapps.com.example.com", "/start", false),
            ("adfs.example.com", "/adfs/ls/IdpInitiatedSignOn.aspx", false),
        ];
        for (host, path, expected) in table {
            let url = url::Url::parse(&format!("https://{host}{path}")).unwrap();
            let name = HostName::of(&url).unwrap();
            assert_eq!(not_a_page(&name, url.path()).is_some(), expected, "{url}");
        }
    }

    #[test]
    fn every_word_that_is_proposed_is_known() {
        let known = [names::<Method>(), source_names()].concat();
        for (word, _) in WORDS {
            assert!(known.contains(&word), "{word}");
        }
    }
}
