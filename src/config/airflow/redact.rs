//! Shows an extra: what is known to hold no secret stays, everything else becomes `[redacted]`.
//!
//! The lists are of what may be shown, so that an unknown field is not.

use std::path::Path;

use serde_json::{Map, Value};
use url::Url;

use crate::config::names::Names;
use crate::error::printable;
use crate::text::redact::looks_like_a_secret;

/// Written in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Fields whose text may be shown in any place.
const OPEN: Names = Names(
    "region_name profile_name profile role_arn assume_role_method principal_arn idp_auth_method \
     mutual_authentication saml_response_xpath external_id aws_account_id aws_iam_role \
     assume_role_with_web_identity_federation assume_role_with_web_identity_federation_audience \
     assume_role_with_web_identity_token_file s3_config_file s3_config_format signature_version mode user_agent \
     user_agent_extra user_agent_appid defaults_mode client_cert verify cert allowed_methods \
     remove_headers_on_redirect status_forcelist region bucket_name conn_type RoleArn RoleSessionName Policy \
     PolicyArns arn Tags Key Value TransitiveTagKeys ExternalId SerialNumber SourceIdentity ProviderId \
     ProviderArn DurationSeconds Accept Accept-Language Accept-Encoding User-Agent accept accept-language \
     user-agent",
);
/// Fields with a URL, which is shown without a login.
const URLS: Names = Names("idp_url endpoint_url test_endpoint_url host http https all http:// https:// socks");

/// Returns the fields, redacted.
pub fn fields(map: &Map<String, Value>) -> Value {
    let shown = map.iter().map(|(key, value)| (name(key), value_of(key, value)));
    Value::Object(shown.collect())
}

/// Returns the name of a field, or `…` if it may be a secret written in place of one.
pub fn name(key: &str) -> String {
    let is_name = key.len() <= 60 && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-. /:".contains(c));
    if is_name && !is_secret(key) { key.to_owned() } else { "…".to_owned() }
}

/// Returns a user name if it is an access key id; other texts are redacted.
pub fn login(text: &str) -> &str {
    match text {
        "" => "",
        text if shown_login(text) == text => text,
        _ => REDACTED,
    }
}

/// Returns the user name if it is an access key id, else `…`.
pub fn shown_login(login: &str) -> &str {
    let is_key_id = (16..=128).contains(&login.len())
        && login.starts_with('A')
        && login.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_key_id { login } else { "…" }
}

/// Returns a host or the like if it is a plain one. None of them has a meaning for AWS.
pub fn place(text: &str) -> String {
    let is_plain =
        |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-:/".contains(c));
    let is_host = text == "localhost" || text.contains('.') || text.len() <= 12;
    let is_shown = text.len() <= 253
        && is_plain(text)
        && is_host
        && !is_secret(text)
        && text.split(['.', '/']).all(|l| l.len() < 30);
    if is_shown { text.to_owned() } else { REDACTED.to_owned() }
}

/// Returns a value that is no secret if it is what its key says: an ARN, a path, the name of a profile.
pub fn value(text: &str) -> String {
    if is_secret(text) { REDACTED.to_owned() } else { printable(text, 4096) }
}

pub fn path(path: &Path) -> String {
    value(&path.to_string_lossy())
}

/// Whether the text is a key, token or document, or the 40 characters of a secret access key, which may contain
/// slashes.
pub fn is_secret(text: &str) -> bool {
    let has = |which: fn(&u8) -> bool| text.as_bytes().iter().any(which);
    let is_access_key = text.len() == 40
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase);
    is_access_key || looks_like_a_secret(text)
}

/// Returns a URL without user name, password and query.
pub fn url(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if url.has_host() => {
            let has_login = !url.username().is_empty() || url.password().is_some();
            // Neither fails for a URL with a host.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            let login = if has_login { format!(" (login {REDACTED})") } else { String::new() };
            let query = url.query().map_or("", |_| "?…");
            url.set_query(None);
            format!("{}{query}{login}", printable(url.as_str(), 500))
        }
        _ => REDACTED.to_owned(),
    }
}

fn value_of(key: &str, value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        // A number may be a PIN.
        Value::Number(_) if is_number_open(key) => value.clone(),
        Value::String(text) if text.is_empty() => value.clone(),
        Value::String(text) if key == "aws_access_key_id" => Value::String(login(text).to_owned()),
        // A policy is JSON; of the others, JSON may be a secret.
        Value::String(text) if OPEN.has(key) && (key == "Policy" || !is_secret(text)) => {
            Value::String(printable(text, 2048))
        }
        Value::String(text) if URLS.has(key) => Value::String(url(text)),
        Value::Array(items) => items.iter().map(|item| value_of(key, item)).collect(),
        Value::Object(map) => fields(map),
        Value::Number(_) | Value::String(_) => Value::String(REDACTED.to_owned()),
    }
}

fn is_number_open(key: &str) -> bool {
    const WORDS: [&str; 9] =
        ["timeout", "attempts", "backoff", "total", "status", "connect", "read", "redirect", "max_"];
    OPEN.has(key) || WORDS.iter().any(|word| key.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_known_to_be_open_is_not_shown() {
        let table = [
            (
                json!({"region_name": "eu-west-1", "aws_secret_access_key": "hunter2"}),
                json!({"region_name": "eu-west-1", "aws_secret_access_key": REDACTED}),
            ),
            (
                json!({"unheard_of": {"pin": 1234, "list": ["hunter2"]}}),
                json!({"unheard_of": {"pin": REDACTED, "list": [REDACTED]}}),
            ),
            (
                json!({"proxies": {"https": "http://bob:hunter2@proxy:8080"}}),
                json!({"proxies": {"https": format!("http://proxy:8080/ (login {REDACTED})")}}),
            ),
            (
                json!({"headers": {"Accept": "text/html", "X-Api-Key": "hunter2"}}),
                json!({"headers": {"Accept": "text/html", "X-Api-Key": REDACTED}}),
            ),
            (json!({"idp_url": "https://idp/x?token=hunter2"}), json!({"idp_url": "https://idp/x?…"})),
            (json!({"config_kwargs": "{\"proxies\": \"hunter2\"}"}), json!({"config_kwargs": REDACTED})),
        ];
        for (extra, expected) in table {
            assert_eq!(fields(extra.as_object().unwrap()), expected);
        }
    }
}
