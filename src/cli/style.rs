//! Whether to use colours: by `--color`, then `NO_COLOR` (no-color.org), `CLICOLOR_FORCE` and `CLICOLOR`
//! (bixense.com/clicolors), then whether the stream is a terminal whose `TERM` is not `dumb`.

use clap::ValueEnum;

use crate::process::env::Env;

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set; everywhere with CLICOLOR_FORCE
    #[default]
    Auto,
    Always,
    Never,
}

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
    /// Decides whether one stream has colours.
    pub fn of(when: When, is_terminal: bool, env: &Env) -> Self {
        let is_set = |name: &str| env.text(name).is_some_and(|value| !value.is_empty());
        let is_coloured = match when {
            When::Always => true,
            When::Never => false,
            When::Auto if is_set("NO_COLOR") => false,
            When::Auto if env.text("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") => true,
            When::Auto => {
                let is_off = env.text("CLICOLOR").is_some_and(|value| value == "0");
                let is_dumb = env.text("TERM").is_some_and(|term| term == "dumb");
                is_terminal && !is_off && !is_dumb
            }
        };
        Style { is_coloured }
    }

    pub fn plain() -> Self {
        Style { is_coloured: false }
    }

    pub fn is_coloured(self) -> bool {
        self.is_coloured
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

#[cfg(test)]
mod tests {
    use super::*;

    type Variables = &'static [(&'static str, &'static str)];

    #[test]
    fn the_flag_goes_before_the_variables_and_these_before_the_terminal() {
        let table: &[(When, bool, Variables, bool)] = &[
            (When::Auto, true, &[], true),
            (When::Auto, false, &[], false),
            (When::Auto, true, &[("NO_COLOR", "1")], false),
            (When::Auto, true, &[("NO_COLOR", "")], true),
            (When::Auto, false, &[("CLICOLOR_FORCE", "1")], true),
            (When::Auto, false, &[("CLICOLOR_FORCE", "0")], false),
            (When::Auto, false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
            (When::Auto, true, &[("CLICOLOR", "0")], false),
            (When::Auto, true, &[("TERM", "dumb")], false),
            (When::Always, false, &[("NO_COLOR", "1")], true),
            (When::Never, true, &[("CLICOLOR_FORCE", "1")], false),
        ];
        for (when, is_terminal, variables, expected) in table {
            let env = Env::fixed(variables.iter().map(|(name, value)| (*name, *value)));
            assert_eq!(Style::of(*when, *is_terminal, &env).is_coloured, *expected, "{when:?} {variables:?}");
        }
    }
}
