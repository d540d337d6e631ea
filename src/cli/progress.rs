//! What is being done, on one line of a terminal that goes away again. Where stderr is no terminal, nothing is written.

use super::args::Global;
use super::output;

pub struct Progress {
    is_shown: bool,
}

impl Progress {
    /// With `-v` the log tells more, and the line would be in its way.
    pub fn new(global: &Global) -> Self {
        Progress { is_shown: global.verbose == 0 && output::is_stderr_a_terminal() }
    }

    /// Shows `text` in place of what was shown before, cut to what fits on any terminal.
    pub fn show(&self, text: &str) {
        if self.is_shown {
            output::progress(text);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            output::progress("");
        }
    }
}
