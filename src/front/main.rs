//! The small program (`fedcred-front`): hands its arguments to the library and exits with what it says.
//!
//! `main` is C's where the standard library has the arguments without its own start (glibc's, macOS's). That start reads
//! /proc/self/maps for the guard page of the stack and sets up a handler for its overflow, 21 system calls in all.
#![cfg_attr(any(all(target_os = "linux", target_env = "gnu"), target_vendor = "apple"), no_main)]

use fedcred::config::env::Env;

/// # Safety
///
/// The C library calls it, once.
#[cfg(any(all(target_os = "linux", target_env = "gnu"), target_vendor = "apple"))]
#[unsafe(no_mangle)]
extern "C" fn main() -> std::ffi::c_int {
    run()
}

#[cfg(not(any(all(target_os = "linux", target_env = "gnu"), target_vendor = "apple")))]
#[allow(clippy::disallowed_methods, reason = "the one exit point; an `ExitCode` cannot hold every status of Windows")]
fn main() {
    std::process::exit(run())
}

fn run() -> i32 {
    fedcred::process::keep_memory_private();
    let arguments: Vec<_> = std::env::args_os().collect();
    fedcred::front::run(&arguments, &Env::variables())
}
