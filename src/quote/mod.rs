//! What is written for readers of other grammars: one quoting function for each, and each shown to be read back as it was
//! meant. What a grammar cannot hold is refused with the reason, never bent.
//!
//! [`shell`] is for commands that a person pastes or a shell runs, [`config`] for configuration files of other programs, and
//! [`aws_ini`] for `~/.aws/config`, which every SDK reads in its own way.

pub mod aws_ini;
pub mod config;
#[cfg(test)]
mod scan;
pub mod shell;
