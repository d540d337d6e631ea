//! The key pair of a connection, if it has one.

use super::base::Keys;
use super::broken::Broken;
use super::compat::Compat;
use super::connection::Connection;
use super::fields::Fields;
use super::{misread, s3_config};
use crate::secret::Secret;

/// Reads the pair, in Airflow's order: login and password, keys in the extra, `session_kwargs`, `s3_config_file`.
///
/// Errors: half of a pair in any of them. Airflow would use another pair or other credentials.
pub fn read(
    connection: &Connection,
    extra: &Fields<'_>,
    session: Option<&Fields<'_>>,
    compat: Compat,
) -> Result<Option<Keys>, Broken> {
    let pair = |fields: &Fields<'_>| {
        Ok((fields.nonempty("aws_access_key_id")?, fields.nonempty("aws_secret_access_key")?.map(Secret::new)))
    };
    let login = connection.login.clone().filter(|login| !login.is_empty());
    let password = connection.password.as_ref().filter(|password| !password.is_empty()).map(Secret::duplicate);
    let (extra_id, extra_secret) = pair(extra)?;
    let (session_id, session_secret) = session.map_or(Ok((None, None)), pair)?;
    let candidates = [
        ("login and password", login, password),
        ("aws_access_key_id and aws_secret_access_key", extra_id, extra_secret),
        ("session_kwargs", session_id, session_secret),
    ];
    let mut found = None;
    for (from, id, secret) in candidates {
        match (id, secret) {
            (None, None) => (),
            (Some(access_key_id), Some(secret_access_key)) => {
                let access_key_id = word(from, access_key_id)?;
                if misread::is_key_id(secret_access_key.expose()) && !misread::is_key_id(&access_key_id) {
                    return Err(Broken::new(
                        format!("the access key id is in place of the secret ({from}): the pair is in reverse"),
                        "write the access key id first: aws://ACCESS_KEY_ID:SECRET@",
                    ));
                }
                let keys = Keys { from, access_key_id, secret_access_key, session_token: None };
                found = found.or(Some(keys));
            }
            (id, _) => {
                let (there, missing) =
                    if id.is_some() { ("access key id", "secret") } else { ("secret", "access key id") };
                return Err(Broken::new(
                    format!("there is half of a pair: the {there} without the {missing} ({from})"),
                    "write both, in a URI aws://ACCESS_KEY_ID:SECRET@, or neither: a variable may have been empty",
                ));
            }
        }
    }
    let found = match (found, compat) {
        (None, Compat::Documented) => s3_config::read(extra)?,
        (found, _) => found,
    };
    let token = match (extra.nonempty("aws_session_token")?, session) {
        (None, Some(session)) => session.nonempty("aws_session_token")?,
        (token, _) => token,
    };
    match found {
        Some(keys) => Ok(Some(Keys { session_token: token.map(Secret::new), ..keys })),
        None if token.is_some() => Err(Broken::new(
            "the extra has an aws_session_token without the keys that it belongs to",
            "write login and password (access key id and secret access key) too",
        )),
        None => Ok(None),
    }
}

/// Checks an access key id, which has word characters only (AWS STS API Reference, "Credentials").
fn word(from: &str, id: String) -> Result<String, Broken> {
    if id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(id);
    }
    Err(Broken::new(
        format!("the access key id ({from}) has other characters than letters, digits and _"),
        "write the access key id there and the secret access key as the password, % escapes for special characters in a URI",
    ))
}
