//! The start of a program whose `main` is C's.
//!
//! Before `main`, Rust's own start reads /proc/self/maps for the guard page of the stack and installs a handler that names a
//! stack overflow: 21 system calls, and 110,000 instructions with the symbols that are looked up for it, a tenth of a cache hit.
//! The other steps are done here.

use super::signals;
use crate::error::ExitStatus;

/// Runs the program.
pub fn run(program: impl FnOnce() -> ExitStatus) -> ExitStatus {
    open_standard_descriptors();
    signals::ignore_closed_pipes();
    program()
}

/// Opens /dev/null for standard descriptors that are closed: the next file that is opened would be written to as standard
/// output or error.
#[cfg(unix)]
#[allow(unsafe_code, reason = "rustix takes a descriptor for one that is open")]
fn open_standard_descriptors() {
    for descriptor in 0..3 {
        // SAFETY: the calls read nothing but their arguments; the lowest free descriptor is given out, which is this one.
        unsafe {
            if libc::fcntl(descriptor, libc::F_GETFD) == -1 && libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) == -1 {
                std::process::abort();
            }
        }
    }
}

#[cfg(not(unix))]
fn open_standard_descriptors() {}
