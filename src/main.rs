//! The program: hands its arguments to the library and exits with what it says.
#![cfg_attr(all(target_os = "linux", target_env = "gnu"), no_main)]

use fedcred::error::ExitStatus;
use fedcred::process::env::Env;

/// C's `main` ([`fedcred::process::start`]), where the library has the arguments by itself.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[unsafe(no_mangle)]
extern "C" fn main() -> ExitStatus {
    fedcred::process::start::run(run)
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
#[allow(clippy::disallowed_methods, reason = "the one exit point")]
fn main() {
    std::process::exit(run())
}

#[allow(clippy::disallowed_methods, reason = "the one entry point")]
fn run() -> ExitStatus {
    fedcred::process::panics::end_the_program();
    fedcred::process::keep_memory_private();
    fedcred::process::signals::take_back();
    fedcred::cli::run(std::env::args_os(), &Env::process())
}
