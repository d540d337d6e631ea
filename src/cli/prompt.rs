//! Asks a person, on the terminal device only: standard input and output are for programs.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::time::Duration;

use super::{links, output, progress};
use crate::error::{Code, Error, Result};
use crate::identity::Person;
use crate::process::env::Env;
#[cfg(unix)]
use crate::process::terminal::Unseen;
use crate::secret::Secret;
use crate::text;

/// The person at the terminal of this process.
pub struct Terminal;

impl Person for Terminal {
    fn ask(&self, question: &str) -> Result<Secret> {
        secret(question)
    }

    fn tell(&self, text: &str) {
        // Without a terminal, the browser's window is enough.
        if let Ok(mut device) = terminal() {
            let text = text::lines(text);
            // The address of a login is long; as a link it can be opened.
            let has_links = supports_hyperlinks::on(supports_hyperlinks::Stream::Stderr);
            let shown = if has_links { Cow::Owned(links::linked(&text)) } else { text };
            let _ = device.write_all(shown.as_bytes());
        }
    }
}

/// Shows `what` and reads one line without echo.
///
/// Errors: [`Code::PromptNeeded`] if there is no terminal, or nothing was typed.
pub fn secret(what: &str) -> Result<Secret> {
    progress::clear();
    let typed = unseen(&text::lines(what)).map(Secret::new).map_err(no_terminal)?;
    if typed.is_empty() {
        return Err(Error::new(Code::PromptNeeded, "nothing was typed"));
    }
    Ok(typed)
}

/// Shows the question after the echo is off.
#[cfg(unix)]
fn unseen(question: &str) -> std::io::Result<String> {
    loop {
        let unseen = Unseen::start()?;
        unseen.show(question)?;
        let keys = rpassword::ConfigBuilder::new().input_reader(unseen.keys()?).output_discard().build();
        let typed = rpassword::read_password_with_config(keys);
        unseen.show("\n")?;
        if !unseen.end() {
            return typed;
        }
    }
}

#[cfg(not(unix))]
fn unseen(question: &str) -> std::io::Result<String> {
    rpassword::prompt_password(question)
}

/// Opens the terminal for output. Errors: [`Code::PromptNeeded`] if there is none.
pub fn terminal() -> Result<File> {
    progress::clear();
    let device = if cfg!(windows) { "CONOUT$" } else { "/dev/tty" };
    OpenOptions::new().write(true).open(device).map_err(no_terminal)
}

/// Shows `question` and reads a line. Returns whether it is `y` or `yes`.
///
/// Errors: [`Code::PromptNeeded`], at once, where there is no terminal.
pub fn confirm(question: &str) -> Result<bool> {
    let answer = line(question).map_err(|error| error.hint("run it in a terminal"))?;
    Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Shows `question` and reads a line. Returns whether it is not `n` or `no`. What was typed before is discarded. With `patience`,
/// no answer within that time agrees as well, on systems whose terminals can be waited for.
///
/// Errors: [`Code::PromptNeeded`], at once, where there is no terminal.
pub fn agrees(question: &str, patience: Option<Duration>) -> Result<bool> {
    forget_typed();
    if let Some(patience) = patience {
        terminal()?.write_all(text::lines(question).as_bytes()).map_err(no_terminal)?;
        if !is_typed_within(patience)? {
            terminal()?.write_all(b"\n").map_err(no_terminal)?;
            return Ok(true);
        }
    }
    let answer = line(if patience.is_some() { "" } else { question })?;
    Ok(!matches!(answer.to_ascii_lowercase().as_str(), "n" | "no"))
}

#[cfg(unix)]
fn is_typed_within(patience: Duration) -> Result<bool> {
    crate::process::terminal::is_typed_within(patience).map_err(no_terminal)
}

#[cfg(not(unix))]
fn is_typed_within(_: Duration) -> Result<bool> {
    Ok(false)
}

/// Shows `question` and reads a line, without the white space around it.
///
/// Errors: [`Code::PromptNeeded`] if there is no terminal, or its input ends.
pub fn line(question: &str) -> Result<String> {
    let device = if cfg!(windows) { "CONIN$" } else { "/dev/tty" };
    #[allow(clippy::disallowed_methods, reason = "a terminal is not a file, and is to be waited for")]
    let mut keyboard = BufReader::new(File::open(device).map_err(no_terminal)?);
    terminal()?.write_all(text::lines(question).as_bytes()).map_err(no_terminal)?;
    let mut answer = String::new();
    if keyboard.read_line(&mut answer).map_err(no_terminal)? == 0 {
        return Err(Error::new(Code::PromptNeeded, "nothing was read from the terminal"));
    }
    Ok(answer.trim().to_owned())
}

/// The same with line editing, if standard error is a terminal that can move its cursor. Not for secrets: the line is visible.
///
/// Errors: those of [`line`]. Ctrl-C ends the program as it would elsewhere.
pub fn edited(question: &str) -> Result<String> {
    if !moves_its_cursor() {
        return line(question);
    }
    progress::clear();
    match inquire::Text::new(text::line(question).trim_end()).prompt() {
        Ok(answer) => Ok(answer.trim().to_owned()),
        Err(why) => {
            #[cfg(unix)]
            if matches!(why, inquire::InquireError::OperationInterrupted) {
                let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT);
            }
            Err(Error::new(Code::PromptNeeded, "nothing was read from the terminal").because(why.to_string()))
        }
    }
}

