//! The protocol between two processes of fedcred over a pipe: a hello that names the protocol and its version, then one
//! message, a line of JSON each.
//!
//! The two may have different versions: a package may be upgraded while a process runs. Unknown fields of a message are
//! ignored.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::account_id::AccountId;
use crate::acquire::refresh::{Outcome, Refreshed};
use crate::cache::entry::CacheEntry;
use crate::credentials::Credentials;
use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::tally::Tally;
use crate::time::Timestamp;

const PROTOCOL: &str = "fedcred-child";
/// Increased when an older fedcred would misunderstand a message.
const VERSION: u32 = 2;

/// Longer than any message.
pub const MAX_MESSAGE: u64 = 64 << 10;

/// The result of a fetch.
#[derive(Debug)]
pub struct Fetched {
    pub refreshed: Refreshed,
    /// The credentials, if they were requested and there are any.
    pub entry: Option<CacheEntry>,
    /// What was done for it; `None` if the child reported nothing.
    pub tally: Option<Tally>,
}

/// The endpoint for `exec`'s command.
#[derive(Debug)]
pub struct Offer {
    pub url: String,
    pub token: Secret,
    /// Variables and the files that they must name.
    pub files: Vec<(String, String)>,
}

/// A message of the protocol.
pub trait Message: Sized {
    fn to_wire(&self) -> Wire<'_>;
    /// Reads the message; `None` if it is of another kind.
    fn of_wire(wire: Wire<'_>) -> Option<Self>;
}

/// A message as JSON: one field for each kind of message.
#[derive(Default, Serialize, Deserialize)]
pub struct Wire<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    fetched: Option<WireFetched<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    offer: Option<WireOffer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
}

#[derive(Serialize, Deserialize)]
struct Hello<'a> {
    #[serde(borrow)]
    protocol: Cow<'a, str>,
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct WireFetched<'a> {
    outcome: Word,
    until: Option<Timestamp>,
    next: Timestamp,
    error: Option<Error>,
    #[serde(borrow)]
    credentials: Option<WireCredentials<'a>>,
    #[serde(default)]
    tally: Option<Tally>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Fresh,
    Refreshed,
    Failed,
}

#[derive(Serialize, Deserialize)]
struct WireCredentials<'a> {
    #[serde(borrow)]
    access_key_id: Cow<'a, str>,
    #[serde(borrow)]
    secret_access_key: Cow<'a, str>,
    #[serde(borrow)]
    session_token: Cow<'a, str>,
    account_id: Option<AccountId>,
    expiration: Timestamp,
    issued: Timestamp,
    generation: u64,
}

#[derive(Serialize, Deserialize)]
struct WireOffer<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(borrow)]
    token: Cow<'a, str>,
    files: Vec<(String, String)>,
}

/// Returns hello and message, for one write.
pub fn to_lines<M: Message>(message: &Result<M>) -> Result<Zeroizing<Vec<u8>>> {
    let wire = match message {
        Ok(message) => message.to_wire(),
        Err(error) => Wire { error: Some(error.clone()), ..Wire::default() },
    };
    // The whole buffer is reserved at once: one that grows leaves copies behind that are not wiped.
    let mut lines = Zeroizing::new(Vec::with_capacity(16 << 10));
    let hello = Hello { protocol: PROTOCOL.into(), version: VERSION };
    let failed = |e: serde_json::Error| Error::new(Code::Bug, "a message has no JSON").because(e.to_string());
    serde_json::to_writer(&mut *lines, &hello).map_err(failed)?;
    lines.push(b'\n');
    serde_json::to_writer(&mut *lines, &wire).map_err(failed)?;
    lines.push(b'\n');
    Ok(lines)
}

/// Reads what [`to_lines`] wrote: the message, or its error. Anything else is an error that quotes nothing.
pub fn from_lines<M: Message>(lines: &[u8]) -> Result<M> {
    let other = || Error::new(Code::Bug, "the other fedcred process sent an unexpected answer");
    let mut lines = lines.splitn(2, |byte| *byte == b'\n');
    let hello = lines.next().and_then(|line| serde_json::from_slice::<Hello<'_>>(line).ok());
    match hello {
        Some(Hello { protocol, version: VERSION }) if protocol == PROTOCOL => {}
        Some(Hello { protocol, version }) if protocol == PROTOCOL => {
            return Err(Error::new(Code::Bug, "fedcred was replaced by another version while it ran")
                .because(format!("that one speaks version {version} of the protocol between them, this one {VERSION}"))
                .hint("restart this process"));
        }
        Some(_) | None => return Err(other()),
    }
    // The parser's error may quote what it read.
    let wire: Wire<'_> = serde_json::from_slice(lines.next().unwrap_or_default()).map_err(|_| other())?;
    match wire.error {
        Some(error) => Err(error),
        None => M::of_wire(wire).ok_or_else(other),
    }
}

impl Message for Fetched {
    fn to_wire(&self) -> Wire<'_> {
        let Fetched { refreshed: Refreshed { outcome, until, next }, entry, tally } = self;
        let (outcome, error) = match outcome {
            Outcome::Fresh => (Word::Fresh, None),
            Outcome::Refreshed => (Word::Refreshed, None),
            Outcome::Failed(error) => (Word::Failed, Some(error.clone())),
        };
        let credentials = entry.as_ref().map(|CacheEntry { credentials: c, issued, generation }| WireCredentials {
            access_key_id: c.access_key_id.as_str().into(),
            secret_access_key: c.secret_access_key.expose().into(),
            session_token: c.session_token.expose().into(),
            account_id: c.account_id.clone(),
            expiration: c.expiration,
            issued: *issued,
            generation: *generation,
        });
        let fetched = WireFetched { outcome, until: *until, next: *next, error, credentials, tally: tally.clone() };
        Wire { fetched: Some(fetched), ..Wire::default() }
    }

    fn of_wire(wire: Wire<'_>) -> Option<Self> {
        let WireFetched { outcome, until, next, error, credentials, tally } = wire.fetched?;
        let outcome = match outcome {
            Word::Fresh => Outcome::Fresh,
            Word::Refreshed => Outcome::Refreshed,
            Word::Failed => Outcome::Failed(error?),
        };
        let entry = credentials.map(|c| CacheEntry {
            credentials: Credentials {
                access_key_id: c.access_key_id.into_owned(),
                secret_access_key: Secret::new(c.secret_access_key.into_owned()),
                session_token: Secret::new(c.session_token.into_owned()),
                expiration: c.expiration,
                account_id: c.account_id,
            },
            issued: c.issued,
            generation: c.generation,
        });
        Some(Fetched { refreshed: Refreshed { outcome, until, next }, entry, tally })
    }
}

