//! The small program in front of the complete one. It answers the command that SDKs run most often, `get` of a profile
//! with fresh credentials in the file cache, and becomes the complete program for everything else.
//!
//! Packages install it as `fedcred` on PATH; cargo alone builds only the complete program, which does not need it. It
//! uses the library's own functions, so there is no second reader of a configuration or an entry, and it writes nothing
//! but its answer. In all other cases the complete program runs, with the same arguments, environment and open files,
//! so that users see no difference.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use zeroize::Zeroizing;

use crate::acquire::{Given, cached};
use crate::cli::args::{Format, plain_get};
use crate::cli::{commands, format, output, report};
use crate::config::Config;
use crate::error::{Code, Error, ExitStatus};
use crate::process::env::Env;
use crate::process::{installed, panics, signals};

/// Answers, or becomes the complete program. Returns the exit status after an answer, or if there is no complete
/// program.
pub fn run(arguments: &'static [OsString], env: &Env) -> ExitStatus {
    // The complete program may work where this one does not. Nothing is reported, since this is not a failure yet.
    panics::at_a_panic(|_| hand_over(arguments));
    let Some(line) = answer(arguments, env) else { return hand_over(arguments) };
    signals::ignore_closed_pipes();
    output::exactly(&line).map_or_else(|error| report::failure(&error), |()| 0)
}

/// Returns the line that the complete program would print, if there is a fresh entry.
fn answer(arguments: &[OsString], env: &Env) -> Option<Zeroizing<String>> {
    let plain = plain_get(arguments)?;
    // A log file is asked for, which the complete program writes.
    if env.os("FEDCRED_LOG").is_some() {
        return None;
    }
    // Without HOME, the home directory is read from a database, which only the complete program does.
    env.home()?;
    let name = commands::profile_name(plain.profile, env);
    let (profile, settings) = Config::load_profile(env, plain.config, &name).ok()?;
    let entry = cached::fresh_in_file(profile.as_profile()?, &settings, env)?;
    format::render(&Given::Entry(entry), Format::Process, profile.name()).ok()
}

/// Runs the complete program in place of this one; the arguments are this one's, its name first.
///
/// On Unix it returns only if that does not start, with the exit status of the error that it reports. On Windows, where no
/// program can become another, it waits for the other and returns its exit status.
fn hand_over(arguments: &[OsString]) -> ExitStatus {
    let started = installed::complete().and_then(|complete| {
        become_(&complete, arguments).map_err(|why| {
            Error::new(Code::ProgramMissing, format!("the complete fedcred at {} does not start", complete.display()))
                .because(why.to_string())
        })
    });
    started.unwrap_or_else(|error| {
        signals::ignore_closed_pipes();
        report::failure(&error)
    })
}

#[cfg(unix)]
fn become_(complete: &Path, arguments: &[OsString]) -> std::io::Result<ExitStatus> {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(complete);
    if let Some((name, rest)) = arguments.split_first() {
        command.arg0(name).args(rest);
    }
    Err(command.exec())
}

/// It shares the console, so Ctrl-C reaches it as well; this process only waits.
#[cfg(not(unix))]
fn become_(complete: &Path, arguments: &[OsString]) -> std::io::Result<ExitStatus> {
    // A second handler cannot be set, and none is.
    let _ = ctrlc::set_handler(|| ());
    let status = Command::new(complete).args(arguments.iter().skip(1)).status()?;
    Ok(status.code().unwrap_or(1))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::process::Output;

    use super::*;
    use crate::process::alone;

    const TEST: &str = "front::tests::a_panic_runs_the_complete_program_and_is_one_error_where_there_is_none";

    fn panicking(complete: Option<&str>) -> Output {
        let tests = std::env::current_exe().unwrap();
        // Beside the tests, so that a link with another name is enough.
        let installed = tempfile::tempdir_in(tests.parent().unwrap()).unwrap();
        let small = installed.path().join("fedcred");
        fs::hard_link(&tests, &small).unwrap();
        if let Some(complete) = complete {
            symlink(complete, installed.path().join("fedcred-full")).unwrap();
        }
        alone::command(&small, TEST).output().unwrap()
    }

    #[test]
    fn a_panic_runs_the_complete_program_and_is_one_error_where_there_is_none() {
        if alone::is_here() {
            let arguments: Vec<OsString> = vec!["fedcred".into(), "get".into(), "dev".into()];
            let arguments: &'static [OsString] = arguments.leak();
            panics::at_a_panic(move |_| hand_over(arguments));
            panic!("a fault in the small program");
        }
        let Output { status, stdout, stderr } = panicking(Some("/bin/echo"));
        let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        // The output of the harness comes before it.
        assert!(stdout.ends_with("\nget dev\n"), "{stdout}");
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));

        let Output { status, stderr, .. } = panicking(None);
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(74), "{stderr}");
        assert!(stderr.starts_with("error[program-missing]") && !stderr.contains("panicked"), "{stderr}");
    }
}
