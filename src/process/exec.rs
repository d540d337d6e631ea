//! The command of `exec`, in place of this process.
//!
//! On Unix fedcred becomes the command (`execve`): its process id, parent, process group and terminal are those that the
//! caller started, so signals, job control, exit status and `sd_notify` are the command's own, and there is no second process
//! that could be killed without it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::Command;

use super::child_environment::ChildEnvironment;
use super::path::find;
#[cfg(windows)]
use super::windows::job::Job;
use crate::error::{Code, Error, ExitStatus, Result, printable};
use crate::file::{self, kind};
use crate::process::env::Env;

/// Runs program and arguments. On Unix it returns only if that fails; elsewhere with the command's exit status.
///
/// Errors: [`Code::CommandNotFound`], [`Code::CommandNotRun`].
pub fn exec(argv: &[OsString], environment: &ChildEnvironment, env: &Env) -> Result<ExitStatus> {
    let (program, arguments) = argv.split_first().ok_or_else(|| Error::new(Code::BadFlag, "there is no command"))?;
    let mut command = command(program, env);
    command.args(arguments);
    environment.apply(&mut command);
    become_it(command).map_err(|why| {
        let shown = printable(&program.to_string_lossy(), 200);
        let error = |code, what| Error::new(code, format!("{what} {shown:?}"));
        match (why.kind(), find(program, env)) {
            // The file exists, so the missing one is its interpreter or loader (execve(2), ENOENT).
            (io::ErrorKind::NotFound, Some(file)) => match interpreter(&file) {
                Some(wanted) => error(Code::CommandNotRun, "cannot run")
                    .because(format!("its first line names {wanted:?}, and there is no such program"))
                    .hint("install that interpreter, or correct the script's first line"),
                None => error(Code::CommandNotRun, "cannot run")
                    .because("the file is there; the loader or a library that it needs is not")
                    .hint("a program for another system or libc: look with `file` and `ldd`"),
            },
            (io::ErrorKind::NotFound, None) => {
                let error = error(Code::CommandNotFound, "there is no program").because(why.to_string());
                match program.to_string_lossy().contains(char::is_whitespace) {
                    true => error.hint("do not quote the command as a whole: fedcred exec PROFILE -- COMMAND ARGUMENT"),
                    false => error,
                }
            }
            _ => error(Code::CommandNotRun, "cannot run").because(why.to_string()),
        }
    })
}

/// Returns the interpreter that a script's first line names.
fn interpreter(script: &Path) -> Option<String> {
    let line = String::from_utf8_lossy(&file::head(script, &kind::PROGRAM).ok()?).into_owned();
    let line = line.split('\n').next()?;
    let wanted = line.strip_prefix("#!")?.trim_start_matches([' ', '\t']);
    // A carriage return of a Windows line end is part of the name, and is made visible.
    let wanted = wanted.split([' ', '\t']).next()?;
    Some(printable(&wanted.replace('\r', "\\r"), 200))
}

#[cfg(unix)]
fn command(program: &OsStr, _: &Env) -> Command {
    Command::new(program)
}

/// Finds the program here: the system does not look for scripts (`npm.cmd`), but looks in the working directory.
#[cfg(windows)]
fn command(program: &OsStr, env: &Env) -> Command {
    Command::new(find(program, env).unwrap_or_else(|| program.into()))
}

#[cfg(unix)]
fn become_it(mut command: Command) -> io::Result<ExitStatus> {
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

#[cfg(windows)]
fn become_it(mut command: Command) -> io::Result<ExitStatus> {
    // The console sends its events to the command as well, which decides what to do.
    let _deaf = super::watch::ConsoleEvents::listen();
    // Made before the start, so that it includes everything the command starts; optional where it is not permitted.
    let job = Job::with_us();
    let status = command.status();
    // Programs that the command leaves running continue, as without fedcred. Also where nothing was started: a job that is closed
    // without this ends this process as well.
    job.map(Job::let_go).unwrap_or_default();
    Ok(status?.code().unwrap_or(1))
}
