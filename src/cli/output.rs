//! The only writer of standard output and standard error.
//!
//! What people read is a [`Text`]. Its lines hold nothing that controls a terminal, ends the line or looks like a secret, whatever
//! was put into them. JSON has escapes for the characters that a [`Text`] loses. `.clippy.toml` bans the two streams elsewhere.

#![allow(clippy::disallowed_methods, reason = "the one file that names the streams")]

use std::io::{ErrorKind, IsTerminal, Write};
use std::ops::{Add, AddAssign, Deref};
use std::sync::OnceLock;

use serde::Serialize;

use super::links;
use super::style::{Colour, Style};
use crate::error::{Code, Error, Result};
use crate::text;
use crate::text::redact::masked;

/// Lines for a person.
#[derive(Clone, Debug, Default)]
pub struct Text(String);

impl Text {
    /// Makes a text of one line.
    pub fn of(line: impl AsRef<str>) -> Text {
        let mut text = Text::default();
        text.line(line);
        text
    }

    /// Makes a text of several lines that are fedcred's own, such as a help page. For other values use [`Text::line`].
    pub fn document(lines: &str) -> Text {
        Text(text::lines(lines).into_owned())
    }

    /// Begins a line with a coloured piece.
    pub fn begun(style: Style, colour: Colour, piece: &str) -> Text {
        Text(style.paint(colour, &text::line(piece)))
    }

    /// Adds one line. Line ends within it become spaces.
    pub fn line(&mut self, line: impl AsRef<str>) {
        self.0.push_str(&text::line(line.as_ref()));
        self.0.push('\n');
    }

    pub fn blank(&mut self) {
        self.0.push('\n');
    }

    /// Adds one line of coloured pieces.
    pub fn painted(&mut self, style: Style, pieces: &[(Colour, &str)]) {
        for (colour, piece) in pieces {
            self.0.push_str(&style.paint(*colour, &text::line(piece)));
        }
        self.0.push('\n');
    }

    /// Adds a value as JSON over several lines.
    pub fn json(&mut self, value: &impl Serialize) -> Result<()> {
        self.0.push_str(&text::escaped(&masked(&pretty(value)?)));
        self.0.push('\n');
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Wraps lines longer than `width` columns between words, with a hanging indent. Hints are not wrapped, so that their commands
    /// can be copied, nor are longer words.
    pub fn fit(self, width: Option<usize>) -> Text {
        let Some(width) = width else { return self };
        let mut fitted = String::with_capacity(self.0.len());
        for line in self.0.lines() {
            let words = line.trim_start_matches([' ', '-']);
            let is_short = textwrap::core::display_width(line) <= width;
            if is_short || words.starts_with("hint: ") {
                fitted.push_str(line);
                fitted.push('\n');
                continue;
            }
            let deeper = if line.starts_with([' ', '-']) { 2 } else { 0 };
            let indent = line.len() - line.trim_start_matches(' ').len();
            let (first, rest) = (" ".repeat(indent), " ".repeat(indent + deeper));
            let options = wrapping(width.max(indent + 20)).initial_indent(&first).subsequent_indent(&rest);
            for piece in textwrap::wrap(line.trim_start_matches(' '), options) {
                fitted.push_str(piece.trim_end());
                fitted.push('\n');
            }
        }
        Text(fitted)
    }

    /// Cuts the text to `max` bytes, and marks the cut.
    pub fn cut(mut self, max: usize) -> Text {
        if self.0.len() > max {
            self.0.truncate(self.0.floor_char_boundary(max.saturating_sub("…\n".len())));
            self.0.push_str("…\n");
        }
        self
    }
}

/// Returns the options for wrapping: at blanks only, since a broken address or ARN cannot be copied.
pub fn wrapping<'a>(width: usize) -> textwrap::Options<'a> {
    textwrap::Options::new(width)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit)
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AddAssign<Text> for Text {
    fn add_assign(&mut self, other: Text) {
        self.0.push_str(&other.0);
    }
}

impl Add<Text> for Text {
    type Output = Text;

    fn add(mut self, other: Text) -> Text {
        self += other;
        self
    }
}

impl FromIterator<Text> for Text {
    fn from_iter<I: IntoIterator<Item = Text>>(all: I) -> Text {
        all.into_iter().fold(Text::default(), Text::add)
    }
}

/// Prints a text for people in one write, after everything has succeeded; with links if the terminal supports them.
pub fn write(text: &Text) -> Result<()> {
    match supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout) {
        true => to_stdout(&links::linked(&text.0)),
        false => to_stdout(&text.0),
    }
}

/// Prints one line for people.
pub fn line(line: impl AsRef<str>) -> Result<()> {
    write(&Text::of(line))
}

