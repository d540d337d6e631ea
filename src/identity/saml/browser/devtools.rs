//! The DevTools protocol, as far as a login needs it: numbered commands, their results, and events in between.
//!
//! Source: <https://chromedevtools.github.io/devtools-protocol/>. Everything is asked of the browser as a whole but what
//! belongs to one page, which goes by its session.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Code, Error, Result, printable};
use crate::process::browser::{Browser, Said};
use crate::time::Deadline;

pub struct DevTools {
    browser: Browser,
    /// The number of the last command.
    last: u64,
    events: VecDeque<Event>,
}

/// Something that happened. Fields that an event does not have are empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Event {
    pub method: String,
    /// Of the page it happened on.
    pub session_id: String,
    pub params: Params,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Params {
    /// `Fetch.requestPaused`
    pub request_id: String,
    pub request: Paused,
    /// `Target.attachedToTarget`, `Target.detachedFromTarget`
    pub session_id: String,
    pub target_info: Target,
}

/// A request that waits for us.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Paused {
    pub url: String,
    pub method: String,
    /// May hold an assertion.
    pub post_data: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Target {
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    id: u64,
    #[serde(default)]
    result: Value,
    error: Option<Refusal>,
    #[serde(flatten)]
    event: Event,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl std::fmt::Debug for Paused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paused").finish_non_exhaustive()
    }
}

impl DevTools {
    pub fn new(browser: Browser) -> Self {
        DevTools { browser, last: 0, events: VecDeque::new() }
    }

    /// Has the browser do something, and waits for the result. `session`: the page that is meant.
    pub fn call(&mut self, session: Option<&str>, method: &str, params: &Value, deadline: &Deadline) -> Result<Value> {
        let number = self.tell(session, method, params);
        loop {
            match self.read(deadline.remaining())? {
                None => return Err(deadline.error("waiting for the browser")),
                Some(Message { id, result, error, .. }) if id == number => {
                    return match error {
                        None => Ok(result),
                        Some(refusal) => Err(Error::new(Code::BrowserFailed, "the browser cannot be driven")
                            .because(format!("it refuses {method}: {}", printable(&refusal.message, 200)))),
                    };
                }
                Some(message) => self.note(message),
            }
        }
    }

    /// Has the browser do something, whatever comes of it. The command's number.
    pub fn tell(&mut self, session: Option<&str>, method: &str, params: &Value) -> u64 {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        self.browser.send(&command.to_string());
        self.last
    }

    /// The next event, waited for so long.
    pub fn event(&mut self, patience: Duration) -> Result<Option<Event>> {
        let deadline = Deadline::after(patience);
        while self.events.is_empty() {
            match self.read(deadline.remaining())? {
                None => return Ok(None),
                Some(message) => self.note(message),
            }
        }
        Ok(self.events.pop_front())
    }

    /// Has the browser write down what it keeps, and leave. One that stays is killed.
    pub fn close(mut self, deadline: &Deadline) {
        self.tell(None, "Browser.close", &json!({}));
        if !self.browser.leave(deadline) {
            tracing::info!("the browser did not leave, and was killed");
        }
    }

    fn note(&mut self, message: Message) {
        if !message.event.method.is_empty() {
            self.events.push_back(message.event);
        }
    }

    fn read(&mut self, patience: Duration) -> Result<Option<Message>> {
        match self.browser.receive(patience) {
            Said::Nothing => Ok(None),
            Said::Message(message) => serde_json::from_slice(&message).map(Some).map_err(|why| {
                Error::new(Code::BrowserFailed, "the browser sent a message that cannot be read")
                    .because(why.to_string())
            }),
            Said::End => Err(Error::new(Code::BrowserFailed, "the browser ended in the middle of the login")),
        }
    }
}
