//! The file of Application Default Credentials: its place and its content.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use url::Url;

use crate::error::{Code, Error, Result, printable};
use crate::file::{self, Fault, kind};
use crate::process::env::Env;
use crate::secret::Secret;

#[derive(Debug)]
pub struct Found {
    pub path: PathBuf,
    pub credentials: Credentials,
}

/// By `type`.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
pub enum Credentials {
    #[serde(rename = "service_account")]
    ServiceAccount(ServiceAccount),
    #[serde(rename = "authorized_user")]
    AuthorizedUser(AuthorizedUser),
    #[serde(rename = "impersonated_service_account")]
    Impersonated(Impersonated),
    #[serde(rename = "external_account")]
    ExternalAccount(Box<ExternalAccount>),
}

#[derive(Debug, Deserialize)]
pub struct ServiceAccount {
    pub client_email: String,
    pub private_key_id: String,
    #[serde(deserialize_with = "secret")]
    pub private_key: Secret,
    #[serde(default = "google_token_uri")]
    pub token_uri: Url,
}

/// A person, as stored by `gcloud auth application-default login`.
#[derive(Debug, Deserialize)]
pub struct AuthorizedUser {
    pub client_id: String,
    #[serde(deserialize_with = "secret")]
    pub client_secret: Secret,
    #[serde(deserialize_with = "secret")]
    pub refresh_token: Secret,
    #[serde(default = "google_token_uri")]
    pub token_uri: Url,
}

/// A service account that other credentials impersonate.
#[derive(Debug, Deserialize)]
pub struct Impersonated {
    pub service_account_impersonation_url: Url,
    #[serde(default)]
    pub delegates: Vec<String>,
    pub source_credentials: Box<Credentials>,
}

/// A workload outside of Google, identified by a token of its platform.
#[derive(Debug, Deserialize)]
pub struct ExternalAccount {
    pub audience: String,
    pub subject_token_type: String,
    pub token_url: Url,
    pub service_account_impersonation_url: Option<Url>,
    pub credential_source: SubjectSource,
}

/// Where the platform's token is: one of the first three.
#[derive(Debug, Default, Deserialize)]
pub struct SubjectSource {
    pub file: Option<PathBuf>,
    pub url: Option<Url>,
    pub executable: Option<Executable>,
    /// `aws1`: a signed AWS request in place of a token.
    pub environment_id: Option<String>,
    /// A client certificate in place of a token.
    pub certificate: Option<serde::de::IgnoredAny>,
    /// Headers of the request to `url`.
    #[serde(default, deserialize_with = "secrets")]
    pub headers: Vec<(String, Secret)>,
    #[serde(default)]
    pub format: Format,
}

#[derive(Debug, Deserialize)]
pub struct Executable {
    /// Words separated by blanks, run without a shell.
    pub command: String,
    pub timeout_millis: Option<u64>,
}

/// The format of the token in the file or answer.
#[derive(Debug, Default, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Format {
    #[default]
    Text,
    Json {
        subject_token_field_name: String,
    },
}

/// The credentials in `GOOGLE_APPLICATION_CREDENTIALS`, else in gcloud's own file. `None` if there is neither.
pub fn find(env: &Env) -> Result<Option<Found>> {
    text(env)?.map(|(path, text)| parse(path, &text)).transpose()
}

/// The file that [`find`] finds, with its text.
pub fn text(env: &Env) -> Result<Option<(PathBuf, Secret)>> {
    if let Some(path) = env.path("GOOGLE_APPLICATION_CREDENTIALS") {
        let text = read(&path).map_err(|fault| {
            let hint = "unset GOOGLE_APPLICATION_CREDENTIALS, or have it name a credential file";
            fault.error(Code::FileUnreadable).hint(hint)
        })?;
        return Ok(Some((path, text)));
    }
    let Some(path) = gcloud_file(env) else { return Ok(None) };
    match read(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(fault) if fault.is_absent() => Ok(None),
        Err(fault) => Err(fault.error(Code::FileUnreadable)),
    }
}

/// The error of a file whose content cannot be used.
pub fn unusable(path: &Path, why: impl Into<String>) -> Error {
    Error::new(Code::InvalidValue, format!("the Google credentials in {} cannot be used", path.display())).because(why)
}

/// Reads a file with a secret.
pub fn read(path: &Path) -> std::result::Result<Secret, Fault> {
    file::text(path, &kind::GOOGLE).map(Secret::new)
}

fn gcloud_file(env: &Env) -> Option<PathBuf> {
    let directory = match env.path("CLOUDSDK_CONFIG") {
        Some(directory) => directory,
        None if cfg!(windows) => env.path("APPDATA")?.join("gcloud"),
        None => env.home()?.join(".config/gcloud"),
    };
    Some(directory.join("application_default_credentials.json"))
}

