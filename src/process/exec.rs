//! The command of `exec`, in place of this process.
//!
//! On Unix fedcred becomes the command (`execve`): its process id, parent, process group and terminal are those that the
//! caller started, so that signals, job control, exit status and `sd_notify` are the command's own, and there is nothing
//! that could be killed beside it and leave it behind.

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitCode};

use super::child_environment::ChildEnvironment;
use crate::error::{Code, Error, Result, printable};

/// Runs program and arguments. Comes back only if that fails; elsewhere than on Unix with the command's exit status.
///
/// Errors: [`Code::CommandNotFound`], [`Code::CommandNotRun`].
pub fn exec(argv: &[OsString], environment: &ChildEnvironment) -> Result<ExitCode> {
    let (program, arguments) = argv.split_first().ok_or_else(|| Error::new(Code::BadFlag, "there is no command"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    environment.apply(&mut command);
    become_it(command).map_err(|e| {
        let program = printable(&program.to_string_lossy(), 200);
        let (code, what) = match e.kind() {
            io::ErrorKind::NotFound => (Code::CommandNotFound, "there is no program"),
            _ => (Code::CommandNotRun, "cannot run"),
        };
        Error::new(code, format!("{what} {program:?}")).because(e.to_string())
    })
}

#[cfg(unix)]
fn become_it(mut command: Command) -> io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> io::Result<ExitCode> {
    let status = command.status()?;
    // Windows knows 32 bits of status, ours has 8.
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
