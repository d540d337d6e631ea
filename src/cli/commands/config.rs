//! `fedcred config check|show|path`: what is set, where it comes from, and what is wrong with it.

use crate::cli::args::{Config as Subcommand, Global};
use crate::config::env::Env;
use crate::error::Error;

pub fn run(command: &Subcommand, global: &Global, env: &Env) -> Result<(), Vec<Error>> {
    let _ = (command, global, env);
    Ok(())
}
