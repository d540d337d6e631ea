//! The fields of the extra that Airflow knows, and messages about the others: unknown, dropped, or not about
//! credentials.

use serde_json::Value;

use super::broken::Broken;
use super::compat::Compat;
use super::connection::Connection;
use super::fields::Fields;
use super::{misread, redact, spelling};
use crate::config::names::Names;

/// Messages about a connection besides its plan.
#[derive(Debug, Default)]
pub struct Notes {
    pub warnings: Vec<String>,
    pub differs: Vec<String>,
}

/// Fields that Airflow knows.
pub const KNOWN: Names = Names(
    "aws_access_key_id aws_secret_access_key aws_session_token region_name profile_name role_arn \
     assume_role_method assume_role_kwargs assume_role_with_saml assume_role_with_web_identity_federation \
     assume_role_with_web_identity_federation_audience assume_role_with_web_identity_token_file config_kwargs \
     service_config session_kwargs aws_account_id aws_iam_role external_id s3_config_file s3_config_format \
     profile federation endpoint_url host verify test_endpoint_url",
);
/// Other spellings of these fields, in lower case and without signs.
pub const SPELLINGS: [(&str, Names); 13] = [
    ("role_arn", Names("arn role iamrole iamrolearn rolearns assumerole assumerolearn targetrolearn")),
    ("aws_iam_role", Names("rolename")),
    ("aws_account_id", Names("account accountid")),
    ("region_name", Names("region defaultregion defaultregionname")),
    ("profile_name", Names("profile sourceprofile credentialsource")),
    ("aws_access_key_id", Names("accesskey accesskeyid keyid")),
    ("aws_secret_access_key", Names("secret secretkey secretaccesskey")),
    ("aws_session_token", Names("token sessiontoken securitytoken")),
    ("external_id", Names("externalid")),
    ("assume_role_kwargs", Names("rolesessionname durationseconds sessionpolicy policyarns")),
    ("assume_role_with_saml", Names("saml assumerolesaml principalarn idpurl")),
    ("assume_role_with_web_identity_token_file", Names("webidentitytokenfile tokenfile")),
    ("assume_role_with_web_identity_federation", Names("webidentityfederation")),
];
/// Fields that Airflow knows and that do not concern credentials.
const OF_CLIENTS: [(&str, &str); 4] = [
    ("endpoint_url", "it is for service clients, not for the STS call"),
    ("host", "it is the endpoint of service clients, not of the STS call"),
    ("verify", "it is for service clients, not for the STS call"),
    ("test_endpoint_url", "it is for Airflow's connection test"),
];

/// Collects the messages.
///
/// Errors: a key that resembles a known one, or that has no effect without another.
pub fn notes(connection: &Connection, extra: &Fields<'_>, compat: Compat) -> Result<Notes, Broken> {
    let mut notes = Notes::default();
    kind_of_connection(connection, &mut notes);
    // Airflow ignores `region` if there is a region_name.
    let is_shadowed = |key: &&str| *key == "region" && extra.has("region_name");
    spelling::check("", extra.keys().filter(|key| !is_shadowed(key)), KNOWN, &SPELLINGS)?;
    names_no_other_role(extra)?;
    for key in extra.keys() {
        if let Some((_, why)) = OF_CLIENTS.iter().find(|(name, _)| *name == key) {
            notes.warnings.push(format!("`{key}` has no effect on the credentials: {why}"));
        } else if key == "region" {
            notes.warnings.push("`region` is not a field that Airflow knows: ignored, region_name counts".into());
        } else if !KNOWN.has(key) {
            notes.warnings.push(format!("`{}` is not a field that Airflow knows: ignored", redact::name(key)));
        }
    }
    if extra.get("profile").is_some() && !extra.has("s3_config_file") && extra.get("profile_name").is_none() {
        return Err(Broken::new(
            "`profile` selects a section of s3_config_file and no AWS profile: Airflow would take other credentials",
            "write \"profile_name\" for \"profile\"",
        ));
    }
    dropped(extra, compat, &mut notes)?;
    Ok(notes)
}

