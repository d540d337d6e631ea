//! The small program (`fedcred-front`): passes its arguments to the library, and exits with the status that it returns.
#![cfg_attr(all(target_os = "linux", target_env = "gnu"), no_main)]

use fedcred::error::ExitStatus;
use fedcred::process::env::Env;

/// C's `main` ([`fedcred::process::start`]). The complete program does the rest of the start, if it is needed. This one
/// opens no file for writing; if it panics, it becomes the complete program.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[unsafe(no_mangle)]
extern "C" fn main() -> ExitStatus {
    run()
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
#[allow(clippy::disallowed_methods, reason = "the one exit point")]
fn main() {
    std::process::exit(run())
}

fn run() -> ExitStatus {
    fedcred::process::keep_memory_private();
    let arguments: Vec<_> = std::env::args_os().collect();
    // For a panic of any thread.
    fedcred::front::run(arguments.leak(), &Env::variables())
}
