//! At which step of the way an error is the fault.

use super::report::Step;
use crate::error::Code;

/// Of an error that came when STS was asked with the proof of identity in hand.
pub fn of_exchange(code: Code) -> Step {
    match (code, code.step()) {
        // Fresh credentials that have expired already by this machine's clock.
        (Code::ClockSkew, _) => Step::Clock,
        (_, Step::Login | Step::Page | Step::Kerberos) => Step::Sts,
        (_, step) => step,
    }
}