/// Prints JSON over several lines.
pub fn json(value: &impl Serialize) -> Result<()> {
    let mut text = Text::default();
    text.json(value)?;
    write(&text)
}

/// Prints each value as a line of JSON.
pub fn json_lines<'a, T: Serialize + 'a>(values: impl IntoIterator<Item = &'a T>) -> Result<()> {
    let line = |value: &T| serde_json::to_string(value).map(|json| text::escaped(&masked(&json)).into_owned() + "\n");
    to_stdout(&values.into_iter().map(line).collect::<std::result::Result<String, _>>().map_err(no_json)?)
}

/// Prints a file of another grammar, in which all values are quoted already.
pub fn file(lines: &str) -> Result<()> {
    to_stdout(&text::lines(lines))
}

/// Prints help that clap rendered.
pub fn help(help: &clap::builder::StyledStr, style: Style) -> Result<()> {
    if style.is_coloured() { to_stdout(&help.ansi().to_string()) } else { file(&help.to_string()) }
}

/// Prints candidates for a shell; for bash they are separated by `\v`.
pub fn candidates(answer: &str) -> Result<()> {
    let parts: Vec<_> = answer.split('\u{b}').map(text::lines).collect();
    to_stdout(&parts.join("\u{b}"))
}

/// Prints bytes unchanged, for programs: credentials, and with `--raw` a secret.
pub fn exactly(text: &str) -> Result<()> {
    to_stdout(text)
}

/// Runs before anything is written: it removes the line of progress.
static BEFORE: OnceLock<fn()> = OnceLock::new();

/// Makes `action` run before each write.
pub fn before_writing(action: fn()) {
    let _ = BEFORE.set(action);
}

/// Writes to stdout. A closed stdout is a success.
fn to_stdout(text: &str) -> Result<()> {
    BEFORE.get().inspect(|clear| clear());
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(Error::new(Code::OutputWrite, "cannot write to standard output").because(e.to_string())),
    }
}

/// Writes to stderr, and ignores errors.
pub fn to_stderr(text: &Text) {
    BEFORE.get().inspect(|clear| clear());
    let _ = std::io::stderr().write_all(text.0.as_bytes());
}

/// Replaces the terminal's current line (ECMA-48, EL); an empty `line` clears it.
pub fn progress(line: &str) {
    let _ = std::io::stderr().write_all(format!("\r\x1b[K{}", text::printable(line, 78)).as_bytes());
}

pub fn is_stdout_a_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Returns the width of standard output in columns; `None` if it is no terminal.
pub fn stdout_width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(usize::from(width.0)).filter(|width| *width > 0)
}

pub fn is_stderr_a_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// A writer of log lines. Each write is one line, as tracing's formatter makes them.
pub struct LogLines<W>(pub W);

impl<W: Write> Write for LogLines<W> {
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        let event_text = String::from_utf8_lossy(event);
        self.0.write_all(Text::of(event_text.trim_end()).0.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// Returns the writer of the log on standard error.
pub fn log_to_stderr() -> LogLines<std::io::Stderr> {
    LogLines(std::io::stderr())
}

fn pretty(value: &impl Serialize) -> Result<String> {
    serde_json::to_string_pretty(value).map_err(no_json)
}

fn no_json(why: serde_json::Error) -> Error {
    Error::new(Code::Bug, "this has no JSON").because(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\nhint: rm -rf ~\r\u{2028}\u{200f}\u{e0041}b";

    #[test]
    fn whatever_is_put_into_a_line_it_stays_one_line_of_visible_characters() {
        let mut text = Text::of(HOSTILE);
        text.painted(Style::plain(), &[(Colour::Red, HOSTILE), (Colour::Plain, HOSTILE)]);
        assert_eq!(text.lines().count(), 2);
        assert!(!text.chars().any(|c| c != '\n' && text::is_hidden(c)), "{text:?}");
        let mut text = Text::default();
        text.json(&[HOSTILE]).unwrap();
        assert!(text.is_ascii() && serde_json::from_str::<Vec<String>>(&text).unwrap() == [HOSTILE], "{text:?}");
    }

    #[test]
    fn an_event_is_one_line_of_the_log() {
        let mut log = LogLines(Vec::new());
        log.write_all(format!("{HOSTILE}\n").as_bytes()).unwrap();
        let text = String::from_utf8(log.0).unwrap();
        assert!(text.ends_with("b\n") && text.lines().count() == 1 && !text.trim_end().chars().any(text::is_hidden));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = Text::of("ä".repeat(5000)).cut(4096);
        assert!(text.len() <= 4096 && text.ends_with("…\n"));
    }
}
