//! The command line: arguments in, one line on stdout or one error on stderr out.

pub mod args;
pub mod commands;
mod facts;
pub mod format;
mod links;
mod logging;
mod meant;
pub(crate) mod output;
mod page;
mod progress;
mod prompt;
pub mod report;
mod screen;
mod style;
mod table;
pub mod topics;

use std::ffi::OsString;

use clap::ValueEnum;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use self::args::{Arguments, Cache, CacheKey, Command};
use self::output::Text;
use self::screen::Screen;
use self::style::{Style, When};
use crate::error::{Code, ExitStatus, Result};
use crate::process::env::Env;
use crate::quote::shell;

/// Runs the program with these arguments, of which the first is its own name, and returns the exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>, env: &Env) -> ExitStatus {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(request) = commands::completions::request(&arguments, env) {
        return match commands::completions::answer(request, env) {
            Ok(()) => 0,
            Err(error) => report::failure(&error),
        };
    }
    let arguments = match Arguments::parse(&arguments, help_width(env)) {
        Ok(arguments) => arguments,
        Err(error) => return not_run(error, &arguments, env),
    };
    let global = &arguments.global;
    let done = |outcome: Result<()>| outcome.map(|()| 0).map_err(|error| vec![error]);
    if let Some(fault) = logging::start(global, &arguments.command, env) {
        tracing::warn!(%fault, "no log is written");
        if global.verbose == 0 && !global.quiet && tells_warnings(&arguments.command) {
            output::to_stderr(&Text::of(format!("warning: {}: {}", fault.what, fault.causes.join(": "))));
        }
    }
    let outcome = match &arguments.command {
        Command::Get(get) => done(commands::get::run(get, global, env)),
        Command::Exec(exec) => commands::exec::run(exec, global, env).map_err(|error| vec![error]),
        Command::Serve(serve) => done(commands::serve::run(serve, global, env)),
        Command::Refresh(refresh) => commands::refresh::run(refresh, global, env).map(|()| 0),
        Command::Schedule(schedule) => done(commands::schedule::run(schedule, global, env)),
        Command::Status(status) => done(commands::status::run(status, global, env)),
        Command::Setup(setup) => done(commands::setup::run(setup, global, env)),
        Command::Doctor(doctor) => commands::doctor::run(doctor, global, env).map_err(|error| vec![error]),
        Command::Login(login) => done(commands::login::run(login, global, env)),
        Command::Logout(logout) => commands::logout::run(logout, global, env).map(|()| 0),
        Command::Inspect(inspect) => done(commands::inspect::run(inspect, global, env)),
        Command::Roles(roles) => done(commands::roles::run(roles, global, env)),
        Command::TrustPolicy(trust) => done(commands::trust_policy::run(trust, global, env)),
        Command::Console(console) => done(commands::console::run(console, global, env)),
        Command::Airflow(airflow) => done(commands::airflow::run(airflow, global, env)),
        Command::Config(config) => commands::config::run(config, global, env).map(|()| 0),
        Command::Cache(Cache::Key(CacheKey::New(new))) => done(commands::cache::new_key(new, global, env)),
        Command::Cache(Cache::Password(password)) => done(commands::cache::password(password, global, env)),
        Command::Help(help) => done(commands::help::run(help, global, env)),
        Command::Completions(completions) => done(commands::completions::run(completions)),
        Command::Man(man) => done(commands::man::run(man, global, env)),
        Command::FetchChild(asked) => done(commands::fetch_child::run(asked, global, env)),
        #[cfg(unix)]
        Command::ExecEndpoint(asked) => done(commands::exec_endpoint::run(asked, global, env)),
    };
    let style = || Screen::stderr_style(global.color, env);
    match (outcome, &arguments.command) {
        (Ok(status), _) => status,
        (Err(errors), Command::Exec(_)) => {
            report::failures(&errors, style());
            report::status_of_exec(&errors)
        }
        (Err(errors), _) => report::failures(&errors, style()),
    }
}

/// Returns the hint for a command that is quoted together with its arguments: `fedcred "get analytics"`.
fn quoted_whole(arguments: &[OsString]) -> Option<String> {
    let words: Vec<&str> = arguments
        .iter()
        .skip(1)
        .find_map(|word| word.to_str()?.split_once(' ').map(|_| word.to_str()))??
        .split_whitespace()
        .collect();
    let is_command = args::is_command(words.first()?);
    is_command.then(|| {
        format!("do not quote the command as a whole: {}", shell::command(std::iter::once("fedcred").chain(words)))
    })
}

/// Returns the width of help, in columns.
fn help_width(env: &Env) -> usize {
    screen::width(output::stdout_width(), env).unwrap_or(screen::PROSE).min(screen::PROSE)
}

/// Whether the command prints warnings. `get` does not, since the C++ SDK reads standard error as output; children do not, since
/// their parent has printed them.
fn tells_warnings(command: &Command) -> bool {
    match command {
        Command::Get(_) | Command::FetchChild(_) => false,
        #[cfg(unix)]
        Command::ExecEndpoint(_) => false,
        _ => true,
    }
}

/// Returns the value of `--color` in arguments that clap could not parse, or that ask for help.
fn colour(arguments: &[OsString]) -> When {
    let words = arguments.iter().skip(1).take_while(|word| *word != "--").map(|word| word.to_str().unwrap_or_default());
    let (mut chosen, mut is_next) = (When::Auto, false);
    for word in words {
        let value = if is_next { Some(word) } else { word.strip_prefix("--color=") };
        chosen = value.and_then(|value| When::from_str(value, false).ok()).unwrap_or(chosen);
        is_next = word == "--color";
    }
    chosen
}

/// Prints help and version on stdout, and any other result of the parser as an error with its code.
fn not_run(mut error: clap::Error, arguments: &[OsString], env: &Env) -> ExitStatus {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let text = error.render();
        let style = Style::of(colour(arguments), output::is_stdout_a_terminal(), env);
        return match output::help(&text, style) {
            Ok(()) => 0,
            Err(error) => report::failure(&error),
        };
    }
    let hint = quoted_whole(arguments).or_else(|| meant::hint(&error, arguments, env));
    without_wrong_tips(&mut error, hint.is_some().then_some(arguments));
    let text = error.render().to_string();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        output::to_stderr(&Text::document(&text));
        return Code::BadFlag.kind().status();
    }
    let mut said = report::mark(Code::BadFlag, Screen::stderr_style(colour(arguments), env));
    said += Text::document(text.strip_prefix("error: ").unwrap_or(&text));
    if let Some(hint) = hint {
        said.blank();
        said.line(format!("hint: {hint}"));
    }
    output::to_stderr(&said);
    Code::BadFlag.kind().status()
}

/// Removes tips of clap that mislead: to pass an unknown flag as a value; hidden commands; and, if there is a hint of our own for
/// `hinted`, these arguments, names that are spelled alike.
fn without_wrong_tips(error: &mut clap::Error, hinted: Option<&[OsString]>) {
    error.remove(ContextKind::Suggested);
    if let Some(arguments) = hinted {
        for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue] {
            error.remove(kind);
        }
        let usage = meant::command_of(&meant::words(arguments)).render_usage();
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    }
    if let Some(ContextValue::Strings(names)) = error.remove(ContextKind::ValidSubcommand) {
        let names = names.into_iter().filter(|name| !args::is_hidden(name)).collect();
        error.insert(ContextKind::ValidSubcommand, ContextValue::Strings(names));
    }
}
