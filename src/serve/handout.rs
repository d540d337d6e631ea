//! What one process of fedcred hands another over a pipe: credentials or the error for having none, as one line of JSON.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::cache::entry::CacheEntry;
use crate::credentials::Credentials;
use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::time::Timestamp;

/// Names of the JSON are fedcred's own; only this file reads them.
#[derive(Serialize, Deserialize)]
enum Line<'a> {
    #[serde(borrow)]
    Credentials(Body<'a>),
    Error(Error),
}

#[derive(Serialize, Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    access_key_id: Cow<'a, str>,
    #[serde(borrow)]
    secret_access_key: Cow<'a, str>,
    #[serde(borrow)]
    session_token: Cow<'a, str>,
    #[serde(borrow)]
    account_id: Cow<'a, str>,
    expiration: Timestamp,
    issued: Timestamp,
    generation: u64,
}

/// The line, with its end.
pub fn to_line(outcome: &Result<CacheEntry>) -> Result<Zeroizing<Vec<u8>>> {
    let line = match outcome {
        Err(error) => Line::Error(error.clone()),
        Ok(CacheEntry { credentials: c, issued, generation }) => Line::Credentials(Body {
            access_key_id: c.access_key_id.as_str().into(),
            secret_access_key: c.secret_access_key.expose().into(),
            session_token: c.session_token.expose().into(),
            account_id: c.account_id.as_str().into(),
            expiration: c.expiration,
            issued: *issued,
            generation: *generation,
        }),
    };
    // Room for all of it at once: a buffer that grows leaves copies behind that nobody wipes.
    let mut json = Zeroizing::new(Vec::with_capacity(16 << 10));
    serde_json::to_writer(&mut *json, &line)
        .map_err(|e| Error::new(Code::Bug, "credentials cannot be written as JSON").because(e.to_string()))?;
    json.push(b'\n');
    Ok(json)
}

/// What [`to_line`] wrote: credentials, or its error. Also an error: anything else.
pub fn from_line(line: &[u8]) -> Result<CacheEntry> {
    match serde_json::from_slice(line) {
        Ok(Line::Error(error)) => Err(error),
        Ok(Line::Credentials(body)) => Ok(CacheEntry {
            credentials: Credentials {
                access_key_id: body.access_key_id.into_owned(),
                secret_access_key: Secret::new(body.secret_access_key.into_owned()),
                session_token: Secret::new(body.session_token.into_owned()),
                expiration: body.expiration,
                account_id: body.account_id.into_owned(),
            },
            issued: body.issued,
            generation: body.generation,
        }),
        // The parser's words may quote what it read.
        Err(_) => Err(Error::new(Code::Bug, "the process that logs in gave something else than a result")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_errors_come_over_as_they_were() {
        let credentials = Credentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new("se\"cret/+=".into()),
            session_token: Secret::new("tok".into()),
            expiration: "2026-11-21T23:59:59Z".parse().unwrap(),
            account_id: "112233334444".into(),
        };
        let issued = "2026-11-21T22:59:59.5Z".parse().unwrap();
        let line = to_line(&Ok(CacheEntry { credentials, issued, generation: 7 })).unwrap();
        assert!(line.ends_with(b"}\n") && line.iter().filter(|b| **b == b'\n').count() == 1);
        let came = from_line(&line).unwrap();
        assert_eq!((came.issued, came.generation), (issued, 7));
        assert_eq!(came.credentials.secret_access_key.expose(), "se\"cret/+=");
        assert_eq!(came.credentials.expiration.to_string(), "2026-11-21T23:59:59Z");

        let error = Error::new(Code::MfaNeeded, "what").because("why").hint("do");
        assert_eq!(from_line(&to_line(&Err(error.clone())).unwrap()).unwrap_err(), error);
    }

    #[test]
    fn anything_else_is_an_error_that_quotes_nothing() {
        for line in ["", "hunter2", "{\"Credentials\":{\"secret_access_key\":\"hunter2\"}}"] {
            let error = from_line(line.as_bytes()).unwrap_err();
            assert!(error.code == Code::Bug && !format!("{error:?}").contains("hunter2"));
        }
    }
}
