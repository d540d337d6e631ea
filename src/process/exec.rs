//! The command of `exec`, in place of this process.
//!
//! On Unix fedcred becomes the command (`execve`): its process id, parent, process group and terminal are those that the
//! caller started, so that signals, job control, exit status and `sd_notify` are the command's own, and there is nothing
//! that could be killed beside it and leave it behind.

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

/// Runs program and arguments. Comes back only if that fails; elsewhere than on Unix with the command's exit status.
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
            // What the system does not find is then what the file itself asks for (execve(2), ENOENT).
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

/// What a script's first line says to run it with.
fn interpreter(script: &Path) -> Option<String> {
    let line = String::from_utf8_lossy(&file::head(script, &kind::PROGRAM).ok()?).into_owned();
    let line = line.split('\n').next()?;
    let wanted = line.strip_prefix("#!")?.trim_start_matches([' ', '\t']);
    // A carriage return of Windows' line ends is part of the name, and has to be seen.
    let wanted = wanted.split([' ', '\t']).next()?;
    Some(printable(&wanted.replace('\r', "\\r"), 200))
}

#[cfg(unix)]
fn command(program: &OsStr, _: &Env) -> Command {
    Command::new(program)
}

/// Found here: the system looks for no scripts (`npm.cmd`), but in the working directory.
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
    // The console sends its events to the command as well, whose answer counts.
    let _deaf = super::life::ConsoleEvents::listen();
    // Before the start, so that nothing the command starts is missed. Who may not make one goes without.
    let job = Job::with_us();
    let status = command.status()?;
    // What the command leaves running goes on, as it would without fedcred.
    job.map(Job::let_go).unwrap_or_default();
    Ok(status.code().unwrap_or(1))
}
