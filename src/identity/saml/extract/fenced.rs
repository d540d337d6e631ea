//! The parsers and the XPath engine behind their fence: a hostile page or expression makes them panic or take for ever.

use std::time::Duration;

use super::evaluate::too_costly;
use crate::error::{Code, Error, Result};
use crate::process::fence::{self, Broken};
use crate::time::Deadline;

/// The deepest recursion (a string value of 512 elements within each other, brackets 16 deep in an expression) needs well
/// under 1 MiB; only what is touched is resident.
const STACK: usize = 8 << 20;

/// Runs `work` and gives up on it when `limit` has passed. What it is handed ends a little earlier, so that its own, more
/// precise error comes first; and what is given up looks at the clock itself and holds no more memory than the caps of `tree`
/// and `xpath` allow, so that it ends soon and harms nobody meanwhile.
pub fn run<T: Send + 'static>(limit: Duration, work: impl FnOnce(Deadline) -> Result<T> + Send + 'static) -> Result<T> {
    let deadline = Deadline::after(limit.mul_f32(0.9));
    fence::run(STACK, limit, move || work(deadline)).unwrap_or_else(|broken| Err(error(&broken)))
}

fn error(broken: &Broken) -> Error {
    match broken {
        Broken::NotStarted(why) => {
            Error::new(Code::Bug, "cannot start the thread that reads pages").because(why.to_string())
        }
        // Reading looks at the clock every few kilobytes; only an expression can be deaf for longer.
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
