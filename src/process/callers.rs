//! Whom this process works for: the profiles of fedcred that wait for a program which may have started us.
//!
//! An AWS profile's `credential_process` may be fedcred itself. Without a mark, a profile that stands on an AWS profile that
//! asks for the first one would start processes without end. Where the mark is lost on the way, the lock tells, and where there is
//! none, how many of ours are above this one (both in [`super::ancestry`]).

use crate::error::{Code, Error, Result, printable};
use crate::hex;
use crate::process::env::Env;

/// Set for the programs of AWS profiles, and inherited by all that these start, `exec`'s command included.
pub const VARIABLE: &str = "FEDCRED_WAITING_PROFILES";

/// Profiles that wait, outermost first, each as the hexadecimal of its name: fit for a shell without quotes.
#[derive(Debug)]
pub struct Callers(Vec<String>);

impl Callers {
    pub fn of(env: &Env) -> Self {
        let waiting = env.text(VARIABLE).unwrap_or_default();
        Callers(waiting.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }

    /// Refuses a profile that waits already. Errors: [`Code::CallsItself`].
    pub fn check(&self, profile: &str) -> Result<()> {
        if !self.0.contains(&hex::encode(profile.as_bytes())) {
            return Ok(());
        }
        Err(refusal(&format!("the profile {profile:?} waits for itself")))
    }

    /// The variable's value for a program that `profile` waits for: letters, digits and commas.
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

/// The refusal in what a program said before it failed, which some profile waited for: fedcred's own words, behind those of
/// an SDK or of the AWS CLI that ran it. With it all that wait fail alike, with the first one's reason.
pub fn refusal_in(said: &str) -> Option<Error> {
    let (_, refused) = said.split_once(&format!("error[{}]: ", Code::CallsItself.as_str()))?;
    Some(refusal(&printable(refused.lines().next().unwrap_or_default(), 200)))
}

/// More of ours above one another are a loop: each begins before the one above it has no time left, so that it would never end.
#[cfg(target_os = "linux")]
const DEEPEST: usize = 8;

/// Refuses to run another program below so many that wait. Errors: [`Code::CallsItself`].
#[cfg(target_os = "linux")]
pub fn check_depth() -> Result<()> {
    let above = super::ancestry::namesakes();
    if above < DEEPEST {
        return Ok(());
    }
    Err(refusal(&format!("{above} processes of fedcred above this one wait for it")))
}

#[cfg(not(target_os = "linux"))]
pub fn check_depth() -> Result<()> {
    Ok(())
}

/// The refusal of a process whose lock is held by one that waits for it.
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
        let outer = Callers::of(&Env::fixed::<&str, &str>([]));
        assert_eq!(outer.check("prod"), Ok(()));
        let inner = Callers::of(&Env::fixed([(VARIABLE, outer.with("prod"))]));
        assert_eq!(inner.check("prod").unwrap_err().code, Code::CallsItself);
        assert_eq!(inner.check("other"), Ok(()));
        let third = Callers::of(&Env::fixed([(VARIABLE, inner.with("other"))]));
        assert!(third.check("prod").is_err() && third.check("other").is_err());
    }

    #[test]
    fn a_refusal_comes_through_the_programs_in_between() {
        let refused = Callers(vec![hex::encode(b"prod")]).check("prod").unwrap_err();
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
        let hostile = Callers::of(&Env::fixed([(VARIABLE, "$(id),61")]));
        assert_eq!(hostile.with("b"), "61,62");
    }
}
