//! Errors as text on stderr, and their exit status. The codes with their hints are in `error::code`.

use super::output::{self, Text};
use super::style::{Colour, Style};
use crate::error::{Code, Error, ExitStatus, Kind};

/// Limit of the text in bytes: the AWS SDKs for Java and Ruby block on more than a pipe's buffer, and others repeat it all.
const MAX_TEXT: usize = 4096;

/// Prints the error to stderr and returns its exit status.
pub fn failure(error: &Error) -> ExitStatus {
    failures(std::slice::from_ref(error), Style::plain())
}

/// Prints several errors and returns the exit status of the first.
pub fn failures(errors: &[Error], style: Style) -> ExitStatus {
    output::to_stderr(&errors.iter().map(|error| text(error, style)).collect::<Text>().cut(MAX_TEXT));
    errors.first().map_or(0, |error| error.kind().status())
}

/// Returns `error[CODE]: …`, the causes and the hint, each on a line of its own.
pub fn text(error: &Error, style: Style) -> Text {
    let mut text = mark(error.code, style);
    text.line(&error.what);
    for cause in &error.causes {
        text.painted(style, &[(Colour::Dim, "caused by: "), (Colour::Plain, cause)]);
    }
    text.painted(style, &[(Colour::Green, "hint: "), (Colour::Strong, hint(error))]);
    text
}

/// Begins a line with `error[CODE]: `.
pub fn mark(code: Code, style: Style) -> Text {
    Text::begun(style, Colour::Red, &format!("error[{}]: ", code.as_str()))
}

/// Returns the error's own hint, or the usual one of its code.
pub fn hint(error: &Error) -> &str {
    error.hint.as_deref().unwrap_or(error.code.hint())
}

/// Sorts the worst first, whose exit status counts.
pub fn worst_first(errors: &mut [Error]) {
    errors.sort_by_key(|error| Kind::ALL.iter().position(|kind| *kind == error.kind()));
}

/// Returns the exit status of `exec` for its own errors: those of env(1) and of shells.
pub fn status_of_exec(errors: &[Error]) -> ExitStatus {
    match errors.first().map(|error| error.code) {
        Some(Code::CommandNotFound) => 127,
        Some(Code::CommandNotRun) => 126,
        _ => 125,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_its_causes_and_the_next_step() {
        let error = Error::new(Code::NoKerberosTicket, "no ticket").because("the cache is empty");
        assert_eq!(
            &*text(&error, Style::plain()),
            "error[no-kerberos-ticket]: no ticket\ncaused by: the cache is empty\nhint: kinit\n"
        );
        let own = error.hint("kinit alice");
        assert!(text(&own, Style::plain()).ends_with("hint: kinit alice\n"));
    }

    #[test]
    fn the_worst_of_several_failures_decides_the_status() {
        // Each goes before all that follow it.
        let order = [
            Code::IdpRejected,
            Code::NoKerberosTicket,
            Code::XpathNoMatch,
            Code::CacheWrite,
            Code::UnknownKey,
            Code::BadFlag,
            Code::Bug,
            Code::Timeout,
        ];
        let mut errors: Vec<Error> = order.iter().rev().map(|code| Error::new(*code, "it failed")).collect();
        worst_first(&mut errors);
        assert!(errors.iter().map(|error| error.code).eq(order));
    }
}
