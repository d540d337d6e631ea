//! The part of the DevTools protocol that a login needs: numbered commands, their results, and events.
//!
//! Source: <https://chromedevtools.github.io/devtools-protocol/>. Commands go to the whole browser, or to one page by its
//! session.

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

/// An event. Fields that it does not have are empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Event {
    pub method: String,
    /// The session of its page.
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

/// A paused request.
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

    /// Sends a command and waits for its result. `session` names the page.
    pub fn call(&mut self, session: Option<&str>, method: &str, params: &Value, deadline: &Deadline) -> Result<Value> {
        let number = self.tell(session, method, params);
        loop {
            match self.read(deadline.remaining())? {
                None => return Err(deadline.error("waiting for the browser")),
                Some(Message { id, result, error, .. }) if id == number => {
                    return match error {
                        None => Ok(result),
                        Some(refusal) => Err(Error::new(Code::BrowserFailed, "the browser cannot be controlled")
                            .because(format!("it refuses {method}: {}", printable(&refusal.message, 200)))),
                    };
                }
                Some(message) => self.note(message),
            }
        }
    }

    /// Sends a command and does not wait. Returns its number.
    pub fn tell(&mut self, session: Option<&str>, method: &str, params: &Value) -> u64 {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        self.browser.send(&command.to_string());
        self.last
    }

    /// Waits this long for the next event.
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

    /// Lets the browser save its state and exit, else kills it.
    pub fn close(mut self, deadline: &Deadline) {
        self.tell(None, "Browser.close", &json!({}));
        if !self.browser.leave(deadline) {
            tracing::info!("the browser did not exit, and was killed");
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
