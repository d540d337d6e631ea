//! Colours, where somebody sees them: on a terminal, unless `NO_COLOR` is set (no-color.org) or `TERM` is `dumb`.

use super::output;
use crate::config::env::Env;

#[derive(Clone, Copy, Debug)]
pub struct Style {
    is_coloured: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum Colour {
    Plain,
    Strong,
    Red,
    Green,
    Yellow,
    Dim,
}

impl Style {
    /// As stdout and the environment want it.
    pub fn of_stdout(env: &Env) -> Self {
        let is_dumb = env.text("TERM").is_some_and(|term| term == "dumb");
        Style { is_coloured: output::is_stdout_a_terminal() && env.os("NO_COLOR").is_none() && !is_dumb }
    }

    #[cfg(test)]
    pub fn plain() -> Self {
        Style { is_coloured: false }
    }

    pub fn paint(self, colour: Colour, text: &str) -> String {
        // Numbers of ECMA-48's SGR.
        let number = match colour {
            Colour::Plain => return text.to_owned(),
            Colour::Strong => 1,
            Colour::Dim => 2,
            Colour::Red => 31,
            Colour::Green => 32,
            Colour::Yellow => 33,
        };
        if self.is_coloured { format!("\x1b[{number}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
