//! The small program (`fedcred-front`): hands its arguments to the library and exits with what it says.

use std::process::ExitCode;

use fedcred::config::env::Env;

#[allow(clippy::disallowed_methods, reason = "the one entry point")]
fn main() -> ExitCode {
    fedcred::process::keep_memory_private();
    let arguments: Vec<_> = std::env::args_os().collect();
    fedcred::front::run(&arguments, &Env::Process)
}
