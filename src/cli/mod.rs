//! The command line: arguments in, one line on stdout or one error on stderr out.

pub mod args;
pub mod commands;
pub mod format;
mod logging;
mod output;
mod progress;
mod prompt;
pub mod report;
mod table;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;

use self::args::{Arguments, Command};
use crate::config::env::Env;
use crate::error::Code;

/// Runs the program with these arguments (the first is its own name) and gives the status to exit with.
pub fn run(arguments: impl IntoIterator<Item = OsString>, env: &Env) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match Arguments::parse(&arguments) {
        Ok(arguments) => arguments,
        Err(error) => return not_run(&error),
    };
    let outcome =
        logging::start(&arguments.global, env).map_err(|error| vec![error]).and_then(|()| match &arguments.command {
            Command::Get(get) => commands::get::run(get, &arguments.global, env).map_err(|error| vec![error]),
            Command::Refresh(refresh) => commands::refresh::run(refresh, &arguments.global, env),
            Command::Status(status) => {
                commands::status::run(status, &arguments.global, env).map_err(|error| vec![error])
            }
            Command::Login(login) => commands::login::run(login, &arguments.global, env).map_err(|error| vec![error]),
            Command::Logout(logout) => commands::logout::run(logout, &arguments.global, env),
            Command::Airflow(airflow) => {
                commands::airflow::run(airflow, &arguments.global, env).map_err(|error| vec![error])
            }
            Command::Config(config) => commands::config::run(config, &arguments.global, env),
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(errors) => report::failures(&errors),
    }
}

/// `--help` and `--version` go to stdout; everything else is an error with our code in front.
fn not_run(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return match output::write(&text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => report::failure(&error),
        };
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        report::to_stderr(&text);
        return ExitCode::from(report::status(Code::BadFlag.kind()));
    }
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    report::to_stderr(&format!("error[{}]: {text}", Code::BadFlag.as_str()));
    ExitCode::from(report::status(Code::BadFlag.kind()))
}
