//! What doctor prints: a check list for people, or JSON for scripts.
//!
//! The names of checks, states and facts in JSON are stable; new ones may come.

use serde_json::{Map, Value, json};

use crate::cli::output::Text;
use crate::cli::report::hint;
use crate::cli::screen::{Mark, Screen};
use crate::cli::style::Colour;
pub use crate::error::DoctorStep as Step;
use crate::error::Error;
use crate::quote::shell::fedcred;

/// A row for each step, in their order: its name in JSON, and its title.
const STEPS: [(Step, &str, &str); 13] = [
    (Step::Configuration, "configuration", "configuration"),
    (Step::AwsFiles, "aws-files", "AWS files"),
    (Step::Clock, "clock", "clock"),
    (Step::Network, "network", "network"),
    (Step::Kerberos, "kerberos", "Kerberos"),
    (Step::Login, "login", "login"),
    (Step::Page, "page", "page"),
    (Step::Identity, "identity", "identity"),
    (Step::Roles, "roles", "roles"),
    (Step::Sts, "sts", "STS"),
    (Step::Duration, "duration", "duration"),
    (Step::Cache, "cache", "cache"),
    (Step::Keyring, "keyring", "keyring"),
];

impl Step {
    fn id(self) -> &'static str {
        STEPS[self as usize].1
    }

    fn title(self) -> &'static str {
        STEPS[self as usize].2
    }
}

/// The result of a step.
#[derive(Debug)]
enum State {
    /// An earlier step failed.
    NotReached,
    Passed,
    /// This profile's login has no such step, for this reason.
    Skipped(String),
    Fault(Box<Error>),
}

/// The first fault, and where it is.
#[derive(Debug)]
pub struct Fault {
    pub step: Step,
    pub error: Error,
}

/// Makes a fault of an error at `step`.
pub fn at(step: Step) -> impl Fn(Error) -> Fault {
    move |error| Fault { step, error }
}

/// What works now but may fail later, and what to do about it.
#[derive(Debug)]
struct Warning {
    what: String,
    hint: String,
}

#[derive(Debug)]
struct Check {
    step: Step,
    state: State,
    facts: Map<String, Value>,
    warnings: Vec<Warning>,
}

/// The check list.
#[derive(Debug)]
pub struct Report {
    profile: String,
    checks: Vec<Check>,
}

impl Report {
    pub fn new(profile: &str) -> Self {
        let check = |step| Check { step, state: State::NotReached, facts: Map::new(), warnings: Vec::new() };
        Report { profile: profile.to_owned(), checks: STEPS.iter().map(|(step, ..)| check(*step)).collect() }
    }

    /// Adds a fact: `name` is its key in JSON and, with blanks, its name for people. Several values are an array.
    pub fn fact(&mut self, step: Step, name: &str, value: impl Into<Value>) {
        self.check(step).facts.insert(name.to_owned(), value.into());
    }

    pub fn warn(&mut self, step: Step, what: impl Into<String>, hint: impl Into<String>) {
        self.check(step).warnings.push(Warning { what: what.into(), hint: hint.into() });
    }

    pub fn pass(&mut self, step: Step) {
        self.check(step).state = State::Passed;
    }

    pub fn skip(&mut self, step: Step, why: impl Into<String>) {
        self.check(step).state = State::Skipped(why.into());
    }

    /// Sets the fault that ended the checks.
    pub fn fault(&mut self, fault: Fault) {
        self.check(fault.step).state = State::Fault(Box::new(fault.error));
    }

    fn check(&mut self, step: Step) -> &mut Check {
        &mut self.checks[step as usize]
    }

    /// Returns the error that ended the checks.
    pub fn error(&self) -> Option<&Error> {
        self.checks.iter().find_map(Check::error)
    }

    pub fn json(&self) -> Value {
        let fault = self.checks.iter().find_map(|check| {
            let error = check.error()?;
            Some(json!({ "check": check.step.id(), "code": error.code, "what": error.what, "causes": error.causes,
                "hint": hint(error) }))
        });
        json!({
            "profile": self.profile,
            "ok": fault.is_none(),
            "fault": fault,
            "checks": self.checks.iter().map(Check::json).collect::<Vec<_>>(),
        })
    }

    pub fn text(&self, screen: Screen) -> Text {
        let style = screen.style;
        let mut text = Text::default();
        text.painted(style, &[(Colour::Strong, &fedcred(&["doctor"], &self.profile, &[]))]);
        text.blank();
        let (reached, beyond): (Vec<&Check>, Vec<&Check>) =
            self.checks.iter().partition(|check| !matches!(check.state, State::NotReached));
        text += reached.iter().map(|check| check.text(screen)).collect();
        if !beyond.is_empty() {
            let titles: Vec<&str> = beyond.iter().map(|check| check.step.title()).collect();
            let line =
                format!("{} not checked, because of the fault above: {}", screen.mark(Mark::Open), titles.join(", "));
            text.painted(style, &[(Colour::Dim, &line)]);
        }
        text.blank();
        let (colour, verdict) = self.verdict();
        text.painted(style, &[(colour, &verdict)]);
        text.fit(screen.width)
    }

