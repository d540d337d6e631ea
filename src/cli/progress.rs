//! What is being done, on one line of a terminal that goes away again. Where stderr is no terminal, nothing is written.

use std::io::IsTerminal;

use super::args::Global;
use super::report;
use crate::error::printable;

pub struct Progress {
    is_shown: bool,
}

impl Progress {
    /// With `-v` the log tells more, and the line would be in its way.
    pub fn new(global: &Global) -> Self {
        Progress { is_shown: global.verbose == 0 && std::io::stderr().is_terminal() }
    }

    /// Shows `text` in place of what was shown before, cut to what fits on any terminal.
    pub fn show(&self, text: &str) {
        if self.is_shown {
            report::to_stderr(&format!("{CLEAR}{}", printable(text, 78)));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            report::to_stderr(CLEAR);
        }
    }
}

/// Back to the line's start, and everything on it gone (ECMA-48, EL).
const CLEAR: &str = "\r\x1b[K";
