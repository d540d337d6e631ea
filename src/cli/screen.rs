//! The place where text is shown: colours, width, and whether it can show more than ASCII.

use super::args::Global;
use super::output;
use super::style::{Style, When};
use crate::process::env::Env;

/// The widest prose, in columns: longer lines are hard to read.
pub const PROSE: usize = 100;

#[derive(Clone, Copy, Debug)]
pub struct Screen {
    pub style: Style,
    /// In columns; `None` for a pipe or file.
    pub width: Option<usize>,
    pub is_utf8: bool,
}

/// The marks of a check list.
#[derive(Clone, Copy, Debug)]
pub enum Mark {
    Passed,
    Failed,
    Open,
}

impl Screen {
    pub fn of_stdout(global: &Global, env: &Env) -> Screen {
        Screen {
            style: Style::of(global.color, output::is_stdout_a_terminal(), env),
            width: width(output::stdout_width(), env),
            is_utf8: is_utf8(env),
        }
    }

    /// Returns the style of standard error.
    pub fn stderr_style(when: When, env: &Env) -> Style {
        Style::of(when, output::is_stderr_a_terminal(), env)
    }

    /// Returns a screen of unlimited width, in UTF-8 without colours.
    pub fn plain() -> Screen {
        Screen { style: Style::plain(), width: None, is_utf8: true }
    }

    /// Returns the width of prose, in columns.
    pub fn prose(self) -> usize {
        self.width.unwrap_or(PROSE).min(PROSE)
    }

    pub fn mark(self, mark: Mark) -> &'static str {
        match (mark, self.is_utf8) {
            (Mark::Passed, true) => "✓",
            (Mark::Passed, false) => "+",
            (Mark::Failed, true) => "✗",
            (Mark::Failed, false) => "x",
            (Mark::Open, true) => "·",
            (Mark::Open, false) => ".",
        }
    }
}

/// Returns `COLUMNS`, or the terminal's own width.
pub fn width(terminal: Option<usize>, env: &Env) -> Option<usize> {
    env.text("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|width| *width >= 20).or(terminal)
}

/// Whether the locale is UTF-8, by the first variable that POSIX reads for it. Terminals of Windows take UTF-8.
fn is_utf8(env: &Env) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|name| env.text(name)).find(|v| !v.is_empty());
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    cfg!(windows) || locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_that_is_set_decides() {
        let table: [(&[(&str, &str)], bool); 5] = [
            (&[], cfg!(windows)),
            (&[("LANG", "en_US.UTF-8")], true),
            (&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], cfg!(windows)),
            (&[("LANG", "C"), ("LC_CTYPE", "C.utf8")], true),
            (&[("LC_ALL", ""), ("LANG", "C.UTF-8")], true),
        ];
        for (variables, expected) in table {
            let env = Env::fixed(variables.iter().map(|(name, value)| (*name, *value)));
            assert_eq!(is_utf8(&env), expected, "{variables:?}");
        }
    }

    #[test]
    fn columns_go_before_the_terminal_if_they_can_be() {
        for (columns, expected) in [("60", Some(60)), ("0", Some(80)), ("wide", Some(80)), ("", Some(80))] {
            assert_eq!(width(Some(80), &Env::fixed([("COLUMNS", columns)])), expected);
        }
    }
}
