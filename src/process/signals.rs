//! What signals do to this process.
//!
//! Inherited settings are reset: the program that started this one may have set them for its own purposes.

/// Puts SIGCHLD back to its default and blocks no signal.
///
/// Where SIGCHLD is ignored, which `execve` inherits, the system forgets children before they are waited for (POSIX.1,
/// `_exit`); blocked signals cannot stop this process. Other ignored signals stay so, for `nohup`.
#[cfg(unix)]
#[allow(unsafe_code, reason = "rustix has no call for what a signal does")]
pub fn take_back() {
    let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the calls have no other arguments than these, the set is made before it is used, and no handler is installed.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        libc::sigemptyset(none.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
}

#[cfg(not(unix))]
pub fn take_back() {}

/// Makes a write to a pipe that nobody reads an error (EPIPE), as the start of Rust's standard library does. For a program
/// that has no such start.
#[cfg(unix)]
#[allow(unsafe_code, reason = "rustix has no call for what a signal does")]
pub fn ignore_closed_pipes() {
    // SAFETY: no handler is installed.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

#[cfg(not(unix))]
pub fn ignore_closed_pipes() {}
