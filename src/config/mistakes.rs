//! Mistakes that people make in their first file, and the sentence that answers each. All of it is read when something is wrong.

/// The tables of a profile by what stands behind its name, and the keys of each; a test compares them with the schema.
const TABLES: [(&str, &str); 5] = [
    (
        "",
        "include role_arn region duration policy policy_arns deadline sts_endpoint_url use_fips_endpoint \
         use_dualstack_endpoint airflow_conn saml web_identity assume_role",
    ),
    (
        "saml",
        "idp_url authn_request auth principal_arn username password token command browser client_id app_id \
         browser_headless username_field password_field otp otp_secret otp_field account_field remember_field \
         form button form_fields principal keytab mutual_authentication channel_bindings xpath parser \
         idp_origins ca_bundle verify client_cert client_key proxy timeout allow_http headers user_agent \
         retry",
    ),
    ("saml.retry", "total connect read status backoff_factor backoff_max status_forcelist respect_retry_after"),
    (
        "web_identity",
        "source role_session_name token_file token_env command audience issuer client_id client_secret flow \
         scope resource token redirect_uri auth_params ca_bundle namespace service_account token_lifetime \
         credentials_dir",
    ),
    (
        "assume_role",
        "source_profile aws_profile credential_source external_id role_session_name tags transitive_tag_keys \
         source_identity serial_number",
    ),
];

/// Names that other tools have for our keys.
const NAMES: [(&str, &str); 12] = [
    ("duration_seconds", "duration"),
    ("session_duration", "duration"),
    ("aws_session_duration", "duration"),
    ("mfa_serial", "serial_number"),
    ("url", "idp_url"),
    ("idp_entry_url", "idp_url"),
    ("user", "username"),
    ("user_name", "username"),
    ("pass", "password"),
    ("web_identity_token_file", "token_file"),
    ("method", "auth"),
    ("provider_arn", "principal_arn"),
];

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
    let ours = NAMES.iter().find(|(other, _)| *other == key).map_or(key, |(_, ours)| ours);
    let tables = tables_of(ours);
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

fn tables_of(key: &str) -> Vec<&'static str> {
    TABLES.iter().filter(|(_, keys)| keys.split(' ').any(|known| known == key)).map(|(table, _)| *table).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const SCHEMA: &str = include_str!("schema.json");

    #[test]
    fn the_keys_of_the_tables_are_those_of_the_schema() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        for ((_, keys), name) in TABLES.iter().zip(["profile", "saml", "retry", "web_identity", "assume_role"]) {
            let described = schema["definitions"][name]["properties"].as_object().unwrap().keys();
            let described: std::collections::BTreeSet<&str> = described.map(String::as_str).collect();
            assert_eq!(keys.split(' ').collect::<std::collections::BTreeSet<_>>(), described, "{name}");
        }
    }

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
    fn every_word_and_name_that_is_proposed_is_known() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let of = |path: &str| schema.pointer(path).unwrap().as_array().unwrap().clone();
        let known =
            [of("/definitions/saml/properties/auth/enum"), of("/definitions/web_identity/properties/source/enum")]
                .concat();
        for (_, word) in WORDS {
            assert!(known.contains(&Value::from(word)), "{word}");
        }
        for (_, name) in NAMES {
            assert!(!tables_of(name).is_empty(), "{name}");
        }
    }
}