/// Shows `choices`, of which one is picked with the arrow keys or by typing a part of it. Returns its index; `None` after Esc.
///
/// If the terminal cannot show such a list, the choices are numbered and a line is read.
///
/// Errors: [`Code::PromptNeeded`] if there is no terminal, and after Ctrl-C.
pub fn pick(question: &str, choices: &[&str]) -> Result<Option<usize>> {
    progress::clear();
    if !moves_its_cursor() {
        let shown: String =
            choices.iter().zip(1..).map(|(choice, number)| format!("{number:>3}  {choice}\n")).collect();
        terminal()?.write_all(text::lines(&shown).as_bytes()).map_err(no_terminal)?;
        return Ok(meant(&line(&format!("{question} (number, or a part of the text): "))?, choices));
    }
    let shown = choices.iter().map(|choice| text::line(choice).into_owned()).collect();
    match inquire::Select::new(&text::line(question), shown).with_page_size(14).raw_prompt() {
        Ok(option) => Ok(Some(option.index)),
        Err(inquire::InquireError::OperationCanceled) => Ok(None),
        Err(why) => Err(Error::new(Code::PromptNeeded, "nothing was chosen")
            .because(why.to_string())
            .hint("run it in a terminal")),
    }
}

/// Whether standard error is a terminal that can move its cursor.
fn moves_its_cursor() -> bool {
    let is_dumb = Env::process().text("TERM").is_none_or(|term| term == "dumb");
    output::is_stderr_a_terminal() && (!is_dumb || cfg!(windows))
}

/// Returns the choice of this number, or the only one with this text in it.
fn meant(answer: &str, choices: &[&str]) -> Option<usize> {
    let by_number = answer.parse::<usize>().ok().filter(|number| (1..=choices.len()).contains(number));
    let has_it = |choice: &str| !answer.is_empty() && choice.to_lowercase().contains(&answer.to_lowercase());
    let mut by_text = choices.iter().enumerate().filter(|(_, choice)| has_it(choice)).map(|(index, _)| index);
    let only = by_text.next().filter(|_| by_text.next().is_none());
    by_number.map(|number| number - 1).or(only)
}

/// Discards what was typed and not read, so that it does not reach the shell.
pub fn forget_typed() {
    #[cfg(unix)]
    if let Ok(device) = terminal() {
        let _ = rustix::termios::tcflush(&device, rustix::termios::QueueSelector::IFlush);
    }
}

fn no_terminal(why: std::io::Error) -> Error {
    Error::new(Code::PromptNeeded, "there is no terminal to ask on").because(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_meant_by_its_number_or_by_what_no_other_has() {
        let choices = ["role/Dev", "role/Admin", "end"];
        let table =
            [("2", Some(1)), ("dev", Some(0)), ("role", None), ("", None), ("0", None), ("4", None), ("END", Some(2))];
        for (answer, expected) in table {
            assert_eq!(meant(answer, &choices), expected, "{answer:?}");
        }
    }
}
