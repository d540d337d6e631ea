//! Colours, where somebody sees them: on a terminal, unless `NO_COLOR` is set (no-color.org) or `TERM` is `dumb`.

use std::io::IsTerminal;

use crate::config::env::Env;

#[derive(Clone, Copy, Debug)]
pub struct Style {
    is_coloured: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum Colour {
    Red,
    Green,
    Yellow,
    Dim,
}

impl Style {
    /// As stdout and the environment want it.
    pub fn of_stdout(env: &Env) -> Self {
        let is_dumb = env.text("TERM").is_some_and(|term| term == "dumb");
        Style { is_coloured: std::io::stdout().is_terminal() && env.os("NO_COLOR").is_none() && !is_dumb }
    }

    #[cfg(test)]
    pub fn plain() -> Self {
        Style { is_coloured: false }
    }

    pub fn paint(self, colour: Colour, text: &str) -> String {
        // Numbers of ECMA-48's SGR.
        self.with(
            match colour {
                Colour::Red => 31,
                Colour::Green => 32,
                Colour::Yellow => 33,
                Colour::Dim => 2,
            },
            text,
        )
    }

    pub fn strong(self, text: &str) -> String {
        self.with(1, text)
    }

    fn with(self, number: u8, text: &str) -> String {
        if self.is_coloured { format!("\x1b[{number}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
