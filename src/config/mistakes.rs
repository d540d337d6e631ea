//! Frequent mistakes in a first configuration, and a hint for each. Used only when an error is reported.

use super::names::Names;
use super::row::Table;
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

/// Returns the word of `names` that is meant by `text`.
pub fn meant<'n>(text: &str, mut names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let (word, _) = WORDS.iter().find(|(_, others)| others.has(&text.to_ascii_lowercase()))?;
    names.find(|name| name == word)
}

/// What to do about a key that its table does not know, where it is a known one elsewhere. `prefix`: the table's, below its
/// profile; `None` for a profile: the file's top level. `all`: the tables of
/// a profile.
pub fn misplaced(
    key: &str,
    profile: Option<&str>,
    prefix: &str,
    is_table: bool,
    all: &[&'static Table],
) -> Option<String> {
    if key.starts_with("sso_") {
        return Some(identity_center());
    }
    if OF_AWS.contains(&key) {
        return Some(format!("`{key}` is a key of ~/.aws/config or ~/.aws/credentials, not of this file: remove it"));
    }
    let ours =
        all.iter().flat_map(|table| table.settings()).find(|row| row.also.contains(&key)).map_or(key, |row| row.key);
    let tables: Vec<&str> =
        all.iter().filter(|table| table.keys().any(|known| known == ours)).map(|table| table.name).collect();
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

/// Returns the name closest to `text`, if it is close enough to be a typing error.
pub fn nearest<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let score = |name: &str| strsim::damerau_levenshtein(&text.to_lowercase(), &name.to_lowercase());
    let far = (text.chars().count() / 3).max(1);
    // The distance costs the product of the lengths, and a long text is not a typing error.
    let near = names.filter(|_| text.len() <= 80).map(|name| (score(name), name)).filter(|(d, _)| *d <= far);
    near.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// Returns the hint for a start page or keys of IAM Identity Center.
pub fn identity_center() -> String {
    "this is AWS IAM Identity Center, which needs no fedcred: use `aws configure sso`, then `aws sso login`".to_owned()
}

/// Keys of AWS's own files without a meaning for fedcred.
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

/// Returns the profile's name in a heading or a part of one: `[profile.dev]`, `profile dev`.
pub fn bare_name(name: &str) -> &str {
    let name = name.trim().trim_start_matches('[').trim_end_matches(']').trim();
    let name = name.strip_prefix("profile.").or_else(|| name.strip_prefix("profile ")).unwrap_or(name);
    name.trim().trim_matches('"')
}

/// Returns what an address is that is not a page of an identity provider, and a hint.
pub fn not_a_page(host: &HostName, path: &str) -> Option<(&'static str, String)> {
    let is_below = |domain: &str| host.is_within(domain);
    if is_below("awsapps.com") || is_below("app.aws") {
        return Some(("is the start page of IAM Identity Center, not a SAML page", identity_center()));
    }
    if is_below("signin.aws.amazon.com") || is_below("console.aws.amazon.com") {
        let hint = "write the address of the identity provider's page that leads there, such as that of the AWS tile in its portal";
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
    use crate::config::settings::FILE;
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
        let misplaced = |key, profile, prefix, is_table| misplaced(key, profile, prefix, is_table, &FILE.of_profile());
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
