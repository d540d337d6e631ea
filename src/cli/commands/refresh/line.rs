//! The result of one profile: a row of the table, a line of JSON, a line of the loop's log.

use serde::{Deserialize, Serialize};

use crate::acquire::refresh::{Outcome, Refreshed};
use crate::cli::report;
use crate::error::{Error, printable};
use crate::time::{Timestamp, whole_seconds};

/// The fields of a line of JSON, in this order.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub profile: String,
    pub outcome: Word,
    /// When the cached credentials expire.
    pub until: Option<Timestamp>,
    /// When the next call can do something.
    pub next_refresh: Timestamp,
    pub error: Option<Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    Fresh,
    Refreshed,
    Failed,
}

impl Line {
    pub fn new(profile: &str, refreshed: Refreshed) -> Self {
        let Refreshed { outcome, until, next } = refreshed;
        let (outcome, error) = match outcome {
            Outcome::Fresh => (Word::Fresh, None),
            Outcome::Refreshed => (Word::Refreshed, None),
            Outcome::Failed(error) => (Word::Failed, Some(with_hint(error))),
        };
        let next_refresh = Timestamp::from_second(next.as_second()).unwrap_or(next);
        Line { profile: profile.to_owned(), outcome, until, next_refresh, error }
    }

    pub fn row(&self) -> [String; 4] {
        let code = self.error.as_ref().map(|error| error.code.as_str().to_owned());
        [
            printable(&self.profile, 100),
            self.outcome.as_str().to_owned(),
            self.until.map(whole_seconds).unwrap_or_default(),
            code.unwrap_or_default(),
        ]
    }

    /// Returns the line with the time in front, for a log.
    pub fn log(&self, now: Timestamp) -> String {
        let [profile, outcome, until, _] = self.row();
        let (now, next) = (whole_seconds(now), whole_seconds(self.next_refresh));
        let until = if until.is_empty() { String::new() } else { format!(", valid until {until}") };
        let error = self.error.as_ref().map(|e| format!(", {}: {}", e.code.as_str(), e.what)).unwrap_or_default();
        format!("{now} {profile} {outcome}{until}{error}, next {next}")
    }

    /// Returns the error with the profile's name in front.
    pub fn named_error(&self) -> Option<Error> {
        let mut error = self.error.clone()?;
        error.what = format!("{}: {}", printable(&self.profile, 100), error.what);
        Some(error)
    }
}

impl Word {
    fn as_str(self) -> &'static str {
        match self {
            Word::Fresh => "fresh",
            Word::Refreshed => "refreshed",
            Word::Failed => "failed",
        }
    }
}

/// Sets the usual hint of the code, which readers of JSON do not know.
fn with_hint(error: Error) -> Error {
    let hint = report::hint(&error).to_owned();
    error.hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn line() -> Line {
        Line {
            profile: "analytics".into(),
            outcome: Word::Failed,
            until: Some("2026-11-21T12:00:00Z".parse().unwrap()),
            next_refresh: "2026-11-21T11:30:01Z".parse().unwrap(),
            error: Some(with_hint(Error::new(Code::Connect, "no answer").because("refused"))),
        }
    }

    #[test]
    fn a_line_of_json_has_these_fields_and_reads_back() {
        let json = serde_json::to_string(&line()).unwrap();
        assert_eq!(
            json,
            "{\"profile\":\"analytics\",\"outcome\":\"failed\",\"until\":\"2026-11-21T12:00:00Z\",\
             \"next_refresh\":\"2026-11-21T11:30:01Z\",\"error\":{\"code\":\"connect\",\"what\":\"no answer\",\
             \"causes\":[\"refused\"],\"hint\":\"try again later; a proxy is set with `saml.proxy` or HTTPS_PROXY\"}}"
        );
        assert_eq!(serde_json::from_str::<Line>(&json).unwrap(), line());
    }

    #[test]
    fn a_log_has_the_time_and_what_comes_next() {
        let now = "2026-11-21T11:20:00.5Z".parse().unwrap();
        assert_eq!(
            line().log(now),
            "2026-11-21T11:20:00Z analytics failed, valid until 2026-11-21T12:00:00Z, connect: no answer, \
             next 2026-11-21T11:30:01Z"
        );
        let fresh = Line { outcome: Word::Fresh, until: None, error: None, ..line() };
        assert_eq!(fresh.log(now), "2026-11-21T11:20:00Z analytics fresh, next 2026-11-21T11:30:01Z");
    }
}
