//! Contains code that may hang or panic: a thread of its own with a known stack and a time limit, whose panics become errors.
//!
//! A panic does not unwind (`panic = "abort"` in Cargo.toml), so its thread stops in the panic hook: it reports the panic and
//! sleeps until the process ends. Work that exceeds its time is abandoned likewise. The process ends soon, since long-lived
//! processes log in by a child.

use std::cell::RefCell;
use std::io;
use std::sync::Once;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// Why there is no result.
#[derive(Debug)]
pub enum Broken {
    /// No thread could be started.
    NotStarted(io::Error),
    TooLong,
    Panicked,
}

thread_local! {
    /// On a thread within a fence: reports that it has stopped.
    static STOPPED: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// Runs `work` on a thread with a stack of `stack` bytes, of which only touched pages are resident, and gives up when `limit`
/// has passed.
pub fn run<T: Send + 'static>(
    stack: usize,
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Broken> {
    stop_in_hook();
    let (sender, receiver) = sync_channel(1);
    let fenced = move || {
        let stopped = sender.clone();
        // Sending fails if the time is over.
        STOPPED.set(Some(Box::new(move || drop(stopped.send(None)))));
        drop(sender.send(Some(work())));
    };
    thread::Builder::new().name("fenced".into()).stack_size(stack).spawn(fenced).map_err(Broken::NotStarted)?;
    match receiver.recv_timeout(limit) {
        Ok(Some(result)) => Ok(result),
        Err(RecvTimeoutError::Timeout) => Err(Broken::TooLong),
        Ok(None) | Err(RecvTimeoutError::Disconnected) => Err(Broken::Panicked),
    }
}

/// Sets a panic hook that reports panics within a fence as errors and does not print them. Other panics are handled as before.
fn stop_in_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let elsewhere = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // The variables of a thread that is ending are gone, and its work is done.
            let Some(stopped) = STOPPED.try_with(RefCell::take).ok().flatten() else { return elsewhere(info) };
            stopped();
            loop {
                thread::park();
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::alone;

    const STACK: usize = 1 << 20;
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn what_is_done_in_time_is_handed_on() {
        assert_eq!(run(STACK, LONG, || 7).unwrap(), 7);
    }

    #[test]
    fn a_panic_ends_in_an_error_and_unwinds_nothing() {
        const TEST: &str = "process::fence::tests::a_panic_ends_in_an_error_and_unwinds_nothing";
        if !alone::is_here() {
            let output = alone::command(&std::env::current_exe().unwrap(), TEST).output().unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert_eq!((output.status.code(), stderr.as_str()), (Some(7), ""));
            return;
        }
        let (sender, receiver) = sync_channel::<()>(1);
        let work = move || -> () {
            let _dropped_by_unwinding = &sender;
            panic!("as sxd-xpath does")
        };
        let is_stopped = matches!(run(STACK, LONG, work), Err(Broken::Panicked));
        let is_unwound = receiver.try_recv() != Err(std::sync::mpsc::TryRecvError::Empty);
        // The harness would wait for ever: it takes the hook away in which the thread stands.
        std::process::exit(if is_stopped && !is_unwound { 7 } else { 1 });
    }

    #[test]
    fn work_that_never_ends_is_left_behind() {
        let (release, held) = sync_channel::<()>(0);
        assert!(matches!(run(STACK, Duration::from_millis(20), move || held.recv().is_ok()), Err(Broken::TooLong)));
        drop(release);
    }
}
