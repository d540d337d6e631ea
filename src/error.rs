//! The one error type: a stable code, what failed, why, and the next command.
//!
//! A code belongs to exactly one [`Kind`], and a kind to exactly one exit status (one row each in `error::code` and `error::kind`).
//! An error is plain data, so that a waiting process can get the error of the one that worked.
//! It holds nothing secret: no body, no URL query. Text of a peer goes through [`printable`] first.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::code::{Code, DoctorStep};
pub use self::kind::{ExitStatus, Kind};
pub use crate::text::printable;

mod code;
mod kind;

pub type Result<T> = std::result::Result<T, Error>;

/// The step that failed, set where the error is made. It decides which profiles the failure concerns, and what the next try waits
/// for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// This machine: settings, files, tickets, a keyring. No server was asked.
    Local,
    /// The identity provider, or another issuer of the proof of identity.
    IdentityProvider,
    /// A page of the identity provider on which only a person can go on: a second factor, a consent, a captcha, a new password.
    /// It is not met again unattended.
    Person,
    /// STS of this endpoint and region, or the role that it was asked for.
    Sts,
    /// The AWS credentials with which a role is assumed.
    Base,
}

/// A failure: a code, one sentence, the causes from the outside in, and the next step when it differs from the code's usual one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    pub code: Code,
    pub what: String,
    pub causes: Vec<String>,
    pub hint: Option<String>,
    /// `None` until a step sets it. It is not serialised: only the process in which the error happened needs it.
    #[serde(skip)]
    pub step: Option<Step>,
}

impl Error {
    pub fn new(code: Code, what: impl Into<String>) -> Self {
        Error { code, what: what.into(), causes: Vec::new(), hint: None, step: None }
    }

    /// Adds a cause below those already there.
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Sets the next step, in place of the code's usual one.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn kind(&self) -> Kind {
        self.code.kind()
    }

    /// Sets the step that failed, unless a step within it has set one.
    pub fn at(mut self, step: Step) -> Self {
        self.step.get_or_insert(step);
        self
    }

    /// Returns the step that failed; this machine's if none was set.
    pub fn step(&self) -> Step {
        self.step.unwrap_or(Step::Local)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Code::parse(&text).ok_or_else(|| serde::de::Error::custom("a code of another version"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code.as_str(), self.what)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_can_be_handed_to_another_process() {
        for code in Code::ALL {
            let error = Error::new(*code, "what").because("why").because("and why").hint("do this");
            let json = serde_json::to_string(&error).unwrap();
            assert_eq!(serde_json::from_str::<Error>(&json).unwrap(), error);
        }
        assert!(serde_json::from_str::<Error>(r#"{"code":"of-tomorrow","what":"","causes":[],"hint":null}"#).is_err());
    }
}
