//! `flow = "device"`: a code that a person types into a browser anywhere, and the wait for it (RFC 8628).

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use url::Url;

use super::issuer::{Granted, Issuer};
use super::{LoginUi, Page};
use crate::attempt::CountedSecret;
use crate::error::{Code, Error, Result, printable};
use crate::http::api::Answer;
use crate::http::form::Field;
use crate::secret::Secret;
use crate::time::Deadline;

/// The default interval between two requests, and what `slow_down` adds to it (RFC 8628 §3.5).
const INTERVAL: Duration = Duration::from_secs(5);
/// An interval of 0 would send requests without a pause.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// RFC 8628 §3.2.
#[derive(Deserialize)]
struct Started {
    device_code: String,
    user_code: String,
    verification_uri: Option<Url>,
    verification_uri_complete: Option<Url>,
    /// The spelling of the drafts, which Google and others use; some send both.
    verification_url: Option<Url>,
    verification_url_complete: Option<Url>,
    #[serde(deserialize_with = "seconds")]
    expires_in: u64,
    #[serde(default, deserialize_with = "some_seconds")]
    interval: Option<u64>,
}

/// A number of seconds; some providers send a text or a fraction.
fn seconds<'de, D: Deserializer<'de>>(value: D) -> std::result::Result<u64, D::Error> {
    let value = serde_json::Value::deserialize(value)?;
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    number
        .filter(|number| *number >= 0.0)
        .map(|number| number as u64)
        .ok_or_else(|| D::Error::custom("not a number of seconds"))
}

fn some_seconds<'de, D: Deserializer<'de>>(value: D) -> std::result::Result<Option<u64>, D::Error> {
    match serde_json::Value::deserialize(value)? {
        serde_json::Value::Null => Ok(None),
        value => seconds(value).map(Some).map_err(D::Error::custom),
    }
}

/// What follows from an answer of the token endpoint.
enum Step {
    Granted(Answer),
    /// Ask again, after this long.
    Wait(Duration),
    Failed(Error),
}

/// Shows the code and waits until the person has done their part.
pub async fn log_in(issuer: &Issuer<'_>, ui: &dyn LoginUi, deadline: &Deadline) -> Result<Granted> {
    let endpoint = issuer.endpoint(&issuer.metadata.device_authorization_endpoint, "device", "browser")?;
    let scope = [("scope", Field::Plain(issuer.scope()))];
    let started: Started = issuer.send(endpoint, &scope, deadline).await?.success()?.json()?;
    let page = started.verification_uri.as_ref().or(started.verification_url.as_ref()).ok_or_else(|| {
        Error::new(Code::HttpUnexpected, format!("{} names no page to visit", issuer.name()))
            .because("its answer has neither `verification_uri` (RFC 8628 §3.2) nor `verification_url`")
    })?;
    issuer.page(page)?;
    let complete = started.verification_uri_complete.as_ref().or(started.verification_url_complete.as_ref());
    let with_code = complete.filter(|url| issuer.page(url).is_ok());
    let user_code = printable(&started.user_code, 40);
    ui.visit(&Page { url: page, user_code: Some(&user_code), with_code });

    let until = Deadline::after(Duration::from_secs(started.expires_in).min(deadline.remaining()));
    let mut interval = started.interval.map_or(INTERVAL, Duration::from_secs).max(SHORTEST_INTERVAL);
    let device_code = CountedSecret::issued(Secret::new(started.device_code));
    let fields = [
        ("grant_type", Field::Plain("urn:ietf:params:oauth:grant-type:device_code")),
        ("device_code", Field::Secret(&device_code)),
    ];
    loop {
        if interval >= until.remaining() {
            return Err(late());
        }
        tokio::time::sleep(interval).await;
        match next(issuer.token(&fields, &until).await, interval) {
            Step::Granted(answer) => return answer.json(),
            Step::Wait(longer) => interval = longer,
            Step::Failed(error) => return Err(error),
        }
    }
}

