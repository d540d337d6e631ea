//! The line of progress on a terminal: the present step and its time, removed when the step ends. Nothing is written if stderr is
//! no terminal, nor in the first second, in which most commands end.
//!
//! The steps are the events of the log (`-vv` prints the same): a layer of `tracing` takes them, and one thread shows the last.

use std::fmt::{Debug, Write};
use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use url::Url;

use super::output;
use super::table::span;
use crate::time::{self, Timestamp};

/// How often the line is written, and how long it is not shown at first.
const PACE: Duration = Duration::from_secs(1);

struct Line {
    is_on: bool,
    /// The step, and when it began; `None` while nothing is shown.
    step: Option<(String, Timestamp)>,
    is_shown: bool,
}

static LINE: Mutex<Line> = Mutex::new(Line { is_on: false, step: None, is_shown: false });
static WAKE: Condvar = Condvar::new();
static SHOWING: Once = Once::new();

fn line() -> MutexGuard<'static, Line> {
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the layer that shows the steps, if it is wanted and stderr is a terminal.
pub fn layer<S: Subscriber>(is_wanted: bool) -> Option<impl Layer<S> + use<S>> {
    if !is_wanted || !output::is_stderr_a_terminal() {
        return None;
    }
    line().is_on = true;
    output::before_writing(clear);
    Some(Steps)
}

/// Sets the present step.
pub fn step(text: &str) {
    let mut line = line();
    if !line.is_on {
        return;
    }
    let since = line.step.as_ref().map_or_else(time::now, |(_, since)| *since);
    line.step = Some((text.to_owned(), since));
    SHOWING.call_once(|| drop(std::thread::spawn(show)));
    WAKE.notify_one();
}

/// Removes the line before something else is written. The next step begins a new one.
pub fn clear() {
    let mut line = line();
    line.step = None;
    if std::mem::take(&mut line.is_shown) {
        output::progress("");
    }
}

fn show() {
    let mut line = line();
    loop {
        line = match line.step {
            Some(_) => WAKE.wait_timeout(line, PACE).map_or_else(|e| e.into_inner().0, |(line, _)| line),
            None => WAKE.wait(line).unwrap_or_else(PoisonError::into_inner),
        };
        let Some((step, since)) = &line.step else { continue };
        let passed = time::now().duration_since(*since);
        if passed.unsigned_abs() >= PACE {
            output::progress(&format!("{step} ({})", span(passed)));
            line.is_shown = true;
        }
    }
}

/// The layer of `tracing` that shows events as steps.
struct Steps;

impl<S: Subscriber> Layer<S> for Steps {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if *metadata.level() > Level::DEBUG || !metadata.target().starts_with("fedcred") {
            return;
        }
        let mut words = Words::default();
        event.record(&mut words);
        step(&words.sentence());
    }
}

/// The message of an event, and the server that its `url` names.
#[derive(Default)]
struct Words {
    message: String,
    host: Option<String>,
}

impl Words {
    fn sentence(self) -> String {
        match self.host {
            Some(host) => format!("{}: {host}", self.message),
            None => self.message,
        }
    }
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "url" {
            self.host = Url::parse(value).ok().and_then(|url| url.host_str().map(str::to_owned));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => drop(write!(self.message, "{value:?}")),
            "url" => self.record_str(field, format!("{value:?}").trim_matches('"')),
            _ => {}
        }
    }
}
