//! The effect of a panic: it does not unwind (`panic = "abort"` in Cargo.toml), so everything happens in the panic hook.

use std::panic::PanicHookInfo;

use crate::error::ExitStatus;

/// The status of a program that panics, as Rust's own start has it.
const PANICKED: ExitStatus = 101;

/// Ends the program at a panic of any thread, after reporting it.
pub fn end_the_program() {
    let tell = std::panic::take_hook();
    at_a_panic(move |info| {
        tell(info);
        PANICKED
    });
}

/// Ends the program at a panic of any thread with the status that `last` gives.
#[allow(clippy::disallowed_methods, reason = "nothing is wiped at a panic; the memory goes with the process")]
pub fn at_a_panic(last: impl Fn(&PanicHookInfo<'_>) -> ExitStatus + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |info| std::process::exit(last(info))));
}
