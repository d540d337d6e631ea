//! Quoting for other grammars: one function for each, with tests that its readers get the same value back. What a grammar cannot
//! hold is refused with the reason, never changed.
//!
//! [`shell`] is for commands that a person pastes or a shell runs, [`config`] for configuration files of other programs, and
//! [`aws_ini`] for `~/.aws/config`, which every SDK reads in its own way.

pub mod aws_ini;
pub mod config;
#[cfg(test)]
mod scan;
pub mod shell;
