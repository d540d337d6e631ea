//! The endpoint's answers for one profile: the credentials while they are valid, ready to be sent, or why there are none.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use serde::Serialize;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::account_id::AccountId;
use crate::cache::entry::CacheEntry;
use crate::error::{Code, Error, Result};
use crate::time::{self, Timestamp, whole_seconds};

/// Written by the refresher, read by every request.
pub struct Answers {
    pub profile: String,
    state: watch::Sender<State>,
    wake: Box<dyn Fn() + Send + Sync>,
    handed_out: AtomicU64,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// The failure of the last attempt, if it failed.
    failure: Option<Error>,
}

/// Credentials as the body of an answer.
struct Held {
    body: Bytes,
    expires: Timestamp,
}

/// How long a request waits for the first login. botocore waits 2 s for an answer, three times; others wait longer.
const PATIENCE: Duration = Duration::from_millis(1500);

impl Answers {
    /// `wake` is called when a request finds no valid credentials.
    pub fn new(profile: String, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Answers { profile, state: watch::Sender::default(), wake: Box::new(wake), handed_out: AtomicU64::new(0) }
    }

    /// Answers with these credentials from now on.
    pub fn put(&self, entry: &CacheEntry) -> Result<()> {
        let held = Held { body: body(entry)?, expires: entry.credentials.expiration };
        self.state.send_modify(|state| *state = State { held: Some(held), failure: None });
        Ok(())
    }

    /// Notes a failure. Credentials are still given out while they are valid.
    pub fn fail(&self, error: Error) {
        self.state.send_modify(|state| state.failure = Some(error));
    }

    /// Returns the body of the answer, or why there is none. It waits a short while for the first login only.
    pub async fn take(&self) -> Result<Full<Bytes>> {
        let taken = self.wait_for_first().await?;
        self.handed_out.fetch_add(1, Ordering::Relaxed);
        Ok(taken)
    }

    /// Returns how often credentials were given out.
    pub fn handed_out(&self) -> u64 {
        self.handed_out.load(Ordering::Relaxed)
    }

    async fn wait_for_first(&self) -> Result<Full<Bytes>> {
        match self.valid() {
            Some(Ok(body)) => return Ok(body),
            Some(Err(error)) => {
                (self.wake)();
                return Err(error);
            }
            None => {}
        }
        let mut state = self.state.subscribe();
        let _ = tokio::time::timeout(PATIENCE, state.wait_for(|state| !state.is_first())).await;
        self.valid().unwrap_or_else(|| {
            Err(Error::new(Code::Timeout, "the first login has not ended yet").hint("try again in a few seconds"))
        })
    }

    /// Returns when the current credentials expire; `None` if there are no valid ones.
    pub fn good_until(&self) -> Option<Timestamp> {
        self.state.borrow().held.as_ref().map(|held| held.expires).filter(|expires| *expires > time::now())
    }

    /// Whether a request would be answered.
    pub fn is_valid(&self) -> bool {
        matches!(self.valid(), Some(Ok(_)))
    }

    /// Returns the answer now; `None` if the first login has not ended.
    fn valid(&self) -> Option<Result<Full<Bytes>>> {
        let state = self.state.borrow();
        match (&state.held, &state.failure) {
            (Some(held), _) if held.expires > time::now() => Some(Ok(Full::new(held.body.clone()))),
            (_, Some(failure)) => Some(Err(failure.clone())),
            (Some(_), None) => Some(Err(Error::new(Code::Timeout, "the credentials have expired"))),
            (None, None) => None,
        }
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").field("profile", &self.profile).finish_non_exhaustive()
    }
}

impl State {
    fn is_first(&self) -> bool {
        self.held.is_none() && self.failure.is_none()
    }
}

/// The JSON that SDKs read (AWS SDKs and Tools Reference Guide, "Container credential provider").
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    expiration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a AccountId>,
    /// These two are for MinIO's client for JavaScript, which reads them instead.
    code: &'static str,
    #[serde(rename = "AccessKeyID")]
    access_key_id_again: &'a str,
}

fn body(entry: &CacheEntry) -> Result<Bytes> {
    let c = &entry.credentials;
    let body = Body {
        access_key_id: &c.access_key_id,
        secret_access_key: c.secret_access_key.expose(),
        token: c.session_token.expose(),
        expiration: whole_seconds(c.expiration),
        account_id: c.account_id.as_ref(),
        code: "Success",
        access_key_id_again: &c.access_key_id,
    };
    let mut json = Zeroizing::new(Vec::with_capacity(8 << 10));
    serde_json::to_writer(&mut *json, &body)
        .map_err(|e| Error::new(Code::Bug, "credentials have no JSON").because(e.to_string()))?;
    // Wiped when the last answer that uses it is sent.
    Ok(Bytes::from_owner(json))
}

#[cfg(test)]
pub mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use http_body_util::BodyExt;
    use jiff::SignedDuration;

    use super::*;
    use crate::credentials::Credentials;
    use crate::secret::Secret;

    /// Credentials that end so many seconds from now.
    pub fn entry(seconds: i64) -> CacheEntry {
        let credentials = Credentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new("secret".into()),
            session_token: Secret::new("token".into()),
            expiration: time::now() + SignedDuration::from_secs(seconds),
            account_id: AccountId::parse("112233334444"),
        };
        CacheEntry { credentials, issued: time::now(), generation: 1 }
    }

    fn answers() -> (Answers, Arc<AtomicBool>) {
        let woken = Arc::new(AtomicBool::new(false));
        let wake = woken.clone();
        (Answers::new("dev".into(), move || wake.store(true, Ordering::Relaxed)), woken)
    }

    fn take(answers: &Answers) -> Result<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let body = answers.take().await?.collect().await.unwrap().to_bytes();
            Ok(String::from_utf8(body.to_vec()).unwrap())
        })
    }

    #[test]
    fn valid_credentials_are_handed_out_whatever_has_failed_since() {
        let (answers, _) = answers();
        answers.put(&entry(60)).unwrap();
        answers.fail(Error::new(Code::Connect, "no connection"));
        let body = take(&answers).unwrap();
        let expected = r#"{"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"secret","Token":"token","Expiration":""#;
        assert!(
            body.starts_with(expected)
                && body.ends_with(r#"Z","AccountId":"112233334444","Code":"Success","AccessKeyID":"ASIAEXAMPLE"}"#),
            "{body}"
        );
    }

    #[test]
    fn expired_ones_are_not_and_the_refresher_is_woken() {
        let (answers, woken) = answers();
        answers.put(&entry(-1)).unwrap();
        assert_eq!(take(&answers).unwrap_err().what, "the credentials have expired");
        answers.fail(Error::new(Code::Connect, "no connection"));
        assert_eq!(take(&answers).unwrap_err().code, Code::Connect);
        assert!(woken.load(Ordering::Relaxed) && !answers.is_valid());
    }

    #[test]
    fn before_the_first_login_has_ended_a_request_waits_but_not_for_ever() {
        let (answers, _) = answers();
        assert_eq!(take(&answers).unwrap_err().code, Code::Timeout);
        std::thread::scope(|scope| {
            scope.spawn(|| answers.put(&entry(60)).unwrap());
            assert!(take(&answers).is_ok());
        });
    }
}