fn next(outcome: Result<Answer>, interval: Duration) -> Step {
    let answer = match outcome {
        Ok(answer) => answer,
        // The interval doubles, as §3.5 recommends. The next request shows whether an answer was lost.
        Err(error) if matches!(error.code, Code::Connect | Code::Timeout) => return Step::Wait(interval * 2),
        Err(error) => return Step::Failed(error),
    };
    if answer.is_success() {
        return Step::Granted(answer);
    }
    match answer.oauth_error().as_ref().map(|said| said.error.as_str()) {
        Some("authorization_pending") => Step::Wait(interval),
        Some("slow_down") => Step::Wait(interval + INTERVAL),
        Some("expired_token") => Step::Failed(late()),
        Some("access_denied") => Step::Failed(Error::new(Code::TokenRefused, "the login was refused in the browser")),
        _ if matches!(answer.status, 429 | 500..) => Step::Wait(interval * 2),
        _ => Step::Failed(answer.refusal()),
    }
}

fn late() -> Error {
    Error::new(Code::Timeout, "the code was not entered in the browser in time").hint("log in again, for a new code")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::oidc::login::tests::{Silent, discover, provider, settings};
    use crate::identity::oidc::stub::run;
    use serde_json::json;

    const FIVE: Duration = Duration::from_secs(5);

    /// What follows from this answer of the token endpoint.
    fn step(status: u16, body: serde_json::Value) -> String {
        let stub = provider(move |sent, _| (sent.line == "POST /token").then(|| (status, body.clone())));
        let settings = settings(&stub);
        let answer = run(async {
            let issuer = discover(&settings).await;
            issuer.token(&[], &Deadline::after(FIVE)).await
        });
        match next(answer, FIVE) {
            Step::Granted(_) => "granted".into(),
            Step::Wait(interval) => format!("{} s", interval.as_secs()),
            Step::Failed(error) => error.code.as_str().into(),
        }
    }

    #[test]
    fn each_answer_has_its_step() {
        let table = [
            (200, json!({ "access_token": "a" }), "granted"),
            (400, json!({ "error": "authorization_pending" }), "5 s"),
            (400, json!({ "error": "slow_down" }), "10 s"),
            (503, json!({}), "10 s"),
            (429, json!("?"), "10 s"),
            (400, json!({ "error": "expired_token" }), "timeout"),
            (400, json!({ "error": "access_denied" }), "token-refused"),
            (400, json!({ "error": "invalid_grant" }), "token-refused"),
            (401, json!({ "error": "invalid_client" }), "token-refused"),
        ];
        for (status, body, expected) in table {
            assert_eq!(step(status, body.clone()), expected, "{status} {body}");
        }
        let lost = Error::new(Code::Connect, "lost");
        assert!(matches!(next(Err(lost), FIVE), Step::Wait(wait) if wait == FIVE * 2));
        let untrusted = Error::new(Code::TlsUntrusted, "no");
        assert!(matches!(next(Err(untrusted), FIVE), Step::Failed(_)));
    }

    #[test]
    fn a_code_that_expires_before_it_may_be_asked_for_is_an_error_at_once() {
        let stub = provider(|sent, origin| {
            (sent.line == "POST /device").then(|| {
                let body = json!({
                    "device_code": "d", "user_code": "U", "verification_uri": format!("{origin}/visit"), "expires_in": 3,
                });
                (200, body)
            })
        });
        let settings = settings(&stub);
        let outcome = run(async {
            log_in(&discover(&settings).await, &Silent::default(), &Deadline::after(FIVE * 10)).await.map(|_| ())
        });
        assert_eq!(outcome.unwrap_err().code, Code::Timeout);
        assert!(!stub.sent().iter().any(|sent| sent.line == "POST /token"));
    }

    #[test]
    fn a_person_is_sent_to_https_pages_only() {
        for page in ["http://idp.example.com/device", "file:///etc/passwd", "javascript:alert(1)"] {
            let stub = provider(move |sent, _| {
                let body = json!({ "device_code": "d", "user_code": "U", "verification_uri": page, "expires_in": 60 });
                (sent.line == "POST /device").then_some((200, body))
            });
            let settings = settings(&stub);
            let ui = Silent::default();
            let outcome =
                run(async { log_in(&discover(&settings).await, &ui, &Deadline::after(FIVE)).await.map(|_| ()) });
            assert_eq!(outcome.unwrap_err().code, Code::UrlNotAllowed, "{page}");
            assert_eq!(ui.visits(), 0);
        }
    }
}
