//! The fence around the parsers and the XPath engine: a thread of their own, with a known stack and a time limit.
//!
//! A panic ends in an error, since `panic = "unwind"` in Cargo.toml and a thread is where unwinding stops. Work that is
//! past its time is left behind: it looks at the clock itself and holds no more memory than the caps of `tree` and
//! `xpath` allow, so it ends soon and harms nobody meanwhile.

use std::sync::Once;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use super::evaluate::too_costly;
use crate::error::{Code, Error, Result};
use crate::time::Deadline;

const THREAD: &str = "fedcred-page";

/// The deepest recursion (a string value of 512 elements within each other, brackets 16 deep in an expression) needs well
/// under 1 MiB; only what is touched is resident.
const STACK: usize = 8 << 20;

/// Runs `work` and gives up on it when `limit` has passed. What it is handed ends a little earlier, so that its own, more
/// precise error comes first.
pub fn run<T: Send + 'static>(limit: Duration, work: impl FnOnce(Deadline) -> Result<T> + Send + 'static) -> Result<T> {
    silence_panics();
    let deadline = Deadline::after(limit.mul_f32(0.9));
    let (sender, receiver) = sync_channel(1);
    let spawned = thread::Builder::new().name(THREAD.into()).stack_size(STACK).spawn(move || {
        // Nobody listens when time is up.
        let _ = sender.send(work(deadline));
    });
    if let Err(e) = spawned {
        return Err(Error::new(Code::Bug, "cannot start the thread that reads pages").because(e.to_string()));
    }
    match receiver.recv_timeout(limit) {
        Ok(result) => result,
        // Reading looks at the clock every few kilobytes; only an expression can be deaf for longer.
        Err(RecvTimeoutError::Timeout) => Err(too_costly()),
        Err(RecvTimeoutError::Disconnected) => Err(panicked()),
    }
}

fn panicked() -> Error {
    Error::new(Code::Bug, "a parser failed on the identity provider's page or the XPath expression")
        .hint("report it with the page, its secrets removed; `parser = \"xml\"` or another `xpath` may do meanwhile")
}

/// Standard error is the user's: a panic in our thread becomes an error and is not printed as well. Other threads'
/// panics go where they went before.
fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if thread::current().name() != Some(THREAD) {
                previous(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let error = run(Duration::from_secs(60), |_| -> Result<()> { panic!("as sxd-xpath does") }).unwrap_err();
        assert_eq!(error.code, Code::Bug);
    }

    #[test]
    fn work_that_never_ends_is_left_behind() {
        let (release, held) = sync_channel::<()>(0);
        let stuck = move |_| {
            let _ = held.recv();
            Ok(())
        };
        assert_eq!(run(Duration::from_millis(20), stuck).unwrap_err().code, Code::XpathTooCostly);
        drop(release);
    }
}
