//! Runs the parsers and the XPath engine on a thread of their own, since a hostile page or expression can make them panic or
//! run without end.

use std::time::Duration;

use super::evaluate::too_costly;
use crate::error::{Code, Error, Result};
use crate::process::fence::{self, Broken};
use crate::time::Deadline;

/// The deepest recursion (a string value of 512 nested elements, 16 nested brackets in an expression) needs well under 1 MiB;
/// only pages that are touched take memory.
const STACK: usize = 8 << 20;

/// Runs `work` and abandons it after `limit`. The deadline that `work` receives ends a little earlier, so that its own, more
/// precise error comes first. An abandoned thread checks that deadline itself and holds no more memory than the limits of
/// `tree` and `xpath` allow, so it ends soon.
pub fn run<T: Send + 'static>(limit: Duration, work: impl FnOnce(Deadline) -> Result<T> + Send + 'static) -> Result<T> {
    let deadline = Deadline::after(limit.mul_f32(0.9));
    fence::run(STACK, limit, move || work(deadline)).unwrap_or_else(|broken| Err(error(&broken)))
}

fn error(broken: &Broken) -> Error {
    match broken {
        Broken::NotStarted(why) => {
            Error::new(Code::Bug, "cannot start the thread that reads pages").because(why.to_string())
        }
        // The readers check the deadline every few kilobytes; only an expression can run longer.
        Broken::TooLong => too_costly(),
        Broken::Panicked => {
            Error::new(Code::Bug, "a parser failed on the identity provider's page or the XPath expression").hint(
                "report it with the page, its secrets removed; `parser = \"xml\"` or another `xpath` may do meanwhile",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        assert_eq!(error(&Broken::Panicked).code, Code::Bug);
    }

    #[test]
    fn work_that_never_ends_is_too_costly() {
        let (release, held) = std::sync::mpsc::sync_channel::<()>(0);
        let stuck = move |_| {
            let _ = held.recv();
            Ok(())
        };
        assert_eq!(run(Duration::from_millis(20), stuck).unwrap_err().code, Code::XpathTooCostly);
        drop(release);
    }
}