/// Checks the keys that Airflow ignores.
///
/// Errors: such a key has a role or access key as its value, or its name is of a way to credentials that Airflow does
/// not know. Whoever writes it expects its rights.
fn names_no_other_role(extra: &Fields<'_>) -> Result<(), Broken> {
    fn names_one(value: &Value) -> bool {
        match value {
            Value::String(text) => misread::names_credentials(text),
            Value::Array(all) => all.iter().any(names_one),
            Value::Object(map) => {
                map.values().any(names_one) || map.keys().any(|key| OF_CREDENTIALS.contains(&key.as_str()))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    let other = |key: &&str| !KNOWN.has(key) && (extra.get(key).is_some_and(names_one) || names_a_way(key));
    match extra.keys().find(other) {
        None => Ok(()),
        Some(key) => Err(Broken::new(
            format!("`{}` chooses credentials, and Airflow ignores it: it would use other ones", redact::name(key)),
            "write \"role_arn\" or the key's own field for it, or remove it",
        )),
    }
}

/// Whether a word of the key concerns logins: `sso_start_url`, `credentialProcess`, `config_profile`.
fn names_a_way(key: &str) -> bool {
    const WORDS: [&str; 9] = ["sso", "role", "profile", "saml", "oidc", "token", "secret", "keytab", "identity"];
    const BEGINNINGS: [&str; 4] = ["credential", "federat", "assum", "impersonat"];
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in key.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = c.is_lowercase();
        words.last_mut().into_iter().for_each(|word| word.extend(c.to_lowercase().filter(|c| c.is_alphanumeric())));
    }
    words.iter().any(|word| {
        WORDS.contains(&word.strip_suffix('s').unwrap_or(word))
            || BEGINNINGS.iter().any(|begin| word.starts_with(begin))
    })
}

/// The fields that choose credentials.
const OF_CREDENTIALS: [&str; 5] =
    ["role_arn", "profile_name", "aws_access_key_id", "aws_secret_access_key", "aws_session_token"];

fn kind_of_connection(connection: &Connection, notes: &mut Notes) {
    // Nothing but plain words is shown: a login may be in place of the type.
    let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let shown = |text: &str| if is_plain(text) { format!("{text:?}, ") } else { String::new() };
    match connection.conn_type.as_deref() {
        None | Some("aws") => (),
        Some("") => notes.warnings.push("the connection has no type; write aws:// at the beginning of the URI".into()),
        Some(other) => notes
            .warnings
            .push(format!("the connection's type is {}not aws: Airflow warns and uses it all the same", shown(other))),
    }
}

/// Adds messages about the fields that provider 9.0 ignores without a warning.
fn dropped(extra: &Fields<'_>, compat: Compat, notes: &mut Notes) -> Result<(), Broken> {
    let present = |keys: &[&str]| keys.iter().all(|key| extra.get(key).is_some());
    let session = extra.object("session_kwargs")?;
    let in_session = |key: &str| session.as_ref().is_some_and(|session| session.get(key).is_some());
    let has_role = extra.nonempty("role_arn")?.is_some();
    let of_session: Vec<&str> = ["region_name", "profile_name"].into_iter().filter(|key| in_session(key)).collect();
    let fields = [
        (
            present(&["aws_account_id", "aws_iam_role"]) && !has_role,
            "aws_account_id and aws_iam_role",
            "no role is assumed, the base credentials are used",
        ),
        (present(&["external_id"]), "external_id", "no ExternalId is sent"),
        (!of_session.is_empty(), "session_kwargs", "its region_name and profile_name are not used"),
        (present(&["s3_config_file"]), "s3_config_file", "its keys are not used"),
        (
            present(&["host"]) && extra.get("endpoint_url").is_none(),
            "host",
            "later service clients use AWS's own endpoint",
        ),
    ];
    for (is_there, name, effect) in fields {
        match (is_there, compat) {
            (true, Compat::Documented) => {
                notes.differs.push(format!("provider 9 ignores {name} without a word: {effect}"))
            }
            (true, Compat::Nine) => notes.warnings.push(format!("{name} ignored, as by provider 9: {effect}")),
            (false, _) => (),
        }
    }
    if matches!(extra.get("aws_account_id"), Some(Value::Number(number)) if number.to_string().len() != 12) {
        notes.warnings.push("aws_account_id is a number, which has lost its leading zeros: write it in quotes".into());
    }
    Ok(())
}
