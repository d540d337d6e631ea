//! From an error to what the user meets: the text on stderr and the exit status. The codes, their hints and statuses: `error::code`.

use super::output::{self, Text};
use super::style::{Colour, Style};
use crate::error::{Code, Error, ExitStatus, Kind};

/// The AWS SDKs for Java and Ruby block on more than a pipe's buffer, and others paste it all into their own error.
const MAX_TEXT: usize = 4096;

/// Prints the error to stderr and gives the status to exit with.
pub fn failure(error: &Error) -> ExitStatus {
    failures(std::slice::from_ref(error), Style::plain())
}

/// Prints several errors; the first one's status counts.
pub fn failures(errors: &[Error], style: Style) -> ExitStatus {
    output::to_stderr(&errors.iter().map(|error| text(error, style)).collect::<Text>().cut(MAX_TEXT));
    errors.first().map_or(0, |error| error.kind().status())
}

/// `error[CODE]: …`, the causes, the hint; each on a line of its own.
pub fn text(error: &Error, style: Style) -> Text {
    let mut text = mark(error.code, style);
    text.line(&error.what);
    for cause in &error.causes {
        text.painted(style, &[(Colour::Dim, "caused by: "), (Colour::Plain, cause)]);
    }
    text.painted(style, &[(Colour::Green, "hint: "), (Colour::Strong, hint(error))]);
    text
}

/// `error[CODE]: `, before the rest of its line.
pub fn mark(code: Code, style: Style) -> Text {
    Text::begun(style, Colour::Red, &format!("error[{}]: ", code.as_str()))
}

/// The next step: the error's own, or the usual one of its code.
pub fn hint(error: &Error) -> &str {
    error.hint.as_deref().unwrap_or(error.code.hint())
}

/// Puts the worst first, whose status counts for what was done side by side.
pub fn worst_first(errors: &mut [Error]) {
    errors.sort_by_key(|error| Kind::ALL.iter().position(|kind| *kind == error.kind()));
}

/// The status that `exec` exits with in place of its command's: those of env(1) and of shells.
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