fn parse(path: PathBuf, text: &Secret) -> Result<Found> {
    #[derive(Deserialize)]
    struct Kind {
        r#type: String,
    }
    let kind: Kind =
        serde_json::from_str(text.expose()).map_err(|_| unusable(&path, "it is not JSON with a `type`"))?;
    let credentials = serde_json::from_str(text.expose()).map_err(|e| {
        const KNOWN: [&str; 4] =
            ["service_account", "authorized_user", "impersonated_service_account", "external_account"];
        let kind = printable(&kind.r#type, 60);
        if !KNOWN.contains(&kind.as_str()) {
            return unusable(&path, format!("its `type` is {kind:?}"))
                .hint(format!("use credentials of a type that gives id_tokens: {}", KNOWN.join(", ")));
        }
        // The message of serde may quote a value, except for a missing field.
        let said = e.to_string();
        let why = match said.strip_prefix("missing field ").and_then(|rest| rest.split('`').nth(1)) {
            Some(field) => format!("the type {kind} needs `{field}`"),
            None => format!("it cannot be read as {kind}: see line {} column {}", e.line(), e.column()),
        };
        unusable(&path, why)
    })?;
    Ok(Found { path, credentials })
}

fn google_token_uri() -> Url {
    Url::parse("https://oauth2.googleapis.com/token").expect("a constant")
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

fn secrets<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<(String, Secret)>, D::Error> {
    let pairs = std::collections::BTreeMap::<String, String>::deserialize(deserializer)?;
    Ok(pairs.into_iter().map(|(name, value)| (name, Secret::new(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = r#"{"type":"authorized_user","client_id":"WHO","client_secret":"s","refresh_token":"r"}"#;

    fn found(env: &Env) -> Option<String> {
        match find(env).unwrap()?.credentials {
            Credentials::AuthorizedUser(user) => Some(user.client_id),
            other => panic!("{other:?}"),
        }
    }

    /// The variable that gcloud's own place is below, and that place.
    const OWN: (&str, &str) = match cfg!(windows) {
        true => ("APPDATA", "gcloud/application_default_credentials.json"),
        false => ("HOME", ".config/gcloud/application_default_credentials.json"),
    };

    #[test]
    fn the_variable_comes_before_gclouds_own_place_and_that_before_the_home() {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, who: &str| {
            let path = home.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, USER.replace("WHO", who)).unwrap();
        };
        let path = |name: &str| home.path().join(name).into_os_string();
        let env = |names: &[&str]| {
            let all = [
                ("GOOGLE_APPLICATION_CREDENTIALS", path("named.json")),
                ("CLOUDSDK_CONFIG", path("sdk")),
                (OWN.0, path("")),
            ];
            Env::fixed(all.into_iter().filter(|(name, _)| names.contains(name)))
        };
        assert_eq!(found(&env(&["CLOUDSDK_CONFIG", OWN.0])), None);
        assert_eq!(
            find(&env(&["GOOGLE_APPLICATION_CREDENTIALS"])).unwrap_err().code,
            Code::FileUnreadable,
            "the file of the variable must exist"
        );
        write("named.json", "named");
        write("sdk/application_default_credentials.json", "sdk");
        write(OWN.1, "home");
        let table: [(&[&str], _); 4] = [
            (&["GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG", OWN.0], Some("named")),
            (&["CLOUDSDK_CONFIG", OWN.0], Some("sdk")),
            (&[OWN.0], Some("home")),
            (&[], None),
        ];
        for (names, expected) in table {
            assert_eq!(found(&env(names)).as_deref(), expected, "{names:?}");
        }
    }

    #[test]
    fn a_file_that_does_not_fit_is_told_without_its_content() {
        let table = [
            ("hunter2", "not JSON"),
            ("{}", "not JSON with a `type`"),
            (r#"{"type":"gdch_service_account"}"#, "gdch_service_account"),
            (r#"{"type":"authorized_user","client_id":"c","refresh_token":"hunter2"}"#, "needs `client_secret`"),
            (
                r#"{"type":"service_account","client_email":"e","private_key_id":"i","private_key":7}"#,
                "cannot be read as service_account",
            ),
            (r#"{"type":"authorized_user","client_id":["hunter2"]}"#, "cannot be read as authorized_user"),
            (
                r#"{"type":"external_account","audience":"a","subject_token_type":"t","token_url":"hunter2"}"#,
                "cannot be read as external_account",
            ),
        ];
        for (text, expected) in table {
            let error = parse("/adc.json".into(), &Secret::new(text.into())).unwrap_err();
            let all = format!("{error:?}");
            assert_eq!(error.code, Code::InvalidValue);
            assert!(all.contains(expected) && all.contains("/adc.json") && !all.contains("hunter2"), "{all}");
        }
    }
}
