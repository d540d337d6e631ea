//! The program: hands its arguments to the library and exits with what it says.

use std::process::ExitCode;

use fedcred::config::env::Env;

#[allow(clippy::disallowed_methods, reason = "the one entry point")]
fn main() -> ExitCode {
    fedcred::process::keep_memory_private();
    fedcred::process::signals::take_back();
    fedcred::cli::run(std::env::args_os(), &Env::process())
}
