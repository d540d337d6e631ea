//! The step to which an error belongs.

use super::report::Step;
use crate::error::Code;

/// Returns the step of an error that came after the proof of identity was there, when STS was asked.
pub fn of_exchange(code: Code) -> Step {
    match (code, code.step()) {
        // By this machine's clock, new credentials have expired already.
        (Code::ClockSkew, _) => Step::Clock,
        (_, Step::Login | Step::Page | Step::Kerberos) => Step::Sts,
        (_, step) => step,
    }
}