impl Message for Offer {
    fn to_wire(&self) -> Wire<'_> {
        let Offer { url, token, files } = self;
        let offer = WireOffer { url: url.into(), token: token.expose().into(), files: files.clone() };
        Wire { offer: Some(offer), ..Wire::default() }
    }

    fn of_wire(wire: Wire<'_>) -> Option<Self> {
        let WireOffer { url, token, files } = wire.offer?;
        Some(Offer { url: url.into_owned(), token: Secret::new(token.into_owned()), files })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally() -> Tally {
        Tally { logins: 2, lock_waited: std::time::Duration::from_millis(7), ..Tally::default() }
    }

    fn fetched(outcome: Outcome) -> Fetched {
        let credentials = Credentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new("se\"cret/+=".into()),
            session_token: Secret::new("tok".into()),
            expiration: "2026-11-21T23:59:59Z".parse().unwrap(),
            account_id: AccountId::parse("112233334444"),
        };
        let issued = "2026-11-21T22:59:59.5Z".parse().unwrap();
        let refreshed = Refreshed { outcome, until: None, next: issued };
        Fetched { refreshed, entry: Some(CacheEntry { credentials, issued, generation: 7 }), tally: Some(tally()) }
    }

    #[test]
    fn what_was_fetched_comes_over_as_it_was() {
        let lines = to_lines(&Ok(fetched(Outcome::Refreshed))).unwrap();
        assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 2, "a hello and a message");
        let came: Fetched = from_lines(&lines).unwrap();
        let entry = came.entry.unwrap();
        assert_eq!((entry.issued, entry.generation), (came.refreshed.next, 7));
        assert_eq!(entry.credentials.secret_access_key.expose(), "se\"cret/+=");
        assert!(matches!(came.refreshed.outcome, Outcome::Refreshed) && came.tally == Some(tally()));

        let error = Error::new(Code::MfaNeeded, "what").because("why").hint("do");
        let lines = to_lines(&Ok(fetched(Outcome::Failed(error.clone())))).unwrap();
        let came: Fetched = from_lines(&lines).unwrap();
        assert!(matches!(came.refreshed.outcome, Outcome::Failed(came) if came == error), "beside what is still good");
        let lines = to_lines::<Fetched>(&Err(error.clone())).unwrap();
        assert_eq!(from_lines::<Fetched>(&lines).unwrap_err(), error);
    }

    #[test]
    fn an_offer_comes_over_as_it_was_and_is_no_other_message() {
        let files = vec![("AWS_CONFIG_FILE".to_owned(), "/run/x".to_owned())];
        let offer =
            || Offer { url: "http://127.0.0.1:1/".into(), token: Secret::new("t".into()), files: files.clone() };
        let lines = to_lines(&Ok(offer())).unwrap();
        let came: Offer = from_lines(&lines).unwrap();
        assert_eq!((came.url, came.token.expose(), came.files), (offer().url, "t", offer().files));
        assert_eq!(from_lines::<Fetched>(&lines).unwrap_err().code, Code::Bug);
    }

    #[test]
    fn what_is_new_is_not_looked_at_and_another_version_is_told() {
        let message = r#"{"fetched":{"outcome":"fresh","until":null,"next":"2026-11-21T22:59:59Z","error":null,"credentials":null,"news":[1]},"more":{}}"#;
        let of = |hello: &str| from_lines::<Fetched>(format!("{hello}\n{message}\n").as_bytes());
        assert!(of(r#"{"protocol":"fedcred-child","version":2,"features":["x"]}"#).is_ok());
        let error = of(r#"{"protocol":"fedcred-child","version":3}"#).unwrap_err();
        assert!(error.what.contains("another version") && error.hint.is_some(), "{error:?}");
    }

    #[test]
    fn anything_else_is_an_error_that_quotes_nothing() {
        let hello = "{\"protocol\":\"fedcred-child\",\"version\":2}\n";
        let secret = "{\"fetched\":{\"outcome\":\"hunter2\"}}";
        for lines in ["", "hunter2", "{}", hello, &format!("{hello}hunter2"), &format!("{hello}{secret}"), secret] {
            let error = from_lines::<Fetched>(lines.as_bytes()).unwrap_err();
            assert!(error.code == Code::Bug && !format!("{error:?}").contains("hunter2"), "{lines}");
        }
    }
}
