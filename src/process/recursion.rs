//! Prevents endless recursion: knows the profiles of fedcred that wait for a program which may have started this process.
//!
//! The `credential_process` of an AWS profile may be fedcred itself: a profile based on an AWS profile that asks for the first
//! one would start processes without end. A variable names the profiles that wait. If a program removes it, the holder of the
//! lock tells, and without a lock the number of fedcred's ancestors (both in [`super::ancestry`]).

use crate::error::{Code, Error, Result, printable};
use crate::hex;
use crate::process::env::Env;

/// The variable that is set for programs of AWS profiles and inherited by all that these start, `exec`'s command included.
pub const VARIABLE: &str = "FEDCRED_WAITING_PROFILES";

/// The profiles that wait, outermost first, each as the hexadecimal of its name, which needs no quotes in a shell.
#[derive(Debug)]
pub struct RecursionGuard(Vec<String>);

impl RecursionGuard {
    pub fn of(env: &Env) -> Self {
        let waiting = env.text(VARIABLE).unwrap_or_default();
        RecursionGuard(waiting.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }

    /// Refuses a profile that waits already. Errors: [`Code::CallsItself`].
    pub fn check(&self, profile: &str) -> Result<()> {
        if !self.0.contains(&hex::encode(profile.as_bytes())) {
            return Ok(());
        }
        Err(refusal(&format!("the profile {profile:?} waits for itself")))
    }

    /// Returns the variable's value for a program that `profile` waits for: letters, digits and commas.
    pub fn with(&self, profile: &str) -> String {
        let own = hex::encode(profile.as_bytes());
        self.0
            .iter()
            .cloned()
            .chain([own])
            .filter(|name| name.bytes().all(|b| b.is_ascii_hexdigit()))
            .collect::<Vec<_>>()
            .join(",")
    }
}

/// Finds fedcred's own refusal in the stderr of a failed program, behind the words of an SDK or of the AWS CLI that ran it. All
/// that wait then fail with the first one's reason.
pub fn refusal_in(said: &str) -> Option<Error> {
    let (_, refused) = said.split_once(&format!("error[{}]: ", Code::CallsItself.as_str()))?;
    Some(refusal(&printable(refused.lines().next().unwrap_or_default(), 200)))
}

/// More processes of fedcred that start each other than this are a loop.
#[cfg(target_os = "linux")]
const DEEPEST: usize = 8;

/// Refuses to run another program if too many processes of fedcred wait already. Errors: [`Code::CallsItself`].
#[cfg(target_os = "linux")]
pub fn check_depth() -> Result<()> {
    let above = super::ancestry::namesakes();
    if above < DEEPEST {
        return Ok(());
    }
    Err(refusal(&format!("{above} parent processes of fedcred wait for this one")))
}

#[cfg(not(target_os = "linux"))]
pub fn check_depth() -> Result<()> {
    Ok(())
}

/// Returns the error of a process whose lock is held by one that waits for it.
pub fn refusal_of_waiting(holder: u32) -> Error {
    refusal(&format!("process {holder} waits for this one, which would wait for it"))
}

fn refusal(what: &str) -> Error {
    Error::new(Code::CallsItself, what)
        .because("its `aws_profile` runs a `credential_process` that asks fedcred for it again")
        .hint("write `source_profile` in place of `aws_profile`, or another credential_process")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_that_waits_already_is_not_asked_again() {
        let outer = RecursionGuard::of(&Env::fixed::<&str, &str>([]));
        assert_eq!(outer.check("prod"), Ok(()));
        let inner = RecursionGuard::of(&Env::fixed([(VARIABLE, outer.with("prod"))]));
        assert_eq!(inner.check("prod").unwrap_err().code, Code::CallsItself);
        assert_eq!(inner.check("other"), Ok(()));
        let third = RecursionGuard::of(&Env::fixed([(VARIABLE, inner.with("other"))]));
        assert!(third.check("prod").is_err() && third.check("other").is_err());
    }

    #[test]
    fn a_refusal_comes_through_the_programs_in_between() {
        let refused = RecursionGuard(vec![hex::encode(b"prod")]).check("prod").unwrap_err();
        for said in [
            "Error retrieving credentials: external process exited with code exit status: 78. Stderr: error[calls-itself]: the profile \"prod\" waits for itself\ncaused by: x\n",
            "\nError when retrieving credentials from custom-process: warning: old\nerror[calls-itself]: the profile \"prod\" waits for itself",
        ] {
            assert_eq!(refusal_in(said).unwrap(), refused);
        }
        assert_eq!(refusal_in("error[no-kerberos-ticket]: of alice"), None);
        assert!(!refusal_in("error[calls-itself]: \u{1b}[2J").unwrap().what.contains('\u{1b}'));
    }

    #[test]
    fn what_a_shell_would_act_on_is_not_passed_on() {
        let hostile = RecursionGuard::of(&Env::fixed([(VARIABLE, "$(id),61")]));
        assert_eq!(hostile.with("b"), "61,62");
    }
}
