//! The fields of the extra that Airflow knows, and what to say about those that it does not, that it dropped, or that are not
//! about credentials.

use serde_json::Value;

use super::broken::Broken;
use super::connection::Connection;
use super::fields::Fields;
use super::meaning::Compat;
use crate::config::reader::nearest;
use crate::error::printable;
use crate::region::Region;

/// What is to be said about a connection besides its plan.
#[derive(Debug, Default)]
pub struct Notes {
    pub warnings: Vec<String>,
    pub differs: Vec<String>,
}

/// Fields that decide about credentials.
const KNOWN: [&str; 20] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "region_name",
    "profile_name",
    "role_arn",
    "assume_role_method",
    "assume_role_kwargs",
    "assume_role_with_saml",
    "assume_role_with_web_identity_federation",
    "assume_role_with_web_identity_federation_audience",
    "assume_role_with_web_identity_token_file",
    "config_kwargs",
    "service_config",
    "session_kwargs",
    "aws_account_id",
    "aws_iam_role",
    "external_id",
    "s3_config_file",
    "s3_config_format",
];
/// Fields that Airflow knows and that say nothing about credentials.
const OF_CLIENTS: [(&str, &str); 5] = [
    ("endpoint_url", "it is for later service clients, never for the STS call"),
    ("host", "it is the endpoint of later service clients, never of the STS call"),
    ("verify", "it is for later service clients, never for the STS call"),
    ("test_endpoint_url", "it is for Airflow's connection test"),
    ("federation", "it is for a session factory of Airflow's own ([aws] session_factory)"),
];

/// What to say. Errors: `region`, where everybody means `region_name` and Airflow takes some other region.
pub fn notes(connection: &Connection, extra: &Fields<'_>, compat: Compat) -> Result<Notes, Broken> {
    let mut notes = Notes::default();
    kind_of_connection(connection, &mut notes);
    incomplete_login(connection, &mut notes);
    for key in extra.keys() {
        if let Some((_, why)) = OF_CLIENTS.iter().find(|(name, _)| *name == key) {
            notes.warnings.push(format!("`{key}` has no effect on the credentials: {why}"));
        } else if key == "region" {
            region(extra, &mut notes)?;
        } else if key != "profile" && !KNOWN.contains(&key) {
            let near = nearest(key, KNOWN.into_iter()).map(|near| format!("; is {near} meant?")).unwrap_or_default();
            notes.warnings.push(format!("`{}` is no field that Airflow knows: ignored{near}", printable(key, 60)));
        }
    }
    if extra.get("profile").is_some() && !extra.has("s3_config_file") && extra.get("profile_name").is_none() {
        notes
            .warnings
            .push("`profile` selects a section of s3_config_file and no AWS profile: write profile_name".into());
    }
    if extra.written("assume_role_method").is_some()
        && extra.nonempty("role_arn")?.is_none()
        && extra.get("aws_iam_role").is_none()
    {
        notes.warnings.push("`assume_role_method` has no effect without role_arn".into());
    }
    dropped(extra, compat, &mut notes)?;
    Ok(notes)
}

fn kind_of_connection(connection: &Connection, notes: &mut Notes) {
    // A login can end up in the place of the type, so that nothing but plain words is repeated.
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

fn incomplete_login(connection: &Connection, notes: &mut Notes) {
    let has = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
    let password = connection.password.as_ref().map(|password| password.expose());
    match (has(connection.login.as_deref()), has(password)) {
        (true, false) => notes.warnings.push("login stands without a password: ignored".into()),
        (false, true) => notes.warnings.push("password stands without a login: ignored".into()),
        (false, false) if looks_like_a_key(connection) => {
            notes
                .warnings
                .push("an access key id stands where the host should be: the @ behind the secret is missing".into());
        }
        (true, true) | (false, false) => (),
    }
}

fn looks_like_a_key(connection: &Connection) -> bool {
    let is_key = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.len() >= 16
            && ["akia", "asia"].iter().any(|p| text.starts_with(p))
            && text.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    [&connection.host, &connection.conn_type].into_iter().flatten().any(|text| is_key(text))
}

fn region(extra: &Fields<'_>, notes: &mut Notes) -> Result<(), Broken> {
    if extra.has("region_name") {
        notes.warnings.push("`region` is no field that Airflow knows: ignored, region_name counts".into());
        return Ok(());
    }
    let value = match extra.get("region") {
        Some(Value::String(text)) => {
            Region::parse(text).map_or_else(|why| why.meant.unwrap_or("…").to_owned(), |r| r.to_string())
        }
        _ => "…".to_owned(),
    };
    Err(Broken::new(
        "`region` is no field that Airflow knows: it would pass it over and take some other region",
        format!("write \"region_name\": \"{value}\" for \"region\""),
    ))
}

/// The fields that provider 9.0 dropped without a word.
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
