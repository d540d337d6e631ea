//! Runs a program that prints a secret: argv without a shell, no stdin, no AWS keys in its environment, a time limit.
//!
//! It ends when the program does, not when its pipe does: a daemon that it started may keep the pipe open. The program's whole
//! process group is killed at the end, so that nothing stays behind.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::group::Group;
use crate::error::{Code, Error, Result, printable};
use crate::time::Deadline;

/// More than any secret.
pub const MAX_OUTPUT: u64 = 64 << 10;
/// Limit for reading what a program left in the pipe when it ended.
pub(super) const DRAIN: Duration = Duration::from_millis(200);

/// Returns what `argv` prints on stdout. `setting` names it in errors. Its stderr is shown only if it fails.
pub fn secret_output(argv: &[String], setting: &str, deadline: &Deadline) -> Result<Zeroizing<Vec<u8>>> {
    secret_output_with(argv, &[], MAX_OUTPUT, setting, deadline)
}

/// Returns the same for a program with these further variables that prints at most `limit` bytes.
pub fn secret_output_with(
    argv: &[String],
    variables: &[(&str, &str)],
    limit: u64,
    setting: &str,
    deadline: &Deadline,
) -> Result<Zeroizing<Vec<u8>>> {
    let failed = |why: String| {
        let program = argv.first().map(String::as_str).unwrap_or_default();
        Error::new(Code::SecretCommand, format!("the command of `{setting}` failed ({program})")).because(why)
    };
    let (program, arguments) = argv.split_first().ok_or_else(|| failed("it is empty".into()))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // It needs none of AWS's variables, and a program that asks fedcred must not recurse.
    for name in aws_variables() {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    #[cfg(target_os = "linux")]
    end_with_us(&mut command);
    let mut group = Group::start(&mut command).map_err(|e| match e.kind() {
        // The setting may hold the password in place of a command.
        io::ErrorKind::NotFound => {
            Error::new(Code::SecretCommand, format!("there is no program as `{setting}` names it"))
                .because("its name is not shown, because it may be the secret itself")
                .hint(format!("name a program in `{setting}` by its path, or one that `command -v` finds"))
        }
        _ => failed(e.to_string()),
    })?;
    let stdout = collect(group.child.stdout.take(), limit);
    let stderr = collect(group.child.stderr.take(), MAX_OUTPUT);

    let ended = group.wait(|| deadline.has_passed()).map_err(|e| failed(e.to_string()))?;
    group.kill();
    let status = group.child.wait().map_err(|e| failed(e.to_string()))?;
    if !ended {
        return Err(Error::new(Code::Timeout, format!("the command of `{setting}` did not end in time ({program})")));
    }
    if !status.success() {
        let said = stderr.recv_timeout(DRAIN).unwrap_or_default();
        let said = printable(&String::from_utf8_lossy(&said), 500);
        let error = failed(status.to_string());
        return Err(if said.is_empty() { error } else { error.because(format!("it says: {said}")) });
    }
    let output = stdout.recv_timeout(DRAIN).map_err(|_| {
        failed(
            "a process that it started keeps its output \
    open"
                .into(),
        )
    })?;
    if output.len() as u64 > limit {
        return Err(failed(format!("it prints more than {} KiB", limit >> 10)));
    }
    Ok(output)
}

/// Has the kernel kill the program when this process ends first: nothing is left to read its secret.
///
/// The kernel watches the thread that starts it (prctl(2), PR_SET_PDEATHSIG), which waits for it here.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "only between fork and exec a process can say this of itself")]
fn end_with_us(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
    let us = getpid();
    let prepare = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // This process may have ended before the kernel was told.
        if getppid() == Some(us) { Ok(()) } else { Err(std::io::ErrorKind::BrokenPipe.into()) }
    };
    // SAFETY: system calls only; nothing is allocated and no lock taken that another thread may have held at the fork.
    unsafe { command.pre_exec(prepare) };
}

#[allow(clippy::disallowed_methods, reason = "the names of what a child must not inherit, not our settings")]
pub(super) fn aws_variables() -> impl Iterator<Item = std::ffi::OsString> {
    std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("AWS_"))
}

/// Reads a pipe on a thread of its own, so that neither a full pipe nor one that stays open blocks this process.
pub(super) fn collect(pipe: Option<impl Read + Send + 'static>, limit: u64) -> mpsc::Receiver<Zeroizing<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(pipe) = pipe {
        std::thread::spawn(move || {
            let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
            let _ = pipe.take(limit + 1).read_to_end(&mut bytes);
            let _ = sender.send(bytes);
        });
    }
    receiver
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::time;

    fn run(script: &str, limit: Duration) -> Result<String> {
        let argv = ["sh", "-c", script].map(str::to_owned);
        let output = secret_output(&argv, "saml.password", &Deadline::after(limit))?;
        Ok(String::from_utf8(output.to_vec()).unwrap())
    }

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn what_it_prints_is_the_secret_and_its_stderr_is_not() {
        assert_eq!(run("echo warning >&2; printf s3cret", LONG).unwrap(), "s3cret");
    }

    #[test]
    fn a_failure_shows_its_words_but_never_its_output() {
        let error = run("echo s3cret; echo 'vault is sealed' >&2; exit 3", LONG).unwrap_err();
        assert_eq!(error.code, Code::SecretCommand);
        let text = format!("{error:?}");
        assert!(text.contains("vault is sealed") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn what_stands_where_a_program_belongs_is_not_shown() {
        let argv = ["Plum7Tidewater".to_owned()];
        let error = secret_output(&argv, "saml.password", &Deadline::after(LONG)).unwrap_err();
        assert!(error.code == Code::SecretCommand && !format!("{error:?}").contains("Plum7"), "{error:?}");
    }

    #[test]
    fn a_daemon_that_keeps_the_pipe_does_not_keep_us() {
        assert_eq!(run("sleep 300 & printf s3cret", LONG).unwrap(), "s3cret");
    }

    #[test]
    fn one_that_does_not_end_is_killed_with_its_children() {
        let marker = tempfile::NamedTempFile::new().unwrap();
        let script = format!("(sleep 1; echo alive > {}) & sleep 300", marker.path().display());
        assert_eq!(run(&script, Duration::from_millis(200)).unwrap_err().code, Code::Timeout);
        time::pause(Duration::from_millis(1500));
        assert_eq!(std::fs::read_to_string(marker.path()).unwrap(), "", "a child of the command lived on");
    }

    #[test]
    fn a_flood_is_refused_and_stdin_is_empty() {
        let error = run("head -c 100000 /dev/zero | tr '\\0' x || true", LONG).unwrap_err();
        assert_eq!(error.code, Code::SecretCommand);
        assert_eq!(run("cat; printf end", LONG).unwrap(), "end");
    }
}
