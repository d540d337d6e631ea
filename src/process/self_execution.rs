//! Runs fedcred as a child of fedcred: a long-lived process makes each login in a child, so that no page, KDC or parser can
//! hang, bloat or crash it.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use zeroize::Zeroizing;

use super::command::{MAX_OUTPUT, collect};
use super::group::Group;
use crate::error::{Code, Error, Result, printable};
use crate::time::Deadline;

/// Limit for reading what such a process left in its pipes when it ended.
const DRAIN: Duration = Duration::from_secs(2);

/// Returns what this program prints on stdout with these arguments, whatever its exit status: it reports failures there.
///
/// It is killed at the deadline, or once `is_stopped`. It is in a process group of its own, so that Ctrl-C on the terminal
/// does not end a login half way. Errors: [`Code::Timeout`]; [`Code::Bug`] if it prints nothing, with its stderr.
pub fn output(arguments: &[OsString], deadline: &Deadline, is_stopped: &AtomicBool) -> Result<Zeroizing<Vec<u8>>> {
    let failed = |why: &str| Error::new(Code::Bug, "the child process of fedcred ended without an answer").because(why);
    let mut command = program().map_err(|e| failed(&e.to_string()))?;
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = Group::start(&mut command).map_err(|e| failed(&e.to_string()))?;
    let stdout = collect(group.child.stdout.take(), MAX_OUTPUT);
    let stderr = collect(group.child.stderr.take(), MAX_OUTPUT);

    let is_given_up = || deadline.has_passed() || is_stopped.load(Ordering::Relaxed);
    let ended = group.wait(is_given_up).map_err(|e| failed(&e.to_string()))?;
    group.kill();
    let status = group.child.wait().map_err(|e| failed(&e.to_string()))?;
    if !ended {
        return Err(deadline.error("waiting for the process that logs in"));
    }
    let output = stdout.recv_timeout(DRAIN).unwrap_or_default();
    if output.is_empty() {
        let said = stderr.recv_timeout(DRAIN).unwrap_or_default();
        let said = printable(&String::from_utf8_lossy(&said), 500);
        let error = failed(&status.to_string());
        return Err(if said.is_empty() { error } else { error.because(said) });
    }
    Ok(output)
}

/// Returns the running program, also after a package has replaced its file.
#[cfg(target_os = "linux")]
pub fn program() -> std::io::Result<Command> {
    use std::os::unix::process::CommandExt;
    let running = std::path::Path::new("/proc/self/exe");
    let mut command = match (running.symlink_metadata(), started_as()) {
        // In a chroot there may be no /proc.
        (Err(_), Some(path)) => Command::new(path),
        (Ok(_) | Err(_), _) => Command::new(running),
    };
    command.arg0("fedcred");
    Ok(command)
}

/// Returns the path by which the kernel was asked to start this program (getauxval(3), AT_EXECFN).
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the kernel hands the path over as an address")]
fn started_as() -> Option<std::path::PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    // SAFETY: the kernel's copy of the path, which ends in a zero, stays where it is for as long as the process lives.
    let path = unsafe {
        let address = libc::getauxval(libc::AT_EXECFN) as *const libc::c_char;
        if address.is_null() {
            return None;
        }
        std::ffi::CStr::from_ptr(address)
    };
    Some(std::ffi::OsStr::from_bytes(path.to_bytes()).into()).filter(|path: &std::path::PathBuf| path.is_file())
}

#[cfg(not(target_os = "linux"))]
pub fn program() -> std::io::Result<Command> {
    std::env::current_exe().map(Command::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The program that runs now is this one, with the flags of a test run.
    fn run(argument: &str) -> Result<Zeroizing<Vec<u8>>> {
        output(&[argument.into()], &Deadline::after(Duration::from_secs(60)), &AtomicBool::new(false))
    }

    #[test]
    fn what_it_prints_is_the_answer() {
        assert!(String::from_utf8_lossy(&run("--help").unwrap()).contains("FILTERS"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn it_knows_its_own_path_without_proc() {
        assert_eq!(started_as().unwrap().canonicalize().unwrap(), std::fs::read_link("/proc/self/exe").unwrap());
    }

    #[test]
    fn one_that_ends_without_an_answer_is_a_fault_told_with_its_last_words() {
        let error = run("--no-such-flag").unwrap_err();
        assert_eq!(error.code, Code::Bug);
        assert!(error.causes.iter().any(|cause| cause.contains("no-such-flag")), "{error:?}");
    }
}