    fn verdict(&self) -> (Colour, String) {
        let warnings: usize = self.checks.iter().map(|check| check.warnings.len()).sum();
        match (self.error(), warnings) {
            (Some(error), _) => (Colour::Red, format!("fault: {} ({})", error.what, error.code.as_str())),
            (None, 0) => (Colour::Green, "no problem found".to_owned()),
            (None, 1) => (Colour::Green, "it works; one warning above".to_owned()),
            (None, count) => (Colour::Green, format!("it works; {count} warnings above")),
        }
    }
}

impl Check {
    fn error(&self) -> Option<&Error> {
        match &self.state {
            State::Fault(error) => Some(error),
            State::NotReached | State::Passed | State::Skipped(_) => None,
        }
    }

    fn json(&self) -> Value {
        let state = match &self.state {
            State::NotReached => "not-reached",
            State::Passed if self.warnings.is_empty() => "passed",
            State::Passed => "warned",
            State::Skipped(_) => "skipped",
            State::Fault(_) => "fault",
        };
        let warning = |warning: &Warning| json!({ "what": warning.what, "hint": warning.hint });
        json!({
            "check": self.step.id(),
            "state": state,
            "facts": self.facts,
            "warnings": self.warnings.iter().map(warning).collect::<Vec<_>>(),
        })
    }

    fn text(&self, screen: Screen) -> Text {
        let style = screen.style;
        let mark = |mark: Mark| format!("{} ", screen.mark(mark));
        let title = self.step.title();
        let mut text = Text::default();
        match &self.state {
            State::Passed if self.warnings.is_empty() => {
                text.painted(style, &[(Colour::Green, &mark(Mark::Passed)), (Colour::Plain, title)])
            }
            State::Passed => text.painted(style, &[(Colour::Yellow, "! "), (Colour::Plain, title)]),
            State::Fault(_) => text.painted(style, &[(Colour::Red, &mark(Mark::Failed)), (Colour::Strong, title)]),
            State::Skipped(why) => {
                text.painted(style, &[(Colour::Dim, &format!("- {title}: {why}"))]);
                return text;
            }
            State::NotReached => return text,
        }
        for (name, value) in &self.facts {
            // A key of the configuration is shown as it is written there.
            let name = if self.step == Step::Configuration { name.clone() } else { name.replace('_', " ") };
            let name = (Colour::Dim, &*format!("    {name}:"));
            match value {
                Value::Array(several) => {
                    text.painted(style, &[name]);
                    several.iter().for_each(|one| text.line(format!("      {}", shown(one))));
                }
                one => text.painted(style, &[name, (Colour::Plain, &format!(" {}", shown(one)))]),
            }
        }
        for warning in &self.warnings {
            text.painted(style, &[(Colour::Yellow, "    warning: "), (Colour::Plain, &warning.what)]);
            text.line(format!("      hint: {}", warning.hint));
        }
        if let Some(error) = self.error() {
            let mark = format!("    error[{}]: ", error.code.as_str());
            text.painted(style, &[(Colour::Red, &mark), (Colour::Plain, &error.what)]);
            error.causes.iter().for_each(|cause| text.line(format!("    caused by: {cause}")));
            text.painted(style, &[(Colour::Plain, "    hint: "), (Colour::Strong, hint(error))]);
        }
        text
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn report() -> Report {
        let mut report = Report::new("dev");
        report.fact(Step::Configuration, "files", vec!["a", "b"]);
        report.pass(Step::Configuration);
        report.warn(Step::AwsFiles, "nobody calls", "call");
        report.pass(Step::AwsFiles);
        report.skip(Step::Clock, "no clock here");
        report
    }

    #[test]
    fn every_step_has_a_check_in_its_own_place() {
        let mut report = Report::new("dev");
        for (step, ..) in STEPS {
            assert_eq!(report.check(step).step, step);
        }
    }

    #[test]
    fn a_fault_is_named_once_and_what_follows_is_not_judged() {
        let mut report = report();
        report.fault(at(Step::Network)(Error::new(Code::Connect, "no way").because("none").hint("make one")));
        let text = report.text(Screen::plain());
        let expected = "\
fedcred doctor dev

✓ configuration
    files:
      a
      b
! AWS files
    warning: nobody calls
      hint: call
- clock: no clock here
✗ network
    error[connect]: no way
    caused by: none
    hint: make one
· not checked, because of the fault above: Kerberos, login, page, identity, roles, STS, duration, cache, keyring

fault: no way (connect)
";
        assert_eq!(&*text, expected);
        let json = report.json();
        assert_eq!(
            (&json["ok"], &json["fault"]["check"], &json["fault"]["code"]),
            (&json!(false), &json!("network"), &json!("connect"))
        );
        let states: Vec<&str> =
            json["checks"].as_array().unwrap().iter().take(5).map(|c| c["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["passed", "warned", "skipped", "fault", "not-reached"]);
    }
}
